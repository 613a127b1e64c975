"""A fact is what a persona's owner says of one that was read, or a sentence of the owner's own."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from gateway.drift import declared
from gateway.drift.declared import DeclarationError

MOST = 200
"""Facts that one version declares."""
TEXT, IN_ALL = 500, 10_000
"""Characters of a sentence, and of all of them: each is read whenever a version is made ready."""
READ = "fact:"
"""The ids of facts that were read begin with it."""
_ID = re.compile(READ + "[0-9a-f]{8}")


class Fact(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"from_id": "from"},
):
    """One fact: a sentence, or `from` one that was read, or both."""

    text: str | None = None
    """A sentence that answers are held against; beside `from` it stands in place of what was read."""
    from_id: str | None = None
    """The id of a fact that was read, which this one confirms, corrects or switches off."""
    off: bool = False


def decode(value: Any) -> tuple[Fact, ...]:
    """Read facts as they are written. Raises DeclarationError: which one is wrong, where and the remedy."""
    found = declared.decode(value, Fact, _check, most=MOST, having="`text` or `from`")
    if sum(len(fact.text or "") for fact in found) > IN_ALL:
        raise DeclarationError((), f"The facts of a version have at most {IN_ALL} characters; declare fewer.")
    return found


def statements(facts: Sequence[Fact]) -> dict[str, str]:
    """Give the sentences that are declared, each by its place, such as `facts[2]`."""
    return {f"facts[{at}]": fact.text for at, fact in enumerate(facts) if fact.text is not None}


def settles(facts: Iterable[Fact]) -> bool:
    """Tell whether one of them takes back or corrects what was read."""
    return any(one.from_id is not None and (one.off or one.text is not None) for one in facts)


def _check(at: int, fact: Fact, before: Sequence[Fact]) -> None:
    if fact.text is None and fact.from_id is None:
        raise DeclarationError(
            (at,), f"Fact {at} says nothing; give a sentence as `text`, or `from` a read one."
        )
    if fact.text is not None and not 0 < len(fact.text.strip()) <= TEXT:
        raise DeclarationError((at, "text"), f"`text` of fact {at} is a sentence of 1 to {TEXT} characters.")
    if fact.from_id is not None and not _ID.fullmatch(fact.from_id):
        raise DeclarationError(
            (at, "from"), f"Fact {at} is `from` the id of a read one, such as {READ}1a2b3c4d."
        )
    if fact.from_id is not None and any(one.from_id == fact.from_id for one in before):
        raise DeclarationError(
            (at, "from"), f"Fact {at} is `from` the same id as one before it; keep one of them."
        )
    if fact.off and (fact.from_id is None or fact.text is not None):
        raise DeclarationError(
            (at, "off"), f"Fact {at} is off; only `from` a read one may stand beside `off`."
        )
