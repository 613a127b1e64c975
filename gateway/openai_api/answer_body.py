"""The body of an upstream's answer is read to its end, within bounds of size and time."""

import asyncio
from collections.abc import Awaitable

from gateway.openai_api.outline import LARGE
from gateway.upstreams.client import Response
from gateway.upstreams.failure import CREDENTIALS, UpstreamFailure, from_status
from gateway.upstreams.masking import Mask
from gateway.upstreams.node import Node

ERROR_BODY = 64 * 1024
"""Bytes of a failed call's body that are read."""
ERROR_SECONDS = 2.0
"""Seconds that they may take to come."""


async def read_body(response: Response, upstream: str, limit: int, first: bytes = b"") -> bytes:
    """Read the body to its end, behind a `first` piece that has been read.

    Raises UpstreamFailure, also for one of more than `limit` bytes.
    """
    pieces, size = [first], len(first)
    while piece := await response.read():
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise UpstreamFailure("bad_answer", upstream)
    if size < LARGE:
        return b"".join(pieces)
    return await asyncio.to_thread(b"".join, pieces)


async def whole(node: Node, asked: Awaitable[Response], limit: int) -> bytes:
    """Read the body of the answer that is asked for within the upstream's time. Raises UpstreamFailure."""
    try:
        with node.total.begin():
            response = await asked
            try:
                return await read_body(response, node.name, limit)
            finally:
                response.close()
    except TimeoutError:
        raise UpstreamFailure("total_timeout", node.name) from None


async def failed(node: Node, response: Response, mask: Mask) -> tuple[UpstreamFailure, bytes]:
    """Make the failure, with the body where that may matter; a late body must not delay the next try."""
    body = b""
    is_page = "html" in response.headers.get("content-type", "")
    try:
        if response.status >= 400 and response.status not in CREDENTIALS and not is_page:
            async with asyncio.timeout(min(ERROR_SECONDS, node.upstream.timeouts.idle)):
                while len(body) <= ERROR_BODY and (piece := await response.read()):
                    body += piece
    except (UpstreamFailure, TimeoutError):
        pass
    finally:
        response.close()
    return from_status(node.name, response.status, body, response.headers, mask), body
