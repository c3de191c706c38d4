"""The work pool of masking as a job of its own differs from the other one in who it is and what it reaches."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml import YAML

from deployments.ecs.job_template import base_job_template
from deployments.ecs.pool import read_pool

DEPLOYMENTS = Path(__file__).parents[3] / "deployments"
POOL = read_pool(DEPLOYMENTS / "ecs" / "pool.yaml")
MASK_POOL = read_pool(DEPLOYMENTS / "ecs" / "mask-pool.yaml")


def test_it_has_a_family_a_role_and_a_network_of_its_own_and_all_else_alike() -> None:
    pool, mask = POOL.model_dump(), MASK_POOL.model_dump()
    assert {name for name in pool if pool[name] != mask[name]} == {
        "family",
        "task_role_arn",
        "security_group_ids",
    }


def test_its_tasks_are_of_the_family_that_the_workers_role_may_run() -> None:
    definition = base_job_template(MASK_POOL)["job_configuration"]["task_definition"]
    assert definition["family"] == "refresh-mask"
    policy = (DEPLOYMENTS / "terraform" / "policies" / "worker.json.tftpl").read_text()
    assert policy.count("task-definition/refresh-mask:*") == policy.count("task-definition/refresh:*")


def test_its_deployment_is_the_mask_flow_in_that_pool() -> None:
    (deployment,) = YAML(typ="safe").load(DEPLOYMENTS / "mask" / "prefect.yaml")["deployments"]
    assert deployment["entrypoint"] == "flows/mask.py:mask"
    assert deployment["work_pool"] == {"name": "refresh-mask"}
    assert "{{" not in (DEPLOYMENTS / "mask" / "prefect.yaml").read_text()
