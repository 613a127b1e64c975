"""Some web pages may call the gateway from a browser (the CORS protocol of the fetch standard)."""

from collections.abc import Collection
from typing import Any

from gateway.drift.axes import AXES

EXPOSED = (
    "ETag",
    "Idempotent-Replayed",
    "Retry-After",
    "WWW-Authenticate",
    "X-Persona",
    "X-Persona-Attempts",
    "X-Persona-Conversation-Id",
    "X-Persona-Dropped",
    *[axis.header for axis in AXES],
    "X-Persona-Overhead-Ms",
    "X-Persona-Prompt-Sha256",
    "X-Persona-Upstream",
    "X-Persona-Verdict",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    *[
        f"x-ratelimit-{what}-{of}"
        for of in ("requests", "tokens")
        for what in ("limit", "remaining", "reset")
    ],
    "X-Request-Id",
    "X-Should-Retry",
)
"""Headers of an answer that a page may read."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def with_cors(app: Any, origins: Collection[str]) -> Any:
    """Wrap the application for pages of these origins, each exact or `*` for all; without any, leave it
    alone.

    Keys travel in a header that the page sends itself, so cookies and other credentials are not allowed.
    """
    if not origins:
        return app
    # This is imported here, since nobody else needs it.
    from starlette.middleware.cors import CORSMiddleware

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        # An answer that takes long lets go of the request's headers, which are still looked at outside.
        await app(
            {**scope, "headers": list(scope["headers"])} if "headers" in scope else scope, receive, send
        )

    return CORSMiddleware(
        inner, allow_origins=origins, allow_methods=METHODS, allow_headers=["*"], expose_headers=EXPOSED
    )
