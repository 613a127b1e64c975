"""Webhooks, deliveries and events, as examples."""

from typing import Any

from gateway.openapi.values.generated import RUN_ID
from gateway.openapi.values.names import (
    CONVERSATION_ID,
    KEY_ID,
    LATER,
    PERSONA_ID,
    TURN_ID,
    WHEN,
    WORKSPACE_ID,
    Json,
)

WEBHOOK_ID = "whk_0QwErTy4aBcDeFgHiJkL"
DELIVERY_ID = "whd_0QwErTy5aBcDeFgHiJkL"
EVENT_ID = "evt_0QwErTy6aBcDeFgHiJkL"
URL = "https://hooks.example.com/persona"
WEBHOOK: Json = {
    "id": WEBHOOK_ID,
    "url": URL,
    "events": ["run.completed", "conversation.drift_detected"],
    "description": "The editors' channel",
    "enabled": True,
    "off_reason": None,
    "standard_headers": False,
    "key": KEY_ID,
    "old_secret_until": None,
    "created_at": WHEN,
    "updated_at": WHEN,
}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwT1IkBrZ9v8M="  # noqa: S105 - it is nobody's
MADE: Json = {**WEBHOOK, "secret": SECRET}
ROTATED: Json = {**MADE, "old_secret_until": "2026-11-23T06:00:00.000Z"}
DATA: dict[str, Json] = {
    "persona.created": {"persona_id": PERSONA_ID, "version": 1},
    "persona.updated": {
        "persona_id": PERSONA_ID,
        "version": 3,
        "change": "label",
        "label": "production",
        "previous": 2,
    },
    "persona.forked": {
        "persona_id": "psn_0QwErTy7aBcDeFgHiJkL",
        "version": 1,
        "from": PERSONA_ID,
        "from_version": 2,
    },
    "persona.archived": {"persona_id": PERSONA_ID},
    "run.completed": {
        "run_id": RUN_ID,
        "tokens": 4210,
        "total_cost_usd": 0.0184,
        "persona_id": PERSONA_ID,
    },
    "run.failed": {"run_id": RUN_ID, "tokens": 604, "total_cost_usd": 0.0026},
    "conversation.drift_detected": {
        "conversation_id": CONVERSATION_ID,
        "persona_id": PERSONA_ID,
        "version": 2,
        "turn_id": TURN_ID,
        "verdict": "out-of-character",
        "cusum": 0.62,
    },
    "moderation.flagged": {
        "turn": TURN_ID,
        "persona": PERSONA_ID,
        "version": 2,
        "categories": "input:harassment/threatening",
    },
    "audit.test_failed": {"run_id": RUN_ID},
    "persona.drift_alert": {
        "persona_id": PERSONA_ID,
        "version": 2,
        "share": 0.31,
        "turns": 42,
        "threshold": 0.2,
        "window_hours": 24,
    },
    "budget.threshold": {
        "subject": WORKSPACE_ID,
        "unit": "usd",
        "period": "month",
        "percent": 80,
        "limit": 50.0,
        "spent": 40.12,
        "since": "2026-11-01T00:00:00.000Z",
        "resets_at": "2026-12-01T00:00:00.000Z",
    },
    "model.retiring": {
        "upstream": "main",
        "model": "gpt-5.4-mini",
        "shutdown_date": "2026-12-28",
        "days": 30,
    },
    "webhook.test": {"webhook_id": WEBHOOK_ID},
}
"""Each event says this."""


def event(kind: str) -> dict[str, Any]:
    """Write the example of an event."""
    data = DATA[kind]
    return {"id": EVENT_ID, "type": kind, "created_at": WHEN, "workspace": WORKSPACE_ID, "data": data}


DELIVERY: Json = {
    "id": DELIVERY_ID,
    "webhook": WEBHOOK_ID,
    "event": EVENT_ID,
    "type": "run.completed",
    "status": "delivered",
    "attempts": 2,
    "response_status": 204,
    "error": None,
    "latency_ms": 41.3,
    "attempted_at": LATER,
    "next_attempt_at": None,
    "created_at": WHEN,
    "ended_at": LATER,
    "body": event("run.completed"),
}
WAITING: Json = {
    **DELIVERY,
    "status": "waiting",
    "attempts": 0,
    "response_status": None,
    "latency_ms": None,
    "attempted_at": None,
    "next_attempt_at": WHEN,
    "ended_at": None,
}
TESTED: Json = {**WAITING, "type": "webhook.test", "body": event("webhook.test")}
ALERT: Json = {
    "event": EVENT_ID,
    "persona": PERSONA_ID,
    "version": 2,
    "share": 0.31,
    "turns": 42,
    "threshold": 0.2,
    "window_hours": 24,
    "created_at": WHEN,
    "recovered_at": None,
}
