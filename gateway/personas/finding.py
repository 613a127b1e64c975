"""Personas are found by words and by what they mean, in one ranking."""

from msgspec import structs

from gateway.auth.guard import Caller
from gateway.errors import Detail, Fault, Refusal
from gateway.personas.model import Persona
from gateway.personas.nearness import NEAREST, Nearness, fused
from gateway.personas.store import search, vectors
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
        ids = await nearness.nearest(connection, caller.workspace_id, question, NEAREST)
        near = structs.replace(wanted, words="", among=tuple(ids), limit=len(ids))
        meant = await search.find(connection, caller.workspace_id, caller.owner, near) if ids else []
        is_new = not await vectors.is_wanted(connection, caller.workspace_id)
    if is_new:
        async with database.write() as connection:
            await vectors.want(connection, caller.workspace_id)
    known = {each.id: each for each in (*worded, *meant)}
    ranked = fused((each.id for each in worded), (each for each in ids if each in known))
    return [known[each] for each in ranked[:limit]]
