"""What a chat says, chunk by chunk, is told as the events of a response."""

import msgspec

from gateway.openai_api.messages import opens
from gateway.openai_api.parameters import NULL
from gateway.openai_api.sse import DONE, border
from gateway.responses.alike import Alike
from gateway.responses.draft import Draft
from gateway.responses.hearing import (
    Call,
    Delta,
    call_decoder,
    chunk_decoder,
    inside,
    leniently,
    read_calls,
    scores_of,
)
from gateway.responses.output import Output
from gateway.responses.writing import usage_json
from gateway.turns.usage import Usage

FIELD, END = b"data: ", b"\n\n"


class Teller:
    """Tells one answer."""

    def __init__(self, draft: Draft, limit: int, *, summarises: bool) -> None:
        """`summarises` tells that reasoning is told as its summary, since that was asked for."""
        self.draft = draft
        self.persona: bytes | None = None
        """The `persona` object of the last event."""
        self.usage: Usage | None = None
        self._output = Output(draft, limit, summarises=summarises)
        self._alike = Alike()
        self._has_begun = False
        self._finish: str | None = None

    def tell(self, frames: bytes) -> bytes:
        """Return the events for whole frames of a chat. Raises TooLongError."""
        output, at = self._output, 0
        while at < len(frames):
            found = self._alike.find(frames, at)
            if found is not None:
                if found.thought:
                    output.think(found.thought)
                if found.said:
                    output.say(found.said)
                at = found.end
                continue
            end = border(frames, at)
            if frames.startswith(FIELD, at):
                data = frames[at + len(FIELD) : end].removesuffix(END)
                if data and data != DONE:
                    self._begin()
                    self._tell(data)
            at = end
        return self._taken()

    def end(self) -> bytes:
        """Return the events that end the answer."""
        self._begin()
        reason = self.draft.incomplete(self._finish)
        status = "completed" if reason is None else "incomplete"
        self._output.close(status)
        draft = self.draft
        draft.usage = usage_json(self.usage)
        draft.answer = draft.written(status, draft.items, incomplete=reason, persona=self.persona)
        return self._taken() + draft.event(f"response.{status}", b'"response":' + draft.answer)

    def _taken(self) -> bytes:
        told = b"".join(self._output.told)
        self._output.told.clear()
        return told

    def _begin(self) -> None:
        if self._has_begun:
            return
        self._has_begun, draft = True, self.draft
        response = b'"response":' + draft.written("in_progress", [])
        for kind in ("response.created", "response.in_progress"):
            self._output.told.append(draft.event(kind, response))

    def _tell(self, data: bytes) -> None:
        try:
            choices = chunk_decoder.decode(data).choices
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            choices = leniently(data)
        for choice in choices:
            if choice is None or choice.index:
                continue
            if choice.delta is not None:
                self._listen(choice.delta, choice.logprobs)
                self._alike.learn(data, choice)
            if choice.finish_reason:
                self._finish = choice.finish_reason

    def _listen(self, delta: Delta, logprobs: msgspec.Raw) -> None:
        output = self._output
        if text := inside(delta.reasoning_content) or inside(delta.reasoning):
            output.think([text])
        if text := inside(delta.content):
            output.say([text], b",".join(scores_of(logprobs)))
        if text := inside(delta.refusal):
            output.refuse(text)
        if delta.tool_calls != NULL:
            for at, call in enumerate(read_calls(delta.tool_calls)):
                output.call(call.index if call.index is not None else at, call)
        if opens(delta.function_call, "{"):
            output.call(0, Call(function=call_decoder.decode(delta.function_call)))
