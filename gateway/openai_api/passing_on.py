"""A stream goes from the upstream's connection to the caller's without waking its request's task."""

import asyncio
from contextlib import suppress
from typing import Protocol

from gateway.openai_api.relaying import Relaying
from gateway.openai_api.watch import Watch
from gateway.upstreams.client import Response
from gateway.upstreams.failure import UpstreamFailure

AFTER_ERROR = 0.25
"""Seconds that a usage may take to come behind an error."""


class Writer(Protocol):
    """Stands for the caller's connection."""

    @property
    def takes_more(self) -> bool:
        """Tells whether an answer has begun that can be gone on with at once, without waiting for the
        caller."""

    def write(self, piece: bytes) -> None:
        """Write a piece, while it takes more."""


def pass_on(relay: Relaying, writer: Writer, watch: Watch, data: bytes) -> bytes | None:
    """Make a sink that relays pieces where they come in, without waking the task of their request.

    It leaves off when the caller has to be waited for, or when there is more to do than to pass frames
    on.
    """
    if not writer.takes_more:
        return data
    frames = relay.feed(data)
    if frames:
        writer.write(frames)
        watch.wrote()
    else:
        watch.read()
    return None if relay.goes_on else b""


async def await_bill(relay: Relaying, response: Response) -> None:
    """Read on for the usage of an answer that has failed, as long as one may still come soon."""
    with suppress(TimeoutError, UpstreamFailure):
        async with asyncio.timeout(AFTER_ERROR):
            while relay.may_be_billed and (data := await response.read()):
                relay.feed(data)
