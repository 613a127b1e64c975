"""A conversation is written as lines of JSON, one for each message, and read from them again."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from gateway import clock, ids
from gateway.conversations.conversation import MESSAGE_ID, Conversation
from gateway.conversations.lineage import IGNORED, Heard, hear_one
from gateway.conversations.message import ASKING, Message, Place, Score, root
from gateway.errors import Detail, Fault, Refusal
from gateway.openai_api.bounds import require_few_values, require_utf8
from gateway.openai_api.messages import closely
from gateway.turns.turn import Drift

MOST_BYTES = 16 << 20
MOST_LINES = 20_000
"""Bytes and lines of what is imported."""


class _Own(msgspec.Struct):
    """These fields stand on a line beside the message."""

    id: str | None = None
    parent: str | UnsetType | None = UNSET
    version: Annotated[int, msgspec.Meta(ge=1, le=999_999_999)] | None = None
    drift: Drift | None = None
    coherence: Annotated[float, msgspec.Meta(ge=1, le=5)] | None = None
    created_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class _Line(NamedTuple):
    own: _Own
    message: dict[str, msgspec.Raw]


OWN = frozenset(_Own.__struct_fields__)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_own = msgspec.json.Decoder(_Own)


def write(message: Message) -> bytes:
    """Write a message on a line."""
    body = _fields.decode(message.body) if message.body is not None else {"role": message.role}
    score = message.score
    line = {
        "id": message.id,
        "parent": message.parent,
        **body,
        "version": message.version,
        "drift": score.drift if score else None,
        "coherence": score.coherence if score else None,
        "created_at": clock.iso(message.created_at),
    }
    return msgspec.json.encode(line) + b"\n"


def read(body: bytes, conversation: Conversation) -> list[Message]:
    """Read the messages of a new conversation. Raises Refusal.

    A line without `parent` goes below the one before it. Ids that are no message's, or stand twice, are
    replaced; system messages are left out.
    """
    lines = list(_lines(body))
    if not lines:
        raise _wrong("has no message", 1)
    array = msgspec.json.encode([line.message for line in lines])
    roles = closely(msgspec.Raw(array)).roles
    known: dict[str | None, Place] = {None: root(conversation)}
    place, found = known[None], list[Message]()
    heard: dict[str | None, Heard] = {}
    for number, (line, role) in enumerate(zip(lines, roles, strict=True), 1):
        if line.own.parent is not UNSET:
            if line.own.parent not in known:
                raise _wrong("has a `parent` that stands on no line before it", number)
            place = known[line.own.parent]
        if role not in IGNORED:
            content, before = line.message.get("content", msgspec.Raw(b"null")), heard.get(place.id)
            raw = msgspec.Raw(msgspec.json.encode(line.message))
            alone = before.alone if before is not None else None
            said = hear_one(role, raw, content, conversation.origin, place.hash, alone)
            message = _message(line.own, said, place, line.own.id not in known)
            found.append(message)
            place = message.place
            heard[place.id] = said
        if line.own.id is not None:
            known.setdefault(line.own.id, place)
    if not found:
        raise _wrong("has system messages alone", len(lines))
    return found


def _message(own: _Own, said: Heard, place: Place, is_free: bool) -> Message:
    keeps = is_free and own.id is not None and MESSAGE_ID.fullmatch(own.id) is not None
    return Message(
        id=own.id if keeps and own.id is not None else ids.new("msg"),
        parent=place.id,
        depth=place.depth + 1,
        turn=place.turn + (said.role == ASKING),
        role=said.role,
        body=bytes(said.raw).decode(),
        hash=said.hash,
        tail=said.tail,
        version=own.version,
        score=Score(own.drift, own.coherence) if own.drift is not None else None,
        created_at=_moment(own.created_at),
    )


def _moment(told: datetime | None) -> int:
    """Return when something was said, which is never after now."""
    now = clock.now_ms()
    return now if told is None else min(now, int(told.timestamp() * 1000))


def _lines(body: bytes) -> Iterator[_Line]:
    require_few_values(body, 40 * MOST_LINES)
    try:
        require_utf8(body)
    except UnicodeDecodeError:
        raise _wrong("is not UTF-8", 1) from None
    count = 0
    for number, text in enumerate(body.split(b"\n"), 1):
        if not text.strip():
            continue
        count += 1
        if count > MOST_LINES:
            raise _wrong(f"is one more than {MOST_LINES}, which is too much", number)
        try:
            fields, own = _fields.decode(text), _own.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise _wrong(f"cannot be read: {error}", number) from None
        levels = own.drift.levels().values() if own.drift is not None else ()
        if not all(0 <= level <= 1 for level in levels if level is not None):
            raise _wrong("has a level of drift that is not between 0 and 1", number)
        yield _Line(own, {name: value for name, value in fields.items() if name not in OWN})


def _wrong(problem: str, number: int) -> Refusal:
    details = [Detail([f"line {number}"], problem, "value_error")]
    return Refusal(Fault.REQUEST_INVALID, f"Line {number} {problem}.", details=details)
