"""Pieces of an answer are poured into a sink as they come, and what it leaves is read."""

import asyncio
import gzip

import pytest

from gateway.upstreams.response import IncomingResponse
from tests.upstreams.answers import CHUNKED, OK
from tests.upstreams.noting import Rig, asked, failure, rest, rigged


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
