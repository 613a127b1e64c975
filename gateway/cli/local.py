"""Commands work, without a server, on the store of this machine."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from gateway import clock, config
from gateway.auth import pepper
from gateway.auth import store as auth
from gateway.auth.keys import Key, Workspace
from gateway.auth.scopes import DEFAULT, expand
from gateway.cli.failures import Failure
from gateway.cli.opening import Opened, opened, require_store
from gateway.cli.ref import version_number
from gateway.cli.target import (
    Found,
    KeyRecord,
    MadeKey,
    NewKey,
    PersonaRecord,
    Pushed,
    Turns,
    VersionRecord,
)
from gateway.personas import reading
from gateway.personas.model import Draft, Persona, Version
from gateway.personas.name import ModelName
from gateway.personas.reading import RuleList
from gateway.personas.store import labels, personas, versions
from gateway.server import seed
from gateway.storage.audit import Actor
from gateway.storage.connection import AsyncConnection
from gateway.turns import view
from gateway.turns.store import turns
from gateway.turns.view import TurnView

POLL_SECONDS = 0.25
BATCH = 500


@asynccontextmanager
async def opened_target(config_path: Path | None, workspace: str) -> AsyncIterator["Local"]:
    settings = config.load(config_path, secrets=False)
    require_store(settings, config_path)
    async with opened(settings) as database:
        await seed.prepare(database)
        async with database.read() as connection:
            found = await auth.workspace(connection, workspace)
        if found is None:
            raise Failure(
                f"there is no workspace `{workspace}`; `persona workspaces create {workspace}` makes one"
            )
        yield Local(Opened(settings, database), found)


class Local:
    """A `Target`; whoever sits at the terminal may do everything in the workspace."""

    def __init__(self, opened: Opened, workspace: Workspace) -> None:
        self._config = opened.config
        self._database = opened.database
        self._workspace = workspace
        self._actor = Actor(workspace.id)

    @property
    def where(self) -> str:
        return f"in the workspace `{self._workspace.name}`"

    @property
    def place(self) -> str:
        return f"the workspace `{self._workspace.name}` of {self._database.place}"

    def check(self, draft: Draft) -> None:
        for upstream in draft.content.upstreams:
            config.route(self._config, upstream)

    async def push(self, files: Mapping[Path, Draft]) -> AsyncGenerator[Pushed, None]:
        """Store all of them, or none where one cannot be written."""
        async with self._database.write() as connection:
            done = [await personas.push(connection, draft, self._actor) for draft in files.values()]
        for draft, pushed in zip(files.values(), done, strict=True):
            before = None
            if pushed.previous and pushed.profile_before:
                before = Draft(pushed.profile_before, pushed.previous.content)
            yield Pushed(draft, before, pushed.version.number, pushed.outcome)

    async def personas(self) -> list[PersonaRecord]:
        async with self._database.read() as connection:
            found = await personas.everything(connection, self._workspace.id)
            languages = await versions.newest_languages(connection, self._workspace.id)
        return [_persona(persona, languages[persona.id]) for persona in found]

    async def find(self, ref: ModelName) -> Found:
        async with self._database.read() as connection:
            persona = await self._persona(connection, ref.ref)
            if persona is None:
                raise Failure(f"there is no persona `{ref.ref}` {self.where}")
            number = version_number(ref, persona.latest, persona.labels)
            version = await versions.read(connection, persona.id, number)
            newest = await versions.read(connection, persona.id, persona.latest)
        draft = Draft(persona.profile, version.content)
        return Found(_persona(persona, newest.content.language), _version(version), draft)

    async def versions(self, persona_id: str) -> list[VersionRecord]:
        async with self._database.read() as connection:
            return [_version(version) for version in await versions.listed(connection, persona_id)]

    async def rules(self, found: Found) -> RuleList:
        async with self._database.read() as connection:
            version = await versions.read(connection, found.persona.id, found.version.version)
        read = version.reading or reading.read_now(version.content)
        return RuleList(
            persona=found.persona.id,
            version=version.number,
            reader=read.reader,
            data=reading.listed(version.content, read),
            facts=reading.facts(found.draft.profile.name, version.content),
        )

    async def label(self, found: Found, label: str) -> None:
        async with self._database.write() as connection:
            persona = await personas.by_id(connection, found.persona.id)
            if persona is None:
                raise Failure(f"there is no persona `{found.persona.slug}` {self.where}")
            await labels.move(connection, persona, label, found.version.version, self._actor)

    async def create_key(self, wanted: NewKey) -> MadeKey:
        hasher = await pepper.prepare(self._database, self._config)
        async with self._database.write() as connection:
            key, text = await auth.create_key(
                connection,
                hasher,
                self._workspace,
                name=wanted.name,
                scopes=expand(DEFAULT) if wanted.scopes is None else wanted.scopes,
                operator=wanted.operator,
                expires_at=wanted.expires_at,
            )
        return MadeKey(key.id, text, f"in {self.place}")

    async def keys(self) -> list[KeyRecord]:
        async with self._database.read() as connection:
            return [_key(key) for key in await auth.workspace_keys(connection, self._workspace.id)]

    async def revoke_key(self, key_id: str) -> bool:
        async with self._database.write() as connection:
            before = await auth.revoke_key(connection, self._workspace.id, key_id)
        if before is None:
            raise Failure(f"there is no key `{key_id}` {self.where}")
        return before.revoked_at is None

    async def rotate_key(self, key_id: str, grace: int) -> MadeKey:
        hasher = await pepper.prepare(self._database, self._config)
        async with self._database.write() as connection:
            old = await auth.key(connection, self._workspace.id, key_id)
            if old is None:
                raise Failure(f"there is no key `{key_id}` {self.where}")
            if not old.is_valid():
                raise Failure(f"`{key_id}` is revoked or has ended; `persona keys create` makes another")
            made, text = await auth.rotate_key(
                connection,
                hasher,
                self._workspace,
                old,
                grace=grace,
                expires_at=old.expires_at,
                actor=self._actor,
            )
        return MadeKey(made.id, text, f"in {self.place}")

    async def turns(self, wanted: Turns, limit: int) -> list[TurnView]:
        chosen = turns.Filter(
            persona_id=await self._persona_id(wanted), status=wanted.status, since=wanted.since
        )
        async with self._database.read() as connection:
            found = await turns.listed(connection, self._workspace.id, chosen, limit=limit)
        return [view.show(each.turn) for each in found]

    async def follow(self, wanted: Turns, ready: Callable[[], None]) -> AsyncGenerator[TurnView, None]:
        persona_id, place = await self._persona_id(wanted), turns.feed(self._database)
        async with self._database.read() as connection:
            await place.skip(connection)
        ready()
        while True:
            async with self._database.read() as connection:
                ended = (await turns.ended(connection, place, limit=BATCH)).turns
            for each in ended:
                turn = each.turn
                if (
                    turn.workspace_id == self._workspace.id
                    and persona_id in (None, turn.persona_id)
                    and wanted.status in (None, turn.status)
                ):
                    yield view.show(turn)
            if len(ended) < BATCH:
                await asyncio.sleep(POLL_SECONDS)

    async def _persona(self, connection: AsyncConnection, ref: str) -> Persona | None:
        """Find the workspace's persona by slug or id, whoever owns it."""
        if not ref.startswith("psn_"):
            return await personas.by_slug(connection, self._workspace.id, ref)
        found = await personas.by_id(connection, ref)
        return found if found and found.workspace_id == self._workspace.id else None

    async def _persona_id(self, wanted: Turns) -> str | None:
        if wanted.persona is None:
            return None
        async with self._database.read() as connection:
            found = await self._persona(connection, wanted.persona)
        if found is None:
            raise Failure(f"there is no persona `{wanted.persona}` {self.where}")
        return found.id


def _persona(persona: Persona, language: str) -> PersonaRecord:
    profile = persona.profile
    return PersonaRecord(
        id=persona.id,
        slug=profile.slug,
        name=profile.name,
        version=persona.latest,
        labels=persona.labels,
        tags=profile.tags,
        language=language,
        visibility=profile.visibility,
        status=persona.status,
        created_at=clock.iso(persona.created_at),
        updated_at=clock.iso(persona.updated_at),
    )


def _version(version: Version) -> VersionRecord:
    return VersionRecord(
        id=version.id,
        version=version.number,
        fingerprint=version.fingerprint,
        created_at=clock.iso(version.created_at),
    )


def _key(key: Key) -> KeyRecord:
    return KeyRecord(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        scopes=key.scopes,
        operator=key.operator,
        created_at=clock.iso(key.created_at),
        expires_at=clock.iso_or_none(key.expires_at),
        revoked_at=clock.iso_or_none(key.revoked_at),
        last_used_at=clock.iso_or_none(key.last_used_at),
    )
