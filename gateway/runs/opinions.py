"""A model gives a second opinion on a draft: it may blame more than the checks do, and clears nothing."""

from collections.abc import Mapping
from typing import Any

from gateway.runs.audit import Finding

MOST = 5


def schema(layers: Mapping[str, Any]) -> dict[str, Any]:
    """Write the form of such an opinion: the layers that contradict another, each with the reason."""
    finding = {
        "layer": {"type": "string", "enum": list(layers)},
        "reason": {"type": "string", "minLength": 1, "maxLength": 200},
    }
    items = {"type": "object", "properties": finding}
    contradictions = {"type": "array", "minItems": 0, "maxItems": MOST, "items": items}
    return {"type": "object", "properties": {"contradictions": contradictions}}


def read(answer: Mapping[str, Any]) -> list[Finding]:
    return [Finding(each["layer"], f"/{each['layer']}", each["reason"]) for each in answer["contradictions"]]
