"""Orders for vectors, and their answers, as workers and the model's process tell each other."""

import asyncio
import struct
from typing import Literal

import msgspec

from gateway.config import EMBEDDED, Log

UPSTREAM = EMBEDDED
MODEL = "multilingual-e5-small"
DIMENSIONS = 384
MOST_BYTES = 16 * 1024 * 1024
"""Bytes of one frame."""
HEAD = struct.Struct(">I")

Form = Literal["float", "base64", "raw"]
"""`raw` is one vector behind the other, each number with four bytes, the lowest first."""


class Order(msgspec.Struct, frozen=True):
    """Texts that are to become vectors."""

    texts: list[str]
    form: Form = "raw"
    dimensions: int = DIMENSIONS
    is_query: bool = False
    """Tells whether the texts are what is looked for, and not what is found."""
    is_patient: bool = False
    """Tells whether every other order comes before this one."""


class Vectors(msgspec.Struct, frozen=True):
    """The answer to an order: raw vectors, or the JSON of an answer of the API."""

    body: bytes = b""
    tokens: int = 0
    is_full: bool = False
    """Tells that too many orders wait, and that this one was not taken."""


class Job(msgspec.Struct):
    """The owner tells this the process at its start."""

    parent: int
    listener: int
    """The number of the listening socket that it inherits."""
    idle: float
    """Seconds without an order after which it ends."""
    log: Log


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """Raises OSError, EOFError, ValueError."""
    [size] = HEAD.unpack(await reader.readexactly(HEAD.size))
    if size > MOST_BYTES:
        raise ValueError("the frame is too large")
    return await reader.readexactly(size)


async def write_frame(writer: asyncio.StreamWriter, value: msgspec.Struct) -> None:
    """Raises OSError."""
    body = msgspec.msgpack.encode(value)
    writer.write(HEAD.pack(len(body)) + body)
    await writer.drain()
