"""One hash stands for all that was said up to a message, so that a path is found again by its words."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

DIGEST_BYTES = 16
IGNORED = frozenset({"system", "developer"})
ANSWERING = "assistant"
"""Roles that belong to the app and not to the conversation."""
MARKS = ("user", "safety_identifier", "prompt_cache_key")
"""Parameters by which an app tells apart the people that it speaks for."""


class Heard(NamedTuple):
    """A message of a request, and the hash of the path that ends with it."""

    role: str
    raw: msgspec.Raw
    hash: bytes
    alone: bytes
    """The hash of a path that has this message alone."""
    tail: bytes | None
    """The hash of a path that has an answer and the message before it alone; `None` for what is no answer."""


class _Message(msgspec.Struct):
    role: Any = None
    content: msgspec.Raw = msgspec.Raw(b"null")


_message = msgspec.json.Decoder(_Message)
_encode = msgspec.json.Encoder(order="sorted").encode


def origin(workspace_id: str, key_id: str, persona_id: str, marks: Iterable[bytes] = ()) -> bytes:
    """Hash who begins a conversation with whom; `marks` are the values of MARKS, as JSON."""
    return _digest(workspace_id.encode(), key_id.encode(), persona_id.encode(), *marks)


def hear(messages: Iterable[msgspec.Raw], origin: bytes, place: bytes | None = None) -> Iterator[Heard]:
    """Follow messages from this place on, or from the root; system messages are no part of a path."""
    place, before = origin if place is None else place, None
    for raw in messages:
        message = _message.decode(raw)
        if isinstance(message.role, str) and message.role not in IGNORED:
            heard = hear_one(message.role, raw, message.content, origin, place, before)
            place, before = heard.hash, heard.alone
            yield heard


def hear_one(
    role: str,
    raw: msgspec.Raw,
    content: msgspec.Raw | bytes,
    origin: bytes,
    place: bytes,
    before: bytes | None,
) -> Heard:
    """Follow one message behind a place; `before` is the hash of the message there, taken alone."""
    name, text = role.encode(), _canonical(content)
    tail = _digest(before, name, text) if before is not None and role == ANSWERING else None
    return Heard(role, raw, _digest(place, name, text), _digest(origin, name, text), tail)


def _canonical(content: msgspec.Raw | bytes) -> bytes:
    """Return what counts of a content.

    Parts that are texts alone count as the text that they make, and white space around a text does not
    count: clients give back what they were answered in any of these forms.
    """
    value = msgspec.json.decode(content)
    if value is None:
        return b""
    if isinstance(value, str):
        return value.strip().encode()
    if isinstance(value, list) and all(_is_text(part) for part in value):
        return "".join(part if isinstance(part, str) else part["text"] for part in value).strip().encode()
    return b"\0" + _encode(value)


def _is_text(part: Any) -> bool:
    if isinstance(part, str):
        return True
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)


def _digest(*parts: bytes) -> bytes:
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()
