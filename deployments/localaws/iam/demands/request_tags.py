"""Tags as a request gives them, and as condition keys.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping


def tags_of(parameters: Mapping[str, str]) -> dict[str, str]:
    """``Tags.Tag.1.Key`` or ``tags.1.key``, and its value, as a dictionary."""
    keys: dict[str, str] = {}
    values: dict[str, str] = {}
    for name, text in parameters.items():
        found = re.fullmatch(r"tags(?:\.[a-z]+)?\.(\d+)\.(?:tag)?(key|value)", name, re.IGNORECASE)
        if found:
            (keys if found.group(2).lower() == "key" else values)[found.group(1)] = text
    return {key: values.get(index, "") for index, key in keys.items()}


def removed_tag_keys(parameters: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(text for name, text in parameters.items() if re.match(r"tagkeys(\.|$)", name, re.IGNORECASE))


def request_tags(tags: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """``aws:RequestTag/…`` and ``aws:TagKeys``."""
    if not tags:
        return {}
    context = {f"aws:requesttag/{key}".lower(): (value,) for key, value in tags.items()}
    return {**context, "aws:tagkeys": tuple(tags)}


def resource_tags(tags: Mapping[str, str], *prefixes: str) -> dict[str, tuple[str, ...]]:
    """``aws:ResourceTag/…``, and the same under the service's own older keys."""
    return {
        f"{prefix}/{key}".lower(): (value,)
        for key, value in tags.items()
        for prefix in ("aws:resourcetag", *prefixes)
    }
