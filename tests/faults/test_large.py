"""The largest requests have a cost: memory beyond their bytes, and the time that others wait for them."""

import gzip
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

import msgspec
import pytest

from tests.e2e.wire import Reply, fetch
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import answer
from tests.fakes.upstream_scripts import json_answer
from tests.faults.pacing import Pace
from tests.faults.proc import children, memory, peak

pytestmark = pytest.mark.serial
MB = 1 << 20
MOST = 64 * MB
"""Bytes beyond those of the body and the answer, each held twice."""
STALL = 0.05
WAITS = 4
"""A call of the decoder lets nobody else run, and several may come into one request of somebody else."""
TRIES = 3
"""Others use this machine too; a stall of ours is one each time."""
CHAT = "/v1/openai/chat/completions"
EMBEDDINGS = "/v1/openai/embeddings"
RENDER = "/v1/personas/keeper/render"
HEAD = b'{"model":"persona/keeper","messages":['
USER = b'{"role":"user","content":"Hi"}'


def filled(before: bytes, piece: bytes, after: bytes, size: int = 31 * MB) -> bytes:
    return before + piece * (size // len(piece)) + after


def spoken(piece: bytes, after: bytes = b"") -> bytes:
    return filled(HEAD + b'{"role":"user","content":"', piece, b'"}' + after + b"]}")


def keys(count: int) -> bytes:
    members = b",".join(b'"%x":1' % number for number in range(count))
    return b'{"model":"persona/keeper","messages":[%b],%b}' % (USER, members)


BODIES: dict[str, tuple[str, Callable[[], bytes], int]] = {
    "numbers for messages": (CHAT, lambda: filled(HEAD, b"1,", b"1]}"), 400),
    "empty messages": (CHAT, lambda: filled(HEAD, b"{},", b"{}]}"), 400),
    "many messages": (CHAT, lambda: filled(HEAD, USER + b",", USER + b"]}"), 400),
    "many parts": (
        CHAT,
        lambda: filled(HEAD + b'{"role":"user","content":[', b'{"type":"text","text":""},', b'""]}]}'),
        400,
    ),
    "keys at the top": (CHAT, lambda: keys(2_700_000), 400),
    "keys at the top of a smaller one": (CHAT, lambda: keys(20_000), 400),
    "keys of a message": (CHAT, lambda: keys(1_000_000).replace(USER, b'{"role":"user"}'), 400),
    "brackets": (CHAT, lambda: filled(HEAD, b"[", b""), 400),
    "quotes": (CHAT, lambda: filled(HEAD, b'"', b""), 400),
    "a text of escapes": (CHAT, lambda: spoken(b'\\"\\u00e9'), 400),
    "a text of backslashes": (CHAT, lambda: spoken(b"\\\\"), 400),
    "a text of astral characters": (CHAT, lambda: spoken("aaaaaaaaaaaa😀".encode()), 200),
    "half a pair at its end": (CHAT, lambda: spoken(b"\\n", b',"\\ud83d"'), 400),
    "a system text": (CHAT, lambda: filled(HEAD + b'{"role":"system","content":"', b"a", b'"}]}'), 413),
    "white space": (CHAT, lambda: filled(HEAD + USER, b" ", b"]}"), 400),
    "a large role": (CHAT, lambda: filled(HEAD + b'{"role":"', b"a", b'"}]}'), 400),
    "a large key": (CHAT, lambda: filled(HEAD + b'{"role":"user","', "é".encode(), b'":1}]}'), 200),
    "a large model": (CHAT, lambda: filled(b'{"messages":[],"model":"', b"a", b'"}'), 400),
    "numbers for tokens": (EMBEDDINGS, lambda: filled(b'{"model":"m","input":[', b"1,", b"1]}"), 400),
    "a text to embed": (EMBEDDINGS, lambda: filled(b'{"model":"m","input":"', b"A line.\\n", b'"}'), 200),
    "numbers to render": (RENDER, lambda: filled(HEAD, b"1,", b"1]}"), 413),
    "a text to render": (RENDER, lambda: spoken(b'\\"\\u00e9'), 413),
}


@pytest.fixture(scope="module")
def keeper(shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    table = upstream_table("main", shared_upstream.base_url, 'default_model = "gpt-4o-mini"')
    gateway = Gateway(
        tmp_path_factory.mktemp("large"), table + '[embeddings]\nupstream = "main"\n' + PATIENT
    ).start()
    gateway.push(slug="keeper", prompt="You are the keeper.")
    fetch(gateway, body=HEAD + USER + b"]}")
    yield gateway
    assert gateway.stop() == 0


class Cost(NamedTuple):
    reply: Reply
    held: int
    """The most bytes that the worker has held beyond what it held before."""
    waited: float
    """Seconds that somebody else has waited at most."""
    usual: float
    """The same without the request, within the same time."""
    busy: float
    """How many seconds one of the processor takes."""


def cost(gateway: Gateway, path: str, body: bytes) -> Cost:
    (worker,) = children(gateway.pid)
    before = memory(worker)
    pace, began = Pace(gateway), time.monotonic()
    with peak(worker) as most:
        reply = fetch(gateway, path, body)
    waited, busy = pace.end()
    control, lasted = Pace(gateway), time.monotonic() - began
    time.sleep(lasted)
    usual, still = control.end()
    return Cost(reply, most() - before, waited, usual, max(busy, still, 1.0))


def waits(found: Cost, stall: float) -> str:
    return (
        f"others waited {found.waited:.3f} s, else {found.usual:.3f} s, each time, "
        f"and not {stall:.3f} s times {found.busy:.1f}"
    )


def longest_call(body: bytes) -> float:
    """Seconds of the longest call that nobody can do without who reads this body: it cannot be cut in two."""
    fields, messages = msgspec.json.Decoder(dict[str, msgspec.Raw]), msgspec.Raw(b"[]")

    def read() -> None:
        nonlocal messages
        messages = fields.decode(body).get("messages", messages)

    objects = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
    return max(seconds(read), seconds(lambda: objects.decode(messages)))


def seconds(call: Callable[[], object]) -> float:
    """Seconds of the processor's time that the call takes."""
    began = time.thread_time()
    with suppress(msgspec.DecodeError, RecursionError):
        call()
    return time.thread_time() - began


@pytest.mark.parametrize("name", BODIES)
def test_a_large_request_costs_little_beyond_its_bytes(
    keeper: Gateway, upstream: ScriptedUpstream, name: str
) -> None:
    path, make, status = BODIES[name]
    body = make()
    if path == CHAT:
        upstream.always(lambda _: answer("POST", CHAT, {"messages": [], "model": "m"}))
    for _ in range(TRIES):
        found = cost(keeper, path, body)
        stall = max(STALL, WAITS * longest_call(body))
        assert found.reply.status == status, found.reply.body[:300]
        most = 2 * len(body) + 2 * len(found.reply.body) + MOST
        assert found.held < most, f"{found.held >> 20} MiB"
        if found.waited - found.usual < stall * found.busy:
            return
    raise AssertionError(waits(found, stall))


@pytest.mark.parametrize("text", ["Hello. ", 'He said "no".\n', "ş"], ids=["plain", "escaped", "wide"])
@pytest.mark.parametrize("size", [4 * MB, 50 * MB], ids=["4 MB", "50 MB"])
def test_a_large_answer_in_place_of_a_stream_holds_up_nobody(
    keeper: Gateway, upstream: ScriptedUpstream, size: int, text: str
) -> None:
    message = {"role": "assistant", "content": text * (size // len(json.dumps(text).encode()))}
    written = json.dumps(
        {"id": "1", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    ).encode()
    upstream.always(json_answer(written))
    body = HEAD + USER + b'],"stream":true}'
    for _ in range(TRIES):
        found = cost(keeper, CHAT, body)
        assert (found.reply.status, found.reply.body[-14:]) == (200, b"data: [DONE]\n\n")
        assert found.held < 2 * len(written) + MOST, f"{found.held >> 20} MiB"
        if found.waited - found.usual < STALL * found.busy:
            return
    raise AssertionError(waits(found, STALL))


def test_a_small_body_that_becomes_large_is_refused(keeper: Gateway, upstream: ScriptedUpstream) -> None:
    numbers = gzip.compress(filled(HEAD, b"1,", b"1]}"), mtime=0)
    assert len(numbers) < 40_000
    (worker,) = children(keeper.pid)
    before = memory(worker)
    with peak(worker) as most:
        refused = fetch(keeper, body=numbers, headers={"content-encoding": "gzip"})
    assert (refused.status, refused.error["code"]) == (413, "request_too_large")
    assert most() - before < MOST
    assert not upstream.seen
