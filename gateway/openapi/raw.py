"""Routes that Litestar does not look into are described here by hand."""

from typing import Any

import msgspec

from gateway.drift.axes import AXES
from gateway.errors import OF_UPSTREAMS, Fault
from gateway.openapi import faults, headers
from gateway.openapi.shapes.schema import ref
from gateway.openapi.streams import EVENT_STREAM, event_stream, named, unnamed
from gateway.openapi.values import completions, recorded, responded

Json = dict[str, Any]

CHAT_HEADERS = (
    "X-Persona",
    "X-Persona-Prompt-Sha256",
    "X-Persona-Upstream",
    "X-Persona-Dropped",
    "X-Persona-Conversation-Id",
    "X-Persona-Attempts",
    "X-Persona-Overhead-Ms",
    "X-Persona-Verdict",
    *[axis.header for axis in AXES],
)


class Raw(msgspec.Struct, frozen=True, kw_only=True):
    """One operation; `takes` and `answers` name schemas, as the values of `events` do."""

    method: str
    id: str
    tag: str
    summary: str
    about: str
    faults: tuple[Fault, ...]
    """Faults beyond those that follow from key, scope and body."""
    takes: str | None = None
    answers: str | None = None
    parameters: tuple[Json, ...] = ()
    headers: tuple[str, ...] = ()
    """Headers of the good answer."""
    streams: dict[str, str] = {}
    """Examples of a `text/event-stream`, by their titles."""
    events: dict[str, str] = {}
    """The schema of each event's data, by the event's name."""
    passes_on: bool = False
    """Tells whether an upstream's other 4xx comes through."""

    def shown(self) -> Json:
        """Make what Litestar would say of the route."""
        content: Json = {}
        if self.answers:
            content["application/json"] = {"schema": ref(self.answers)}
        if self.streams:
            content[EVENT_STREAM] = event_stream(self.streams, self.events)
        return {
            "tags": [self.tag],
            "summary": self.summary,
            "description": self.about,
            "operationId": self.id,
            "parameters": list(self.parameters),
            "responses": {"200": {"content": content}},
        }


BROKEN = faults.example(Fault.STREAM_BROKEN, openai=True)
FAILED: Json = {name: BROKEN["error"][name] for name in ("code", "message")}
GAP = (
    "id: 4711\nevent: stream.gap\n"
    'data: {"message":"Turns may be missing before the next one; GET /v1/turns lists them."}\n\n'
)
DROPPED = (
    'event: stream.dropped\ndata: {"message":"You read too slowly; connect again with Last-Event-ID."}\n\n'
)
OF_PERSONA: Json = {
    "name": "persona",
    "in": "query",
    "description": "Only turns of this persona: a slug or an id.",
    "schema": {"type": "string"},
}

CHAT = Raw(
    method="POST",
    id="create_chat_completion",
    tag="OpenAI-compatible",
    summary="Talk to a persona",
    about="Resolves `model`, lays the caller's leading system messages over the persona's prompt, sends the "
    "request to an upstream and relays its answer under the resolved name, with the object `persona` "
    "added. Every field that is not ours reaches the upstream as it was written. An upstream's own 4xx "
    "is passed on with its error object. In a stream, keep-alives are comments (`: ping`); a failure "
    'after the first event ends it by one `data: {"error": …}` without `[DONE]`.',
    takes="ChatRequest",
    answers="ChatCompletion",
    streams={
        "Stream": unnamed(*completions.CHUNKS, "[DONE]"),
        "Stream that fails midway": unnamed(completions.CHUNKS[0], BROKEN),
    },
    events={"message": "ChatCompletionChunk"},
    parameters=(headers.CONVERSATION, headers.GZIP),
    headers=CHAT_HEADERS,
    passes_on=True,
    faults=(
        Fault.MEDIA_UNSUPPORTED,
        Fault.PERSONA_UNKNOWN,
        Fault.CONVERSATION_UNKNOWN,
        Fault.CONVERSATION_PERSONA,
        Fault.CONVERSATION_FULL,
        Fault.ANSWER_TOO_LONG,
        Fault.OVERLAY_LOCKED,
        Fault.INTENT_BLOCKED,
        Fault.CAPABILITY_MISSING,
        Fault.ANSWER_WITHHELD,
        Fault.PROVIDER_REJECTED,
        *OF_UPSTREAMS,
        Fault.STREAM_BROKEN,
        Fault.STREAM_ERROR,
        Fault.IDLE_TIMEOUT,
        Fault.TOTAL_TIMEOUT,
    ),
)
RESPONSE_EVENTS = (
    "response.created",
    "response.output_text.delta",
    "response.completed",
    "response.failed",
)
RESPOND = Raw(
    method="POST",
    id="create_response",
    tag="OpenAI-compatible",
    summary="Talk to a persona by OpenAI's Responses API",
    about="Walks as a chat request does: `instructions` and the leading system items are laid over the "
    "persona's prompt. An upstream with a Responses API is asked by it, and what is not ours passes; any "
    "other is asked for a chat completion, and what cannot be said so is refused with the field's name. "
    "The object `persona` is added to the response and to that of the last event. A failure after the first "
    "event ends a stream by `response.failed` and `error`. With `background` the response is told at once as "
    "`queued`, is answered although nobody waits, and is read, followed or cancelled by its id.",
    takes="ResponseRequest",
    answers="Response",
    streams={
        "Stream": named(*responded.EVENTS),
        "Stream that fails midway": named(
            responded.EVENTS[0],
            {
                "type": "response.failed",
                "sequence_number": 4,
                "response": {**responded.BEGUN, "status": "failed", "error": FAILED},
            },
            {"type": "error", "sequence_number": 5, **FAILED, "param": None, **BROKEN},
        ),
    },
    events=dict.fromkeys(RESPONSE_EVENTS, "ResponseEvent") | {"error": "OpenAIError"},
    parameters=(headers.GZIP,),
    headers=CHAT_HEADERS,
    passes_on=True,
    faults=CHAT.faults,
)
EMBED = Raw(
    method="POST",
    id="create_embeddings",
    tag="OpenAI-compatible",
    summary="Embed texts",
    about="Passed through, byte for byte, to the upstream that the configuration names in `[embeddings]`; "
    "without one, answered by the embedded multilingual-e5-small, where the extra `embed` is installed. A "
    "persona's name embeds by the same model. Recorded as a turn, with tokens and cost.",
    takes="EmbeddingsRequest",
    answers="Embeddings",
    parameters=(headers.GZIP,),
    headers=("X-Persona-Attempts", "X-Persona-Upstream", "X-Persona-Overhead-Ms"),
    passes_on=True,
    faults=(
        Fault.MEDIA_UNSUPPORTED,
        Fault.EMBEDDINGS_UNSET,
        Fault.PERSONA_UNKNOWN,
        Fault.PROVIDER_REJECTED,
        *OF_UPSTREAMS,
    ),
)
MODERATE = Raw(
    method="POST",
    id="create_moderation",
    tag="OpenAI-compatible",
    summary="Say what is in texts",
    about="Asks the upstream that `[moderation]` names, else its judge, else a list of phrases, which is "
    "called `lexical-1`. A category that nobody can see is absent, and not 0. With a persona for a `model`, "
    "the texts are also held against its rules: `persona/never_say` and `persona/must_not`, if it has some.",
    takes="ModerationRequest",
    answers="Moderations",
    parameters=(headers.GZIP,),
    faults=(
        Fault.MEDIA_UNSUPPORTED,
        Fault.PERSONA_UNKNOWN,
        Fault.CAPABILITY_MISSING,
        Fault.BUDGET_EXCEEDED,
        Fault.PRICE_UNKNOWN,
        Fault.RATE_LIMITED,
    ),
)
FOLLOW = Raw(
    method="GET",
    id="stream_turns",
    tag="Turns",
    summary="Follow turns as they end",
    about="Server-sent events: `turn.completed` for every turn that ends, however it ended, `turn.scored` "
    "with the whole turn whose score came after the answer, "
    "`turn.judged` with the whole turn where a judge has changed it since, "
    "`stream.gap` where turns may be missing, for there were too many since `Last-Event-ID` or an older "
    "store was put back, and `stream.dropped` before a reader who does not keep up is cut. "
    "Keep-alives are comments.",
    parameters=(OF_PERSONA, headers.LAST_EVENT),
    streams={
        "A turn": unnamed(recorded.TURN, name="turn.completed"),
        "A turn scored late": unnamed(recorded.SCORED, name="turn.scored"),
        "A judged turn": unnamed(recorded.JUDGED, name="turn.judged"),
        "Gap": GAP,
        "Dropped": DROPPED,
    },
    events={
        **dict.fromkeys(("turn.completed", "turn.scored", "turn.judged"), "Turn"),
        "stream.gap": "StreamGap",
        "stream.dropped": "StreamDropped",
    },
    faults=(Fault.PERSONA_UNKNOWN,),
)
ROUTES = {
    "/v1/openai/chat/completions": CHAT,
    "/v1/openai/responses": RESPOND,
    "/v1/openai/embeddings": EMBED,
    "/v1/openai/moderations": MODERATE,
    "/v1/turns/stream": FOLLOW,
}
