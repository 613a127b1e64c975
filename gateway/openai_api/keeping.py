"""An answer that belongs to a conversation is kept before its caller has seen the end of it."""

import asyncio
import logging
from typing import Any, Protocol

import msgspec

from gateway.errors import Fault, Refusal
from gateway.openai_api.chunk import Delta
from gateway.openai_api.transcript import TRANSCRIPT_CHARACTERS, Transcript
from gateway.scoring.transcript import Said, text_of
from gateway.turns.turn import Turn

KEPT_CHARACTERS = 4 * 1024 * 1024
"""Characters of an answer, what it calls tools with among them; a longer one cannot be kept."""
CALLS = 128
"""Tools that one answer may call, if it is to be kept."""

log = logging.getLogger("gateway.chat")


class Answered(Protocol):
    """An answer that can say what it would be as a message of the next request."""

    def message(self) -> bytes:
        """Return its first choice as a message, in JSON. Raises Refusal where it cannot be kept."""


class Keeper(Protocol):
    """Keeps the answer to one request."""

    is_wanted: bool
    """Tells whether the caller has asked for it, and so must not get an answer that is not kept."""

    async def keep(self, turn: Turn, message: bytes) -> None:
        """Keep the message durably. Raises Refusal."""


async def kept_by(keeper: Keeper, turn: Turn, said: Answered, *, is_large: bool) -> None:
    """Have an answer kept; one that is large is read in a thread. Raises Refusal where that was asked for."""
    try:
        message = await asyncio.to_thread(said.message) if is_large else said.message()
        await keeper.keep(turn, message)
    except Refusal as refusal:
        if keeper.is_wanted:
            raise
        turn.conversation_id = None
        log.warning("a turn is answered and not kept: %s", refusal.fault.code)


class Keepable(Transcript):
    """Holds all that is said, so that it can be kept."""

    __slots__ = ()

    def message(self) -> bytes:
        """Return the answer as a message, in JSON. Raises Refusal where it is too long to be kept."""
        raise NotImplementedError


class KeptTranscript(Keepable):
    """Holds all that is said in a streamed answer, calls of tools and refusals included."""

    __slots__ = ("_calls", "_left", "_refusals")

    def __init__(self) -> None:
        super().__init__(KEPT_CHARACTERS)
        self._left = KEPT_CHARACTERS
        """Characters that calls and refusals may still have."""
        self._calls: dict[int, dict[int, dict[str, Any]]] = {}
        self._refusals: dict[int, list[str]] = {}

    def said(self) -> list[Said]:
        """List what is to be scored of it, which is no more than of any other answer."""
        return [
            msgspec.structs.replace(each, text=each.text[:TRANSCRIPT_CHARACTERS]) for each in super().said()
        ]

    def message(self) -> bytes:
        """Return its first choice as a message, in JSON. Raises Refusal where it is too long to be kept."""
        if min(self.room, self._left) < 0:
            raise too_long()
        index = min({*self.pieces, *self._calls, *self._refusals, *self.finished} or {0})
        text = "".join(self.pieces.get(index, ()))
        message: dict[str, Any] = {"role": "assistant", "content": text or None}
        if calls := self._calls.get(index):
            message["tool_calls"] = [calls[at] for at in sorted(calls)]
        if refusal := "".join(self._refusals.get(index, ())):
            message["refusal"] = refusal
        return msgspec.json.encode(message)

    def _listen(self, index: int, delta: Delta) -> bool:
        for at, call in enumerate(delta.tool_calls if isinstance(delta.tool_calls, list) else ()):
            if isinstance(call, dict):
                self._call(index, at, call)
        if isinstance(delta.function_call, dict):
            self._call(index, 0, {"index": 0, "type": "function", "function": delta.function_call})
        if delta.refusal:
            text = text_of(delta.refusal)
            self._left -= len(text)
            if self._left >= 0:
                self._refusals.setdefault(index, []).append(text)
        return super()._listen(index, delta)

    def _call(self, index: int, at: int, piece: dict[str, Any]) -> None:
        """Take in a piece of a call; names and arguments grow piece by piece."""
        place, function = piece.get("index", at), piece.get("function")
        calls = self._calls.setdefault(index, {})
        if not isinstance(place, int) or (place not in calls and len(calls) >= CALLS):
            self._left = -1
            return
        call = calls.setdefault(
            place, {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
        )
        if isinstance(piece.get("id"), str) and piece["id"]:
            call["id"] = piece["id"]
        for name in ("name", "arguments"):
            said = function.get(name) if isinstance(function, dict) else None
            if isinstance(said, str):
                self._left -= len(said)
                call["function"][name] += said if self._left >= 0 else ""


def too_long() -> Refusal:
    return Refusal(Fault.ANSWER_TOO_LONG)
