"""Values within the text of a YAML file are changed so that its comments, order and style stay."""

from collections.abc import Callable, Mapping
from typing import Any

from gateway.personas.document import parse
from gateway.personas.node import Node, text_of

Dump = Callable[[Mapping[str, Any]], str]
"""Writes a mapping as YAML, in lines of its own."""
Edit = tuple[int, int, str]
"""Replaces the text from the first offset to the second by this one."""


def rewrite(text: str, before: Mapping[str, Any], after: Mapping[str, Any], dump: Dump) -> str | None:
    """Return the text with the values of `after` where they differ from those of `before`, which it holds.

    `None` means that only a new text would do: for a file with anchors or tags, or one that is no block
    mapping.
    """
    root = parse(text)
    if root.kind != "map" or not root.is_block or not _is_plain(root):
        return None
    edits: list[Edit] = []
    _mapping(text, root, before, after, dump, edits)
    for start, end, replacement in sorted(edits, reverse=True):
        text = text[:start] + replacement + text[end:]
    return text


def _is_plain(node: Node) -> bool:
    """Tell whether each value stands where it belongs, and nowhere else."""
    if node.kind == "alias" or node.anchor is not None or node.tag is not None:
        return False
    return all(_is_plain(item) for item in node.items)


def _mapping(
    text: str,
    node: Node,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    dump: Dump,
    edits: list[Edit],
) -> None:
    stands = set()
    for key, value in node.pairs():
        name = text_of(key)
        stands.add(name)
        if name not in after:
            edits.append(_removal(text, key, value))
            continue
        old, new = before.get(name), after[name]
        if _same(old, new):
            continue
        if isinstance(old, dict) and isinstance(new, dict) and new and value.kind == "map" and value.is_block:
            _mapping(text, value, old, new, dump, edits)
        elif isinstance(old, list) and isinstance(new, list) and _items(text, value, old, new, dump, edits):
            continue
        else:
            edits.append((key.start, _end(text, value), _indented(dump({name: new}), key.column)))
    added = {name: value for name, value in after.items() if name not in stands}
    if added:
        end, margin = _end(text, node), " " * node.items[0].column
        edits.append((end, end, f"\n{margin}" + _indented(dump(added), node.items[0].column)))


def _items(text: str, node: Node, old: list[Any], new: list[Any], dump: Dump, edits: list[Edit]) -> bool:
    """Change single texts of a list, or add some to its end; false where that would not do."""
    if node.kind != "list" or not node.is_block or len(new) < len(old) or not old:
        return False
    changed = [at for at in range(len(old)) if not _same(old[at], new[at])]
    written = [new[at] for at in changed] + new[len(old) :]
    if any(isinstance(item, dict | list) for item in written):
        return False
    if any(node.items[at].kind != "scalar" for at in changed):
        return False

    def item(value: Any) -> str:
        return _indented(dump({"k": value}), node.column).removeprefix("k:").lstrip(" ")

    edits += [(node.items[at].start, _end(text, node.items[at]), item(new[at])) for at in changed]
    end, more = _end(text, node), new[len(old) :]
    edits.append((end, end, "".join(f"\n{' ' * node.column}- {item(value)}" for value in more)))
    return True


def _removal(text: str, key: Node, value: Node) -> Edit:
    """Remove the whole lines of an entry; what else stands on its last line is its comment."""
    start = text.rfind("\n", 0, key.start) + 1
    end = text.find("\n", _end(text, value))
    return start, len(text) if end < 0 else end + 1, ""


def _end(text: str, node: Node) -> int:
    """Find where the value's own characters end, without comments and line breaks behind them."""
    if node.kind in ("list", "map") and node.is_block and node.items:
        return _end(text, node.items[-1])
    end = node.end
    if node.kind == "scalar" and node.is_block:
        while end > node.start and text[end - 1] in " \n":
            end -= 1
    return end


def _indented(dumped: str, column: int) -> str:
    """Move the lines after the first one to the right, and take off the last line break."""
    return dumped.rstrip("\n").replace("\n", "\n" + " " * column)


def _same(old: Any, new: Any) -> bool:
    """Compare with the type: 1, 1.0 and true are three values."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_same(old[key], new[key]) for key in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_same, old, new))
    return type(old) is type(new) and bool(old == new)
