"""The chat path reads model names from here instead of the store; each is kept until the store changes."""

import asyncio
import weakref
from collections.abc import Sequence
from typing import Protocol, TypeAlias

from gateway.cache import Cache
from gateway.config import Config
from gateway.errors import Fault, Refusal
from gateway.personas import name as names
from gateway.personas.model import Persona, Version
from gateway.personas.resolved import Resolved, resolved
from gateway.personas.slug import LATEST, PRODUCTION
from gateway.personas.store import aliases, personas, versions
from gateway.storage.changes import Change
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable

LONGEST = 200
"""Characters of a model name; a longer one is never a persona's and not worth remembering."""
Place: TypeAlias = tuple[str, str | None, str]
"""A workspace, the only owner for whom the name holds (if any), and a model name."""

CAPACITY = 10_000
"""Names that are remembered, of those found and of those missing; the longest unused goes first."""
CAPACITY_BYTES = 128 << 20
"""Bytes of the versions that names are remembered for; a version counts once for each of its names."""


class Reader(Protocol):
    """The one who asks, which decides which personas exist for it."""

    @property
    def workspace_id(self) -> str: ...
    @property
    def owner(self) -> str: ...


class Registry:
    """Resolves model names; it answers from memory once it has seen a name."""

    def __init__(self, database: Database, config: Config) -> None:
        self._database = database
        self._config = config
        self._found: Cache[Place, Resolved] = Cache(CAPACITY_BYTES, _weigh)
        self._missing: Cache[Place, bool] = Cache(CAPACITY)
        self._versions: weakref.WeakValueDictionary[str, Resolved] = weakref.WeakValueDictionary()
        self._epoch = 0
        self._loading = asyncio.Semaphore(8)

    async def resolve(self, reader: Reader, model: str) -> Resolved:
        """Find the version that the model name means for this reader. Raises Refusal."""
        found = self.recall(reader, model) or await self._load(reader, model)
        if found is None:
            raise unknown(model)
        return found

    def recall(self, reader: Reader, model: str) -> Resolved | None:
        """Find it in memory alone; `None` says nothing but that it is not there."""
        # Only a version that everybody in the workspace may use is remembered for all of them together.
        found = self._found.recall((reader.workspace_id, None, model))
        return found or self._found.recall((reader.workspace_id, reader.owner, model))

    async def stranger(self, reader: Reader, model: str) -> Refusal:
        """Make the answer for a name without `persona/`; it names the persona that it may be meant for.

        Raises Refusal where the store cannot be asked.
        """
        try:
            await self.resolve(reader, names.PREFIX + model)
        except Refusal as refusal:
            if refusal.fault is not Fault.PERSONA_UNKNOWN:
                raise
            return unknown(model)
        return unknown(model, f"{names.PREFIX}{model}")

    def forget(self, changes: Sequence[Change]) -> None:
        """Drop what the changes may have made stale; an empty sequence stands for everything."""
        stale = {change.subject for change in changes if change.topic == "persona"}
        if changes and not stale:
            return
        self._epoch += 1
        self._missing.clear()
        if changes:
            self._found.drop_where(lambda found: found.persona_id in stale)
        else:
            self._found.clear()
            self._versions.clear()

    async def _load(self, reader: Reader, model: str) -> Resolved | None:
        own: Place = (reader.workspace_id, reader.owner, model)
        if own in self._missing or len(model) > LONGEST:
            return None
        async with self._loading:
            epoch = self._epoch
            try:
                async with self._database.read() as connection:
                    found = await self._find(connection, reader, model)
            except StoreUnavailable:
                raise Refusal(Fault.STORE_UNAVAILABLE) from None
        # A change that came in during the read may be newer than what was read.
        if epoch == self._epoch:
            if found is None:
                self._missing.keep(own, True)
            else:
                place = own if found.is_private else (reader.workspace_id, None, model)
                self._found.keep(place, found)
        return found

    async def _find(self, connection: AsyncConnection, reader: Reader, model: str) -> Resolved | None:
        try:
            wanted = names.parse(model)
        except names.ModelNameError:
            return None
        if wanted is None:
            return None
        persona = await personas.find(connection, reader.workspace_id, reader.owner, wanted.ref)
        number = version_number(persona, wanted) if persona else None
        if wanted.version is not None and names.ALIAS.fullmatch(wanted.ref):
            known = await aliases.number(connection, reader.workspace_id, wanted.ref, wanted.version)
            number = number if known is None else known
        if persona is None or number is None:
            return None
        version = await versions.read(connection, persona.id, number)
        return self._resolved(persona, version)

    def _resolved(self, persona: Persona, version: Version) -> Resolved:
        known = self._versions.get(version.id)
        profile = persona.profile
        told = (profile.slug, profile.name, profile.visibility == "private")
        if known is None or (known.slug, known.display_name, known.is_private) != told:
            known = self._versions[version.id] = resolved(self._config, persona, version)
        return known


def _weigh(found: Resolved) -> int:
    """Weigh its bytes, but as at least so many that no more than CAPACITY are remembered."""
    return max(found.size, CAPACITY_BYTES // CAPACITY)


def version_number(persona: Persona, wanted: names.ModelName) -> int | None:
    """Return the number that the name means: a version, a label, else `production`, else the newest."""
    if wanted.version is not None:
        return wanted.version if wanted.version <= persona.latest else None
    if wanted.label == LATEST:
        return persona.latest
    if wanted.label is not None:
        return persona.labels.get(wanted.label)
    return persona.labels.get(PRODUCTION, persona.latest)


def unknown(model: str, meant: str = "") -> Refusal:
    """Make the one answer for a persona that does not exist, is archived, or is not for the reader to see.

    `meant` is a name that the reader can use.
    """
    shown = model if len(model) <= 200 else model[:200] + "…"
    remedy = f"did you mean `{meant}`?" if meant else "GET /v1/openai/models lists yours."
    return Refusal(
        Fault.PERSONA_UNKNOWN,
        f"The model `{shown}` does not exist or is not yours to use; {remedy}",
        param="model",
    )
