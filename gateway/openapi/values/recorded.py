"""Turns and what they add up to, as examples."""

from gateway.openapi.values.completions import KINDS, ON_ANSWER, TOKENS, UNKNOWN
from gateway.openapi.values.names import KEY_ID, LATER, PERSONA_ID, TURN_ID, WHEN, Json

TURN: Json = {
    "id": TURN_ID,
    "request_id": "req_0QwErTy2mNoPqRsTuVwX",
    "key": KEY_ID,
    "conversation": None,
    "persona": PERSONA_ID,
    "version": 2,
    "model": "persona/the-night-librarian",
    "upstream": "main/gpt-5.4-mini",
    "stream": True,
    "status": "completed",
    "error": None,
    "attempts": 1,
    "finish_reason": "stop",
    "usage": {**TOKENS, **KINDS},
    "usage_source": "upstream",
    "cost_usd": 0.00001095,
    "unpriced": False,
    "latency_ms": 812.4,
    "first_byte_ms": 301.07,
    "drift": ON_ANSWER["drift"],
    "coherence": 4.6,
    "judged": False,
    "late": False,
    "flagged": [],
    "created_at": WHEN,
}
SCORED: Json = {**TURN, "late": True}
JUDGED: Json = {
    **TURN,
    "drift": {"voice": 0.1, "values": 0.8, "rules": None, "verdict": "out-of-character"},
    "coherence": 4.5,
    "judged": True,
}
TURN_DETAIL: Json = {
    **JUDGED,
    "explain": {
        "values_basis": "fields",
        "signals": [
            {
                "name": "value-clash",
                "axis": "values",
                "p": 0.31,
                "start": 10,
                "end": 20,
                "basis": "layers.soul.core_value",
            }
        ],
        "choices": [],
        "touched": [],
    },
    "judge": {
        "voice": 0.1,
        "values": 0.8,
        "rules": None,
        "coherence": 4.5,
        "contradicted_field": "layers.soul.core_value",
        "broken_rule": None,
        "severity": None,
        "start": 10,
        "end": 20,
        "choice": 0,
        "model": "main/gpt-5.4-mini",
        "usage": {"prompt_tokens": 912, "completion_tokens": 41, "total_tokens": 953, **UNKNOWN},
        "cost_usd": None,
        "at": LATER,
        "scored": TURN["drift"],
    },
}
USAGE: Json = {
    "data": [
        {
            "by": "day",
            "value": "2026-11-22",
            "requests": 2,
            "failed": 0,
            "cancelled": 0,
            **TOKENS,
            **KINDS,
            "cost_usd": 0.00001095,
            "unpriced": 0,
            "estimated": 0,
            "cache_hit_rate": 0.78,
        }
    ],
    "has_more": False,
    "next": None,
}
SPREAD: Json = {"mean": 0.0514, "p10": 0.0101, "p50": 0.0389, "p90": 0.1207, "p99": 0.4431}
FIGURES: Json = {
    "turns": 412,
    "verdicts": {
        "unscored": 0.0024,
        "in-character": 0.9612,
        "warming-up": 0.0,
        "drifting": 0.0291,
        "out-of-character": 0.0073,
    },
    "levels": {
        "voice": SPREAD,
        "values": {**SPREAD, "mean": 0.0322},
        "rules": None,
        "coherence": {"mean": 4.61, "p10": 4.12, "p50": 4.66, "p90": 4.94, "p99": 4.99},
    },
}
DRIFT_HISTORY: Json = {
    "data": [
        {
            **FIGURES,
            "version": 2,
            "upstream": "main/gpt-5.4-mini",
            "buckets": [{**FIGURES, "at": "2026-11-22T00:00:00.000Z"}],
        }
    ],
    "has_more": False,
    "next": None,
}
QUANTILES: Json = {"p50": 812.4, "p90": 1904.11, "p99": 4210.5}
FIRST_BYTES: Json = {"p50": 301.07, "p90": 655.2, "p99": 1204.0}
LATENCY: Json = {
    "turns": 2000,
    "latency_ms": QUANTILES,
    "first_byte_ms": FIRST_BYTES,
    "data": [
        {
            "upstream": "main/gpt-5.4-mini",
            "turns": 2000,
            "latency_ms": QUANTILES,
            "first_byte_ms": FIRST_BYTES,
        }
    ],
    "has_more": False,
    "next": None,
}
SURVEY: Json = {
    "turns": 412,
    "verdicts": FIGURES["verdicts"],
    "buckets": [{"at": "2026-11-22T09:00:00.000Z", "turns": 412, "verdicts": FIGURES["verdicts"]}],
    "data": [
        {
            **FIGURES,
            "persona": PERSONA_ID,
            "slug": "the-night-librarian",
            "name": "Edith, the night librarian",
            "buckets": [{**FIGURES, "at": "2026-11-22T09:00:00.000Z"}],
        }
    ],
    "has_more": False,
    "next": None,
}
COUNTED: Json = {"unscored": 0, "in-character": 96, "warming-up": 0, "drifting": 3, "out-of-character": 1}
AROUND: Json = {
    "at": "2026-11-22T09:00:00.000Z",
    "before": {
        "since": "2026-11-21T09:00:00.000Z",
        "until": "2026-11-22T09:00:00.000Z",
        "turns": 100,
        "verdicts": COUNTED,
        "in_character": {"share": 0.96, "low": 0.9016, "high": 0.9843},
    },
    "after": {
        "since": "2026-11-22T09:00:00.000Z",
        "until": "2026-11-23T09:00:00.000Z",
        "turns": 40,
        "verdicts": {
            "unscored": 0,
            "in-character": 22,
            "warming-up": 0,
            "drifting": 6,
            "out-of-character": 12,
        },
        "in_character": {"share": 0.55, "low": 0.3983, "high": 0.6929},
    },
    "differs": True,
}
