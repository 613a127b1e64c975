"""Bodies are held against bounds before any object is made of them; a large one is worked on in a thread."""

import asyncio
import codecs
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from gateway.errors import Detail, Fault, Refusal

LARGE = 256 * 1024
"""Bytes of a body that is looked through first; a smaller one has no room for enough values to do harm."""
VALUES = 100_000
"""Values in the body of a chat request; a key counts with its value."""
NUMBERS = 1_000_000
"""Values in a request for embeddings, which may bring its texts as the numbers of tokens."""
ESCAPES = 4_000_000
"""Backslashes in a body. A parser takes many times longer for an escape than for another character, and
cannot be interrupted in between."""
OUTSIDE = 8 * 1024 * 1024
"""Bytes outside of strings in a body; where it may hold many numbers, each of them may take"""
A_NUMBER = 16
"""so many, with what stands around it. A parser cannot be interrupted within them."""
SLICE = 256 * 1024
THREADS = 2

T = TypeVar("T")


class Aside:
    """Works on large requests in a few threads, so that nobody else waits for them."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="large")

    async def run(self, size: int, call: Callable[[], T]) -> T:
        """Return what the call gives, at once for a body of few bytes, else from a thread."""
        if size <= LARGE:
            return call()
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def require_few_values(body: bytes, most: int) -> None:
    """Raises Refusal for a large body that has more values than this, or too many escapes.

    Counts commas and brackets outside of strings, slice by slice, so that no single step takes long.
    """
    if len(body) <= LARGE:
        return
    count = quotes = escapes = between = start = 0
    while start < len(body):
        piece = body[start : start + SLICE]
        start += SLICE
        if (len(piece) - len(piece.rstrip(b"\\"))) % 2 and start < len(body):
            # The slice would end within an escape.
            piece += body[start : start + 1]
            start += 1
        if b"\\" in piece:
            escapes += piece.count(b"\\")
            piece = piece.replace(b"\\\\", b"").replace(b'\\"', b"")
        outside = b"".join(piece.split(b'"')[quotes % 2 :: 2])
        quotes += piece.count(b'"')
        count += outside.count(b",") + outside.count(b"[") + outside.count(b"{")
        # Each value has at most a key and a string of its own, or the body is no JSON.
        if count > most or quotes > 4 * most + 4:
            raise _too_much(f"it holds more than {most} values", "send fewer messages, parts or keys")
        between += len(outside)
        if between > max(OUTSIDE, A_NUMBER * most):
            raise _too_much("it holds too much beside its texts", "send less white space and shorter numbers")
        if escapes > ESCAPES:
            raise _too_much(f"it holds more than {ESCAPES} escapes", "write characters as they are, in UTF-8")


def _too_much(problem: str, remedy: str) -> Refusal:
    message = f"The request body is too much: {problem}; {remedy}."
    return Refusal(Fault.REQUEST_INVALID, message, details=[Detail([], problem, "value_error")])


def require_utf8(body: bytes) -> None:
    """Raises UnicodeDecodeError, its `start` counted in the whole body; makes no text of a large one."""
    if body.isascii():
        return
    if len(body) <= LARGE:
        body.decode("utf-8")
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(body), SLICE):
        held = len(decoder.getstate()[0])
        try:
            decoder.decode(body[start : start + SLICE], final=start + SLICE >= len(body))
        except UnicodeDecodeError as error:
            error.start += start - held
            raise
