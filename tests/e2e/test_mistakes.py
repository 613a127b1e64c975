"""A mistake of the gateway's own, in the middle of an answer."""

import json
from collections.abc import Iterator

import pytest

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import hello
from tests.e2e.wire import connect, fetch, written
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.sockets import read_until
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import answer_chunks
from tests.fakes.upstream_scripts import Drip, Gate, events

END = b"0\r\n\r\n"
"""The end of a chunked body."""


class Mistaken(Gateway):
    module = "tests.e2e.mistaken_relay"


@pytest.fixture(scope="module")
def mistaken(
    shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    table = upstream_table("main", shared_upstream.base_url, 'default_model = "any"')
    made = Mistaken(tmp_path_factory.mktemp("mistaken"), table + PATIENT).start()
    yield made
    assert made.stop() == 0


def test_a_mistake_in_relaying_is_told_and_logged_once(mistaken: Gateway, upstream: ScriptedUpstream) -> None:
    before, gate = mistaken.errors(), Gate()
    script = events(answer_chunks("one two boom three"))
    size = sum(len(step) for step in script.body if isinstance(step, bytes))
    assert isinstance(script.body[0], bytes)
    going_on = Drip(b"8\r\n: ping\n\n\r\n", 0.01)
    upstream.reply(script.interrupt(len(script.body[0]), gate).cut(size - len(END), going_on))
    with connect(mistaken) as peer:
        peer.sendall(written(mistaken, {"model": LIBRARIAN, "messages": hello(), "stream": True}))
        received = read_until(peer, b'"role"')
        gate.open()
        received += read_until(peer, END)
    assert b"[DONE]" not in received
    (error,) = [json.loads(line[6:]) for line in received.splitlines() if line.startswith(b'data: {"error"')]
    assert (error["error"]["code"], error["error"]["type"]) == ("server.error", "server_error")
    turn = until(mistaken.turns)[0]
    assert (turn["status"], turn["error"]) == ("failed", "server.error")
    logged = mistaken.errors().removeprefix(before)
    assert logged.count("Traceback") == logged.count(f"unexpected ValueError in turn {turn['id']}") == 1
    (seen,) = upstream.seen
    assert seen.gone.wait(25)
    assert fetch(mistaken, body={"model": LIBRARIAN, "messages": hello()}).status == 200
