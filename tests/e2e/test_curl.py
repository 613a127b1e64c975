"""The plainest of clients, with every way that HTTP knows of sending a body."""

import gzip
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import which
from typing import Any

import pytest

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import hello
from tests.fakes.process import Gateway
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import answer_chunks, chunk
from tests.fakes.upstream_scripts import Gate, events

pytestmark = pytest.mark.skipif(which("curl") is None, reason="needs curl")
ASK: dict[str, Any] = {"model": LIBRARIAN, "messages": hello()}
SAID = "You said: Good evening"


@contextmanager
def curl(
    gateway: Gateway, *arguments: str, auth: str = "Authorization: Bearer"
) -> Iterator[subprocess.Popen[bytes]]:
    place = f"{gateway.base_url}/chat/completions"
    separator = " " if auth.endswith("Bearer") else ": "
    command = ["curl", "-sS", "-N", "--max-time", "20", "-H", f"{auth}{separator}{gateway.key}"]
    command += ["-H", "Content-Type: application/json", *arguments, place]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        try:
            yield process
        finally:
            process.kill()


def answer(gateway: Gateway, *arguments: str, sent: bytes, auth: str = "Authorization: Bearer") -> bytes:
    """Return what curl prints for a body on its standard input."""
    with curl(gateway, *arguments, "--data-binary", "@-", auth=auth) as process:
        out, err = process.communicate(sent, timeout=30)
        assert process.returncode == 0, err
        return out


def text_of(body: bytes) -> str:
    text: str = json.loads(body)["choices"][0]["message"]["content"]
    return text


@pytest.mark.parametrize("version", ["--http1.1", "--http1.0"])
def test_each_chunk_arrives_before_the_upstream_goes_on(
    gateway: Gateway, upstream: ScriptedUpstream, version: str
) -> None:
    gates = [Gate(), Gate()]
    upstream.reply(
        events([chunk("one "), gates[0], chunk("two "), gates[1], chunk("three"), chunk(finish="stop")])
    )
    with curl(gateway, version, "-d", json.dumps({**ASK, "stream": True})) as process:
        assert process.stdout
        for gate, word in zip(gates, (b"one ", b"two "), strict=True):
            assert word in process.stdout.readline()
            assert process.stdout.readline() == b"\n"
            assert gate.reached.wait(25)
            assert not upstream.seen[0].finished
            gate.open()
        *_, done, blank = process.stdout.readlines()
        assert (done, blank) == (b"data: [DONE]\n", b"\n")
        assert process.wait(25) == 0


@pytest.mark.parametrize("auth", ["Authorization: Bearer", "api-key", "x-api-key"])
def test_the_key_may_stand_in_three_places(gateway: Gateway, upstream: ScriptedUpstream, auth: str) -> None:
    said = answer(gateway, sent=json.dumps(ASK).encode(), auth=auth)
    assert text_of(said) == SAID
    headers = upstream.seen[0].headers
    assert gateway.key not in str(headers)
    assert headers["authorization"] == "Bearer upstream-secret-key"


def test_a_zipped_request_is_unzipped(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    said = answer(gateway, "-H", "Content-Encoding: gzip", sent=gzip.compress(json.dumps(ASK).encode()))
    assert text_of(said) == SAID
    assert "content-encoding" not in upstream.seen[0].headers


def test_a_chunked_request_is_put_together(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    text = "x" * 300_000
    said = answer(
        gateway,
        "-H",
        "Transfer-Encoding: chunked",
        sent=json.dumps({**ASK, "messages": hello(text)}).encode(),
    )
    assert text_of(said) == f"You said: {text}"
    assert "transfer-encoding" not in upstream.seen[0].headers


def test_a_body_that_asks_first_is_told_to_continue(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    text = "x" * 2_000_000
    arguments = ("-v", "-H", "Expect: 100-continue", "--expect100-timeout", "15", "--data-binary", "@-")
    with curl(gateway, *arguments) as process:
        out, err = process.communicate(json.dumps({**ASK, "messages": hello(text)}).encode(), timeout=30)
    assert b"< HTTP/1.1 100 Continue" in err
    assert text_of(out) == f"You said: {text}"
    assert "expect" not in upstream.seen[0].headers


@pytest.mark.parametrize("stream", [False, True])
def test_http_1_0_is_answered(gateway: Gateway, upstream: ScriptedUpstream, stream: bool) -> None:
    upstream.reply(events(answer_chunks(SAID))) if stream else None
    said = answer(gateway, "--http1.0", "-i", sent=json.dumps({**ASK, "stream": stream}).encode())
    head, body = said.split(b"\r\n\r\n", 1)
    assert b"200" in head.splitlines()[0]
    assert b"transfer-encoding" not in head.lower()
    if stream:
        assert body.startswith(b"data: {")
        assert body.endswith(b"data: [DONE]\n\n")
    else:
        assert text_of(body) == SAID


def test_a_connection_serves_one_request_after_another(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    place = f"{gateway.base_url}/chat/completions"
    with curl(gateway, "-v", "-d", json.dumps(ASK), place, place) as process:
        out, err = process.communicate(timeout=30)
    assert err.count(b"< HTTP/1.1 200 OK") == 3
    assert err.count(b"Re-using existing connection") == 2
    assert out.count(b"Good evening") == 3
