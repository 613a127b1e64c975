"""One connection, byte by byte, on a transport that only notes what is done with it."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstreams.connection import HEAD_BYTES, HEADERS, SLICE, Connection
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.response import READ_BYTES, IncomingResponse

OK = b"HTTP/1.1 200 OK\r\n"
TWO = OK + b"content-length: 2\r\n\r\nab"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"


class NotingTransport(asyncio.Transport):
    """Takes everything, or nothing beyond `room` bytes until it is flushed."""

    def __init__(self, room: int | None = None) -> None:
        super().__init__()
        self.protocol: Connection
        self.written = bytearray()
        self.waiting = 0
        self.room = room
        self.is_closed = False
        self.reads = True

    def write(self, data: Any) -> None:
        self.written += data
        if self.room is not None:
            self.waiting += len(data)
            if self.waiting > self.room:
                self.protocol.pause_writing()

    def flush(self) -> None:
        """The peer has read everything."""
        self.waiting = 0
        self.protocol.resume_writing()

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return self.is_closed

    def abort(self) -> None:
        self.is_closed = True

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


class Notes:
    """An owner that lends nothing on, and notes what it is told."""

    def __init__(self) -> None:
        self.freed_as: list[bool] = []
        self.has_lost = False

    def freed(self, connection: Connection, *, is_reusable: bool) -> None:
        self.freed_as.append(is_reusable)
        if not is_reusable:
            connection.transport.abort()

    def lost(self, connection: Connection) -> None:
        self.has_lost = True


class Rig(NamedTuple):
    connection: Connection
    transport: NotingTransport
    owner: Notes


def rigged(room: int | None = None) -> Rig:
    owner, transport = Notes(), NotingTransport(room)
    connection = transport.protocol = Connection("main", owner)
    connection.connection_made(transport)
    return Rig(connection, transport, owner)


async def asked(rig: Rig, body: bytes = b"{}") -> asyncio.Task[IncomingResponse]:
    """Send a request as far as it can be sent."""
    task = asyncio.create_task(rig.connection.ask(b"HEAD ", body))
    await asyncio.sleep(0)
    return task


async def rest(response: IncomingResponse) -> bytes:
    pieces = []
    while piece := await response.read():
        pieces.append(piece)
    return b"".join(pieces)


async def failure(of: Awaitable[object]) -> str:
    with pytest.raises(UpstreamFailure) as caught:
        await of
    return caught.value.kind


async def outcome(task: asyncio.Task[IncomingResponse]) -> bytes | str:
    """Return the whole body, or how it failed."""
    try:
        return await rest(await task)
    except UpstreamFailure as error:
        return error.kind


async def test_a_small_request_is_written_at_once() -> None:
    rig = rigged()
    task = await asked(rig)
    assert rig.transport.written == b"HEAD {}"
    rig.connection.data_received(TWO)
    assert await rest(await task) == b"ab"
    assert rig.owner.freed_as == [True]


async def test_a_large_body_waits_for_the_upstream_to_read() -> None:
    rig, body = rigged(room=SLICE), bytes(4 * SLICE + 5)
    task = await asked(rig, body)
    assert len(rig.transport.written) <= 2 * SLICE
    rig.transport.flush()
    assert len(rig.transport.written) <= 4 * SLICE
    rig.transport.flush()
    # Compared as truth, since a difference in megabytes takes minutes to explain.
    is_whole = rig.transport.written == b"HEAD " + body
    assert is_whole
    rig.transport.flush()
    rig.connection.data_received(TWO)
    assert await rest(await task) == b"ab"
    assert rig.owner.freed_as == [True]


async def test_an_answer_to_half_a_request_is_read_and_its_connection_dropped() -> None:
    rig = rigged(room=SLICE)
    task = await asked(rig, bytes(8 * SLICE))
    rig.connection.data_received(TWO.replace(b"200 OK", b"413 Too Large"))
    response = await task
    assert (response.status, await rest(response)) == (413, b"ab")
    assert rig.owner.freed_as == [False]
    written = len(rig.transport.written)
    rig.transport.flush()
    assert len(rig.transport.written) == written


async def test_an_answer_that_begins_early_does_not_stop_the_request() -> None:
    rig, body = rigged(room=SLICE), bytes(3 * SLICE)
    task = await asked(rig, body)
    rig.connection.data_received(CHUNKED + b"1\r\na\r\n")
    response = await task
    assert await response.read() == b"a"
    for _ in range(3):
        rig.transport.flush()
    is_whole = rig.transport.written == b"HEAD " + body
    assert is_whole
    rig.connection.data_received(b"0\r\n\r\n")
    assert await response.read() == b""
    assert rig.owner.freed_as == [True]


async def test_a_request_in_the_transports_buffer_is_not_sent_yet() -> None:
    rig = rigged(room=SLICE)
    task = await asked(rig)
    rig.connection.data_received(TWO)
    assert await rest(await task) == b"ab"
    assert rig.owner.freed_as == [False]


async def test_the_upstream_waits_while_nobody_reads() -> None:
    rig = rigged()
    task = await asked(rig)
    rig.connection.data_received(OK + b"content-length: 1000000\r\n\r\n")
    response = await task
    rig.connection.data_received(bytes(READ_BYTES))
    assert rig.transport.reads
    rig.connection.data_received(b"x")
    assert not rig.transport.reads
    assert len(await response.read()) == READ_BYTES + 1
    assert rig.transport.reads
    response.close()
    assert rig.owner.freed_as == [False]


async def test_a_connection_that_had_to_wait_reads_again_for_its_next_answer() -> None:
    rig = rigged()
    task = await asked(rig)
    rig.connection.data_received(OK + b"content-length: %d\r\n\r\n" % (2 * READ_BYTES) + bytes(READ_BYTES))
    rig.connection.data_received(bytes(READ_BYTES))
    assert rig.transport.reads
    assert rig.owner.freed_as == [True]
    assert len(await rest(await task)) == 2 * READ_BYTES


async def test_what_has_come_is_read_before_the_failure() -> None:
    rig = rigged()
    task = await asked(rig)
    rig.connection.data_received(OK + b"content-length: 9\r\n\r\nabc")
    rig.connection.connection_lost(ConnectionResetError())
    response = await task
    assert await response.read() == b"abc"
    assert await failure(response.read()) == "connection"
    assert await failure(response.read()) == "connection"


async def test_a_body_without_a_length_ends_with_the_connection() -> None:
    rig = rigged()
    task = await asked(rig)
    rig.connection.data_received(OK + b"\r\nab")
    rig.connection.eof_received()
    assert await rest(await task) == b"ab"
    assert rig.owner.freed_as == [False]
    assert rig.transport.is_closed


async def test_a_body_without_a_length_that_is_reset_is_not_whole() -> None:
    rig = rigged()
    task = await asked(rig)
    rig.connection.data_received(OK + b"\r\nab")
    rig.connection.connection_lost(ConnectionResetError())
    response = await task
    assert await response.read() == b"ab"
    assert await failure(response.read()) == "connection"


async def test_an_upstream_that_hangs_up_while_it_is_written_to_has_failed_at_once() -> None:
    rig = rigged(room=SLICE)
    task = await asked(rig, bytes(8 * SLICE))
    rig.connection.eof_received()
    assert await failure(task) == "connection"
    assert rig.transport.is_closed


EXTRA = [b"x", b"HTTP/1.1 200 OK\r\n", TWO, b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n"]


@pytest.mark.parametrize("extra", EXTRA)
async def test_bytes_behind_an_answer_spoil_the_connection(extra: bytes) -> None:
    rig = rigged()
    task = await asked(rig)
    rig.connection.data_received(TWO + extra)
    response = await task
    assert (response.status, await rest(response)) == (200, b"ab")
    assert rig.owner.freed_as == [False]


@pytest.mark.parametrize("extra", EXTRA)
async def test_bytes_that_nobody_asked_for_spoil_the_connection(extra: bytes) -> None:
    rig = rigged()
    task = await asked(rig)
    rig.connection.data_received(TWO)
    await task
    rig.connection.data_received(extra)
    assert rig.transport.is_closed


async def test_closing_twice_frees_once() -> None:
    rig = rigged()
    task = await asked(rig)
    rig.connection.data_received(CHUNKED)
    response = await task
    response.close()
    response.close()
    rig.connection.connection_lost(None)
    assert rig.owner.freed_as == [False]
    assert await response.read() == b""


async def test_a_response_that_is_at_its_end_no_longer_holds_the_connection() -> None:
    rig = rigged()
    first = await asked(rig)
    rig.connection.data_received(TWO)
    second = await asked(rig)
    (await first).close()
    rig.connection.data_received(TWO)
    assert await rest(await second) == b"ab"
    assert rig.owner.freed_as == [True, True]


async def test_a_call_that_is_cancelled_as_its_answer_comes_frees_the_connection() -> None:
    for data, is_reusable in ((TWO, True), (CHUNKED, False)):
        rig = rigged()
        task = await asked(rig)
        rig.connection.data_received(data)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert rig.owner.freed_as == [is_reusable]


async def test_a_read_that_is_cancelled_loses_nothing() -> None:
    rig = rigged()
    task = await asked(rig)
    rig.connection.data_received(CHUNKED)
    response = await task
    reading = asyncio.create_task(response.read())
    await asyncio.sleep(0)
    rig.connection.data_received(b"2\r\nab\r\n")
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await response.read() == b"ab"
    response.close()


class Sink:
    """Takes pieces, up to one that begins with this; of that one it leaves what stands behind."""

    def __init__(self, until: bytes = b"!") -> None:
        self.until = until
        self.taken: list[bytes] = []

    def __call__(self, data: bytes) -> bytes | None:
        if data.startswith(self.until):
            return data.removeprefix(self.until)
        self.taken.append(data)
        return None


class MistakenSink(Sink):
    def __call__(self, data: bytes) -> bytes | None:
        raise ValueError("a mistake")


async def poured(sink: Sink, head: bytes = CHUNKED) -> tuple[Rig, IncomingResponse, asyncio.Task[None]]:
    """Pour the pieces of an answer into the sink."""
    rig = rigged()
    task = await asked(rig)
    rig.connection.data_received(head)
    response = await task
    pouring = asyncio.create_task(response.pour(sink))
    await asyncio.sleep(0)
    return rig, response, pouring


async def test_a_sink_is_given_each_read_as_it_comes() -> None:
    sink = Sink()
    rig, _, pouring = await poured(sink)
    rig.connection.data_received(b"1\r\na\r\n1\r\nb\r\n")
    rig.connection.data_received(b"1\r\nc\r\n")
    # Nobody else has run in between.
    assert sink.taken == [b"ab", b"c"]
    assert not pouring.done()
    rig.connection.data_received(b"0\r\n\r\n")
    await pouring


async def test_what_a_sink_leaves_is_read_with_all_behind_it() -> None:
    sink = Sink()
    rig, response, pouring = await poured(sink)
    for data in (b"a", b"!x", b"b"):
        rig.connection.data_received(b"%x\r\n%b\r\n" % (len(data), data))
    await pouring
    assert sink.taken == [b"a"]
    assert await response.read() == b"xb"
    again = asyncio.create_task(response.pour(sink))
    await asyncio.sleep(0)
    rig.connection.data_received(b"1\r\nc\r\n0\r\n\r\n")
    await again
    assert sink.taken == [b"a", b"c"]
    assert await response.read() == b""


async def test_a_sink_that_leaves_nothing_has_had_enough() -> None:
    sink = Sink()
    rig, response, pouring = await poured(sink)
    rig.connection.data_received(b"1\r\n!\r\n")
    await pouring
    rig.connection.data_received(b"1\r\na\r\n")
    assert sink.taken == []
    assert await response.read() == b"a"


async def test_a_sink_that_fails_fails_whoever_pours() -> None:
    rig, response, pouring = await poured(MistakenSink())
    rig.connection.data_received(b"1\r\na\r\n")
    rig.connection.data_received(b"1\r\nb\r\n")
    assert not rig.transport.is_closed
    with pytest.raises(ValueError, match="a mistake"):
        await pouring
    response.close()
    assert (rig.owner.freed_as, rig.transport.is_closed) == ([False], True)


async def test_what_waits_to_be_read_is_not_poured() -> None:
    sink = Sink()
    rig, response, pouring = await poured(sink, CHUNKED + b"1\r\na\r\n")
    await pouring
    rig.connection.data_received(b"1\r\nb\r\n")
    assert sink.taken == []
    assert await response.read() == b"ab"


async def test_pouring_ends_with_a_failure_that_is_read() -> None:
    rig, response, pouring = await poured(Sink())
    rig.connection.data_received(b"1\r\na\r\nno length\r\n")
    await pouring
    assert await failure(response.read()) == "bad_answer"


async def test_pouring_that_is_cancelled_loses_nothing() -> None:
    sink = Sink()
    rig, response, pouring = await poured(sink)
    pouring.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pouring
    rig.connection.data_received(b"1\r\na\r\n")
    assert sink.taken == []
    assert await response.read() == b"a"


async def test_what_is_compressed_is_not_poured() -> None:
    sink = Sink()
    rig, response, pouring = await poured(sink, OK + b"content-encoding: gzip\r\n\r\n")
    await pouring
    rig.connection.data_received(gzip.compress(b"a"))
    rig.connection.eof_received()
    assert sink.taken == []
    assert await rest(response) == b"a"


@pytest.mark.parametrize(
    "data",
    [
        OK + b"x-a: " + b"b" * HEAD_BYTES,
        OK + b"x" * (HEAD_BYTES + 1),
        OK + b"x-a: b\r\n" * (HEADERS + 2),
        OK + (b"x-a: " + b"b" * 1000 + b"\r\n") * 70,
        b"HTTP/1.1 102 Processing\r\n\r\n" * 4000,
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
    ],
)
@pytest.mark.parametrize("size", [1000, 1 << 20])
async def test_a_head_without_measure_is_refused(data: bytes, size: int) -> None:
    rig = rigged()
    task = await asked(rig)
    for start in range(0, len(data), size):
        if not rig.transport.is_closed:
            rig.connection.data_received(data[start : start + size])
    assert await failure(task) == "bad_answer"
    assert rig.owner.freed_as == [False]


@pytest.mark.parametrize("trailer", [b"x-a: b\r\n" * 70_000, b"x-a: " + b"b" * 2 * HEAD_BYTES])
@pytest.mark.parametrize("size", [1000, 1 << 20])
async def test_trailers_without_measure_are_refused(trailer: bytes, size: int) -> None:
    rig = rigged()
    task = await asked(rig)
    rig.connection.data_received(CHUNKED + b"1\r\na\r\n")
    response = await task
    data = b"0\r\n" + trailer
    for start in range(0, len(data), size):
        if not rig.transport.is_closed:
            rig.connection.data_received(data[start : start + size])
    assert await response.read() == b"a"
    assert await failure(response.read()) == "bad_answer"


# Whatever the borders of the pieces are

Bodies = st.lists(st.binary(min_size=1, max_size=40), max_size=5)


class Sent(NamedTuple):
    """An answer on the wire."""

    data: bytes
    body: bytes
    ends_with_connection: bool


@st.composite
def answers(draw: st.DrawFn) -> Sent:
    pieces = draw(Bodies)
    framing = draw(st.sampled_from(["length", "chunked", "close"]))
    interim = b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n" * draw(st.integers(0, 2))
    named = b"".join(b"X-%d: %s\r\n" % (n, b"v" * n) for n in range(draw(st.integers(0, 4))))
    body = b"".join(pieces)
    if framing == "length":
        return Sent(interim + OK + named + b"Content-Length: %d\r\n\r\n" % len(body) + body, body, False)
    if framing == "chunked":
        trailer = draw(st.sampled_from([b"", b"x-end: 1\r\n"]))
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
        head = OK + named + b"Transfer-Encoding: chunked\r\n\r\n"
        return Sent(interim + head + chunks + b"0\r\n" + trailer + b"\r\n", body, False)
    return Sent(interim + OK + named + b"\r\n" + body, body, True)


@st.composite
def cut(draw: st.DrawFn, data: bytes) -> list[bytes]:
    borders = draw(st.lists(st.integers(1, max(1, len(data) - 1)), max_size=12, unique=True))
    places = [0, *sorted(borders), len(data)]
    return [data[start:end] for start, end in pairwise(places) if end > start]


def on_a_loop(scenario: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await scenario()

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(main())


@given(st.data(), st.lists(answers(), min_size=1, max_size=3), st.booleans())
def test_answers_are_the_same_however_they_are_cut(
    data: st.DataObject, sents: list[Sent], eager: bool
) -> None:
    cuts = [data.draw(cut(sent.data)) for sent in sents]

    async def scenario() -> None:
        rig = rigged()
        for sent, pieces in zip(sents, cuts, strict=True):
            task = await asked(rig)
            for piece in pieces:
                rig.connection.data_received(piece)
                if eager:
                    await asyncio.sleep(0)
            if sent.ends_with_connection:
                rig.connection.eof_received()
            assert await rest(await task) == sent.body
            assert rig.owner.freed_as[-1] is not sent.ends_with_connection
            if sent.ends_with_connection:
                rig = rigged()

    on_a_loop(scenario)


@given(st.data(), answers(), st.booleans())
def test_an_answer_that_is_cut_short_is_never_taken_for_whole(
    data: st.DataObject, sent: Sent, is_reset: bool
) -> None:
    short = sent.data[: data.draw(st.integers(0, len(sent.data) - 1))]
    pieces = data.draw(cut(short)) if short else []

    async def scenario() -> None:
        rig = rigged()
        task = await asked(rig)
        for piece in pieces:
            rig.connection.data_received(piece)
        rig.connection.connection_lost(ConnectionResetError() if is_reset else None)
        has_ended_well = sent.ends_with_connection and not is_reset
        got = await outcome(task)
        if has_ended_well and isinstance(got, bytes):
            assert sent.body.startswith(got)
        else:
            assert got == "connection"

    on_a_loop(scenario)


@given(st.data(), answers(), st.binary(max_size=6))
def test_bytes_that_are_damaged_end_in_an_answer_or_in_a_failure(
    data: st.DataObject, sent: Sent, damage: bytes
) -> None:
    at = data.draw(st.integers(0, len(sent.data)))
    pieces = data.draw(cut(sent.data[:at] + damage + sent.data[at + len(damage) :] or b"\r"))

    async def scenario() -> None:
        rig = rigged()
        task = await asked(rig)
        for piece in pieces:
            if not rig.transport.is_closed:
                rig.connection.data_received(piece)
        rig.connection.connection_lost(None)
        got = await outcome(task)
        assert isinstance(got, bytes) or got in ("connection", "bad_answer")
        assert len(rig.owner.freed_as) == 1

    on_a_loop(scenario)
