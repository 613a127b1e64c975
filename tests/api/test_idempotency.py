"""Idempotency-Key: a repeated POST has one effect and one answer."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gateway.auth.idempotency import Idempotency, _Entry, _replay
from gateway.errors import Refusal
from gateway.storage import answers
from gateway.storage.answers import Place
from gateway.storage.database import Database
from tests.api.conftest import User, details, made, refused, settings, statement
from tests.conftest import Start
from tests.e2e.wire import fetch
from tests.fakes.store import opened
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream

BODY = {"slug": "muse", "prompt": "A prompt that nobody keeps."}


@pytest.fixture
async def database(place: Path | str) -> AsyncIterator[Database]:
    async with opened(place) as database:
        yield database


def test_a_repetition_gets_the_first_answer(me: User) -> None:
    first = me.post("/personas", BODY, idempotency_key="one")
    again = me.post("/personas", BODY, idempotency_key="one")
    assert (again.status, again.body) == (first.status, first.body) == (201, first.body)
    assert (again.headers["etag"], again.headers["content-type"]) == (
        first.headers["etag"],
        "application/json",
    )
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert len(me.get("/personas/muse/versions").json["data"]) == 1
    refused(me.post("/personas", BODY), 409, "persona.slug_taken")


def test_a_refusal_is_repeated_too(me: User) -> None:
    body = {"slug": "Bad Slug", "prompt": "A"}
    first, again = (me.post("/personas", body, idempotency_key="bad") for _ in range(2))
    assert (first.status, first.body) == (again.status, again.body)
    assert first.status == 422


def test_another_request_under_the_same_key_is_422(me: User) -> None:
    me.post("/personas", BODY, idempotency_key="one")
    for path, body in [
        ("/personas", BODY | {"slug": "other"}),
        ("/personas/muse/fork", BODY),
        ("/personas?", BODY | {"prompt": "Another."}),
    ]:
        refusal = me.post(path, body, idempotency_key="one")
        refused(refusal, 422, "request.idempotency_mismatch")
    assert [one["slug"] for one in me.get("/personas").json["data"]] == ["muse"]


def test_repetitions_at_once_wait_and_have_one_effect(me: User) -> None:
    with ThreadPoolExecutor(10) as pool:
        replies = list(
            pool.map(lambda _: me.post("/keys", {"name": "one"}, idempotency_key="once"), range(20))
        )
    assert {reply.status for reply in replies} == {201}
    assert len({reply.body for reply in replies}) == 1
    assert sum("idempotent-replayed" not in reply.headers for reply in replies) == 1
    assert len(me.get("/keys").json["data"]) == 2


def test_a_key_is_the_callers_own(me: User, stranger: User) -> None:
    mine = made(me.post("/keys", {}, idempotency_key="mine"))
    other = me.colleague()
    for caller in (other, stranger):
        reply = caller.post("/keys", {}, idempotency_key="mine")
        assert made(reply)["id"] != mine["id"]
    weak = me.colleague("personas:read")
    refused(weak.post("/keys", {}, idempotency_key="mine"), 403, "auth.missing_scope")


def test_kept_answers_cannot_be_read_from_the_store(me: User) -> None:
    key = made(me.post("/keys", {}, idempotency_key="secret"))["key"]
    me.post("/personas", BODY, idempotency_key="persona")
    rows = statement(me.gateway, "SELECT body FROM idempotency WHERE body IS NOT NULL")
    kept = [bytes(row[0]) for row in rows]
    assert kept
    assert not any(key.encode() in body or BODY["prompt"].encode() in body for body in kept)
    lower = fetch(
        me.gateway,
        "/v1/keys",
        {},
        key="",
        headers={"x-api-key": me.key, "idempotency-key": "secret"},
    )
    assert lower.json["key"] == key


@pytest.mark.parametrize("key", ["", "a" * 256, "tab\there"])
def test_a_wrong_key_is_told(me: User, key: str) -> None:
    assert details(me.post("/personas", BODY, idempotency_key=key)) == [
        (["header", "Idempotency-Key"], "value_error")
    ]


def test_an_answer_is_kept_for_a_day(me: User) -> None:
    first = me.post("/keys", {"name": "a"}, idempotency_key="day")
    statement(me.gateway, "UPDATE idempotency SET at = at - 86300000 WHERE workspace_id = ?", me.workspace)
    assert me.post("/keys", {"name": "a"}, idempotency_key="day").body == first.body
    statement(me.gateway, "UPDATE idempotency SET at = at - 200000 WHERE workspace_id = ?", me.workspace)
    assert me.post("/keys", {"name": "a"}, idempotency_key="day").body != first.body


def test_what_died_with_its_process_is_done_again(me: User) -> None:
    made(me.post("/keys", {"name": "a"}, idempotency_key="dead"))
    abandoned = "UPDATE idempotency SET status = NULL, body = NULL, at = at - 130000 WHERE workspace_id = ?"
    statement(me.gateway, abandoned, me.workspace)
    assert made(me.post("/keys", {"name": "a"}, idempotency_key="dead"))


def test_a_get_takes_no_notice(me: User) -> None:
    me.persona()
    for path in ("/personas", "/keys", "/personas"):
        assert "idempotent-replayed" not in me.get(path, idempotency_key="one").headers


@pytest.fixture
def fragile(start: Start, upstream: ScriptedUpstream) -> User:
    gateway = start(settings(upstream))
    return User(gateway, gateway.key)


def test_our_own_failures_are_not_kept_nor_logged_with_words(fragile: User) -> None:
    def post(slug: str) -> int:
        return fragile.post("/personas", BODY | {"slug": slug}, idempotency_key=slug).status

    statement(fragile.gateway, "ALTER TABLE personas RENAME TO hidden")
    assert post("a") == 503
    statement(fragile.gateway, "ALTER TABLE hidden RENAME TO personas")
    statement(fragile.gateway, "ALTER TABLE audit RENAME COLUMN subject TO object")
    assert post("b") == 503
    statement(fragile.gateway, "ALTER TABLE audit RENAME COLUMN object TO subject")
    assert until(lambda: {post("a"), post("b")}) == {201}
    assert BODY["prompt"] not in fragile.gateway.errors()


async def test_events_go_out_as_they_come_and_only_that_they_were_sent_is_kept(database: Database) -> None:
    sent: list[Any] = []
    seen_at_each: list[int] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        head = [(b"content-type", b"text/event-stream; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        for piece in (b"one", b"two"):
            await send({"type": "http.response.body", "body": piece, "more_body": piece == b"one"})
            seen_at_each.append(len(sent))

    entry = _Entry(Place("ws_1", "one"), b"seal")
    async with database.write() as connection:
        assert await answers.claim(connection, entry.place, "request")
    scope: Any = {}
    never: Any = None
    await Idempotency(database)._first(entry, scope, never, send, app)
    assert seen_at_each == [2, 3]
    async with database.read() as connection:
        kept = await answers.find(connection, entry.place)
    assert kept is not None
    assert (kept.status, kept.body) == (200, None)
    with pytest.raises(Refusal):
        await _replay(kept, entry, send)
