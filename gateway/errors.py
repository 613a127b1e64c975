"""The fault catalogue and its two envelopes; nothing else in the product decides a status code."""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

import msgspec

DOC_URL = "https://docs.persona.dev/errors#"
OPENAI_PREFIX = "/v1/openai"


class _Fault(NamedTuple):
    status: int
    code: str
    type: str
    openai_type: str
    openai_code: str | None = None
    """`None` means that OpenAI has no word of its own, so the native code is used there too."""


class Fault(_Fault, Enum):
    """The catalogue. Adding a member here is the only way to add an error."""

    REQUEST_INVALID = (400, "request.invalid", "request", "invalid_request_error", "invalid_request")
    REQUEST_TOO_LARGE = (413, "request.too_large", "request", "invalid_request_error", "request_too_large")
    REQUEST_TIMEOUT = (408, "request.timeout", "request", "invalid_request_error", "request_timeout")
    ROUTE_NOT_FOUND = (404, "route.not_found", "request", "invalid_request_error", "unknown_url")
    METHOD_NOT_ALLOWED = (
        405,
        "route.method_not_allowed",
        "request",
        "invalid_request_error",
        "method_not_allowed",
    )
    MEDIA_UNSUPPORTED = (415, "request.unsupported_encoding", "request", "invalid_request_error")
    HEADERS_TOO_LARGE = (431, "request.headers_too_large", "request", "invalid_request_error")
    KEY_INVALID = (401, "auth.invalid_key", "auth", "authentication_error", "invalid_api_key")
    SCOPE_MISSING = (403, "auth.missing_scope", "auth", "permission_error", "missing_scope")
    WORKSPACE_MISMATCH = (403, "auth.wrong_workspace", "auth", "permission_error", "wrong_workspace")
    PERSONA_UNKNOWN = (404, "persona.not_found", "persona", "invalid_request_error", "model_not_found")
    PERSONA_INVALID = (422, "persona.schema_violation", "persona", "invalid_request_error")
    VERSION_UNKNOWN = (404, "persona.version_not_found", "persona", "invalid_request_error")
    LABEL_UNKNOWN = (404, "persona.label_not_found", "persona", "invalid_request_error")
    LABEL_FIXED = (422, "persona.label_not_movable", "persona", "invalid_request_error")
    SLUG_TAKEN = (409, "persona.slug_taken", "persona", "invalid_request_error")
    OVERLAY_LOCKED = (400, "persona.overlay_locked", "persona", "invalid_request_error", "overlay_locked")
    PRECONDITION_FAILED = (412, "request.precondition_failed", "request", "invalid_request_error")
    IDEMPOTENCY_MISMATCH = (422, "request.idempotency_mismatch", "request", "invalid_request_error")
    IDEMPOTENCY_BUSY = (409, "request.idempotency_in_progress", "request", "invalid_request_error")
    OPERATOR_REQUIRED = (403, "auth.operator_required", "auth", "permission_error")
    RIGHTS_EXCEEDED = (403, "auth.rights_exceeded", "auth", "permission_error")
    KEY_UNKNOWN = (404, "key.not_found", "key", "invalid_request_error")
    KEY_UNACCEPTABLE = (422, "key.schema_violation", "key", "invalid_request_error")
    WORKSPACE_UNKNOWN = (404, "workspace.not_found", "workspace", "invalid_request_error")
    WORKSPACE_UNACCEPTABLE = (422, "workspace.schema_violation", "workspace", "invalid_request_error")
    WORKSPACE_TAKEN = (409, "workspace.name_taken", "workspace", "invalid_request_error")
    TURN_UNKNOWN = (404, "turn.not_found", "turn", "invalid_request_error")
    CONVERSATION_UNKNOWN = (404, "conversation.not_found", "conversation", "invalid_request_error")
    EMBEDDINGS_UNSET = (
        404,
        "embeddings.not_configured",
        "request",
        "invalid_request_error",
        "model_not_found",
    )
    CAPABILITY_MISSING = (
        400,
        "provider.unsupported_input",
        "provider",
        "invalid_request_error",
        "unsupported_input",
    )
    PROVIDER_REJECTED = (400, "provider.rejected_request", "provider", "invalid_request_error")
    PROVIDER_CREDENTIALS = (502, "provider.rejected_credentials", "provider", "server_error")
    PROVIDER_UNAVAILABLE = (503, "provider.unavailable", "provider", "server_error")
    PROVIDER_CONFLICT = (409, "provider.conflict", "provider", "server_error")
    PROVIDER_TIMEOUT = (408, "provider.timeout", "provider", "server_error")
    PROVIDER_RATE_LIMITED = (429, "rate_limit.exceeded", "rate_limit", "requests", "rate_limit_exceeded")
    STREAM_BROKEN = (502, "provider.stream_broken", "provider", "server_error")
    STREAM_ERROR = (502, "provider.stream_error", "provider", "server_error")
    IDLE_TIMEOUT = (503, "provider.idle_timeout", "provider", "server_error")
    TOTAL_TIMEOUT = (503, "provider.total_timeout", "provider", "server_error")
    DRAINING = (503, "server.draining", "server", "server_error")
    NOT_READY = (503, "server.not_ready", "server", "server_error")
    STORE_UNAVAILABLE = (503, "store.unavailable", "server", "server_error")
    INTERNAL = (500, "server.error", "server", "server_error")


class Detail(msgspec.Struct, frozen=True):
    """One place in a request that is wrong: `loc` is the path to it, `type` the kind of mistake."""

    loc: list[str | int]
    msg: str
    type: str


class Refusal(Exception):
    """A fault on its way to the caller; `message` is one sentence that names the field and the remedy."""

    def __init__(
        self,
        fault: Fault,
        message: str,
        *,
        param: str | None = None,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        details: list[Detail] | None = None,
        passed_on: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.fault = fault
        self.message = message
        self.param = param
        self.status = status or fault.status
        """Differs from the fault's own only for an upstream's 4xx that is passed on."""
        self.headers = dict(headers or {})
        self.details = details
        self.passed_on = passed_on
        """The upstream's own `error` object, shown instead of ours where the rules allow it."""


def openai_error(refusal: Refusal) -> Mapping[str, object]:
    """The object behind `error` in OpenAI's form: `message`, `type`, `param` and `code` are always there."""
    fault = refusal.fault
    ours: dict[str, object] = {
        "message": refusal.message,
        "type": fault.openai_type,
        "param": refusal.param,
        "code": fault.openai_code or fault.code,
    }
    if refusal.passed_on is None:
        return ours
    return {"type": None, "param": None, "code": None, **refusal.passed_on}


def native_error(refusal: Refusal, request_id: str) -> Mapping[str, object]:
    """The object behind `error` in the native form."""
    fault = refusal.fault
    error: dict[str, object] = {
        "code": fault.code,
        "message": refusal.message,
        "type": fault.type,
        "doc_url": DOC_URL + fault.code.replace(".", "_"),
        "request_id": request_id,
    }
    if refusal.details:
        error["details"] = refusal.details
    return error


def envelope(refusal: Refusal, path: str, request_id: str) -> bytes:
    """The JSON body that answers the refusal on this path."""
    openai = path == OPENAI_PREFIX or path.startswith(OPENAI_PREFIX + "/")
    error = openai_error(refusal) if openai else native_error(refusal, request_id)
    return msgspec.json.encode({"error": error})
