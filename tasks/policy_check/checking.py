"""Checks a policy, explains it, and suggests one."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from blocks.config_root import policy_directory
from contracts.errors import ConfigurationError
from masking.catalogue import Catalogue
from masking.explanation.explanation import Explanation, explain
from masking.explanation.policy_warnings import PolicyWarning, warnings_of
from masking.explanation.text import explanation_text
from masking.planning.plan import Plan, make_plan
from masking.policy.reading import POLICY_FILE
from masking.policy.rules import Policy
from masking.suggestion import suggest_policy, suggestion_json
from masking.suggestion.samples import Samples
from tasks.policy_check.sources import write_text
from tasks.policy_files import read_policy


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A policy that fits its database."""

    catalogue: Catalogue
    policy: Policy
    plan: Plan
    warnings: tuple[PolicyWarning, ...]

    @property
    def summary(self) -> str:
        """One line: what becomes of how much."""
        tables = [found for found in self.plan.tables if found.holds_rows]
        emptied = sum(found.action == "empty" for found in tables)
        columns = [column for found in tables for column in found.columns]
        masked = sum(column.action == "mask" for column in columns)
        return (
            f"the policy fits database {self.plan.database}: {len(tables):,} tables, {emptied:,} of them emptied;"
            f" {len(columns):,} columns, {masked:,} of them masked"
        )


def policy_of(catalogue: Catalogue, directory: Path | None) -> Path:
    """The directory of the policy: the one given, else the database's own in ``sql/databases/``.

    Raises:
        ConfigurationError: there is none.
    """
    found = directory or policy_directory(catalogue.database)
    if not (found / POLICY_FILE).is_file():
        raise ConfigurationError(
            f"it holds no {POLICY_FILE}",
            resource=str(found),
            remedy="Name the policy's directory: --policy sql/databases/NAME",
        )
    return found


def check_policy(catalogue: Catalogue, directory: Path) -> Checked:
    """The policy in ``directory``, held against a catalogue.

    Raises:
        PolicyInvalid: naming file, line and column.
        Unclassified: with the policy lines to add.
    """
    policy = read_policy(directory)
    plan = make_plan(catalogue, policy)
    return Checked(
        catalogue=catalogue, policy=policy, plan=plan, warnings=warnings_of(catalogue, policy, plan)
    )


def explain_policy(checked: Checked, *, tables: tuple[str, ...] = (), as_json: bool = False) -> str:
    """What will happen, for all tables or some, by ``schema.name`` or by name.

    Raises:
        ConfigurationError: there is no such table.
    """
    explanation = explain(checked.catalogue, checked.policy, checked.plan)
    if tables:
        explanation = _only(explanation, tables)
    if as_json:
        return json.dumps(dataclasses.asdict(explanation), ensure_ascii=False, indent=1) + "\n"
    return explanation_text(explanation, with_order=not tables)


def _only(explanation: Explanation, names: tuple[str, ...]) -> Explanation:
    wanted = set(names)
    known = {name for table in explanation.tables for name in (table.name, table.name.partition(".")[2])}
    if wanted - known:
        raise ConfigurationError(
            f"there is no table {', '.join(sorted(wanted - known))}",
            resource=f"database {explanation.database}",
            remedy="Write --table as schema.name or as name.",
        )
    found = tuple(
        table for table in explanation.tables if {table.name, table.name.partition(".")[2]} & wanted
    )
    return dataclasses.replace(explanation, tables=found)


def suggest(catalogue: Catalogue, samples: Samples, output: Path | None, *, as_json: bool = False) -> str:
    """The text of a suggested policy, written to ``output`` if that is a new file, else returned. ``as_json``: what is
    suggested for every column, for programs.

    Raises:
        ConfigurationError: the file exists already.
    """
    text = suggestion_json(catalogue, samples) if as_json else suggest_policy(catalogue, samples)
    if output is None:
        return text
    write_text(output, text, exclusively=True)
    return ""
