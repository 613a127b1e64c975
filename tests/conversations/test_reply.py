"""An answer becomes events, whatever becomes of it."""

import asyncio

from gateway.conversations.reply import Events


async def test_a_stream_in_which_nothing_was_said_ends() -> None:
    events = Events("msg_1", 1024)
    events.end(None)
    async with asyncio.timeout(25):
        first = await events.first()
        assert first == b""
        assert [frame async for frame in events.rest(first, "req_1", "http://gateway")] == []
