"""The YAML of a policy, read so that every key knows where it stands."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.error import MarkedYAMLError, YAMLError

from masking.policy import placed_yaml
from masking.policy.placed_yaml import Place, PlacedList, PlacedMapping
from masking.policy.rules import invalid
from masking.syntax.position import Position


@dataclass(frozen=True)
class Document:
    """A loaded YAML document."""

    root: PlacedMapping
    name: str

    @classmethod
    def load(cls, text: str, name: str, *, settings: Sequence[str]) -> Document:
        """``text`` of the file ``name``, a mapping with no other keys than ``settings``."""
        try:
            root = placed_yaml.load(text)
        except MarkedYAMLError as error:
            mark = error.problem_mark
            position = Position(
                file=name, line=mark.line + 1 if mark else 1, column=mark.column + 1 if mark else 1
            )
            raise invalid(position, f"it isn't YAML: {error.problem}", "Mend the YAML.") from None
        except YAMLError:
            raise invalid(Position(file=name, line=1, column=1), "it isn't YAML", "Mend the YAML.") from None
        if root is None:
            root = PlacedMapping((0, 0))
        if not isinstance(root, PlacedMapping):
            raise invalid(
                Position(file=name, line=1, column=1), "it isn't a mapping", "Begin it with: tables:"
            )
        document = cls(root, name)
        for key, _, position in document.items(root):
            if key not in settings:
                raise invalid(position, f"there is no setting {key!r}", f"Use {', '.join(settings)}.")
        return document

    def position(self, mapping: PlacedMapping, key: object) -> Position:
        """Where a key of a mapping stands; the mapping's own place for what it takes over by ``<<``."""
        return self._at(mapping.places.get(key, mapping.place))

    def _at(self, place: Place) -> Position:
        line, column = place
        return Position(file=self.name, line=line + 1, column=column + 1)

    def items(self, mapping: PlacedMapping) -> Iterator[tuple[str, Any, Position]]:
        """A mapping's keys, with their values and places."""
        for key, value in mapping.items():
            position = self.position(mapping, key)
            if not isinstance(key, str):
                raise invalid(position, f"the name {key!r} isn't text", f"Write it in quotes: '{key}'.")
            yield str(key), value, position

    def section(self, key: str) -> PlacedMapping:
        """The mapping under a key of the document; an empty one where there is none."""
        value = self.root.get(key)
        if value is None:
            return PlacedMapping((0, 0))
        if not isinstance(value, PlacedMapping):
            raise invalid(
                self.position(self.root, key), f"{key} isn't a mapping", f"Indent what belongs to {key}."
            )
        return value

    def entries(self, key: str) -> Iterator[tuple[Any, Position]]:
        """The items of the list under a key of the document; none where there is none."""
        value = self.root.get(key)
        if value is None:
            return
        if not isinstance(value, PlacedList):
            raise invalid(
                self.position(self.root, key), f"{key} isn't a list", f"Begin each line of {key} with a dash."
            )
        for item, place in zip(value, value.places, strict=True):
            yield item, self._at(place)


def plain(value: Any) -> Any:
    """``value`` with texts as keys, and with dates as ISO 8601."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime.date) else value
