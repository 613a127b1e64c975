"""Little is read of a chunk of a streamed answer, and some keys are set in its bytes."""

import json
import re
from typing import Any

import msgspec

from gateway.turns import usage
from gateway.turns.usage import Usage
from gateway.upstreams.reason import decoded, is_error, reported

BETWEEN = re.compile(r"[ \t\r\n]*[:,]?[ \t\r\n]*")
NULL = msgspec.Raw(b"null")


class Delta(msgspec.Struct):
    content: Any = None
    tool_calls: Any = None
    function_call: Any = None
    refusal: Any = None


class Choice(msgspec.Struct):
    index: int = 0
    delta: Delta | None = None
    finish_reason: str | None = None
    error: msgspec.Raw = NULL


class Chunk(msgspec.Struct):
    """Holds what is read of a chunk; `UNSET` tells an absent key from a null one."""

    id: Any = None
    model: Any = msgspec.UNSET
    choices: list[Choice | None] | msgspec.UnsetType | None = msgspec.UNSET
    usage: msgspec.Raw = NULL
    error: msgspec.Raw = NULL


class BrokenChunkError(Exception):
    """The data is no JSON object."""


_chunk = msgspec.json.Decoder(Chunk)
_scanner = json.JSONDecoder()
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_objects = msgspec.json.Decoder(list[dict[str, msgspec.Raw] | None])


def read(data: bytes) -> Chunk:
    """Raises BrokenChunkError."""
    try:
        return _chunk.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_leniently(data)


def usage_of(raw: msgspec.Raw | bytes | None) -> Usage | None:
    """Read the token counts in a `usage` object; `None` where it is absent, null or something else."""
    return None if raw is None or raw is NULL else usage.read(raw)


def usage_in(data: bytes) -> Usage | None:
    """Read the token counts in a chunk; `None` where it has none or is none."""
    try:
        return usage_of(read(data).usage)
    except BrokenChunkError:
        return None


def value_of(raw: msgspec.Raw | bytes) -> object:
    """Decode the JSON value, with lone surrogates and bytes that are not UTF-8 replaced."""
    try:
        value: object = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = json.loads(bytes(raw).decode("utf-8", "replace"))
        value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    return value


def with_keys(data: bytes, values: dict[str, bytes]) -> bytes:
    """Set these keys to these JSON values; every other value stays byte for byte as it was."""
    try:
        fields: dict[str, Any] = dict(_object.decode(data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _with_keys_textually(data, values)
    return encoded(fields, values)


def encoded(fields: dict[str, Any], values: dict[str, bytes]) -> bytes:
    """Encode an object with these keys set to these JSON values."""
    return msgspec.json.encode(fields | {name: msgspec.Raw(value) for name, value in values.items()})


def without_errors(data: bytes) -> bytes:
    """Leave out the errors that a chunk reports, its own and those of its choices.

    Raises BrokenChunkError for what no client can read either.
    """
    try:
        fields: dict[str, Any] = dict(_object.decode(data))
        choices: Any = _objects.decode(fields["choices"]) if "choices" in fields else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            fields = json.loads(data.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            raise BrokenChunkError from None
        choices = fields.get("choices")
    fields.pop("error", None)
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict):
            choice.pop("error", None)
    if choices is not None:
        fields["choices"] = choices
    try:
        return msgspec.json.encode(fields)
    except UnicodeEncodeError:
        # It has lone surrogates, which only escapes can write.
        return json.dumps(fields, separators=(",", ":")).encode()


def says_more(data: bytes) -> bool:
    """Tell whether a choice says anything in this chunk, even in a way that is not known here."""
    value = value_of(data)
    choices = value.get("choices") if isinstance(value, dict) else None
    for choice in choices if isinstance(choices, list) else ():
        delta = choice.get("delta") if isinstance(choice, dict) else None
        if isinstance(delta, dict) and any(said for name, said in delta.items() if name != "role"):
            return True
    return False


def may_fail(chunk: Chunk, name: bytes) -> bool:
    """Tell whether an event of this name must be looked at by `error_of`."""
    if chunk.error is not NULL or name or not chunk.choices:
        return True
    return any(choice is not None and choice.error is not NULL for choice in chunk.choices)


def error_of(chunk: Chunk, data: bytes, name: bytes) -> bytes | None:
    """Return the error that an event of this name reports, as JSON; `None` where it reports none.

    Some servers put it into the choice that has failed.
    """
    if chunk.error is not NULL and is_error(chunk.error):
        return chunk.error
    for choice in chunk.choices or ():
        if choice is not None and choice.error is not NULL and is_error(choice.error):
            return choice.error
    if chunk.error is not NULL:
        return None
    if name == b"error":
        return data
    # A chunk of an answer has choices; what has none may be an error by another shape, whose word may be
    # written with escapes. Most have the usage alone.
    may_report = not chunk.choices and (b"error" in data or b"\\" in data)
    return data if may_report and reported(decoded(data)) is not None else None


def _read_leniently(data: bytes) -> Chunk:
    """Read what msgspec refuses and clients take: lone surrogates, odd types in places that we read."""
    try:
        value = value_of(data)
    except (ValueError, RecursionError):
        raise BrokenChunkError from None
    if not isinstance(value, dict):
        raise BrokenChunkError
    choices = value.get("choices")
    return Chunk(
        id=value.get("id"),
        model=value.get("model", msgspec.UNSET),
        choices=[_choice(choice) for choice in choices] if isinstance(choices, list) else None,
        usage=_raw(value.get("usage")),
        error=_raw(value.get("error")),
    )


def _choice(value: Any) -> Choice | None:
    if not isinstance(value, dict):
        return None
    delta = value.get("delta")
    index, finish = value.get("index"), value.get("finish_reason")
    known = {name: delta.get(name) for name in Delta.__struct_fields__} if isinstance(delta, dict) else None
    return Choice(
        index=index if isinstance(index, int) else 0,
        delta=Delta(**known) if known is not None else None,
        finish_reason=None if finish is None else str(finish),
        error=_raw(value.get("error")),
    )


def _raw(value: Any) -> msgspec.Raw:
    return NULL if value is None else msgspec.Raw(json.dumps(value).encode())


def _with_keys_textually(data: bytes, values: dict[str, bytes]) -> bytes:
    """Do the same for what msgspec refuses: the standard library finds where each value begins and ends."""
    text = data.decode("utf-8", "surrogateescape")
    fields: dict[str, str] = {}
    at = _after_space(text, text.index("{") + 1)
    while text[at] != "}":
        key = at
        name, at = _scanner.raw_decode(text, key)
        value = _after_space(text, at)
        _, at = _scanner.raw_decode(text, value)
        fields[name] = text[key:at]
        at = _after_space(text, at)
    fields |= {name: f"{json.dumps(name)}:{value.decode()}" for name, value in values.items()}
    return f"{{{','.join(fields.values())}}}".encode("utf-8", "surrogateescape")


def _after_space(text: str, at: int) -> int:
    """Find where the next key or value begins, behind white space and one colon or comma."""
    found = BETWEEN.match(text, at)
    return found.end() if found else at
