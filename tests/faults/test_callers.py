"""Callers who are slow or leave cost little and leave nothing behind."""

import socket
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.wire import CHAT, connect, written
from tests.fakes import upstream_faults as faults
from tests.fakes.process import Gateway
from tests.fakes.sockets import read_until
from tests.fakes.until import until
from tests.fakes.upstream import Answer, ScriptedUpstream
from tests.fakes.upstream_model import chunk, completion
from tests.fakes.upstream_scripts import Gate, events, json_answer
from tests.faults.callers import ASK, MB, STREAM, assert_refused, dribble, rest_of
from tests.faults.proc import PROC, children, memory, sockets

pytestmark = [
    pytest.mark.waits,
    pytest.mark.skipif(not (PROC / "self/fd").exists(), reason="needs /proc"),
]


IN_FLIGHT = 40 * MB
"""Bytes of one stream that the kernel's buffers on both sides of a gateway may hold, generously."""
PLAIN: dict[str, Any] = {**ASK, "model": "plain-model"}


ROWS = """
SELECT status, error FROM turns JOIN keys ON keys.id = turns.key_id
WHERE keys.name = 'leaver' ORDER BY turns.id
"""


def recorded(gateway: Gateway) -> list[tuple[str, str | None]]:
    """List status and error of each turn with that key so far, the oldest first."""
    with closing(sqlite3.connect(gateway.folder / "persona.db", timeout=25)) as store:
        return store.execute(ROWS).fetchall()


def flood() -> Answer:
    """Send pieces of 256 KB as fast as they are read."""
    return faults.drip(0, 256 * 1024)


def ask_and_read_nothing(gateway: Gateway, body: dict[str, Any], key: str | None = None) -> socket.socket:
    peer = connect(gateway)
    peer.sendall(written(gateway, body, key=key))
    return peer


def test_a_caller_who_does_not_read_holds_up_the_upstream(
    gateway: Gateway, upstream: ScriptedUpstream
) -> None:
    upstream.always(flood())
    with ask_and_read_nothing(gateway, STREAM) as peer:
        (seen,) = upstream.wait_for(1)
        assert seen.blocked.wait(25)
        sent = seen.sent_bytes
        assert sent < IN_FLIGHT
        # Reading sets it going again.
        until(lambda: peer.recv(MB) and seen.sent_bytes > sent)


def test_callers_who_do_not_read_cost_little_memory(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    (worker,) = children(gateway.pid)
    upstream.always(flood())
    peers = [ask_and_read_nothing(gateway, STREAM)]
    assert upstream.wait_for(1)[0].blocked.wait(25)
    before = memory(worker)
    peers += [ask_and_read_nothing(gateway, STREAM) for _ in range(20)]
    assert all(seen.blocked.wait(25) for seen in upstream.wait_for(21))
    grown = memory(worker) - before
    for peer in peers:
        peer.close()
    assert grown < 20 * 2 * MB
    assert all(seen.gone.wait(25) for seen in upstream.seen)


def test_a_write_that_stalls_is_cut(
    impatient: Gateway, upstream: ScriptedUpstream, worker: int, key: str
) -> None:
    turns = len(recorded(impatient))
    upstream.always(flood())
    with ask_and_read_nothing(impatient, STREAM, key) as peer:
        (seen,) = upstream.wait_for(1)
        assert seen.gone.wait(25)
        assert until(lambda: recorded(impatient)[turns:]) == [("cancelled", "caller_stalled")]
        received, was_reset = rest_of(peer)
    assert was_reset
    assert b"[DONE]" not in received


def test_a_whole_answer_that_is_not_read_is_cut_too(
    impatient: Gateway, upstream: ScriptedUpstream, worker: int
) -> None:
    upstream.always(json_answer(completion("x" * IN_FLIGHT)))
    before = sockets(worker)
    with ask_and_read_nothing(impatient, ASK) as peer:
        assert upstream.wait_for(1)[0].settled.wait(25)
        until(lambda: sockets(worker) > before)
        upstream.hang_up()
        until(lambda: sockets(worker) <= before)
        received, was_reset = rest_of(peer)
    assert was_reset
    assert len(received) < IN_FLIGHT


def test_a_caller_who_reads_slowly_is_not_cut(
    impatient: Gateway, upstream: ScriptedUpstream, worker: int, key: str
) -> None:
    turns = len(recorded(impatient))
    upstream.always(events([*[chunk("x" * 4 * MB) for _ in range(6)], chunk(finish="stop")]))
    received = b""
    with ask_and_read_nothing(impatient, STREAM, key) as peer:
        peer.settimeout(25)
        # This takes well over the time limit, without ever being silent for that long.
        while b"data: [DONE]\n\n" not in received[-100:]:
            silence(0.05)
            received += peer.recv(MB)
    assert len(received) > 24 * MB
    assert until(lambda: recorded(impatient)[turns:]) == [("completed", None)]


def silence(seconds: float) -> None:
    """Check that nothing comes in for this time."""
    left, right = socket.socketpair()
    with left, right, suppress(TimeoutError):
        left.settimeout(seconds)
        left.recv(1)


def test_a_head_has_to_come_in_time(impatient: Gateway, worker: int) -> None:
    again = connect(impatient)
    again.sendall(b"GET /health/live HTTP/1.1\r\nHost: gateway\r\n\r\n")
    read_until(again, b'"live"}')
    peers = [again, *(connect(impatient) for _ in range(4))]
    sent = [b"G", b"", b"\r\n", b"P", b"POST " + CHAT.encode() + b" HTTP/1.1\r\nHost: gateway\r\nX-A: "]
    for peer, data in zip(peers, sent, strict=True):
        peer.sendall(data)
    received, _ = dribble(peers[4], b"a", until_answered=40)
    peers[4].settimeout(25)
    answers = [rest_of(peer)[0] for peer in peers[:4]] + [received + rest_of(peers[4])[0]]
    for peer in peers:
        peer.close()
    assert answers[1] == b""
    for answer in (answers[0], *answers[2:]):
        assert_refused(answer, 408)
    assert b'"code":"request_timeout"' in answers[4]


def test_a_body_that_pauses_is_refused(impatient: Gateway, upstream: ScriptedUpstream, worker: int) -> None:
    with connect(impatient) as peer:
        peer.sendall(written(impatient, ASK)[:-10])
        answer, was_reset = rest_of(peer)
    assert_refused(answer, 408)
    assert b'"code":"request_timeout"' in answer
    assert not was_reset
    assert upstream.seen == []


def test_a_chunked_body_that_pauses_is_refused(impatient: Gateway, worker: int) -> None:
    head, _, _ = written(impatient, ASK).partition(b"Content-Length")
    with connect(impatient) as peer:
        peer.sendall(head + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"mod\r\n')
        assert_refused(rest_of(peer)[0], 408)


def test_a_body_may_come_slowly(impatient: Gateway, worker: int) -> None:
    request = written(impatient, ASK)
    with connect(impatient) as peer:
        peer.sendall(request[:-4])
        for at in range(-4, -1):
            assert dribble(peer, request[at:][:1], until_answered=1) == (b"", 1)
        peer.settimeout(25)
        peer.sendall(request[-1:])
        assert peer.recv(1 << 16).startswith(b"HTTP/1.1 200 ")


def test_a_body_of_a_request_that_was_refused_may_pause_no_longer(impatient: Gateway, worker: int) -> None:
    with connect(impatient) as peer:
        peer.sendall(written(impatient, ASK, key="pk_live_wrong")[:-10])
        assert read_until(peer, b"invalid_api_key").startswith(b"HTTP/1.1 401 ")
        rest_of(peer)


@pytest.mark.parametrize("rest", [b"0\r\nX-A: ", b"5;a="], ids=["a trailer", "a chunk's extension"])
def test_what_stands_beside_a_body_has_a_limit(impatient: Gateway, worker: int, rest: bytes) -> None:
    head, _, _ = written(impatient, ASK).partition(b"Content-Length")
    with connect(impatient) as peer:
        peer.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n" + rest + b"a" * 200_000)
        assert_refused(rest_of(peer)[0], 431)


def partial_head(gateway: Gateway, key: str) -> bytes:
    return written(gateway, ASK, key=key)[:60]


def partial_body(gateway: Gateway, key: str) -> bytes:
    return written(gateway, ASK, key=key)[:-10]


def asked(body: dict[str, Any]) -> Callable[[Gateway, str], bytes]:
    return lambda gateway, key: written(gateway, body, key=key)


Phase = tuple[Callable[[Gateway, str], bytes], Callable[[], Answer] | None, bytes]
"""A phase is what the caller sends, what the upstream does, and what the caller reads before it leaves."""
PHASES: dict[str, Phase] = {
    "while it sends its headers": (partial_head, None, b""),
    "while it sends its body": (partial_body, None, b""),
    "while the upstream is connected to": (asked({**ASK, "model": "hanging-model"}), None, b""),
    "before the first byte": (asked(STREAM), faults.silent, b""),
    "in the middle of a stream": (asked(STREAM), faults.falls_silent, b"word0"),
    "during the finish": (
        asked(STREAM),
        lambda: events([chunk("a"), chunk(finish="stop"), Gate()]),
        b'"stop"',
    ),
    "before a whole answer": (asked(ASK), faults.silent, b""),
    "during a whole answer": (asked(ASK), faults.falls_silent, b""),
    "in a flood": (asked(STREAM), flood, b"xxxx"),
}
HOW: dict[str, Callable[[socket.socket], None]] = {
    "closes": lambda peer: None,
    "resets": lambda peer: peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)),
    "closes its sending side": lambda peer: peer.shutdown(socket.SHUT_WR),
}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("phase", PHASES)
def test_of_a_caller_who_leaves_nothing_stays(
    impatient: Gateway, upstream: ScriptedUpstream, worker: int, key: str, phase: str, how: str
) -> None:
    """A caller that has closed its sending side has left too: nothing tells it from one that is gone."""
    request, answer, mark = PHASES[phase]
    upstream.always(answer() if answer else None)
    before, turns = sockets(worker), len(recorded(impatient))
    with connect(impatient) as peer:
        peer.sendall(request(impatient, key))
        if answer:
            upstream.wait_for(1)
        else:
            until(lambda: sockets(worker) > before)
        if mark:
            read_until(peer, mark)
        HOW[how](peer)
        if how == "closes its sending side" and phase != "in a flood":
            assert b"[DONE]" not in rest_of(peer)[0]
    for seen in upstream.seen:
        assert seen.gone.wait(25)
    if "sends" not in phase:
        assert until(lambda: recorded(impatient)[turns:]) == [("cancelled", None)]
    until(lambda: sockets(worker) <= before)


def test_callers_who_leave_in_a_crowd_leave_nothing(
    impatient: Gateway, upstream: ScriptedUpstream, worker: int
) -> None:
    upstream.always(faults.falls_silent())
    before = memory(worker)
    for _ in range(5):
        upstream.reset()
        upstream.always(faults.falls_silent())
        peers = [connect(impatient) for _ in range(50)]
        for number, peer in enumerate(peers):
            peer.sendall(written(impatient, STREAM if number % 2 else ASK))
        for seen in upstream.wait_for(50, timeout=20):
            assert not seen.gone.is_set()
        for peer in peers:
            peer.close()
        assert all(seen.gone.wait(25) for seen in upstream.seen)
    assert memory(worker) - before < 30 * MB


@pytest.mark.parametrize(("count", "size"), [(60, 2 * MB), (10_000, 1)])
def test_chunks_of_any_size_pass_with_flat_memory(
    impatient: Gateway, upstream: ScriptedUpstream, worker: int, count: int, size: int
) -> None:
    one = chunk("x" * size)
    upstream.always(events([chunk("", delta={"role": "assistant"}), *[one] * count, chunk(finish="stop")]))
    for grown in (0, 1):
        if grown:
            before = memory(worker)
        with ask_and_read_nothing(impatient, STREAM) as peer:
            got = 0
            tail = b""
            while b"data: [DONE]\n\n" not in tail:
                data = peer.recv(MB)
                assert data
                got += len(data)
                tail = tail[-20:] + data
    assert got > count * size
    assert memory(worker) - before < 12 * MB


def test_a_chunk_goes_out_before_the_next_comes_in(
    impatient: Gateway, upstream: ScriptedUpstream, worker: int
) -> None:
    gates = [Gate() for _ in range(3)]
    said = [step for number, gate in enumerate(gates) for step in (chunk(f"word{number}"), gate)]
    upstream.always(events([*said, chunk(finish="stop")]))
    with ask_and_read_nothing(impatient, STREAM) as peer:
        for number, gate in enumerate(gates):
            read_until(peer, f"word{number}".encode())
            gate.open()
        read_until(peer, b"[DONE]")


def test_the_log_of_all_this_is_empty(impatient: Gateway) -> None:
    assert impatient.errors() == ""
    assert Path(impatient.folder / "stderr.log").exists()
