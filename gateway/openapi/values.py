"""Routes take and answer values like these."""

import json
from typing import Any

from gateway.drift.axes import AXES

Json = dict[str, Any]

WHEN = "2026-11-22T06:00:00.000Z"
LATER = "2026-11-22T06:05:00.000Z"
PERSONA_ID = "psn_0QwErTy1aBcDeFgHiJkL"
VERSION_ID = "ver_0QwErTy1mNoPqRsTuVwX"
KEY_ID = "key_0QwErTy1zYxWvUtSrQpO"
WORKSPACE_ID = "ws_0QwErTy1kJiHgFeDcBaZ"
TURN_ID = "msg_0QwErTy2aBcDeFgHiJkL"
CONVERSATION_ID = "conv_0QwErTy3aBcDeFgHiJkL"
MESSAGE_ID = "msg_0QwErTy2aBcDeFgHiJkK"
FINGERPRINT = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
DIGEST = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
PROMPT = "You are Edith Marlowe, night librarian of a small harbour town. You never break character."
LINE = "Sit down, dear, the kettle has just stopped complaining."
SOUL = {"core_value": "nobody should be awake alone"}

CONTENT: Json = {
    "language": "en",
    "prompt": PROMPT,
    "layers": {"soul": SOUL},
    "examples": [LINE],
    "overlay": "append",
    "allow": [],
    "refusal": "",
    "rules": [{"must_not": "promise a refund", "name": "no refunds"}],
    "upstreams": [],
    "defaults": {"temperature": 0.7},
    "headers": {},
}
PERSONA: Json = {
    "id": PERSONA_ID,
    "slug": "the-night-librarian",
    "name": "Edith Marlowe",
    "status": "active",
    "visibility": "workspace",
    "tags": ["demo", "fiction"],
    "schema_version": "1.0",
    "version": 3,
    "labels": {"production": 2},
    "fingerprint": FINGERPRINT,
    **CONTENT,
    "soul": SOUL,
    "self": None,
    "mask": None,
    "surface": None,
    "forked_from": None,
    "created_at": WHEN,
    "updated_at": LATER,
}
VERSION: Json = {
    "id": VERSION_ID,
    "persona": PERSONA_ID,
    "version": 2,
    "labels": ["production"],
    "fingerprint": FINGERPRINT,
    **CONTENT,
    "created_at": WHEN,
}
NEW_PERSONA: Json = {
    "name": "Edith Marlowe",
    "slug": "the-night-librarian",
    "language": "en",
    "visibility": "workspace",
    "tags": ["demo", "fiction"],
    "prompt": PROMPT,
    "examples": [LINE],
    "defaults": {"temperature": 0.7},
}
NEW_FROM_LAYERS: Json = {
    "name": "Mert Kavaklı",
    "language": "tr",
    "soul": {"core_value": "a book finds its reader"},
    "surface": {"occupation": "bookseller", "city": "Istanbul"},
}
RULES: Json = {
    "persona": PERSONA_ID,
    "version": 2,
    "reader": 1,
    "data": [
        {
            "id": "prose:1a2b3c4d",
            "origin": "prompt",
            "state": "active",
            "rule": {"must_not": "break character"},
            "source": "You never break character.",
        }
    ],
    "facts": [
        {
            "kind": "time",
            "value": 1200,
            "about": "The library opens",
            "basis": "prompt",
            "source": "The library opens at eight in the evening.",
        }
    ],
}
DIFF: Json = {
    "a": 2,
    "b": 3,
    "patch": [{"op": "replace", "path": "/prompt", "value": PROMPT}],
    "text": "--- v2\n+++ v3\n@@ -3 +3 @@\n-prompt: You are Edith.\n+prompt: You are Edith Marlowe, …\n",
}
LABEL_MOVE: Json = {"label": "production", "version": 2, "previous": 1, "by": KEY_ID, "at": LATER}
MESSAGES: list[Json] = [{"role": "user", "content": "Good evening. What should I read tonight?"}]
CHAT: Json = {"model": "persona/the-night-librarian", "messages": MESSAGES}
RENDERED: Json = {
    "model": "persona/the-night-librarian@v2",
    "upstream": "main/gpt-5.4-mini",
    "request": {
        "model": "gpt-5.4-mini",
        "messages": [{"role": "system", "content": PROMPT}, *MESSAGES],
        "temperature": 0.7,
    },
    "sha256": DIGEST,
    "prompt_sha256": DIGEST,
}
DRIFT: Json = {**{axis.name: axis.example for axis in AXES}, "verdict": "in-character"}
ON_ANSWER: Json = {
    "id": PERSONA_ID,
    "slug": "the-night-librarian",
    "version": 2,
    "turn": TURN_ID,
    "conversation": None,
    "drift": DRIFT,
    "coherence": 4.6,
}
TOKENS: Json = {"prompt_tokens": 41, "completion_tokens": 12, "total_tokens": 53}
UNKNOWN: Json = {"cached_tokens": None, "cache_write_tokens": None, "reasoning_tokens": None}
KINDS: Json = {"cached_tokens": 32, "cache_write_tokens": 0, "reasoning_tokens": 0}
ANSWER: Json = {
    "id": "chatcmpl-9aB",
    "object": "chat.completion",
    "created": 1795327200,
    "model": "persona/the-night-librarian@v2",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": LINE}, "finish_reason": "stop"},
    ],
    "usage": TOKENS,
    "persona": ON_ANSWER,
}
CHUNK: Json = {
    "id": "chatcmpl-9aB",
    "object": "chat.completion.chunk",
    "created": 1795327200,
    "model": "persona/the-night-librarian@v2",
}
CHUNKS: list[Json] = [
    {
        **CHUNK,
        "choices": [
            {"index": 0, "delta": {"role": "assistant", "content": "Sit down, "}, "finish_reason": None}
        ],
    },
    {**CHUNK, "choices": [{"index": 0, "delta": {"content": "dear."}, "finish_reason": None}]},
    {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "persona": ON_ANSWER},
]
EMBEDDINGS: Json = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.0023, -0.0093, 0.0151]}],
    "model": "text-embedding-3-small",
    "usage": {"prompt_tokens": 4, "total_tokens": 4},
}
MODEL: Json = {
    "id": "persona/the-night-librarian",
    "name": "Edith Marlowe",
    "object": "model",
    "created": 1795327200,
    "owned_by": WORKSPACE_ID,
    "persona": {
        "id": PERSONA_ID,
        "slug": "the-night-librarian",
        "version": 2,
        "name": "Edith Marlowe",
        "language": "en",
    },
}
PLAIN_MODEL: Json = {
    "id": "gpt-5.4-mini",
    "name": "gpt-5.4-mini",
    "object": "model",
    "created": 0,
    "owned_by": "main",
}
MODELS: Json = {
    "object": "list",
    "data": [
        MODEL,
        {"id": "gpt-5.4-mini", "name": "gpt-5.4-mini", "object": "model", "created": 0, "owned_by": "main"},
    ],
}
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
            **TOKENS,
            **KINDS,
            "cost_usd": 0.00001095,
            "unpriced": 0,
            "estimated": 0,
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
WORKSPACE: Json = {"id": WORKSPACE_ID, "name": "acme", "mode": "live", "created_at": WHEN}
KEY: Json = {
    "id": KEY_ID,
    "name": "website",
    "prefix": "pk_live_4fGh2kLm0Q",
    "workspace": WORKSPACE_ID,
    "scopes": ["personas:read", "chat:invoke"],
    "operator": False,
    "created_at": WHEN,
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": LATER,
}
MADE_KEY: Json = {**KEY, "last_used_at": None, "key": "pk_live_4fGh2kLm0Q" + "x" * 30}
AUDIT: Json = {
    "id": "aud_0QwErTy1aBcDeFgHiJkL",
    "action": "label.moved",
    "subject": PERSONA_ID,
    "key": KEY_ID,
    "details": {"label": "production", "version": 2, "previous": 1},
    "at": LATER,
}
READINESS: Json = {
    "status": "ready",
    "store": "ok",
    "upstreams": {"main": "ok"},
    "upstream_calls": {
        "main": {"last_failure": "status_503", "seconds_ago": 12.4, "calls": 96, "failing": 0.0104}
    },
    "draining": False,
    "turns_dropped": 0,
    "log_lines_dropped": 0,
    "verdict_changes": {"drifting": 2},
    "late_scores": {"scored": 40, "dropped": 0, "waiting": 3},
    "judge": {"judged": 12, "discarded": 1, "failed": 0, "dropped": 0, "over_budget": 0},
}

MESSAGE: Json = {
    "id": TURN_ID,
    "parent": MESSAGE_ID,
    "role": "assistant",
    "content": LINE,
    "turn": 1,
    "version": 2,
    "drift": {"voice": 0.0122, "values": None, "rules": None, "verdict": "in-character"},
    "coherence": 4.6,
    "created_at": WHEN,
}
CONVERSATION: Json = {
    "id": CONVERSATION_ID,
    "persona": PERSONA_ID,
    "version": 2,
    "follow": None,
    "title": "A visitor who cannot sleep",
    "metadata": {"channel": "web"},
    "key": KEY_ID,
    "leaf": TURN_ID,
    "messages": 2,
    "turns": 1,
    "created_at": WHEN,
    "updated_at": LATER,
}
PATH_DRIFT: Json = {
    "data": [
        {
            "turn": TURN_ID,
            "voice": 0.0122,
            "values": None,
            "rules": None,
            "coherence": 4.6,
            "verdict": "in-character",
            "cusum": 0.0,
        }
    ],
    "level": 0.1,
    "trend": None,
    "threshold": 0.5,
    "onset": None,
}
EXPORTED: list[Json] = [
    {"id": MESSAGE_ID, "parent": None, "role": "user", "content": "Is anybody there?", "version": 2},
    {"id": TURN_ID, "parent": MESSAGE_ID, "role": "assistant", "content": LINE, "version": 2},
]
LINES = "".join(json.dumps(line) + "\n" for line in EXPORTED)
REPLY: Json = {
    "message_id": TURN_ID,
    "conversation": CONVERSATION_ID,
    "parent": MESSAGE_ID,
    "role": "assistant",
    "content": LINE,
    "finish_reason": "stop",
    "persona": {"id": PERSONA_ID, "slug": "the-night-librarian", "version": 2},
    "drift": {"voice": 0.0122, "values": None, "rules": None, "verdict": "in-character"},
    "coherence": 4.6,
    "tools_used": [],
    "truncated": {"turns": 12},
    "tokens": {"in": 1240, "out": 14},
    "usage_source": "upstream",
    "cost_usd": 0.000194,
}
DELTA: Json = {"message_id": TURN_ID, "delta": LINE}
