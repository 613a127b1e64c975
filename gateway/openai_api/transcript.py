"""A transcript puts together what is said in a stream while it goes by."""

from gateway.openai_api.chunk import Chunk, Delta
from gateway.scoring.transcript import Said, text_of
from gateway.turns.usage import Usage

TRANSCRIPT_CHARACTERS = 250_000
"""Characters of an answer that are kept to be scored; an endless one must not fill the memory."""

NONE: frozenset[int] = frozenset()


class Transcript:
    """Holds what was said in a streamed answer, choice by choice."""

    __slots__ = ("called_tools", "finished", "heard", "limit", "pieces", "refused", "room", "usage")

    def __init__(self, room: int = TRANSCRIPT_CHARACTERS) -> None:
        self.limit = self.room = room
        """Characters that are still kept; below 0, so many were not."""
        self.heard = 0
        """Chunks in which a choice does something."""
        self.pieces: dict[int, list[str]] = {}
        self.finished: dict[int, str] = {}
        """Finish reasons by the index of the choice."""
        self.called_tools = NONE
        self.refused = NONE
        self.usage: Usage | None = None

    def add(self, chunk: Chunk) -> tuple[bool, bool]:
        """Take in a chunk; tells whether it says more that is to be scored, and whether it finishes."""
        speaks = finishes = False
        self.heard += bool(chunk.choices)
        for choice in chunk.choices or ():
            if choice is None:
                continue
            delta = choice.delta
            if delta is not None:
                speaks = self._listen(choice.index, delta) or speaks
            # Some upstreams write an empty reason for "not yet".
            if choice.finish_reason:
                self.finished[choice.index] = choice.finish_reason
                finishes = True
        return speaks, finishes

    @property
    def characters(self) -> int:
        """Count the characters that were said, kept or not."""
        return self.limit - self.room

    def keep(self, index: int, text: str) -> None:
        """Take in a piece that a choice says, which has not finished then, whatever was said before."""
        if self.finished:
            self.finished.pop(index, None)
        pieces = self.pieces.setdefault(index, [])
        if self.room > 0:
            pieces.append(text[: self.room])
        self.room -= len(text)

    @property
    def finish_reason(self) -> str | None:
        """The finish reason of the last choice."""
        return self.finished[max(self.finished)] if self.finished else None

    @property
    def is_complete(self) -> bool:
        """Tells whether every choice that was begun has been finished."""
        return bool(self.finished) and self.finished.keys() >= {
            *self.pieces,
            *self.called_tools,
            *self.refused,
        }

    @property
    def is_empty(self) -> bool:
        """Tells whether nothing was said, called or refused."""
        return not (self.pieces or self.called_tools or self.refused)

    def said(self) -> list[Said]:
        """List what was said in each choice; there is at least the first."""
        return [
            Said(
                index, "".join(self.pieces.get(index, ())), index in self.called_tools, index in self.refused
            )
            for index in sorted({*self.pieces, *self.finished} or {0})
        ]

    def _listen(self, index: int, delta: Delta) -> bool:
        """Take in what a choice says; tells whether it is anything."""
        if delta.content:
            self.keep(index, text_of(delta.content))
        calls, refuses = bool(delta.tool_calls or delta.function_call), bool(delta.refusal)
        if calls:
            self.called_tools |= {index}
        if refuses:
            self.refused |= {index}
        if calls or refuses:
            self.finished.pop(index, None)
        return bool(delta.content) or calls or refuses
