"""A YAML 1.2 document is read as a tree whose nodes know their places, and as bounded plain data.

The scanner and parser are ruamel.yaml's. `scalar.py` resolves scalars.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

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

from gateway.personas import scalar
from gateway.personas.node import DocumentError, Kind, Node, shortened, text_of, wrong, wrong_at
from gateway.personas.scalar import CORE, Mode

CHARACTERS = 4 * 1024 * 1024
"""Characters of a document, and of the texts in it once aliases are expanded."""
NODES = 100_000
"""Values of a document once aliases are expanded."""
DEPTH = 64
"""Levels of lists and mappings."""
HALF = re.compile("[\ud800-\udfff]")
SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def parse(text: str) -> Node:
    """Parse the only document in the text and return its root. Raises DocumentError."""
    if len(text) > CHARACTERS:
        raise DocumentError(f"is longer than {CHARACTERS} characters; a persona file is much shorter")
    try:
        return _Tree().grow(YAML(typ="safe", pure=True).parse(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(str(error.problem or error.context or "is no YAML").split())
        raise wrong_at(mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, problem) from None
    except (YAMLError, ValueError, UnicodeError) as error:
        raise DocumentError(" ".join(str(error).split()) or "is no YAML") from None


def data(node: Node, mode: Mode = "core") -> Any:
    """Return the plain value of a node: texts, numbers, booleans, None, lists and dictionaries.

    Raises DocumentError, also where aliases make it too large.
    """
    return _Reader().read(node, mode)


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
                    raise wrong_at(event.start_mark.line + 1, 1, "a file holds one document; drop the second")
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
                raise wrong_at(
                    start.line + 1, start.column + 1, f"there is no anchor `&{event.anchor}` before"
                )
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
            return scalar.read(node, mode)
        if node in self._within or len(self._within) > DEPTH:
            raise wrong(node, "holds itself, or is nested too deeply; write the values out")
        if node.tag not in (None, f"{CORE}seq" if node.kind == "list" else f"{CORE}map"):
            raise wrong(node, f"the tag `{shortened(node.tag)}` is not known here; leave it out")
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
                raise wrong(key, f"the key `{shortened(name)}` stands twice; keep one of them")
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


def _joined(text: str) -> str:
    """Join halves of characters: JSON writes one beyond the first 65,536 as two escapes."""
    if SURROGATES.search(text):
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text
