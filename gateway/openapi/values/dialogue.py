"""Conversations and their messages, as examples."""

import json

from gateway.openapi.values.names import (
    CONVERSATION_ID,
    KEY_ID,
    LATER,
    LINE,
    MESSAGE_ID,
    PERSONA_ID,
    TURN_ID,
    WHEN,
    Json,
)

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
TOOL_USE: Json = {"name": "web.search", "duration_ms": 412.7, "outcome": "ok"}
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
    "tools_used": [TOOL_USE],
    "truncated": {"turns": 12},
    "tokens": {"in": 1240, "out": 14},
    "usage_source": "upstream",
    "cost_usd": 0.000194,
}
LINE_SAID: Json = {
    "line": 1,
    "message_id": TURN_ID,
    "persona": {"id": PERSONA_ID, "slug": "the-night-librarian", "version": 2},
    "content": LINE,
    "drift": {"voice": 0.0122, "values": None, "rules": None, "verdict": "in-character"},
    "coherence": 4.6,
    "tokens": {"in": 212, "out": 14},
    "usage_source": "upstream",
    "cost_usd": 0.000194,
}
SCENE: Json = {"lines": [LINE_SAID], "ended": "turns", "cost_usd": 0.000194, "error": None}
DELTA: Json = {"message_id": TURN_ID, "delta": LINE}
