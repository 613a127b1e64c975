"""An order for a picture is JSON, or a form with the pictures whose style it is to have."""

import secrets
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from gateway.config import Images
from gateway.images.picture import form_of

PROMPT = 16_000
"""Characters of a persona's prompt that an order holds; models take 32,000 in all."""
PLAIN = "Make a portrait of the person who is told this about themselves:\n\n"
END = "\n\nShow one person from the chest up, and no text in the picture."
STYLED = " Take the style of the given pictures, and nothing of what they show."


class Order(NamedTuple):
    """A body as it goes out, with its path and its type."""

    path: str
    media_type: str
    body: bytes


def order(settings: Images, prompt: str, styles: Sequence[bytes]) -> Order:
    """Write the order; the styles are pictures."""
    parts = {
        "model": settings.model,
        "prompt": words(prompt, has_style=bool(styles)),
        "n": "1",
        "size": settings.size,
        "quality": settings.quality,
    }
    parts = {name: value for name, value in parts.items() if value}
    if not styles:
        body = msgspec.json.encode({**parts, "n": 1})
        return Order("/images/generations", "application/json", body)
    edge = f"persona-{secrets.token_hex(16)}"
    return Order("/images/edits", f"multipart/form-data; boundary={edge}", _form(edge, parts, styles))


def words(prompt: str, *, has_style: bool) -> str:
    """Say what the picture is to show."""
    return PLAIN + prompt[:PROMPT].strip() + END + (STYLED if has_style else "")


def _form(edge: str, parts: dict[str, str], styles: Sequence[bytes]) -> bytes:
    """Write a form (RFC 7578); nothing in it can be its own edge, which is drawn for it."""
    begin = f"--{edge}\r\nContent-Disposition: form-data; "
    written = [f'{begin}name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in parts.items()]
    for number, data in enumerate(styles, 1):
        form = form_of(data)
        if form is None:
            continue
        head = f'name="image[]"; filename="style-{number}.{form.suffix}"\r\nContent-Type: {form.media_type}'
        written += [f"{begin}{head}\r\n\r\n".encode(), data, b"\r\n"]
    return b"".join([*written, f"--{edge}--\r\n".encode()])
