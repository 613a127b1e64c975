"""The mock upstream is asked for the shape of an answer, which is written into the last message."""

import re

import msgspec

from benchmarks import texts

MARK = b"[answer "
WISH = re.compile(rb"\[answer (whole|stream)-(\d+)-(\d+)-(\d+)\]")


class Shape(msgspec.Struct, frozen=True):
    """The shape of an answer: whole with so many characters, or a stream of so many chunks at an interval."""

    is_stream: bool
    size: int
    """Characters of a whole answer, or chunks of a stream."""
    interval_ms: int = 0
    """Milliseconds between two chunks; 0 means that all come at once."""

    def wish(self, number: int) -> str:
        """Write the text by which the mock knows what to answer; every gateway leaves messages as they
        are."""
        kind = "stream" if self.is_stream else "whole"
        return f"[answer {kind}-{self.size}-{self.interval_ms}-{number}]"

    def text(self, number: int) -> str:
        """Write what the answer with this number says."""
        return "".join(texts.words(number, self.size)) if self.is_stream else texts.text(number, self.size)


class Workload(msgspec.Struct, frozen=True):
    """Requests of one kind: their size, their answers, and how many are under way at a time."""

    shape: Shape
    request_size: int = 400
    """Characters of what is said in the conversation, without the JSON around it."""
    connections: int = 32


SMALL = Workload(Shape(False, 500), 300)
LARGE = Workload(Shape(False, 50_000), 50_000)
BURST = Workload(Shape(True, 100), 300)


def parse(body: bytes) -> tuple[Shape, int] | None:
    """Read the shape and the number that a request asks for; `None` where it asks for none."""
    found = WISH.match(body, max(body.rfind(MARK), 0))
    if found is None:
        return None
    kind, size, interval, number = found.groups()
    return Shape(kind == b"stream", int(size), int(interval)), int(number)


def body(workload: Workload, number: int, model: str) -> bytes:
    """Make a chat request with a system message of the caller's own and, where it is long, a history."""
    system = "Answer in English. The visitor is called Ada, and the shop closes at nine."
    messages = [{"role": "system", "content": system}]
    room = workload.request_size - len(system)
    while room > 2000:
        said = texts.text(number + room, 1000)
        role = "user" if len(messages) % 2 else "assistant"
        messages.append({"role": role, "content": said})
        room -= len(said)
    if messages[-1]["role"] == "user":
        messages.append({"role": "assistant", "content": "Go on."})
    asked = f"{workload.shape.wish(number)} {texts.text(number, max(room, 100))}"
    messages.append({"role": "user", "content": asked})
    request = {"model": model, "messages": messages, "temperature": 0.7}
    if workload.shape.is_stream:
        request["stream"] = True
    return msgspec.json.encode(request)


def response_body(workload: Workload, number: int, model: str) -> bytes:
    """Make a Responses request that asks for the same, and whose answer is kept no more than a chat's."""
    chat = msgspec.json.decode(body(workload, number, model))
    system, *said = chat.pop("messages")
    asked = {"instructions": system["content"], "input": said, "store": False}
    return msgspec.json.encode({**chat, **asked})
