"""Raw values of identifying domains, taken from the clone before they are masked."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from contracts.errors import PreconditionFailed
from contracts.login import Login
from masking.catalogue import Catalogue
from masking.keys import MaskingKeys
from masking.planning.plan import Plan
from masking.proof.blocks import Block
from masking.proof.escapes import folded, undressed
from masking.proof.gathering import Reading, readings
from masking.proof.raw_values import Gathered, RawValues, TooManyRawValues
from masking.proof.scope import own_raw_values
from masking.proof.words import WordKey
from masking.proof.writing import gather
from masking.statements.passes import held_to_policies
from tasks.postgres.masking_session import masking_session
from tasks.postgres.progress import is_done
from tasks.postgres.rewrite import join_owners, remember, remember_whole_tables
from tasks.proof.copies import read_all


def gather_raw_values(login: Login, database: str, catalogue: Catalogue, plan: Plan) -> RawValues:
    """Keyed hashes of the clone's raw values, for :func:`tasks.proof.searching.search_clone` after the pass.

    Also of rows that will be left out and of tables that will be emptied, so those must be there still. The hashes stay
    in this process's memory.

    Raises:
        PreconditionFailed: a pass has begun, or rows were left out, so some raw values are gone; or there are too many.
    """
    join_owners(login, database, plan)
    _check_nothing_is_gone(login, database, plan)
    return read_raw_values(login, database, catalogue, plan)


def gather_and_remember(
    login: Login, database: str, catalogue: Catalogue, plan: Plan, keys: MaskingKeys
) -> RawValues:
    """All that verification will have to know of the clone as it is: :func:`gather_raw_values`, and
    :func:`tasks.postgres.rewrite.remember`.

    Both read whole tables, one to hash values in this process, one to hash them in the server: so they do it at once,
    unless row security holds for owners, lifting which locks its table.

    Raises:
        As both.
    """
    # Before both, as two sessions can't both grant a role.
    join_owners(login, database, plan)
    _check_nothing_is_gone(login, database, plan)
    if held_to_policies(plan):
        found = read_raw_values(login, database, catalogue, plan)
    else:
        with ThreadPoolExecutor(1, thread_name_prefix="remembering") as pool:
            remembering = pool.submit(remember_whole_tables, login, database, catalogue, plan, keys)
            found = read_raw_values(login, database, catalogue, plan)
        remembering.result()
    # Of tables that are emptied or filtered, what goes is gathered first.
    remember(login, database, catalogue, plan, keys)
    return found


def read_raw_values(login: Login, database: str, catalogue: Catalogue, plan: Plan) -> RawValues:
    """The same of a database that isn't going to be masked."""
    found = tuple(readings(plan, catalogue))
    kinds = {
        name: kind for reading in found for name, kind in zip(reading.columns, reading.kinds, strict=True)
    }
    # A value that is somebody's number too is told as that: user names may be any word. So is one that is another
    # column's too, where its own may keep it.
    own = own_raw_values(plan, catalogue)
    kinds = dict(sorted(kinds.items(), key=lambda found: (found[1] == "user name", found[0] in own)))
    numbers = {name: number for number, name in enumerate(kinds)}
    gathered = Gathered(WordKey.drawn(), kinds)

    def take(reading: Reading, blocks: Iterator[Block]) -> None:
        columns = [numbers[name] for name in reading.columns]
        for block in blocks:
            gather(
                folded(undressed(block.text)), reading.kinds, columns, gathered, first_value=block.first_value
            )

    try:
        read_all(login, database, catalogue, found, lambda reading: len(reading.columns), take)
        return gathered.raw_values()
    except TooManyRawValues as error:
        raise PreconditionFailed(
            f"its identifying columns hold {error}, more than the proof's memory is made for",
            resource=f"database {database!r} of the clone",
            remedy="Give columns that identify nobody another masker, or empty tables that nobody needs.",
        ) from None


def _check_nothing_is_gone(login: Login, database: str, plan: Plan) -> None:
    with masking_session(login, database, doing="looking whether it is masked") as connection:
        (has_begun, has_ended), *_ = connection.execute(
            "SELECT pg_catalog.to_regclass('refresh_mask.progress') IS NOT NULL,"
            " pg_catalog.to_regclass('refresh_archive.masking_report') IS NOT NULL"
        ).fetchall()
        is_masked = has_ended or (
            has_begun
            and connection.execute(
                "SELECT FROM refresh_mask.progress WHERE pg_catalog.starts_with(step, 'stage ') LIMIT 1"
            ).rowcount
        )
        is_reduced = has_begun and plan.leaves_rows_out and is_done(connection, "reduced")
    if is_masked or is_reduced:
        raise PreconditionFailed(
            "it, or a part of it, is masked already, and what was known of its raw values is gone with that process",
            resource=f"database {database!r} of the clone",
            remedy="Start again from a new clone.",
        )
