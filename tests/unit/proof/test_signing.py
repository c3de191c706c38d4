"""A verdict and a manifest are good only as the env signed them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ruamel.yaml import YAML

from blocks.config_root import CHECKOUT
from contracts.environment import Environment
from contracts.errors import PolicyInvalid, VerificationFailed
from contracts.manifest import Manifest, parse_manifest
from contracts.report import Check, MaskingReport, TableReport, Verification
from contracts.verdict import Verdict
from masking.keys import MaskingKeys
from masking.policy.reading import parse_policy
from masking.proof.signing import check_manifest, check_report, signature_of, signed
from tasks.code_version import code_version
from tasks.policy_files import check_approved
from tests.unit.archive.test_manifest import fields

EXAMPLE = CHECKOUT / "deployments" / "environments" / "staging.yaml"
KEYS, OTHERS = MaskingKeys(root=bytes(range(32))), MaskingKeys(root=bytes(range(1, 33)))
REPORT = MaskingReport(
    policy_digest="d",
    tables=(TableReport(table="public.users", rows=10, action="full", checksum="10:0"),),
    columns=(),
    verification=Verification(
        verdict="passed", checks=(Check(name="row counts", scope_rows=10, result="passed"),)
    ),
)


def signed_report(report: MaskingReport = REPORT, keys: MaskingKeys = KEYS) -> MaskingReport:
    verdict = Verdict(
        run_key="1c2d3e4f5a6b",
        env="staging",
        clone="refresh-staging-1c2d3e4f5a6b-clone",
        snapshot_arn="arn:s",
        policy_digest=report.policy_digest,
        code_version=code_version(),
        report_sha256="",
        result="passed",
    )
    return signed(report, verdict, keys)


def manifest(**changes: Any) -> Manifest:
    unsigned = Manifest(**fields(), proof=signed_report().verdict)
    whole = unsigned.model_copy(update={"signature": signature_of(unsigned.signed_text, KEYS)})
    return whole.model_copy(update=changes)


def test_a_signed_report_is_good_and_stays_so_as_json() -> None:
    again = MaskingReport.model_validate_json(signed_report().model_dump_json(indent=2))
    assert check_report(again, KEYS, resource="the clone") == signed_report().verdict


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda report: report.model_copy(update={"verdict": None}), "no verdict"),
        (lambda report: report.model_copy(update={"rows_masked": 1}), "isn't the one that was signed"),
        (lambda report: signed_report(report, OTHERS), "isn't the env's"),
        (
            lambda report: report.model_copy(
                update={"verdict": report.verdict.model_copy(update={"snapshot_arn": "arn:other"})}
            ),
            "isn't the env's",
        ),
    ],
)
def test_a_report_that_was_changed_or_signed_by_another_is_refused(
    change: Callable[[MaskingReport], MaskingReport], why: str
) -> None:
    with pytest.raises(VerificationFailed, match=why):
        check_report(change(signed_report()), KEYS, resource="the clone")


def test_a_signed_manifest_is_good_and_stays_so_as_json() -> None:
    again = parse_manifest(manifest().to_json(), resource="m")
    assert check_manifest(again, KEYS, resource="the archive").run_key == again.run_key


@pytest.mark.parametrize(
    "changes",
    [
        {"proof": None},
        {"proof": signed_report(keys=OTHERS).verdict},
        {"policy_digest": "other"},
        {"tables": ()},
        {"signature": ""},
        {"env": "dev"},
    ],
)
def test_a_manifest_that_was_changed_or_carries_no_verdict_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(VerificationFailed):
        check_manifest(manifest(**changes), KEYS, resource="the archive")


def test_no_masking_domain_has_the_key_that_signs() -> None:
    assert KEYS.signing_key() not in {KEYS.sub_key("signing"), KEYS.sub_key("")}


def _environment(policy_digest: str | None) -> Environment:
    content = YAML(typ="safe").load(EXAMPLE.read_text())
    content["masking"]["policy_digest"] = policy_digest
    return Environment(name="staging", **content)


def test_a_policy_that_isnt_the_approved_one_stops_the_run() -> None:
    policy = parse_policy("tables: {t: {columns: {id: keep}}}")
    check_approved(_environment(None), policy)
    check_approved(_environment(policy.digest), policy)
    with pytest.raises(PolicyInvalid, match=policy.digest):
        check_approved(_environment("0" * 64), policy)
