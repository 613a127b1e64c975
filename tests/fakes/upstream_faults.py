"""Upstreams go wrong in these ways, by name; each fault fits a whole answer and a stream alike."""

import gzip
import socket
import socketserver
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

from tests.fakes.upstream import Answer
from tests.fakes.upstream_model import answer_chunks, chunk, completion
from tests.fakes.upstream_scripts import (
    CHUNKED,
    CLOSE,
    PLAIN,
    RESET,
    SILENCE,
    Drip,
    Gate,
    Item,
    Json,
    Script,
    Stall,
    Step,
    dump,
    error_object,
    events,
    json_answer,
    raw,
    status,
)

HTML = b"<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>"


def per_mode(whole: Script, stream: Script) -> Answer:
    return lambda seen: stream if seen.is_stream else whole


def reset_before_headers() -> Script:
    return raw(RESET)


def closed_before_headers() -> Script:
    return raw(CLOSE)


def silent() -> Script:
    """Take the request and never answer."""
    return raw(SILENCE)


def slow_to_start(wait: Gate | Stall) -> Answer:
    """Send not even the head before `wait` is over; then a good answer."""
    return per_mode(json_answer(completion()).hold(wait), events(answer_chunks()).hold(wait))


def html(code: int = 502) -> Script:
    return status(code, HTML, headers={"content-type": "text/html"})


def redirect(location: str, code: int = 307) -> Script:
    return status(code, b"", headers={"location": location})


def empty_answer() -> Answer:
    return per_mode(json_answer(b""), events([], done=False))


def broken_json() -> Answer:
    broken = dump(completion())[:-9]
    return per_mode(json_answer(broken), events([dump(chunk("Hello"))[:-9]]))


def reset_midway(after: int = 1) -> Answer:
    """Reset a stream after `after` content chunks, and a whole answer in the middle of its body."""
    return per_mode(_half(RESET), events([*_begun(after), RESET]))


def cut_mid_frame(after: int = 1) -> Answer:
    half = b"data: " + dump(chunk("never seen")).encode()[:40]
    return per_mode(_half(CLOSE), events([*_begun(after), half, CLOSE]))


def cut_between_frames(after: int = 1) -> Answer:
    """Leave out the last HTTP chunk; nothing else is missing from the whole answer."""
    whole = json_answer(completion(), delivery=CHUNKED)
    return per_mode(Script(whole.head, (*whole.body[:-1], CLOSE)), events([*_begun(after), CLOSE]))


def ends_without_finish(after: int = 1) -> Answer:
    """End the body properly, with neither a finish reason nor `[DONE]`."""
    return per_mode(json_answer(completion(finish=None)), events(_begun(after), done=False))


def ends_without_done() -> Answer:
    """Send a finish reason, but no `[DONE]`; whole answers have no such fault."""
    return per_mode(json_answer(completion()), events(answer_chunks(), done=False))


def stalls(wait: Gate | Stall, after: int = 1) -> Answer:
    """Stop midway, and go on as if nothing had been."""
    whole = json_answer(completion())
    stream = events([*_begun(after), wait, chunk("late"), chunk(finish="stop")])
    return per_mode(whole.interrupt(20, wait), stream)


def falls_silent(after: int = 1) -> Answer:
    return per_mode(_half(SILENCE), events([*_begun(after), SILENCE]))


def drip(interval: float = 0.01, size: int = 1) -> Answer:
    """Send endless content, or endless white space before a whole answer; interval 0 floods."""
    stream = events([*_begun(0), Drip(PLAIN.frame(chunk("x" * size)), interval)])
    kind = {"content-type": "application/json"}
    blanks = CHUNKED.carry([Drip(b" " * size, interval)], code=200, headers=kind)
    return per_mode(blanks, stream)


def comments(interval: float = 0.05, after: Sequence[Item] = ()) -> Answer:
    """Send a stream of comments, as routers do while they look for a provider; then `after`, if anything."""
    comment = b": OPENROUTER PROCESSING\n\n"
    if not after:
        return per_mode(json_answer(completion()), events([Drip(comment, interval)], done=False))
    waits: list[Item] = [step for _ in range(20) for step in (comment, Stall(interval))]
    return per_mode(json_answer(completion()), events([*waits, *after]))


def reset_behind_finish() -> Answer:
    """Send a finish reason on every chunk, and a reset in their midst."""
    said = [chunk("Hello", finish="stop"), chunk(" there", finish="stop")]
    return per_mode(_half(RESET), events([*said, RESET]))


def big_frame(size: int = 1 << 20) -> Answer:
    text = "x" * size
    return per_mode(json_answer(completion(text)), events(answer_chunks(text)))


def many_chunks(count: int = 10_000) -> Answer:
    text = "x " * count
    return per_mode(json_answer(completion(text)), events(answer_chunks(text)))


def marked() -> Script:
    """Send the whole, with the byte order mark that Windows writes."""
    return json_answer(completion(), leading=b"\xef\xbb\xbf")


def packed(cut: int = 0) -> Script:
    """Send the whole as gzip in two members, of which the last bytes may be missing."""
    body = dump(completion()).encode()
    both = gzip.compress(body[:50]) + gzip.compress(body[50:])
    return json_answer(both[: len(both) - cut], headers={"content-encoding": "gzip"})


def bomb(megabytes: int = 64) -> Script:
    """Send some kilobytes that become many megabytes of a text."""
    packer = zlib.compressobj(9, wbits=31)
    head, piece = dump(completion()).encode()[:-2], b" " * (1 << 20)
    body = packer.compress(head) + b"".join(packer.compress(piece) for _ in range(megabytes))
    return json_answer(body + packer.flush(), headers={"content-encoding": "gzip"})


def no_status() -> Script:
    return raw(b"HTTP/1.1 000 \r\ncontent-length: 2\r\n\r\n{}")


def error_event(after: int = 0, error: Json | None = None) -> Answer:
    """Send an event that is only an error, first or after `after` content chunks; or a whole 200 that is
    one."""
    body = error or error_object("The engine is overloaded.", code="overloaded", kind="server_error")
    return per_mode(json_answer(body), events([*(_begun(after) if after else []), body], done=False))


def error_in_chunk(after: int = 1, error: Json | None = None) -> Answer:
    """Send an error beside the choices, as routers of many providers do."""
    body = error or error_object("The provider disconnected.", code=502)
    whole = json_answer(completion("", finish="error", **body))
    return per_mode(whole, events([*_begun(after), chunk("", finish="error", **body)]))


@contextmanager
def refused_port() -> Iterator[int]:
    """A port that refuses connections; held all the while, so that nothing else comes to listen there."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@contextmanager
def unanswered_port() -> Iterator[int]:
    """A port where connecting hangs, since the backlog is full and nobody accepts."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            with suppress(BlockingIOError):
                filler.connect(listener.getsockname())
        yield listener.getsockname()[1]


@contextmanager
def tls_garbage_server() -> Iterator[str]:
    """The base URL of a server that answers plain bytes to a TLS hello."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Garbage) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            thread.join()


class _Garbage(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with suppress(OSError):
            self.request.recv(1 << 16)
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")


def _begun(count: int) -> list[Json]:
    return [chunk("", delta={"role": "assistant"}), *(chunk(f"word{number} ") for number in range(count))]


def _half(ending: Step) -> Script:
    return json_answer(completion()).cut(100, ending)
