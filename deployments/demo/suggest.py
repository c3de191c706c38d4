"""A policy for a database that has none, for the demo alone: in the product a person reviews it first."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
from psycopg import sql
from pydantic import SecretStr

from contracts.login import Login
from deployments.demo.world import TARGET_CLUSTER, World, load_sample
from masking.catalogue import Catalogue, TableName
from masking.planning.plan import make_plan
from masking.policy.reading import parse_policy
from masking.suggestion import suggest_policy
from tasks.postgres.catalogue import read_catalogue
from tasks.postgres.sampling import sample_database
from tasks.proof.searching import find_in_kept_columns

# The look is taken at a copy beside staging, not at production, which nothing but its owner's application connects to.
_COPY = "looked_at_for_a_policy"


def write_suggested_policy(world: World, sample: Path, directory: Path) -> None:
    """Write ``policy.yaml`` from the sample's names, types and sampled values into ``directory``."""
    maintenance = world.target_conninfo("postgres")
    copy = sql.Identifier(_COPY)
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER master TEMPLATE template0").format(copy))
    try:
        load_sample(world.target_conninfo(_COPY), sample)
        login = _master_login(world)
        catalogue = read_catalogue(login, _COPY)
        text = _suggested(login, catalogue)
    finally:
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(copy))
    directory.mkdir(parents=True)
    (directory / "policy.yaml").write_text(text, encoding="utf-8")


def _suggested(login: Login, catalogue: Catalogue) -> str:
    """A policy of whose kept columns the proof finds nothing to object to: what it finds in one is masked too."""
    samples = sample_database(login, _COPY, catalogue)
    found: dict[tuple[TableName, str], str] = {}
    while True:
        text = suggest_policy(catalogue, samples, found_in=found)
        plan = make_plan(catalogue, parse_policy(text))
        more = find_in_kept_columns(login, _COPY, catalogue, plan)
        if not more.keys() - found.keys():
            return text
        found |= more


def _master_login(world: World) -> Login:
    secret = world.aws.client("secretsmanager").get_secret_value(SecretId=world.secrets["target"])
    fields = json.loads(secret["SecretString"])
    cluster = world.aws.client("rds").describe_db_clusters(DBClusterIdentifier=TARGET_CLUSTER)["DBClusters"][
        0
    ]
    return Login(
        host=cluster["Endpoint"],
        port=cluster["Port"],
        username=fields["username"],
        password=lambda: SecretStr(fields["password"]),
        ca_bundle=world.aws.ca_bundle,
    )
