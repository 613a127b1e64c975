"""What the chat path reads instead of the store: resolved model names, kept until the store changes."""

import asyncio
import weakref
from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from gateway.cache import Cache
from gateway.config import Config
from gateway.errors import Fault, Refusal
from gateway.personas import name as names
from gateway.personas import store
from gateway.personas.model import Persona, Version
from gateway.personas.resolved import Resolved, resolved
from gateway.personas.slug import LATEST, PRODUCTION
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Change, Database

LONGEST = 200
"""Characters of a model name; a longer one is no persona's, and is not worth remembering."""
CAPACITY = 10_000
"""Names that are remembered, found and missing ones each; the longest unused goes first."""


class Reader(Protocol):
    """Who asks: decides which personas exist for it."""

    @property
    def workspace_id(self) -> str: ...
    @property
    def owner(self) -> str: ...


class Registry:
    """Resolves model names; what it has seen once it answers from memory."""

    def __init__(self, database: Database, config: Config) -> None:
        self._database = database
        self._config = config
        self._found: Cache[tuple[str, str], tuple[Resolved, str | None]] = Cache(CAPACITY)
        self._missing: Cache[tuple[str, str], bool] = Cache(CAPACITY)
        self._versions: weakref.WeakValueDictionary[str, Resolved] = weakref.WeakValueDictionary()
        self._epoch = 0
        self._loading = asyncio.Semaphore(8)

    async def resolve(self, reader: Reader, model: str) -> Resolved:
        """The version that the model name means for this reader. Raises Refusal."""
        place = (reader.workspace_id, model)
        entry = self._found.recall(place) or await self._load(reader, place)
        if entry is None or (entry[1] is not None and entry[1] != reader.owner):
            raise unknown(model)
        return entry[0]

    def forget(self, changes: Sequence[Change]) -> None:
        """Drop what the changes may have made stale; an empty sequence stands for everything."""
        stale = {change.subject for change in changes if change.topic == "persona"}
        if changes and not stale:
            return
        self._epoch += 1
        self._missing.clear()
        if changes:
            self._found.drop_where(lambda entry: entry[0].persona_id in stale)
        else:
            self._found.clear()
            self._versions.clear()

    async def _load(self, reader: Reader, place: tuple[str, str]) -> tuple[Resolved, str | None] | None:
        if place in self._missing or len(place[1]) > LONGEST:
            return None
        async with self._loading:
            epoch = self._epoch
            try:
                async with self._database.read() as connection:
                    entry = await self._find(connection, reader, place[1])
            except (SQLAlchemyError, OSError):
                raise Refusal(Fault.STORE_UNAVAILABLE) from None
        # A change that came in while we read may be newer than what we read.
        if epoch == self._epoch:
            if entry is None:
                self._missing.keep(place, True)
            else:
                self._found.keep(place, entry)
        return entry

    async def _find(
        self, connection: AsyncConnection, reader: Reader, model: str
    ) -> tuple[Resolved, str | None] | None:
        """The version and, for a private persona, the only one who may use it."""
        try:
            wanted = names.parse(model)
        except names.ModelNameError:
            return None
        if wanted is None:
            return None
        persona = await find(connection, reader.workspace_id, wanted.ref)
        number = version_number(persona, wanted) if persona else None
        if persona is None or number is None:
            return None
        version = await store.version(connection, persona.id, number)
        owner = (persona.owner or "") if persona.profile.visibility == "private" else None
        return self._resolved(persona, version), owner

    def _resolved(self, persona: Persona, version: Version) -> Resolved:
        known = self._versions.get(version.id)
        if known is None or (known.slug, known.display_name) != (persona.profile.slug, persona.profile.name):
            known = self._versions[version.id] = resolved(self._config, persona, version)
        return known


async def find(
    connection: AsyncConnection, workspace_id: str, ref: str, *, archived: bool = False
) -> Persona | None:
    """The persona by slug or id, as far as the workspace may know of it; its own archived ones if asked."""
    if ref.startswith("psn_"):
        persona = await store.by_id(connection, ref)
    else:
        persona = await store.by_slug(connection, workspace_id, ref)
    if persona is None or (persona.workspace_id != workspace_id and persona.profile.visibility != "public"):
        return None
    if persona.status != "active" and not (archived and persona.workspace_id == workspace_id):
        return None
    return persona


def may_use(persona: Persona, reader: Reader) -> bool:
    """Whether a persona that was found is the reader's: a private one is its maker's alone."""
    return persona.profile.visibility != "private" or persona.owner == reader.owner


def version_number(persona: Persona, wanted: names.ModelName) -> int | None:
    """The number that the name means: a version, a label, else `production`, else the newest."""
    if wanted.version is not None:
        return wanted.version if wanted.version <= persona.latest else None
    if wanted.label == LATEST:
        return persona.latest
    if wanted.label is not None:
        return persona.labels.get(wanted.label)
    return persona.labels.get(PRODUCTION, persona.latest)


def unknown(model: str) -> Refusal:
    """The one answer for a persona that does not exist, is archived, or is not the reader's to see."""
    shown = model if len(model) <= 200 else model[:200] + "…"
    return Refusal(
        Fault.PERSONA_UNKNOWN,
        f"The model `{shown}` does not exist or is not yours to use; GET /v1/openai/models lists yours.",
        param="model",
    )
