"""Runs, as examples."""

from gateway.openapi.values.names import FINGERPRINT, LATER, PERSONA_ID, WHEN, Json

RUN_ID = "run_0QvXb3k2a81FZq05mmPw"
INTENT = "A 61-year-old night librarian who looks after the sleepless of a small harbour town."
FROM_INTENT: Json = {"intent": INTENT, "language": "en", "visibility": "workspace", "budget_usd": 1.0}
RUN: Json = {
    "id": RUN_ID,
    "status": "completed",
    "intent": INTENT,
    "language": "en",
    "visibility": "workspace",
    "seed": 17,
    "budget_usd": 1.0,
    "pipeline": "default",
    "fingerprint": FINGERPRINT,
    "persona": PERSONA_ID,
    "tokens": 4210,
    "cost_usd": 0.0184,
    "error": None,
    "created_at": WHEN,
    "ended_at": LATER,
}
DETAIL: Json = {
    **RUN,
    "steps": [{"step": "soul_draft", "tokens": 604, "cost_usd": 0.0026, "latency_ms": 2210.4}],
}
SUMMARY: Json = {"id": RUN_ID, "cost_usd": 0.0184, "tokens": 4210, "latency_ms": 24310.0}
