"""The layers of a draft are held against each other and against the intent; a model clears nothing here."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

YEARS = re.compile(r"\b(\d{1,3})[- ]?(?:years?|yrs?)(?:[- ]old| of age)\b|\b(\d{1,3}) yaşında", re.IGNORECASE)
SINCE = re.compile(r"\bfor (?:the past |over |more than )?(\d{1,3}) years\b", re.IGNORECASE)
GROWN = re.compile(r"\b(retired|grandmother|grandfather|widow|widower|professor|veteran)\b", re.IGNORECASE)
GROWN_FROM = 18
LONGEST_LIFE = 120
"""Years beyond which a span is not that of a person, but of a house or a family."""
QUIET = re.compile(r"\b(shy|reserved|withdrawn|soft-spoken|quiet|taciturn|laconic)\b", re.IGNORECASE)
LOUD = re.compile(r"\b(loud|boisterous|exuberant|outgoing|flamboyant|gregarious)\b", re.IGNORECASE)
HARSH = re.compile(r"\b(cruel|contemptuous|hostile|insulting|abrasive)\b", re.IGNORECASE)
CALM = re.compile(r"\b(serene|unflappable|imperturbable|always calm)\b", re.IGNORECASE)
PANICKY = re.compile(r"\b(panicky|anxious|jittery|nervous)\b", re.IGNORECASE)
LOW, HIGH = 0.25, 0.75


class Finding(NamedTuple):
    """One contradiction: where it stands, and what to write otherwise."""

    layer: str
    place: str
    message: str


def audit(layers: Mapping[str, Any], intent: str, name: str) -> list[Finding]:
    """Find what contradicts itself, in the order of the layers."""
    return [*_ages(layers, intent), *_names(layers, name), *_traits(layers)]


def stated_age(intent: str) -> int | None:
    """Read the age that an intent states first; `None` where it states none."""
    found = YEARS.search(intent)
    return int(found[1] or found[2]) if found else None


def _ages(layers: Mapping[str, Any], intent: str) -> Iterator[Finding]:
    age = layers.get("surface", {}).get("age")
    if not isinstance(age, int):
        return
    years = stated_age(intent)
    if years is not None and years != age:
        yield Finding("surface", "/surface/age", f"the intent says {years}, and not {age}")
    for layer, place, text in _texts(layers):
        said = SINCE.search(text)
        if said and age < int(said[1]) <= LONGEST_LIFE:
            yield Finding(layer, place, f"{said[1]} years are more than an age of {age}")
        if age < GROWN_FROM and (grown := GROWN.search(text)):
            yield Finding(layer, place, f"`{grown[0].lower()}` does not fit an age of {age}")


def _names(layers: Mapping[str, Any], name: str) -> Iterator[Finding]:
    own = layers.get("surface", {}).get("name")
    if own is not None and name and own.casefold().strip() != name.casefold().strip():
        yield Finding("surface", "/surface/name", "the name is another one than in the rest of the draft")


def _traits(layers: Mapping[str, Any]) -> Iterator[Finding]:
    traits = layers.get("self", {}).get("big_five") or {}
    voice = layers.get("mask", {}).get("voice") or {}
    rules = (
        ("E", traits.get("E", 0.5) >= HIGH, QUIET, "a high extraversion"),
        ("E", traits.get("E", 0.5) <= LOW, LOUD, "a low extraversion"),
        ("A", traits.get("A", 0.5) >= HIGH, HARSH, "a high agreeableness"),
        ("N", traits.get("N", 0.5) >= HIGH, CALM, "a high neuroticism"),
        ("N", traits.get("N", 0.5) <= LOW, PANICKY, "a low neuroticism"),
    )
    for key, text in voice.items():
        for _, is_so, pattern, trait in rules:
            if is_so and isinstance(text, str) and (said := pattern.search(text)):
                yield Finding("mask", f"/mask/voice/{key}", f"`{said[0].lower()}` does not fit {trait}")


def _texts(layers: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for layer, value in layers.items():
        for key, inner in value.items():
            parts = inner.items() if isinstance(inner, dict) else [("", inner)]
            for part, text in parts:
                if isinstance(text, str):
                    yield layer, f"/{layer}/{key}" + (f"/{part}" if part else ""), text
