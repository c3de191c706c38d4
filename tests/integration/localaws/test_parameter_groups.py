"""A cluster parameter group's values are PostgreSQL's settings when an instance boots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from deployments.localaws import LocalAws
from deployments.localaws.binaries import find_binaries
from tests.fix_localaws import Aurora, refused

FAMILY = f"aurora-postgresql{find_binaries().major}"


def make_group(aurora: Aurora, **values: str) -> str:
    return aurora.parameter_group(_dotted(values))


def set_values(aurora: Aurora, group: str, **values: str) -> None:
    aurora.set_parameters(group, _dotted(values))


def _dotted(values: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("__", "."): value for name, value in values.items()}


def settings(aurora: Aurora, cluster: str, *names: str) -> dict[str, Any]:
    with aurora.connect(cluster) as connection:
        rows = connection.execute(
            "SELECT name, setting FROM pg_settings WHERE name = ANY (%s)", [list(names)]
        )
        return dict(rows.fetchall())


class TestAParameterGroup:
    def test_is_honoured_when_the_instance_boots(self, aws: LocalAws, aurora: Aurora) -> None:
        group = make_group(
            aurora,
            shared_preload_libraries="pg_stat_statements,pg_cron,pgaudit",
            max_logical_replication_workers="0",
            rds__logical_replication="1",
            log_statement="none",
            log_min_messages="panic",
            log_min_error_statement="panic",
            log_error_verbosity="terse",
            log_min_duration_statement="-1",
            rds__force_ssl="1",
        )
        cluster = aurora.create(DBClusterParameterGroupName=group)
        found = settings(
            aurora, cluster, "shared_preload_libraries", "max_logical_replication_workers", "wal_level",
            "log_statement", "log_min_messages", "log_min_error_statement", "log_error_verbosity",
        )  # fmt: skip
        assert found == {
            "shared_preload_libraries": "pg_stat_statements",
            "max_logical_replication_workers": "0",
            "wal_level": "logical",
            "log_statement": "none",
            "log_min_messages": "panic",
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
        }
        with aurora.connect(cluster) as connection:
            connection.execute("CREATE EXTENSION pg_stat_statements")
            connection.execute("SELECT count(*) FROM pg_stat_statements")
        assert f"cluster:{cluster}: shared_preload_libraries: pg_cron, pgaudit not installed here" in aws.log

    def test_that_changes_is_pending_until_a_reboot(self, aurora: Aurora) -> None:
        cluster = aurora.create()
        group = make_group(aurora, log_min_duration_statement="4321")
        aurora.rds.modify_db_cluster(
            DBClusterIdentifier=cluster, DBClusterParameterGroupName=group, ApplyImmediately=True
        )
        aurora.wait_for_cluster(cluster)
        (member,) = aurora.describe_cluster(cluster)["DBClusterMembers"]
        assert member["DBClusterParameterGroupStatus"] == "pending-reboot"
        assert settings(aurora, cluster, "log_min_duration_statement")["log_min_duration_statement"] == "-1"
        aurora.rds.reboot_db_instance(DBInstanceIdentifier=f"{cluster}-1")
        aurora.wait_for_instance(f"{cluster}-1")
        assert settings(aurora, cluster, "log_min_duration_statement")["log_min_duration_statement"] == "4321"
        (member,) = aurora.describe_cluster(cluster)["DBClusterMembers"]
        assert member["DBClusterParameterGroupStatus"] == "in-sync"

    def test_with_which_postgresql_does_not_start_leaves_the_instance_incompatible(
        self, aurora: Aurora
    ) -> None:
        group = make_group(aurora, max_connections="not a number")
        cluster = aurora.create(with_instance=False, DBClusterParameterGroupName=group)
        aurora.rds.create_db_instance(
            DBInstanceIdentifier=f"{cluster}-1",
            DBClusterIdentifier=cluster,
            DBInstanceClass="db.serverless",
            Engine="aurora-postgresql",
        )
        aurora.wait_for_instance(f"{cluster}-1", "incompatible-parameters")
        set_values(aurora, group, max_connections="50")
        aurora.rds.delete_db_instance(DBInstanceIdentifier=f"{cluster}-1")

    def test_lists_its_own_values_as_the_users(self, aurora: Aurora) -> None:
        group = make_group(aurora, log_statement="ddl")
        answer = aurora.rds.describe_db_cluster_parameters(DBClusterParameterGroupName=group, Source="user")
        (found,) = answer["Parameters"]
        assert (found["ParameterName"], found["ParameterValue"]) == ("log_statement", "ddl")
        pages = aurora.rds.get_paginator("describe_db_cluster_parameters").paginate(
            DBClusterParameterGroupName=group
        )
        names = [parameter["ParameterName"] for page in pages for parameter in page["Parameters"]]
        assert len(names) == len(set(names)) > 300
        assert {"shared_preload_libraries", "rds.logical_replication"} <= set(names)

    def test_refuses_a_name_that_postgresql_does_not_know(self, aurora: Aurora) -> None:
        with refused("InvalidParameterValue"):
            make_group(aurora, shared_preload_libaries="pg_cron")

    def test_is_not_used_by_a_cluster_of_another_family(self, aurora: Aurora) -> None:
        name = aurora.new_id("parameters")
        aurora.rds.create_db_cluster_parameter_group(
            DBClusterParameterGroupName=name, DBParameterGroupFamily="aurora-postgresql9", Description="old"
        )
        with refused("InvalidParameterValue"):
            aurora.begin(DBClusterParameterGroupName=name)


def test_the_default_group_exists_and_cannot_be_changed(aurora: Aurora) -> None:
    default = f"default.{FAMILY}"
    answer = aurora.rds.describe_db_cluster_parameter_groups(DBClusterParameterGroupName=default)
    assert answer["DBClusterParameterGroups"][0]["DBParameterGroupFamily"] == FAMILY
    with refused("InvalidDBParameterGroupState"):
        set_values(aurora, default, log_statement="all")


@pytest.mark.parametrize("group", ["nothing", ""])
def test_a_missing_group_is_an_error_of_its_own(aurora: Aurora, group: str) -> None:
    with refused("DBClusterParameterGroupNotFound"):
        aurora.rds.describe_db_cluster_parameters(DBClusterParameterGroupName=group)
