"""Personas are found by words, tags and what else they are."""

import asyncio
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Select, delete, func, select

from gateway.personas.model import Draft, Persona
from gateway.personas.store.rows import LABEL, PERSONA, SHOWN, many
from gateway.storage import matching, tables, words
from gateway.storage.connection import AsyncConnection
from gateway.storage.visibility import is_own

VERSION, WORDS = tables.versions.c, tables.persona_words
LARGE = 4_096
"""Characters from which on words are looked for in a thread."""
_INDEX = matching.statement(WORDS, PERSONA.seq, PERSONA.id == matching.SUBJECT)


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Narrows a list of personas; words are matched in name, slug, tags and prompt."""

    words: str = ""
    tag: str | None = None
    language: str | None = None
    visibility: str | None = None
    label: str | None = None
    status: str = "completed"
    after: str | None = None
    limit: int = 50
    among: tuple[str, ...] | None = None
    """Only these personas are looked at, by their ids."""


async def find(connection: AsyncConnection, workspace_id: str, owner: str, wanted: Search) -> list[Persona]:
    """List what a key of this owner may read, the newest first."""
    query = await _narrowed(connection, select(*SHOWN), workspace_id, owner, wanted)
    if query is None:
        return []
    return await many(connection, query.order_by(PERSONA.id.desc()).limit(wanted.limit))


async def ids(connection: AsyncConnection, workspace_id: str, owner: str, wanted: Search) -> list[str]:
    """List the ids of all that a key of this owner may read, in no order, however many there are."""
    # One value is read much faster than so many rows.
    query = select(func.aggregate_strings(PERSONA.id, ","))
    found = await _narrowed(connection, query, workspace_id, owner, wanted)
    joined = None if found is None else (await connection.execute(found)).scalar()
    return await asyncio.to_thread(joined.split, ",") if joined else []


async def _narrowed(
    connection: AsyncConnection, query: Select[Any], workspace_id: str, owner: str, wanted: Search
) -> Select[Any] | None:
    """Narrow a query of personas; `None` where nothing can be found."""
    query = query.where(is_own(workspace_id, owner), PERSONA.status == wanted.status)
    sought = [] if wanted.tag is None else [words.tag_of(wanted.tag)]
    if wanted.words.strip():
        asked = words.asked_for(wanted.words)
        if asked is None:
            return None
        sought.append(asked)
    if sought:
        found = matching.matching(WORDS, workspace_id, *sought)
        query = query.where(await matching.among(connection, PERSONA.seq, found))
    if wanted.visibility is not None:
        query = query.where(PERSONA.visibility == wanted.visibility)
    if wanted.language is not None:
        newest = select(VERSION.id).where(VERSION.persona_id == PERSONA.id, VERSION.number == PERSONA.latest)
        query = query.where(newest.where(VERSION.language == wanted.language).exists())
    if wanted.label is not None:
        borne = select(LABEL.name).where(LABEL.persona_id == PERSONA.id, LABEL.name == wanted.label)
        query = query.where(borne.exists())
    if wanted.after is not None:
        query = query.where(PERSONA.id < wanted.after)
    if wanted.among is not None:
        query = query.where(PERSONA.id.in_(wanted.among))
    return query


class Public(msgspec.Struct, frozen=True):
    """Everybody may know this of a public persona without asking for it."""

    id: str
    name: str
    language: str
    tags: list[str]


async def public(connection: AsyncConnection, wanted: Search) -> list[Public]:
    """List what all workspaces have made public, the newest first; words are matched in each of them."""
    newest = (VERSION.persona_id == PERSONA.id) & (VERSION.number == PERSONA.latest)
    query = (
        select(PERSONA.id, PERSONA.name, VERSION.language, PERSONA.tags)
        .select_from(tables.personas.join(tables.versions, newest))
        .where(PERSONA.visibility == "public", PERSONA.status == "completed")
    )
    sought = [] if wanted.tag is None else [words.tag_of(wanted.tag)]
    if wanted.words.strip():
        found = words.asked_for(wanted.words)
        if found is None:
            return []
        sought.append(found)
    if sought:
        query = query.where(await matching.among(connection, PERSONA.seq, matching.anywhere(WORDS, *sought)))
    if wanted.language is not None:
        query = query.where(VERSION.language == wanted.language)
    if wanted.after is not None:
        query = query.where(PERSONA.id < wanted.after)
    rows = await connection.execute(query.order_by(PERSONA.id.desc()).limit(wanted.limit))
    return [Public(row.id, row.name, row.language, row.tags) for row in rows]


async def next_number(connection: AsyncConnection) -> int:
    """Return the number of a new persona's words; there is one writer at a time."""
    return ((await connection.execute(select(func.max(PERSONA.seq)))).scalar() or 0) + 1


async def index(connection: AsyncConnection, workspace_id: str, persona_id: str, draft: Draft) -> None:
    """Have the persona found by what the draft says of it, and by nothing else any more."""
    await forget(connection, persona_id)
    profile = draft.profile
    text = "\n".join([profile.slug, profile.name, *profile.tags, draft.content.prompt])
    make = partial(words.indexed, text, workspace_id, *map(words.tag_of, profile.tags))
    tokens = await asyncio.to_thread(make) if len(text) > LARGE else make()
    await connection.execute(_INDEX, {"subject": persona_id, "tokens": tokens})


async def forget(connection: AsyncConnection, persona_id: str) -> None:
    """Have the persona found no more."""
    number = select(PERSONA.seq).where(PERSONA.id == persona_id)
    await connection.execute(delete(WORDS).where(WORDS.c.rowid.in_(number)))
