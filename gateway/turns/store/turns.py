"""Turns are written once, and listed in the order in which they ended."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, func, literal, select, update

from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.storage.feed import Feed
from gateway.storage.insertion import insert_new
from gateway.storage.matching import among, matching
from gateway.storage.visibility import is_open
from gateway.storage.words import asked_for
from gateway.turns import rollup
from gateway.turns.store import hours
from gateway.turns.store.places import Stretch, stretch
from gateway.turns.store.rows import BRIEF, COLUMNS, TURN, WHOLE, Stored, erased, row_of, turn_of
from gateway.turns.turn import Turn

MESSAGE = tables.messages.c
_PERSONA = tables.personas.c.id
_PERSONAS = select(_PERSONA).where(_PERSONA.in_(bindparam("ids", expanding=True)))
_CHARGE = update(tables.turns).where(TURN.id == bindparam("turn")).values(cost_usd=bindparam("usd"))


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Says which turns are wanted; times are milliseconds since the epoch, `after` a place in the order."""

    persona_id: str | None = None
    version: int | None = None
    verdict: str | None = None
    status: str | None = None
    request_id: str | None = None
    upstream: str | None = None
    since: int | None = None
    until: int | None = None
    words: str = ""
    """All of these are in one message of the turn's conversation, or begin words there."""
    owner: str | None = None
    """Whoever asks by words finds nothing in what is hidden from this owner; `None` may know of all."""
    after: int | None = None
    within: Stretch | None = None
    """The places between which turns of these times lie, so that none before or behind is looked at."""


class Ended(NamedTuple):
    turns: list[Stored]
    is_lost: bool
    """Tells whether turns may be missing before these, because the store is another one than before."""


async def insert(connection: AsyncConnection, turns: Sequence[Turn], *, are_new: bool = False) -> None:
    """Insert turns and add them up, but not again: a batch may come a second time after a doubtful commit.

    `are_new` tells that none of them can be there yet. Turns whose persona has been purged keep ids only.
    """
    there: set[str] = set()
    if not are_new:
        ids = [turn.id for turn in turns]
        there = set(await connection.scalars(select(TURN.id).where(TURN.id.in_(ids))))
    turns = list({turn.id: turn for turn in turns if turn.id not in there}.values())
    purged = await _purged(connection, {turn.persona_id for turn in turns if turn.persona_id is not None})
    rows = [erased(turn) if turn.persona_id in purged else row_of(turn) for turn in turns]
    await insert_new(connection, tables.turns, COLUMNS, rows)
    await hours.add(connection, tables.usage_hours, rollup.usage(turns))
    scores = [rollup.Score(turn, turn.drift, turn.coherence) for turn in turns]
    await hours.add(connection, tables.drift_hours, rollup.drift(scores))


async def charge(connection: AsyncConnection, charged: Sequence[Turn]) -> None:
    """Write the costs of turns that were written before anybody knew their price, but not again."""
    by_id = {turn.id: turn for turn in charged}
    unpriced = select(TURN.id).where(TURN.id.in_(by_id), TURN.cost_usd.is_(None))
    found = [by_id[turn_id] for turn_id in await connection.scalars(unpriced)]
    if found:
        await connection.execute(_CHARGE, [{"turn": turn.id, "usd": turn.cost_usd} for turn in found])
        await hours.add(connection, tables.usage_hours, rollup.charges(found))


async def _purged(connection: AsyncConnection, persona_ids: set[str]) -> set[str]:
    """Find those of these personas that are there no more."""
    if not persona_ids:
        return set()
    found = await connection.execute(_PERSONAS, {"ids": sorted(persona_ids)})
    return persona_ids - set(found.scalars())


async def listed(
    connection: AsyncConnection, workspace_id: str, wanted: Filter, *, limit: int = 50
) -> list[Stored]:
    """List turns without their details; those that ended last come first."""
    query = narrowed(BRIEF.where(TURN.workspace_id == workspace_id), wanted)
    if wanted.after is not None:
        query = query.where(TURN.seq < literal(wanted.after, BigInteger))
    if wanted.words.strip():
        sought = asked_for(wanted.words)
        if sought is None:
            return []
        query = query.where(await _said(connection, workspace_id, sought))
        if wanted.owner is not None:
            query = query.where(is_open(workspace_id, wanted.owner))
    rows = await connection.execute(query.order_by(TURN.seq.desc()).limit(limit))
    return [turn_of(row) for row in rows]


async def _said(connection: AsyncConnection, workspace_id: str, sought: str) -> ColumnElement[bool]:
    """Choose the turns of conversations in which this was said; an answer's message has its turn's id."""
    found = matching(tables.message_words, workspace_id, sought)
    talks = select(MESSAGE.conversation).where(await among(connection, MESSAGE.seq, found))
    return TURN.id.in_(select(MESSAGE.id).where(MESSAGE.conversation.in_(talks)))


async def placed(connection: AsyncConnection, workspace_id: str, wanted: Filter) -> Filter | None:
    """Say between which places what is wanted lies; `None` where no such turn was ever counted.

    No index knows of a turn's version and upstream, of which there may be few among very many others.
    """
    since, until = wanted.since, wanted.until
    if wanted.version is not None or wanted.upstream is not None:
        span = await hours.lived(connection, workspace_id, wanted.persona_id, wanted.version, wanted.upstream)
        if span is None or span.since is None or span.until is None:
            return None
        since = max(since or 0, span.since)
        until = span.until if until is None else min(until, span.until)
    return msgspec.structs.replace(wanted, within=await stretch(connection, since, until))


async def find(connection: AsyncConnection, workspace_id: str, turn_id: str) -> Stored | None:
    query = WHOLE.where(TURN.id == turn_id, TURN.workspace_id == workspace_id)
    row = (await connection.execute(query)).first()
    return turn_of(row) if row else None


def feed(database: Database) -> Feed:
    """Open a place in the order in which turns end."""
    return database.feed(TURN.seq, TURN.id)


async def ended(connection: AsyncConnection, place: Feed, *, limit: int) -> Ended:
    """List the turns of every workspace that ended after this place, in that order, without their details."""
    found = await place.look(connection, BRIEF, limit)
    return Ended([turn_of(row) for row in found.rows], found.is_lost)


async def oldest(connection: AsyncConnection) -> int:
    """Return the place of the turn that ended first, of those that are still there."""
    return (await connection.execute(select(func.min(TURN.seq)))).scalar() or 0


async def newest(connection: AsyncConnection) -> int:
    """Return the place of the turn that ended last."""
    return (await connection.execute(select(func.max(TURN.seq)))).scalar() or 0


def narrowed(query: Select[Any], wanted: Filter) -> Select[Any]:
    exact = {
        TURN.persona_id: wanted.persona_id,
        TURN.version: wanted.version,
        TURN.verdict: wanted.verdict,
        TURN.status: wanted.status,
        TURN.request_id: wanted.request_id,
        TURN.upstream: wanted.upstream,
    }
    for column, value in exact.items():
        if value is not None:
            query = query.where(column == value)
    if wanted.within is not None:
        query = query.where(TURN.seq > wanted.within.above, TURN.seq < wanted.within.below)
    if wanted.since is not None:
        query = query.where(TURN.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(TURN.created_at < wanted.until)
    return query
