"""Runs, as examples."""

from gateway.openapi.values.names import FINGERPRINT, LATER, PERSONA_ID, WHEN, Json

RUN_ID = "run_0QvXb3k2a81FZq05mmPw"
INTENT = "A 61-year-old night librarian who looks after the sleepless of a small harbour town."
FROM_INTENT: Json = {"intent": INTENT, "language": "en", "visibility": "workspace", "budget_usd": 1.0}
RUN: Json = {
    "id": RUN_ID,
    "status": "completed",
    "task": "create",
    "replay_of": None,
    "from_step": None,
    "intent": INTENT,
    "language": "en",
    "visibility": "workspace",
    "seed": 17,
    "budget_usd": 1.0,
    "pipeline": "default",
    "fingerprint": FINGERPRINT,
    "persona": PERSONA_ID,
    "result": {"version": 1, "examples_left_out": 0, "demonstration": False, "patch": None},
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
SUMMARY: Json = {
    "id": RUN_ID,
    "cost_usd": 0.0184,
    "tokens": 4210,
    "latency_ms": 24310.0,
    "demonstration": False,
    "patch": None,
}
REPLACED: list[Json] = [{"op": "replace", "path": "/mask/voice/register", "value": "curt"}]
REFINED: Json = {**SUMMARY, "patch": REPLACED}
REPLAY: Json = {
    **RUN,
    "status": "queued",
    "replay_of": RUN_ID,
    "from_step": "examples",
    "persona": None,
    "result": None,
    "tokens": 0,
    "cost_usd": None,
    "ended_at": None,
}
INSTRUCTION: Json = {"instruction": "Let her be curt with strangers.", "budget_usd": 0.5}
PIPELINE: Json = {
    "name": "default",
    "active": True,
    "source": "packaged",
    "fingerprint": FINGERPRINT,
    "steps": ["intent_parse", "moderation", "soul_draft", "audit", "prompt", "examples"],
    "refines": True,
    "rounds": 1,
}
NEW_FIELD: Json = {
    "name": "favourite_tea",
    "layer": "surface",
    "description": "What the character drinks at night.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 60},
}
FIELD: Json = {**NEW_FIELD, "created_at": WHEN}
