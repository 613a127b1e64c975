"""The answer to one request goes below what was asked, and both into their conversation."""

import asyncio
from collections.abc import Sequence
from functools import partial

import msgspec

from gateway.conversations import message as messages
from gateway.conversations.committer import Committer
from gateway.conversations.conversation import Conversation
from gateway.conversations.lineage import ANSWERING, Heard, hear_one
from gateway.conversations.message import MOST_BYTES, Addition, Place
from gateway.errors import Fault, Refusal
from gateway.openai_api.bounds import LARGE
from gateway.turns.turn import Turn

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Keeping:
    """Keeps one turn."""

    def __init__(
        self,
        committer: Committer,
        conversation: Conversation,
        place: Place,
        heard: Sequence[Heard],
        before: bytes | None = None,
    ) -> None:
        """`heard` is what is new behind this place, and `before` the last message's hash, taken alone.

        Raises Refusal where that is too much to be kept.
        """
        self._size = sum(len(memoryview(each.raw)) for each in heard)
        if self._size > MOST_BYTES:
            raise Refusal(
                Fault.REQUEST_TOO_LARGE,
                f"The new messages are larger than {MOST_BYTES >> 20} MiB, too much for a conversation.",
                param="messages",
            )
        self.conversation = conversation
        self.parent = place.id
        """The message that was answered, once the answer is kept."""
        self.message: bytes | None = None
        """The answer as it was kept, as JSON."""
        self._committer = committer
        self._place = place
        self._heard = heard
        self._before = heard[-1].alone if heard else before

    async def keep(self, turn: Turn, message: bytes) -> None:
        make = partial(self._made, turn, message)
        added = await asyncio.to_thread(make) if self._size + len(message) > LARGE else make()
        await self._committer.commit(added)
        self.parent, self.message = added.messages[-1].parent, message

    def _made(self, turn: Turn, message: bytes) -> Addition:
        """Make the messages of what was asked and answered."""
        asked = messages.below(self._place, self._heard, turn.version)
        place = asked[-1].place if asked else self._place
        content = _fields.decode(message).get("content", msgspec.Raw(b"null"))
        origin, raw = self.conversation.origin, msgspec.Raw(message)
        heard = hear_one(ANSWERING, raw, content, origin, place.hash, self._before)
        made = (*asked, messages.answer(place, turn, heard))
        words = messages.said_words(made) if self._committer.keeps_texts else ()
        return Addition(self.conversation, made, words)
