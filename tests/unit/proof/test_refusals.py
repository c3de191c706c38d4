"""The dump takes no clone, and the restore no archive, without a good verdict of its own run."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from blocks.environment_files import read_environment
from blocks.refresh_environment import RefreshEnvironment
from contracts.errors import ArchiveInvalid, RefreshError, VerificationFailed
from contracts.manifest import Manifest
from contracts.naming import RunKey
from contracts.report import MaskingReport
from contracts.results import Archive, Clone
from tasks import archiving, restoring
from tests.unit.archive.test_manifest import fields
from tests.unit.proof.test_signing import KEYS, OTHERS, REPORT, manifest, signed_report

BLOCK = cast(
    RefreshEnvironment, SimpleNamespace(environment=read_environment("staging"), target_credentials=None)
)
RUN = RunKey(env="staging", flow_run_id=fields()["flow_run_id"])
CLONE = Clone(
    cluster_id="refresh-staging-1c2d3e4f5a6b-clone",
    instance_id="i",
    host="h",
    port=5432,
    secret_arn="",
    engine_version="17",
    snapshot_arn="arn:s",
)


class _LetThrough(RefreshError):
    """It went on to the clone or to the target."""


@pytest.fixture(autouse=True)
def _nothing_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    def let_through(*_: Any, **__: Any) -> Any:
        raise _LetThrough("nothing refused it", resource="", remedy="")

    for module, name in ((archiving, "dump_database"), (restoring, "target_login")):
        monkeypatch.setattr(module, name, let_through)
    for name in ("client", "clone_login"):
        monkeypatch.setattr(archiving, name, lambda *_: None)
    monkeypatch.setattr(archiving, "read_signing_keys", lambda _: KEYS)
    monkeypatch.setattr(archiving, "policy_directory", lambda _: None)
    monkeypatch.setattr(archiving, "read_policy", lambda _: SimpleNamespace(digest=REPORT.policy_digest))


def _dump(
    masked: MaskingReport, run: RunKey = RUN, clone: Clone = CLONE, snapshot_arn: str = "arn:s"
) -> None:
    archiving.dump_clone.fn(BLOCK, run, clone, masked, snapshot_arn)


def test_a_clone_with_its_own_good_verdict_is_dumped() -> None:
    with pytest.raises(_LetThrough):
        _dump(signed_report())


@pytest.mark.parametrize(
    "masked",
    [
        REPORT,
        signed_report(keys=OTHERS),
        signed_report().model_copy(update={"tables": ()}),
    ],
    ids=["without a verdict", "another env's", "changed since"],
)
def test_a_clone_without_a_good_verdict_is_not_dumped(masked: MaskingReport) -> None:
    with pytest.raises(VerificationFailed):
        _dump(masked)


@pytest.mark.parametrize(
    "other",
    [
        {"run": RunKey(env="dev", flow_run_id=RUN.flow_run_id)},
        {"clone": replace(CLONE, cluster_id="refresh-staging-000000000000-clone")},
        {"snapshot_arn": "arn:other"},
    ],
    ids=["env", "clone", "snapshot"],
)
def test_a_verdict_on_another_is_none(other: dict[str, Any]) -> None:
    with pytest.raises(VerificationFailed, match="another clone's or another snapshot's"):
        _dump(signed_report(), **other)


def test_a_clone_that_was_masked_by_another_policy_is_not_dumped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archiving, "read_policy", lambda _: SimpleNamespace(digest="another"))
    with pytest.raises(VerificationFailed, match="another policy"):
        _dump(signed_report())


@pytest.mark.parametrize(
    "found",
    [manifest(proof=None), manifest(signature=""), manifest(policy_digest="another")],
    ids=["without a verdict", "unsigned", "changed since"],
)
def test_an_archive_without_a_good_verdict_is_not_restored(
    found: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiving, "find_archive", lambda *_: found)
    with pytest.raises(VerificationFailed):
        restoring.restore_target(BLOCK, RUN)


def test_an_archive_that_the_env_signed_is_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archiving, "find_archive", lambda *_: manifest())
    with pytest.raises(_LetThrough):
        restoring.restore_target(BLOCK, RUN)


def test_a_masking_report_is_only_the_one_that_the_archive_was_signed_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    archive = Archive(bucket="b", prefix="p/", manifest=manifest())

    def read(report: MaskingReport | None) -> MaskingReport:
        body = None if report is None else report.model_dump_json().encode()
        monkeypatch.setattr(archiving, "read_object", lambda *_, **__: body)
        return archiving.read_masking_report.fn(BLOCK, RUN, archive)

    assert read(signed_report()) == signed_report()
    with pytest.raises(ArchiveInvalid, match="lacks its masking report"):
        read(None)
    with pytest.raises(VerificationFailed):
        read(REPORT)
    with pytest.raises(ArchiveInvalid, match="another one than the manifest's"):
        read(signed_report(REPORT.model_copy(update={"rows_masked": 1})))
