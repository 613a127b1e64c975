"""A node is a value of a document, and knows its place there."""

from collections.abc import Iterator
from typing import Literal

import msgspec

Kind = Literal["scalar", "list", "map", "alias"]


class DocumentError(Exception):
    """A document that cannot be read; the message names the place and the remedy."""


class Node(msgspec.Struct, eq=False):
    """A value and its place; `start` and `end` are offsets into the text, `line` counts from 1."""

    kind: Kind
    start: int
    end: int
    line: int
    column: int
    text: str = ""
    """A scalar's text, or the name that an alias stands for."""
    is_plain: bool = False
    is_block: bool = True
    """Tell whether a collection is written in lines of its own, or a scalar as a block."""
    tag: str | None = None
    anchor: str | None = None
    items: "list[Node]" = []
    """The values of a list; for a mapping, keys and values in turn."""
    target: "Node | None" = None

    def pairs(self) -> "Iterator[tuple[Node, Node]]":
        return zip(self.items[::2], self.items[1::2], strict=True)


def wrong(node: Node, problem: str) -> DocumentError:
    """Make the error that names the node's place."""
    return wrong_at(node.line, node.column + 1, problem)


def text_of(key: Node) -> str:
    """Read the text of a mapping's key as it is written. Raises DocumentError for a key that has none."""
    node = key.target if key.kind == "alias" and key.target is not None else key
    if node.kind != "scalar":
        raise wrong(key, "a list or a mapping cannot be a key; use a text")
    return node.text


def wrong_at(line: int, column: int, problem: str) -> DocumentError:
    return DocumentError(f"line {line}, column {column}: {problem}")


def shortened(text: str | None) -> str:
    text = (text or "").replace("tag:yaml.org,2002:", "!!")
    return text if len(text) <= 60 else text[:60] + "…"
