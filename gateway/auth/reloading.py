"""`POST /v1/admin/reload` has the parent read the configuration again."""

import asyncio

import msgspec
from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from gateway.auth.access import AnyRequest, Store, actor_of, caller_of, shared
from gateway.auth.rights import still_valid
from gateway.bulletin import Bulletin, Outcome
from gateway.errors import Fault, Refusal
from gateway.storage import audit

SECONDS = 50.0
"""Seconds that new workers may take until they are ready, before the caller is told to look later.

Many clients, `persona reload` among them, wait a minute for an answer.
"""
LOOK_SECONDS = 0.05
SUBJECT = "gateway"
RELOADING = {
    "scope": "config:write",
    "operator": True,
    "faults": (Fault.CONFIG_REFUSED, Fault.RELOAD_PENDING),
}

Board = NamedDependency[SkipValidation[Bulletin | None]]


class ReloadView(msgspec.Struct, frozen=True):
    """Tells of a configuration that has come into force."""

    changed: list[str]
    """Tables of the configuration that are not as they were before."""


@post("/admin/reload", status_code=200, opt=RELOADING, summary="Read the configuration again")
async def reload_gateway(request: AnyRequest, database: Store, bulletin: Board) -> ReloadView:
    """New workers begin with the configuration as it is now, and the old ones finish what they have begun.

    The answer comes once all new workers take requests. Where the configuration is wrong, or changes what
    only a restart can, the old one stays in force.
    """
    async with database.write() as connection:
        await still_valid(connection, caller_of(request))
    if bulletin is None:
        raise Refusal(Fault.CONFIG_REFUSED, "This gateway runs in a single process; start it again.")
    outcome = await _outcome(bulletin)
    if not outcome.is_done:
        raise Refusal(Fault.CONFIG_REFUSED, outcome.text)
    changed = outcome.text.split()
    async with database.write() as connection:
        await audit.note(connection, actor_of(request), "gateway.reloaded", SUBJECT, changed=changed)
    return ReloadView(changed)


def reload_router(bulletin: Bulletin | None) -> Router:
    parts = {"bulletin": shared(bulletin)}
    return Router("/", route_handlers=[reload_gateway], dependencies=parts, tags=["Gateway"])


async def _outcome(bulletin: Bulletin) -> Outcome:
    """Ask, and wait for the answer. Raises Refusal where it takes too long."""
    ticket = bulletin.ask()
    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS
    while loop.time() < end:
        found = bulletin.read(ticket)
        if found is not None:
            return found
        await asyncio.sleep(LOOK_SECONDS)
    raise Refusal(Fault.RELOAD_PENDING)
