"""Webhooks are told of events: signed, at least once, in their own time, and never of what is another's."""

import hashlib
import hmac
import itertools
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.webhooks.webhook import TYPES
from tests.api.conftest import User, statement
from tests.e2e.wire import Reply, fetch
from tests.fakes.postgres import Server
from tests.fakes.process import Gateway, upstream_table
from tests.fakes.until import until
from tests.faults.proc import PROC, work_processes
from tests.openapi.described import Document
from tests.webhooks.receiver import Delivered, Receiver

pytestmark = pytest.mark.slow

PATIENCE = 60.0
NUMBERS = itertools.count()
RETRIES = "retries = [0.05, 0.05, 0.05, 0.05]"
PATIENT = f"retries = [0.05, {', '.join(['1'] * 19)}]"
"""Two attempts follow each other at once, and others for as long as a busy machine needs."""


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as found:
        yield found


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def gateway(
    request: pytest.FixtureRequest, receiver: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """A gateway whose users may name the receiver, and whose attempts follow each other quickly."""
    folder = tmp_path_factory.mktemp("hooks")
    config = upstream_table("main", "http://127.0.0.1:9/v1", 'default_model = "m"')
    config += f'[egress]\nallow = ["{receiver.place}"]\n[webhooks]\n{RETRIES}\n[work]\nconcurrency = 2\n'
    if request.param == "sqlite":
        yield from serving(folder, config)
        return
    server: Server = request.getfixturevalue("postgres")
    with server.database("engine") as url:
        yield from serving(folder, f'{config}[store]\nurl = "{url}"\n')


def serving(folder: Path, config: str) -> Iterator[Gateway]:
    gateway = Gateway(folder, config).start()
    yield gateway
    errors = gateway.errors()
    assert gateway.stop() == 0
    assert "Traceback" not in errors


@pytest.fixture
def me(gateway: Gateway) -> User:
    """A key with all scopes in a workspace of its own."""
    listed = fetch(gateway, "/v1/keys").json["data"][0]
    return User(gateway, gateway.key, listed["id"], listed["workspace"]).neighbour()


class Hook:
    """A webhook of a user's, at a path of its own."""

    def __init__(self, user: User, receiver: Receiver, *events: str, **more: Any) -> None:
        self.user, self.receiver = user, receiver
        self.path = f"/{next(NUMBERS)}"
        body = {"url": receiver.url(self.path), "events": list(events) or ["persona.created"], **more}
        made = user.ask("POST", "/webhooks", body)
        assert made.status == 201, made.body
        self.id, self.secret = made.json["id"], made.json["secret"]

    def ask(self, method: str, path: str = "", body: object = None) -> Reply:
        return self.user.ask(method, f"/webhooks/{self.id}{path}", body)

    def got(self, count: int = 1) -> list[Delivered]:
        """Wait until so many requests have come."""
        until(lambda: len(self.receiver.at(self.path)) >= count, PATIENCE)
        return self.receiver.at(self.path)

    def deliveries(self, **query: str) -> list[dict[str, Any]]:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        found: list[dict[str, Any]] = self.ask("GET", f"/deliveries?{asked}").json["data"]
        return found

    def ends(self, status: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until so many deliveries have a status."""
        until(lambda: len(self.deliveries(status=status)) >= count, PATIENCE)
        return self.deliveries(status=status)


def is_signed(got: Delivered, secret: str, at: int = 0) -> bool:
    """Check one of the signatures."""
    time, *signed = [part.split("=", 1)[1] for part in got.headers["persona-signature"].split(",")]
    expected = hmac.new(secret.encode(), f"{time}.".encode() + got.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(signed[at], expected)


def create(user: User, **more: Any) -> str:
    made = user.ask("POST", "/personas", {"prompt": "You are Edith.", "visibility": "workspace", **more})
    assert made.status == 201, made.body
    found: str = made.json["id"]
    return found


def test_an_event_is_delivered_signed_and_in_ids_and_numbers(me: User, receiver: Receiver) -> None:
    hook = Hook(me, receiver, "persona.created", "persona.archived")
    persona = create(me, slug="edith")
    (got,) = hook.got()
    event = got.event
    assert is_signed(got, hook.secret)
    assert (event["type"], event["workspace"]) == ("persona.created", me.workspace)
    assert event["data"] == {"persona_id": persona, "version": 1}
    assert sorted(event) == ["created_at", "data", "id", "type", "workspace"]
    (told,) = hook.ends("delivered")
    assert (told["event"], told["body"], told["attempts"], told["response_status"]) == (
        event["id"],
        event,
        1,
        200,
    )
    assert got.headers["persona-delivery"] == told["id"]
    me.ask("PUT", f"/personas/{persona}/labels/beta", {"version": 1})
    me.ask("DELETE", f"/personas/{persona}")
    assert [each.event["type"] for each in hook.got(2)] == ["persona.created", "persona.archived"]


def test_an_attempt_that_fails_is_made_again_and_then_becomes_a_dead_letter(
    me: User, receiver: Receiver
) -> None:
    hook = Hook(me, receiver)
    receiver.answers.extend([500, 302])
    create(me, slug="once")
    assert len({each.event["id"] for each in hook.got(3)}) == 1
    assert hook.ends("delivered")[0]["attempts"] == 3
    receiver.answers.extend([503, 404, 301, 500, 429])
    create(me, slug="never")
    (dead,) = hook.ends("failed")
    assert (dead["attempts"], dead["response_status"], dead["next_attempt_at"]) == (5, 429, None)
    assert dead["error"] == "the receiver answers with the status 429"
    assert hook.ask("POST", f"/deliveries/{dead['id']}/replay").status == 202
    assert len(hook.ends("delivered", 2)) == 2
    assert hook.got(9)[-1].event["id"] == dead["event"]
    assert hook.deliveries(status="failed") == []


def test_a_span_of_time_is_delivered_once_more(me: User, receiver: Receiver) -> None:
    hook = Hook(me, receiver)
    receiver.answers.extend([500] * 5)
    create(me, slug="dead")
    (dead,) = hook.ends("failed")
    create(me, slug="alive")
    hook.ends("delivered")
    span = {"since": dead["created_at"]}
    assert hook.ask("POST", "/replay", span).json == {"replayed": 1, "next": None}
    hook.ends("delivered", 2)
    assert hook.ask("POST", "/replay", {**span, "deliveries": "all"}).json["replayed"] == 2
    assert len(hook.got(9)) == 9
    hook.ends("delivered", 2)
    refused = hook.ask("POST", "/replay", {"since": "yesterday"})
    assert (refused.status, refused.json["error"]["code"]) == (422, "webhook.schema_violation")


def test_a_receiver_that_is_gone_is_told_of_nothing_more(me: User, receiver: Receiver) -> None:
    hook = Hook(me, receiver)
    receiver.answers.append(410)
    create(me, slug="last")
    (dead,) = hook.ends("failed")
    assert dead["attempts"] == 1
    shown = hook.ask("GET").json
    assert (shown["enabled"], shown["off_reason"]) == (False, "gone")
    create(me, slug="unheard")
    assert hook.ask("POST", "/test").json["error"]["code"] == "webhook.disabled"
    assert hook.ask("PATCH", "", {"enabled": True}).json["off_reason"] is None
    assert hook.ask("POST", "/test").status == 202
    assert hook.got(2)[-1].event["type"] == "webhook.test"


def test_both_secrets_sign_until_a_rotation_is_finished(me: User, receiver: Receiver) -> None:
    hook = Hook(me, receiver, standard_headers=True)
    rotated = hook.ask("POST", "/rotate").json
    assert rotated["secret"] != hook.secret
    assert rotated["old_secret_until"] is not None
    hook.ask("POST", "/test")
    (got,) = hook.got()
    assert is_signed(got, hook.secret, 0)
    assert is_signed(got, rotated["secret"], 1)
    assert len(got.headers["webhook-signature"].split(" ")) == 2
    assert got.headers["webhook-id"] == got.event["id"]
    finished = hook.ask("POST", "/rotate", {"finish": True}).json
    assert "secret" not in finished
    assert finished["old_secret_until"] is None
    hook.ask("POST", "/test")
    got = hook.got(2)[-1]
    assert is_signed(got, rotated["secret"], 0)
    assert got.headers["persona-signature"].count("v1=") == 1


def test_what_is_private_is_told_to_its_owner_alone(me: User, receiver: Receiver) -> None:
    other = me.colleague()
    mine, theirs = Hook(me, receiver), Hook(other, receiver)
    create(me, slug="secret", visibility="private")
    hidden = mine.got()[0].event["id"]
    shared = create(me, slug="shared")
    assert [each.event["data"]["persona_id"] for each in theirs.got()] == [shared]
    assert [each["event"] for each in mine.deliveries()][-1] == hidden
    seen = other.ask("GET", f"/webhooks/{mine.id}/deliveries").json["data"]
    assert [each["body"]["data"]["persona_id"] for each in seen] == [shared]
    taken = other.ask("PATCH", f"/webhooks/{mine.id}", {"url": receiver.url("/elsewhere")})
    assert (taken.status, taken.json["error"]["code"]) == (403, "webhook.other_owner")
    assert other.ask("POST", f"/webhooks/{mine.id}/rotate").status == 403
    assert other.ask("PATCH", f"/webhooks/{mine.id}", {"enabled": False}).status == 200


def test_a_slow_receiver_delays_no_other(me: User, receiver: Receiver) -> None:
    slow, quick = Hook(me, receiver, "persona.archived"), Hook(me, receiver)
    free = threading.Event()

    def wait() -> int:
        free.wait(PATIENCE)
        return 200

    # As many as have a place at the same time, and more that wait behind them.
    receiver.answers.extend([wait] * 4)
    for _ in range(4):
        assert slow.ask("POST", "/test").status == 202
    slow.got(2)
    receiver.answers.clear()
    create(me, slug="quick")
    assert quick.ends("delivered")[0]["attempts"] == 1
    assert len(receiver.at(slow.path)) == 2
    assert slow.deliveries(status="delivered") == []
    free.set()
    assert len(slow.ends("delivered", 4)) == 4


def test_a_plan_s_deliveries_in_a_minute_hold_and_none_is_lost(me: User, receiver: Receiver) -> None:
    me.ask("PUT", f"/keys/{me.id}/limits", {"webhook_deliveries_per_minute": 2})
    hook = Hook(me, receiver)
    for _ in range(4):
        hook.ask("POST", "/test")
    hook.ends("delivered", 2)
    waiting = until(
        lambda: [each for each in hook.deliveries(status="waiting") if not is_due(each)][1:], PATIENCE
    )
    assert len(hook.got(2)) == 2
    assert [each["attempts"] for each in waiting] == [0]


def is_due(delivery: dict[str, Any]) -> bool:
    """Tell whether it was not put off."""
    return bool(delivery["next_attempt_at"] <= delivery["created_at"])


@pytest.mark.skipif(not (PROC / "self/fd").exists(), reason="needs /proc")
def test_a_killed_process_loses_no_delivery(gateway: Gateway, me: User, receiver: Receiver) -> None:
    hook, free = Hook(me, receiver), threading.Event()

    def wait() -> int:
        free.wait(PATIENCE)
        return 200

    receiver.answers.extend([wait] * 2)
    told = [hook.ask("POST", "/test").json["event"] for _ in range(6)]
    hook.got(2)
    (worker,) = work_processes(gateway.pid)
    os.kill(worker, signal.SIGKILL)
    receiver.answers.clear()
    assert len(hook.ends("delivered", 6)) == 6
    free.set()
    assert sorted({each.event["id"] for each in receiver.at(hook.path)}) == sorted(told)
    # Those that were open are told once more, under the same ids.
    assert len(receiver.at(hook.path)) == 8
    assert {each["attempts"] for each in hook.deliveries()} == {1}


def test_what_a_deleted_webhook_was_told_leaves_no_work(
    gateway: Gateway, me: User, receiver: Receiver
) -> None:
    hook, free = Hook(me, receiver), threading.Event()
    receiver.answers.extend([500] * 5)
    create(me, slug="dead")
    hook.ends("failed")
    hook.ask("POST", "/test")
    hook.ends("delivered")
    receiver.answers.append(lambda: 200 if free.wait(PATIENCE) else 500)
    hook.ask("POST", "/test")
    hook.got(7)
    assert hook.ask("DELETE").status == 204
    left = "SELECT state, error FROM work WHERE CAST(data AS TEXT) LIKE ?"
    until(lambda: {row[0] for row in statement(gateway, left, f"%{hook.id}%")} <= {"cancelled"}, PATIENCE)
    until(lambda: len(statement(gateway, left, f"%{hook.id}%")) <= 1, PATIENCE)
    free.set()
    assert not statement(gateway, "SELECT id FROM deliveries WHERE webhook_id = ?", hook.id)


def test_a_receiver_that_is_killed_gets_what_it_has_missed(tmp_path: Path) -> None:
    with Receiver() as first:
        port = first.port
    config = upstream_table("main", "http://127.0.0.1:9/v1", 'default_model = "m"')
    config += f'[egress]\nallow = ["127.0.0.1:{port}"]\n[webhooks]\n{PATIENT}\n'
    gateway = Gateway(tmp_path, config).start()
    me = User(gateway, gateway.key)
    hook = Hook(me, first)
    told = hook.ask("POST", "/test").json["event"]
    until(lambda: hook.deliveries()[0]["attempts"] >= 2, PATIENCE)
    missed = hook.deliveries()[0]
    assert (missed["status"], missed["error"]) == ("waiting", "127.0.0.1 cannot be reached")
    with Receiver(port) as again:
        (delivered,) = hook.ends("delivered")
        (got,) = again.got
    assert delivered["attempts"] >= 3
    assert got.event["id"] == told
    assert is_signed(got, hook.secret)
    assert gateway.stop() == 0


def test_events_are_what_the_document_says(gateway: Gateway, me: User, receiver: Receiver) -> None:
    document = Document(fetch(gateway, "/openapi.json", key="").json)
    hook = Hook(me, receiver, *TYPES)
    persona = create(me, slug="told")
    me.ask("PATCH", f"/personas/{persona}", {"tags": ["told"]})
    me.ask("PUT", f"/personas/{persona}/labels/beta", {"version": 1})
    me.ask("DELETE", f"/personas/{persona}/labels/beta")
    me.ask("POST", f"/personas/{persona}/fork", {"slug": "told-again"})
    me.ask("DELETE", f"/personas/{persona}")
    hook.ask("POST", "/test")
    seen = [each.event for each in hook.got(7)]
    assert len({event["type"] for event in seen}) == 5
    for event in seen:
        content = document.whole["webhooks"][event["type"]]["post"]["requestBody"]["content"]
        assert document.problems(content["application/json"]["schema"], event) == [], event
    assert sorted(document.whole["webhooks"]) == sorted(TYPES)
    for kind, described in document.whole["webhooks"].items():
        media = described["post"]["requestBody"]["content"]["application/json"]
        assert document.problems(media["schema"], media["example"]) == [], kind


def test_urls_that_lead_inside_are_refused(me: User) -> None:
    for url in ("http://127.0.0.1:9/", "http://10.0.0.1/", "ftp://example.com/", "nowhere"):
        made = me.ask("POST", "/webhooks", {"url": url, "events": ["run.failed"]})
        assert (made.status, made.json["error"]["code"]) == (422, "webhook.schema_violation"), url
    made = me.ask("POST", "/webhooks", {"url": "https://example.com", "events": ["run.begun"]})
    assert made.status == 400
