"""Items of a Responses request become messages of a chat request, one or several items to a message."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from gateway.openai_api.messages import opens, wrong
from gateway.openai_api.parameters import NULL
from gateway.responses.foreign import is_bare_picture, names_object
from gateway.responses.items import (
    EMPTY,
    ITEMS,
    REFERENCE,
    TEXTS,
    USUAL,
    Fields,
    joined,
    shown_type,
    text_in,
)

SYSTEM = frozenset([b'"system"', b'"developer"'])
ASSISTANT = b'"assistant"'
_texts = msgspec.json.Decoder(list[dict[str, Any]])


class Obstacle(NamedTuple):
    """Something can be asked of an upstream's own Responses API alone."""

    param: str
    problem: str


class Spoken(NamedTuple):
    """A message of a chat request, and the items that it stands for."""

    message: dict[str, Any]
    items: list[bytes]
    origin: str
    """The place in the caller's request, such as `input[2]`."""

    @property
    def is_system(self) -> bool:
        return bytes(self.message["role"]) in SYSTEM


class Heard(NamedTuple):
    """Holds what the items say, in the order in which they came."""

    spoken: list[Spoken]
    obstacles: list[Obstacle]
    foreign: list[str]
    """Places that name an object of an upstream by its id."""
    oddities: list[str]
    """Places of items of types that are not known here."""


def hear(items: Sequence[Fields], place: str = "input") -> Heard:
    """Read the items as messages. Raises Refusal for an item that lacks what its type needs."""
    return _Reader(place).read(items)


class _Reader:
    """Reads items one after another: those of one answer come together in one message."""

    def __init__(self, place: str) -> None:
        self._param = place
        self._heard = Heard([], [], [], [])
        self._answer: Spoken | None = None
        """The answer that goes on, as long as items of it come."""
        self._before: list[bytes] = []
        """Items that are no messages, which go before the next one that is."""

    def read(self, items: Sequence[Fields]) -> Heard:
        readers: dict[bytes, Callable[[Fields, str], None]] = {
            b'"message"': self._message,
            b'"function_call"': self._call,
            b'"function_call_output"': self._result,
            b'"reasoning"': self._reasoning,
        }
        for at, item in enumerate(items):
            place = f"{self._param}[{at}]"
            kind = bytes(item.get("type", NULL))
            if kind == b"null" and "role" in item:
                kind = b'"message"'
            if kind == bytes(REFERENCE):
                self._heard.foreign.append(f"{place}.id")
            readers.get(kind, self._other)(item, place)
        if self._before:
            self._put_behind()
        return self._heard

    def _put_behind(self) -> None:
        """Keep items behind which no message comes with the last one that there is."""
        if not self._heard.spoken and not self._heard.foreign:
            raise wrong(self._param, "has no message; send at least one")
        if self._heard.spoken:
            self._heard.spoken[-1].items.extend(self._before)

    def _message(self, item: Fields, place: str) -> None:
        role, content = item.get("role", NULL), item.get("content", NULL)
        if role == NULL:
            raise wrong(self._param, "has no `role`; name one, such as `user`", place)
        if not opens(content, '"') and not opens(content, "["):
            raise wrong(self._param, "must be a text or an array of parts", f"{place}.content")
        if bytes(role) == ASSISTANT:
            self._said(item, content, place)
            return
        if bytes(role) in SYSTEM:
            said = joined(content)
            if said is None:
                raise wrong(self._param, "must hold texts alone", f"{place}.content")
        else:
            said = self._parts(content, f"{place}.content")
        self._add({"role": role, "content": said}, item, place)

    def _said(self, item: Fields, content: msgspec.Raw, place: str) -> None:
        if self._answer is not None and "content" in self._answer.message:
            self._answer = None
        answer = self._open(item, place)
        refusal = None
        if opens(content, "["):
            for part in ITEMS.decode(content):
                kind = bytes(part.get("type", NULL))
                self._look_for_file(part, f"{place}.content")
                if kind == b'"refusal"' and opens(part.get("refusal", NULL), '"'):
                    refusal = part["refusal"]
                elif kind not in TEXTS:
                    self._block(f"{place}.content", f"has a part of the type {shown_type(part)}")
        answer.message["content"] = joined(content) or EMPTY
        if refusal is not None:
            answer.message["refusal"] = refusal

    def _call(self, item: Fields, place: str) -> None:
        for name in ("call_id", "name", "arguments"):
            if not opens(item.get(name, NULL), '"'):
                raise wrong(self._param, "must be a string", f"{place}.{name}")
        function = {"name": item["name"], "arguments": item["arguments"]}
        calls = self._open(item, place).message.setdefault("tool_calls", [])
        calls.append({"id": item["call_id"], "type": "function", "function": function})

    def _reasoning(self, item: Fields, place: str) -> None:
        if self._answer is not None and "content" in self._answer.message and not self._has_called:
            self._answer = None
        message = self._open(item, place).message
        thought = self._thought(item, place)
        if thought:
            before = message.get("reasoning_content")
            message["reasoning_content"] = thought if before is None else f"{before}\n\n{thought}"

    def _result(self, item: Fields, place: str) -> None:
        if not opens(item.get("call_id", NULL), '"'):
            raise wrong(self._param, "must be a string", f"{place}.call_id")
        output = item.get("output", NULL)
        if not opens(output, '"') and not opens(output, "["):
            raise wrong(self._param, "must be a text or an array of parts", f"{place}.output")
        content = self._parts(output, f"{place}.output")
        role = msgspec.Raw(b'"tool"')
        self._add({"role": role, "tool_call_id": item["call_id"], "content": content}, item, place)

    def _other(self, item: Fields, place: str) -> None:
        """Keep an item that no chat knows."""
        if bytes(item.get("type", NULL)) not in USUAL:
            self._heard.oddities.append(place)
        self._block(place, f"is of the type {shown_type(item)}")
        self._heard.foreign.extend(
            f"{place}.{name}" for name, value in item.items() if names_object(name, value)
        )
        if is_bare_picture(item):
            self._heard.foreign.append(f"{place}.id")
        written = msgspec.json.encode(item)
        if self._answer is not None:
            self._answer.items.append(written)
        else:
            self._before.append(written)

    @property
    def _has_called(self) -> bool:
        """Tells whether the answer that goes on has called a tool, whose result has not come yet."""
        return self._answer is not None and "tool_calls" in self._answer.message

    def _open(self, item: Fields, place: str) -> Spoken:
        """Return the answer that goes on with this item."""
        if self._answer is None:
            self._answer = Spoken({"role": msgspec.Raw(ASSISTANT)}, self._before, place)
            self._before = []
            self._heard.spoken.append(self._answer)
        self._answer.items.append(msgspec.json.encode(item))
        return self._answer

    def _add(self, message: dict[str, Any], item: Fields, place: str) -> None:
        self._answer = None
        self._heard.spoken.append(Spoken(message, [*self._before, msgspec.json.encode(item)], place))
        self._before = []

    def _block(self, place: str, problem: str) -> None:
        self._heard.obstacles.append(Obstacle(place, problem))

    def _look_for_file(self, part: Fields, place: str) -> None:
        """Note a file that lies in an upstream's account."""
        if opens(part.get("file_id", NULL), '"'):
            self._heard.foreign.append(f"{place}.file_id")
            self._block(f"{place}.file_id", "names a file of an upstream")

    def _thought(self, item: Fields, place: str) -> str:
        """Return what was reasoned: all of it, or its summary where that is all there is. Raises Refusal."""
        for name in ("content", "summary"):
            value = item.get(name, NULL)
            if not opens(value, "["):
                continue
            try:
                parts = _texts.decode(value)
            except msgspec.ValidationError:
                problem = "must hold parts, each an object with a `type`"
                raise wrong(self._param, problem, f"{place}.{name}") from None
            texts = [part["text"] for part in parts if isinstance(part.get("text"), str)]
            if texts:
                return "\n\n".join(texts)
        return ""

    def _parts(self, content: msgspec.Raw, place: str) -> Any:
        """Make parts of a chat message; one text alone becomes a string, which every server takes."""
        if opens(content, '"'):
            return content
        parts = ITEMS.decode(content)
        if len(parts) == 1 and bytes(parts[0].get("type", NULL)) in TEXTS:
            return text_in(parts[0], f"{place}[0]", self._param)
        return [self._part(part, f"{place}[{at}]") for at, part in enumerate(parts)]

    def _part(self, part: Fields, place: str) -> dict[str, Any]:
        kind = bytes(part.get("type", NULL))
        self._look_for_file(part, place)
        if kind in TEXTS:
            return {"type": "text", "text": text_in(part, place, self._param)}
        if kind == b'"input_image"':
            image = {"url": part.get("image_url", EMPTY)}
            if "detail" in part:
                image["detail"] = part["detail"]
            return {"type": "image_url", "image_url": image}
        if kind == b'"input_audio"':
            return {"type": "input_audio", "input_audio": part.get("input_audio", NULL)}
        if kind == b'"input_file"':
            if opens(part.get("file_url", NULL), '"'):
                self._block(f"{place}.file_url", "names a file by its URL")
            file = {name: part[name] for name in ("file_data", "filename") if name in part}
            return {"type": "file", "file": file}
        self._block(place, f"is of the type {shown_type(part)}")
        return {"type": "text", "text": EMPTY}
