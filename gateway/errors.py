"""The catalogue of faults; nothing else in the product decides a status code.

It stays in one file however long it grows, since it is one table, of which docs/errors.md is made.
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

import msgspec

DOCS_PATH = "/docs/errors"
"""The page on which the gateway itself explains every error."""
OPENAI_PREFIX = "/v1/openai"
JOB_PREFIXES = ("/v1/personas/actions/", "/v1/personas/repositories/")
"""Paths of jobs, whose clients know an envelope and words of their own."""


class _Fault(NamedTuple):
    status: int
    code: str
    type: str
    openai_type: str
    openai_code: str | None
    """`None` means that OpenAI has no word for it, so the native code is used there too."""
    sentence: str
    """Callers read this unless the place that refuses knows more; it names the field and the remedy."""
    param: str | None = None
    """The parameter that the drop-in surface usually names."""
    openai_sentence: str | None = None
    """The drop-in surface says this where `sentence` does not fit it."""

    @property
    def anchor(self) -> str:
        """The place of this fault on the page at DOCS_PATH."""
        return self.code.replace(".", "_")


class Fault(_Fault, Enum):
    """Lists every error that there is. Adding a member here is the only way to add an error.

    A row is status, code, type, OpenAI's type and code, and a sentence; docs/errors.md is made from them.
    """

    # fmt: off
    REQUEST_INVALID = (400, "request.invalid", "request", "invalid_request_error", "invalid_request",
        "`name`: Expected `str`, got `int`.",
        "messages",
        "`messages` is missing; send an array of messages.")
    REQUEST_TOO_LARGE = (413, "request.too_large", "request", "invalid_request_error", "request_too_large",
        "The request body is too large; send a smaller one.")
    REQUEST_TIMEOUT = (408, "request.timeout", "request", "invalid_request_error", "request_timeout",
        "The request's headers did not arrive in time; send them at once.")
    ROUTE_NOT_FOUND = (404, "route.not_found", "request", "invalid_request_error", "unknown_url",
        "There is nothing at this path; /docs shows what there is.")
    NOT_IMPLEMENTED = (501, "route.not_implemented", "request", "invalid_request_error", "not_implemented",
        "There is no such thing as `/v1/openai/audio/speech` here yet; ask the model's own server.")
    METHOD_NOT_ALLOWED = (405, "route.method_not_allowed", "request", "invalid_request_error",
        "method_not_allowed",
        "This path takes POST only; send the request with that method.")
    HOST_REFUSED = (421, "request.host_refused", "request", "invalid_request_error", None,
        "MCP is not spoken under this name; the operator adds names to [mcp] hosts.")
    ORIGIN_REFUSED = (403, "request.origin_refused", "request", "invalid_request_error", None,
        "Pages of this origin may not speak MCP; the operator adds origins to [server] cors_origins.")
    MEDIA_UNSUPPORTED = (415, "request.unsupported_encoding", "request", "invalid_request_error", None,
        "Send the request body plain or as gzip; no other encoding is taken.")
    HEADERS_TOO_LARGE = (431, "request.headers_too_large", "request", "invalid_request_error", None,
        "The request's head is too large; send fewer or shorter headers.")
    KEY_INVALID = (401, "auth.invalid_key", "auth", "authentication_error", "invalid_api_key",
        "This API key is not valid; `persona keys create` makes another.")
    SCOPE_MISSING = (403, "auth.missing_scope", "auth", "permission_error", "missing_scope",
        "This key lacks the scope `personas:write`; use one that has it.",
        None,
        "This key lacks the scope `chat:invoke`; use one that has it.")
    WORKSPACE_MISMATCH = (403, "auth.wrong_workspace", "auth", "permission_error", "wrong_workspace",
        "`Persona-Workspace` does not name this key's workspace; correct it or leave it out.")
    PERSONA_UNKNOWN = (404, "persona.not_found", "persona", "invalid_request_error", "model_not_found",
        "There is no such persona, or it is not yours to see.",
        "model",
        "The model `persona/nobody` does not exist or is not yours to use; GET /v1/openai/models "
        "lists yours.")
    PERSONA_INVALID = (422, "persona.schema_violation", "persona", "invalid_request_error", None,
        "`language`: a language tag of BCP 47, such as `en` or `pt-BR`.")
    SEMANTIC_UNAVAILABLE = (422, "persona.semantic_unavailable", "persona", "invalid_request_error", None,
        "`semantic` needs the embedded model, which is not here; install the extra `embed`, or leave "
        "`semantic` out.")
    PROJECT_UNKNOWN = (404, "project.not_found", "persona", "invalid_request_error", None,
        "There is no such project; it is the id of your key's workspace, or a name in [projects.names].")
    NAME_TAKEN = (409, "persona.name_taken", "persona", "invalid_request_error", None,
        "Persona with name already exists; choose another.")
    PERSONA_PROMPTLESS = (400, "persona.without_prompt", "persona", "invalid_request_error", None,
        "The persona has no system prompt; give it one.")
    PROVIDER_UNSET = (400, "provider.not_configured", "provider", "invalid_request_error", None,
        "The gateway has no upstream; its operator adds one.")
    IMAGES_UNSET = (400, "image.provider_not_configured", "provider", "invalid_request_error", None,
        "No upstream here makes images; its operator names one as `upstream` in the table [images].")
    IMAGE_UNKNOWN = (404, "image.not_found", "image", "invalid_request_error", None,
        "There is no such image, or it is not yours to see.")
    IMAGE_UNACCEPTABLE = (422, "image.schema_violation", "image", "invalid_request_error", None,
        "`image`: a PNG, JPEG or WebP of at most 4 MiB, in base64.")
    IMAGE_TOO_MANY = (409, "image.too_many", "image", "invalid_request_error", None,
        "The project has as many style images as it may; delete one of them.")
    IMAGE_STORE_UNAVAILABLE = (503, "image.store_unavailable", "image", "server_error", None,
        "The store of images cannot be used; try again later.")
    VALIDATION_FAILED = (422, "validation_failed", "request", "invalid_request_error", None,
        "The body is not what this path takes; `details` name each place.")
    JOB_UNKNOWN = (404, "job.not_found", "request", "invalid_request_error", None,
        "There is no such job, or it is not yours to see.")
    VERSION_UNKNOWN = (404, "persona.version_not_found", "persona", "invalid_request_error", None,
        "The persona has no such version; the newest is v3.")
    LABEL_UNKNOWN = (404, "persona.label_not_found", "persona", "invalid_request_error", None,
        "The persona bears no such label.")
    LABEL_FIXED = (422, "persona.label_not_movable", "persona", "invalid_request_error", None,
        "A label is lower-case letters, digits and hyphens, and no `v<N>`.")
    SLUG_TAKEN = (409, "persona.slug_taken", "persona", "invalid_request_error", None,
        "The slug `the-night-librarian` is taken in this workspace; choose another.")
    OVERLAY_LOCKED = (400, "persona.overlay_locked", "persona", "invalid_request_error", "overlay_locked",
        "This persona takes no system or developer messages; leave them out.",
        "messages[0].role")
    ANSWER_WITHHELD = (503, "persona.answer_withheld", "persona", "server_error", None,
        "The answer broke what the persona is held to and was not sent; ask in other words.")
    PRECONDITION_FAILED = (412, "request.precondition_failed", "request", "invalid_request_error", None,
        "The persona has changed since; read it again and repeat the change.")
    IDEMPOTENCY_MISMATCH = (422, "request.idempotency_mismatch", "request", "invalid_request_error", None,
        "This `Idempotency-Key` was used for another request; choose a new one.")
    IDEMPOTENCY_BUSY = (409, "request.idempotency_in_progress", "request", "invalid_request_error", None,
        "The first request with this `Idempotency-Key` is still at work.")
    IDEMPOTENCY_NOT_KEPT = (409, "request.idempotency_not_kept", "request", "invalid_request_error", None,
        "This request was answered before, as a stream or too long to be kept; read what it has made.")
    OPERATOR_REQUIRED = (403, "auth.operator_required", "auth", "permission_error", None,
        "Only an operator's key may do this; use one.")
    RIGHTS_EXCEEDED = (403, "auth.rights_exceeded", "auth", "permission_error", None,
        "Your key has not the scopes keys:manage; leave them out.")
    KEY_UNKNOWN = (404, "key.not_found", "key", "invalid_request_error", None,
        "There is no such key in this workspace.")
    KEY_UNACCEPTABLE = (422, "key.schema_violation", "key", "invalid_request_error", None,
        "`expires_at`: must be in the future.")
    WORKSPACE_UNKNOWN = (404, "workspace.not_found", "workspace", "invalid_request_error", None,
        "There is no such workspace.")
    WORKSPACE_UNACCEPTABLE = (422, "workspace.schema_violation", "workspace", "invalid_request_error", None,
        "`name` is no name for a workspace; use letters, digits, `-`, `_` or `.`.")
    WORKSPACE_TAKEN = (409, "workspace.name_taken", "workspace", "invalid_request_error", None,
        "The name `acme` is taken; choose another.")
    CONFIG_REFUSED = (422, "config.refused", "request", "invalid_request_error", None,
        "This configuration is not taken, and the old one stays; the message says what is wrong.")
    RELOAD_PENDING = (503, "config.reload_pending", "request", "server_error", None,
        "The new workers are not ready yet; the log will say whether they came to be.")
    BUDGET_EXCEEDED = (402, "budget.exceeded", "billing", "insufficient_quota", None,
        "The budget of the workspace `ws_0QvXb3k2a81FZq05mmPw`, $50.00 per month, has $0.02 left, and this "
        "request may take $0.25; it begins anew at 2026-12-01T00:00:00.000Z. A smaller `max_tokens` asks for "
        "less.")
    PRICE_UNKNOWN = (422, "budget.price_unknown", "billing", "invalid_request_error", None,
        "A budget in US dollars covers this request, and nobody knows the price of `main/gpt-4o-mini`; its "
        'operator adds it to `prices` of [upstreams.main], as "gpt-4o-mini".',
        "model")
    BUDGET_UNKNOWN = (404, "budget.not_found", "budget", "invalid_request_error", None,
        "There is no such budget, and nothing of this id that one could be for.")
    BUDGET_UNACCEPTABLE = (422, "budget.schema_violation", "budget", "invalid_request_error", None,
        "`limit`: at most 1000000000 dollars, or 1000000000000000 tokens.")
    BUDGET_BINDING = (403, "budget.binding", "budget", "permission_error", None,
        "This budget binds your own key, so that only an operator may raise or remove it.")
    RUN_UNKNOWN = (404, "run.not_found", "run", "invalid_request_error", None,
        "There is no such run.")
    RUN_ENDED = (409, "run.has_ended", "run", "invalid_request_error", None,
        "This run has ended and cannot be cancelled.")
    RUN_NOT_REPEATABLE = (409, "run.not_repeatable", "run", "invalid_request_error", None,
        "This run goes on; it can be repeated once it has ended.")
    PIPELINE_FORBIDDEN = (403, "pipeline.not_in_plan", "billing", "permission_error", None,
        "The workspace's plan has runs follow the active pipeline; leave `pipeline` out, or change the plan.")
    FIELD_TAKEN = (409, "field.name_taken", "field", "invalid_request_error", None,
        "The workspace has a field of this name; remove it first, or choose another name.")
    FIELD_UNKNOWN = (404, "field.not_found", "field", "invalid_request_error", None,
        "The workspace has no field of this name.")
    RUN_CANCELLED = (409, "run.cancelled", "run", "invalid_request_error", None,
        "This run was cancelled before it had made a persona.")
    RUN_OVER_BUDGET = (402, "persona.cost_budget_exceeded", "billing", "insufficient_quota", None,
        "Run aborted: $1.20 exceeds budget $1.00.")
    INTENT_BLOCKED = (403, "moderation.intent_blocked", "moderation", "permission_error", None,
        "The intent asks for a persona that is not made here; ask for another one.")
    STEP_FAILED = (502, "run.step_failed", "provider", "server_error", None,
        "The model's answer to the step `soul_draft` was refused twice; try again, or with another model.")
    WEBHOOK_UNKNOWN = (404, "webhook.not_found", "webhook", "invalid_request_error", None,
        "There is no such webhook.")
    WEBHOOK_UNACCEPTABLE = (422, "webhook.schema_violation", "webhook", "invalid_request_error", None,
        "`url`: localhost is no address of the public internet.")
    WEBHOOK_FOREIGN = (403, "webhook.other_owner", "webhook", "permission_error", None,
        "Another key has made this webhook; with yours it can be switched off or deleted.")
    WEBHOOK_TOO_MANY = (409, "webhook.too_many", "webhook", "invalid_request_error", None,
        "The workspace has as many webhooks as it may; delete one of them.")
    WEBHOOK_OFF = (409, "webhook.disabled", "webhook", "invalid_request_error", None,
        "The webhook is switched off; `enabled` switches it on.")
    DELIVERY_UNKNOWN = (404, "delivery.not_found", "webhook", "invalid_request_error", None,
        "The webhook has no such delivery; deliveries are kept for 30 days.")
    DELIVERY_OPEN = (409, "delivery.under_way", "webhook", "invalid_request_error", None,
        "The delivery is still under way; wait until it has ended.")
    TURN_UNKNOWN = (404, "turn.not_found", "turn", "invalid_request_error", None,
        "There is no such turn.")
    CONVERSATION_UNKNOWN = (404, "conversation.not_found", "conversation", "invalid_request_error", None,
        "There is no such conversation, or it is not yours to see.")
    CONVERSATION_TAKEN = (409, "conversation.id_taken", "conversation", "invalid_request_error", None,
        "There is a conversation of this id; choose another, or leave `id` out.")
    CONVERSATION_PERSONA = (409, "conversation.other_persona", "conversation", "invalid_request_error", None,
        "The conversation is with another persona or version; begin a new one, or move its pin.",
        "model",
        "The conversation is with another persona; begin a new one.")
    CONVERSATION_FULL = (409, "conversation.full", "conversation", "invalid_request_error", None,
        "The conversation holds as many messages as it may; begin a new one.")
    CONVERSATION_TOO_MANY = (409, "conversation.too_many", "conversation", "invalid_request_error", None,
        "The workspace has as many conversations as it may; delete some of them.")
    CONVERSATION_TEXTLESS = (409, "conversation.without_texts", "conversation", "invalid_request_error", None,
        "No texts are kept of this conversation; send its history with each request, to /v1/openai.")
    RESPONSE_UNKNOWN = (404, "response.not_found", "response", "invalid_request_error", None,
        "There is no such response, or it is not yours to see.",
        "response_id")
    RESPONSE_GONE = (409, "response.not_kept", "response", "invalid_request_error", None,
        "The answer of this response has been taken out of its conversation; go on from another one.",
        "previous_response_id")
    ITEM_UNKNOWN = (404, "item.not_found", "conversation", "invalid_request_error", None,
        "The conversation has no such item.")
    MESSAGE_UNKNOWN = (404, "message.not_found", "conversation", "invalid_request_error", None,
        "The conversation has no such message.")
    ANSWER_TOO_LONG = (502, "conversation.answer_too_long", "conversation", "server_error", None,
        "The answer is too long to be kept in a conversation; ask for a shorter one.")
    CONVERSATION_INVALID = (422, "conversation.schema_violation", "conversation", "invalid_request_error",
        None,
        "`follow`: `latest`, or a label such as `production`.")
    SCENARIO_INVALID = (422, "ensemble.schema_violation", "ensemble", "invalid_request_error", None,
        "`personas[1]`: is in the scene already.")
    EMBEDDINGS_UNSET = (404, "embeddings.not_configured", "request", "invalid_request_error",
        "model_not_found",
        "This gateway has nothing to embed with; install the extra `embed`, or set `upstream` in the table "
        "[embeddings].",
        "model")
    CAPABILITY_MISSING = (400, "provider.unsupported_input", "provider", "invalid_request_error",
        "unsupported_input",
        "The upstream `local` takes text only, and this request has images; leave them out or "
        "configure another upstream.",
        "messages")
    PROVIDER_REJECTED = (400, "provider.rejected_request", "provider", "invalid_request_error", None,
        "The upstream `main` refused the request with status 400.")
    PROVIDER_CREDENTIALS = (502, "provider.rejected_credentials", "provider", "server_error", None,
        "The upstream `main` refuses the gateway's credentials; its operator must act.")
    PROVIDER_UNAVAILABLE = (503, "provider.unavailable", "provider", "server_error", None,
        "The upstream `main` could not be reached or broke the connection; try again later.")
    PROVIDER_CONFLICT = (409, "provider.conflict", "provider", "server_error", None,
        "The upstream `main` refused the request with status 409.")
    PROVIDER_TIMEOUT = (408, "provider.timeout", "provider", "server_error", None,
        "The upstream `main` refused the request with status 408.")
    RATE_LIMITED = (429, "rate_limit.exceeded", "rate_limit", "requests", "rate_limit_exceeded",
        "At most 600 requests a minute are allowed; wait as long as `Retry-After` says.")
    LIMITS_UNAVAILABLE = (503, "rate_limit.unavailable", "rate_limit", "server_error", None,
        "What is left of the limits cannot be counted now; try again in a moment.")
    STREAM_BROKEN = (502, "provider.stream_broken", "provider", "server_error", None,
        "The upstream `main` ended its stream before the answer was whole.")
    STREAM_ERROR = (502, "provider.stream_error", "provider", "server_error", None,
        "The upstream `main` reported an error in the middle of its answer.")
    IDLE_TIMEOUT = (503, "provider.idle_timeout", "provider", "server_error", None,
        "The upstream `main` exceeded its time limit (idle) within the answer.")
    TOTAL_TIMEOUT = (503, "provider.total_timeout", "provider", "server_error", None,
        "The upstream `main` exceeded its time limit (total) within the answer.")
    DRAINING = (503, "server.draining", "server", "server_error", None,
        "The gateway is shutting down; send the request again.")
    OVERLOADED = (503, "server.overloaded", "server", "server_error", None,
        "Too many callers are connected to the gateway; try again in a moment.")
    UPSTREAM_FULL = (503, "gateway.overloaded", "server", "server_error", None,
        "The upstream `main` has as many calls as it may have, and too many wait; try again in a moment.")
    NOT_READY = (503, "server.not_ready", "server", "server_error", None,
        "The gateway is not ready yet; try again in a moment.")
    STORE_UNAVAILABLE = (503, "store.unavailable", "server", "server_error", None,
        "The store cannot be read; try again later.")
    INTERNAL = (500, "server.error", "server", "server_error", None,
        "The gateway made a mistake, which it has logged; try again.")
    # fmt: on


OF_UPSTREAMS = (
    Fault.BUDGET_EXCEEDED,
    Fault.PRICE_UNKNOWN,
    Fault.PROVIDER_TIMEOUT,
    Fault.PROVIDER_CONFLICT,
    Fault.RATE_LIMITED,
    Fault.PROVIDER_CREDENTIALS,
    Fault.PROVIDER_UNAVAILABLE,
    Fault.UPSTREAM_FULL,
    Fault.DRAINING,
)
"""Any route may give these that has an upstream asked."""


class Detail(msgspec.Struct, frozen=True):
    """One place in a request that is wrong: `loc` is the path to it, `type` the kind of mistake."""

    loc: list[str | int]
    msg: str
    type: str


class Refusal(Exception):
    """Carries a fault on its way to the caller.

    `message` is one sentence that names the field and the remedy; without it the fault's own is said.
    """

    def __init__(
        self,
        fault: Fault,
        message: str | None = None,
        *,
        param: str | None = None,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        details: list[Detail] | None = None,
        passed_on: Mapping[str, object] | None = None,
        run_id: str | None = None,
    ) -> None:
        self.fault = fault
        self.message = fault.sentence if message is None else message
        super().__init__(self.message)
        self.param = param
        self.status = status or fault.status
        """It differs from the fault's own only for an upstream's 4xx that is passed on."""
        self.headers = dict(headers or {})
        self.details = details
        self.run_id = run_id
        """The run that has failed, where one has."""
        self.passed_on = passed_on
        """The upstream's own `error` object, which is shown instead of ours where the rules allow it."""
