"""Rules are read from a version's prose, and listed for its owner to confirm, correct or switch off."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from gateway.drift import rule
from gateway.drift.rule import Read, Rule
from gateway.personas.model import Content, Reading
from gateway.personas.resolved import character

Origin = Literal["declared", "prompt"]
State = Literal["active", "confirmed", "corrected", "off", "replaced", "unmatched"]

FACTS = 500
"""Facts that are listed."""

log = logging.getLogger("gateway.personas")


class RuleList(msgspec.Struct, frozen=True, kw_only=True):
    """Every rule of one version."""

    persona: str
    version: int
    reader: int
    """This reader found those in the prose; a later one may find more, in versions that are made then."""
    data: list["RuleView"]
    facts: list["FactView"]
    """Figures of the layers and the prompt that answers are held against: prices, times, dates, numbers."""


class FactView(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of a version, and what it belongs to."""

    kind: str
    value: float | str
    about: str
    basis: str
    """`prompt`, or the layer's path."""
    source: str


class RuleView(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of a version, and whether answers are held against it."""

    id: str
    """`rules[N]` for one that the version declares, `prose:…` for one that was read from its prompt."""
    origin: Origin
    state: State
    """A read rule is `confirmed`, `corrected` or `off` where a declared one is `from` it, and `replaced`
    where a declared one says something else about the same limit or language. A declared one that is `from`
    a sentence which the prompt does not have, and says nothing of its own, is `unmatched`."""
    rule: dict[str, Any]
    source: str | None
    """The sentence that it came from."""


async def read(content: Content) -> Reading | None:
    """Read the rules in the prose, in a thread; `None` where that fails: the version is made all the same."""
    try:
        return await asyncio.to_thread(read_now, content)
    except Exception as error:  # noqa: BLE001 - a version is worth more than what is read from it
        log.error("the prose of a version cannot be read: %s", type(error).__name__)
        return None


def read_now(content: Content) -> Reading:
    """Read the rules in the prose, which takes up to a tenth of a second."""
    # Imported here, since the tables of every language come with it.
    from gateway.drift.rules import prose

    return Reading(reader=prose.READER, rules=prose.read(content.prompt, content.language))


def facts(name: str, content: Content) -> list[FactView]:
    """List the figures of a version, which takes some ten milliseconds."""
    # Imported here, as above.
    from gateway.drift import facts as figures

    found = figures.facts(character(name, content))[:FACTS]
    return [msgspec.convert(one, FactView, from_attributes=True) for one in found]


def listed(content: Content, reading: Reading) -> list[RuleView]:
    """List the declared rules in their order, then those that were read."""
    declared = rule.decode(content.rules)
    active = {one.basis for one in rule.effective(declared, reading.rules)}
    by_id = {one.id: one for one in reading.rules}
    views = [
        RuleView(
            id=f"rules[{at}]",
            origin="declared",
            state=_declared(one, by_id),
            rule=_plain(one),
            source=by_id[one.from_id].source if one.from_id in by_id else None,
        )
        for at, one in enumerate(declared)
    ]
    settled = {one.from_id: one for one in declared if one.from_id is not None}
    views += [
        RuleView(
            id=one.id,
            origin="prompt",
            state=_state(one, settled.get(one.id), one.id in active),
            rule=_plain(one.rule),
            source=one.source,
        )
        for one in reading.rules
    ]
    return views


def _declared(one: Rule, by_id: Mapping[str, Read]) -> State:
    if one.kind is None and one.from_id not in by_id:
        return "unmatched"
    return "off" if one.off else "active"


def _state(one: Read, answer: Rule | None, is_active: bool) -> State:
    if answer is None:
        return "active" if is_active else "replaced"
    if answer.off:
        return "off"
    return "confirmed" if answer.kind is None else "corrected"


def _plain(one: Rule) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(one)
    return plain
