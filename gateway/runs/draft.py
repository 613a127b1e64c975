"""A draft of a persona is told to the model that goes on with it, and to those who follow the run."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gateway.personas import template
from gateway.runs.audit import Finding
from gateway.runs.store import Told

SETTLED = ("name", "age", "occupation")
"""A later step may not change what the first one has settled."""
State = dict[str, Any]


def known(state: State) -> Mapping[str, Any]:
    """Give the texts that a question may name; what a caller wrote cannot end its own quotation."""
    layers = {name: _plain(value) for name, value in state["layers"].items()}
    told = ("name", "age", "occupation", "summary", "language", "prompt", "fields")
    parsed = {key: _quoted(str(state.get(key, ""))) for key in told}
    if not state.get("has_own_prompt"):
        # It says what the layers say.
        parsed["prompt"] = ""
    blank = dict.fromkeys(template.LAYERS, "")
    draft = _plain(state["layers"])
    return {**blank, **layers, **parsed, "draft": draft, "intent": _quoted(state["intent"])}


def deltas(layer: str, value: Any) -> list[Told]:
    """Tell of a layer as operations of a JSON patch, which apply one after the other."""
    if not isinstance(value, Mapping):
        return [("layer.delta", {"op": "add", "path": f"/{layer}", "value": value})]
    first: list[Told] = [("layer.delta", {"op": "add", "path": f"/{layer}", "value": {}})]
    return first + [
        ("layer.delta", {"op": "add", "path": f"/{layer}/{key}", "value": inner})
        for key, inner in value.items()
    ]


def settled(layer: str, answer: Mapping[str, Any], state: State) -> State:
    drafted = dict(answer)
    if layer == "surface":
        drafted |= {key: state[key] for key in SETTLED if key in drafted and key in state}
    return {**drafted, **state.get("custom", {}).get(layer, {})}


def _quoted(text: str) -> str:
    return text.replace("<", "‹").replace(">", "›")


def _plain(layer: Any) -> str:
    return _quoted(msgspec.json.encode(layer).decode())


def blame_of(found: Sequence[Finding]) -> str:
    told = "; ".join(f"{each.place}: {each.message}" for each in found)
    return "\nAn earlier draft was refused: " + told.replace("{", "{{").replace("}", "}}") + "."
