"""A Responses request is read, and put in the words of a chat request that asks for the same."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gateway.openai_api.body import decode_object
from gateway.openai_api.messages import flag, opens, wrong
from gateway.openai_api.parameters import NULL, is_set
from gateway.responses import items as spoken_items
from gateway.responses import messages, parameters
from gateway.responses.messages import Heard, Obstacle, Spoken
from gateway.responses.parameters import Translated

ID_BYTES = 128
"""Bytes of an id, as it is written."""
METADATA = 16
"""Entries of the metadata; keys have 64 characters at most, values 512."""

_fields = msgspec.json.Decoder(spoken_items.Fields)
_text = msgspec.json.Decoder(str)
_metadata = msgspec.json.Decoder(dict[str, str])


class Asked:
    """Holds one Responses request. `fields` are as the caller wrote them."""

    __slots__ = (
        "background",
        "chat",
        "conversation",
        "cut",
        "fields",
        "heard",
        "input",
        "instructions",
        "is_text",
        "metadata",
        "more",
        "origins",
        "previous",
        "referred",
        "store",
        "stream",
    )

    def __init__(self, fields: dict[str, msgspec.Raw]) -> None:
        self.fields = fields
        self.chat: Translated = parameters.translate(fields)
        self.stream = flag(fields, "stream") or False
        self.store = flag(fields, "store")
        """It is `None` where the caller has not said."""
        self.background = flag(fields, "background") or False
        if self.background and self.store is False:
            raise wrong("store", "must not be false beside `background`; such a response is kept, to be read")
        self.previous = _id(fields, "previous_response_id")
        self.conversation = _conversation(fields)
        self.metadata = _read_metadata(fields)
        self.instructions = fields.get("instructions", NULL)
        if self.instructions != NULL and not opens(self.instructions, '"'):
            raise wrong("instructions", "must be a text")
        value = fields.get("input", NULL)
        self.is_text = opens(value, '"')
        """Tells whether the input is a text."""
        self.input: list[spoken_items.Fields] = []
        self.referred: frozenset[bytes] = frozenset()
        """Items that were referred to, as they were kept."""
        self.cut = 0
        """Messages that a chat is not sent, from the oldest on: they do not fit into its context."""
        self.more = 0
        """Bytes of them."""
        self.heard = self._hear(value)
        self.origins: list[str] = []
        """The place in the caller's request for each message of the chat request."""
        if self.previous is not None and self.conversation is not None:
            raise wrong("conversation", "stands beside `previous_response_id`; keep one of them")

    @classmethod
    def read(cls, body: bytes) -> "Asked":
        """Raises Refusal."""
        return cls(decode_object(body))

    def _hear(self, value: msgspec.Raw) -> Heard:
        if self.is_text:
            message = {"role": msgspec.Raw(b'"user"'), "content": value}
            item = msgspec.json.encode({"type": "message", **message})
            return Heard([Spoken(message, [item], "input")], [], [], [])
        if value == NULL:
            if self.previous is None and self.conversation is None and "prompt" not in self.fields:
                raise wrong("input", "is missing; send a text or an array of items")
            return Heard([], [], [], [])
        if not opens(value, "["):
            raise wrong("input", "must be a text or an array of items")
        self.input = spoken_items.decode(value, "input")
        return messages.hear(self.input)

    @property
    def references(self) -> dict[int, str]:
        """List the ids of items that are referred to, by their places."""
        return {
            at: _text.decode(item["id"])
            for at, item in enumerate(self.input)
            if item.get("type", NULL) == spoken_items.REFERENCE and opens(item.get("id", NULL), '"')
        }

    def refer(self, found: Mapping[int, bytes]) -> None:
        """Put items in the place of references to them."""
        for at, item in found.items():
            self.input[at] = _fields.decode(item)
        self.referred = frozenset(msgspec.json.encode(self.input[at]) for at in found)
        self.more = sum(map(len, found.values()))
        self.heard = messages.hear(self.input)

    @property
    def obstacles(self) -> list[Obstacle]:
        """List what a chat cannot be asked."""
        return [*self.chat.obstacles, *self.heard.obstacles]

    @property
    def foreign(self) -> list[str]:
        """List the places that name objects of an upstream."""
        return [*self.chat.foreign, *self.heard.foreign]

    def messages(self, history: Sequence[msgspec.Raw]) -> list[Any]:
        """List the messages of the chat request: what holds for it, what was said before, and what is new."""
        leading = self.leading
        found: list[Any] = []
        self.origins = []
        if self.instructions != NULL:
            found.append({"role": "system", "content": self.instructions})
            self.origins.append("instructions")
        for said in [*self.heard.spoken[:leading]]:
            found.append(said.message)
            self.origins.append(said.origin)
        kept = len(found) + self.cut
        found += history
        self.origins += ["input"] * len(history)
        for said in self.heard.spoken[leading:]:
            found.append(said.message)
            self.origins.append(said.origin)
        del found[kept - self.cut : kept], self.origins[kept - self.cut : kept]
        return found

    @property
    def is_truncated(self) -> bool:
        """Tell whether the oldest messages may be left out where all are too many."""
        return bytes(self.fields.get("truncation", NULL)) == parameters.AUTO

    @property
    def leading(self) -> int:
        """Count the system messages with which the input begins."""
        spoken = self.heard.spoken
        return next((at for at, said in enumerate(spoken) if not said.is_system), len(spoken))

    def body(self, history: Sequence[msgspec.Raw] = ()) -> bytes:
        """Write the chat request."""
        fields: dict[str, Any] = {**self.chat.fields, "messages": self.messages(history)}
        if "model" not in fields and "prompt" not in fields:
            raise wrong("model", "is missing; name a persona such as `persona/the-night-librarian`")
        return msgspec.json.encode(fields)


def _id(fields: dict[str, msgspec.Raw], name: str) -> str | None:
    if not is_set(fields, name):
        return None
    value = fields[name]
    if not opens(value, '"') or len(memoryview(value)) > ID_BYTES:
        raise wrong(name, "must be an id")
    return _text.decode(value)


def _conversation(fields: dict[str, msgspec.Raw]) -> str | None:
    """Read the id of the conversation, which may stand in an object."""
    value = fields.get("conversation", NULL)
    if not opens(value, "{"):
        return _id(fields, "conversation")
    inner = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
    found = _id({"conversation": inner.get("id", NULL)}, "conversation")
    if found is None:
        raise wrong("conversation", "has no `id`")
    return found


def _read_metadata(fields: dict[str, msgspec.Raw]) -> dict[str, str]:
    if not is_set(fields, "metadata"):
        return {}
    try:
        found = _metadata.decode(fields["metadata"])
    except (msgspec.ValidationError, RecursionError):
        raise wrong("metadata", "must be an object whose values are texts") from None
    if len(found) > METADATA or any(len(key) > 64 or len(value) > 512 for key, value in found.items()):
        problem = f"must have {METADATA} entries at most, with keys of 64 and values of 512 characters"
        raise wrong("metadata", problem)
    return found
