"""Many operations share these headers."""

from typing import Any

from gateway.drift.axes import AXES

Json = dict[str, Any]


def _header(description: str, example: object, kind: str = "string") -> Json:
    return {"description": description, "schema": {"type": kind}, "example": example}


ANSWERED = {
    "ETag": _header("What `If-Match` takes for a safe change.", '"psn_0QwErTy1aBcDeFgHiJkL-4"'),
    "Idempotent-Replayed": _header("`true` where the answer is that of an earlier request.", "true"),
    "Retry-After": _header("Seconds, or a date, as the upstream said.", "2"),
    "WWW-Authenticate": _header("`Bearer`.", "Bearer"),
    "X-Persona": _header("Who answered: `slug@vN`. Absent for plain models.", "the-night-librarian@v2"),
    "X-Persona-Conversation-Id": _header(
        "The conversation in which the turn is kept. Absent for one-shot turns.", "conv_0QwErTy3aBcDeFgHiJkL"
    ),
    "X-Persona-Attempts": _header("Calls to upstreams.", 1, "integer"),
    "X-Persona-Dropped": _header(
        "`tools` where the upstream was asked without the request's, as the configuration says.", "tools"
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
