"""The SQL of maskers that move a value: by subject, into a bucket, into another row, within a radius."""

from __future__ import annotations

from psycopg import sql

from masking.maskers.forms import DATES
from masking.maskers.masker import Use, literal, text_of
from masking.maskers.parameters import Bucket, DateShift, GeoJitter, Shuffle


def shifted(use: Use, value: sql.Composable) -> sql.Composable:
    """A day is 24 hours, also where a session's time zone has shorter ones."""
    if not isinstance(use.parameters, DateShift):
        raise TypeError(use.parameters)
    days = sql.SQL("refresh_mask.shift_of(CAST({} AS pg_catalog.text), {}, {})").format(
        sql.Identifier(use.parameters.subject), literal(use.parameters.days), literal(use.domain)
    )
    if use.column.element_type == "date":
        return sql.SQL("CASE WHEN {value} IS NOT NULL THEN {value} + {days} END").format(
            value=value, days=days
        )
    return sql.SQL(
        "CASE WHEN {value} IS NOT NULL THEN {value} + pg_catalog.make_interval(hours => 24 * {days}) END"
    ).format(value=value, days=days)


def shuffled(use: Use, value: sql.Composable) -> sql.Composable:
    """What ``masking.statements.shuffles`` has put beside the row's key."""
    if not isinstance(use.parameters, Shuffle):
        raise TypeError(use.parameters)
    return sql.SQL("CAST(refresh_mask.shuffle({}, {}, {}, {}) AS {})").format(
        text_of(value),
        text_of(sql.Identifier(use.parameters.by)),
        literal(use.origin),
        literal(use.domain),
        use.element_type,
    )


def is_shuffled(use: Use, value: sql.Composable) -> sql.Composable:
    """Whether a row has the value that the map gave it; the column that tells rows apart is a kept one."""
    if not isinstance(use.parameters, Shuffle):
        raise TypeError(use.parameters)
    return sql.SQL(
        "{text} IS NULL OR {text} = '' OR {text} = (SELECT s.value FROM refresh_mask.shuffled s"
        " WHERE s.place = {place} AND s.mac = refresh_mask.mac({subject}, {domain}))"
    ).format(
        text=text_of(value),
        place=literal(use.origin),
        subject=text_of(sql.Identifier(use.parameters.by)),
        domain=literal(use.domain),
    )


def bucketed(use: Use, value: sql.Composable) -> sql.Composable:
    if not isinstance(use.parameters, Bucket):
        raise TypeError(use.parameters)
    if use.column.element_type not in DATES:
        return sql.SQL(
            "CAST(pg_catalog.trunc(CAST({value} AS pg_catalog.numeric) / {width}) * {width} AS {type})"
        ).format(value=value, width=literal(use.parameters.width), type=use.element_type)
    bucket = sql.SQL("pg_catalog.date_trunc({}, {})").format(
        literal(use.parameters.to),
        sql.SQL("{} AT TIME ZONE 'UTC'").format(value)
        if use.column.element_type == "timestamptz"
        else sql.SQL("CAST({} AS pg_catalog.timestamp)").format(value),
    )
    if use.column.element_type == "timestamptz":
        return sql.SQL("({} AT TIME ZONE 'UTC')").format(bucket)
    return sql.SQL("CAST({} AS {})").format(bucket, use.element_type)


def is_bucket(use: Use, value: sql.Composable) -> sql.Composable:
    return sql.SQL("{value} IS NULL OR {value} = {bucket}").format(value=value, bucket=bucketed(use, value))


def jittered(use: Use, value: sql.Composable) -> sql.Composable:
    if not isinstance(use.parameters, GeoJitter):
        raise TypeError(use.parameters)
    radius, domain = literal(use.parameters.radius_m), literal(use.domain)
    if use.column.element_type == "point":
        return sql.SQL("refresh_mask.near_point({}, {}, {})").format(value, radius, domain)
    return sql.SQL(
        "CAST(refresh_mask.near_degrees(CAST({} AS pg_catalog.numeric), CAST({} AS pg_catalog.numeric), {}) AS {})"
    ).format(value, radius, domain, use.element_type)
