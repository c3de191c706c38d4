"""pytest plugin: a local AWS, one per test process, and short ways to say what a test needs of its Aurora."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from botocore.exceptions import ClientError
from pydantic import SecretStr

from contracts.login import Login

if TYPE_CHECKING:
    from deployments.localaws import LocalAws

ACCOUNT = "111122223333"
"""Not local AWS's default account, where the refreshes of other tests may be going on."""
MASTER = "shopkeeper"
PASSWORD = "first-password"
SCALING = {"MinCapacity": 0.5, "MaxCapacity": 2.0}
DEADLINE_S = 60
LEAST_STATUS_S = 0.2
VISIBLE_STATUS_S = 1.0
"""For tests that must not miss a status, however busy the machine is."""


class Aurora:
    """Clusters of one account. What ``create`` and ``restore`` make is deleted by ``clean_up``."""

    def __init__(self, aws: LocalAws, *, account_id: str = ACCOUNT) -> None:
        self.aws = aws
        self.account_id = account_id
        self.rds: Any = self.client("rds")
        self.clusters: list[str] = []

    def client(self, service: str) -> Any:
        return self.aws.client(service, account_id=self.account_id)

    def new_id(self, prefix: str = "test") -> str:
        return f"{prefix}-{uuid.uuid4().hex[:10]}"

    def begin(self, **options: Any) -> str:
        """A cluster that is being created."""
        identifier: str = options.pop("DBClusterIdentifier", None) or self.new_id("cluster")
        password = {} if options.get("ManageMasterUserPassword") else {"MasterUserPassword": PASSWORD}
        self.rds.create_db_cluster(
            DBClusterIdentifier=identifier,
            Engine="aurora-postgresql",
            MasterUsername=MASTER,
            **{"ServerlessV2ScalingConfiguration": SCALING, **password, **options},
        )
        self.clusters.append(identifier)
        return identifier

    def parameter_group(self, values: Mapping[str, str]) -> str:
        """A new cluster parameter group of the major version that local AWS runs."""
        # Not for every test that loads this plugin.
        from deployments.localaws.binaries import find_binaries

        name = self.new_id("parameters")
        self.rds.create_db_cluster_parameter_group(
            DBClusterParameterGroupName=name,
            DBParameterGroupFamily=f"aurora-postgresql{find_binaries().major}",
            Description="for a test",
        )
        self.set_parameters(name, values)
        return name

    def set_parameters(self, group: str, values: Mapping[str, str]) -> None:
        self.rds.modify_db_cluster_parameter_group(
            DBClusterParameterGroupName=group,
            Parameters=[
                {"ParameterName": name, "ParameterValue": value, "ApplyMethod": "pending-reboot"}
                for name, value in values.items()
            ],
        )

    def create(self, *, with_instance: bool = True, **options: Any) -> str:
        """An available cluster, and, unless told otherwise, an available instance."""
        identifier = self.begin(**options)
        self.wait_for_cluster(identifier)
        if with_instance:
            self.add_instance(identifier)
        return identifier

    def restore(self, snapshot: str, *, with_instance: bool = True, **options: Any) -> str:
        identifier = options.pop("DBClusterIdentifier", None) or self.new_id("restored")
        self.rds.restore_db_cluster_from_snapshot(
            DBClusterIdentifier=identifier,
            SnapshotIdentifier=snapshot,
            Engine="aurora-postgresql",
            **{"ServerlessV2ScalingConfiguration": SCALING, **options},
        )
        self.clusters.append(identifier)
        self.wait_for_cluster(identifier)
        if with_instance:
            self.add_instance(identifier)
        return identifier

    def add_instance(self, cluster: str, **options: Any) -> str:
        identifier = options.pop("DBInstanceIdentifier", None) or f"{cluster}-1"
        self.rds.create_db_instance(
            DBInstanceIdentifier=identifier,
            DBClusterIdentifier=cluster,
            Engine="aurora-postgresql",
            **{"DBInstanceClass": "db.serverless", **options},
        )
        self.wait_for_instance(identifier)
        return identifier

    def snapshot(self, cluster: str, **options: Any) -> str:
        """The ARN of an available manual snapshot."""
        identifier = options.pop("DBClusterSnapshotIdentifier", None) or self.new_id("snapshot")
        self.rds.create_db_cluster_snapshot(
            DBClusterIdentifier=cluster, DBClusterSnapshotIdentifier=identifier, **options
        )
        self.wait_for_snapshot(identifier)
        self.wait_for_cluster(cluster)
        return str(self.describe_snapshot(identifier)["DBClusterSnapshotArn"])

    def describe_cluster(self, identifier: str) -> dict[str, Any]:
        found: dict[str, Any] = self.rds.describe_db_clusters(DBClusterIdentifier=identifier)["DBClusters"][0]
        return found

    def describe_instance(self, identifier: str) -> dict[str, Any]:
        answer = self.rds.describe_db_instances(DBInstanceIdentifier=identifier)
        found: dict[str, Any] = answer["DBInstances"][0]
        return found

    def describe_snapshot(self, identifier: str) -> dict[str, Any]:
        answer = self.rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=identifier)
        found: dict[str, Any] = answer["DBClusterSnapshots"][0]
        return found

    def wait_for_cluster(self, identifier: str, status: str = "available") -> list[str]:
        return wait_for_status(lambda: self.describe_cluster(identifier)["Status"], status)

    def wait_for_instance(self, identifier: str, status: str = "available") -> list[str]:
        return wait_for_status(lambda: self.describe_instance(identifier)["DBInstanceStatus"], status)

    def wait_for_snapshot(self, identifier: str, status: str = "available") -> list[str]:
        return wait_for_status(lambda: self.describe_snapshot(identifier)["Status"], status)

    def login(self, cluster: str, password: str = PASSWORD) -> Login:
        found = self.describe_cluster(cluster)
        return Login(
            host=found["Endpoint"],
            port=found["Port"],
            username=found["MasterUsername"],
            password=lambda: SecretStr(password),
            ca_bundle=self.aws.ca_bundle,
        )

    def connect(
        self, cluster: str, password: str = PASSWORD, database: str = "postgres"
    ) -> psycopg.Connection[Any]:
        parameters: dict[str, Any] = self.login(cluster, password).connect_parameters(database)
        return psycopg.connect(**parameters, autocommit=True)

    def superuser(self, cluster: str, database: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(
            self.aws.superuser_conninfo(self.describe_cluster(cluster)["DBClusterArn"], database),
            autocommit=True,
        )

    def delete(self, cluster: str) -> None:
        """Instances, cluster and automated backups; returns when they are gone."""
        for member in self.describe_cluster(cluster)["DBClusterMembers"]:
            self.rds.delete_db_instance(
                DBInstanceIdentifier=member["DBInstanceIdentifier"], SkipFinalSnapshot=True
            )
        self.rds.delete_db_cluster(
            DBClusterIdentifier=cluster, SkipFinalSnapshot=True, DeleteAutomatedBackups=True
        )
        wait_until_gone(lambda: self.describe_cluster(cluster))

    def clean_up(self) -> None:
        """Begin to delete what this made; the emulator's end deletes what can't be deleted now."""
        for cluster in self.clusters:
            with contextlib.suppress(ClientError):
                for member in self.describe_cluster(cluster)["DBClusterMembers"]:
                    self.rds.delete_db_instance(DBInstanceIdentifier=member["DBInstanceIdentifier"])
                self.rds.delete_db_cluster(DBClusterIdentifier=cluster, SkipFinalSnapshot=True)
        self.clusters.clear()


def wait_until(condition: Callable[[], bool], *, timeout_s: float = DEADLINE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the condition didn't become true in time")
        time.sleep(0.05)


def wait_for_status(read: Callable[[], str], wanted: str) -> list[str]:
    """The statuses seen on the way, each once, in their order; the last is the wanted one."""
    seen: list[str] = []

    def is_there() -> bool:
        status = read()
        if not seen or seen[-1] != status:
            seen.append(status)
        return status == wanted

    wait_until(is_there)
    return seen


def wait_until_gone(describe: Callable[[], Any]) -> str:
    """The error code with which describing it ends."""
    codes: list[str] = []

    def is_gone() -> bool:
        try:
            describe()
        except ClientError as error:
            codes.append(str(error.response["Error"]["Code"]))
        return bool(codes)

    wait_until(is_gone)
    return codes[0]


@contextlib.contextmanager
def refused(code: str) -> Iterator[None]:
    """The call inside is refused with this code, exactly as it stands on the wire."""
    with pytest.raises(ClientError) as caught:
        yield
    assert caught.value.response["Error"]["Code"] == code, caught.value


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """One local AWS for all tests of this process. Tests share it, so they name things by ``aurora.new_id()``."""
    from deployments.localaws import LocalAws  # moto takes a second to import: only where it's used

    with LocalAws(least_status_s=LEAST_STATUS_S) as aws:
        yield aws


@pytest.fixture
def aws(local_aws: LocalAws) -> Iterator[LocalAws]:
    """The shared local AWS with all faults off and quick statuses, before and after."""
    for step in ("before", "after"):
        local_aws.faults.reset()
        local_aws.least_status_s = LEAST_STATUS_S
        if step == "before":
            yield local_aws


@pytest.fixture
def aurora(aws: LocalAws) -> Iterator[Aurora]:
    """Short ways to clusters that are deleted after the test."""
    made = Aurora(aws)
    yield made
    aws.faults.reset()
    made.clean_up()


@pytest.fixture(scope="session")
def shop(local_aws: LocalAws) -> str:
    """A cluster with an instance and a table ``orders`` of 1000 rows in database ``shop``. Leave it as it is."""
    aurora = Aurora(local_aws)
    tags = [{"Key": "team", "Value": "sales"}]
    identifier = aurora.create(DBClusterIdentifier="shop", DatabaseName="shop", Tags=tags)
    with aurora.connect(identifier, database="shop") as connection:
        connection.execute(
            "CREATE TABLE orders AS SELECT g AS id, 'order ' || g AS note FROM generate_series(1, 1000) g"
        )
    return identifier


@pytest.fixture(scope="session")
def spare(local_aws: LocalAws) -> str:
    """A cluster without an instance, for calls that change what it says of itself and nothing else."""
    return Aurora(local_aws).create(with_instance=False)
