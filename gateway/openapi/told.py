"""The document's section `webhooks`: every event that is told, with its schema and an example."""

from typing import Any

from gateway.openapi.values import hooks
from gateway.webhooks.webhook import TYPES

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
WHOLE: Json = {"type": "integer"}
NUMBER: Json = {"type": "number"}
PERSONA = {"persona_id": (TEXT, "The persona's id.")}
VERSION = {"version": (WHOLE, "The version's number.")}
RUN = {
    "run_id": (TEXT, "The run's id."),
    "tokens": (WHOLE, "Tokens of all its calls."),
    "total_cost_usd": ({"type": ["number", "null"]}, "US dollars; null where a price is not known."),
}
Fields = dict[str, tuple[Json, str]]

TOLD: dict[str, tuple[str, Fields, Fields]] = {
    "persona.created": ("A persona was made.", PERSONA | VERSION, {}),
    "persona.updated": (
        "A persona has a new version, or its profile or a label has changed.",
        PERSONA
        | {
            "change": ({"enum": ["version", "profile", "label"]}, "What has changed."),
            "version": (
                {"type": ["integer", "null"]},
                "The version's number; null where a label was taken away.",
            ),
        },
        {
            "label": (TEXT, "The label that was moved."),
            "previous": ({"type": ["integer", "null"]}, "The version that it stood for before."),
        },
    ),
    "persona.forked": (
        "A persona was made of another one.",
        PERSONA
        | VERSION
        | {"from": (TEXT, "The other persona's id."), "from_version": (WHOLE, "The number of its version.")},
        {},
    ),
    "persona.archived": ("A persona was taken out of service.", PERSONA, {}),
    "run.completed": ("A run has made a persona.", RUN | PERSONA, {}),
    "run.failed": ("A run has failed; `GET /v1/runs/{run_id}` says why.", RUN, {}),
    "conversation.drift_detected": (
        "A conversation has left its persona. It is told once for each time that it does.",
        PERSONA
        | {
            "conversation_id": (TEXT, "The conversation's id."),
            "version": ({"type": ["integer", "null"]}, "The number of the version that answered."),
            "turn_id": (TEXT, "The answer with which it did."),
            "verdict": (TEXT, "The verdict on that answer."),
            "cusum": (NUMBER, "The sum of what exceeds the usual level, up to that answer."),
        },
        {},
    ),
    "moderation.flagged": (
        "A classifier has flagged what a turn said.",
        {
            "turn": (TEXT, "The turn's id."),
            "persona": ({"type": ["string", "null"]}, "The persona's id."),
            "version": ({"type": ["integer", "null"]}, "The version's number."),
            "categories": (TEXT, "`input:CATEGORY` and `output:CATEGORY`, apart by spaces."),
        },
        {},
    ),
    "audit.test_failed": (
        "A check of a run has failed, whether or not it was repaired.",
        {"run_id": RUN["run_id"]},
        {},
    ),
    "persona.drift_alert": (
        "Too many of a version's answers are out of character. It is told once, and again only after fewer "
        "were.",
        PERSONA
        | VERSION
        | {
            "share": (NUMBER, "The share of answers out of character, from 0 to 1."),
            "turns": (WHOLE, "Scored answers in the window."),
            "threshold": (NUMBER, "The share from which on it is told."),
            "window_hours": (WHOLE, "Hours of the window."),
        },
        {},
    ),
    "budget.threshold": (
        "A budget is spent to 80 or to 100 percent.",
        {
            "subject": (TEXT, "The id of the workspace, persona or key that the budget is for."),
            "unit": ({"enum": ["usd", "tokens"]}, "What it counts."),
            "period": ({"enum": ["hour", "day", "month"]}, "The time that it is for."),
            "percent": (WHOLE, "The percent that was passed."),
            "limit": (NUMBER, "The whole of it."),
            "spent": (NUMBER, "What is spent."),
            "since": ({**TEXT, "format": "date-time"}, "When the period began."),
            "resets_at": ({**TEXT, "format": "date-time"}, "When the next one begins."),
        },
        {},
    ),
    "model.retiring": (
        "A model that personas use will be switched off by its provider.",
        {
            "upstream": (TEXT, "The upstream."),
            "model": (TEXT, "The model."),
            "shutdown_date": ({**TEXT, "format": "date"}, "The day on which it is switched off."),
            "days": (WHOLE, "Days until then."),
        },
        {},
    ),
    "webhook.test": (
        "Somebody has asked for a test of the webhook.",
        {"webhook_id": (TEXT, "The webhook's id.")},
        {},
    ),
}
"""Says what each event means, and lists the fields of its data: those that are always there, and others."""
SIGNATURE: Json = {
    "name": "Persona-Signature",
    "in": "header",
    "required": True,
    "description": "`t=SECONDS,v1=HEX`: the HMAC-SHA256 of `SECONDS.BODY` under the webhook's secret. There "
    "are two `v1` while a secret is being replaced.",
    "schema": TEXT,
}
DELIVERY: Json = {
    "name": "Persona-Delivery",
    "in": "header",
    "required": True,
    "description": "The delivery's id, the same for all of its attempts.",
    "schema": TEXT,
}


def section() -> Json:
    """Describe each event as a request that the gateway sends."""
    return {kind: {"post": _described(kind)} for kind in TYPES}


def schema(kind: str) -> Json:
    """Make the schema of an event."""
    _, always, perhaps = TOLD[kind]
    fields = {name: {**form, "description": text} for name, (form, text) in {**always, **perhaps}.items()}
    properties: Json = {
        "id": {**TEXT, "description": "The event's id, by which a repetition is known."},
        "type": {"const": kind, "description": "The kind of event."},
        "created_at": {**TEXT, "format": "date-time", "description": "When it happened."},
        "workspace": {**TEXT, "description": "The workspace's id."},
        "data": {
            "type": "object",
            "description": "Ids and numbers.",
            "properties": fields,
            "required": [*always],
        },
    }
    return {"type": "object", "properties": properties, "required": [*properties]}


def _described(kind: str) -> Json:
    summary = TOLD[kind][0]
    content = {"application/json": {"schema": schema(kind), "example": hooks.event(kind)}}
    return {
        "operationId": f"told_{kind.replace('.', '_')}",
        "summary": summary,
        "tags": ["Webhooks"],
        "security": [],
        "parameters": [SIGNATURE, DELIVERY],
        "requestBody": {"required": True, "content": content},
        "responses": {
            "2XX": {"description": "It is taken; after any other answer, or none in time, it is sent again."},
            "410": {"description": "The receiver wants no more; the webhook is switched off."},
        },
    }
