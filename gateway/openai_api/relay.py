"""Upstream bytes become client bytes: whole frames, the resolved model name, a clean end."""

import msgspec

from gateway.errors import Fault, Refusal, openai_error
from gateway.openai_api import chunk as chunks
from gateway.openai_api.chunk import BrokenChunkError, Chunk, ModelEdit
from gateway.openai_api.last import LastChunk
from gateway.openai_api.sse import DONE, DONE_FRAME, Event, Framer, TooLargeError, frame
from gateway.openai_api.template import Run, Template
from gateway.openai_api.transcript import Transcript
from gateway.scoring.transcript import Said
from gateway.turns.turn import Usage
from gateway.upstreams.failure import UpstreamFailure, from_event
from gateway.upstreams.masking import Mask
from gateway.upstreams.reason import decoded, is_error, reported

TEMPLATES = 100
"""A stream's way of writing its chunks is learnt anew this many times before that is given up."""


class Relay:
    """One stream's state. Feed it what the upstream sends; send on what it returns.

    A chunk that may be the last one of a persona's answer is held (`is_held`) until more is said. Once it is
    known to be the last one (`is_settled`), it waits for `release` and the `persona` object.
    """

    __slots__ = (
        "_choices",
        "_fallback_id",
        "_framer",
        "_id",
        "_last",
        "_learnt",
        "_mask",
        "_misses",
        "_model",
        "_template",
        "_upstream",
        "_wants_usage",
        "cause",
        "done",
        "events",
        "failure",
        "transcript",
    )

    def __init__(
        self,
        *,
        upstream: str,
        model_json: bytes | None,
        choices: int,
        wants_usage: bool,
        limit: int,
        mask: Mask,
        fallback_id: str,
    ) -> None:
        self.transcript = Transcript()
        self.events = 0
        """Data events seen so far."""
        self.failure: Refusal | None = None
        """Set when the stream has failed; what `feed` returned before is still good."""
        self.cause: UpstreamFailure | None = None
        """The same failure as the upstream's, to try another one where nothing has gone out yet."""
        self.done = False
        self._last = LastChunk(self.transcript, choices, model_json) if model_json is not None else None
        """It is `None` for a plain model, whose answers nobody scores."""
        self._upstream = upstream
        self._model = ModelEdit(model_json) if model_json is not None else None
        self._choices = choices
        self._wants_usage = wants_usage
        self._mask = mask
        self._fallback_id = fallback_id
        self._id: str | None = None
        self._framer = Framer(limit)
        self._template: Template | None = None
        self._learnt = 0
        self._misses = 0
        """Chunks in a row that are unlike the template; two make a new one, one may be another choice's."""

    @property
    def is_held(self) -> bool:
        """Tells whether a chunk waits to be known for the last one."""
        return self._last is not None and self._last.is_held

    @property
    def is_settled(self) -> bool:
        """Tells whether it is known, so that nothing is fed until it is released."""
        return self._last is not None and self._last.is_settled

    @property
    def goes_on(self) -> bool:
        """Tells whether it can be fed on: it holds no chunk, has not ended and not failed."""
        last = self._last
        return not (self.done or self.failure is not None or (last is not None and last.is_held))

    @property
    def finish_reason(self) -> str | None:
        """The finish reason of the last choice."""
        finished = self.transcript.finished
        return finished[max(finished)] if finished else None

    @property
    def usage(self) -> Usage | None:
        return self.transcript.usage

    def said(self) -> list[Said]:
        return self.transcript.said()

    def feed(self, data: bytes) -> bytes:
        """Return the whole frames that go out for this piece of the upstream's stream."""
        out, at = [], 0
        try:
            while at < len(data) and not self._is_over:
                run = self._run(data, at)
                if run is not None:
                    out.append(self._pass_run(run))
                    end = run.end
                else:
                    end = _border(data, at)
                    out.append(self._pass_others(data[at:end]))
                at = end
        except TooLargeError:
            out.append(self._fail("sent an event that is larger than the limit"))
        return b"".join(out)

    def settle(self) -> bytes:
        """Return the frames that go out when nothing has followed the held chunk for a while."""
        return self._last.settle() if self._last is not None else b""

    def release(self, persona_json: bytes) -> bytes:
        """Return the held chunk with the `persona` object, and what has waited behind it."""
        assert self._last is not None  # noqa: S101 - nothing else is held
        self.done = self._last.is_ended
        return self._last.release(persona_json)

    def finish(self, *, is_broken: bool = False) -> bytes:
        """Return what goes out when the upstream has ended; sets `failure` unless the answer is complete.

        An answer that is broken off is never complete without `[DONE]`, however finished it seems.
        """
        out = b"" if self._is_over else self._take(self._framer.finish(), at_end=True)
        if self._is_over:
            return out
        if is_broken or not self.transcript.is_complete:
            return out + self._fail("ended its answer before it was finished")
        return out + self._end()

    @property
    def _is_over(self) -> bool:
        """Tells whether the rest that the upstream sends is of no use."""
        last = self._last
        return self.done or self.failure is not None or (last is not None and last.is_ended)

    def _run(self, data: bytes, at: int) -> Run | None:
        """Find a run as `Template.run` does, where an event begins at `at` that is to go out."""
        if self._template is None or not self.goes_on or not self._framer.is_between:
            return None
        return self._template.run(data, at)

    def _pass_run(self, run: Run) -> bytes:
        """Return the frames for chunks like the template."""
        self._misses = 0
        self.events += run.events
        for index, text in run.said:
            if text:
                self.transcript.keep(index, text)
        if self._last is not None and run.said:
            self._last.is_released = False
        return run.frames

    def _pass_others(self, data: bytes) -> bytes:
        """Return the frames for whatever else comes, at most one event if it is framed like the template."""
        events = self._framer.feed(data)
        if events and data.endswith(b"\n\n"):
            self._misses += 1
            if self._misses > 1 and self._learnt < TEMPLATES:
                self._template = None
        return self._take(events)

    def _take(self, events: list[Event], *, at_end: bool = False) -> bytes:
        out = []
        for event in events:
            if self._is_over:
                break
            try:
                out.append(self._pass(event))
            except (BrokenChunkError, RecursionError):
                problem = (
                    "broke off in the middle of an event" if at_end else "sent an event that is not JSON"
                )
                out.append(self._fail(problem))
        return b"".join(out)

    def _pass(self, event: Event) -> bytes:
        """Return the frames for one event; empty where it is held, waits, or is taken out."""
        data = event.data
        if data.strip() == DONE:
            self.events += 1
            return self._end()
        if not data.strip():
            return b""
        chunk = chunks.read(data)
        self.events += 1
        usage = chunks.usage_of(chunk.usage)
        if usage is not None:
            self.transcript.usage = usage
        error = self._error(event, chunk)
        if error is not None:
            return self._pass_error(error, data, chunk)
        counts = usage is not None and not chunk.choices
        if counts and not self._wants_usage:
            return b""
        came, data = data, self._edit(data, chunk)
        speaks = self.transcript.add(chunk)
        if self._template is None and not event.name:
            self._template = Template.of(came, data, chunk, self._choices)
            if self._template is not None:
                self._learnt += 1
                self._misses = 0
        return (
            frame(data) if self._last is None else self._last.take(data, chunk, speaks=speaks, counts=counts)
        )

    def _let_go(self) -> bytes:
        return self._last.let_go() if self._last is not None else b""

    def _end(self) -> bytes:
        """Note that the upstream has said all."""
        if self._last is None:
            self.done = True
            return DONE_FRAME
        out = self._last.end(self._id or self._fallback_id)
        self.done = not self._last.is_settled
        return out

    def _edit(self, data: bytes, chunk: Chunk) -> bytes:
        if self._model is not None:
            data = self._model.apply(data, chunk)
        missing = {}
        if not isinstance(chunk.choices, list):
            missing["choices"] = b"[]"
        if self._id is None and (chunk.id or chunk.choices) and chunk.id != "":
            self._id = chunk.id if isinstance(chunk.id, str) else self._fallback_id
            self._template = None
        # Events that come ahead of the answer, as from Azure, have no id, or an empty one.
        if chunk.id != (self._id or ""):
            missing["id"] = msgspec.json.encode(self._id or "")
        return chunks.with_keys(data, missing) if missing else data

    def _pass_error(self, error: bytes, data: bytes, chunk: Chunk) -> bytes:
        """Fail, after what came before and beside the error."""
        beside = b""
        if chunk.choices or (self._wants_usage and self.transcript.usage and chunk.usage is not chunks.NULL):
            self.transcript.add(chunk)
            beside = frame(self._edit(chunks.with_keys(data, {}, without=("error",)), chunk))
        out = self._let_go() + beside
        self._refuse(error)
        return out

    def _error(self, event: Event, chunk: Chunk) -> bytes | None:
        """Return the error that the event reports, as JSON."""
        if chunk.error is not chunks.NULL:
            return chunk.error if is_error(chunk.error) else None
        # Chunks of an answer have choices; an event that has none may be an error of another shape.
        is_reported = chunk.choices is msgspec.UNSET and reported(decoded(event.data)) is not None
        return event.data if event.name == b"error" or is_reported else None

    def _refuse(self, error: bytes) -> None:
        self.cause = from_event(self._upstream, error, self._mask)
        self.failure = self.cause.refusal_midway()

    def _fail(self, problem: str) -> bytes:
        """Fail; frames that are whole still go out."""
        self.cause = UpstreamFailure("bad_answer", self._upstream)
        self.failure = Refusal(Fault.STREAM_BROKEN, f"The upstream `{self._upstream}` {problem}.")
        return self._let_go()


def _border(data: bytes, at: int) -> int:
    """Find where the next event begins if lines end as nearly everybody ends them, else the data's end."""
    found = data.find(b"\n\n", at)
    return len(data) if found < 0 else found + 2


def error_frame(refusal: Refusal) -> bytes:
    """Make the last event of a stream that failed after its head had gone out."""
    return frame(msgspec.json.encode({"error": openai_error(refusal)}))
