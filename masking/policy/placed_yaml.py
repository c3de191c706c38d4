"""YAML 1.2 as Python's own types, whose mappings and lists know where their keys and items stand.

A policy of 10,000 tables has 250,000 values: libyaml reads them ten times as fast as Python does. It is of YAML 1.1 and
refuses some of 1.2, such as ``{to: http://example.com}``; what it refuses is read by Python, which also says why where
that refuses it too. Either way it is ruamel's YAML 1.2 that tells numbers and words apart: ``no`` is a word.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, DuplicateKeyError, SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

#: Line and column, from 0.
Place = tuple[int, int]

_TEXT = "tag:yaml.org,2002:str"
#: What both might read, and not alike: directives, the further line breaks of YAML 1.1, and byte order marks.
_NOT_FOR_LIBYAML = re.compile("^%|[\x85\u2028\u2029\ufeff]", re.MULTILINE)


class PlacedMapping(dict[Any, Any]):
    """``places`` are those of its own keys, without what it takes over by ``<<``."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.places: dict[object, Place] = {}

    def without(self, keys: Collection[str]) -> PlacedMapping:
        """All but some keys."""
        found = PlacedMapping(self.place)
        found.update((key, value) for key, value in self.items() if key not in keys)
        found.places = self.places
        return found


class PlacedList(list[Any]):
    """``places`` are those of its items."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[Place] = []


def load(text: str) -> Any:
    """The one document in ``text``; None for an empty one.

    Raises ruamel's :class:`YAMLError`, also for a key that a mapping has twice.
    """
    if not _NOT_FOR_LIBYAML.search(text):
        try:
            return _loader(pure=False).load(text)
        except (ConstructorError, DuplicateKeyError):
            raise
        except YAMLError:
            pass
    return _loader(pure=True).load(text)


def _loader(*, pure: bool) -> YAML:
    loader = YAML(typ="safe", pure=pure)
    loader.Constructor = _Constructor
    return loader


class _Constructor(SafeConstructor):
    """Makes what lies inside before what is around it: an alias within its own anchor is None."""

    def mapping(self, node: Node) -> PlacedMapping:
        if not isinstance(node, MappingNode):
            raise ConstructorError(None, None, "expected a mapping", node.start_mark)
        self.flatten_mapping(node)
        # Taken over by <<, these stand in front.
        taken_over = len(getattr(node, "merge", None) or ())
        found = PlacedMapping(_place(node))
        for number, (key_node, value_node) in enumerate(node.value):
            key, value = self._key(node, key_node), self._value(value_node)
            if number >= taken_over:
                if key in found.places:
                    self.check_mapping_key(node, key_node, found, key, value)
                found.places[key] = _place(key_node)
            found[key] = value
        return found

    def listing(self, node: Node) -> PlacedList:
        if not isinstance(node, SequenceNode):
            raise ConstructorError(None, None, "expected a list", node.start_mark)
        found = PlacedList()
        for item in node.value:
            found.append(self._value(item))
            found.places.append(_place(item))
        return found

    def _key(self, mapping: Node, node: Node) -> Any:
        found = self._value(node)
        if isinstance(found, list):
            found = tuple(found)
        try:
            hash(found)
        except TypeError:
            raise ConstructorError(
                "while constructing a mapping", mapping.start_mark, "found unhashable key", node.start_mark
            ) from None
        return found

    def _value(self, node: Node) -> Any:
        if isinstance(node, ScalarNode) and node.tag == _TEXT:
            return node.value
        return self.construct_object(node, deep=True)


def _place(node: Node) -> Place:
    return node.start_mark.line, node.start_mark.column


_Constructor.add_constructor("tag:yaml.org,2002:map", _Constructor.mapping)
_Constructor.add_constructor("tag:yaml.org,2002:seq", _Constructor.listing)
# A lone = is a word.
_Constructor.add_constructor("tag:yaml.org,2002:value", SafeConstructor.construct_yaml_str)
