"""The guard: which key is whose, what is refused, and that changes take effect."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from gateway import clock
from gateway.auth import keys, store
from gateway.auth.guard import Caller, Guard
from gateway.auth.keys import Hasher, Key, Workspace
from gateway.cache import Cache
from gateway.errors import Fault, Refusal
from gateway.storage.changes import Change
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable
from tests.fakes.store import opened, workspaces


class Keys:
    """A guard over a store, and ways to write to that store."""

    def __init__(self, database: Database, mine: Workspace, theirs: Workspace) -> None:
        self.database, self.mine, self.theirs = database, mine, theirs
        self.hasher = Hasher(b"pepper")
        self.guard = Guard(database, self.hasher)
        self.statements = 0

    async def create(self, workspace: Workspace | None = None, **more: Any) -> tuple[Key, str]:
        more = {"name": "", "scopes": ["chat:invoke"]} | more
        async with self.database.write() as connection:
            made = await store.create_key(connection, self.hasher, workspace or self.mine, **more)
        self.guard.forget([Change("key", made[0].prefix)])
        return made

    async def revoke(self, key: Key) -> None:
        async with self.database.write() as connection:
            await store.revoke_key(connection, key.workspace_id, key.id)
        self.guard.forget([Change("key", key.prefix)])

    async def call(self, text: str | bytes, *headers: tuple[bytes, bytes]) -> Caller:
        token = text.encode() if isinstance(text, str) else text
        return await self.guard.caller([(b"authorization", b"Bearer " + token), *headers])

    async def refused(self, *headers: tuple[bytes, bytes]) -> Refusal:
        with pytest.raises(Refusal) as caught:
            await self.guard.caller(headers)
        return caught.value

    async def is_invalid(self, text: str | bytes) -> bool:
        token = text.encode() if isinstance(text, str) else text
        refusal = await self.refused((b"authorization", b"Bearer " + token))
        assert token.decode("latin-1") not in refusal.message or not token
        return (refusal.fault, refusal.headers) == (Fault.KEY_INVALID, {"www-authenticate": "Bearer"})


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[Keys]:
    async with opened(tmp_path) as database:
        found = Keys(database, *await workspaces(database))

        @event.listens_for(database.backend.readers.sync_engine, "before_cursor_execute")
        def count(*_: object) -> None:
            found.statements += 1

        yield found


async def test_a_key_stands_for_its_workspace_and_scopes(made: Keys) -> None:
    key, text = await made.create(scopes=["chat:invoke", "runs:read"], operator=True)
    caller = await made.call(text)
    assert caller == Caller(key.id, made.mine.id, key.id, frozenset({"chat:invoke", "runs:read"}), True)


async def test_a_key_has_the_prefix_of_its_workspace_s_mode(made: Keys) -> None:
    assert (await made.create(made.mine))[1].startswith("pk_live_")
    assert (await made.create(made.theirs))[1].startswith("pk_test_")


@pytest.mark.parametrize("scheme", [b"Bearer ", b"bearer ", b"BEARER  "])
async def test_the_scheme_may_be_written_in_any_case(made: Keys, scheme: bytes) -> None:
    key, text = await made.create()
    assert (await made.guard.caller([(b"authorization", scheme + text.encode())])).key_id == key.id


@pytest.mark.parametrize("header", [b"api-key", b"x-api-key"])
async def test_a_key_may_come_where_other_sdks_put_it(made: Keys, header: bytes) -> None:
    key, text = await made.create()
    assert (await made.guard.caller([(header, text.encode())])).key_id == key.id
    headers = [(header, text.encode()), (b"authorization", b"Basic eDp5")]
    assert (await made.guard.caller(headers)).key_id == key.id


async def test_authorization_comes_before_the_other_places(made: Keys) -> None:
    key, text = await made.create()
    headers = [(b"x-api-key", b"pk_live_other"), (b"authorization", b"Bearer " + text.encode())]
    assert (await made.guard.caller(headers)).key_id == key.id


@pytest.mark.parametrize(
    "headers",
    [[], [(b"authorization", b"")], [(b"authorization", b"Bearer ")], [(b"authorization", b"Basic eA==")]],
)
async def test_no_key_at_all_is_refused(made: Keys, headers: list[tuple[bytes, bytes]]) -> None:
    refusal = await made.refused(*headers)
    assert (refusal.fault, refusal.status) == (Fault.KEY_INVALID, 401)
    assert "No API key was sent" in refusal.message


@pytest.mark.parametrize(
    "text",
    [b"x", b"sk-other", b"pk_live_", b"pk_live_" + b"x" * 40, b"pk_live_" + b"\xff" * 40, b"x" * 100_000],
)
async def test_another_text_is_no_key(made: Keys, text: bytes) -> None:
    await made.create()
    assert await made.is_invalid(text)
    assert await made.is_invalid(text)


async def test_a_wrong_secret_behind_a_known_prefix_is_refused(made: Keys) -> None:
    _, text = await made.create()
    wrong = text[:-1] + ("x" if text[-1] != "x" else "y")
    assert await made.is_invalid(wrong)
    await made.call(text)
    assert await made.is_invalid(wrong)
    assert await made.is_invalid(text + "x")
    assert await made.is_invalid(text[:-1])


async def test_the_other_mode_s_prefix_is_refused(made: Keys) -> None:
    _, text = await made.create()
    assert await made.is_invalid(text.replace("pk_live_", "pk_test_"))


async def test_another_pepper_recognises_no_key(made: Keys) -> None:
    _, text = await made.create()
    made.guard = Guard(made.database, Hasher(b"other"))
    assert await made.is_invalid(text)


async def test_a_revoked_key_is_refused_once_it_is_reported(made: Keys) -> None:
    key, text = await made.create()
    await made.call(text)
    await made.revoke(key)
    assert await made.is_invalid(text)


async def test_an_expired_key_is_refused_although_it_is_known(
    made: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now_ms", lambda: 1000)
    _, text = await made.create(expires_at=2000)
    await made.call(text)
    monkeypatch.setattr(clock, "now_ms", lambda: 1999)
    await made.call(text)
    monkeypatch.setattr(clock, "now_ms", lambda: 2000)
    assert await made.is_invalid(text)


async def test_a_key_that_was_missing_is_found_once_it_is_created(
    made: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = keys.generate("live")
    assert await made.is_invalid(text)
    before = made.statements
    assert await made.is_invalid(text)
    assert made.statements == before
    monkeypatch.setattr(keys, "generate", lambda _: text)
    key, _ = await made.create()
    assert (await made.call(text)).key_id == key.id


async def test_a_known_key_costs_no_statement(made: Keys) -> None:
    _, text = await made.create()
    await made.call(text)
    before = made.statements
    await made.call(text)
    made.guard.forget([Change("persona", "psn_1")])
    await made.call(text)
    assert made.statements == before


async def test_an_empty_report_forgets_every_key(made: Keys) -> None:
    _, text = await made.create()
    await made.call(text)
    before = made.statements
    made.guard.forget([])
    await made.call(text)
    assert made.statements > before


async def test_a_change_while_we_read_is_not_overwritten(made: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    key, text = await made.create()
    find = store.key_by_prefix

    async def slowly(*arguments: Any) -> Key | None:
        found = await find(*arguments)
        made.guard.forget([Change("key", key.prefix)])
        return found

    monkeypatch.setattr(store, "key_by_prefix", slowly)
    await made.call(text)
    assert not made.guard._known
    assert await made.is_invalid(keys.generate("live"))
    assert not made.guard._unknown


async def test_wrong_keys_never_drive_out_a_right_one(made: Keys) -> None:
    made.guard._unknown = Cache(3)
    _, text = await made.create()
    await made.call(text)
    for _ in range(5):
        assert await made.is_invalid(keys.generate("live"))
    assert len(made.guard._unknown) == 3
    before = made.statements
    await made.call(text)
    assert made.statements == before


async def test_a_named_workspace_has_to_be_the_key_s(made: Keys) -> None:
    _, text = await made.create()
    assert (await made.call(text, (b"persona-workspace", made.mine.id.encode()))).workspace_id == made.mine.id
    told = set()
    for other in (made.theirs.id, "ws_0", ""):
        refusal = await made.refused(
            (b"authorization", f"Bearer {text}".encode()), (b"persona-workspace", other.encode())
        )
        assert (refusal.fault, refusal.status) == (Fault.WORKSPACE_MISMATCH, 403)
        told.add(refusal.message)
    assert len(told) == 1


async def test_a_store_that_cannot_be_read_is_told(made: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    _, text = await made.create()
    await made.call(text)

    def fail(*_: object) -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(made.database, "read", fail)
    await made.call(text)
    refusal = await made.refused((b"authorization", f"Bearer {keys.generate('live')}".encode()))
    assert refusal.fault is Fault.STORE_UNAVAILABLE


async def test_a_missing_scope_is_named(made: Keys) -> None:
    _, text = await made.create(scopes=["runs:read"])
    headers = [(b"authorization", b"Bearer " + text.encode())]
    assert (await made.guard.admit(headers, "runs:read")).scopes == {"runs:read"}
    with pytest.raises(Refusal, match="`chat:invoke`") as caught:
        await made.guard.admit(headers, "chat:invoke")
    assert (caught.value.fault, caught.value.status) == (Fault.SCOPE_MISSING, 403)
    with pytest.raises(Refusal) as caught:
        await made.guard.admit(headers, "runs:read", operator=True)
    assert caught.value.fault is Fault.OPERATOR_REQUIRED
