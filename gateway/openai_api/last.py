"""A chunk that may be the last one of a persona's answer is held, since the last has the `persona` object."""

from typing import Any

import msgspec

from gateway.openai_api import chunk as chunks
from gateway.openai_api.chunk import Chunk
from gateway.openai_api.sse import DONE_FRAME, frame
from gateway.openai_api.transcript import Transcript

WAITING_BYTES = 64 * 1024
"""Bytes that may wait behind a chunk before it is let go."""
KEPT = ("id", "object", "created", "model", "system_fingerprint", "service_tier")
"""Keys that a chunk of ours copies from the upstream's last one."""


class LastChunk:
    """Holds each chunk that may be the last one, and lets it go when more is said.

    Some upstreams write a finish reason on every chunk, some never write one, and some answer with fewer
    choices than they were asked for: only the end of the stream tells for sure.
    """

    __slots__ = (
        "_behind",
        "_choices",
        "_done",
        "_doubts",
        "_envelope",
        "_held",
        "_is_credible",
        "_model_json",
        "_transcript",
        "_waiting_bytes",
        "is_ended",
        "is_held",
        "is_released",
        "is_settled",
    )

    def __init__(
        self, transcript: Transcript, choices: int, model_json: bytes, done: bytes = DONE_FRAME
    ) -> None:
        """`done` ends the stream; it is empty where somebody else ends it."""
        self.is_held = False
        self.is_settled = False
        """Tells whether the chunk that is held is known to be the last one."""
        self.is_released = False
        """Tells whether the last chunk has gone out, as far as the upstream has spoken."""
        self.is_ended = False
        """Tells whether the upstream has said all it had to say."""
        self._transcript = transcript
        self._choices = choices
        self._model_json = model_json
        self._done = done
        self._held = b""
        self._is_credible = False
        """Tells whether the held chunk is taken for the last one when nothing follows it for a while."""
        self._doubts = False
        """Tells whether more was said after a chunk that told of a finish."""
        self._behind: list[bytes] = []
        self._waiting_bytes = 0
        self._envelope: bytes | None = None
        """The last chunk with a choice that was decoded."""

    def take(self, data: bytes, chunk: Chunk, *, speaks: bool, finishes: bool, counts: bool) -> bytes:
        """Return the frames for a chunk, after those that it sets free."""
        if chunk.choices:
            self._envelope = data
        if not (finishes or counts or self.is_held or self.is_released):
            return frame(data)
        out = b""
        if self.is_held:
            says_more = speaks or chunks.says_more(data)
            if not (says_more or finishes):
                return self._wait(frame(data))
            self._doubts = self._doubts or says_more
            out = self.let_go()
        if speaks and self.is_released:
            self.reopen()
        may_be_last = self._transcript.is_complete if finishes else counts
        if self.is_released or not may_be_last:
            return out + frame(data)
        is_believed = finishes and not (speaks or self._doubts or self._transcript.is_empty)
        self._is_credible = is_believed and len(self._transcript.finished) >= self._choices
        self._held, self.is_held = data, True
        return out

    def reopen(self) -> None:
        """Note that more is said behind the chunk that went out as the last."""
        self.is_released, self._doubts = False, True

    def settle(self) -> bytes:
        """Take the held chunk for the last one, since nothing has followed for a while, or let it go."""
        if not self._is_credible:
            return self.let_go()
        self.is_settled = True
        return b""

    def end(self, fallback_id: str) -> bytes:
        """Note that the upstream has said all: the last chunk, perhaps one of ours, waits to be released."""
        self.is_ended = True
        if self.is_released:
            return self._done
        if not self.is_held:
            self._held, self.is_held = self._closing(fallback_id), True
        self._behind.append(self._done)
        self.is_settled = True
        return b""

    def release(self, persona_json: bytes) -> bytes:
        """Return the last chunk with the `persona` object, and what has waited."""
        head = self._held.rstrip()[:-1].rstrip()
        comma = b"" if head.endswith(b"{") else b","
        self._held = head + comma + b'"persona":' + persona_json + b"}"
        self.is_settled, self.is_released = False, True
        return self.let_go()

    def let_go(self) -> bytes:
        """Return the held chunk as it is, and what has waited."""
        if not self.is_held:
            return b""
        out = frame(self._held) + b"".join(self._behind)
        self._held, self.is_held = b"", False
        self._behind, self._waiting_bytes = [], 0
        return out

    def _wait(self, frames: bytes) -> bytes:
        """Let the frames wait, and return nothing, unless too much waits."""
        self._behind.append(frames)
        self._waiting_bytes += len(frames)
        return self.let_go() if self._waiting_bytes > WAITING_BYTES else b""

    def _closing(self, fallback_id: str) -> bytes:
        """Make a chunk that says nothing, for an answer whose own last one has gone out or never came.

        It has a choice, since many clients look at the first one of every chunk.
        """
        value = chunks.value_of(self._envelope) if self._envelope is not None else None
        found: dict[str, Any] = value if isinstance(value, dict) else {}
        fields = {
            "id": fallback_id,
            "object": "chat.completion.chunk",
            "model": msgspec.Raw(self._model_json),
        }
        fields |= {name: found[name] for name in KEPT if found.get(name)}
        choice = {"index": 0, "delta": {}, "finish_reason": None}
        return msgspec.json.encode({**fields, "choices": [choice]})
