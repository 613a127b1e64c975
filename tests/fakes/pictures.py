"""Small pictures, and the answers of upstreams that make some."""

import base64
import struct
import zlib
from typing import Any

from tests.fakes.upstream_scripts import Script, json_answer


def png(size: int = 0) -> bytes:
    """Make a PNG of one pixel, and of at least so many bytes."""
    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    chunks = (
        (b"IHDR", head),
        (b"tEXt", b"Comment\0" + b"x" * size),
        (b"IDAT", zlib.compress(b"\0\x4a\x5d\x6e")),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


PICTURE = png()
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0" + b"\0" * 20
WEBP = b"RIFF\x1a\0\0\0WEBPVP8L" + b"\0" * 14
USAGE = {"input_tokens": 100, "output_tokens": 1000, "total_tokens": 1100}


def painted(picture: bytes, **more: Any) -> Script:
    """Answer as OpenAI does, with the picture in base64."""
    made = [{"b64_json": base64.b64encode(picture).decode()}]
    return json_answer({"created": 1, "data": made, "usage": USAGE, **more})
