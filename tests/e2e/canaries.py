"""What must be nowhere after a refresh: values of production's rows, and the secrets that the run could read."""

from __future__ import annotations

import json

import psycopg

from deployments.demo.world import World
from masking.maskers.words import word_lists

LEAST_LENGTH = 8
"""Shorter values stand in other texts by chance."""

# A value or two of every personal column of the look-alike, for some of its rows: what leaks, leaks by the column.
_VALUES = """
SELECT unnest(ARRAY[
    ssn, phone, full_name, last_name, street, host(last_login_ip), password_hash, api_token,
    profile ->> 'display_name', profile #>> '{emergency_contact,name}', profile #>> '{emergency_contact,phone}'])
FROM (SELECT * FROM users ORDER BY id LIMIT 60) AS u
UNION SELECT unnest(ARRAY[card_holder, card_token]) FROM (SELECT * FROM payments ORDER BY id LIMIT 30) AS p
UNION SELECT body FROM (SELECT * FROM support_messages ORDER BY id LIMIT 30) AS m
UNION SELECT subject FROM support_messages WHERE subject LIKE 'Wrong address for%' AND id <= 30
UNION SELECT delivery_note FROM orders WHERE delivery_note LIKE 'Please ring%' AND id <= 60
UNION SELECT "Note Text" FROM "Customer Notes" WHERE "Customer Id" <= 180
UNION SELECT file_name FROM documents
UNION SELECT unnest(ARRAY[token, host(ip)]) FROM (SELECT * FROM sessions ORDER BY user_id LIMIT 20) AS s
-- The domain of every e-mail address, those in the audit log included, as the two ways of writing it have it.
UNION SELECT unnest(regexp_match(new_email, '@(.*)[.]')) FROM audit_log
"""


def canaries_of(world: World) -> list[str]:
    """Values that no mask can be, and every secret but the clone's own password."""
    words = {word for words in word_lists().values() for word in words}
    with psycopg.connect(world.source_conninfo()) as connection:
        values = {
            value
            for (value,) in connection.execute(_VALUES)
            if value and len(value) >= LEAST_LENGTH and value.lstrip("0123456789 ") not in words
        }
    assert {"larkfield-mail", "Larkfield-Mail"} <= values
    secrets = world.aws.client("secretsmanager")
    for name in ("target", "root-key", "slack"):
        text = secrets.get_secret_value(SecretId=world.secrets[name])["SecretString"]
        values.add(json.loads(text)["password"] if text.startswith("{") else text)
    values.add(world.source_password)
    assert len(values) > 500
    return sorted(values)


def birthdays_of(world: World) -> list[str]:
    """Dates of birth. Another person's mask may be one of them, so they may stand in the archive."""
    query = "SELECT DISTINCT date_of_birth::text FROM users WHERE date_of_birth IS NOT NULL AND id <= 60"
    with psycopg.connect(world.source_conninfo()) as connection:
        return [value for (value,) in connection.execute(query)]
