"""What a copy of production would do by itself once it boots: each source is a real cluster, restored as a clone is."""

from __future__ import annotations

import pytest

from deployments.demo.world import CLONE_PARAMETERS
from deployments.localaws.binaries import find_binaries
from tasks.archive.saved_schema import save_schema
from tasks.postgres.clone_settings import check_clone_settings
from tasks.postgres.quarantine import quarantine
from tasks.proof.schema_entries import extensions_left_out, read_schema_entries
from tests.fix_localaws import MASTER, PASSWORD, Aurora, wait_until

MAJOR = find_binaries().major


def rows(aurora: Aurora, cluster: str, query: str) -> list[tuple[object, ...]]:
    with aurora.connect(cluster) as connection:
        return connection.execute(query.encode()).fetchall()


#: That a job is due every minute, and some more.
_A_MINUTE_S = 120
SLOT = "SELECT active, confirmed_flush_lsn::text FROM pg_replication_slots WHERE slot_name = 'orders_in'"
ORDERS = "SELECT id FROM orders ORDER BY id"


@pytest.mark.skipif(
    MAJOR < 16, reason="before PostgreSQL 16 only a superuser subscribes, and Aurora has none"
)
def test_the_clone_of_a_subscriber_leaves_the_publishers_slot_to_the_original(aurora: Aurora) -> None:
    replicates = aurora.parameter_group({"rds.logical_replication": "1"})
    publisher = aurora.create(DBClusterParameterGroupName=replicates)
    subscriber = aurora.create(DBClusterParameterGroupName=replicates)
    with aurora.superuser(publisher) as connection:
        connection.execute(f"ALTER ROLE {MASTER} REPLICATION".encode())
    with aurora.connect(publisher) as connection:
        connection.execute("CREATE TABLE orders (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE orders")
        connection.execute("INSERT INTO orders VALUES (1)")
    login = aurora.login(publisher)
    with aurora.connect(subscriber) as connection:
        connection.execute("CREATE TABLE orders (id int PRIMARY KEY)")
        connection.execute(
            f"CREATE SUBSCRIPTION orders_in CONNECTION 'host={login.host} port={login.port} dbname=postgres"
            f" user={MASTER} password={PASSWORD} sslmode=require' PUBLICATION p".encode()
        )
    wait_until(lambda: rows(aurora, subscriber, ORDERS) == [(1,)])
    snapshot = aurora.snapshot(subscriber)
    aurora.rds.stop_db_cluster(DBClusterIdentifier=subscriber)
    aurora.wait_for_cluster(subscriber, "stopped")
    wait_until(lambda: rows(aurora, publisher, SLOT)[0][0] is False)
    ((_, confirmed),) = rows(aurora, publisher, SLOT)
    with aurora.connect(publisher) as connection:
        connection.execute("INSERT INTO orders VALUES (2)")

    group = aurora.parameter_group(CLONE_PARAMETERS)
    clone = aurora.restore(snapshot, DBClusterParameterGroupName=group)
    check_clone_settings(aurora.login(clone), "postgres", parameter_group=group)
    workers = "SELECT FROM pg_stat_activity WHERE backend_type LIKE 'logical replication%'"
    assert rows(aurora, clone, workers) == []
    assert quarantine(aurora.login(clone), "postgres").subscriptions == 1
    assert rows(aurora, clone, ORDERS) == [(1,)]
    assert rows(aurora, publisher, SLOT) == [(False, confirmed)]

    # The same with the source's own parameters: it takes what was the original's.
    careless = aurora.restore(snapshot, DBClusterParameterGroupName=replicates)
    wait_until(lambda: rows(aurora, careless, ORDERS) == [(1,), (2,)])
    assert rows(aurora, publisher, SLOT)[0][0] is True


def test_a_scheduled_job_doesnt_fire_in_the_clone(aurora: Aurora) -> None:
    if not (find_binaries().directory("sharedir") / "extension" / "pg_cron.control").exists():
        pytest.skip("not run: this build of PostgreSQL has no pg_cron (LOCALAWS_PG_BIN names another one)")
    preloads = aurora.parameter_group(
        {"shared_preload_libraries": "pg_cron", "cron.use_background_workers": "on"}
    )
    source = aurora.create(DBClusterParameterGroupName=preloads)
    # Aurora's master user makes it; here it takes a superuser, which the master user is for a moment.
    with aurora.superuser(source) as superuser, aurora.connect(source) as connection:
        superuser.execute(f"ALTER ROLE {MASTER} SUPERUSER".encode())
        connection.execute("CREATE EXTENSION pg_cron")
        superuser.execute(f"ALTER ROLE {MASTER} NOSUPERUSER".encode())
        connection.execute("CREATE TABLE beats (at timestamptz DEFAULT clock_timestamp())")
        connection.execute("SELECT cron.schedule('* * * * *', 'INSERT INTO public.beats DEFAULT VALUES')")
    beats = "SELECT count(*) FROM beats"
    wait_until(lambda: rows(aurora, source, beats) > [(0,)], timeout_s=_A_MINUTE_S)
    snapshot = aurora.snapshot(source)
    group = aurora.parameter_group(CLONE_PARAMETERS)
    clone = aurora.restore(snapshot, DBClusterParameterGroupName=group)
    check_clone_settings(aurora.login(clone), "postgres", parameter_group=group)
    assert rows(aurora, clone, "SELECT FROM pg_stat_activity WHERE backend_type LIKE 'pg_cron%'") == []
    before = rows(aurora, clone, beats)
    assert quarantine(aurora.login(clone), "postgres").scheduled_jobs == 1
    assert rows(aurora, clone, beats) == before
    save_schema(aurora.login(clone), "postgres")
    entries = read_schema_entries(aurora.login(clone), "postgres")
    assert extensions_left_out(aurora.login(clone), "postgres", entries) == ("pg_cron",)

    # The same with the source's own parameters: it goes on.
    careless = aurora.restore(snapshot, DBClusterParameterGroupName=preloads)
    wait_until(lambda: rows(aurora, careless, beats) > before, timeout_s=_A_MINUTE_S)
