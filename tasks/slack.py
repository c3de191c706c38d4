"""Slack hears of a refresh through a SlackWebhook block made for the moment: its URL is a secret, never saved."""

from __future__ import annotations

from prefect.logging import get_logger
from prefect_slack.credentials import SlackWebhook

from blocks.refresh_environment import RefreshEnvironment
from tasks.quiet import withhold_bodies
from tasks.secrets.reading import read_secret


def post(block: RefreshEnvironment, message: str) -> None:
    """Say ``message`` where the env says; where it says nowhere, do nothing.

    Never raises: no failure to notify fails a refresh. The log then says that Slack didn't hear of it.
    """
    settings = block.environment.slack
    if settings is None:
        return
    try:
        url = read_secret(block, settings.webhook_secret)
        withhold_bodies()
        SlackWebhook(url=url).notify(message)
    except Exception as error:  # noqa: BLE001 - told by its kind only: its text may hold the URL
        get_logger("refresh.slack").warning("Slack wasn't told: %s", type(error).__name__)
