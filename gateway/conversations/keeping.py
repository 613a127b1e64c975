"""The answer to one message goes below what was asked, and both into their conversation."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from gateway.conversations import message as messages
from gateway.conversations.committer import Committer
from gateway.conversations.conversation import Conversation
from gateway.conversations.lineage import ANSWERING, Heard, hear, hear_one
from gateway.conversations.message import MOST_BYTES, Addition, Place
from gateway.errors import Fault, Refusal
from gateway.openai_api.bounds import LARGE
from gateway.turns.turn import Turn

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


class _Held(NamedTuple):
    """Something was said on the way to the answer: calls of tools, and their results."""

    turn: Turn
    asking: bytes
    results: Sequence[msgspec.Raw]
    is_answer: bool


class Keeping:
    """Keeps one turn."""

    def __init__(
        self,
        committer: Committer,
        conversation: Conversation,
        place: Place,
        heard: Sequence[Heard],
        before: bytes | None = None,
        *,
        is_wanted: bool = True,
    ) -> None:
        """`heard` is what is new behind this place, and `before` the last message's hash, taken alone.
        Without `is_wanted` the answer goes out even where it cannot be kept.

        Raises Refusal where that is too much to be kept.
        """
        self._size = sum(len(memoryview(each.raw)) for each in heard)
        if self._size > MOST_BYTES:
            raise Refusal(
                Fault.REQUEST_TOO_LARGE,
                f"The new messages are larger than {MOST_BYTES >> 20} MiB, too much for a conversation.",
                param="messages",
            )
        self.is_wanted = is_wanted
        self.conversation = conversation
        self.parent = place.id
        """The message that was answered, once the answer is kept."""
        self.message: bytes | None = None
        """The answer as it was kept, as JSON."""
        self._committer = committer
        self._place = place
        self._heard = heard
        self._before = heard[-1].alone if heard else before
        self._held: list[_Held] = []

    def hold(self, turn: Turn, asking: bytes, results: Sequence[msgspec.Raw], *, is_answer: bool) -> None:
        """Remember calls and their results, which are kept with the answer.

        `is_answer` tells that the turn has answered with these calls, and with nothing else.
        """
        self._held.append(_Held(turn, asking, results, is_answer))
        self._size += len(asking) + sum(len(memoryview(result)) for result in results)

    async def keep(self, turn: Turn, message: bytes) -> None:
        make = partial(self._made, turn, message)
        added = await asyncio.to_thread(make) if self._size + len(message) > LARGE else make()
        await self._committer.commit(added)
        self.parent, self.message = added.messages[-1].parent, message

    def _made(self, turn: Turn, message: bytes) -> Addition:
        """Make the messages of what was asked and answered."""
        place, found = self._place, messages.below(self._place, self._heard, turn.version)
        before = self._before
        for held in self._held:
            place = found[-1].place if found else place
            calls = self._answer(held.asking, place, before)
            if held.is_answer:
                found.append(messages.answer(place, held.turn, calls))
            else:
                found += messages.below(place, [calls], turn.version)
            place = found[-1].place
            results = list(hear(held.results, self.conversation.origin, place.hash))
            found += messages.below(place, results, turn.version)
            before = results[-1].alone
        place = found[-1].place if found else place
        made = (*found, messages.answer(place, turn, self._answer(message, place, before)))
        words = messages.said_words(made) if self._committer.keeps_texts else ()
        answers = 1 + sum(each.is_answer for each in self._held)
        return Addition(self.conversation, made, words, answers)

    def _answer(self, message: bytes, place: Place, before: bytes | None) -> Heard:
        content, raw = _fields.decode(message).get("content", msgspec.Raw(b"null")), msgspec.Raw(message)
        return hear_one(ANSWERING, raw, content, self.conversation.origin, place.hash, before)
