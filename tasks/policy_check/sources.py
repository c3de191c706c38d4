"""Where the catalogue comes from that a policy is held against."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from contracts.errors import ConfigurationError
from masking.catalogue import Catalogue
from masking.saved_catalogue import catalogue_from_json, catalogue_to_json
from masking.schema_file import read_any_schema, read_schema
from masking.suggestion.samples import Samples
from tasks.policy_check.dsn import read_and_sample, read_catalogue_at

Kind = Literal["dsn", "schema file", "catalogue"]

#: What a schema file can't show.
_NOTES = (
    "a schema file has no row counts: masks were checked to have room under unique indexes for 1,000 rows a table",
    "a schema file doesn't show large objects, nor what extensions made",
)


@dataclass(frozen=True, kw_only=True)
class Source:
    """One of the three ways, and what it names: a DSN or a file."""

    kind: Kind
    given: str = field(repr=False)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of an answer that rests on it."""
        return _NOTES if self.kind == "schema file" else ()

    def read(self) -> Catalogue:
        """The catalogue.

        Raises:
            ConfigurationError: the file or DSN can't be used.
            DatabaseError: the database can't be reached.
        """
        if self.kind == "dsn":
            return read_catalogue_at(self.given)
        text = read_text(Path(self.given))
        return (
            read_schema(text, self.given)
            if self.kind == "schema file"
            else catalogue_from_json(text, self.given)
        )

    def read_to_suggest(self) -> tuple[Catalogue, Samples, tuple[str, ...]]:
        """The catalogue, with what sampled values look like where there are values to look at; and what of a schema
        file wasn't understood. Any SQL that makes a schema will do here, since a person reads what comes of it.
        """
        if self.kind == "dsn":
            return (*read_and_sample(self.given), ())
        if self.kind == "catalogue":
            return self.read(), Samples(), ()
        forgiven = read_any_schema(_any_text(Path(self.given)), self.given)
        notes = tuple(f"{words}: not understood, its columns are missing" for words in forgiven.passed_over)
        return forgiven.catalogue, Samples(), notes


def save_catalogue(catalogue: Catalogue, file: Path) -> None:
    """Write a catalogue, over an earlier one if there is one.

    Raises:
        ConfigurationError: the file can't be written.
    """
    write_text(file, catalogue_to_json(catalogue))


def read_text(file: Path) -> str:
    """A file's text, in UTF-8."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(file, "read", error) from None


def _any_text(file: Path) -> str:
    """A file's text in UTF-8, in UTF-16 with its mark (as PowerShell writes it), else in Latin-1."""
    try:
        found = file.read_bytes()
    except OSError as error:
        raise _unusable(file, "read", error) from None
    if found.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return found.decode("utf-16", errors="replace")
    try:
        return found.decode("utf-8-sig")
    except UnicodeDecodeError:
        return found.decode("latin-1")


def write_text(file: Path, text: str, *, exclusively: bool = False) -> None:
    """Write a file; ``exclusively`` only where there is none."""
    try:
        with file.open("x" if exclusively else "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise _unusable(file, "written", error) from None


def _unusable(file: Path, what: str, error: Exception) -> ConfigurationError:
    remedy = (
        "Name another file: it is never overwritten."
        if isinstance(error, FileExistsError)
        else ("Check its path and encoding.")
    )
    return ConfigurationError(
        f"it can't be {what} ({type(error).__name__})", resource=str(file), remedy=remedy
    )
