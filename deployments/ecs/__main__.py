"""``python -m deployments.ecs``: print the base job template of the pool that a file describes."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from contracts.errors import ConfigurationError
from deployments.ecs.job_template import base_job_template
from deployments.ecs.pool import read_pool

POOL_FILE = Path(__file__).with_name("pool.yaml")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m deployments.ecs", description=__doc__)
    parser.add_argument(
        "file", nargs="?", type=Path, default=POOL_FILE, help="YAML or JSON; pool.yaml by default"
    )
    options = parser.parse_args(arguments)
    try:
        pool = read_pool(options.file)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(base_job_template(pool), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
