"""These values show the OpenAI surface by examples."""

from gateway.drift.axes import AXES
from gateway.openapi.values.names import DIGEST, LINE, PERSONA_ID, PROMPT, TURN_ID, WORKSPACE_ID, Json

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
MODERATIONS: Json = {
    "id": "modr_0QvXb3k2a81FZq05mmPw",
    "model": "lexical-1",
    "results": [
        {
            "flagged": True,
            "categories": {"self-harm/intent": False, "persona/never_say": True},
            "category_scores": {"self-harm/intent": 0.0, "persona/never_say": 0.95},
        }
    ],
    "persona": {"id": PERSONA_ID, "slug": "the-night-librarian", "version": 2},
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
        PLAIN_MODEL,
    ],
}
