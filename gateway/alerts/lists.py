"""The lists of models that upstreams have are read for the days on which models are switched off."""

import asyncio
import datetime

import msgspec

from gateway.config import Route
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.node import Node

READ_SECONDS = 30.0
MOST_BYTES = 8 << 20
"""Bytes of a list of models that are read."""
MODELS = 10_000
FIELDS = ("shutdown_date", "deprecation", "expiration_date")
"""A model's date stands under one of these: OpenAI, Mistral and OpenRouter have a name of their own each."""
PASSING = (401, 403, 408, 425, 429)
"""Statuses, beside those from 500 on, that say nothing of whether there is a list."""

Dates = dict[str, str]
"""The day on which each model is switched off, by `NAME/model`."""


class _List(msgspec.Struct):
    data: list[dict[str, object]] = []


_list = msgspec.json.Decoder(_List)


async def dates_of(node: Node) -> Dates | None:
    """Read when an upstream's models are switched off: empty where it has no list that can be read.

    It is `None` where the upstream could not be asked now.
    """
    try:
        async with asyncio.timeout(READ_SECONDS):
            response = await node.client.get("/models")
            try:
                if response.status >= 500 or response.status in PASSING:
                    return None
                body = bytearray()
                while response.status == 200 and (data := await response.read()):
                    body += data
                    if len(body) > MOST_BYTES:
                        return {}
            finally:
                response.close()
        return await asyncio.to_thread(read_dates, node.name, bytes(body))
    except (UpstreamFailure, TimeoutError):
        return None


def read_dates(upstream: str, body: bytes) -> Dates:
    """Read the days on which models are switched off from a list of them."""
    try:
        listed = _list.decode(body).data[:MODELS]
    except (msgspec.DecodeError, RecursionError):
        return {}
    found: Dates = {}
    for each in listed:
        day = next((day for name in FIELDS if (day := _day(each.get(name))) is not None), None)
        model = each.get("id")
        if day is not None and isinstance(model, str) and len(model) <= 256:
            found[str(Route(upstream, model))] = day
    return found


def _day(value: object) -> str | None:
    try:
        return datetime.date.fromisoformat(value[:10]).isoformat() if isinstance(value, str) else None
    except ValueError:
        return None
