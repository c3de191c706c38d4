"""``python -m blocks.register``: save every environment file as a block, and give each env its concurrency limit."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from prefect.client.orchestration import get_client

from blocks.environment_files import check_against_each_other, read_environment, read_environments
from blocks.refresh_environment import RefreshEnvironment, make_block
from blocks.vault_extra import check_vault_client
from contracts.environment import Environment, environment_json_schema
from contracts.errors import ConfigurationError


def concurrency_limit_name(env: str) -> str:
    """The global concurrency limit that lets one refresh of ``env`` run at a time."""
    return f"refresh-{env}"


def register(environments: Sequence[Environment]) -> None:
    """Save (or save anew) the block and the limit of each env.

    Raises:
        ConfigurationError: an env needs what isn't installed here; nothing was saved.
    """
    for environment in environments:
        check_vault_client(environment)
    RefreshEnvironment.register_type_and_schema()
    with get_client(sync_client=True) as client:
        for environment in environments:
            block = make_block(environment)
            block.source_credentials.save(f"refresh-{environment.name}-source", overwrite=True)
            block.target_credentials.save(f"refresh-{environment.name}-target", overwrite=True)
            block.save(environment.name, overwrite=True)
            client.upsert_global_concurrency_limit_by_name(concurrency_limit_name(environment.name), limit=1)


def register_env(env: str) -> None:
    """Register the one env, after holding its file against the others."""
    register((read_environment(env),))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m blocks.register", description=__doc__)
    parser.add_argument("envs", nargs="*", metavar="ENV", help="envs to register; all by default")
    parser.add_argument(
        "--json-schema", type=Path, metavar="FILE", help="write the JSON Schema of environment files"
    )
    options = parser.parse_args(arguments)
    try:
        if options.json_schema:
            options.json_schema.write_text(
                json.dumps(environment_json_schema(), indent=2) + "\n", encoding="utf-8"
            )
        if options.envs:
            environments = tuple(read_environment(env) for env in options.envs)
        else:
            environments = read_environments()
            check_against_each_other(environments)
        register(environments)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    for environment in environments:
        print(
            f"registered env {environment.name}: {environment.source.cluster} → {environment.target.cluster}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
