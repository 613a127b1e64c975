"""A YAML 1.2 document is read as a tree whose nodes know their places, and as bounded plain data.

The scanner and parser are ruamel.yaml's. Scalars are resolved here, by the core schema of YAML 1.2.2
(10.3.2) or more strictly, so that what somebody wrote is never turned into another fact.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

CHARACTERS = 4 * 1024 * 1024
"""Characters of a document, and of the texts in it once aliases are expanded."""
NODES = 100_000
"""Values of a document once aliases are expanded."""
DEPTH = 64
"""Levels of lists and mappings."""
CORE = "tag:yaml.org,2002:"
NULL = re.compile(r"null|Null|NULL|~|")
TRUE, FALSE = re.compile(r"true|True|TRUE"), re.compile(r"false|False|FALSE")
INTEGER = re.compile(r"[-+]?[0-9]+")
OCTAL, HEXADECIMAL = re.compile(r"0o[0-7]+"), re.compile(r"0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
HALF = re.compile("[\ud800-\udfff]")
SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")

Kind = Literal["scalar", "list", "map", "alias"]
Mode = Literal["core", "written", "text"]
"""Says how plain scalars are read: by the core schema; as written, where a number is one only if it would be
written so again; or as texts."""


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
    """Whether a collection is written in lines of its own, or a scalar as a block."""
    tag: str | None = None
    anchor: str | None = None
    items: "list[Node]" = []
    """The values of a list; for a mapping, keys and values in turn."""
    target: "Node | None" = None

    def pairs(self) -> "Iterator[tuple[Node, Node]]":
        return zip(self.items[::2], self.items[1::2], strict=True)


def parse(text: str) -> Node:
    """Parse the only document in the text and return its root. Raises DocumentError."""
    if len(text) > CHARACTERS:
        raise DocumentError(f"is longer than {CHARACTERS} characters; a persona file is much shorter")
    try:
        return _Tree().grow(YAML(typ="safe", pure=True).parse(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(str(error.problem or error.context or "is no YAML").split())
        raise _error(mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, problem) from None
    except (YAMLError, ValueError, UnicodeError) as error:
        raise DocumentError(" ".join(str(error).split()) or "is no YAML") from None


def data(node: Node, mode: Mode = "core") -> Any:
    """Return the plain value of a node: texts, numbers, booleans, None, lists and dictionaries.

    Raises DocumentError, also where aliases make it too large.
    """
    return _Reader().read(node, mode)


def wrong(node: Node, problem: str) -> DocumentError:
    """Make the error that names the node's place."""
    return _error(node.line, node.column + 1, problem)


def written(root: Node, path: Iterable[str | int]) -> Node | None:
    """Find the innermost node on the path that the text has; `None` where it has not even the first."""
    found = None
    for step in path:
        node = root if found is None else found
        node = node.target if node.target is not None else node
        if node.kind == "map":
            inner = next((value for key, value in node.pairs() if text_of(key) == str(step)), None)
        else:
            inner = next(iter(node.items[step : step + 1]), None) if isinstance(step, int) else None
        if inner is None:
            break
        found = inner
    return found


class _Tree:
    """Makes nodes from the parser's events, without recursion."""

    def __init__(self) -> None:
        self._open: list[Node] = []
        self._anchors: dict[str, Node] = {}
        self._root: Node | None = None
        self._nodes = 0

    def grow(self, events: Iterator[Event]) -> Node:
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _error(event.start_mark.line + 1, 1, "a file holds one document; drop the second")
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                self._open.pop().end = event.end_mark.index
            elif isinstance(event, AliasEvent | ScalarEvent | MappingStartEvent | SequenceStartEvent):
                self._add(event)
        if self._root is None:
            raise DocumentError("is empty; a persona file has at least the keys `slug` and `prompt`")
        return self._root

    def _add(self, event: Any) -> None:
        node = self._node(event)
        self._nodes += 1
        if self._nodes > NODES:
            raise wrong(node, f"the file holds more than {NODES} values; shorten it")
        if len(self._open) > DEPTH:
            raise wrong(node, f"is nested deeper than {DEPTH} levels; flatten it")
        if self._open:
            self._open[-1].items.append(node)
        else:
            self._root = node
        if node.anchor is not None:
            self._anchors[node.anchor] = node
        if node.kind in ("list", "map"):
            self._open.append(node)

    def _node(self, event: Any) -> Node:
        start, end = event.start_mark, event.end_mark
        place = {"start": start.index, "end": end.index, "line": start.line + 1, "column": start.column}
        if isinstance(event, AliasEvent):
            target = self._anchors.get(event.anchor)
            if target is None:
                raise _error(start.line + 1, start.column + 1, f"there is no anchor `&{event.anchor}` before")
            return Node("alias", **place, text=event.anchor, target=target)
        tag = str(event.ctag) if event.ctag is not None else None
        if isinstance(event, ScalarEvent):
            node = Node("scalar", **place, text=_joined(event.value), tag=tag, anchor=event.anchor)
            if HALF.search(node.text):
                raise wrong(node, "the text holds half of a character; write both escapes of it")
            node.is_plain, node.is_block = event.style is None, event.style in ("|", ">")
            return node
        kind: Kind = "map" if isinstance(event, MappingStartEvent) else "list"
        is_block = not event.flow_style
        return Node(kind, **place, is_block=is_block, tag=tag, anchor=event.anchor, items=[])


class _Reader:
    """Turns nodes into plain data and counts what aliases make of them."""

    def __init__(self) -> None:
        self._nodes = self._characters = 0
        self._within: list[Node] = []

    def read(self, node: Node, mode: Mode) -> Any:
        self._nodes += 1
        self._characters += len(node.text)
        if self._nodes > NODES or self._characters > CHARACTERS:
            raise wrong(node, "aliases make the file too large; write the values out")
        if node.kind == "alias" and node.target is not None:
            return self.read(node.target, mode)
        if node.kind == "scalar":
            return _scalar(node, mode)
        if node in self._within or len(self._within) > DEPTH:
            raise wrong(node, "holds itself, or is nested too deeply; write the values out")
        if node.tag not in (None, f"{CORE}seq" if node.kind == "list" else f"{CORE}map"):
            raise wrong(node, f"the tag `{_short(node.tag)}` is not known here; leave it out")
        self._within.append(node)
        try:
            if node.kind == "list":
                return [self.read(item, mode) for item in node.items]
            return self._mapping(node, mode)
        finally:
            self._within.pop()

    def _mapping(self, node: Node, mode: Mode) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, value in node.pairs():
            name = text_of(key)
            if name == "<<" and key.is_plain:
                for each in self._merged(value, mode):
                    merged = {**each, **merged}
            elif name in own:
                raise wrong(key, f"the key `{_short(name)}` stands twice; keep one of them")
            else:
                own[name] = self.read(value, mode)
        return {**merged, **own}

    def _merged(self, node: Node, mode: Mode) -> list[dict[str, Any]]:
        """List the mappings that a merge key (yaml.org/type/merge.html) names, the strongest first."""
        found = self.read(node, mode)
        several = found if isinstance(found, list) else [found]
        if not all(isinstance(each, dict) for each in several):
            raise wrong(node, "`<<` merges a mapping or a list of mappings; name such a one")
        return several


def text_of(key: Node) -> str:
    """Read the text of a mapping's key as it is written. Raises DocumentError for a key that has none."""
    node = key.target if key.kind == "alias" and key.target is not None else key
    if node.kind != "scalar":
        raise wrong(key, "a list or a mapping cannot be a key; use a text")
    return node.text


def _scalar(node: Node, mode: Mode) -> Any:
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
        raise wrong(node, f"the tag `{_short(node.tag)}` is not known here; leave it out")
    if not fits[kind]:
        raise wrong(node, f"the value does not fit its tag `!!{kind}`; correct one of them")
    return value


def _joined(text: str) -> str:
    """Join halves of characters: JSON writes one beyond the first 65,536 as two escapes."""
    if SURROGATES.search(text):
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text


def _short(text: str | None) -> str:
    text = (text or "").replace(CORE, "!!")
    return text if len(text) <= 60 else text[:60] + "…"


def _error(line: int, column: int, problem: str) -> DocumentError:
    return DocumentError(f"line {line}, column {column}: {problem}")
