"""Create means: describe, else create. What is there already must be this run's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from contracts.ownership import Ownership, check_ours, ownership_of_aws_tags
from tasks.aws import aws_errors, has_code


def ensure_exists(
    look: Callable[[], Any],
    create: Callable[[], object],
    *,
    resource: str,
    already_exists: str,
    ownership: Ownership,
) -> bool:
    """Whether ``create`` made the resource; False where this run had made it before.

    Args:
        look: the resource's description with its ``TagList``, or None.
        already_exists: the error code of ``create`` for a taken identifier. It comes where an earlier call arrived
            although its answer didn't, so the resource is looked at again.

    Raises:
        NotOurs: the identifier is taken by something that this run didn't make.
    """
    if _is_ours(look(), ownership, resource):
        return False
    with aws_errors(resource, doing="creating it"):
        try:
            create()
        except ClientError as error:
            if has_code(error, already_exists) and _is_ours(look(), ownership, resource):
                return False
            raise
    return True


def _is_ours(found: Any, ownership: Ownership, resource: str) -> bool:
    if found is None:
        return False
    check_ours(ownership_of_aws_tags(found.get("TagList", [])), ownership.run, resource=resource)
    return True
