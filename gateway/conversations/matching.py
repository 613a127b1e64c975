"""A request's messages are found again among those that are stored, and so is the place where they go on."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import msgspec

from gateway.conversations.conversation import Conversation
from gateway.conversations.lineage import Heard
from gateway.conversations.message import Message, Place, root
from gateway.conversations.store import paths
from gateway.storage.connection import AsyncConnection

LOOKED_UP = 64
"""Hashes in one look for the message where a request goes on; nearly always the last few are enough."""
SHARED = 32
"""Paths with the same words, the newest ones, of which one is looked for that nobody has gone on with."""
WINDOWS = 4
"""Paths, the newest ones, that a window is held against."""
LONGEST_WINDOW = 1_000
"""Messages of a window, up to its last answer, that are held against a path."""

Hear = Callable[[Sequence[msgspec.Raw], Place], Awaitable[list[Heard]]]
"""Follows messages from this place on."""


class Joined(NamedTuple):
    """A request goes on with this conversation."""

    conversation: Conversation
    place: Place
    """What is new goes below it."""
    heard: Sequence[Heard]
    """These messages are new."""


async def join(
    connection: AsyncConnection, conversation: Conversation, heard: Sequence[Heard], hear: Hear
) -> Joined:
    """Find where a request leaves the stored paths of its conversation, perhaps at their root."""
    hashes = [each.hash for each in heard]
    for end in range(len(hashes), 0, -LOOKED_UP):
        found = await paths.deepest(connection, conversation, hashes[max(0, end - LOOKED_UP) : end])
        if found is not None:
            return Joined(conversation, found.place, heard[found.depth :])
    joined = await _join_window(connection, heard, hear, conversation)
    return joined or Joined(conversation, root(conversation), heard)


async def continued(connection: AsyncConnection, heard: Sequence[Heard], hear: Hear) -> Joined | None:
    """Find the conversation whose path a request goes on with, of all that begin with the same hash.

    A path that somebody has gone on with already is another one's, and gives `None`.
    """
    hashes = [each.hash for each in heard]
    for end in range(len(hashes), 0, -LOOKED_UP):
        found = await paths.last_known(connection, hashes[max(0, end - LOOKED_UP) : end])
        if found is not None:
            last = await paths.newest_end(connection, found, SHARED)
            if last is None:
                return None
            conversation, message = last
            return Joined(conversation, message.place, heard[message.depth :])
    joined = await _join_window(connection, heard, hear, None)
    if joined is None or await paths.goes_on(connection, joined.conversation, joined.place.id):
        return None
    return joined


async def _join_window(
    connection: AsyncConnection, heard: Sequence[Heard], hear: Hear, conversation: Conversation | None
) -> Joined | None:
    """Find where a window goes on: the last messages of a path, whose first ones the app has dropped.

    The last answer and what it answers find the path, and everything before them has to stand on it, too.
    """
    end = next((at for at in reversed(range(len(heard))) if heard[at].tail is not None), None)
    if end is None or end >= LONGEST_WINDOW:
        return None
    tail, raws = heard[end].tail or b"", [each.raw for each in heard]
    for candidate, answer in await paths.tails(connection, tail, conversation, WINDOWS):
        above = await paths.above(connection, candidate, answer, end + 1)
        if above is None:
            continue
        again = await hear(raws, above.place)
        if again[end].hash == answer.hash:
            return await _deeper(connection, candidate, answer, again, above.depth)
    return None


async def _deeper(
    connection: AsyncConnection, conversation: Conversation, answer: Message, heard: list[Heard], depth: int
) -> Joined:
    """Go down from an answer as far as the messages are known, such as a question that is asked again."""
    behind = heard[answer.depth - depth :]
    found = await paths.deepest(connection, conversation, [each.hash for each in behind[:LOOKED_UP]])
    last = found or answer
    return Joined(conversation, last.place, heard[last.depth - depth :])
