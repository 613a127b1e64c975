"""JSON is a tree that can be spoilt: objects keep repeated keys, and any bytes may stand for a value."""

import json
from random import Random
from typing import Any, NamedTuple

Tree = Any
"""`Pairs`, a list, `Odd`, or a plain scalar."""


class Odd(NamedTuple):
    """Bytes that stand for a value as they are."""

    text: bytes


class Pairs(list[tuple[Any, Any]]):
    """An object, its keys in order and perhaps repeated; a key is a text or `Odd`."""


ODD_VALUES = [
    *(b"1e999 -1e999 1e-999 -0 -0.0 1E400 0.1 1.0 1e2 18446744073709551616 -9223372036854775809".split()),
    *(b"NaN Infinity -Infinity 01 .5 1. +1 0x1 tru nul undefined ' \" { [ } ] , :".split()),
    b"9" * 400,
    b'"\\ud83d"',
    b'"\\udc00\\ud83d"',
    b'"\\u0000"',
    b'"\\u00e9\\ud83d\\ude00"',
    b'"\\x"',
    b'"\xff\xfe"',
    b'"\xed\xa0\x80"',
    b'"\xc0\x80"',
    b'"\x00"',
    b'"\n"',
    '"\u2028\u2029\ufeff\u202e"'.encode(),
    b"[" * 200 + b"]" * 200,
    b'{"a":' * 200 + b"1" + b"}" * 200,
    b"[" * 3000 + b"]" * 3000,
    b'{"a":' * 3000 + b"1" + b"}" * 3000,
    b"",
    b"/**/1",
    b"[1,]",
    b'{"a":1,}',
]
FIT_VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 3.5, -0.5, 10**9, 2**53 + 1, -(2**63), 2**64, 10**40, 1e300, 5e-324),
    *("", " ", "a", "user", "system", "developer", "tool", "null", "true", "0", "ä€😀", "\u0000", "{}"),
    *("${x}", "\u2028", "\ufeff", "x" * 300, "data: x\n\n", "[DONE]", "\r\n", "</script>", "%s%n", "'; --"),
    *([], [[]], [None], [1, "a"], ["text"], {}, {"": ""}, {"a": None}, {"type": "text", "text": "t"}),
    *({"type": "text"}, {"error": {}}, {"role": "user"}, {"a": {"b": {"c": [1]}}}),
]


def tree(value: Any) -> Tree:
    """Copy the value into a tree of its own."""
    if isinstance(value, dict):
        return Pairs((key, tree(item)) for key, item in value.items())
    return [tree(item) for item in value] if isinstance(value, list) else value


def write(value: Tree, *, ascii_only: bool = False) -> bytes:
    """Write the tree as JSON, or as what it has been spoilt into."""
    if isinstance(value, Odd):
        return value.text
    if isinstance(value, Pairs):
        return b"{" + b",".join(_member(key, item, ascii_only) for key, item in value) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(write(item, ascii_only=ascii_only) for item in value) + b"]"
    return json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


def _member(key: Any, item: Tree, ascii_only: bool) -> bytes:
    return write(key, ascii_only=ascii_only) + b":" + write(item, ascii_only=ascii_only)


def fit(chance: Random) -> Tree:
    """Draw a value that is valid JSON for everyone."""
    return tree(chance.choice(FIT_VALUES))


def odd(chance: Random) -> Tree:
    """Draw a value that need not be valid."""
    return Odd(chance.choice(ODD_VALUES)) if chance.random() < 0.35 else fit(chance)


def places(value: Tree) -> list[tuple[Any, int]]:
    """List every place in the tree: the object or list, and the position in it."""
    found: list[tuple[Any, int]] = []
    open_ends = [value]
    while open_ends:
        parent = open_ends.pop()
        if isinstance(parent, Pairs):
            found += [(parent, at) for at in range(len(parent))]
            open_ends += [item for _, item in parent]
        elif isinstance(parent, list):
            found += [(parent, at) for at in range(len(parent))]
            open_ends += parent
    return found


def extend(chance: Random, value: Tree) -> None:
    """Put an unknown field into some object of the tree, which stays valid."""
    objects = [item for item in _children(value) if isinstance(item, Pairs)]
    if objects:
        name = f"x_{chance.choice(['extra', 'ünknown', 'cache control', '', 'model_', 'choices_'])}"
        chance.choice(objects).append((name, fit(chance)))


def spoil(chance: Random, value: Tree, *, wild: bool = True) -> None:
    """Change one place: another value, null, gone, twice, renamed, wrapped; `wild` may break the JSON."""
    found = places(value)
    if not found:
        return
    parent, at = chance.choice(found)
    kind = chance.choice(["value", "value", "value", "null", "gone", "twice", "rename", "wrap", "string"])
    new = odd(chance) if wild else fit(chance)
    if isinstance(parent, Pairs):
        key, item = parent[at]
        if kind == "gone":
            del parent[at]
        elif kind == "twice":
            parent.append((key, new))
        elif kind == "rename":
            parent[at] = (_key(chance, wild), item)
        else:
            parent[at] = (key, _changed(kind, item, new))
    elif kind == "gone":
        del parent[at]
    elif kind == "twice":
        parent.append(new)
    else:
        parent[at] = _changed(kind, parent[at], new)


def _key(chance: Random, wild: bool) -> Any:
    if wild and chance.random() < 0.3:
        return Odd(chance.choice([b'"\\ud83d"', b'"\xff"', b"1", b"null", b'"mod\\u0065l"', b"", b'"a']))
    return chance.choice(
        [
            "",
            "model",
            "messages",
            "stream",
            "Model",
            "Role",
            "CONTENT",
            "role",
            "choices",
            "error",
            "id",
            "delta",
            "é",
            "x" * 200,
        ]
    )


def _changed(kind: str, item: Tree, new: Tree) -> Tree:
    if kind == "null":
        return None
    if kind == "wrap":
        return [item]
    if kind == "string":
        return str(item)[:200] if not isinstance(item, Odd) else "odd"
    return new


def _children(value: Tree) -> list[Tree]:
    found, open_ends = [], [value]
    while open_ends:
        item = open_ends.pop()
        found.append(item)
        if isinstance(item, Pairs):
            open_ends += [child for _, child in item]
        elif isinstance(item, list):
            open_ends += item
    return found


def spoil_bytes(chance: Random, data: bytes) -> bytes:
    """Cut something off the bytes, or flip, insert, take out or repeat something."""
    at = chance.randrange(len(data) + 1)
    end = min(len(data), at + chance.randrange(1, 20))
    kind = chance.choice(["cut", "flip", "insert", "remove", "repeat", "replace"])
    put = chance.choice(BYTES)
    if kind == "cut":
        return data[:at]
    if kind == "flip" and at < len(data):
        return data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]
    if kind == "remove":
        return data[:at] + data[end:]
    if kind == "repeat":
        return data[:end] + data[at:]
    return data[:at] + put + (data[end:] if kind == "replace" else data[at:])


BYTES = [
    *(b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r", b"\n", b"\r\n", b"\n\n", b"\r\r"),
    *(b"data: ", b"data:", b"event: error\n", b"data: [DONE]\n\n", b"data: {}\n\n", b": c\n", b":", b"id\n"),
    *(b"{", b"}", b"[", b"]", b'"', b",", b"\\", b"null", b"0", b" ", b"\t", b"\x7f", b"\xe2\x80\xa8"),
]
