"""The gateway ends with grace, and its model comes back."""

import os
import signal
from pathlib import Path

import pytest

from gateway import config
from gateway.upstreams.local import LocalModelMissing, find_weights
from tests.conftest import Start
from tests.e2e.conftest import hello
from tests.e2e.wire import ask, connect, fetch, line, written
from tests.fakes import upstream_faults as faults
from tests.fakes.process import Gateway
from tests.fakes.sockets import read_all, read_until
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import Gate
from tests.faults.proc import PROC, children
from tests.faults.server import ASK, STREAM, statuses, table, two_kinds

pytestmark = pytest.mark.skipif(not (PROC / "self/fd").exists(), reason="needs /proc")


OPEN = 200


def refuses(gateway: Gateway) -> bool:
    try:
        connect(gateway).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize("workers", [1, 2])
def test_open_streams_have_the_grace_to_finish(
    start: Start, upstream: ScriptedUpstream, workers: int
) -> None:
    gateway = start(table(upstream, "[server]", "shutdown_grace = 4"), "--workers", str(workers))
    gate = Gate()
    upstream.always(two_kinds(gate))
    peers = [connect(gateway) for _ in range(OPEN)]
    for number, peer in enumerate(peers):
        peer.settimeout(30)
        peer.sendall(written(gateway, {**STREAM, "messages": hello("end" if number % 2 else "stay")}))
    for peer in peers:
        read_until(peer, b"first")
    with line(gateway) as idle:
        assert ask(idle, "/health/ready").json["draining"] is False
        os.kill(gateway.pid, signal.SIGTERM)
        until(lambda: refuses(gateway))
        assert idle.sock.recv(1) == b""
    gate.open()
    rests = [read_all(peer) for peer in peers]
    assert gateway.stop() == 0
    for number, rest in enumerate(rests):
        if number % 2:
            assert b'"persona":{' in rest
            assert b"data: [DONE]\n\n" in rest
        else:
            assert b'data: {"error":{' in rest
            assert b'"code":"server.draining"' in rest
            assert b"[DONE]" not in rest
        assert rest.endswith(b"0\r\n\r\n")
    for peer in peers:
        peer.close()
    assert statuses(gateway) == {("completed", None): OPEN // 2, ("failed", "shutdown"): OPEN // 2}
    assert gateway.errors() == ""


def test_whole_answers_and_embeddings_beyond_the_grace_are_refused(
    start: Start, upstream: ScriptedUpstream
) -> None:
    more = ("[server]", "shutdown_grace = 0.3", "[embeddings]", 'upstream = "main"')
    gateway = start(table(upstream, *more))
    upstream.always(faults.silent())
    with connect(gateway) as chat, connect(gateway) as embeddings:
        chat.sendall(written(gateway, ASK))
        embeddings.sendall(written(gateway, {"model": "any", "input": "dusk"}, "/v1/openai/embeddings"))
        upstream.wait_for(2)
        assert gateway.stop() == 0
        for peer in (chat, embeddings):
            answer = read_all(peer)
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b'"code":"server.draining"' in answer
    assert gateway.errors() == ""


def test_callers_who_do_not_read_or_send_do_not_hold_up_the_end(
    start: Start, upstream: ScriptedUpstream
) -> None:
    gateway = start(table(upstream, "[server]", "shutdown_grace = 0.3"))
    upstream.always(faults.drip(0, 256 * 1024))
    with connect(gateway) as reader, connect(gateway) as sender, connect(gateway) as silent:
        reader.sendall(written(gateway, STREAM))
        sender.sendall(written(gateway, ASK)[:-10])
        silent.sendall(b"POST")
        (seen,) = upstream.wait_for(1)
        assert seen.blocked.wait(25)
        os.kill(gateway.pid, signal.SIGTERM)
        assert seen.gone.wait(25)
        assert gateway.stop() == 0
    assert statuses(gateway) == {("failed", "shutdown"): 1}
    assert gateway.errors() == ""


@pytest.mark.serial
@pytest.mark.local_model
def test_a_model_that_is_killed_comes_back(tmp_path: Path) -> None:
    try:
        find_weights(config.Local())
    except LocalModelMissing as missing:
        pytest.skip(str(missing))
    gateway = Gateway(tmp_path, "").start()
    try:
        with connect(gateway) as peer:
            peer.settimeout(60)
            peer.sendall(written(gateway, {**STREAM, "max_tokens": 200}))
            read_until(peer, b'"content":"')
            os.kill(model_of(gateway), signal.SIGKILL)
            rest = read_until(peer, b"0\r\n\r\n")
        assert b'data: {"error":{' in rest
        assert b'"code":"provider.stream_broken"' in rest
        assert b"[DONE]" not in rest
        # Whoever asks meanwhile waits for it.
        for number in range(3):
            os.kill(until(lambda: model_of(gateway)), signal.SIGKILL)
            reply = fetch(gateway, body={**ASK, "max_tokens": 4, "stream": number == 1})
            assert reply.status == 200
            assert int(reply.headers["x-persona-attempts"]) > 1
            assert number != 1 or b"data: [DONE]" in reply.body
    finally:
        assert gateway.stop() == 0
    assert "Traceback" not in gateway.errors()


def model_of(gateway: Gateway) -> int:
    """Return the model's process; 0 while there is none."""
    lines = {pid: (PROC / str(pid) / "cmdline").read_bytes() for pid in children(gateway.pid)}
    return next((pid for pid, words in lines.items() if b"local_child" in words), 0)
