"""The routes `/docs`, `/docs/errors` and `/openapi.json` show what there is."""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, Router, get

from gateway.errors import DOCS_PATH

POLICY = ("default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'")


def router() -> Router:
    """Make the routes. Pages are made when first asked for, in a thread, and served as bytes from then on."""
    made: list[bytes] = []

    @get("/openapi.json", sync_to_thread=True, summary="The OpenAPI 3.1 document")
    def show_openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
        if not made:
            # This is imported here, since neither the start nor a chat request needs it.
            from gateway.openapi.document import build

            made.append(msgspec.json.encode(build(request.app)))
        return Response(made[0], media_type=MediaType.JSON, headers={"cache-control": "no-cache"})

    read, explain = cache(page), cache(errors_page)

    @get(
        "/docs",
        media_type=MediaType.HTML,
        sync_to_thread=True,
        summary="The document as a page for people",
    )
    def show_docs() -> Response[bytes]:
        return _html(*read())

    @get(
        DOCS_PATH,
        media_type=MediaType.HTML,
        sync_to_thread=True,
        summary="Every error explained",
    )
    def show_errors() -> Response[bytes]:
        """`doc_url` of an error leads to its place here."""
        return _html(*explain())

    return Router("/", route_handlers=[show_openapi, show_docs, show_errors], tags=["Gateway"])


def page() -> tuple[bytes, str]:
    """Make the page with its style and script inside, and a policy that allows these and nothing else."""
    style, script = _part("page.css"), _part("page.js")
    html = _part("page.html").replace("/*style*/", style).replace("/*script*/", script)
    return html.encode(), _policy(
        f"style-src {_digest(style)}", f"script-src {_digest(script)}", "connect-src 'self'"
    )


def errors_page() -> tuple[bytes, str]:
    """Make the page that explains the errors, and its policy."""
    from gateway.openapi import errors

    style = _part("page.css")
    html = _part("errors.html").replace("/*style*/", style).replace("<!--body-->", errors.body())
    return html.encode(), _policy(f"style-src {_digest(style)}")


def _html(body: bytes, policy: str) -> Response[bytes]:
    headers = {
        "cache-control": "no-cache",
        "content-security-policy": policy,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    return Response(body, media_type=MediaType.HTML, headers=headers)


def _part(name: str) -> str:
    return (files("gateway.openapi") / "page" / name).read_text("utf-8")


def _policy(*allowed: str) -> str:
    return "; ".join([*POLICY, *allowed])


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
