"""Pieces of a stream that are relayed where they come in, and those that somebody has to look at."""

import asyncio

import pytest

from gateway.openai_api.passing_on import pass_on
from gateway.openai_api.relay import Relay
from gateway.openai_api.watch import Watch
from tests.openai_api.streams import relay_of

WORD = b'data: {"id":"a","choices":[{"index":0,"delta":{"content":"word"}}]}\n\n'
FINISH = b'data: {"id":"a","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"


class Caller:
    """Takes what is written, unless it is slow."""

    def __init__(self) -> None:
        self.takes_more = True
        self.written = b""

    def write(self, piece: bytes) -> None:
        assert piece
        self.written += piece


async def passed(relay: Relay, caller: Caller, data: bytes) -> bytes | None:
    await asyncio.sleep(0)
    return pass_on(relay, caller, Watch(None, total=1000), data)


async def test_frames_go_to_the_caller_at_once() -> None:
    relay, caller = relay_of(plain=True), Caller()
    for _ in range(3):
        assert await passed(relay, caller, WORD) is None
    assert caller.written == WORD * 3


async def test_half_an_event_and_a_comment_write_nothing() -> None:
    relay, caller = relay_of(plain=True), Caller()
    for piece in (b": ping\n\n", WORD[:9]):
        assert await passed(relay, caller, piece) is None
    assert caller.written == b""
    assert await passed(relay, caller, WORD[9:]) is None
    assert caller.written == WORD


async def test_a_piece_for_a_slow_caller_is_left_as_it_is() -> None:
    relay, caller = relay_of(plain=True), Caller()
    caller.takes_more = False
    assert await passed(relay, caller, WORD) == WORD
    assert (relay.events, caller.written) == (0, b"")


async def test_a_held_chunk_is_left_to_be_scored() -> None:
    relay, caller = relay_of(), Caller()
    assert await passed(relay, caller, WORD + FINISH + DONE) == b""
    assert relay.is_held
    assert b"word" in caller.written
    assert b"stop" not in caller.written


@pytest.mark.parametrize("end", [DONE, b"data: no JSON\n\n", b'data: {"error":{"message":"x"}}\n\n'])
async def test_the_end_and_a_failure_are_left_to_the_request(end: bytes) -> None:
    relay, caller = relay_of(plain=True), Caller()
    assert await passed(relay, caller, WORD + end) == b""
    assert not relay.goes_on
    assert caller.written.startswith(WORD)
