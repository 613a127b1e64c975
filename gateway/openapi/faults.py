"""Errors in the document: what each of the catalogue looks like, and which an operation may give."""

from collections.abc import Iterable
from typing import Any

import msgspec

from gateway.errors import Detail, Fault, Refusal, native_error, openai_error

Json = dict[str, Any]

EXAMPLES = "#/components/examples/"
RESPONSES = "#/components/responses/"
REQUEST_ID = "req_0QwErTy1aBcDeFgHiJkL"
PERSONA = "There is no such persona, or it is not yours to see."

MESSAGES: dict[Fault, str] = {
    Fault.REQUEST_INVALID: "`name`: Expected `str`, got `int`.",
    Fault.REQUEST_TOO_LARGE: "The request body is too large; send a smaller one.",
    Fault.REQUEST_TIMEOUT: "The request's headers did not arrive in time; send them at once.",
    Fault.ROUTE_NOT_FOUND: "There is nothing at this path; /docs shows what there is.",
    Fault.METHOD_NOT_ALLOWED: "This path takes POST only; send the request with that method.",
    Fault.MEDIA_UNSUPPORTED: "Send the request body plain or as gzip; no other encoding is taken.",
    Fault.HEADERS_TOO_LARGE: "The request's head is too large; send fewer or shorter headers.",
    Fault.KEY_INVALID: "This API key is not valid; `persona keys create` makes another.",
    Fault.SCOPE_MISSING: "This key lacks the scope `personas:write`; use one that has it.",
    Fault.WORKSPACE_MISMATCH: "`Persona-Workspace` does not name this key's workspace; "
    "correct it or leave it out.",
    Fault.PERSONA_UNKNOWN: PERSONA,
    Fault.PERSONA_INVALID: "`language`: a two-letter code of ISO 639-1, such as `en`.",
    Fault.VERSION_UNKNOWN: "The persona has no such version; the newest is v3.",
    Fault.LABEL_UNKNOWN: "The persona bears no such label.",
    Fault.LABEL_FIXED: "A label is lower-case letters, digits and hyphens, and no `v<N>`.",
    Fault.SLUG_TAKEN: "The slug `the-night-librarian` is taken in this workspace; choose another.",
    Fault.OVERLAY_LOCKED: "This persona takes no system or developer messages; leave them out.",
    Fault.PRECONDITION_FAILED: "The persona has changed since; read it again and repeat the change.",
    Fault.IDEMPOTENCY_MISMATCH: "This `Idempotency-Key` was used for another request; choose a new one.",
    Fault.IDEMPOTENCY_BUSY: "The first request with this `Idempotency-Key` is still at work.",
    Fault.OPERATOR_REQUIRED: "Only an operator's key may do this; use one.",
    Fault.RIGHTS_EXCEEDED: "Your key has not the scopes keys:manage; leave them out.",
    Fault.KEY_UNKNOWN: "There is no such key in this workspace.",
    Fault.KEY_UNACCEPTABLE: "`expires_at`: must be in the future.",
    Fault.WORKSPACE_UNKNOWN: "There is no such workspace.",
    Fault.WORKSPACE_TAKEN: "The name `acme` is taken; choose another.",
    Fault.WORKSPACE_UNACCEPTABLE: "`name` is no name for a workspace; use letters, digits, `-`, `_` or `.`.",
    Fault.TURN_UNKNOWN: "There is no such turn.",
    Fault.CONVERSATION_UNKNOWN: "There is no such conversation; "
    "leave the header `X-Persona-Conversation-Id` out.",
    Fault.EMBEDDINGS_UNSET: "This gateway has no upstream for embeddings; "
    "set `upstream` in the table [embeddings].",
    Fault.CAPABILITY_MISSING: "The upstream `local` takes text only, and this request has images; "
    "leave them out or configure another upstream.",
    Fault.PROVIDER_REJECTED: "The upstream `main` refused the request with status 400.",
    Fault.PROVIDER_CREDENTIALS: "The upstream `main` refuses the gateway's credentials; "
    "its operator must act.",
    Fault.PROVIDER_UNAVAILABLE: "The upstream `main` could not be reached or broke the connection; "
    "try again later.",
    Fault.PROVIDER_CONFLICT: "The upstream `main` refused the request with status 409.",
    Fault.PROVIDER_TIMEOUT: "The upstream `main` refused the request with status 408.",
    Fault.PROVIDER_RATE_LIMITED: "The upstream `main` refused the request with status 429.",
    Fault.STREAM_BROKEN: "The upstream `main` ended its stream before the answer was whole.",
    Fault.STREAM_ERROR: "The upstream `main` reported an error in the middle of its answer.",
    Fault.IDLE_TIMEOUT: "The upstream `main` exceeded its time limit (idle) within the answer.",
    Fault.TOTAL_TIMEOUT: "The upstream `main` exceeded its time limit (total) within the answer.",
    Fault.DRAINING: "The gateway is shutting down; send the request again.",
    Fault.NOT_READY: "The gateway is not ready yet; try again in a moment.",
    Fault.STORE_UNAVAILABLE: "The store cannot be read; try again later.",
    Fault.INTERNAL: "The gateway made a mistake, which it has logged; try again.",
}
"""One sentence for each, such as callers get."""
DETAILS = {
    Fault.REQUEST_INVALID: [Detail(["name"], "Expected `str`, got `int`", "type_error")],
    Fault.PERSONA_INVALID: [
        Detail(["language"], "a two-letter code of ISO 639-1, such as `en`", "value_error")
    ],
    Fault.WORKSPACE_UNACCEPTABLE: [
        Detail(["name"], "1 to 64 letters, digits, `-`, `_` or `.`", "value_error")
    ],
    Fault.KEY_UNACCEPTABLE: [Detail(["expires_at"], "must be in the future", "value_error")],
}
UNDER_OPENAI = {
    Fault.REQUEST_INVALID: ("`messages` is missing; send an array of messages.", "messages"),
    Fault.PERSONA_UNKNOWN: (
        "The model `persona/nobody` does not exist or is not yours to use; GET /v1/openai/models lists "
        "yours.",
        "model",
    ),
    Fault.SCOPE_MISSING: ("This key lacks the scope `chat:invoke`; use one that has it.", None),
    Fault.OVERLAY_LOCKED: (MESSAGES[Fault.OVERLAY_LOCKED], "messages[0].role"),
    Fault.CAPABILITY_MISSING: (MESSAGES[Fault.CAPABILITY_MISSING], "messages"),
    Fault.EMBEDDINGS_UNSET: (MESSAGES[Fault.EMBEDDINGS_UNSET], "model"),
}
"""Where the drop-in surface says it in other words, and the parameter that it names."""

RETRIED_LATER = frozenset({Fault.PROVIDER_TIMEOUT, Fault.PROVIDER_CONFLICT, Fault.PROVIDER_RATE_LIMITED})
NOT_RETRIED = frozenset({Fault.PROVIDER_CREDENTIALS, Fault.PROVIDER_UNAVAILABLE, Fault.PROVIDER_CONFLICT})


def examples() -> Json:
    """Every error in both envelopes, for operations to refer to."""
    return {
        _name(fault, openai=openai): {"value": example(fault, openai=openai)}
        for fault in Fault
        for openai in (False, True)
    }


def example(fault: Fault, *, openai: bool) -> Json:
    """The body of this error, as the catalogue makes it."""
    message, param = UNDER_OPENAI.get(fault, (MESSAGES[fault], None)) if openai else (MESSAGES[fault], None)
    refusal = Refusal(fault, message, param=param, details=DETAILS.get(fault))
    error = openai_error(refusal) if openai else native_error(refusal, REQUEST_ID)
    body: Json = msgspec.to_builtins({"error": error})
    return body


def responses(faults: Iterable[Fault], *, openai: bool) -> Json:
    """By status: every error that may come; a status that one error alone has refers to `components`."""
    by_status: dict[int, list[Fault]] = {}
    for fault in dict.fromkeys(faults):
        by_status.setdefault(fault.status, []).append(fault)
    return {
        str(status): {"$ref": RESPONSES + _name(found[0], openai=openai)}
        if len(found) == 1
        else _response(found, openai=openai)
        for status, found in sorted(by_status.items())
    }


def components() -> Json:
    """The answer for each error in both envelopes, for operations to refer to."""
    return {
        _name(fault, openai=openai): _response([fault], openai=openai)
        for fault in Fault
        for openai in (False, True)
    }


def _response(faults: list[Fault], *, openai: bool) -> Json:
    codes = {_code(fault, openai=openai): fault for fault in faults}
    content = {
        "schema": {"$ref": f"#/components/schemas/{'OpenAIError' if openai else 'Error'}"},
        "examples": {code: {"$ref": EXAMPLES + _name(fault, openai=openai)} for code, fault in codes.items()},
    }
    names = ["X-Request-Id"]
    if Fault.KEY_INVALID in faults:
        names.append("WWW-Authenticate")
    if RETRIED_LATER.intersection(faults):
        names.append("Retry-After")
    if NOT_RETRIED.intersection(faults):
        names.append("X-Should-Retry")
    return {
        "description": " · ".join(f"`{code}`" for code in codes),
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
        "content": {"application/json": content},
    }


def _name(fault: Fault, *, openai: bool) -> str:
    return f"openai.{fault.code}" if openai else fault.code


def _code(fault: Fault, *, openai: bool) -> str:
    return (openai and fault.openai_code) or fault.code
