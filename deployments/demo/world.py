"""What a refresh needs around it, made on local AWS: a production cluster, a staging cluster, and what the env names.

The demo and the end-to-end tests live in it. It is local AWS's side of the fence: it loads databases as the server's
own superuser, which the pipeline never is.
"""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from ruamel.yaml import YAML

from deployments.localaws import LocalAws
from deployments.localaws.binaries import find_binaries
from deployments.localaws.slack import SlackReceiver
from tasks.client_messages import parse_complaints

SOURCE_CLUSTER = "shop-production"
TARGET_CLUSTER = "shop-staging"
BUCKET = "refresh-archives"
SUBNET_GROUP = "refresh-clones"
PARAMETER_GROUP = "refresh-clone-postgresql"

_LOOK_ALIKE = Path(__file__).parent / "lookalike"

# What keeps a clone from acting, and from telling what it holds, before anybody can log in.
CLONE_PARAMETERS = {
    "shared_preload_libraries": "",
    "max_logical_replication_workers": "0",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_min_messages": "panic",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length_on_error": "0",
    "log_connections": "0",
}


class LoadFailed(Exception):
    """A database couldn't be loaded. Says where and why, without what could quote a row of it."""

    def __init__(self, tool: str, stderr: str) -> None:
        places = re.findall(r"^psql:(\S+:\d+): ", stderr, re.MULTILINE)[:1]
        reasons = [str(complaint) for complaint in parse_complaints(stderr)[:3]]
        super().__init__(f"{tool} couldn't load it: {'; '.join([*places, *reasons])}")


@dataclass
class World:
    """Everything that exists around one env called ``env``; names are AWS's."""

    aws: LocalAws
    slack: SlackReceiver
    config_root: Path
    database: str
    env: str = "staging"
    kms_key_arn: str = ""
    security_group_id: str = ""
    secrets: dict[str, str] = field(default_factory=dict)
    source_password: str = field(default="", repr=False)
    root_key: str = field(default_factory=lambda: secrets.token_hex(32))

    def source_conninfo(self) -> str:
        """The source as local AWS's own superuser."""
        return self.aws.superuser_conninfo(SOURCE_CLUSTER, self.database)

    def target_conninfo(self, database: str | None = None) -> str:
        """The target as local AWS's own superuser."""
        return self.aws.superuser_conninfo(TARGET_CLUSTER, database or self.database)

    def write_environment(self, env: str | None = None, **changes: Any) -> Path:
        """Write the env's file; ``changes`` are sections to merge into it, such as ``target={"cluster": "x"}``."""
        account = {"region": self.aws.region, "endpoint_url": self.aws.endpoint_url}
        content: dict[str, Any] = {
            "source": {"cluster": SOURCE_CLUSTER, "database": self.database, "aws": account},
            "target": {
                "cluster": TARGET_CLUSTER,
                "database": self.database,
                "aws": account,
                "secret": self.secrets["target"],
                "ca_bundle": str(self.aws.ca_bundle),
            },
            "clone": {
                "subnet_group": SUBNET_GROUP,
                "security_group_ids": [self.security_group_id],
                "parameter_group": PARAMETER_GROUP,
                "kms_key_id": self.kms_key_arn,
                "min_acu": 0.5,
                "max_acu": 2,
            },
            "archive": {"bucket": BUCKET, "kms_key_id": self.kms_key_arn},
            "masking": {"root_key_secret": self.secrets["root-key"]},
            "slack": {"webhook_secret": self.secrets["slack"]},
        }
        for section, fields in changes.items():
            content[section] = fields if fields is None else {**content.get(section, {}), **fields}
        path = self.config_root / "deployments" / "environments" / f"{env or self.env}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            yaml = YAML()
            yaml.representer.ignore_aliases = lambda *_: True
            yaml.dump(content, file)
        return path


def build_world(
    aws: LocalAws, slack: SlackReceiver, *, config_root: Path, database: str, env: str = "staging"
) -> World:
    """Make the two clusters and all that the env names, wait until they are available, and write the env's file."""
    world = World(aws=aws, slack=slack, config_root=config_root, database=database, env=env)
    world.kms_key_arn = aws.client("kms").create_key(Description="clones and archives")["KeyMetadata"]["Arn"]
    _make_network(world)
    _make_bucket(world)
    rds = aws.client("rds")
    major = find_binaries().major
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName=PARAMETER_GROUP,
        DBParameterGroupFamily=f"aurora-postgresql{major}",
        Description="Clones that are being masked: they act on nothing and log nothing",
    )
    rds.modify_db_cluster_parameter_group(
        DBClusterParameterGroupName=PARAMETER_GROUP,
        Parameters=[
            {"ParameterName": name, "ParameterValue": value, "ApplyMethod": "pending-reboot"}
            for name, value in CLONE_PARAMETERS.items()
        ],
    )
    passwords = {cluster: secrets.token_hex(16) for cluster in (SOURCE_CLUSTER, TARGET_CLUSTER)}
    world.source_password = passwords[SOURCE_CLUSTER]
    for cluster, password in passwords.items():
        rds.create_db_cluster(
            DBClusterIdentifier=cluster,
            Engine="aurora-postgresql",
            MasterUsername="master",
            MasterUserPassword=password,
            DatabaseName=database,
            DBSubnetGroupName=SUBNET_GROUP,
            VpcSecurityGroupIds=[world.security_group_id],
            StorageEncrypted=True,
            KmsKeyId=world.kms_key_arn,
            BackupRetentionPeriod=7,
            ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 2},
        )
    for cluster in passwords:
        _wait_available(lambda name=cluster: _cluster_status(rds, name))
        rds.create_db_instance(
            DBInstanceIdentifier=f"{cluster}-1",
            DBClusterIdentifier=cluster,
            DBInstanceClass="db.serverless",
            Engine="aurora-postgresql",
        )
    for cluster in passwords:
        _wait_available(lambda name=cluster: _instance_status(rds, f"{name}-1"))
    _make_secrets(world, passwords[TARGET_CLUSTER])
    world.write_environment()
    return world


def run_psql(conninfo: str, *files: Path) -> None:
    """Run SQL files as local AWS's own superuser, each whole, stopping at the first error."""
    psql = find_binaries().tool("psql")
    command = [psql, "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", conninfo]
    for path in files:
        command += ["--file", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LoadFailed("psql", done.stderr)


def load_sample(conninfo: str, sample: Path) -> None:
    """Load a database: a directory with ``schema.sql`` and perhaps ``data.sql``, or a pg_dump archive.

    It is loaded by a superuser, since dumps of data disable triggers, and then given to the master user, who owns
    what is in an Aurora cluster.
    """
    loader = sql.Identifier("sample_loader")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} SUPERUSER").format(loader))
    try:
        _load(make_conninfo(conninfo, options="-c role=sample_loader"), sample)
    finally:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(sql.SQL("REASSIGN OWNED BY {} TO master").format(loader))
            connection.execute(sql.SQL("DROP OWNED BY {}").format(loader))
            connection.execute(sql.SQL("DROP ROLE {}").format(loader))
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("ANALYZE")


def _load(conninfo: str, sample: Path) -> None:
    if sample.suffix == ".sql":
        run_psql(conninfo, sample)
    elif (sample / "schema.sql").exists():
        files = [sample / "schema.sql"]
        if (sample / "data.sql").exists():
            files.append(sample / "data.sql")
        run_psql(conninfo, *files)
    else:
        _run_pg_restore(conninfo, sample)


def _run_pg_restore(conninfo: str, archive: Path) -> None:
    command = [find_binaries().tool("pg_restore"), "--exit-on-error", "--no-owner", "--no-privileges"]
    done = subprocess.run(
        [*command, "--dbname", conninfo, str(archive)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise LoadFailed("pg_restore", done.stderr)


def load_look_alike(world: World) -> None:
    """Load our own look-alike of production into the source, and an older staging database into the target."""
    run_psql(world.source_conninfo(), _LOOK_ALIKE / "schema.sql", _LOOK_ALIKE / "data.sql")
    with psycopg.connect(world.source_conninfo(), autocommit=True) as connection:
        connection.execute("ANALYZE")
        connection.execute("GRANT shop_owner, shop_app TO master WITH ADMIN OPTION")
    load_staging(world, world.database)


def load_staging(world: World, database: str) -> None:
    """Load the older staging database into an empty database of the target."""
    run_psql(world.target_conninfo(database), _LOOK_ALIKE / "staging.sql")


def _make_network(world: World) -> None:
    ec2 = world.aws.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"] if subnet["VpcId"] == vpc]
    group = ec2.create_security_group(GroupName="refresh-clone", Description="No egress", VpcId=vpc)
    world.security_group_id = group["GroupId"]
    world.aws.client("rds").create_db_subnet_group(
        DBSubnetGroupName=SUBNET_GROUP, DBSubnetGroupDescription="private subnets", SubnetIds=subnets
    )


def _make_bucket(world: World) -> None:
    s3 = world.aws.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": world.aws.region})
    s3.put_public_access_block(
        Bucket=BUCKET,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )


def _make_secrets(world: World, target_password: str) -> None:
    texts = {
        "target": json.dumps({"username": "master", "password": target_password}),
        "root-key": world.root_key,
        "slack": world.slack.url,
    }
    manager = world.aws.client("secretsmanager")
    for name, text in texts.items():
        world.secrets[name] = manager.create_secret(Name=f"masking/{world.env}/{name}", SecretString=text)[
            "ARN"
        ]


def _cluster_status(rds: Any, identifier: str) -> str:
    return str(rds.describe_db_clusters(DBClusterIdentifier=identifier)["DBClusters"][0]["Status"])


def _instance_status(rds: Any, identifier: str) -> str:
    found = rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]
    return str(found["DBInstanceStatus"])


def _wait_available(status: Any, timeout_s: float = 120) -> None:
    deadline = time.monotonic() + timeout_s
    while (now := status()) != "available":
        if time.monotonic() > deadline:
            raise TimeoutError(f"still {now} after {timeout_s:.0f} s")
        time.sleep(0.1)
