"""An item of the output that is not whole yet, and the events that tell of it alone."""

import msgspec

from gateway.responses.draft import Draft
from gateway.responses.writing import call_item, message_item, reasoning_item, text_part


class Item:
    """What it holds are the insides of JSON strings."""

    __slots__ = ("at", "call_id", "id", "kind", "logprobs", "name", "refusal", "texts")

    def __init__(self, kind: str, item_id: str, at: int) -> None:
        self.kind = kind
        self.id = item_id
        self.at = at
        self.texts: list[bytes] = []
        """These were said, called with or reasoned."""
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

    @property
    def refusal_index(self) -> bytes:
        """Say which part of the message the refusal is."""
        return b'"content_index":%d,' % bool(self.texts)


def item_event(draft: Draft, what: str, item: Item, written: bytes) -> bytes:
    rest = b'"output_index":%d,"item":%b' % (item.at, written)
    return draft.event(f"response.output_item.{what}", rest)


def part_event(draft: Draft, what: str, item: Item, index: bytes, part: bytes) -> bytes:
    return draft.event(f"response.content_part.{what}", item.place + index + b'"part":' + part)


def text_events(draft: Draft, item: Item, texts: list[bytes], logprobs: bytes = b"") -> bytes:
    """Write an event for each text that a message goes on with."""
    form = (
        b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta",'
        b'"sequence_number":%%d,%b"content_index":0,"delta":"%%b","logprobs":[%b]}\n\n'
    ) % (item.place, logprobs.replace(b"%", b"%%"))
    return _numbered(draft, form, texts)


def thought_events(draft: Draft, item: Item, texts: list[bytes], *, summarises: bool) -> bytes:
    """Write an event for each text that the reasoning goes on with."""
    name, index = _reasoning(summarises)
    form = (
        b'event: response.%b.delta\ndata: {"type":"response.%b.delta","sequence_number":%%d,'
        b'%b%b"delta":"%%b"}\n\n'
    ) % (name, name, item.place, index)
    return _numbered(draft, form, texts)


def _numbered(draft: Draft, form: bytes, texts: list[bytes]) -> bytes:
    """Fill the form with the next number and a text, once for each text."""
    begin, events = draft.sequence, len(texts)
    draft.sequence = begin + events
    values: list[int | bytes] = [0] * (2 * events)
    values[::2], values[1::2] = range(begin, begin + events), texts
    return form * events % tuple(values)


def reasoning_part(draft: Draft, what: str, item: Item, *, summarises: bool) -> bytes:
    _, index = _reasoning(summarises)
    kind = b"summary_text" if summarises else b"reasoning_text"
    part = b'{"type":"%b","text":%b}' % (kind, item.text)
    if summarises:
        return draft.event(f"response.reasoning_summary_part.{what}", item.place + index + b'"part":' + part)
    return part_event(draft, what, item, index, part)


def reasoning_ends(draft: Draft, item: Item, *, summarises: bool) -> tuple[bytes, bytes]:
    """Return the events that end the reasoning, and the item that it is."""
    name, index = _reasoning(summarises)
    told = draft.event(f"response.{name.decode()}.done", item.place + index + b'"text":' + item.text)
    told += reasoning_part(draft, "done", item, summarises=summarises)
    return told, reasoning_item(item.id, item.text, summarises=summarises)


def message_ends(draft: Draft, item: Item, status: str) -> tuple[bytes, bytes]:
    """Return the events that end a message, and the item that it is."""
    told, logprobs, first = b"", b",".join(item.logprobs), b'"content_index":0,'
    if item.texts:
        rest = first + b'"text":%b,"logprobs":[%b]' % (item.text, logprobs)
        told += draft.event("response.output_text.done", item.place + rest)
        told += part_event(draft, "done", item, first, text_part(item.text, logprobs))
    refusal = b'"' + b"".join(item.refusal) + b'"' if item.refusal else None
    if refusal is not None:
        index = item.refusal_index
        told += draft.event("response.refusal.done", item.place + index + b'"refusal":' + refusal)
        told += part_event(draft, "done", item, index, b'{"type":"refusal","refusal":%b}' % refusal)
    text = item.text if item.texts else None
    return told, message_item(item.id, text, refusal, logprobs, status)


def call_ends(draft: Draft, item: Item) -> tuple[bytes, bytes]:
    """Return the event that ends a call, and the item that it is."""
    rest = item.place + b'"name":%b,"arguments":%b' % (msgspec.json.encode(item.name), item.text)
    told = draft.event("response.function_call_arguments.done", rest)
    return told, call_item(item.id, item.call_id, item.name, item.text)


def _reasoning(summarises: bool) -> tuple[bytes, bytes]:
    """Return the name of the events of reasoning, and which part of it they are about."""
    if summarises:
        return b"reasoning_summary_text", b'"summary_index":0,'
    return b"reasoning_text", b'"content_index":0,'
