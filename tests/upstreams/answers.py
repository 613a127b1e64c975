"""Answers of an upstream, byte by byte."""

import gzip
import zlib

from tests.fakes.upstream_scripts import (
    Delivery,
    Script,
    json_answer,
)

OK = b"HTTP/1.1 200 OK\r\n"


def packed_answer(body: bytes, coding: str = "gzip") -> Script:
    return json_answer(body, delivery=Delivery("chunked", None), headers={"Content-Encoding": coding})


def raw_deflate(data: bytes) -> bytes:
    return zlib.compress(data, wbits=-15)


def members(data: bytes) -> bytes:
    """Make a gzip body of several members, one of them empty, with zeros behind it as tapes have them."""
    return gzip.compress(data[:7]) + gzip.compress(b"") + gzip.compress(data[7:]) + b"\0" * 8


def bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(b" " * (1 << 20)) for _ in range(megabytes)) + packer.flush()


TWO = OK + b"content-length: 2\r\n\r\nab"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"
