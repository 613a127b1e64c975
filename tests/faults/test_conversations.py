"""What a caller has seen finished in a conversation is kept, whatever becomes of process and store."""

import http.client
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from tests.conftest import LIBRARIAN, Start
from tests.e2e.wire import CHAT, ask, fetch, line
from tests.fakes.process import Gateway
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.faults.proc import PROC, children, is_running
from tests.faults.server import ASK, ready, table
from tests.faults.test_server_store import away, full
from tests.soak import many

pytestmark = [
    pytest.mark.waits,
    pytest.mark.skipif(not (PROC / "self/fd").exists(), reason="needs /proc"),
]
HEADER = "x-persona-conversation-id"
WRITERS = 4


@pytest.fixture
def gateway(start: Start, upstream: ScriptedUpstream) -> Gateway:
    return start(table(upstream))


def attached(gateway: Gateway, name: str, *, stream: bool = False) -> Any:
    return fetch(gateway, body={**ASK, "stream": stream}, headers={HEADER: name})


def kept(gateway: Gateway, conversation: str) -> list[dict[str, Any]]:
    place = f"/v1/chat/conversations/{conversation}/messages?limit=200"
    found: list[dict[str, Any]] = fetch(gateway, place).json["data"]
    return found


def test_without_its_store_a_gateway_that_attaches_all_answers_without_a_conversation(
    start: Start, upstream: ScriptedUpstream
) -> None:
    gateway = start(table(upstream) + '[recording]\nattach = "all"\n')
    assert HEADER in fetch(gateway, body=ASK).headers
    with away(gateway):
        until(lambda: ready(gateway)["store"] == "degraded")
        reply = fetch(gateway, body=ASK)
        assert (reply.status, reply.json["persona"]["conversation"]) == (200, None)


def test_a_turn_that_cannot_be_kept_is_not_seen_finished(gateway: Gateway) -> None:
    conversation = attached(gateway, "new").headers[HEADER]
    with full(gateway):
        whole = attached(gateway, conversation)
        assert (whole.status, whole.error["code"]) == (503, "store.unavailable")
        streamed = attached(gateway, conversation, stream=True)
        assert streamed.status == 200
        *chunks, last = streamed.payloads
        assert json.loads(last)["error"]["code"] == "store.unavailable"
        assert "[DONE]" not in streamed.payloads
        assert "".join(json.loads(chunk)["choices"][0]["delta"].get("content", "") for chunk in chunks)
        assert fetch(gateway, body=ASK).status == 200
    assert len(kept(gateway, conversation)) == 2
    assert attached(gateway, conversation).status == 200
    assert len(kept(gateway, conversation)) == 2
    assert "Traceback" not in gateway.errors()


def test_without_the_store_attached_turns_do_not_begin_and_all_others_go_on(
    gateway: Gateway, upstream: ScriptedUpstream
) -> None:
    conversation = attached(gateway, "new").headers[HEADER]
    with away(gateway):
        until(lambda: ready(gateway)["store"] == "degraded")
        asked = len(upstream.seen)
        for stream in (False, True):
            reply = attached(gateway, conversation, stream=stream)
            assert (reply.status, reply.error["code"]) == (503, "store.unavailable")
        assert len(upstream.seen) == asked
        assert fetch(gateway, body=ASK).status == 200
    until(lambda: ready(gateway)["store"] == "ok")
    assert attached(gateway, conversation).status == 200


class Writer(threading.Thread):
    """Talks in one conversation until the gateway is gone, and remembers what it has seen finished."""

    def __init__(self, gateway: Gateway, conversation: str, *, stream: bool) -> None:
        super().__init__()
        self.gateway, self.conversation, self.stream = gateway, conversation, stream
        self.history: list[dict[str, str]] = []
        self.stop = threading.Event()

    def run(self) -> None:
        with suppress(OSError, http.client.HTTPException, AssertionError, ValueError):
            self.talk()

    def talk(self) -> None:
        with line(self.gateway) as opened:
            number = len(self.history)
            while not self.stop.is_set():
                number += 1
                messages = [*self.history, {"role": "user", "content": f"Number {number}"}]
                body = {"model": LIBRARIAN, "messages": messages, "stream": self.stream}
                reply = ask(opened, CHAT, body, key=self.gateway.key, headers={HEADER: self.conversation})
                assert reply.status == 200
                assert not self.stream or reply.chunks
                self.history = [*messages, {"role": "assistant", "content": f"You said: Number {number}"}]


@contextmanager
def writing(writers: list[Writer]) -> Iterator[None]:
    for writer in writers:
        writer.start()
    try:
        yield
    finally:
        for writer in writers:
            writer.stop.set()
            writer.join()


@pytest.mark.soak
def test_what_was_seen_finished_survives_kills(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = start(table(upstream), "--workers", "2")
    conversations = [attached(gateway, "new").headers[HEADER] for _ in range(WRITERS)]
    for _ in range(many(2, soak=100)):
        writers = [Writer(gateway, name, stream=at % 2 == 0) for at, name in enumerate(conversations)]
        with writing(writers):
            until(lambda: all(len(writer.history) >= 4 for writer in writers))  # noqa: B023
            workers = children(gateway.pid)
            os.killpg(gateway.pid, signal.SIGKILL)
            assert gateway.stop() == -signal.SIGKILL
        until(lambda: not any(is_running(one) for one in workers))  # noqa: B023
        gateway.start()
        for writer in writers:
            assert_kept(gateway, writer)
        conversations = [attached(gateway, "new").headers[HEADER] for _ in range(WRITERS)]


def assert_kept(gateway: Gateway, writer: Writer) -> None:
    """Read the path whose beginning was seen finished; at most one turn more was written."""
    found, after = [], ""
    while True:
        place = f"/v1/chat/conversations/{writer.conversation}/messages?order=asc&limit=200{after}"
        page = fetch(gateway, place).json
        found += [{"role": each["role"], "content": each["content"]} for each in page["data"]]
        if not page["has_more"]:
            break
        after = f"&after={page['next']}"
    assert found[: len(writer.history)] == writer.history
    assert len(found) - len(writer.history) in (0, 2)
