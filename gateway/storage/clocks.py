"""The store knows when it was written to last, by whatever machine, and a server what time it is."""

from sqlalchemy import func, select

from gateway.storage import tables
from gateway.storage.connection import AsyncConnection


async def newest_ms(connection: AsyncConnection) -> int | None:
    """Return when the newest turn or change was written, in Unix milliseconds; `None` where there is none."""
    turns, changes = tables.turns.c, tables.changes.c
    queries = (
        select(turns.created_at).order_by(turns.seq.desc()).limit(1),
        select(changes.at).order_by(changes.seq.desc()).limit(1),
    )
    found = [(await connection.execute(query)).scalar() for query in queries]
    return max((at for at in found if at is not None), default=None)


async def server_ms(connection: AsyncConnection) -> int | None:
    """Return the time of the database's own machine in Unix milliseconds; `None` where it is a file."""
    if connection.dialect.name != "postgresql":
        return None
    query = select(func.extract("epoch", func.clock_timestamp()))
    return int(float((await connection.execute(query)).scalar_one()) * 1000)
