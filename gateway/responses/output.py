"""The output of an answer grows item by item, and each step of it is told as events."""

from typing import Any

import msgspec

from gateway.responses import item as items
from gateway.responses.draft import Draft
from gateway.responses.hearing import Call, Function
from gateway.responses.item import Item

CALLS = 128
"""Tools that one answer may call."""
FIRST = b'"content_index":0,'
TEXT_PART = b'{"type":"output_text","text":"","annotations":[],"logprobs":[]}'
REFUSAL_PART = b'{"type":"refusal","refusal":""}'


class TooLongError(Exception):
    """The answer is longer than may be told in one event."""


class Output:
    """It is given the insides of JSON strings; each step adds its events to `told`."""

    def __init__(self, draft: Draft, limit: int, *, summarises: bool) -> None:
        """`summarises` tells that reasoning is told as its summary, since that was asked for."""
        self.told: list[bytes] = []
        """The events that nobody has taken yet."""
        self._draft = draft
        self._room = limit
        self._summarises = summarises
        self._speaking: Item | None = None
        """The message, or the reasoning, that goes on."""
        self._calling: dict[int, Item] = {}
        self._made = 0
        self._done: dict[int, bytes] = {}

    def think(self, texts: list[bytes]) -> None:
        """Go on reasoning. Raises TooLongError, as the others do."""
        self._take(sum(map(len, texts)))
        item = self._speaking
        if item is None or item.kind != "reasoning":
            item = self._open("reasoning", "rs")
        item.texts += texts
        self.told.append(items.thought_events(self._draft, item, texts, summarises=self._summarises))

    def say(self, texts: list[bytes], logprobs: bytes = b"") -> None:
        """Go on with the message; `logprobs` are those of the texts, as JSON without the brackets."""
        self._take(sum(map(len, texts)) + len(logprobs))
        item = self._speaking
        if item is None or item.kind != "message" or item.refusal:
            item = self._open("message", "msg")
        if not item.texts:
            self.told.append(items.part_event(self._draft, "added", item, FIRST, TEXT_PART))
        item.texts += texts
        if logprobs:
            item.logprobs.append(logprobs)
        self.told.append(items.text_events(self._draft, item, texts, logprobs))

    def refuse(self, text: bytes) -> None:
        self._take(len(text))
        item = self._speaking
        if item is None or item.kind != "message":
            item = self._open("message", "msg")
        index = item.refusal_index
        if not item.refusal:
            self.told.append(items.part_event(self._draft, "added", item, index, REFUSAL_PART))
        item.refusal.append(text)
        rest = item.place + index + b'"delta":"%b"' % text
        self.told.append(self._draft.event("response.refusal.delta", rest))

    def call(self, index: int, call: Call) -> None:
        """Take in a piece of a call; names and arguments grow piece by piece."""
        function = call.function or Function()
        item = self._calling.get(index)
        if item is None:
            item = self._open_call(index, call, function)
        elif isinstance(function.name, str):
            item.name += function.name
        if isinstance(function.arguments, str) and function.arguments:
            text = _json(function.arguments)[1:-1]
            self._take(len(text))
            item.texts.append(text)
            rest = item.place + b'"delta":"%b"' % text
            self.told.append(self._draft.event("response.function_call_arguments.delta", rest))

    def close(self, status: str) -> None:
        """End all that is open; `status` is a message's. What has said nothing ends as an empty message."""
        if self._speaking is None and not self._calling and not self._made:
            self._open("message", "msg")
        self._close_speaking(status)
        for index in sorted(self._calling):
            item = self._calling[index]
            self._close(item, *items.call_ends(self._draft, item))
        self._calling = {}

    def _take(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            raise TooLongError

    def _new_id(self, prefix: str) -> str:
        """Make the id of an item: the first of its kind bears the number of its response alone."""
        self._made += 1
        return f"{prefix}_{self._draft.number}" + ("" if self._made == 1 else str(self._made))

    def _open(self, kind: str, prefix: str) -> Item:
        """Begin an item, and end the one before."""
        self._close_speaking("completed")
        item = self._speaking = Item(kind, self._new_id(prefix), self._made - 1)
        if kind == "message":
            shown: dict[str, Any] = {"role": "assistant", "content": []}
        else:
            shown = {"summary": []} if self._summarises else {"summary": [], "content": []}
        self._add(item, {"id": item.id, "type": kind, "status": "in_progress", **shown})
        if kind == "reasoning":
            self.told.append(items.reasoning_part(self._draft, "added", item, summarises=self._summarises))
        return item

    def _open_call(self, index: int, call: Call, function: Function) -> Item:
        if len(self._calling) >= CALLS:
            raise TooLongError
        self._close_speaking("completed")
        item = self._calling[index] = Item("function_call", self._new_id("fc"), self._made - 1)
        item.call_id = call.id if isinstance(call.id, str) and call.id else f"call_{item.id[3:]}"
        item.name = function.name if isinstance(function.name, str) else ""
        head = {"id": item.id, "type": "function_call", "call_id": item.call_id, "name": item.name}
        self._add(item, {**head, "arguments": "", "status": "in_progress"})
        return item

    def _add(self, item: Item, shown: dict[str, Any]) -> None:
        self.told.append(items.item_event(self._draft, "added", item, _json(shown)))

    def _close_speaking(self, status: str) -> None:
        item, self._speaking = self._speaking, None
        if item is None:
            return
        if item.kind == "reasoning":
            self._close(item, *items.reasoning_ends(self._draft, item, summarises=self._summarises))
        else:
            self._close(item, *items.message_ends(self._draft, item, status))

    def _close(self, item: Item, told: bytes, written: bytes) -> None:
        self._done[item.at] = written
        self._draft.items = [self._done[at] for at in sorted(self._done)]
        self.told += [told, items.item_event(self._draft, "done", item, written)]


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value)
