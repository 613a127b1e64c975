"""Personas are found by words and by what they mean, in one ranking."""

import asyncio

from msgspec import structs

from gateway.auth.guard import Caller
from gateway.errors import Detail, Fault, Refusal
from gateway.personas.model import Persona
from gateway.personas.nearness import NEAREST, Nearness, Ranking, fused
from gateway.personas.store import search, vectors
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.turnstile import Turnstile

SECONDS = 3.0
"""Seconds for the statements of a search; only a text made to be slow takes longer."""


def require_fitting(q: str, *, after: str | None, source: str | None) -> None:
    """Raises Refusal for what does not go with `semantic`."""
    problem = "" if q.strip() else "`semantic` needs `q`; say what is looked for."
    for name, value in (("after", after), ("source", source)):
        if value is not None:
            problem = problem or f"`{name}` goes with no `semantic`; leave one of the two out."
    if problem:
        details = [Detail(["query", "semantic"], problem, "value_error")]
        raise Refusal(Fault.REQUEST_INVALID, problem, param="semantic", details=details)


async def find_near(
    database: Database,
    turnstile: Turnstile,
    nearness: Nearness,
    caller: Caller,
    wanted: search.Search,
    limit: int,
) -> list[Persona]:
    """Find personas by words and by what they mean, the best first. Raises Refusal."""
    question = await nearness.question(wanted.words)
    async with turnstile.through(caller.workspace_id), database.read(SECONDS) as connection:
        worded = await search.find(connection, caller.workspace_id, caller.owner, wanted)
        ranking = await nearness.ranking(connection, caller.workspace_id, question)
        ids, meant = await _nearest(connection, caller, ranking, wanted, limit)
        is_new = not await vectors.is_wanted(connection, caller.workspace_id)
    if is_new:
        async with database.write() as connection:
            await vectors.want(connection, caller.workspace_id)
    known = {each.id: each for each in (*worded, *meant)}
    ranked = fused((each.id for each in worded), (each for each in ids if each in known))
    return [known[each] for each in ranked[:limit]]


async def _nearest(
    connection: AsyncConnection, caller: Caller, ranking: Ranking, wanted: search.Search, limit: int
) -> tuple[list[str], list[Persona]]:
    """Rank the nearest personas that the caller may know of and wants; they come in no order beside it.

    The nearest of all are enough for most. Where too few of them may be found, all that may be are ranked.
    """
    plain = structs.replace(wanted, words="")
    place = (connection, caller.workspace_id, caller.owner)

    async def found(ids: list[str]) -> tuple[list[str], list[Persona]]:
        near = structs.replace(plain, among=tuple(ids), limit=len(ids))
        return ids, await search.find(*place, near) if ids else []

    ids, meant = await found(await asyncio.to_thread(ranking.best, NEAREST))
    if len(meant) >= limit or len(ids) == len(ranking.ids):
        return ids, meant
    allowed = await search.ids(*place, plain)
    return await found(await asyncio.to_thread(ranking.best, NEAREST, allowed))
