"""Commands work on a gateway somewhere else through its native API."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import msgspec

from gateway import clock
from gateway.auth.view import AuditView, KeyView
from gateway.cli.api import Answer, Api, Page, Refused, Unreachable, connected, read
from gateway.cli.credentials import Credentials
from gateway.cli.failures import Failure
from gateway.cli.ref import version_number
from gateway.cli.remote_conversations import RemoteConversations
from gateway.cli.target import (
    Course,
    Found,
    MadeKey,
    NewKey,
    Outcome,
    Pushed,
    Sought,
    Turns,
)
from gateway.personas.model import Content, Draft, Profile
from gateway.personas.name import ModelName
from gateway.personas.reading import RuleList
from gateway.personas.view import Diff, LabelMove, PersonaView, VersionView
from gateway.turns.drift_view import DriftHistory
from gateway.turns.view import By, TurnDetail, TurnView, UsageView

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 5.0
"""Seconds before a stream that was lost is asked for again."""


class _Made(msgspec.Struct):
    id: str
    key: str
    workspace: str


@asynccontextmanager
async def opened_target(credentials: Credentials, workspace: str | None) -> AsyncIterator["Remote"]:
    async with connected(credentials, workspace) as api:
        yield Remote(api)


class Remote:
    """A `Target`; the key decides in which workspace."""

    def __init__(self, api: Api) -> None:
        self._api = api

    @property
    def where(self) -> str:
        return f"at {self._api.root}"

    @property
    def place(self) -> str:
        return self._api.root

    @property
    def conversations(self) -> RemoteConversations:
        return RemoteConversations(self._api)

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
        stated["status"] = "active"
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

    async def create_key(self, wanted: NewKey) -> MadeKey:
        if wanted.operator:
            raise Failure("a key with --operator is made on the store only, where the gateway runs")
        body: dict[str, object] = {"name": wanted.name}
        if wanted.scopes is not None:
            body["scopes"] = wanted.scopes
        if wanted.expires_at is not None:
            body["expires_at"] = clock.iso(wanted.expires_at)
        return self._made(await self._api.call("POST", "/v1/keys", body=body))

    async def keys(self) -> list[KeyView]:
        return await self._api.pages("/v1/keys", KeyView)

    async def revoke_key(self, key_id: str) -> bool:
        await self._api.call("DELETE", f"/v1/keys/{quote(key_id, safe='')}")
        return True

    async def rotate_key(self, key_id: str, grace: int) -> MadeKey:
        body = {"grace_seconds": grace}
        return self._made(
            await self._api.call("POST", f"/v1/keys/{quote(key_id, safe='')}/rotate", body=body)
        )

    async def turns(self, wanted: Turns, limit: int) -> list[TurnView]:
        return await self._api.pages("/v1/turns", TurnView, _query(wanted), limit)

    async def turn(self, turn_id: str) -> TurnDetail:
        return (await self._api.call("GET", f"/v1/turns/{quote(turn_id, safe='')}")).read(TurnDetail)

    async def usage(self, by: By, wanted: Turns) -> list[UsageView]:
        answer = await self._api.call("GET", "/v1/usage", query={**_query(wanted), "by": by})
        return answer.read(Page[UsageView]).data

    async def drift_history(self, wanted: Course) -> DriftHistory:
        given = {
            "from": None if wanted.since is None else clock.iso(wanted.since),
            "version": None if wanted.version is None else str(wanted.version),
            "upstream": wanted.upstream,
            "bucket": wanted.bucket,
        }
        query = {name: value for name, value in given.items() if value is not None}
        path = f"/v1/personas/{quote(wanted.persona_id, safe='')}/drift"
        return (await self._api.call("GET", path, query=query)).read(DriftHistory)

    async def audit(self, wanted: Sought, limit: int) -> list[AuditView]:
        query = {"subject": wanted.subject, "action": wanted.action}
        given = {name: value for name, value in query.items() if value is not None}
        return await self._api.pages("/v1/audit", AuditView, given, limit)

    async def follow(self, wanted: Turns, ready: Callable[[], None]) -> AsyncGenerator[TurnView, None]:
        last, known = await self._newest(wanted)
        pause, stood = FIRST_PAUSE, False
        query = {"persona": wanted.persona} if wanted.persona else {}
        while True:
            try:
                async with aclosing(self._api.events("/v1/turns/stream", query, last)) as events:
                    async for event in events:
                        if event is None:
                            if not stood:
                                ready()
                            pause, stood = FIRST_PAUSE, True
                            continue
                        last = event.id
                        if event.name != "turn.completed":
                            continue
                        turn = read(event.data, TurnView, self._api.root)
                        if turn.id != known and wanted.status in (None, turn.status):
                            yield turn
            except (Unreachable, Refused) as failure:
                if not stood or (isinstance(failure, Refused) and failure.status < 500):
                    raise
            # The stream was lost or dropped, or the gateway restarts; turns that end meanwhile come behind
            # `last`.
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _newest(self, wanted: Turns) -> tuple[str, str | None]:
        """Return where to follow from, and the id of the one turn behind that place which ended before.

        A list tells the place of its last turn only where there are more of them.
        """
        query = {**_query(Turns(persona=wanted.persona)), "limit": "1"}
        page = (await self._api.call("GET", "/v1/turns", query=query)).read(Page[TurnView])
        return page.next or "0", page.data[0].id if page.data else None

    def _made(self, answer: Answer) -> MadeKey:
        made = answer.read(_Made)
        return MadeKey(made.id, made.key, f"in the workspace `{made.workspace}` {self.where}")


def _draft(answer: Answer) -> Draft:
    """Make a draft of the persona with its newest version, which shows everything that a file holds."""
    return Draft(answer.read(Profile), answer.read(Content))


def _query(wanted: Turns) -> dict[str, str]:
    since = None if wanted.since is None else clock.iso(wanted.since)
    query = {
        "persona": wanted.persona,
        "status": wanted.status,
        "request_id": wanted.request_id,
        "since": since,
    }
    return {name: value for name, value in query.items() if value is not None}
