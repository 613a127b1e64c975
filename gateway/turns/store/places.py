"""The places in the order of turns between which those of some time lie."""

import msgspec
from sqlalchemy import BigInteger, func, literal, select

from gateway.storage.connection import AsyncConnection
from gateway.turns.store.rows import TURN

SLACK_MS = 2 * 3_600_000
"""No turn takes longer than this from its beginning to its row."""
FAR = 2**62


class Stretch(msgspec.Struct, frozen=True):
    """The turns with a `seq` above the one and below the other."""

    above: int = -1
    below: int = FAR


async def stretch(connection: AsyncConnection, since: int | None, until: int | None) -> Stretch:
    """Find where turns lie that began between these milliseconds; a few more may lie there.

    Places are the order in which turns ended. A turn that began long before `since` stood in the store before
    any that is wanted began, and so did all that lie before it; the like holds behind `until`. So each look
    of a search by halves proves its own bound, and no index over times is needed.
    """
    if since is None and until is None:
        return Stretch()
    first, last = (await connection.execute(select(func.min(TURN.seq), func.max(TURN.seq)))).one()
    if last is None:
        return Stretch()
    above, below = -1, FAR
    if since is not None:
        above = await _border(connection, first, last, since - SLACK_MS)
    if until is not None:
        border = await _border(connection, first, last, until + SLACK_MS)
        below = FAR if border >= last else border + 1
    return Stretch(above, below)


async def _border(connection: AsyncConnection, first: int, last: int, at: int) -> int:
    """Find, by halves, the last place before the turns that began at this time or later."""
    low, high = first, last
    while low <= high:
        middle = (low + high) // 2
        row = await _next(connection, middle)
        if row is None or row[0] > high:
            high = middle - 1
        elif row[1] < at:
            low = row[0] + 1
        else:
            high = middle - 1
    return high


async def _next(connection: AsyncConnection, seq: int) -> tuple[int, int] | None:
    query = select(TURN.seq, TURN.created_at).where(TURN.seq >= literal(seq, BigInteger))
    row = (await connection.execute(query.order_by(TURN.seq).limit(1))).first()
    return None if row is None else (row.seq, row.created_at)
