"""Personas are found by words, tags and what else they are."""

import msgspec
from sqlalchemy import func, select

from gateway.personas.model import Draft, Persona
from gateway.personas.store.rows import LABEL, PERSONA, SHOWN, many
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.functions import holds
from gateway.storage.visibility import is_own

VERSION = tables.versions.c
SEARCHED = 65_536
"""Characters of name, tags and prompt that a search looks into."""


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Narrows a list of personas; words are matched in name, slug, tags and prompt."""

    words: tuple[str, ...] = ()
    tag: str | None = None
    language: str | None = None
    visibility: str | None = None
    label: str | None = None
    status: str = "active"
    after: str | None = None
    limit: int = 50


async def find(connection: AsyncConnection, workspace_id: str, owner: str, wanted: Search) -> list[Persona]:
    """List what a key of this owner may read, the newest first."""
    query = select(*SHOWN).where(is_own(workspace_id, owner), PERSONA.status == wanted.status)
    searched = func.substr(PERSONA.search, 1, SEARCHED)
    for word in wanted.words:
        query = query.where(holds(searched, word.casefold()))
    if wanted.tag is not None:
        query = query.where(holds(searched, f"\n#{wanted.tag.casefold()}\n"))
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
    return await many(connection, query.order_by(PERSONA.id.desc()).limit(wanted.limit))


def text(draft: Draft) -> str:
    """Write the text that a search looks into: each tag on a line of its own, behind a `#`."""
    profile = draft.profile
    tags = "".join(f"\n#{tag}\n" for tag in profile.tags)
    whole = "\n".join([profile.slug, profile.name, tags, draft.content.prompt[:SEARCHED]])
    return whole.casefold()[:SEARCHED]
