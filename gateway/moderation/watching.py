"""Chat turns are moderated: what a caller says before an upstream is asked, or all of it once it is out."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from gateway.budgets.ledger import Spender
from gateway.config import Moderation as Settings
from gateway.errors import Fault, Refusal
from gateway.moderation.moderation import Item
from gateway.moderation.moderator import Moderator
from gateway.personas.resolved import Resolved
from gateway.scoring.transcript import Said, text_of
from gateway.turns.amendment import Flagged
from gateway.turns.turn import Turn

WAITING = 1_000
"""Turns that may wait to be looked at; further ones are dropped and counted."""
HELD = 32 * 1024 * 1024
"""Characters of the texts that wait."""
LONGEST = 65_536
"""Characters of what a caller says, or of an answer, that are looked at, the last ones and the first ones."""
LOOKED_AT = 64
"""Messages from the last one back among which the caller's are looked for."""
QUICK = 128 * 1024
"""Bytes of these messages up to which nobody is kept waiting by their reading."""
READING = 16
"""Turns whose messages may be read in threads at the same time; each holds on to the body of its request."""

log = logging.getLogger("gateway.moderation")


class _Message(msgspec.Struct):
    role: Any = None
    content: Any = None


class _Case(msgspec.Struct, frozen=True):
    turn: Turn
    persona: Resolved | None
    asked: str
    said: str


_message = msgspec.json.Decoder(_Message)


class Watching:
    """Moderates the chat turns of one worker as `[moderation]` says."""

    def __init__(
        self, settings: Settings, moderator: Moderator, amend: Callable[[str, Flagged], bool]
    ) -> None:
        self.blocks = settings.input == "block"
        """Tells whether what a caller says is looked at before an upstream is asked."""
        self._flags_input = settings.input == "flag"
        self._flags_output = settings.output == "flag"
        self._moderator = moderator
        self._amend = amend
        self._waiting: deque[_Case] = deque()
        self._held = 0
        self._reading: set[asyncio.Task[None]] = set()
        self._some = asyncio.Event()
        self.dropped = 0

    @property
    def flags(self) -> bool:
        """Tell whether turns are looked at once they are recorded."""
        return self._flags_input or self._flags_output

    async def admit(self, turn: Turn, messages: Sequence[msgspec.Raw]) -> None:
        """Look at what the caller says. Raises Refusal where it is flagged."""
        recent = messages[-LOOKED_AT:]
        is_quick = _size(recent) <= QUICK
        text = asked(recent) if is_quick else await asyncio.to_thread(asked, recent)
        if not text:
            return
        [found] = await self._moderator.moderate([Item(text)], _spender(turn))
        if found.flagged:
            turn.flagged = _words("input", found.flagged)
            raise Refusal(
                Fault.INTENT_BLOCKED,
                f"The message was flagged (`{'`, `'.join(found.flagged)}`) and no model was asked; say it in "
                "other words.",
                param="messages",
            )

    def tell(self, turn: Turn) -> None:
        """Have it told that a turn was flagged before anybody was asked; it must have been recorded."""
        if turn.flagged is not None:
            self._amend(turn.id, Flagged(turn.flagged))

    def take(
        self, turn: Turn, persona: Resolved | None, messages: Sequence[msgspec.Raw], said: Sequence[Said]
    ) -> None:
        """Have a turn that is recorded looked at later; never waits."""
        recent = messages[-LOOKED_AT:] if self._flags_input else ()
        answer = "\n".join(one.text for one in said)[:LONGEST] if self._flags_output else ""
        if _size(recent) <= QUICK:
            self._wait(_Case(turn, persona, asked(recent), answer))
        elif len(self._reading) < READING:
            task = asyncio.create_task(self._read(turn, persona, recent, answer))
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)
        else:
            self.dropped += 1

    async def _read(
        self, turn: Turn, persona: Resolved | None, recent: Sequence[msgspec.Raw], answer: str
    ) -> None:
        self._wait(_Case(turn, persona, await asyncio.to_thread(asked, recent), answer))

    def _wait(self, case: _Case) -> None:
        size = len(case.asked) + len(case.said)
        if not size:
            return
        if len(self._waiting) >= WAITING or self._held + size > HELD:
            self.dropped += 1
            return
        self._held += size
        self._waiting.append(case)
        self._some.set()

    async def run(self) -> None:
        """Look at what waits until cancelled; what waits then is forgotten."""
        while True:
            while self._waiting:
                case = self._waiting.popleft()
                self._held -= len(case.asked) + len(case.said)
                await self._look(case)
            self._some.clear()
            await self._some.wait()

    async def _look(self, case: _Case) -> None:
        try:
            words = []
            for place, text, persona in (("input", case.asked, None), ("output", case.said, case.persona)):
                if text:
                    [found] = await self._moderator.moderate([Item(text)], _spender(case.turn), persona)
                    words.append(_words(place, found.flagged))
            flagged = " ".join(word for word in words if word)
            if flagged and not self._amend(case.turn.id, Flagged(flagged)):
                self.dropped += 1
        except Exception as error:  # noqa: BLE001 - nothing else depends on a look
            # Its message may quote what was said.
            log.warning("turn %s cannot be moderated: %s", case.turn.id, type(error).__name__)
            self.dropped += 1


def asked(messages: Sequence[msgspec.Raw]) -> str:
    """Put together what the caller has said since the last answer, or its end where that is very long.

    Behind it may stand the beginning of the next answer, which the caller has written for the model.
    """
    found: list[str] = []
    is_begun = True
    for raw in messages[-1 : -LOOKED_AT - 1 : -1]:
        try:
            message = _message.decode(raw)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            continue
        if message.role != "assistant":
            is_begun = False
        elif not is_begun:
            break
        if message.role == "user":
            found.append(text_of(message.content))
    return "\n".join(reversed(found))[-LONGEST:]


def _size(messages: Sequence[msgspec.Raw]) -> int:
    return sum(len(memoryview(raw)) for raw in messages)


def _words(place: str, flagged: Sequence[str]) -> str:
    """Write flagged categories as the turn's row has them; a name of an upstream's may be anything."""
    return " ".join(f"{place}:{''.join(name.split())[:64]}" for name in flagged[:32])


def _spender(turn: Turn) -> Spender:
    return Spender(turn.workspace_id, None, turn.persona_id)
