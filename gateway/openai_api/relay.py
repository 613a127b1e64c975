"""Upstream bytes become client bytes: whole frames, the resolved model name, a clean end."""

from gateway.errors import Fault, Refusal
from gateway.openai_api import chunk as chunks
from gateway.openai_api.chunk import Chunk
from gateway.openai_api.edit import Edit
from gateway.openai_api.last import LastChunk
from gateway.openai_api.learning import Learning
from gateway.openai_api.sse import DONE, DONE_FRAME, Event, Framer, TooLargeError, border, frame
from gateway.openai_api.template import Run
from gateway.openai_api.transcript import Transcript
from gateway.upstreams.failure import UpstreamFailure, from_event
from gateway.upstreams.masking import Mask

BROKEN_OFF, NO_JSON = "broke off in the middle of an event", "sent an event that is not JSON"


class Relay:
    """Keeps one stream's state. Feed it what the upstream sends; send on what it returns.

    A chunk that may be the last one of a persona's answer is held (`is_held`) until more is said. Once it is
    known to be the last one (`is_settled`), it waits for `release` and the `persona` object.
    """

    ending = DONE_FRAME
    """These bytes end the stream, once its answer is kept."""

    __slots__ = (
        "_edit",
        "_framer",
        "_is_over",
        "_last",
        "_learning",
        "_limit",
        "_mask",
        "_wants_usage",
        "cause",
        "done",
        "events",
        "failure",
        "goes_on",
        "may_be_billed",
        "transcript",
        "upstream",
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
        kept: Transcript | None = None,
        learns: bool = True,
    ) -> None:
        """`kept` hears an answer that has to be kept: whoever keeps it ends the stream with `[DONE]`."""
        self.transcript = kept or Transcript()
        self.events = 0
        """Data events seen so far."""
        self.failure: Refusal | None = None
        """Set when the stream has failed; what `feed` returned before is still good."""
        self.cause: UpstreamFailure | None = None
        """The same failure as the upstream's, to try another one where nothing has gone out yet."""
        self.done = False
        self.goes_on = True
        """Tells whether it can be fed on: it holds no chunk, has not ended and not failed."""
        self.may_be_billed = False
        """Tells whether it has failed by an error behind which a usage may still come."""
        self._is_over = False
        """Tells whether the rest that the upstream sends is of no use."""
        done = b"" if kept else DONE_FRAME
        self._last = LastChunk(self.transcript, choices, model_json, done) if model_json is not None else None
        """It is `None` for a plain model, whose answers nobody scores."""
        self.upstream, self._mask = upstream, mask
        self._edit = Edit(model_json, fallback_id)
        self._wants_usage = wants_usage
        self._framer, self._limit = Framer(limit), limit
        self._learning = Learning(choices, learns=learns)

    @property
    def is_held(self) -> bool:
        """Tells whether a chunk waits to be known for the last one."""
        return self._last is not None and self._last.is_held

    @property
    def is_settled(self) -> bool:
        """Tells whether it is known, so that nothing is fed until it is released."""
        return self._last is not None and self._last.is_settled

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
                    end = border(data, at)
                    out.append(self._pass_others(data[at:end]))
                at = end
            if self.may_be_billed and at < len(data):
                self._bill(self._framer.feed(data[at:]))
        except TooLargeError:
            out.append(self._fail(f"sent an event of more than {self._limit} bytes"))
        return b"".join(out)

    def _bill(self, events: list[Event]) -> None:
        """Take the usage alone from what follows an error."""
        usages = [usage for event in events if (usage := chunks.usage_in(event.data)) is not None]
        if usages:
            self.transcript.usage = usages[-1]
        self.may_be_billed = not (usages or any(event.data.strip() == DONE for event in events))

    def settle(self) -> bytes:
        """Return the frames that go out when nothing has followed the held chunk for a while."""
        out = self._last.settle() if self._last is not None else b""
        self.goes_on = not (self._is_over or self.is_held)
        return out

    def release(self, persona_json: bytes) -> bytes:
        """Return the held chunk with the `persona` object, and what has waited behind it."""
        assert self._last is not None  # noqa: S101 - nothing else is held
        self.done, self.goes_on = self._last.is_ended, not self._is_over
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

    def _run(self, data: bytes, at: int) -> Run | None:
        """Find a run as `Template.run` does, where an event begins at `at` that is to go out."""
        template = self._learning.template
        if template is None or not self.goes_on or not self._framer.is_between:
            return None
        return template.run(data, at)

    def _pass_run(self, run: Run) -> bytes:
        """Return the frames for chunks like the template."""
        self._learning.misses = 0
        self.events += run.events
        self.transcript.heard += run.events
        for index, text in run.said:
            if text:
                self.transcript.keep(index, text)
                if self._last is not None and self._last.is_released:
                    self._last.reopen()
        return run.frames

    def _pass_others(self, data: bytes) -> bytes:
        """Return the frames for whatever else comes, at most one event if it is framed like the template."""
        events = self._framer.feed(data)
        if events and data.endswith(b"\n\n"):
            self._learning.misses += 1
            if self._learning.misses > 1 and self._learning.template is not None:
                self._learning.unlearn()
        return self._take(events)

    def _take(self, events: list[Event], *, at_end: bool = False) -> bytes:
        out = []
        for at, event in enumerate(events):
            if self._is_over:
                if self.may_be_billed:
                    self._bill(events[at:])
                break
            try:
                out.append(self._pass(event))
            except (chunks.BrokenChunkError, RecursionError):
                out.append(self._fail(BROKEN_OFF if at_end else NO_JSON))
        return b"".join(out)

    def _pass(self, event: Event) -> bytes:
        """Return the frames for one event; empty where it is held, waits, or is taken out."""
        came, name = event
        stripped = came.strip()
        if stripped == DONE:
            self.events += 1
            return self._end()
        if not stripped:
            return b""
        chunk = chunks.read(came)
        self.events += 1
        counts = False
        if chunk.usage is not chunks.NULL and (usage := chunks.usage_of(chunk.usage)) is not None:
            self.transcript.usage = usage
            counts = not chunk.choices
        if chunks.may_fail(chunk, name):
            error = chunks.error_of(chunk, came, name)
            if error is not None:
                return self._pass_error(error, came, chunk)
        if counts and not self._wants_usage:
            return b""
        speaks, finishes = self.transcript.add(chunk)
        known, data = self._edit.id, self._edit.apply(came, chunk)
        if self._edit.id is not known:
            # What was learnt goes out without it.
            self._learning.template = None
        if self._learning.template is None and not name:
            self._learning.learn(came, data, chunk)
        last = self._last
        if last is None:
            return frame(data)
        out = last.take(data, chunk, speaks=speaks, finishes=finishes, counts=counts)
        self.goes_on = not last.is_held
        return out

    def _end(self) -> bytes:
        """Note that the upstream has said all."""
        self._is_over, self.goes_on = True, False
        if self._last is None:
            self.done = True
            return DONE_FRAME
        out = self._last.end(self._edit.any_id)
        self.done = not self._last.is_settled
        return out

    def _pass_error(self, error: bytes, data: bytes, chunk: Chunk) -> bytes:
        """Fail, after what came before and beside the error."""
        beside = b""
        if chunk.choices or (self._wants_usage and self.transcript.usage and chunk.usage is not chunks.NULL):
            self.transcript.add(chunk)
            beside = frame(self._edit.apply(chunks.without_errors(data), chunk))
        self.may_be_billed = self.transcript.usage is None
        cause = from_event(self.upstream, error, self._mask)
        return self._fall(cause, cause.refusal_midway()) + beside

    def _fail(self, problem: str) -> bytes:
        self.may_be_billed = False
        refusal = Refusal(Fault.STREAM_BROKEN, f"The upstream `{self.upstream}` {problem}.")
        return self._fall(UpstreamFailure("bad_answer", self.upstream), refusal)

    def _fall(self, cause: UpstreamFailure, failure: Refusal) -> bytes:
        """Fail, unless it has failed already; return the frames that are whole, which still go out."""
        self._is_over, self.goes_on = True, False
        if self.failure is None:
            self.cause, self.failure = cause, failure
        return self._last.let_go() if self._last is not None else b""
