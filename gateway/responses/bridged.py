"""An upstream that knows chat completions alone is asked for one, whose answer is told as a response."""

from typing import Any

import msgspec

from gateway.errors import Refusal
from gateway.openai_api import chunk as chunks
from gateway.openai_api.answer import Answer
from gateway.openai_api.messages import opens
from gateway.openai_api.parameters import NULL, is_set
from gateway.openai_api.relay import Relay
from gateway.openai_api.transcript import Transcript
from gateway.responses.draft import Draft
from gateway.responses.output import TooLongError
from gateway.responses.telling import Teller
from gateway.responses.writing import call_item, message_item, reasoning_item, usage_json
from gateway.scoring.transcript import text_of
from gateway.upstreams.failure import UpstreamFailure


class _Logprobs(msgspec.Struct):
    content: list[msgspec.Raw] | None = None


class _ScoredChoice(msgspec.Struct):
    logprobs: _Logprobs | None = None


class _Scored(msgspec.Struct):
    choices: list[_ScoredChoice]


_scored = msgspec.json.Decoder(_Scored)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


def summarises(draft: Draft) -> bool:
    """Tell whether the caller wants a summary of what is reasoned."""
    reasoning = draft.asked.fields.get("reasoning", NULL)
    if not opens(reasoning, "{"):
        return False
    inner = _object.decode(reasoning)
    return is_set(inner, "summary") or is_set(inner, "generate_summary")


class BridgedRelay:
    """Is fed a chat's stream, and returns the events of a response; all else a chat's own relay decides."""

    __slots__ = ("_chat", "_failure", "_is_kept", "_teller", "ending")

    def __init__(self, chat: Relay, draft: Draft, limit: int, *, is_kept: bool) -> None:
        self._chat = chat
        self._teller = Teller(draft, limit, summarises=summarises(draft))
        self._failure: Refusal | None = None
        self._is_kept = is_kept
        self.ending = b""
        """The events that end an answer, once it is kept."""

    @property
    def transcript(self) -> Transcript:
        return self._chat.transcript

    @property
    def events(self) -> int:
        return self._chat.events

    @property
    def cause(self) -> UpstreamFailure | None:
        return self._chat.cause

    @property
    def failure(self) -> Refusal | None:
        return self._failure or self._chat.failure

    @property
    def done(self) -> bool:
        return self._chat.done and self._failure is None

    @property
    def goes_on(self) -> bool:
        return self._chat.goes_on and self._failure is None

    @property
    def may_be_billed(self) -> bool:
        return self._chat.may_be_billed

    @property
    def is_held(self) -> bool:
        return self._chat.is_held

    @property
    def is_settled(self) -> bool:
        return self._chat.is_settled

    def feed(self, data: bytes) -> bytes:
        return self._told(self._chat.feed(data))

    def finish(self, *, is_broken: bool = False) -> bytes:
        return self._told(self._chat.finish(is_broken=is_broken))

    def settle(self) -> bytes:
        return self._told(self._chat.settle())

    def release(self, persona_json: bytes) -> bytes:
        self._teller.persona = persona_json
        return self._told(self._chat.release(persona_json))

    def _told(self, frames: bytes) -> bytes:
        if self._failure is not None:
            return b""
        try:
            out = self._teller.tell(frames)
        except TooLongError:
            self._failure = UpstreamFailure("bad_answer", self._chat.upstream).refusal()
            return b""
        if not self._chat.done or self.ending:
            return out
        self.ending = self._end()
        return out if self._is_kept else out + self.ending

    def _end(self) -> bytes:
        self._teller.usage = self._chat.transcript.usage
        return self._teller.end()


class BridgedAnswer(Answer):
    """A whole answer of a chat, told as a response."""

    draft: Draft

    def encode(self, model_json: bytes, persona_json: bytes) -> bytes:
        return self._written(self._items(), self.finish_reason, persona_json)

    def message_with(self, text: str) -> bytes:
        self.draft.words = text
        return super().message_with(text)

    def with_words(self, text: str, model_json: bytes, persona_json: bytes) -> bytes:
        item = message_item(f"msg_{self.draft.number}", msgspec.json.encode(text), None, b"", "completed")
        return self._written([item], "stop", persona_json)

    def _written(self, items: list[bytes], finish: str | None, persona: bytes | None) -> bytes:
        draft = self.draft
        reason = draft.incomplete(finish)
        draft.items, draft.usage = items, usage_json(self.usage)
        status = "completed" if reason is None else "incomplete"
        draft.answer = draft.written(status, items, incomplete=reason, persona=persona)
        return draft.answer

    def plain(self) -> bytes:
        """Encode the answer of a plain model."""
        return self._written(self._items(), self.finish_reason, None)

    def _items(self) -> list[bytes]:
        message, number = _object.decode(self.message()), self.draft.number
        items: list[bytes] = []
        thought = message.get("reasoning_content", message.get("reasoning", NULL))
        if opens(thought, '"') and len(thought) > 2:
            name = f"rs_{number}"
            items.append(reasoning_item(name, bytes(thought), summarises=summarises(self.draft)))
        calls = _calls(message)
        text, refusal = _text(message.get("content", NULL)), message.get("refusal", NULL)
        said = bytes(refusal) if opens(refusal, '"') and len(refusal) > 2 else None
        if text is not None or said is not None or not calls:
            status = "completed" if self.draft.incomplete(self.finish_reason) is None else "incomplete"
            name = _name("msg", number, len(items))
            items.append(message_item(name, text, said, self._logprobs(), status))
        for call in calls:
            name = _name("fc", number, len(items))
            function = call.get("function") or {}
            arguments = msgspec.json.encode(str(function.get("arguments") or ""))
            called = str(call.get("id") or f"call_{name[3:]}")
            items.append(call_item(name, called, str(function.get("name") or ""), arguments))
        return items

    def _logprobs(self) -> bytes:
        if b'"logprobs"' not in self.body:
            return b""
        try:
            first = _scored.decode(self.body).choices[0]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, IndexError):
            return b""
        return b",".join(bytes(each) for each in (first.logprobs and first.logprobs.content) or ())


def _name(prefix: str, number: str, at: int) -> str:
    return f"{prefix}_{number}" + ("" if at == 0 else str(at + 1))


def _text(content: msgspec.Raw) -> bytes | None:
    written = bytes(content)
    if written[:1] == b"[":
        written = msgspec.json.encode(text_of(chunks.value_of(content)))
    return written if written[:1] == b'"' and len(written) > 2 else None


def _calls(message: dict[str, msgspec.Raw]) -> list[dict[str, Any]]:
    if is_set(message, "tool_calls"):
        value = chunks.value_of(message["tool_calls"])
        return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
    if is_set(message, "function_call"):
        return [{"function": chunks.value_of(message["function_call"])}]
    return []
