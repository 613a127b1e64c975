"""Rules are read from a version's prose, and listed for its owner to confirm, correct or switch off."""

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from gateway.drift import fact, rule
from gateway.drift.fact import Fact
from gateway.drift.rule import Read, Rule
from gateway.personas.model import Content, Reading
from gateway.personas.resolved import character

if TYPE_CHECKING:
    from gateway.drift import facts as found

Origin = Literal["declared", "prompt"]
FactOrigin = Literal["declared", "prompt", "layers", "name"]
State = Literal["active", "doubted", "confirmed", "corrected", "off", "replaced", "unmatched"]

FACTS = 800
"""Facts that are listed."""
_FACT_ORIGINS: dict[str, FactOrigin] = {"prompt": "prompt", "name": "name"}

log = logging.getLogger("gateway.personas")


class RuleList(msgspec.Struct, frozen=True, kw_only=True):
    """Every rule of one version."""

    persona: str
    version: int
    reader: int
    """This reader found those in the prose; a later one may find more, in versions that are made then."""
    data: list["RuleView"]
    facts: list["FactView"]
    """Declared facts, then those of the layers and the prompt: names, places, prices, times, likes …"""


class FactView(msgspec.Struct, frozen=True, kw_only=True):
    """One fact of a version and what it belongs to, or a sentence that it declares."""

    id: str
    """`facts[N]` for one that the version declares, `fact:…` for one that was read."""
    origin: FactOrigin
    state: State
    """A read one is `confirmed`, `corrected` or `off` where a declared fact is `from` it. A declared one
    that is `from` a sentence which is not there, and says nothing of its own, is `unmatched`."""
    said: str
    """The fact as it is written, or the sentence that is declared."""
    kind: str | None
    value: float | str | None
    about: str | None
    basis: str
    """`prompt`, the layer's path, `name` for the persona's own, or `facts[N]`."""
    source: str | None


class RuleView(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of a version, and whether answers are held against it."""

    id: str
    """`rules[N]` for one that the version declares, `prose:…` for one that was read from its prompt."""
    origin: Origin
    state: State
    """A read rule is `confirmed`, `corrected` or `off` where a declared one is `from` it, and `replaced`
    where a declared one says something else about the same limit or language. A declared one that is `from`
    a sentence which the prompt does not have, and says nothing of its own, is `unmatched`. One that the
    version's own examples break, as it is checked, is `doubted`: it is worth a look, and never a break,
    until a declared one that is `from` it confirms or corrects it."""
    doubted_by: str | None
    """The first example that breaks it, such as `examples[2]`; `None` where none does."""
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
    from gateway.drift.wrapping import unwrapped

    return Reading(reader=prose.READER, rules=prose.read(unwrapped(content.prompt), content.language))


def facts(name: str, content: Content) -> list[FactView]:
    """List the declared facts in their order, then what was read, which takes some ten milliseconds."""
    # Imported here, as above.
    from gateway.drift import facts as found

    read = found.facts(character(name, content))
    by_id = {one.id: one for one in read}
    declared = fact.decode(content.facts)
    views = [_fact(f"facts[{at}]", one, by_id.get(one.from_id or "")) for at, one in enumerate(declared)]
    settled = {one.from_id: one for one in declared}
    for one in read[:FACTS]:
        answer = settled.get(one.id)
        state: State = _answered(answer.off, answer.text is None) if answer is not None else "active"
        origin = _FACT_ORIGINS.get(one.basis, "layers")
        views.append(FactView(origin=origin, state=state, **msgspec.structs.asdict(one)))
    return views


def _fact(id: str, one: Fact, of: "found.Read | None") -> FactView:
    state: State = "unmatched" if one.text is None and of is None else "off" if one.off else "active"
    said = one.text or (of.said if of is not None else one.from_id or "")
    return FactView(
        id=id,
        origin="declared",
        state=state,
        said=said,
        kind=of.kind if of is not None and one.text is None else None,
        value=of.value if of is not None and one.text is None else None,
        about=of.about if of is not None else None,
        basis=id,
        source=of.source if of is not None else None,
    )


def listed(name: str, content: Content, reading: Reading) -> list[RuleView]:
    """List the declared rules in their order, then those that were read, in some ten milliseconds."""
    # Imported here, as above.
    from gateway.drift.profile import Profile

    doubts = Profile(character(name, content, reading)).rules.doubts
    return [_doubted(one, doubts.get(one.id)) for one in _listed(content, reading)]


def _doubted(one: RuleView, example: int | None) -> RuleView:
    if example is None or one.state != "active":
        return one
    return msgspec.structs.replace(one, state="doubted", doubted_by=f"examples[{example}]")


def _listed(content: Content, reading: Reading) -> list[RuleView]:
    declared = rule.decode(content.rules)
    active = {one.basis for one in rule.effective(declared, reading.rules)}
    by_id = {one.id: one for one in reading.rules}
    views = [
        RuleView(
            id=f"rules[{at}]",
            origin="declared",
            state=_declared(one, by_id),
            doubted_by=None,
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
            doubted_by=None,
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
    return _answered(answer.off, answer.kind is None)


def _answered(is_off: bool, says_nothing: bool) -> State:
    return "off" if is_off else "confirmed" if says_nothing else "corrected"


def _plain(one: Rule) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(one)
    return plain
