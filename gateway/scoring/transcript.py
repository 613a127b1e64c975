"""A transcript holds what was said in the conversation of a request and in the answer to it."""

import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from gateway.turns.turn import Reason

IGNORED = frozenset({"system", "developer"})
"""Roles that belong to the app and not to the conversation."""


class Said(msgspec.Struct, frozen=True):
    """The text of one choice of an answer, without what the model reasons."""

    index: int
    text: str
    called_tools: bool = False
    refused: bool = False

    @property
    def nothing(self) -> Reason | None:
        """Say why there is no text; `None` where there is some."""
        if self.text and not self.text.isspace():
            return None
        if self.called_tools:
            return "tool_call"
        return "refusal" if self.refused else "empty"


class Past(NamedTuple):
    """An earlier answer, the message that it answered, and the place in the conversation behind it."""

    user: str
    answer: str
    place: int


class Conversation(NamedTuple):
    """An answer's conversation: earlier answers, what it is to answer, and the place where it will stand."""

    past: list[Past]
    user: str
    place: int


class _Message(msgspec.Struct):
    role: Any = None
    content: Any = None


class _Large(msgspec.Struct):
    role: Any = None
    content: msgspec.Raw = msgspec.Raw(b"null")
    text: msgspec.Raw = msgspec.Raw(b"null")


LONGEST = 1024 * 1024
"""Bytes of a text that is read; of a longer one only the digest counts, and nothing of it is scored."""

_message = msgspec.json.Decoder(_Message)
_large = msgspec.json.Decoder(_Large)
_array = msgspec.json.Decoder(list[msgspec.Raw])
_string = msgspec.json.Decoder(str)


def read(messages: Iterable[msgspec.Raw], place: int) -> Conversation:
    """Read the conversation in messages that begin at this place.

    Places are hashes over everything said before them, so that the same beginning of a conversation has
    the same places in every request of this process. System messages are no part of it.
    """
    user, past = "", []
    for raw in messages:
        try:
            role, text, digest = _read(raw)
        except (msgspec.ValidationError, RecursionError):
            # This is no message; the upstream says so better than we could.
            continue
        if not isinstance(role, str) or role in IGNORED:
            continue
        place = following(place, role, text + digest)
        if role == "user":
            user = text
        elif role == "assistant" and text and not text.isspace() and not _is_data(text):
            past.append(Past(user, text, place))
    return Conversation(past, user, place)


def _read(raw: msgspec.Raw) -> tuple[Any, str, str]:
    """Read the role, the text, and a digest of a text that is too long to be read."""
    if len(memoryview(raw)) <= LONGEST:
        message = _message.decode(raw)
        return message.role, text_of(message.content), ""
    large = _large.decode(raw)
    texts = [large.content]
    if bytes(memoryview(large.content)[:1]) == b"[":
        parts = _array.decode(large.content)
        texts = [_large.decode(part).text if bytes(memoryview(part)[:1]) == b"{" else part for part in parts]
    read, digest = [], hashlib.blake2b(digest_size=16)
    for text in texts:
        view = memoryview(text)
        if len(view) > LONGEST:
            digest.update(text)
        elif bytes(view[:1]) == b'"':
            read.append(_string.decode(text))
    return large.role, "".join(read), digest.hexdigest()


def _is_data(text: str) -> bool:
    """Tell whether an earlier answer is JSON, which an app had asked for: nothing of it is speech."""
    bare = text.strip()
    if bare[:1] + bare[-1:] not in ("{}", "[]"):
        return False
    try:
        msgspec.json.decode(bare, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def following(place: int, role: str, text: str) -> int:
    """Return the place behind this message."""
    return hash((place, role, text))


def text_of(content: Any) -> str:
    """Read the text of a content, which is a string or an array of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = (part.get("text") if isinstance(part, dict) else part for part in content)
    return "".join(text for text in texts if isinstance(text, str))
