"""``python -m deployments.localaws``: local AWS for people, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import os
import signal
import threading
from pathlib import Path
from types import FrameType

from deployments.localaws.ecs.images import Image
from deployments.localaws.server import LocalAws

_HELP = """\
Local AWS is up. Each Aurora cluster that is made here is a PostgreSQL server on this machine, each ECS task a process.

  endpoint       {endpoint}
  region         {region}
  account        {account}
  RDS CA bundle  {ca_bundle}
  call log       {calls}

To point the AWS CLI, boto3 or Terraform at it:

  export AWS_ENDPOINT_URL={endpoint} AWS_DEFAULT_REGION={region}
  export AWS_ACCESS_KEY_ID={account} AWS_SECRET_ACCESS_KEY=local
  aws rds describe-db-clusters

An access key id of twelve digits is the account, so another account is another key id.
To connect to a cluster: psql "host=127.0.0.1 port=<its Port> user=<its MasterUsername> dbname=postgres
sslmode=verify-full sslrootcert={ca_bundle}"

All of it ends, and is deleted, with this process. Stop it by Ctrl-C.
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deployments.localaws", description=__doc__)
    parser.add_argument("--home", type=Path, help="where calls.jsonl, localaws.log and ca.pem are kept")
    parser.add_argument("--region", default="eu-west-1")
    parser.add_argument("--account", default="123456789012", help="the account of unknown access keys")
    parser.add_argument("--port", type=int, default=0, help="of the endpoint; a free one if not given")
    parser.add_argument("--least-status-s", type=float, default=0.3, help="how long a status lasts at least")
    parser.add_argument(
        "--image",
        action="append",
        default=[],
        metavar="REFERENCE",
        help="a container image that this directory, with the programs on PATH, stands for on ECS",
    )
    parser.add_argument(
        "--enforce-iam", action="store_true", help="hold roles' sessions and users to their policies"
    )
    given = parser.parse_args()
    # Else AWS's managed policies, such as the one for ECS task execution, can't be attached.
    os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")

    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    with LocalAws(
        home=given.home,
        region=given.region,
        account_id=given.account,
        least_status_s=given.least_status_s,
        port=given.port,
    ) as aws:
        here = Image(directory=Path.cwd(), environment={"PATH": os.environ["PATH"]})
        aws.images.update(dict.fromkeys(given.image, here))
        aws.iam.is_on = given.enforce_iam
        print(
            _HELP.format(
                endpoint=aws.endpoint_url,
                region=aws.region,
                account=aws.account_id,
                ca_bundle=aws.ca_bundle,
                calls=aws.ca_bundle.with_name("calls.jsonl"),
            ),
            flush=True,
        )
        stopped.wait()


if __name__ == "__main__":
    main()
