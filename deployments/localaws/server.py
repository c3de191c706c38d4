"""Local AWS as a whole: an HTTP server that answers for AWS, and what a test or a person needs of it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import boto3
from botocore.config import Config
from moto.core.base_backend import BackendDict
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ecs.models import ecs_backends
from moto.iam.models import get_account_id_from
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.rds.models import rds_backends
from werkzeug.serving import BaseWSGIServer, make_server

from deployments.localaws import moto_gaps, rds
from deployments.localaws.calls import Call, CallLog, now, without_secrets
from deployments.localaws.certificates import CertificateAuthority
from deployments.localaws.clusters import Cluster
from deployments.localaws.ecs import actions as ecs
from deployments.localaws.ecs.agent import Agent
from deployments.localaws.ecs.containers import Container
from deployments.localaws.ecs.images import Image
from deployments.localaws.faults import Faults
from deployments.localaws.host import Host
from deployments.localaws.iam import Enforcement, stand_in_for_moto
from deployments.localaws.region import Region
from deployments.localaws.run_directory import RunDirectory
from deployments.localaws.snapshots import take_automated_snapshot
from deployments.localaws.statuses import Jobs
from deployments.localaws.wire import Request, read_request, word_refusal

_in_use = threading.Lock()


class LocalAws:
    """``with LocalAws() as aws: aws.client("rds")…`` One at a time in a process, any number beside each other.

    ``home`` keeps ``calls.jsonl``, ``localaws.log`` and ``ca.pem``; without one they go with all the rest.
    ``least_status_s`` is how long a status such as ``creating`` lasts at least; a call to look at it takes ~20 ms.
    """

    def __init__(
        self,
        *,
        home: Path | None = None,
        region: str = "eu-west-1",
        account_id: str = "123456789012",
        least_status_s: float = 0.3,
        port: int = 0,
    ) -> None:
        self.region = region
        self.account_id = account_id
        self.faults = Faults()
        self.iam = Enforcement()
        self.endpoint_url = ""
        self.images: dict[str, Image] = {}
        """What stands for a container image here, by the reference that a task definition names."""
        self.ca_bundle = Path()
        self.calls: CallLog
        self._home = home
        self._port = port
        self._jobs = Jobs(least_s=least_status_s, report=self._report)
        self._run_directory = RunDirectory()
        self._log_lock = threading.Lock()
        self._clients_lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}
        self._log_path = Path()
        self._host: Host | None = None
        self._agent: Agent | None = None
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> LocalAws:
        if not _in_use.acquire(blocking=False):
            raise RuntimeError(
                "A local AWS is already running in this process: moto's state is the process's"
            )
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _start(self) -> None:
        self._run_directory.__enter__()
        home = self._home or self._run_directory.path / "home"
        home.mkdir(parents=True, exist_ok=True)
        authority = CertificateAuthority()
        self.ca_bundle = home / "ca.pem"
        self.ca_bundle.write_text(authority.pem)
        self.calls = CallLog(home / "calls.jsonl")
        self._log_path = home / "localaws.log"
        self._host = Host(
            path=self._run_directory.path,
            authority=authority,
            jobs=self._jobs,
            faults=self.faults,
            iam=self.iam,
            report=self._report,
        )
        BackendDict.reset()
        rds.install(self._host)
        self._agent = Agent(
            path=self._run_directory.path,
            jobs=self._jobs,
            report=self._report,
            endpoint_url=lambda: self.endpoint_url,
            images=self.images,
        )
        ecs.install(self._agent)
        stand_in_for_moto()
        moto_gaps.fill()
        # Made before the first calls, which could otherwise come at once and each make one.
        self._region(self.account_id)
        app = _Gate(DomainDispatcherApplication(create_backend_app), self)
        self._server = make_server(
            "127.0.0.1", self._port, app, threaded=True, request_handler=_QuietRequestHandler
        )
        self.endpoint_url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="localaws", daemon=True)
        self._thread.start()

    def _stop(self) -> None:
        try:
            if self._server is not None and self._thread is not None:
                self._server.shutdown()
                self._server.server_close()
                self._thread.join()
            if self._host is not None:
                self._host.close()
            BackendDict.reset()
            rds.uninstall()
            ecs.uninstall()
            self._run_directory.__exit__()
        finally:
            self._server = self._host = self._agent = None
            for client in self._clients.values():
                client.close()
            self._clients.clear()
            _in_use.release()

    @property
    def least_status_s(self) -> float:
        """How long each status lasts at least. May be changed at any time; changes that are under way keep theirs."""
        return self._jobs.least_s

    @least_status_s.setter
    def least_status_s(self, seconds: float) -> None:
        self._jobs.least_s = seconds

    def client(self, service: str, *, account_id: str | None = None) -> Any:
        """A boto3 client pointed here. An account's credentials are its number: any secret will do."""
        account = account_id or self.account_id
        with self._clients_lock:  # boto3 takes a tenth of a second for one, and clients may be shared
            if (service, account) not in self._clients:
                self._clients[service, account] = boto3.client(  # type: ignore[call-overload]
                    service,
                    endpoint_url=self.endpoint_url,
                    region_name=self.region,
                    aws_access_key_id=account,
                    aws_secret_access_key="local",  # noqa: S106 - nothing checks it
                    config=Config(s3={"addressing_style": "path"}) if service == "s3" else None,
                )
            return self._clients[service, account]

    def superuser_conninfo(self, cluster_id: str, database: str = "postgres") -> str:
        """By the Unix socket as ``rdsadmin``: to load a look-alike, to see what is there. Not for the product.

        A cluster of another account is named by its ARN.
        """
        cluster = self._cluster(cluster_id)
        if not cluster.server.is_running:
            raise RuntimeError(f"Cluster {cluster_id} isn't running: it has no instance that is available")
        return cluster.server.superuser_conninfo(database)

    def has_login_gate(self, cluster_id: str) -> bool:
        """Whether a cluster's server runs with IAM database authentication as yet."""
        return self._cluster(cluster_id).server.is_gated

    def take_automated_snapshot(self, cluster_id: str) -> str:
        """What Aurora does daily in the backup window; the snapshot's identifier. It takes its time, as any."""
        cluster = self._cluster(cluster_id)
        with cluster.region.host.jobs.lock:
            return take_automated_snapshot(cluster.region, cluster).identifier

    def server_log(self, cluster_id: str) -> str:
        """PostgreSQL's log of a cluster, from its first start on."""
        path = self._cluster(cluster_id).server.log_path
        return path.read_text(errors="replace") if path.exists() else ""

    def open_server_log(self, cluster_id: str) -> TextIO:
        """The same as a file, which can be read after the cluster has been deleted, to its last line."""
        return self._cluster(cluster_id).server.log_path.open(errors="replace")

    def container(self, task_arn: str, name: str) -> Container:
        """A container of a task on ECS, to look at its processes and to kill it from outside."""
        account_id, region = task_arn.split(":")[4], task_arn.split(":")[3]
        backend: Any = ecs_backends[account_id][region]
        task = backend.find(task_arn.split("/")[-2], task_arn)
        found: Container = next(container for container in task.containers if container.plan.name == name)
        return found

    @property
    def log(self) -> str:
        """What the emulator has to say itself: jobs that failed, parameters that it couldn't honour."""
        return self._log_path.read_text() if self._log_path.exists() else ""

    def _cluster(self, identifier: str) -> Cluster:
        account_id = identifier.split(":")[4] if identifier.startswith("arn:") else self.account_id
        return self._region(account_id).cluster(identifier)

    def _region(self, account_id: str) -> Region:
        backend: Any = rds_backends[account_id][self.region]
        region: Region = backend.aurora
        return region

    def _report(self, line: str) -> None:
        with self._log_lock, self._log_path.open("a") as log:
            log.write(f"{datetime.now(UTC).isoformat()} {line}\n")

    def credentials_at(self, path: str) -> bytes | None:
        """What ECS's agent answers a container that asks for its role's credentials; None at any other path."""
        return self._agent.credentials.answer(path) if self._agent is not None else None

    def account_of(self, access_key: str) -> str:
        """Twelve digits are the account itself; a key of IAM or STS is its account's; else it's the default one."""
        if re.fullmatch(r"\d{12}", access_key):
            return access_key
        account: str = get_account_id_from(access_key)
        return self.account_id if account == DEFAULT_ACCOUNT_ID else account


class _Gate:
    """The WSGI application before moto's: says whose call it is, refuses what is to be refused, logs the call."""

    def __init__(self, application: Callable[..., Iterable[bytes]], aws: LocalAws) -> None:
        self._application = application
        self._aws = aws

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = read_request(environ)
        if request is None:
            credentials = self._aws.credentials_at(environ.get("PATH_INFO", ""))
            if credentials is None:
                return self._application(environ, start_response)
            start_response("200 OK", [("Content-Type", "application/json")])
            return [credentials]
        account = self._aws.account_of(request.access_key)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = account

        def logged(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            self._log(request, account, int(status.split(" ", 1)[0]))
            return start_response(status, headers, *rest)

        refusal = self._aws.faults.take_refusal(request.service, request.action) or self._aws.iam.refuse(
            request, account
        )
        if refusal is None:
            return self._application(environ, logged)
        status, content_type, body = word_refusal(
            refusal, service=request.service, is_json="HTTP_X_AMZ_TARGET" in environ
        )
        logged(status, [("Content-Type", content_type), ("Content-Length", str(len(body)))])
        return [body]

    def _log(self, request: Request, account: str, status: int) -> None:
        self._aws.calls.add(
            Call(
                time=now(),
                account=account,
                region=request.region,
                service=request.service,
                action=request.action,
                parameters=without_secrets(request.parameters),
                status=status,
            )
        )


class _QuietRequestHandler(MotoRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Calls are in the call log."""
