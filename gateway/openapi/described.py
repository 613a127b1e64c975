"""What the document says of each route beyond what its code shows; every route must be here."""

import json
from typing import Any

import msgspec

from gateway.errors import Fault
from gateway.openapi import examples as show
from gateway.openapi import faults
from gateway.openapi.examples import page

Json = dict[str, Any]

PERSONAS = "Personas"
TURNS = "Turns"
KEYS = "Workspaces and keys"
OPENAI = "OpenAI-compatible"
GATEWAY = "Gateway"

TAGS = {
    OPENAI: "The drop-in surface: base URL `/v1/openai`, OpenAI's shapes, errors and manners.",
    PERSONAS: "Personas, their versions and labels. `ref` is an id or a slug.",
    TURNS: "What was asked of whom, how it ended and what it cost; never what was said.",
    KEYS: "Tenants, keys and the log of writes.",
    GATEWAY: "Health and this description. No key is needed.",
}

UPSTREAM_FAULTS = (
    Fault.PROVIDER_TIMEOUT,
    Fault.PROVIDER_CONFLICT,
    Fault.PROVIDER_RATE_LIMITED,
    Fault.PROVIDER_CREDENTIALS,
    Fault.PROVIDER_UNAVAILABLE,
    Fault.DRAINING,
)
CHAT_HEADERS = (
    "X-Persona",
    "X-Persona-Prompt-Sha256",
    "X-Persona-Upstream",
    "X-Persona-Attempts",
    "X-Persona-Overhead-Ms",
    "X-Persona-Verdict",
    "X-Persona-Drift-Voice",
    "X-Persona-Drift-Values",
)


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """One operation. `takes` and `answers` name schemas where no struct does."""

    id: str
    tag: str
    about: str = ""
    faults: tuple[Fault, ...] = ()
    """Beyond those that follow from key, scope, parameters and body."""
    requests: dict[str, Any] = {}
    """Examples of the body, by their titles."""
    answer: Any = None
    """An example."""
    takes: str | None = None
    answers: str | None = None
    summary: str | None = None
    """For raw routes, which have none."""
    media: str = "application/json"
    parameters: tuple[Json, ...] = ()
    headers: tuple[str, ...] = ()
    """Of the good answer."""
    streams: dict[str, str] = {}
    """Examples of a `text/event-stream`, by their titles."""
    events: dict[str, str] = {}
    """The schema of each event's data, by the event's name."""
    passes_on: bool = False
    """Whether an upstream's other 4xx comes through."""
    also: dict[int, tuple[str, str, Any]] = {}
    """Other answers that are no errors: what it means, its schema, an example."""


def _stream(*events: object, name: str = "") -> str:
    head = f"event: {name}\nid: 17\n" if name else ""
    texts = [each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in events]
    return "".join(f"{head}data: {text}\n\n" for text in texts)


BROKEN = faults.example(Fault.STREAM_BROKEN, openai=True)
DROPPED = (
    'event: stream.dropped\ndata: {"message":"You read too slowly; connect again with Last-Event-ID."}\n\n'
)
CONVERSATION: Json = {
    "name": "X-Persona-Conversation-Id",
    "in": "header",
    "description": "Reserved: no conversation is stored yet, so that any `conv_…` id is answered by 404.",
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
OF_PERSONA: Json = {
    "name": "persona",
    "in": "query",
    "description": "Only turns of this persona: a slug or an id.",
    "schema": {"type": "string"},
}

CHAT = Described(
    id="create_chat_completion",
    tag=OPENAI,
    summary="Talk to a persona",
    about="Resolves `model`, lays the caller's leading system messages over the persona's prompt, sends the "
    "request to an upstream and relays its answer under the resolved name, with the object `persona` "
    "added. Every field that is not ours reaches the upstream as it was written. An upstream's own 4xx "
    "is passed on with its error object. In a stream, keep-alives are comments (`: ping`); a failure "
    'after the first event ends it by one `data: {"error": …}` without `[DONE]`.',
    takes="ChatRequest",
    requests={
        "Whole answer": show.CHAT,
        "Stream": {**show.CHAT, "stream": True},
        "A fixed version, with the caller's own system message": {
            "model": "persona/the-night-librarian@v2",
            "messages": [{"role": "system", "content": "The visitor's name is Ada."}, *show.MESSAGES],
            "temperature": 0.2,
        },
    },
    answers="ChatCompletion",
    answer=show.ANSWER,
    streams={
        "Stream": _stream(*show.CHUNKS, "[DONE]"),
        "Stream that fails midway": _stream(show.CHUNKS[0], BROKEN),
    },
    events={"message": "ChatCompletionChunk"},
    parameters=(CONVERSATION, GZIP),
    headers=CHAT_HEADERS,
    passes_on=True,
    faults=(
        Fault.MEDIA_UNSUPPORTED,
        Fault.PERSONA_UNKNOWN,
        Fault.CONVERSATION_UNKNOWN,
        Fault.OVERLAY_LOCKED,
        Fault.CAPABILITY_MISSING,
        Fault.PROVIDER_REJECTED,
        *UPSTREAM_FAULTS,
        Fault.STREAM_BROKEN,
        Fault.STREAM_ERROR,
        Fault.IDLE_TIMEOUT,
        Fault.TOTAL_TIMEOUT,
    ),
)
EMBED = Described(
    id="create_embeddings",
    tag=OPENAI,
    summary="Embed texts",
    about="Passed through, byte for byte, to the upstream that the configuration names in `[embeddings]`.",
    takes="EmbeddingsRequest",
    requests={"One text": {"model": "text-embedding-3-small", "input": "Good evening"}},
    answers="Embeddings",
    answer=show.EMBEDDINGS,
    parameters=(GZIP,),
    headers=("X-Persona-Attempts",),
    passes_on=True,
    faults=(Fault.MEDIA_UNSUPPORTED, Fault.EMBEDDINGS_UNSET, Fault.PROVIDER_REJECTED, *UPSTREAM_FAULTS),
)
FOLLOW = Described(
    id="stream_turns",
    tag=TURNS,
    summary="Follow turns as they end",
    about="Server-sent events: `turn.completed` for every turn that ends, however it ended, and "
    "`stream.dropped` before a reader who does not keep up is cut. Keep-alives are comments.",
    parameters=(OF_PERSONA, LAST_EVENT),
    streams={"A turn": _stream(show.TURN, name="turn.completed"), "Dropped": DROPPED},
    events={"turn.completed": "Turn", "stream.dropped": "StreamDropped"},
    faults=(Fault.PERSONA_UNKNOWN,),
)
WRITE_FAULTS = (Fault.PERSONA_INVALID, Fault.SLUG_TAKEN)

OPERATIONS = {
    "GET /health/live": Described(
        id="check_liveness", tag=GATEWAY, answers="Liveness", answer={"status": "live"}
    ),
    "GET /health/ready": Described(
        id="check_readiness",
        tag=GATEWAY,
        about="`degraded` still answers chat requests; 503 says that nobody should send any.",
        answers="Readiness",
        answer=show.READINESS,
        also={
            503: (
                "Not ready.",
                "Readiness",
                {**show.READINESS, "status": "unavailable", "upstreams": {"main": "degraded"}},
            )
        },
    ),
    "GET /openapi.json": Described(
        id="show_openapi", tag=GATEWAY, answers="OpenAPIDocument", answer={"openapi": "3.1.0"}
    ),
    "GET /docs": Described(id="show_docs", tag=GATEWAY, media="text/html"),
    "GET /docs/errors": Described(
        id="show_errors",
        tag=GATEWAY,
        about="`doc_url` of an error leads to its place here.",
        media="text/html",
    ),
    "POST /v1/openai/chat/completions": CHAT,
    "POST /v1/openai/embeddings": EMBED,
    "GET /v1/openai/models": Described(
        id="list_models",
        tag=OPENAI,
        about="Bare names and labels of every persona that the key can use, then plain models; "
        "with `persona` that persona alone, with `versions` each of its versions.",
        answers="ModelList",
        answer=show.MODELS,
        faults=(Fault.PERSONA_UNKNOWN,),
    ),
    "GET /v1/openai/models/{model}": Described(
        id="show_model",
        tag=OPENAI,
        about="The name stands in the path with its slash as it is: "
        "`/v1/openai/models/persona/the-night-librarian@v2`.",
        answers="Model",
        answer=show.MODEL,
        faults=(Fault.PERSONA_UNKNOWN,),
    ),
    "POST /v1/personas": Described(
        id="create_persona",
        tag=PERSONAS,
        about="`name` or `slug`, and `prompt` or a layer, are needed. Without `slug` one is made from the "
        "name, without `prompt` one is rendered from the layers and stored. Visibility is `private` "
        "unless it is given.",
        requests={"With a prompt": show.NEW_PERSONA, "From layers": show.NEW_FROM_LAYERS},
        answer={**show.PERSONA, "version": 1, "labels": {}},
        faults=WRITE_FAULTS,
    ),
    "GET /v1/personas": Described(
        id="search_personas", tag=PERSONAS, answer=page(show.PERSONA, following=show.PERSONA_ID)
    ),
    "GET /v1/personas/{ref}": Described(
        id="read_persona",
        tag=PERSONAS,
        about="Another workspace's public persona is found by its id only, and shows neither headers nor "
        "upstreams.",
        answer=show.PERSONA,
    ),
    "PATCH /v1/personas/{ref}": Described(
        id="change_persona",
        tag=PERSONAS,
        about="What is left out stays. A change of prompt, layers, examples, language, overlay, allow, "
        "upstreams, defaults or headers makes a new version; slug, name, tags, visibility and status do not. "
        "`status: active` brings an archived persona back.",
        requests={
            "A new version": {"prompt": show.PROMPT},
            "Beside the versions": {"tags": ["fiction"], "visibility": "public"},
            "Take a layer away": {"mask": None},
        },
        answer=show.PERSONA,
        faults=WRITE_FAULTS,
    ),
    "DELETE /v1/personas/{ref}": Described(
        id="remove_persona",
        tag=PERSONAS,
        about="An archived persona is not served, but can be read and brought back; a purged one is gone.",
    ),
    "GET /v1/personas/{ref}/versions": Described(
        id="list_versions", tag=PERSONAS, answer=page(show.VERSION, following="v2")
    ),
    "GET /v1/personas/{ref}/versions/{v}": Described(id="read_version", tag=PERSONAS, answer=show.VERSION),
    "GET /v1/personas/{ref}/versions/{a}/diff/{b}": Described(
        id="compare_versions", tag=PERSONAS, answer=show.DIFF
    ),
    "POST /v1/personas/{ref}/versions/{v}/restore": Described(
        id="restore_version",
        tag=PERSONAS,
        about="Rolls back by going forward. Where the newest version equals it already, no version is made.",
        answer=show.PERSONA,
        faults=WRITE_FAULTS,
    ),
    "PUT /v1/personas/{ref}/labels/{label}": Described(
        id="move_label",
        tag=PERSONAS,
        about="A bare model name means the label `production` where there is one, else the newest version.",
        requests={"To a version": {"version": "v2"}},
        answer=show.PERSONA,
        faults=(Fault.VERSION_UNKNOWN, Fault.LABEL_FIXED),
    ),
    "DELETE /v1/personas/{ref}/labels/{label}": Described(
        id="remove_label", tag=PERSONAS, faults=(Fault.LABEL_UNKNOWN,)
    ),
    "GET /v1/personas/{ref}/labels": Described(
        id="list_label_moves", tag=PERSONAS, answer=page(show.LABEL_MOVE)
    ),
    "POST /v1/personas/{ref}/fork": Described(
        id="fork_persona",
        tag=PERSONAS,
        about="Copies one version, the newest unless another is named, as version 1 of a new persona; labels "
        "are not copied, and neither headers nor upstreams from another workspace.",
        requests={
            "Under another slug": {"slug": "edith-in-german", "version": "v2", "visibility": "workspace"}
        },
        answer={
            **show.PERSONA,
            "slug": "edith-in-german",
            "version": 1,
            "labels": {},
            "forked_from": {"persona": show.PERSONA_ID, "version": 2},
        },
        faults=(*WRITE_FAULTS, Fault.VERSION_UNKNOWN),
    ),
    "POST /v1/personas/{ref}/render": Described(
        id="render_request",
        tag=PERSONAS,
        about="Nothing is sent. `ref` may name a version or label, as in `the-night-librarian@v2`.",
        takes="RenderRequest",
        requests={"A chat request": {"messages": show.MESSAGES}},
        answer=show.RENDERED,
        faults=(Fault.OVERLAY_LOCKED, Fault.CAPABILITY_MISSING, Fault.PROVIDER_UNAVAILABLE),
    ),
    "GET /v1/turns": Described(
        id="list_turns", tag=TURNS, answer=page(show.TURN, following="17"), faults=(Fault.PERSONA_UNKNOWN,)
    ),
    "GET /v1/turns/stream": FOLLOW,
    "GET /v1/turns/{turn_id}": Described(
        id="read_turn", tag=TURNS, answer=show.TURN_DETAIL, faults=(Fault.TURN_UNKNOWN,)
    ),
    "GET /v1/usage": Described(
        id="sum_up_usage",
        tag=TURNS,
        about="The largest group first, days in their order; at most 1,000 groups.",
        answer=show.USAGE,
        faults=(Fault.PERSONA_UNKNOWN,),
    ),
    "GET /v1/workspaces": Described(
        id="list_workspaces",
        tag=KEYS,
        about="An operator's key sees all, any other its own.",
        answer=page(show.WORKSPACE),
    ),
    "POST /v1/workspaces": Described(
        id="create_workspace",
        tag=KEYS,
        requests={"A tenant": {"name": "acme", "mode": "live"}},
        answer=show.WORKSPACE,
        faults=(Fault.WORKSPACE_UNACCEPTABLE, Fault.WORKSPACE_TAKEN),
    ),
    "GET /v1/keys": Described(id="list_keys", tag=KEYS, answer=page(show.KEY)),
    "POST /v1/keys": Described(
        id="create_key",
        tag=KEYS,
        about="In the caller's workspace, with at most the caller's scopes. Without scopes it gets "
        "`personas:*`, `runs:read` and `chat:invoke`, as far as the caller has them.",
        requests={
            "For a website": {"name": "website", "scopes": ["personas:read", "chat:invoke"]},
            "With an end": {"name": "trial", "expires_at": "2030-01-01T00:00:00Z"},
        },
        answer=show.MADE_KEY,
        faults=(
            Fault.KEY_UNACCEPTABLE,
            Fault.RIGHTS_EXCEEDED,
            Fault.OPERATOR_REQUIRED,
            Fault.WORKSPACE_UNKNOWN,
        ),
    ),
    "POST /v1/keys/{key_id}/rotate": Described(
        id="rotate_key",
        tag=KEYS,
        about="Both keys are valid for the grace time. A key may rotate itself, an operator's any.",
        requests={"At once": {"grace_seconds": 0}},
        answer=show.MADE_KEY,
        faults=(Fault.KEY_UNKNOWN, Fault.RIGHTS_EXCEEDED),
    ),
    "DELETE /v1/keys/{key_id}": Described(
        id="revoke_key", tag=KEYS, faults=(Fault.KEY_UNKNOWN, Fault.RIGHTS_EXCEEDED)
    ),
    "GET /v1/audit": Described(id="list_audit", tag=KEYS, answer=page(show.AUDIT)),
}
