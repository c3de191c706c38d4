"""No secret is taken from a command line, and none is shown."""

from __future__ import annotations

import pytest

from contracts.errors import ConfigurationError
from tasks.policy_check.dsn import read_catalogue_at


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://shop:s3cret@db.example/shop",
        "postgres://db.example/shop?password=s3cret",
        "host=db.example dbname=shop password=s3cret",
        "host=db.example sslpassword='s3cret'",
    ],
)
def test_a_password_in_a_dsn_is_refused_with_the_ways_to_give_one(dsn: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_catalogue_at(dsn)
    message = str(caught.value)
    assert all(way in message for way in ("PGPASSWORD", "PGPASSFILE", "pg_service.conf"))
    assert "s3cret" not in message + repr(caught.value.__dict__)


@pytest.mark.parametrize(
    "dsn", ["s3cret", "host=x pasword=s3cret", "postgresql://u:s3cret@[::1", "host='s3cret"]
)
def test_what_is_no_conninfo_is_not_quoted(dsn: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_catalogue_at(dsn)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
