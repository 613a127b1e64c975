"""A chunk of a chat is read as far as a response tells it."""

from typing import Any

import msgspec

from gateway.openai_api import chunk as chunks
from gateway.scoring.transcript import text_of

Raw = msgspec.Raw


class Delta(msgspec.Struct):
    content: Raw = chunks.NULL
    refusal: Raw = chunks.NULL
    reasoning_content: Raw = chunks.NULL
    reasoning: Raw = chunks.NULL
    """OpenRouter's name."""
    tool_calls: Raw = chunks.NULL
    function_call: Raw = chunks.NULL


class Choice(msgspec.Struct):
    index: int = 0
    delta: Delta | None = None
    finish_reason: str | None = None
    logprobs: Raw = chunks.NULL


class Chunk(msgspec.Struct):
    choices: list[Choice | None] = []


class _Logprobs(msgspec.Struct):
    content: list[Raw] | None = None


class Function(msgspec.Struct):
    name: Any = None
    arguments: Any = None


class Call(msgspec.Struct):
    index: int | None = None
    id: Any = None
    function: Function | None = None


chunk_decoder = msgspec.json.Decoder(Chunk)
_calls = msgspec.json.Decoder(list[Call])
call_decoder = msgspec.json.Decoder(Function)
_logprobs = msgspec.json.Decoder(_Logprobs)


def inside(raw: Raw) -> bytes:
    """Return the inside of a JSON string; a list of parts becomes the text that it makes, null none."""
    written = bytes(raw)
    if written[:1] == b'"':
        return written[1:-1]
    if written == b"null":
        return b""
    return msgspec.json.encode(text_of(chunks.value_of(raw)))[1:-1]


def scores_of(raw: Raw) -> list[bytes]:
    if raw == chunks.NULL:
        return []
    try:
        return [bytes(each) for each in _logprobs.decode(raw).content or ()]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def read_calls(raw: Raw) -> list[Call]:
    try:
        return _calls.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = chunks.value_of(raw)
        found = value if isinstance(value, list) else []
        return [msgspec.convert(each, Call, strict=False) for each in found if isinstance(each, dict)]


def leniently(data: bytes) -> list[Choice | None]:
    """Read what msgspec refuses and clients take, such as lone surrogates."""
    try:
        return chunk_decoder.decode(msgspec.json.encode(chunks.value_of(data))).choices
    except (ValueError, RecursionError):
        return []
