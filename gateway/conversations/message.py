"""A message stands on a path of its conversation, and remembers what was said before it by a hash."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from gateway import clock, ids
from gateway.conversations.conversation import Conversation
from gateway.conversations.lineage import Heard
from gateway.scoring.transcript import text_of
from gateway.storage.words import words_of
from gateway.turns.turn import Drift, Turn

if TYPE_CHECKING:
    # Commands that ask a gateway elsewhere show messages too, and need no database.
    from gateway.storage.connection import AsyncConnection

MOST_BYTES = 8 << 20
"""Bytes of the messages that one turn adds."""
ASKING = "user"


class Place(msgspec.Struct, frozen=True):
    """The end of a path, behind which something is said."""

    id: str | None
    """The last message; `None` at the root."""
    depth: int
    turn: int
    hash: bytes


class Score(msgspec.Struct, frozen=True):
    """An answer is kept with what is known of it by then; its turn's row may know more later."""

    drift: Drift
    coherence: float | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    parent: str | None
    depth: int
    """Messages of the path up to this one."""
    turn: int
    """Messages of users on the path up to this one."""
    role: str
    body: str | None
    """The message in OpenAI's form, as JSON; `None` where texts are not kept."""
    items: str | None = None
    """The items of a response that it stands for, as a JSON array; `None` for a message of a chat."""
    hash: bytes
    tail: bytes | None = None
    """An answer has a hash over it and what it answers, by which apps that drop old messages find it."""
    version: int | None
    """The version of the persona that answered, or was asked."""
    score: Score | None = None
    created_at: int

    @property
    def is_removed(self) -> bool:
        """Tells whether what a chat knows of it has been taken out."""
        return self.body is None and self.items is not None

    @property
    def place(self) -> Place:
        return Place(self.id, self.depth, self.turn, self.hash)


Beside = Callable[["AsyncConnection", int], Awaitable[None]]


class Addition(msgspec.Struct, frozen=True):
    """One turn adds this to a conversation, which is made with it where its `seq` is 0."""

    conversation: Conversation
    messages: tuple[Message, ...]
    words: tuple[str, ...] = ()
    """By these the messages are found, as `said_words` returns them of each; none where they are not kept."""
    answers: int = 1
    beside: Beside | None = None
    """Writes what belongs to the turn, in the same transaction, once the conversation has this number."""

    def without_texts(self) -> "Addition":
        """Return it with hashes in the place of what was said."""
        bare = tuple(msgspec.structs.replace(each, body=None, items=None) for each in self.messages)
        return msgspec.structs.replace(self, messages=bare, words=())


class _Said(msgspec.Struct):
    content: Any = None


_said = msgspec.json.Decoder(_Said)


def said_words(messages: Iterable[Message]) -> tuple[str, ...]:
    """Return the words of each message's text; large ones take their time."""
    return tuple(words_of(text_of(_said.decode(each.body).content)) if each.body else "" for each in messages)


def root(conversation: Conversation) -> Place:
    return Place(None, 0, 0, conversation.origin)


def below(place: Place, heard: Iterable[Heard], version: int | None) -> list[Message]:
    """Make messages of what was heard behind this place, each below the one before."""
    found, now = [], clock.now_ms()
    for each in heard:
        message = Message(
            id=ids.new("msg"),
            parent=place.id,
            depth=place.depth + 1,
            turn=place.turn + (each.role == ASKING),
            role=each.role,
            body=bytes(each.raw).decode(),
            hash=each.hash,
            tail=each.tail,
            version=version,
            created_at=now,
        )
        place = message.place
        found.append(message)
    return found


def answer(place: Place, turn: Turn, heard: Heard) -> Message:
    """Make the message of a turn's answer, which bears the turn's id."""
    return Message(
        id=turn.id,
        parent=place.id,
        depth=place.depth + 1,
        turn=place.turn,
        role=heard.role,
        body=bytes(heard.raw).decode(),
        hash=heard.hash,
        tail=heard.tail,
        version=turn.version,
        score=Score(turn.drift, turn.coherence),
        created_at=clock.now_ms(),
    )
