"""Maskers for columns of any type."""

from __future__ import annotations

from psycopg import sql

from masking.maskers.forms import TEXT, as_constant, as_it_is, is_constant, written
from masking.maskers.masker import Masker
from masking.maskers.parameters import Constant, Expression, Keep, Nothing, PasswordHash, Script

GENERAL = (
    Masker(
        name="keep",
        doc="The raw value stays. Give a reason where it looks like personal data.",
        parameters=Keep,
        keyed=False,
        distinct="always",
        coincidence="nothing is masked",
        mask=as_it_is,
        elementwise=False,
        masks=False,
    ),
    Masker(
        name="null",
        doc="NULL in every row, '' too.",
        parameters=Nothing,
        keyed=False,
        coincidence="NULL says nothing",
        mask=lambda use, value: sql.SQL("NULL"),
        holds=lambda use, value: sql.SQL("{} IS NULL").format(value),
        elementwise=False,
    ),
    Masker(
        name="constant",
        doc="One value in every row.",
        parameters=Constant,
        keyed=False,
        coincidence="a row may have had the constant before",
        mask=as_constant,
        holds=is_constant,
        elementwise=False,
    ),
    Masker(
        name="sql",
        doc=(
            "Any SQL expression over the row's own columns, as the scripts left them; of other masked columns it sees "
            "the masks. NULL and '' are its author's."
        ),
        parameters=Expression,
        keyed=False,
        distinct="author",
        mask=written,
        elementwise=False,
    ),
    Masker(
        name="script",
        doc="Assigned by masking/*.sql in every row. NULL and '' are the script's.",
        parameters=Script,
        keyed=False,
        distinct="author",
        mask=as_it_is,
        elementwise=False,
    ),
    Masker(
        name="password_hash",
        doc=(
            "One hash in every row, so that every account has a known development password: by default bcrypt's of "
            "the word password (cost 10). Give value for another scheme."
        ),
        parameters=PasswordHash,
        types=TEXT,
        keyed=False,
        coincidence="an account may have had it before",
        mask=as_constant,
        holds=is_constant,
        elementwise=False,
    ),
)
