"""The table of attacks has, for each place that a caller can fill, the worst that fits into it."""

import gzip
from collections.abc import Callable
from functools import lru_cache, partial
from random import Random
from typing import NamedTuple

from tests.conftest import LIBRARIAN

MB = 1 << 20
BODY = 31 * MB
"""Bytes just under the limit of a body."""
UNPACKED = 15 * MB
"""Bytes just under the limit of a body that travels as gzip."""
CHAT = "/v1/openai/chat/completions"
EMBEDDINGS = "/v1/openai/embeddings"
UNPACKING = {CHAT, EMBEDDINGS}
"""Routes where a body may be packed."""
SLUG = "the-night-librarian"
LARGE = "large"
"""The slug of the persona with two large versions."""

Shape = Callable[[int], bytes]
"""Makes a JSON value of about this many bytes."""


class Attack(NamedTuple):
    name: str
    method: str
    path: str
    body: Callable[[], bytes] | None = None
    """The body is made right before it is sent, since all of them together would be large."""
    packed: bool = False
    """Tells whether the body travels as gzip."""


def ones(size: int) -> bytes:
    return b"[" + b"1," * (size // 2) + b"1]"


def objects(size: int) -> bytes:
    return b"[" + b"{}," * (size // 3) + b"{}]"


def strings(size: int) -> bytes:
    return b"[" + b'"a",' * (size // 4) + b'"a"]'


def keys(size: int) -> bytes:
    return b"{" + b",".join(b'"%07x":1' % number for number in range(size // 12)) + b"}"


def pairs(size: int) -> bytes:
    return b"[" + b'["a",{"b":[]}],' * (size // 15) + b"1]"


def deep(size: int) -> bytes:
    return b"[" * (size // 2) + b"]" * (size // 2)


def nested(size: int) -> bytes:
    """Nest as deep as may be, again and again."""
    one = b"[" * 30 + b"]" * 30
    return b"[" + b",".join([one] * (size // 61)) + b"]"


def text(size: int) -> bytes:
    return b'"' + b"a" * size + b'"'


def escapes(size: int) -> bytes:
    return b'"' + b"\\u00e9" * (size // 6) + b'"'


def quotes(size: int) -> bytes:
    return b'"' + b'\\"' * (size // 2) + b'"'


def umlauts(size: int) -> bytes:
    return b'"' + "ä€".encode() * (size // 5) + b'"'


def digits(size: int) -> bytes:
    return b"9" * size


def talk(size: int) -> bytes:
    one = b'{"role":"user","content":"a"}'
    return b"[" + b",".join([one] * (size // 30)) + b"]"


def parts(size: int) -> bytes:
    one = b'{"type":"text","text":"a"}'
    return b'[{"role":"user","content":[' + b",".join([one] * (size // 27)) + b"]}]"


def systems(size: int) -> bytes:
    one = b'{"role":"system","content":[{"type":"text","text":"a"}]}'
    return b"[" + b",".join([one] * (size // 57)) + b',{"role":"user","content":"a"}]'


def spoken(size: int) -> bytes:
    return b'[{"role":"user","content":' + escapes(size) + b"}]"


SHAPES: list[Shape] = [
    *(ones, objects, strings, keys, pairs, deep, nested, text, escapes, quotes, umlauts, digits)
]
PACKED: list[Shape] = [ones, objects, keys, text]
"""Shapes that are small on their way."""
VALUE = "@value"
"""In a body this stands for what the attack puts there."""
NEW = '"slug":"@slug"'
MODEL = f'"model":"{LIBRARIAN}"'
PERSONAS = "/v1/personas"
PLACES: list[tuple[str, str, str, list[Shape]]] = [
    ("POST", CHAT, f'{{{MODEL},"messages":{VALUE}}}', [*SHAPES, talk, parts, systems, spoken]),
    ("POST", CHAT, f'{{"messages":[],"model":{VALUE}}}', [text, escapes, digits]),
    ("POST", CHAT, f'{{{MODEL},"messages":[],"tools":{VALUE}}}', SHAPES),
    ("POST", CHAT, f'{{{MODEL},"messages":[],"stream_options":{VALUE}}}', [keys, ones]),
    ("POST", CHAT, VALUE, [keys, ones, deep, text]),
    ("POST", EMBEDDINGS, f'{{"model":"m","input":{VALUE}}}', SHAPES),
    ("POST", EMBEDDINGS, VALUE, [keys, deep]),
    ("POST", f"{PERSONAS}/{SLUG}/render", f'{{"messages":{VALUE}}}', [*SHAPES, talk, parts, systems, spoken]),
    ("POST", PERSONAS, VALUE, [keys, ones, deep]),
    ("POST", PERSONAS, f'{{{NEW},"prompt":"a","layers":{VALUE}}}', SHAPES),
    ("POST", PERSONAS, f'{{{NEW},"prompt":"a","examples":{VALUE}}}', SHAPES),
    ("POST", PERSONAS, f'{{{NEW},"prompt":"a","tags":{VALUE}}}', [ones, strings, keys, text]),
    ("POST", PERSONAS, f'{{{NEW},"prompt":"a","defaults":{VALUE}}}', [ones, keys, nested, text]),
    ("POST", PERSONAS, f'{{{NEW},"prompt":"a","headers":{VALUE}}}', [ones, keys, text]),
    ("POST", PERSONAS, f'{{{NEW},"prompt":"a","upstreams":{VALUE}}}', [strings, keys]),
    ("POST", PERSONAS, f'{{{NEW},"prompt":"a","allow":{VALUE}}}', [strings, keys]),
    ("POST", PERSONAS, f'{{{NEW},"prompt":"a","name":{VALUE}}}', [text, escapes, ones]),
    ("POST", PERSONAS, f'{{{NEW},"prompt":{VALUE}}}', [text, escapes, quotes, ones]),
    ("POST", PERSONAS, f'{{"prompt":"a","slug":{VALUE}}}', [text, digits]),
    ("PATCH", f"{PERSONAS}/{SLUG}", f'{{"tags":{VALUE}}}', [strings, keys]),
    ("PATCH", f"{PERSONAS}/{SLUG}", f'{{"layers":{VALUE}}}', [keys, nested]),
    ("POST", f"{PERSONAS}/{SLUG}/fork", f'{{"slug":"y","name":{VALUE}}}', [text, ones]),
    ("PUT", f"{PERSONAS}/{SLUG}/labels/stable", f'{{"version":{VALUE}}}', [digits, ones]),
    ("POST", "/v1/keys", f'{{"scopes":{VALUE}}}', [strings, ones, keys]),
    ("POST", "/v1/keys", f'{{"name":{VALUE}}}', [text, escapes]),
    ("POST", "/v1/workspaces", f'{{"name":{VALUE}}}', [text, keys]),
]
READS = [
    f"/v1/personas/{LARGE}/versions/1/diff/2",
    f"/v1/personas/{LARGE}/versions/2/diff/3",
    f"/v1/personas/{LARGE}/versions",
    f"/v1/personas/{LARGE}",
    "/v1/personas?limit=100",
    "/v1/personas?limit=100&q=" + "a" * 198 + "b",
    "/v1/personas?limit=100&q=" + "%25" * 60,
    "/v1/personas?limit=100&q=" + "a%20" * 60,
    "/v1/personas?limit=100&tag=" + "a" * 60,
    "/v1/openai/models",
    f"/v1/openai/models?persona={LARGE}&versions=true",
    "/v1/openai/models/" + "persona/" * 500,
    "/v1/usage?by=persona",
    "/v1/turns?limit=100",
    "/v1/audit?limit=100",
    "/openapi.json",
]
"""Reads that a caller can make dear for others, once much is stored."""


def table(*, whole: bool) -> list[Attack]:
    """List the attacks by shape, since a large value takes long to make; a third where not the `whole`."""
    attacks = [
        _attack(number, method, path, template, shape, packed)
        for number, (method, path, template, shapes) in enumerate(PLACES)
        for shape in shapes
        for packed in ([False, True] if shape in PACKED and path in UNPACKING else [False])
    ]
    attacks.sort(key=lambda attack: (attack.name.split()[-1], attack.packed))
    chosen = attacks if whole else attacks[::3]
    return chosen + [Attack(f"GET {path[:70]}", "GET", path) for path in READS]


def _attack(number: int, method: str, path: str, template: str, shape: Shape, packed: bool) -> Attack:
    slug = f"{number}-{shape.__name__}-{int(packed)}"
    coding = "gzip of " if packed else ""
    name = f"{method} {path} {template[-30:].replace(' ', '')} {coding}{shape.__name__}"
    return Attack(
        name, method, path, partial(_filled, template.replace("@slug", slug), shape, packed), packed
    )


def _filled(template: str, shape: Shape, packed: bool) -> bytes:
    front, _, back = template.partition(VALUE)
    body = front.encode() + _value(shape, UNPACKED if packed else BODY) + back.encode()
    return gzip.compress(body + _blanks(), 6) if packed else body


@lru_cache(1)
def _value(shape: Shape, size: int) -> bytes:
    return shape(size)


@lru_cache(1)
def _blanks() -> bytes:
    """Make white space that can hardly be packed: packed, the whole is at least a hundredth as large."""
    return bytes(Random(1).choices(b" \t\r\n", k=MB // 2))
