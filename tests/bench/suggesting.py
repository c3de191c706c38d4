"""``python -m tests.bench.suggesting LABELS``: how much of what is personal the suggester finds, and what else it takes
for that.

``LABELS`` holds a directory per database: ``schema.sql``; ``truth.tsv`` with every personal column, and
``arguable.tsv`` with those that count neither way (schema, table, column, label; a header first). Where there is a
``data.sql`` too, the database is loaded into a server of its own and sampled, once as it is and once with every column
renamed, so that the values alone decide.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from psycopg import sql
from rich.console import Console
from rich.table import Table

from masking.catalogue import Catalogue
from masking.schema_file import read_any_schema
from masking.suggestion import Samples, suggestion_json
from tasks.postgres.catalogue import read_catalogue
from tasks.postgres.sampling import sample_database
from tests.bench.server import BenchServer, bench_server

ColumnName = tuple[str, str, str]
#: What no name gives away for certain.
HARD: Final = frozenset({"free_text", "free_text_pii", "json", "external_id"})
#: What no column of may be missed.
EACH: Final = {
    "email": {"email"},
    "phone": {"phone"},
    "birth date": {"dob", "birth_date"},
    "ip": {"ip"},
    "postcode": {"postcode"},
    "national id": {"national_id", "ssn"},
}


@dataclass(frozen=True, kw_only=True)
class Labels:
    """A database's truth: the label of each personal column, and the columns on which people differ."""

    personal: dict[ColumnName, str]
    arguable: frozenset[ColumnName]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The columns of one database, as suggested, beside the truth; arguable ones are left out."""

    name: str
    actions: dict[ColumnName, str]
    columns: int
    #: Arguable columns that were masked.
    arguable_masked: int
    labels: Labels


def labels_of(directory: Path) -> Labels:
    """The labels in a directory."""
    personal = _rows(directory / "truth.tsv")
    arguable = _rows(directory / "arguable.tsv") if (directory / "arguable.tsv").is_file() else {}
    return Labels(personal=personal, arguable=frozenset(arguable))


def _rows(file: Path) -> dict[ColumnName, str]:
    with file.open(encoding="utf-8", newline="") as stream:
        return {
            (row["schema"], row["table"], row["column"]): row["label"]
            for row in csv.DictReader(stream, delimiter="\t")
        }


def judge(
    name: str,
    labels: Labels,
    catalogue: Catalogue,
    samples: Samples | None = None,
    original: dict[ColumnName, ColumnName] | None = None,
) -> Judged:
    """What is suggested for a catalogue; ``original``: the labelled name of each renamed column."""
    found = json.loads(suggestion_json(catalogue, samples))
    actions = {}
    for row in found:
        column = (row["schema"], row["table"], row["column"])
        actions[(original or {}).get(column, column)] = row["action"]
    missing = labels.personal.keys() - actions.keys()
    if missing:
        raise SystemExit(f"{name}: labelled, but no column: {sorted(missing)}")
    return Judged(
        name=name,
        actions={column: action for column, action in actions.items() if column not in labels.arguable},
        columns=len(actions),
        arguable_masked=sum(actions.get(column) == "mask" for column in labels.arguable),
        labels=labels,
    )


def figures(judged: Iterable[Judged]) -> dict[str, float]:
    """Recall, precision and the rest, over all columns of all databases together."""
    masked, found, personal, easy_masked, easy, reached, reviewed, columns, arguable = (0,) * 9
    kinds: Counter[str] = Counter()
    kinds_found: Counter[str] = Counter()
    for one in judged:
        truth = one.labels.personal
        columns += one.columns
        arguable += one.arguable_masked
        for column, action in one.actions.items():
            label = truth.get(column)
            masked += action == "mask"
            reached += label is not None and action != "keep"
            reviewed += action == "review"
            personal += label is not None
            found += label is not None and action == "mask"
            if label is not None and label not in HARD:
                easy += 1
                easy_masked += action == "mask"
            for kind, labels in EACH.items():
                if label in labels:
                    kinds[kind] += 1
                    kinds_found[kind] += action == "mask"
    wrong = masked - found
    return {
        "columns": columns,
        "personal": personal,
        "mask_recall": _share(found, personal),
        "mask_precision": _share(found, masked),
        "mask_precision_if_arguable_is_wrong": _share(found, masked + arguable),
        "easy_recall": _share(easy_masked, easy),
        "easy_precision": _share(easy_masked, easy_masked + wrong),
        "mask_or_review_recall": _share(reached, personal),
        "touched_share": _share(masked + reviewed, columns),
        "review_share": _share(reviewed, columns),
        **{f"{kind} recall": _share(kinds_found[kind], count) for kind, count in kinds.items()},
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 3) if whole else 1.0


def _faults(judged: Judged) -> dict[str, list[str]]:
    truth = judged.labels.personal
    named = {column: ".".join(column) for column in judged.actions}
    return {
        "kept": [
            f"{named[c]} ({truth[c]})"
            for c, action in judged.actions.items()
            if c in truth and action == "keep"
        ],
        "to review": [
            f"{named[c]} ({truth[c]})"
            for c, action in judged.actions.items()
            if c in truth and action == "review"
        ],
        "masked for nothing": [
            named[c] for c, action in judged.actions.items() if c not in truth and action == "mask"
        ],
        "reviewed for nothing": [
            named[c] for c, action in judged.actions.items() if c not in truth and action == "review"
        ],
    }


def from_schema(directory: Path) -> Judged:
    """By the schema file alone."""
    file = directory / "schema.sql"
    forgiven = read_any_schema(file.read_text(encoding="utf-8", errors="replace"), str(file))
    return judge(directory.name, labels_of(directory), forgiven.catalogue)


def with_rows(directory: Path, server: BenchServer) -> tuple[Judged, Judged]:
    """By names and values, and by values alone."""
    name, labels = directory.name, labels_of(directory)
    server.create(name)
    for file in ("schema.sql", "data.sql"):
        subprocess.run(
            [
                *(server.server.binaries.tool("psql"), "--no-psqlrc", "--quiet"),
                *("--dbname", server.server.superuser_conninfo(name), "--file", directory / file),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    with server.superuser(name) as connection:
        connection.execute("ANALYZE")
    before = read_catalogue(server.peer_login, name)
    named = judge(name, labels, before, sample_database(server.peer_login, name, before))
    new_names: dict[ColumnName, ColumnName] = {}
    with server.superuser(name) as connection:
        for table in before.tables:
            for number, column in enumerate(table.columns, start=1):
                new = f"c{number}"
                new_names[table.schema, table.name, new] = (table.schema, table.name, column.name)
                if table.partition_of is None and not table.inherits:
                    connection.execute(
                        sql.SQL("ALTER TABLE {} RENAME COLUMN {} TO {}").format(
                            sql.Identifier(table.schema, table.name),
                            sql.Identifier(column.name),
                            sql.Identifier(new),
                        )
                    )
    after = read_catalogue(server.peer_login, name)
    renamed = judge(
        f"{name}, renamed", labels, after, sample_database(server.peer_login, name, after), new_names
    )
    return named, renamed


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures, and with ``--faults`` the columns behind them; ``--json`` for programs."""
    about, _, _ = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(prog="python -m tests.bench.suggesting", description=about)
    parser.add_argument("labels", type=Path, help="a directory with one per database")
    parser.add_argument("--faults", action="store_true", help="show every column that was judged wrongly")
    parser.add_argument("--json", action="store_true", help="for a program")
    options = parser.parse_args(arguments)
    directories = sorted(file.parent for file in options.labels.glob("*/truth.tsv"))
    if not directories:
        raise SystemExit(f"{options.labels} holds no directory with a truth.tsv")
    ways: dict[str, list[Judged]] = {"schema file": [from_schema(directory) for directory in directories]}
    filled = [directory for directory in directories if (directory / "data.sql").is_file()]
    if filled:
        with bench_server() as server:
            pairs = [with_rows(directory, server) for directory in filled]
        ways["with rows"] = [named for named, _ in pairs]
        ways["values alone"] = [renamed for _, renamed in pairs]
    result = {
        way: {"all": figures(judged), **{one.name: figures([one]) for one in judged}}
        for way, judged in ways.items()
    }
    if options.json:
        sys.stdout.write(json.dumps(result, indent=1) + "\n")
        return
    console = Console(width=200)
    for way, by_name in result.items():
        table = Table("figure", *by_name, title=way)
        for figure in by_name["all"]:
            table.add_row(figure, *(f"{found.get(figure, '')}" for found in by_name.values()))
        console.print(table)
    if options.faults:
        for way, judged in ways.items():
            for one in judged:
                for fault, columns in _faults(one).items():
                    console.print(
                        f"[bold]{way}: {one.name}: {fault} ({len(columns)})[/]", *columns, sep="\n  "
                    )


if __name__ == "__main__":
    main()
