"""An answer is the same wherever the borders of its pieces are, and never whole when it is not."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from tests.upstreams.answers import OK
from tests.upstreams.noting import asked, outcome, rest, rigged

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
