"""`POST /v1/personas/{ref}/render` shows what a request would become, without sending it."""

import time
from functools import partial
from typing import Any

import msgspec
from litestar import post
from litestar.handlers import HTTPRouteHandler

from gateway.auth.access import AnyRequest, caller_of
from gateway.errors import Fault
from gateway.openai_api.body import decode_object
from gateway.openai_api.exchanges import PERSONA_PREFIX, Exchanges
from gateway.openai_api.spelling import OURS, refuse_lookalikes

MOST_BYTES = 8 << 20
"""Bytes of a request that is shown; a preview needs no larger one."""


class Rendered(msgspec.Struct, frozen=True):
    """`request` is the body, byte for byte, that `upstream` would be sent."""

    model: str
    upstream: str
    request: msgspec.Raw
    sha256: str
    """The digest of the bytes of `request`."""
    prompt_sha256: str
    """The digest of the first system message's text, as in `X-Persona-Prompt-Sha256`."""


def render_route(exchanges: Exchanges) -> HTTPRouteHandler:
    """Make the route; it takes a chat request whose `model` may be left out."""

    @post(
        "/personas/{ref:str}/render",
        opt={
            "scope": "personas:read",
            "max_body": MOST_BYTES,
            "kept": False,
            "faults": (Fault.OVERLAY_LOCKED, Fault.CAPABILITY_MISSING, Fault.PROVIDER_UNAVAILABLE),
        },
        status_code=200,
        summary="Show exactly what would be sent upstream",
        tags=["Personas"],
    )
    async def render_request(request: AnyRequest, ref: str) -> Rendered:
        """Nothing is sent. `ref` may name a version or label, as in `the-night-librarian@v2`."""
        given = await request.body()
        body = await exchanges.aside.run(len(given), partial(_named, given, ref))
        exchange = await exchanges.prepare(
            caller_of(request), body, request.scope["state"]["request_id"], time.perf_counter()
        )
        return Rendered(*exchange.rendered())

    return render_request


def _named(body: bytes, ref: str) -> bytes:
    """Put this persona into the body as its model. Raises Refusal."""
    fields: dict[str, Any] = dict(decode_object(body))
    refuse_lookalikes(fields, OURS)
    fields["model"] = PERSONA_PREFIX + ref
    return msgspec.json.encode(fields)
