"""One connection is played byte by byte, on a transport that only notes what is done with it."""

import asyncio

import pytest

from gateway.upstreams.pieces import SLICE
from gateway.upstreams.reader import HEAD_BYTES, HEADERS
from gateway.upstreams.response import READ_BYTES
from tests.upstreams.answers import CHUNKED, OK, TWO
from tests.upstreams.noting import asked, failure, rest, rigged


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
