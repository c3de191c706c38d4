"""The most memory of each step that reads or writes rows, for more and more rows of the fixed table."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from contracts.login import Login
from contracts.manifest import Manifest
from contracts.ownership import Ownership
from masking.planning.plan import make_plan
from masking.policy.reading import parse_policy
from tasks.archive.saved_schema import save_schema
from tasks.postgres.catalogue import read_catalogue
from tasks.postgres.rehearsal import rehearse
from tasks.postgres.rewrite import rewrite
from tasks.postgres.verification import finish, verify
from tests.bench.fixed_table import make_fixed_table
from tests.bench.ours import KEYS, POLICY
from tests.bench.own_process import in_a_process
from tests.bench.server import MASTER, BenchServer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FACTORS = (1, 2, 4)
_CLONE, _RESTORED = "memory_clone", "memory_restored"
_BUCKET = "bench"


@dataclass(frozen=True, kw_only=True)
class Memory:
    """The most that each step's process had, in MiB."""

    rows: int
    mask: float
    dump: float
    restore: float


def run(server: BenchServer, *, rows: int, factors: Sequence[int] = FACTORS) -> Iterator[Memory]:
    """``rows`` times each factor. S3 is in this process, the steps each have one of their own."""
    with _s3() as endpoint:
        _client(endpoint).create_bucket(Bucket=_BUCKET)
        for factor in factors:
            make_fixed_table(server, _CLONE, rows=rows * factor)
            server.drop(_RESTORED)
            server.create(_RESTORED)
            ownership = Ownership(
                env="staging",
                flow_run_id=uuid.uuid4(),
                expires_at=datetime.now(UTC).replace(microsecond=0) + timedelta(days=1),
            )
            _, mask = in_a_process(_mask, server.login)
            manifest, dump = in_a_process(_dump, server.login, endpoint, ownership)
            _, restore = in_a_process(_restore, server.login, endpoint, ownership, manifest)
            yield Memory(rows=rows * factor, mask=mask, dump=dump, restore=restore)


def _mask(login: Login) -> None:
    catalogue = read_catalogue(login, _CLONE)
    plan = make_plan(catalogue, parse_policy(POLICY))
    rehearse(login, _CLONE, catalogue, plan, KEYS)
    save_schema(login, _CLONE)
    rewrite(login, _CLONE, catalogue, plan, KEYS)
    verify(login, _CLONE, catalogue, plan, KEYS)
    finish(login, _CLONE)


def _dump(login: Login, endpoint: str, ownership: Ownership) -> Manifest:
    # Here, and so below, for other steps not to have the memory of what they never call.
    from tasks.archive.dump import MaskingFacts, dump_database

    return dump_database(
        login=login,
        database=_CLONE,
        s3_client=_client(endpoint),
        bucket=_BUCKET,
        prefix=_prefix(ownership),
        kms_key_id=None,
        ownership=ownership,
        facts=MaskingFacts(snapshot_arn="none", policy_digest="none", verdict="passed"),
    )


def _restore(login: Login, endpoint: str, ownership: Ownership, manifest: Manifest) -> int:
    from tasks.archive.load import load_archive

    return load_archive(
        login=login,
        database=_RESTORED,
        owner_role=MASTER,
        s3_client=_client(endpoint),
        bucket=_BUCKET,
        prefix=_prefix(ownership),
        manifest=manifest,
    ).rows


def _prefix(ownership: Ownership) -> str:
    return f"refresh/staging/{_CLONE}/{ownership.run.key}/"


@contextmanager
def _s3() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def _client(endpoint: str) -> S3Client:
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="bench",
        aws_secret_access_key="bench",
    )
