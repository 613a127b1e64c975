"""A picture is a PNG, a JPEG or a WebP, whatever somebody says that it is: its first bytes tell."""

import re
import secrets
from typing import NamedTuple

LARGEST = 16 << 20
"""Bytes of a picture that an upstream makes."""
NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(png|jpg|webp)")


class Form(NamedTuple):
    suffix: str
    media_type: str


PNG = Form("png", "image/png")
JPEG = Form("jpg", "image/jpeg")
WEBP = Form("webp", "image/webp")


def form_of(data: bytes) -> Form | None:
    """Tell the form by the first bytes; `None` for anything else."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
        return PNG
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WEBP
    return None


def new_name(form: Form) -> str:
    """Make a name that nobody guesses: 128 random bits, in the form of a UUID, and the ending."""
    digits = secrets.token_hex(16)
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return f"{'-'.join(parts)}.{form.suffix}"


def form_named(name: str) -> Form:
    """Return the form of a picture of ours by its name."""
    return next(form for form in (PNG, JPEG, WEBP) if name.endswith(f".{form.suffix}"))
