"""`GET /openapi.json` and `GET /docs`."""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, Router, get


def router() -> Router:
    """Both are made when they are first asked for, in a thread, and served as bytes from then on."""
    made: list[bytes] = []
    read = cache(page)

    @get("/openapi.json", sync_to_thread=True, summary="The OpenAPI 3.1 document")
    def show_document(request: Request[Any, Any, Any]) -> Response[bytes]:
        if not made:
            # Imported here, since neither the start nor a chat request needs it.
            from gateway.openapi.document import build

            made.append(msgspec.json.encode(build(request.app.routes)))
        return Response(made[0], media_type=MediaType.JSON, headers={"cache-control": "no-cache"})

    @get("/docs", sync_to_thread=True, summary="The OpenAPI document as a page for people")
    def show_page() -> Response[bytes]:
        body, policy = read()
        headers = {
            "cache-control": "no-cache",
            "content-security-policy": policy,
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
        }
        return Response(body, media_type=MediaType.HTML, headers=headers)

    return Router("/", route_handlers=[show_document, show_page])


def page() -> tuple[bytes, str]:
    """The page with its style and script inside, and a policy that allows these and nothing else."""
    folder = files("gateway.openapi") / "page"
    style, script = ((folder / name).read_text("utf-8") for name in ("page.css", "page.js"))
    html = (folder / "page.html").read_text("utf-8").replace("/*style*/", style).replace("/*script*/", script)
    policy = [
        "default-src 'none'",
        f"style-src {_digest(style)}",
        f"script-src {_digest(script)}",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
    return html.encode(), "; ".join(policy)


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
