"""Commands work on a gateway somewhere else through its native API."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from gateway.auth.view import AuditView
from gateway.cli.api import Answer, Api, Refused, connected
from gateway.cli.credentials import Credentials
from gateway.cli.failures import Failure
from gateway.cli.ref import version_number
from gateway.cli.remote_budgets import RemoteBudgets
from gateway.cli.remote_conversations import RemoteConversations
from gateway.cli.remote_gateways import RemoteGateways
from gateway.cli.remote_imports import RemoteImports
from gateway.cli.remote_keys import RemoteKeys
from gateway.cli.remote_populations import RemotePopulations
from gateway.cli.remote_runs import RemoteRuns
from gateway.cli.remote_turns import RemoteTurns
from gateway.cli.remote_webhooks import RemoteWebhooks
from gateway.cli.rooms import Budgets, Conversations, Found, Gateways, Imports, Keys, TurnRecord, Webhooks
from gateway.cli.running import Runs
from gateway.cli.target import Outcome, Populations, Pushed, Sought
from gateway.personas.model import Content, Draft, Profile
from gateway.personas.name import ModelName
from gateway.personas.reading import RuleList
from gateway.personas.view import Diff, LabelMove, PersonaView, VersionView


@asynccontextmanager
async def opened_target(credentials: Credentials, workspace: str | None) -> AsyncIterator["Remote"]:
    async with connected(credentials, workspace) as api:
        yield Remote(api)


class Remote:
    """A `Target`; the key decides in which workspace."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.imports: Imports = RemoteImports(api)
        self.gateways: Gateways = RemoteGateways(api)
        self.keys: Keys = RemoteKeys(api)
        self.populations: Populations = RemotePopulations(api)
        self.runs: Runs = RemoteRuns(api)
        self.turns: TurnRecord = RemoteTurns(api)
        self.conversations: Conversations = RemoteConversations(api)
        self.budgets: Budgets = RemoteBudgets(api)
        self.webhooks: Webhooks = RemoteWebhooks(api)

    @property
    def where(self) -> str:
        return f"at {self._api.root}"

    @property
    def place(self) -> str:
        return self._api.root

    def check(self, draft: Draft) -> None:
        """Does nothing: only the gateway knows its upstreams, and refuses a draft that names others."""

    async def push(self, files: Mapping[Path, Draft]) -> AsyncGenerator[Pushed, None]:
        for path, draft in files.items():
            try:
                pushed = await self._push(draft)
            except Refused as refused:
                raise Failure(f"{path}: {refused.message}") from None
            yield pushed

    async def _push(self, draft: Draft) -> Pushed:
        stated = {**msgspec.to_builtins(draft.profile), **msgspec.to_builtins(draft.content)}
        path = f"/v1/personas/{draft.profile.slug}"
        try:
            old = await self._api.call("GET", path)
        except Refused as refused:
            if refused.code != "persona.not_found":
                raise
            made = await self._api.call("POST", "/v1/personas", body=stated)
            return Pushed(draft, None, made.read(PersonaView).version, "created")
        stated["status"] = "completed"
        new = await self._api.call("PATCH", path, body=stated, if_match=old.etag)
        before, after = old.read(PersonaView).version, new.read(PersonaView).version
        same: Outcome = "unchanged" if new.etag == old.etag else "profile"
        return Pushed(draft, _draft(old), after, same if after == before else "new-version")

    async def personas(self) -> list[PersonaView]:
        found = await self._api.pages("/v1/personas", PersonaView)
        return sorted(found, key=lambda persona: persona.slug)

    async def find(self, ref: ModelName) -> Found:
        answer = await self._api.call("GET", f"/v1/personas/{ref.ref}")
        persona = answer.read(PersonaView)
        number = version_number(ref, persona.version, persona.labels)
        version = await self._api.call("GET", f"/v1/personas/{persona.id}/versions/v{number}")
        draft = Draft(answer.read(Profile), version.read(Content))
        return Found(persona, version.read(VersionView), draft)

    async def versions(self, persona_id: str) -> list[VersionView]:
        return await self._api.pages(f"/v1/personas/{persona_id}/versions", VersionView)

    async def rules(self, found: Found) -> RuleList:
        query = {"version": f"v{found.version.version}"}
        answer = await self._api.call("GET", f"/v1/personas/{found.persona.id}/rules", query=query)
        return answer.read(RuleList)

    async def label(self, found: Found, label: str) -> None:
        body = {"version": found.version.version}
        await self._api.call("PUT", f"/v1/personas/{found.persona.id}/labels/{label}", body=body)

    async def unlabel(self, found: Found, label: str) -> None:
        await self._api.call("DELETE", f"/v1/personas/{found.persona.id}/labels/{label}")

    async def moves(self, found: Found) -> list[LabelMove]:
        return await self._api.pages(f"/v1/personas/{found.persona.id}/labels", LabelMove)

    async def archive(self, found: Found) -> None:
        await self._api.call("DELETE", f"/v1/personas/{found.persona.id}")

    async def fork(self, found: Found, slug: str, name: str | None) -> PersonaView:
        body = {"slug": slug, "version": found.version.version, "visibility": "workspace"}
        body |= {} if name is None else {"name": name}
        made = await self._api.call("POST", f"/v1/personas/{found.persona.id}/fork", body=body)
        return made.read(PersonaView)

    async def diff(self, found: Found, other: int) -> Diff:
        path = f"/v1/personas/{found.persona.id}/versions/v{found.version.version}/diff/v{other}"
        return (await self._api.call("GET", path)).read(Diff)

    async def audit(self, wanted: Sought, limit: int) -> list[AuditView]:
        query = {"subject": wanted.subject, "action": wanted.action}
        given = {name: value for name, value in query.items() if value is not None}
        return await self._api.pages("/v1/audit", AuditView, given, limit)


def _draft(answer: Answer) -> Draft:
    """Make a draft of the persona with its newest version, which shows everything that a file holds."""
    return Draft(answer.read(Profile), answer.read(Content))
