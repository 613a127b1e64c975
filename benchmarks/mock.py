"""The mock upstream: a cheap OpenAI-compatible server, a process of its own, never the bottleneck."""

import asyncio
import re
import socket
import sys
from collections.abc import Callable
from functools import cache
from typing import cast

import httptools
import msgspec
import uvloop

from benchmarks import shapes, texts
from benchmarks.shapes import Shape

ID = b"chatcmpl-000000000000"
"""This stands in prepared frames for the id of the answer, which is as long."""
WANTS_USAGE = re.compile(rb'"include_usage":\s*true')
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nX-Request-Id: req_mock\r\n%s\r\n\r\n"
STREAM_HEAD = HEAD % (b"text/event-stream", b"Cache-Control: no-cache\r\nTransfer-Encoding: chunked")
WHOLE = (
    b'{"id":"%s","object":"chat.completion","created":1735689600,"model":"mock-model","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":%s,"refusal":null},"logprobs":null,"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":180,"completion_tokens":120,"total_tokens":300},"system_fingerprint":"fp_mock"}'
)
EVENT = (
    b'data: {"id":"' + ID + b'","object":"chat.completion.chunk","created":1735689600,"model":"mock-model",'
    b'"system_fingerprint":"fp_mock","choices":[%s]%s}\n\n'
)
DELTA = b'{"index":0,"delta":{%s},"logprobs":null,"finish_reason":%s}'
USAGE = b',"usage":{"prompt_tokens":180,"completion_tokens":100,"total_tokens":280}'


def frame(event: bytes) -> bytes:
    """Encode an event as one chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(event), event)


@cache
def opening() -> bytes:
    """The first event, which carries the role."""
    return frame(EVENT % (DELTA % (b'"role":"assistant","content":"","refusal":null', b"null"), b""))


@cache
def word(text: str) -> bytes:
    """The event that says one word."""
    return frame(EVENT % (DELTA % (b'"content":' + msgspec.json.encode(text), b"null"), b""))


@cache
def ending(*, usage: bool) -> bytes:
    """The last events of a stream and the end of its body."""
    events = [EVENT % (DELTA % (b"", b'"stop"'), b"")]
    if usage:
        events.append(EVENT % (b"", USAGE))
    return b"".join(frame(event) for event in [*events, b"data: [DONE]\n\n"]) + b"0\r\n\r\n"


def whole(shape: Shape, number: int) -> bytes:
    """A whole answer, from its status line on."""
    body = WHOLE % (_id(number), msgspec.json.encode(shape.text(number)))
    return HEAD % (b"application/json", b"Content-Length: %d" % len(body)) + body


def burst(shape: Shape, number: int, *, usage: bool) -> bytes:
    """A stream whose events come all at once, from its status line on."""
    frames = [word(one) for one in texts.words(number, shape.size)]
    stream = b"".join([STREAM_HEAD, opening(), *frames, ending(usage=usage)])
    return stream.replace(ID, _id(number))


def _id(number: int) -> bytes:
    return b"chatcmpl-%012d" % number


class Mock(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._body: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, _error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, data: bytes) -> None:
        self._body.append(data)

    def on_message_complete(self) -> None:
        body = b"".join(self._body)
        self._body.clear()
        asked = shapes.parse(body)
        shape, number = asked if asked is not None else (Shape(False, 100), 0)
        usage = WANTS_USAGE.search(body) is not None
        if not shape.is_stream:
            self._transport.write(whole(shape, number))
        elif not shape.interval_ms:
            self._transport.write(burst(shape, number, usage=usage))
        else:
            self._pace(shape, number, ending(usage=usage))

    def _pace(self, shape: Shape, number: int, last: bytes) -> None:
        """One word each interval, by the clock, so that a late one does not delay those after it."""
        loop = asyncio.get_running_loop()
        frames = iter([word(one).replace(ID, _id(number)) for one in texts.words(number, shape.size)])
        due = loop.time()

        def send() -> None:
            nonlocal due
            piece = next(frames, None)
            if piece is None:
                self._transport.write(last.replace(ID, _id(number)))
                return
            self._transport.write(piece)
            due += shape.interval_ms / 1000
            self._timer = loop.call_at(due, send)

        self._transport.write(STREAM_HEAD + opening().replace(ID, _id(number)))
        send()


async def serve(announce: Callable[[int], None]) -> None:
    """Answer on a free port of the loopback until the process ends."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    server = await asyncio.get_running_loop().create_server(Mock, sock=listener)
    announce(listener.getsockname()[1])
    await server.serve_forever()


def _print_port(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(serve(_print_port))
