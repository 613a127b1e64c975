"""An upstream with a Responses API of its own is relayed: its events and items are edited, not rebuilt."""

from typing import Any

import msgspec

from gateway.errors import Fault, Refusal
from gateway.openai_api import chunk as chunks
from gateway.openai_api.keeping import KEPT_CHARACTERS, Keepable, too_long
from gateway.openai_api.messages import opens
from gateway.openai_api.relay import NO_JSON
from gateway.openai_api.sse import DONE, Event, Framer, TooLargeError
from gateway.openai_api.transcript import TRANSCRIPT_CHARACTERS
from gateway.responses.answered import ENDED, finish_of, message_of
from gateway.responses.draft import Draft
from gateway.scoring.transcript import Said
from gateway.turns.usage import read_response
from gateway.upstreams.failure import UpstreamFailure, from_event
from gateway.upstreams.masking import Mask
from gateway.upstreams.reason import is_error

LIFECYCLE = frozenset(["response.created", "response.in_progress", "response.queued"])
ENDS = frozenset(["response.completed", "response.incomplete"])
Raw = msgspec.Raw


class _Event(msgspec.Struct):
    type: str = ""
    delta: Any = None
    response: Raw = chunks.NULL
    error: Raw = chunks.NULL
    item: Raw = chunks.NULL
    sequence_number: int = 0


_event = msgspec.json.Decoder(_Event)
_object = msgspec.json.Decoder(dict[str, Raw])
_array = msgspec.json.Decoder(list[Raw])
_objects = msgspec.json.Decoder(list[dict[str, Raw]])


class NativeTranscript(Keepable):
    """Hears a response of an upstream; `message` is what a chat would have said."""

    __slots__ = ("output",)

    def __init__(self, room: int) -> None:
        super().__init__(room)
        self.output: Raw = Raw(b"[]")
        """The items of the answer, once they are whole."""

    def said(self) -> list[Said]:
        found = super().said()
        return [msgspec.structs.replace(each, text=each.text[:TRANSCRIPT_CHARACTERS]) for each in found]

    def message(self) -> bytes:
        """Return the answer as a message, in JSON. Raises Refusal where it is too long to be kept."""
        if self.room < 0 or len(self.output) > KEPT_CHARACTERS:
            raise too_long()
        return message_of(self.output)


class NativeRelay:
    """Keeps one stream's state, as `Relay` does for chats."""

    def __init__(
        self, *, upstream: str, draft: Draft, has_persona: bool, limit: int, mask: Mask, is_kept: bool
    ) -> None:
        self.transcript = NativeTranscript(KEPT_CHARACTERS if is_kept else TRANSCRIPT_CHARACTERS)
        self.events = 0
        self.failure: Refusal | None = None
        self.cause: UpstreamFailure | None = None
        self.done = False
        self.goes_on = True
        self.may_be_billed = False
        self.is_settled = False
        self.ending = b""
        self._upstream = upstream
        self._draft = draft
        self._has_persona = has_persona
        self._limit = limit
        self._mask = mask
        self._is_kept = is_kept
        self._framer = Framer(limit)
        self._early: list[bytes] = []
        """Events of an answer that has not begun yet, and may still fail."""
        self._last: tuple[str, bytes] | None = None

    @property
    def is_held(self) -> bool:
        return self.is_settled

    def feed(self, data: bytes) -> bytes:
        try:
            return self._take(self._framer.feed(data))
        except TooLargeError:
            self._fail(f"sent an event of more than {self._limit} bytes")
            return b""

    def finish(self, *, is_broken: bool = False) -> bytes:
        out = b"" if is_broken else self._take(self._framer.finish())
        if self.goes_on:
            self._fail("ended its answer before it was finished")
        return out

    def settle(self) -> bytes:
        return b""

    def release(self, persona_json: bytes) -> bytes:
        """Return the last event with the `persona` object, or leave it for when the answer is kept."""
        self.is_settled, self.done = False, True
        assert self._last is not None  # noqa: S101 - it is settled by that event alone
        kind, response = self._last
        self._draft.answer = chunks.with_keys(response, {"persona": persona_json})
        last = self._draft.event(kind, b'"response":' + self._draft.answer)
        if self._is_kept:
            self.ending = last
            return b""
        return last

    def _take(self, events: list[Event]) -> bytes:
        out: list[bytes] = []
        for came, name in events:
            if not self.goes_on:
                break
            if came.strip() in (DONE, b""):
                continue
            try:
                self._pass(came, name, out)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
                self._fail(NO_JSON)
        return b"".join(out)

    def _pass(self, came: bytes, name: bytes, out: list[bytes]) -> None:
        event = _read(came)
        kind = event.type or name.decode("ascii", "replace")
        if kind == "error" or (not kind and is_error(event.error)):
            self._report(came if event.error == chunks.NULL else event.error)
            return
        response = event.response
        if kind == "response.failed":
            found = _object.decode(response) if opens(response, "{") else {}
            self.transcript.usage = read_response(found.get("usage"))
            self._report(found.get("error") or came)
            return
        if kind in ENDS:
            self._end(kind, response, out)
            return
        self._listen(kind, event)
        data = came
        if response != chunks.NULL:
            data = chunks.with_keys(came, {"response": self._edited(response)})
        written = b"event: %b\ndata: %b\n\n" % (kind.encode(), data.replace(b"\n", b" "))
        self._draft.sequence = max(self._draft.sequence, event.sequence_number + 1)
        if kind in LIFECYCLE and not self.events:
            self._early.append(written)
            return
        self.events += 1
        out += self._early
        self._early = []
        out.append(written)

    def _edited(self, response: Raw) -> bytes:
        return chunks.with_keys(bytes(response), self._draft.edits())

    def _listen(self, kind: str, event: _Event) -> None:
        transcript = self.transcript
        transcript.heard += 1
        if kind == "response.output_text.delta":
            if isinstance(event.delta, str):
                transcript.keep(0, event.delta)
        elif kind == "response.refusal.delta":
            transcript.refused = frozenset([0])
        elif kind.endswith("_call_arguments.delta") or kind.startswith("response.function_call"):
            transcript.called_tools = frozenset([0])

    def _end(self, kind: str, response: Raw, out: list[bytes]) -> None:
        """Take in the whole response, which waits for its score."""
        fields = _object.decode(response)
        transcript, draft = self.transcript, self._draft
        transcript.usage = read_response(fields.get("usage"))
        if bytes(fields.get("status", chunks.NULL)) not in ENDED:
            self._fail("ended its answer in a state that is no end")
            return
        transcript.output = fields.get("output", Raw(b"[]"))
        transcript.finished[0] = finish_of(fields)
        _objects.decode(transcript.output)  # raises where an item is no object
        draft.items = [bytes(each) for each in _array.decode(transcript.output)]
        self.events += 1
        out += self._early
        self._early, self.goes_on = [], False
        edited = self._edited(response)
        if self._has_persona:
            self._last, self.is_settled = (kind, edited), True
            return
        draft.answer, self.done = edited, True
        out.append(draft.event(kind, b'"response":' + edited))

    def _report(self, error: bytes) -> None:
        self.events += 1
        cause = from_event(self._upstream, bytes(error), self._mask)
        self._fall(cause, cause.refusal_midway())

    def _fail(self, problem: str) -> None:
        refusal = Refusal(Fault.STREAM_BROKEN, f"The upstream `{self._upstream}` {problem}.")
        self._fall(UpstreamFailure("bad_answer", self._upstream), refusal)

    def _fall(self, cause: UpstreamFailure, failure: Refusal) -> None:
        self.goes_on = False
        # What came early counts as seen, or the failure would not be noticed as the first event.
        self.events += not self.events
        if self.failure is None:
            self.cause, self.failure = cause, failure


def _read(came: bytes) -> _Event:
    try:
        return _event.decode(came)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError):
        value = chunks.value_of(came)
        if not isinstance(value, dict):
            raise ValueError from None
        return _event.decode(msgspec.json.encode(value))
