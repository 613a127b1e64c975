"""Commands work, without a server, on the store of this machine."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec.structs import replace

from gateway import config
from gateway.auth import store as auth
from gateway.auth.keys import Workspace
from gateway.auth.view import AuditView, show_entry
from gateway.cli.failures import Failure
from gateway.cli.local_budgets import LocalBudgets
from gateway.cli.local_conversations import LocalConversations
from gateway.cli.local_gateways import LocalGateways
from gateway.cli.local_imports import LocalImports
from gateway.cli.local_keys import LocalKeys
from gateway.cli.local_populations import LocalPopulations
from gateway.cli.local_runs import LocalRuns
from gateway.cli.local_turns import LocalTurns, persona_of
from gateway.cli.local_webhooks import LocalWebhooks
from gateway.cli.opening import Opened, opened, require_store
from gateway.cli.ref import version_number
from gateway.cli.rooms import Budgets, Conversations, Found, Gateways, Imports, Keys, TurnRecord, Webhooks
from gateway.cli.running import Runs
from gateway.cli.target import Populations, Pushed, Sought
from gateway.personas import reading
from gateway.personas.acceptance import check
from gateway.personas.model import Draft, Persona
from gateway.personas.name import ModelName
from gateway.personas.reading import RuleList
from gateway.personas.store import labels, personas, versions
from gateway.personas.view import (
    Diff,
    LabelMove,
    PersonaView,
    VersionView,
    comparable,
    show,
    show_move,
    show_version,
)
from gateway.server import seed
from gateway.storage import audit
from gateway.storage.audit import Actor, Entry
from gateway.storage.connection import AsyncConnection

MOST = 100_000
"""Moves of labels that are looked at."""


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
        self._opened = opened
        self._database = opened.database
        self._workspace = workspace
        self._actor = Actor(workspace.id)
        self.imports: Imports = LocalImports(opened, workspace)
        self.gateways: Gateways = LocalGateways(opened.config)
        self.keys: Keys = LocalKeys(opened, workspace)
        self.populations: Populations = LocalPopulations(opened, workspace)
        self.runs: Runs = LocalRuns(opened, workspace)
        self.turns: TurnRecord = LocalTurns(opened, workspace)
        self.conversations: Conversations = LocalConversations(opened, workspace)
        self.budgets: Budgets = LocalBudgets(opened, workspace)
        self.webhooks: Webhooks = LocalWebhooks(opened, workspace)

    @property
    def where(self) -> str:
        return f"in the workspace `{self._workspace.name}`"

    @property
    def place(self) -> str:
        return f"the workspace `{self._workspace.name}` of {self._database.place}"

    def check(self, draft: Draft) -> None:
        for upstream in draft.content.upstreams:
            config.route(self._opened.config, upstream)

    async def push(self, files: Mapping[Path, Draft]) -> AsyncGenerator[Pushed, None]:
        """Store all of them, or none where one cannot be written."""
        async with self._database.write() as connection:
            done = [await personas.push(connection, draft, self._actor) for draft in files.values()]
        for draft, pushed in zip(files.values(), done, strict=True):
            before = None
            if pushed.previous and pushed.profile_before:
                before = Draft(pushed.profile_before, pushed.previous.content)
            yield Pushed(draft, before, pushed.version.number, pushed.outcome)

    async def personas(self) -> list[PersonaView]:
        shown: list[PersonaView] = []
        async with self._database.read() as connection:
            found = await personas.everything(connection, self._workspace.id)
            while rest := found[len(shown) :]:
                newest = await versions.fitting_newest(connection, rest)
                shown += [show(persona, newest[persona.id]) for persona in rest[: len(newest)]]
        return shown

    async def find(self, ref: ModelName) -> Found:
        async with self._database.read() as connection:
            persona = await persona_of(connection, self._workspace, ref.ref)
            if persona is None:
                raise Failure(f"there is no persona `{ref.ref}` {self.where}")
            number = version_number(ref, persona.latest, persona.labels)
            version = await versions.read(connection, persona.id, number)
            newest = await versions.read(connection, persona.id, persona.latest)
        draft = Draft(persona.profile, version.content)
        return Found(show(persona, newest), show_version(persona, version), draft)

    async def versions(self, persona_id: str) -> list[VersionView]:
        async with self._database.read() as connection:
            persona = await personas.by_id(connection, persona_id)
            listed = await versions.listed(connection, persona_id)
        return [show_version(persona, version) for version in listed] if persona else []

    async def rules(self, found: Found) -> RuleList:
        async with self._database.read() as connection:
            version = await versions.read(connection, found.persona.id, found.version.version)
        read = version.reading or reading.read_now(version.content)
        return RuleList(
            persona=found.persona.id,
            version=version.number,
            reader=read.reader,
            data=reading.listed(found.draft.profile.name, version.content, read),
            facts=reading.facts(found.draft.profile.name, version.content),
        )

    async def label(self, found: Found, label: str) -> None:
        async with self._database.write() as connection:
            persona = await self._again(connection, found)
            await labels.move(connection, persona, label, found.version.version, self._actor)

    async def unlabel(self, found: Found, label: str) -> None:
        async with self._database.write() as connection:
            persona = await self._again(connection, found)
            if not await labels.remove(connection, persona, label, self._actor):
                raise Failure(f"`{found.persona.slug}` has no label `{label}`")

    async def moves(self, found: Found) -> list[LabelMove]:
        entries = await self._entries(MOST, subject=found.persona.id, actions="label.")
        return [show_move(entry) for entry in entries]

    async def archive(self, found: Found) -> None:
        async with self._database.write() as connection:
            await personas.archive(connection, await self._again(connection, found), self._actor)

    async def fork(self, found: Found, slug: str, name: str | None) -> PersonaView:
        source, version, profile = found.persona, found.version, found.draft.profile
        profile = replace(profile, slug=slug, name=name or profile.name, visibility="workspace")
        draft, origin = Draft(profile, found.draft.content), personas.Origin(source.id, version.version)
        check(draft)
        async with self._database.write() as connection:
            try:
                made = await personas.create(connection, draft, self._actor, origin)
            except personas.SlugTakenError:
                raise Failure(f"there is a persona `{slug}` {self.where} already") from None
        return show(made.persona, made.version)

    async def diff(self, found: Found, other: int) -> Diff:
        # The comparison is loaded here, since no other command needs it.
        from gateway.personas.comparison import Comparing, Task

        numbers = found.version.version, other
        async with self._database.read() as connection:
            persona = await self._again(connection, found)
            old, new = [await versions.read(connection, persona.id, number) for number in numbers]
        before, after = (Draft(persona.profile, each.content) for each in (old, new))
        task = Task(comparable(persona, old), comparable(persona, new), before, after)
        compared = await Comparing().compare(task)
        return Diff(old.number, new.number, compared.patch, compared.text)

    async def audit(self, wanted: Sought, limit: int) -> list[AuditView]:
        entries = await self._entries(limit, subject=wanted.subject, actions=wanted.action)
        return [show_entry(entry) for entry in entries]

    async def _again(self, connection: AsyncConnection, found: Found) -> Persona:
        """Read the persona again, within the transaction that changes it."""
        persona = await personas.by_id(connection, found.persona.id)
        if persona is None:
            raise Failure(f"there is no persona `{found.persona.slug}` {self.where}")
        return persona

    async def _entries(self, limit: int, **wanted: str | None) -> list[Entry]:
        async with self._database.read() as connection:
            return await audit.everything(connection, self._workspace.id, limit=limit, **wanted)
