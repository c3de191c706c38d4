"""What is found and done in the target cluster: small values, without secrets and without rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from contracts.ownership import Ownership

DatabaseKind = Literal["live", "previous", "original", "shadow", "other"]


@dataclass(frozen=True, kw_only=True)
class DatabaseLocale:
    """How a database encodes and sorts text. ``provider`` is libc, icu or builtin; ``locale`` is theirs where not libc.

    https://www.postgresql.org/docs/current/sql-createdatabase.html
    """

    encoding: str
    collate: str
    ctype: str
    provider: str = "libc"
    locale: str | None = None

    def __str__(self) -> str:
        of_provider = "" if self.provider == "libc" else f", {self.provider} {self.locale}"
        return f"{self.encoding}, {self.collate}, {self.ctype}{of_provider}"

    def differences(self, other: DatabaseLocale) -> tuple[str, ...]:
        """What sorts or encodes differently in ``other``, as ``"ctype: C.UTF-8, not de_DE.UTF-8"``.

        ``en_US.UTF-8`` and ``en_US.utf8`` are two names of one locale.
        """
        pairs = {
            "encoding": (self.encoding, other.encoding),
            "collate": (self.collate, other.collate),
            "ctype": (self.ctype, other.ctype),
            "provider": (self.provider, other.provider),
            "locale": (self.locale or "", other.locale or ""),
        }
        return tuple(
            f"{name}: {there}, not {here}"
            for name, (here, there) in pairs.items()
            if _canonical(here) != _canonical(there)
        )


def _canonical(locale: str) -> str:
    name, dot, codeset = locale.partition(".")
    return name + dot + codeset.lower().replace("-", "")


@dataclass(frozen=True, kw_only=True)
class TargetState:
    """What a preflight found: ``exists`` is false before a first refresh into a database that isn't there yet."""

    database: str
    exists: bool
    is_ours: bool
    owner: str
    locale: DatabaseLocale | None


@dataclass(frozen=True, kw_only=True)
class CarriedOver:
    """How many statements gave the shadow what live has, and what couldn't be given: one sentence each."""

    statements: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Swapped:
    """``database`` is now what was restored (or rolled back to); ``set_aside`` is where the one before went.

    ``already_done`` says that an earlier attempt of the same run had done it, so that this one did nothing.
    """

    database: str
    set_aside: str | None
    sessions_terminated: int
    attempts: int
    seconds: float
    already_done: bool = False


@dataclass(frozen=True, kw_only=True)
class OurDatabase:
    """One database that belongs to a refreshed one, by its name or its comment. ``other``: by its comment only."""

    name: str
    kind: DatabaseKind
    ownership: Ownership | None


@dataclass(frozen=True, kw_only=True)
class Swept:
    """Databases that a janitor dropped, and those that it left, each with the reason."""

    dropped: tuple[str, ...]
    left: tuple[str, ...]
