"""Bring the server's automations in line with their definitions; again does no harm."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from prefect.automations import AutomationCore
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect_slack.credentials import SlackWebhook
from pydantic import SecretStr

from contracts.errors import ConfigurationError

JANITOR = "janitor/janitor"
SLACK_BLOCK = "refresh-alerts"


def apply(wanted: Iterable[AutomationCore]) -> list[str]:
    """Create each, or change the one of its name; the names."""
    names = []
    with get_client(sync_client=True) as client:
        for automation in wanted:
            existing = client.read_automations_by_name(automation.name)
            if existing:
                client.update_automation(existing[0].id, automation)
            else:
                client.create_automation(automation)
            names.append(automation.name)
    return names


def janitor_deployment_id() -> UUID:
    with get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name(JANITOR)
        except ObjectNotFound:
            raise ConfigurationError(
                "the server doesn't know it, and it is what an automation runs",
                resource=f"deployment {JANITOR}",
                remedy="Make the deployments first: prefect deploy --all",
            ) from None
    return deployment.id


def save_slack_block(url: SecretStr) -> UUID:
    """The server posts by itself, so it has to hold the webhook's address: in a block, encrypted in its database."""
    return UUID(str(SlackWebhook(url=url).save(SLACK_BLOCK, overwrite=True)))


def find_slack_block() -> UUID | None:
    """The block of an earlier time, if there is one."""
    with get_client(sync_client=True) as client:
        try:
            return client.read_block_document_by_name(SLACK_BLOCK, SlackWebhook.get_block_type_slug()).id
        except ObjectNotFound:
            return None
