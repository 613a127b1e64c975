"""Many operations share these headers."""

from typing import Any

from gateway.drift.axes import AXES

Json = dict[str, Any]


def _header(description: str, example: object, kind: str = "string") -> Json:
    return {"description": description, "schema": {"type": kind}, "example": example}


LIMITED = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
"""Every answer to a key tells these where a plan limits it."""
LIMITED_OPENAI = tuple(
    f"x-ratelimit-{what}-{of}" for of in ("requests", "tokens") for what in ("limit", "remaining", "reset")
)
"""Under `/v1/openai` it tells these too."""

ANSWERED = {
    "ETag": _header("What `If-Match` takes for a safe change.", '"psn_0QwErTy1aBcDeFgHiJkL-4"'),
    "Idempotent-Replayed": _header("`true` where the answer is that of an earlier request.", "true"),
    "Retry-After": _header("Seconds to wait; or a date, where an upstream said one.", "2"),
    "WWW-Authenticate": _header("`Bearer`.", "Bearer"),
    "X-Persona": _header("Who answered: `slug@vN`. Absent for plain models.", "the-night-librarian@v2"),
    "X-Persona-Conversation-Id": _header(
        "The conversation in which the turn is kept. Absent for one-shot turns.", "conv_0QwErTy3aBcDeFgHiJkL"
    ),
    "X-Persona-Attempts": _header("Calls to upstreams.", 1, "integer"),
    "X-Persona-Dropped": _header(
        "`tools` where the upstream was asked without the request's, as the configuration says; `items` "
        "where it was asked without items of the conversation, since no chat knows their types.",
        "tools",
    ),
    **{
        axis.header: _header(
            f"`persona.drift.{axis.name}`, on whole answers; absent where it is null.", axis.example, "number"
        )
        for axis in AXES
    },
    "X-Persona-Overhead-Ms": _header("Milliseconds that the gateway itself took.", 0.41, "number"),
    "X-Persona-Prompt-Sha256": _header(
        "SHA-256 of the first system message's text as it was sent. Absent for plain models.",
        "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    ),
    "X-Persona-Upstream": _header("`upstream/model` that answered.", "main/gpt-5.4-mini"),
    "X-RateLimit-Limit": _header(
        "Requests of this kind that are allowed in a minute. Absent where no plan limits them.",
        600,
        "integer",
    ),
    "X-RateLimit-Remaining": _header("Requests of this kind that are left.", 541, "integer"),
    "X-RateLimit-Reset": _header(
        "When another one is free again, in seconds since the Unix epoch.", 1796000012, "integer"
    ),
    "x-ratelimit-limit-requests": _header("The same as `X-RateLimit-Limit`.", 600, "integer"),
    "x-ratelimit-remaining-requests": _header("The same as `X-RateLimit-Remaining`.", 541, "integer"),
    "x-ratelimit-reset-requests": _header("The time until `X-RateLimit-Reset`.", "12.250s"),
    "x-ratelimit-limit-tokens": _header(
        "Tokens that are allowed in a minute. Absent where no plan limits them.", 200000, "integer"
    ),
    "x-ratelimit-remaining-tokens": _header("Tokens that are left.", 181204, "integer"),
    "x-ratelimit-reset-tokens": _header("The time until some of them are free again.", "8.500s"),
    "X-Persona-Verdict": _header("`persona.drift.verdict`, on whole answers.", "in-character"),
    "X-Request-Id": _header("For questions about this request.", "req_0QwErTy1aBcDeFgHiJkL"),
    "X-Should-Retry": _header("`false` where our own attempts are spent; OpenAI's clients obey.", "false"),
}
TAKEN = {
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "1 to 255 printable characters. A repetition within 24 hours gets the first answer; "
        "another body under the same key is refused.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        "example": "8f0c6a52-order-17",
    },
    "Persona-Workspace": {
        "name": "Persona-Workspace",
        "in": "header",
        "description": "The `ws_…` id of the key's own workspace, to be sure of it.",
        "schema": {"type": "string"},
    },
}
CONVERSATION: Json = {
    "name": "X-Persona-Conversation-Id",
    "in": "header",
    "description": "A `conv_…` id: the turn is kept there, below what it goes on from. `new` makes a "
    "conversation, whose id comes back under the same name.",
    "schema": {"type": "string"},
}
GZIP: Json = {
    "name": "Content-Encoding",
    "in": "header",
    "description": "`gzip` for a compressed body.",
    "schema": {"type": "string", "enum": ["gzip", "x-gzip", "identity"]},
}
LAST_EVENT: Json = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The id of the last event that was read; what ended since comes first.",
    "schema": {"type": "string"},
}
