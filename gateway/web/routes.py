"""The routes `/`, `/status` and the page's files below `/page` need no key: nothing there is anybody's."""

import asyncio
from functools import cache
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, Router, get

from gateway.errors import Fault, Refusal
from gateway.web import status
from gateway.web.assets import Asset, Assets

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
FOR_EVER = "public, max-age=31536000, immutable"
"""A file's address changes with its content."""
EACH_TIME = "no-cache"
"""A browser asks whether its copy is still good."""
AnyRequest = Request[Any, Any, Any]


def router(watch: status.Watch) -> Router:
    """Make the routes; `watch` knows how the gateway is.

    The files are read when the page is first asked for, in a thread.
    """
    assets = cache(Assets)

    @get("/", media_type=MediaType.HTML, sync_to_thread=True, summary="The page for people")
    def show_home(request: AnyRequest) -> Response[bytes]:
        """Shows personas, turns and drift to whoever signs in with a key."""
        return _answer(request, assets().index, EACH_TIME)

    @get(
        "/page/{build:str}/{file:path}",
        media_type=MediaType.TEXT,
        opt={"faults": (Fault.ROUTE_NOT_FOUND,)},
        sync_to_thread=True,
        summary="A file of the page",
    )
    def show_file(request: AnyRequest, build: str, file: str) -> Response[bytes]:
        """Its address changes with its content, and so browsers keep it."""
        found = assets().find(build, file.lstrip("/"))
        if found is None:
            raise Refusal(Fault.ROUTE_NOT_FOUND)
        return _answer(request, found, FOR_EVER)

    @get("/status", summary="How the gateway is, for people and machines")
    async def show_status(request: AnyRequest) -> Response[bytes]:
        """A browser gets a page, everybody else JSON; the answer is 200 whatever the state is."""
        found = await watch.status()
        headers = {"cache-control": "no-store", "vary": "accept", "x-content-type-options": "nosniff"}
        if request.accept.best_match([status.JSON, status.HTML], status.JSON) == status.JSON:
            return Response(msgspec.json.encode(found), media_type=status.JSON, headers=headers)
        read = await asyncio.to_thread(assets)
        headers |= {"content-security-policy": POLICY, "referrer-policy": "no-referrer"}
        return Response(status.page(found, read.build).encode(), media_type=MediaType.HTML, headers=headers)

    return Router("/", route_handlers=[show_home, show_file, show_status], tags=["Gateway"])


def _answer(request: AnyRequest, asset: Asset, caching: str) -> Response[bytes]:
    headers = {
        "cache-control": caching,
        "content-security-policy": POLICY,
        "cross-origin-opener-policy": "same-origin",
        "etag": asset.etag,
        "referrer-policy": "no-referrer",
        "vary": "accept-encoding",
        "x-content-type-options": "nosniff",
    }
    if asset.etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    body = asset.body
    if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        body = asset.packed
        headers["content-encoding"] = "gzip"
    return Response(body, media_type=asset.media_type, headers=headers)
