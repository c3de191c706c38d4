"""``python -m deployments.demo.up``: the whole of it on this machine, as it runs on AWS, until Ctrl-C.

Local AWS with a production and two target databases, a Prefect server, an ECS worker, all deployments, all automations.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import psycopg
from psycopg import sql

from blocks.config_root import CHECKOUT
from deployments.demo.ecs import make_ecs, worker_environment
from deployments.demo.services import free_port, local_environment, run, start_ecs_worker, start_server
from deployments.demo.world import World, build_world, load_look_alike, load_staging
from deployments.ecs.job_template import base_job_template
from deployments.localaws import LocalAws
from deployments.localaws.slack import SlackReceiver

DIRECTORY = CHECKOUT / ".up"
POOL = "refresh"
DEV_DATABASE = "shop_dev"

_READY = """\

Everything is up.

  Prefect       {ui}
  local AWS     {endpoint}   (region {region}, account {account})
  logs          {logs}

To start a refresh: Deployments, refresh/adhoc, Run; or, in another terminal:

  export PREFECT_API_URL={ui}/api
  .venv/bin/prefect deployment run refresh/adhoc --param env=staging --watch

Each run is a task on local AWS's ECS. What Slack would show is printed here. Ctrl-C ends and deletes all of it.
"""


@dataclass(frozen=True, kw_only=True)
class Running:
    world: World
    ui_url: str
    worker_log: Path


@contextmanager
def up(directory: Path, *, port: int | None = None, lost_after_s: float | None = None) -> Iterator[Running]:
    """All of it, in ``directory``, until the block ends."""
    with ExitStack() as stack:
        slack = stack.enter_context(SlackReceiver())
        aws = stack.enter_context(LocalAws(home=directory / "localaws"))
        _say("Local AWS: production, staging and dev, each a database in a real PostgreSQL server…")
        world = build_world(aws, slack, config_root=directory / "config", database="shop")
        _fill(world)
        port = port or free_port()
        ui_url = f"http://127.0.0.1:{port}"
        settings = {"PREFECT_API_URL": f"{ui_url}/api", "PREFECT_UI_URL": ui_url}
        _say("A Prefect server…")
        server = start_server(
            port, local_environment(directory / "server", settings), directory / "server.log"
        )
        stack.callback(server.stop)
        pool = make_ecs(world, prefect_api_url=f"{ui_url}/api", environment={"PREFECT_UI_URL": ui_url})
        template = directory / "base-job-template.json"
        template.write_text(json.dumps(base_job_template(pool), indent=2))
        client = local_environment(
            directory / "client",
            {**settings, **worker_environment(world), "REFRESH_CONFIG_ROOT": str(world.config_root)},
        )
        _say("The work pool, the envs, the deployments, the automations…")
        prefect = ["-m", "prefect"]
        run(
            [*prefect, "work-pool", "create", POOL, "--type", "ecs", "--base-job-template", str(template)],
            client,
        )
        run(["-m", "blocks.register"], client)
        run([*prefect, "deploy", "--all", "--no-prompt"], client)
        lost_after = [] if lost_after_s is None else ["--lost-after-s", str(lost_after_s)]
        run(["-m", "deployments.automations", "--slack-secret", world.secrets["slack"], *lost_after], client)
        _say("The ECS worker…")
        worker_log = directory / "worker.log"
        worker = start_ecs_worker(
            POOL,
            local_environment(directory / "worker", {**settings, **worker_environment(world)}),
            worker_log,
        )
        stack.callback(worker.stop)
        yield Running(world=world, ui_url=ui_url, worker_log=worker_log)


def _fill(world: World) -> None:
    load_look_alike(world)
    with psycopg.connect(world.target_conninfo("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER master TEMPLATE template0").format(sql.Identifier(DEV_DATABASE))
        )
    load_staging(world, DEV_DATABASE)
    world.write_environment("dev", target={"database": DEV_DATABASE})
    shutil.copytree(CHECKOUT / "sql" / "databases" / "shop", world.config_root / "sql" / "databases" / "shop")


def _say(line: str) -> None:
    print(line, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m deployments.demo.up", description=__doc__)
    parser.add_argument(
        "--directory", type=Path, default=DIRECTORY, help="for logs and files; emptied at the start"
    )
    parser.add_argument("--port", type=int, help="of the Prefect server; a free one by default")
    options = parser.parse_args(arguments)
    directory = options.directory.resolve()
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for name in [name for name in os.environ if name.startswith(("AWS_", "PREFECT_", "PG", "REFRESH_"))]:
        del os.environ[name]
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        with up(directory, port=options.port) as running:
            aws = running.world.aws
            _say(
                _READY.format(
                    ui=running.ui_url,
                    endpoint=aws.endpoint_url,
                    region=aws.region,
                    account=aws.account_id,
                    logs=directory,
                )
            )
            _show_slack(running.world.slack, stopped)
    except KeyboardInterrupt:
        _say("Everything has ended.")
    return 0


def _show_slack(slack: SlackReceiver, stopped: threading.Event) -> None:
    shown = 0
    while not stopped.wait(0.5):
        for message in slack.messages[shown:]:
            _say(f"Slack: {message['text']}")
            shown += 1


if __name__ == "__main__":
    sys.exit(main())
