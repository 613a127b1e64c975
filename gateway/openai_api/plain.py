"""Messages written as nearly everybody writes them are read by a decoder that knows each of their keys.

What else there is, a key in another spelling for one, is left to the slow way in `messages.py`, which is to
find the same in all that is read here.
"""

from collections.abc import Callable
from itertools import chain
from struct import Struct as Format
from typing import Any, Generic, Literal, TypeVar, cast

import msgspec
import numpy as np
from msgspec import UNSET, Raw, UnsetType

MOST = 10_000
"""Messages in a request, and parts in all of them together."""
LOOKS = 3
"""So many brackets are looked at to tell whether a content is an array."""
QUOTE, BRACKET = (ord('"'),), (ord("["),)
TEXTS = {QUOTE, (ord("n"),)}
"""A content that is a string or null begins with one of these."""
COLON, SPACE = b": "
SHORT = 8 * 1024
"""Bytes in which bytes count as fast."""

C = TypeVar("C")


class _Message(msgspec.Struct, Generic[C], forbid_unknown_fields=True, gc=False):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: C | UnsetType = UNSET
    name: Raw | UnsetType = UNSET
    tool_calls: Raw | UnsetType = UNSET
    tool_call_id: Raw | UnsetType = UNSET
    function_call: Raw | UnsetType = UNSET
    refusal: Raw | UnsetType = UNSET
    audio: Raw | UnsetType = UNSET
    annotations: Raw | UnsetType = UNSET
    reasoning: Raw | UnsetType = UNSET
    reasoning_content: Raw | UnsetType = UNSET
    cache_control: Raw | UnsetType = UNSET


class _Part(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    type: Literal["text", "image_url", "input_audio", "file", "refusal"]
    text: Raw | UnsetType = UNSET
    image_url: Raw | UnsetType = UNSET
    input_audio: Raw | UnsetType = UNSET
    file: Raw | UnsetType = UNSET
    refusal: Raw | UnsetType = UNSET
    cache_control: Raw | UnsetType = UNSET


_texts = msgspec.json.Decoder(list[_Message[Raw]])
_mixed = msgspec.json.Decoder(list[_Message[str | list[_Part] | None]])
_encode = msgspec.json.Encoder().encode
_first: Callable[[Any], tuple[int]] = Format("B").unpack_from
"""The character that a value begins with."""


class Plain(msgspec.Struct, frozen=True):
    """Holds what was read of the messages."""

    array: bytes | Raw
    """The JSON that goes on, each key of a message or part once; what was written, if it stood so."""
    roles: list[str]
    kinds: frozenset[str] = frozenset()
    """The types of parts."""


def read(array: bytes) -> Plain | None:
    """Read the messages; `None` says that they have to be looked at more closely."""
    try:
        seems_mixed = _seems_mixed(array)
        if not seems_mixed:
            texts = _texts.decode(array)
            if len(texts) > MOST:
                return None
            opening = _opening([message.content for message in texts])
            if opening <= TEXTS:
                return Plain(_same(array, _encode(texts)), [message.role for message in texts])
            if BRACKET not in opening:
                return None
        return _read_mixed(array)
    except msgspec.ValidationError:
        return None


def _seems_mixed(array: bytes) -> bool | None:
    """Tell whether a value is an array; `None` where the first brackets do not show it."""
    at = 0
    for _ in range(LOOKS):
        at = array.find(b"[", at + 1)
        if at < 0:
            return False
        before = array[at - 1]
        if before == COLON or (before == SPACE and array[at - 2] == COLON):
            return True
        if before <= SPACE:
            # There may be a colon further ahead.
            return None
    return None


def _read_mixed(array: bytes) -> Plain | None:
    """Read messages of which some contents are arrays of parts."""
    messages = _mixed.decode(array)
    parts = list(chain.from_iterable([each.content for each in messages if isinstance(each.content, list)]))
    if max(len(messages), len(parts)) > MOST:
        return None
    kinds = frozenset([part.type for part in parts])
    if "text" in kinds:
        texts = [part.text for part in parts if part.type == "text"]
        try:
            opening = set(map(_first, texts))
        except TypeError:
            # One has none.
            return None
        if opening != {QUOTE}:
            return None
    compact = _encode(messages)
    if len(compact) != len(array) and any(isinstance(message.content, str) for message in messages):
        # A text that is decoded and encoded may have changed its escapes.
        for message, text in zip(messages, _texts.decode(array), strict=True):
            if not isinstance(message.content, list):
                message.content = cast(str, text.content)
        compact = _encode(messages)
    return Plain(_same(array, compact), [message.role for message in messages], kinds)


def _same(array: bytes, compact: bytes) -> bytes:
    """Choose what was written, unless a key stood twice.

    No key in `compact` has quotes, values are as they were written, and white space has none: where one has
    more quotes, a key is gone.
    """
    return array if len(array) == len(compact) or _quotes(array) == _quotes(compact) else compact


def _quotes(text: bytes) -> int:
    """Count the quotes: numpy does that faster than bytes do where there are many."""
    if len(text) <= SHORT:
        return text.count(b'"')
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == QUOTE[0]))


def _opening(values: list[Raw | UnsetType]) -> set[tuple[int]]:
    """Collect the characters that the values begin with."""
    try:
        return set(map(_first, values))
    except TypeError:
        return set(map(_first, [value for value in values if value is not UNSET]))
