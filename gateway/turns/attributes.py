"""A turn is described for tracing, without anything that was said in it."""

from collections.abc import Sequence

from gateway.telemetry import conventions as names
from gateway.turns.meter import UNSCORED, Ended

OPERATIONS = {"embeddings": "embeddings", "images": "generate_content"}
"""The conventions call the operations of surfaces so; all others are a `chat`."""

Attributes = dict[str, str | int | float | bool | Sequence[str]]


def attributes(ended: Ended) -> Attributes:
    """Say what a turn was, by the names of the conventions."""
    turn, usage = ended.turn, ended.turn.usage
    provider, _, model = (turn.upstream or "").partition("/")
    persona, _, version = ended.label.rpartition("@")
    found: dict[str, str | int | float | bool | Sequence[str] | None] = {
        names.OPERATION: OPERATIONS.get(ended.surface, "chat"),
        names.PROVIDER: provider or "none",
        names.REQUEST_MODEL: model or None,
        names.REQUEST_STREAM: turn.stream or None,
        names.RESPONSE_ID: turn.id,
        names.FINISH_REASONS: [turn.finish_reason] if turn.finish_reason else None,
        names.CONVERSATION: turn.conversation_id,
        names.PROMPT_NAME: persona or None,
        names.PROMPT_VERSION: version or None,
        names.INPUT_TOKENS: usage.prompt_tokens,
        names.OUTPUT_TOKENS: usage.completion_tokens,
        names.CACHE_READ: usage.cached_tokens,
        names.CACHE_WRITE: usage.cache_write_tokens,
        names.REASONING_TOKENS: usage.reasoning_tokens,
        names.ERROR_TYPE: turn.error,
        "persona.verdict": turn.drift.verdict if persona and ended.surface not in UNSCORED else None,
        "persona.attempts": turn.attempts,
        "persona.cost_usd": turn.cost_usd,
    }
    if turn.stream and turn.first_byte_ms is not None:
        found[names.FIRST_CHUNK] = turn.first_byte_ms / 1000
    return {name: value for name, value in found.items() if value is not None}
