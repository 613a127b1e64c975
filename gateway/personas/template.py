"""A persona that has layers and no prompt of its own gets its prompt from them."""

from typing import Any

LAYERS = ("soul", "self", "mask", "surface")
"""Layers from the inside out, in which order they are rendered; other layers follow by name."""

TITLES = {
    "soul": "What moves you",
    "self": "Who you are",
    "mask": "How you appear to others",
    "surface": "The facts about you",
}


def render(name: str, language: str, layers: dict[str, Any]) -> str:
    """Write `You are NAME.`, then a section for each layer with a line for each field, nested ones indented.

    The same layers always give the same text, byte for byte.
    """
    lines = [
        f"You are {name}. You speak the language with the code `{language}` and never leave your character."
    ]
    order = [layer for layer in LAYERS if layer in layers] + sorted(layers.keys() - set(LAYERS))
    for layer in order:
        if layers[layer] not in (None, {}, [], ""):
            lines += ["", f"# {TITLES.get(layer, _words(layer))}", *_lines(layers[layer], 0)]
    return "\n".join(lines)


def _lines(value: Any, depth: int) -> list[str]:
    indent = "  " * depth
    if isinstance(value, dict):
        lines = []
        for key, inner in value.items():
            if isinstance(inner, dict | list):
                lines += [f"{indent}{_words(key)}:", *_lines(inner, depth + 1)]
            elif inner is not None:
                lines.append(f"{indent}{_words(key)}: {_scalar(inner)}")
        return lines
    if isinstance(value, list):
        lines = []
        for inner in value:
            if isinstance(inner, dict | list):
                lines += _lines(inner, depth)
            else:
                lines.append(f"{indent}- {_scalar(inner)}")
        return lines
    return [f"{indent}{_scalar(value)}"]


def _words(key: str) -> str:
    return key.replace("_", " ")


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
