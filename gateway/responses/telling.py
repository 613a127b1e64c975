"""What a chat says, chunk by chunk, is told as the events of a response."""

from typing import Any

import msgspec

from gateway.openai_api import chunk as chunks
from gateway.openai_api.messages import opens
from gateway.openai_api.sse import DONE
from gateway.responses.draft import Draft
from gateway.responses.hearing import (
    Call,
    Delta,
    Function,
    call_decoder,
    chunk_decoder,
    inside,
    leniently,
    read_calls,
    scores_of,
)
from gateway.responses.writing import call_item, message_item, reasoning_item, text_part, usage_json
from gateway.turns.usage import Usage

FIELD, BETWEEN = b"data: ", b"\n\n"
CALLS = 128
"""Tools that one answer may call."""
INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""Finish reasons of a chat that leave a response incomplete, and what that is called there."""

Raw = msgspec.Raw


class TooLongError(Exception):
    """The answer is longer than may be told in one event."""


class _Item:
    """An item of the output that is not whole yet."""

    __slots__ = ("at", "call_id", "id", "kind", "logprobs", "name", "refusal", "texts")

    def __init__(self, kind: str, item_id: str, at: int) -> None:
        self.kind = kind
        self.id = item_id
        self.at = at
        self.texts: list[bytes] = []
        """These were said, called with or reasoned, as the insides of JSON strings."""
        self.refusal: list[bytes] = []
        self.logprobs: list[bytes] = []
        self.name = self.call_id = ""

    @property
    def text(self) -> bytes:
        return b'"' + b"".join(self.texts) + b'"'

    @property
    def place(self) -> bytes:
        """Say which item an event is about."""
        return b'"item_id":"%b","output_index":%d,' % (self.id.encode(), self.at)


class Teller:
    """Tells one answer."""

    def __init__(self, draft: Draft, limit: int, *, summarises: bool) -> None:
        """`summarises` tells that reasoning is told as its summary, since that was asked for."""
        self.draft = draft
        self.persona: bytes | None = None
        """The `persona` object of the last event."""
        self.usage: Usage | None = None
        self._room = limit
        self._summarises = summarises
        self._has_begun = False
        self._speaking: _Item | None = None
        """The message, or the reasoning, that goes on."""
        self._calling: dict[int, _Item] = {}
        self._made = 0
        self._done: dict[int, bytes] = {}
        self._finish: str | None = None

    def tell(self, frames: bytes) -> bytes:
        """Return the events for whole frames of a chat. Raises TooLongError."""
        out: list[bytes] = []
        for part in frames.split(BETWEEN):
            data = part.removeprefix(FIELD)
            if data and data != DONE and len(data) < len(part):
                if not self._has_begun:
                    self._begin(out)
                self._tell(data, out)
        return b"".join(out)

    def end(self) -> bytes:
        """Return the events that end the answer."""
        out: list[bytes] = []
        if not self._has_begun:
            self._begin(out)
        if self._speaking is None and not self._calling and not self._made:
            self._open("message", "msg", out)
        self._close_all(out)
        reason = INCOMPLETE.get(self._finish or "")
        status = "completed" if reason is None else "incomplete"
        draft = self.draft
        draft.usage = usage_json(self.usage)
        draft.answer = draft.written(status, draft.items, incomplete=reason, persona=self.persona)
        out.append(draft.event(f"response.{status}", b'"response":' + draft.answer))
        return b"".join(out)

    def _begin(self, out: list[bytes]) -> None:
        self._has_begun, draft = True, self.draft
        response = b'"response":' + draft.written("in_progress", [])
        out += [draft.event("response.created", response), draft.event("response.in_progress", response)]

    def _tell(self, data: bytes, out: list[bytes]) -> None:
        try:
            choices = chunk_decoder.decode(data).choices
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            choices = leniently(data)
        for choice in choices:
            if choice is None or choice.index:
                continue
            delta = choice.delta
            if delta is not None:
                self._listen(delta, choice.logprobs, out)
            if choice.finish_reason:
                self._finish = choice.finish_reason

    def _listen(self, delta: Delta, logprobs: Raw, out: list[bytes]) -> None:
        thought = delta.reasoning_content if delta.reasoning_content is not chunks.NULL else delta.reasoning
        if thought is not chunks.NULL and (text := inside(thought)):
            self._think(text, out)
        if delta.content is not chunks.NULL and (text := inside(delta.content)):
            self._say(text, logprobs, out)
        if delta.refusal is not chunks.NULL and (text := inside(delta.refusal)):
            self._refuse(text, out)
        if delta.tool_calls is not chunks.NULL:
            for at, call in enumerate(read_calls(delta.tool_calls)):
                self._call(call.index if call.index is not None else at, call, out)
        if delta.function_call is not chunks.NULL and opens(delta.function_call, "{"):
            self._call(0, Call(function=call_decoder.decode(delta.function_call)), out)

    def _take(self, text: bytes) -> None:
        self._room -= len(text)
        if self._room < 0:
            raise TooLongError

    def _think(self, text: bytes, out: list[bytes]) -> None:
        self._take(text)
        item = self._speaking
        if item is None or item.kind != "reasoning":
            item = self._open("reasoning", "rs", out)
        item.texts.append(text)
        kind = "reasoning_summary_text" if self._summarises else "reasoning_text"
        index = b'"summary_index":0' if self._summarises else b'"content_index":0'
        out.append(
            self.draft.event(f"response.{kind}.delta", b'%b%b,"delta":"%b"' % (item.place, index, text))
        )

    def _say(self, text: bytes, logprobs: Raw, out: list[bytes]) -> None:
        self._take(text)
        item = self._speaking
        if item is None or item.kind != "message" or item.refusal:
            item = self._open("message", "msg", out)
        if not item.texts:
            part = b'"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]}'
            out.append(
                self.draft.event("response.content_part.added", item.place + b'"content_index":0,' + part)
            )
        item.texts.append(text)
        scores = b"" if logprobs is chunks.NULL else b",".join(scores_of(logprobs))
        if scores:
            self._take(scores)
            item.logprobs.append(scores)
        draft = self.draft
        number, draft.sequence = draft.sequence, draft.sequence + 1
        out.append(
            b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta",'
            b'"sequence_number":%d,%b"content_index":0,"delta":"%b","logprobs":[%b]}\n\n'
            % (number, item.place, text, scores)
        )

    def _refuse(self, text: bytes, out: list[bytes]) -> None:
        self._take(text)
        item = self._speaking
        if item is None or item.kind != "message":
            item = self._open("message", "msg", out)
        index = b'"content_index":%d,' % bool(item.texts)
        if not item.refusal:
            part = b'"part":{"type":"refusal","refusal":""}'
            out.append(self.draft.event("response.content_part.added", item.place + index + part))
        item.refusal.append(text)
        out.append(self.draft.event("response.refusal.delta", item.place + index + b'"delta":"%b"' % text))

    def _call(self, index: int, call: Call, out: list[bytes]) -> None:
        """Take in a piece of a call; names and arguments grow piece by piece."""
        function = call.function or Function()
        item = self._calling.get(index)
        if item is None:
            if len(self._calling) >= CALLS:
                raise TooLongError
            self._close_speaking(out)
            item = _Item("function_call", self._new_id("fc"), self._made - 1)
            item.call_id = call.id if isinstance(call.id, str) and call.id else f"call_{item.id[3:]}"
            item.name = function.name if isinstance(function.name, str) else ""
            self._calling[index] = item
            added = _json(
                {**_call_head(item), "arguments": "", "status": "in_progress"},
            )
            out.append(self._item_event("added", item, added))
        elif isinstance(function.name, str):
            item.name += function.name
        if isinstance(function.arguments, str) and function.arguments:
            text = _json(function.arguments)[1:-1]
            self._take(text)
            item.texts.append(text)
            rest = item.place + b'"delta":"%b"' % text
            out.append(self.draft.event("response.function_call_arguments.delta", rest))

    def _new_id(self, prefix: str) -> str:
        """Make the id of an item: the first of its kind bears the number of its response alone."""
        self._made += 1
        return f"{prefix}_{self.draft.number}" + ("" if self._made == 1 else str(self._made))

    def _open(self, kind: str, prefix: str, out: list[bytes]) -> _Item:
        """Begin an item, and end the one before."""
        self._close_speaking(out)
        item = self._speaking = _Item(kind, self._new_id(prefix), self._made - 1)
        if kind == "message":
            shown: dict[str, Any] = {"role": "assistant", "content": []}
        else:
            shown = {"summary": []} if self._summarises else {"summary": [], "content": []}
        added = _json({"id": item.id, "type": kind, "status": "in_progress", **shown})
        out.append(self._item_event("added", item, added))
        if kind == "reasoning":
            out.append(self._reasoning_part("added", item, b""))
        return item

    def _reasoning_part(self, what: str, item: _Item, text: bytes) -> bytes:
        name, index, kind = (
            (b"reasoning_summary_part", b'"summary_index":0,', b"summary_text")
            if self._summarises
            else (b"content_part", b'"content_index":0,', b"reasoning_text")
        )
        part = b'"part":{"type":"%b","text":"%b"}' % (kind, text)
        return self.draft.event(f"response.{name.decode()}.{what}", item.place + index + part)

    def _item_event(self, what: str, item: _Item, written: bytes) -> bytes:
        rest = b'"output_index":%d,"item":%b' % (item.at, written)
        return self.draft.event(f"response.output_item.{what}", rest)

    def _close_all(self, out: list[bytes]) -> None:
        self._close_speaking(out)
        for index in sorted(self._calling):
            item = self._calling[index]
            rest = item.place + b'"name":%b,"arguments":%b' % (_json(item.name), item.text)
            out.append(self.draft.event("response.function_call_arguments.done", rest))
            self._close(item, call_item(item.id, item.call_id, item.name, item.text), out)
        self._calling = {}
        self.draft.items = [self._done[at] for at in sorted(self._done)]

    def _close_speaking(self, out: list[bytes]) -> None:
        item, self._speaking = self._speaking, None
        if item is None:
            return
        if item.kind == "reasoning":
            self._end_reasoning(item, out)
            self._close(item, reasoning_item(item.id, item.text, summarises=self._summarises), out)
            return
        logprobs = b",".join(item.logprobs)
        if item.texts:
            rest = b'"content_index":0,"text":%b,"logprobs":[%b]' % (item.text, logprobs)
            out.append(self.draft.event("response.output_text.done", item.place + rest))
            part = b'"content_index":0,"part":' + text_part(item.text, logprobs)
            out.append(self.draft.event("response.content_part.done", item.place + part))
        refusal = b'"' + b"".join(item.refusal) + b'"' if item.refusal else None
        if refusal is not None:
            index = b'"content_index":%d,' % bool(item.texts)
            out.append(
                self.draft.event("response.refusal.done", item.place + index + b'"refusal":' + refusal)
            )
            part = index + b'"part":{"type":"refusal","refusal":%b}' % refusal
            out.append(self.draft.event("response.content_part.done", item.place + part))
        text = item.text if item.texts else None
        status = "incomplete" if INCOMPLETE.get(self._finish or "") else "completed"
        self._close(item, message_item(item.id, text, refusal, logprobs, status), out)

    def _end_reasoning(self, item: _Item, out: list[bytes]) -> None:
        kind = "reasoning_summary_text" if self._summarises else "reasoning_text"
        index = b'"summary_index":0,' if self._summarises else b'"content_index":0,'
        out.append(self.draft.event(f"response.{kind}.done", item.place + index + b'"text":' + item.text))
        out.append(self._reasoning_part("done", item, item.text[1:-1]))

    def _close(self, item: _Item, written: bytes, out: list[bytes]) -> None:
        self._done[item.at] = written
        self.draft.items = [self._done[at] for at in sorted(self._done)]
        out.append(self._item_event("done", item, written))


def _call_head(item: _Item) -> dict[str, Any]:
    return {"id": item.id, "type": "function_call", "call_id": item.call_id, "name": item.name}


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value)
