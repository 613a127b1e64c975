"""Scalars are read by the core schema of YAML 1.2.2 (10.3.2) or more strictly.

What somebody wrote is never turned into another fact.
"""

import re
from typing import Any, Literal

from gateway.personas.node import Node, shortened, wrong

CORE = "tag:yaml.org,2002:"
NULL = re.compile(r"null|Null|NULL|~|")
TRUE, FALSE = re.compile(r"true|True|TRUE"), re.compile(r"false|False|FALSE")
INTEGER = re.compile(r"[-+]?[0-9]+")
OCTAL, HEXADECIMAL = re.compile(r"0o[0-7]+"), re.compile(r"0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
Mode = Literal["core", "written", "text"]
"""Says how plain scalars are read: by the core schema; as written, where a number is one only if it would be
written so again; or as texts."""


def read(node: Node, mode: Mode) -> Any:
    text = node.text
    if node.tag is not None:
        return _tagged(node)
    if not node.is_plain:
        return text
    if mode == "text":
        return None if text in ("", "~", "null") else text
    value = _resolved(text)
    if mode == "written" and isinstance(value, int | float) and not isinstance(value, bool):
        return value if repr(value) == text else text
    return value


def _resolved(text: str) -> Any:
    """Resolve a plain scalar by the core schema; infinities and numbers of a hundred digits stay texts."""
    if NULL.fullmatch(text):
        return None
    if TRUE.fullmatch(text) or FALSE.fullmatch(text):
        return text[0] in "tT"
    if len(text) > 100:
        return text
    if INTEGER.fullmatch(text):
        return _storable(int(text), text)
    if OCTAL.fullmatch(text) or HEXADECIMAL.fullmatch(text):
        return _storable(int(text, 0), text)
    if FLOAT.fullmatch(text):
        value = float(text)
        return value if value - value == 0 else text
    return text


def _storable(value: int, text: str) -> int | str:
    """Keep the number if JSON as it is stored can hold it, else the text."""
    return value if -(2**63) <= value < 2**64 else text


def _tagged(node: Node) -> Any:
    kind = (node.tag or "").removeprefix(CORE)
    if kind == "str" or node.tag == "!":
        return node.text
    value = _resolved(node.text)
    fits = {"null": value is None, "bool": isinstance(value, bool)}
    fits["int"] = isinstance(value, int) and not isinstance(value, bool)
    fits["float"] = fits["int"] or isinstance(value, float)
    if kind not in fits:
        raise wrong(node, f"the tag `{shortened(node.tag)}` is not known here; leave it out")
    if not fits[kind]:
        raise wrong(node, f"the value does not fit its tag `!!{kind}`; correct one of them")
    return value
