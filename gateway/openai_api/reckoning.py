"""What a request and its answer say is reckoned in tokens, where the upstream does not count them."""

from collections.abc import Iterable
from typing import Any

import msgspec

from gateway.openai_api.answer import Answer
from gateway.openai_api.request import TEXTS, ChatRequest
from gateway.openai_api.transcript import Transcript
from gateway.personas.resolved import Resolved
from gateway.scoring.transcript import text_of
from gateway.turns.estimate import READ, estimate, of_bytes
from gateway.turns.usage import Usage
from gateway.upstreams.pieces import Pieces

A_MESSAGE = 4
"""Tokens that a message takes beside its text."""
A_PICTURE = 800
"""Tokens of an image, a recording or a file, roughly."""
CLOSELY = 128 * 1024
"""Bytes of messages that are read one by one; of longer ones their beginning stands for all."""
PARTS = frozenset({"text", "refusal"})


class _Message(msgspec.Struct):
    content: Any = None
    tool_calls: msgspec.Raw = msgspec.Raw(b"")


_message = msgspec.json.Decoder(_Message)


def usage(request: ChatRequest, persona: Resolved | None, said: Transcript | Answer | None) -> Usage:
    """Estimate the tokens of a turn; `said` is `None` where nothing of an answer came."""
    sent = _sent(request)
    if persona is not None and persona.overlay != "replace":
        sent += of_bytes(persona.prompt.json)
    answered = 0
    if isinstance(said, Transcript):
        answered = _streamed(said)
    elif said is not None:
        answered = _whole(said)
    return Usage(sent, answered, sent + answered)


def embedded(body: bytes | Pieces) -> Usage:
    """Estimate the tokens of a request for embeddings."""
    sent = of_bytes(body.start(READ), _scale(len(body))) if isinstance(body, Pieces) else of_bytes(body)
    return Usage(sent, None, sent)


def _sent(request: ChatRequest) -> int:
    messages, tools = request.messages, request.fields.get("tools")
    tokens = 0 if tools is None else of_bytes(bytes(memoryview(tools)[:READ]), _scale(len(memoryview(tools))))
    tokens += A_MESSAGE * len(messages)
    array = memoryview(messages.array)
    if len(array) <= CLOSELY:
        return tokens + sum(map(of_message, messages.each))
    if messages.kinds - TEXTS:
        # Most of it is pictures, and nobody knows how many without reading it all.
        return tokens + A_PICTURE * len(messages.kinds - TEXTS)
    return tokens + of_bytes(bytes(array[:READ]), _scale(len(array)))


def _scale(size: int) -> float:
    return max(1.0, size / READ)


def of_message(raw: msgspec.Raw | bytes) -> int:
    """Estimate the tokens of one message."""
    try:
        message = _message.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return of_bytes(bytes(raw))
    pictures = sum(map(_is_picture, message.content)) if isinstance(message.content, list) else 0
    return estimate(text_of(message.content)) + of_bytes(bytes(message.tool_calls)) + pictures * A_PICTURE


def _is_picture(part: object) -> bool:
    return isinstance(part, dict) and part.get("type") not in PARTS


def _streamed(said: Transcript) -> int:
    """Reckon a stream; where nothing is said to the reader, as in calls of tools, each chunk is a token."""
    texts = _first(piece for pieces in said.pieces.values() for piece in pieces)
    if not texts:
        return said.heard
    return round(estimate(texts) * max(1.0, said.characters / len(texts)))


def _first(pieces: Iterable[str]) -> str:
    """Join pieces to as much of a text as is looked at."""
    found, size = [], 0
    for piece in pieces:
        found.append(piece)
        size += len(piece)
        if size >= READ:
            break
    return "".join(found)


def _whole(said: Answer) -> int:
    """Reckon a whole answer; what it says in other ways than in text is reckoned by its JSON."""
    if said.is_large:
        return of_bytes(said.body[:READ], _scale(len(said.body)))
    tokens = sum(estimate(each.text) for each in said.said())
    return tokens or of_bytes(said.spoken)
