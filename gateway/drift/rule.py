"""A rule is one thing that a persona must or must not do, as its owner writes it."""

import re
import typing
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from gateway.drift import declared
from gateway.drift.declared import DeclarationError

CODE = re.compile(r"[a-z]{2,3}")
"""An ISO 639 code."""
MOST = 200
"""Rules of one version."""
TERMS, TERM, TEXT, NAME, ID = 200, 200, 2_000, 100, 64
"""Terms of one rule; characters of a term, of a text, of a name and of a read rule's id."""
COMMON = {
    "language": "The persona keeps to its language.",
    "manner": "The persona keeps to the manner and form of address that its prompt asks for.",
}
"""Rules that hold for every persona, by the basis of what breaks them."""
KINDS = ("never_say", "must_not", "must", "language", "length", "format")
Severity = Literal["break", "warn"]


class Length(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Limits how long an answer may be."""

    max_sentences: int | None = None
    max_words: int | None = None


class Format(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Says what an answer may be dressed in: `false` for none of it, a number for so many at most."""

    emoji: bool | int | None = None
    lists: bool | None = None
    exclamation: bool | int | None = None
    markdown: bool | None = None


class Rule(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"from_id": "from"},
):
    """One rule; exactly one of its kinds is given, or `from` alone."""

    never_say: tuple[str, ...] | None = None
    must_not: str | None = None
    must: str | None = None
    language: str | tuple[str, ...] | None = None
    length: Length | None = None
    format: Format | None = None
    name: str | None = None
    severity: Severity | None = None
    """`break` where nothing is said; a `warn` never makes a turn worse than drifting."""
    from_id: str | None = None
    """The id of a rule that was read from the prompt, which this one confirms, corrects or switches off."""
    off: bool = False

    @property
    def kind(self) -> str | None:
        """The one kind that is given; `None` for a rule that only points at another."""
        return next((kind for kind in KINDS if getattr(self, kind) is not None), None)

    @property
    def languages(self) -> frozenset[str]:
        """The languages of a `language` rule, without regions."""
        some = (self.language,) if isinstance(self.language, str) else self.language or ()
        return frozenset(one.lower().replace("_", "-").partition("-")[0] for one in some)


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that was found in the prose of a prompt."""

    id: str
    """`prose:` and eight hex digits, which stay the same while the sentence does."""
    rule: Rule
    source: str
    """The sentence that it came from."""


class Active(NamedTuple):
    """A rule that answers are held against."""

    rule: Rule
    basis: str
    """`rules[2]` where the owner wrote it, else the id of what was read."""
    source: str
    """The words it goes by: the owner's, or the sentence of the prompt."""
    is_declared: bool

    @property
    def is_warning(self) -> bool:
        return self.rule.severity == "warn"

    @property
    def title(self) -> str:
        """Call it by its name, or else by its words, cut."""
        return self.rule.name or self.source[:NAME]


def decode(value: Any) -> tuple[Rule, ...]:
    """Read rules as they are written. Raises DeclarationError: which one is wrong, where and the remedy."""
    severities = typing.get_args(Severity)
    return declared.decode(value, Rule, _check, most=MOST, having="one kind of rule", choices=severities)


def encode(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """Rules as they are written in files and answers."""
    found: list[dict[str, Any]] = msgspec.to_builtins(list(rules))
    return found


def effective(declared: Sequence[Rule], read: Sequence[Read]) -> tuple[Active, ...]:
    """List what holds: the declared rules, then what was read and neither corrected nor switched off.

    A declared limit of a length or format, or a declared language, stands in place of one that was read.
    """
    by_id = {one.id: one for one in read}
    found: list[Active] = []
    for at, rule in enumerate(declared):
        source = by_id.get(rule.from_id or "")
        meant = source.rule if rule.kind is None and source is not None else rule
        if rule.off or meant.kind is None:
            continue
        if meant is not rule:
            severity = rule.severity or meant.severity
            meant = msgspec.structs.replace(meant, name=rule.name or meant.name, severity=severity)
        found.append(Active(meant, f"rules[{at}]", source.source if source else told(meant), True))
    settled = {rule.from_id for rule in declared}
    has_language = any(one.rule.language is not None for one in found)
    limits = [limit for one in found for limit in _limits(one.rule)]
    for one in read:
        if one.id in settled or (has_language and one.rule.language is not None):
            continue
        if any(limit in limits for limit in _limits(one.rule)):
            continue
        found.append(Active(one.rule, one.id, one.source, False))
    return tuple(found)


def told(rule: Rule) -> str:
    """The rule in the owner's own words, for whoever has to name it."""
    if rule.must_not is not None:
        return rule.must_not
    if rule.must is not None:
        return rule.must
    if rule.never_say is not None:
        return ", ".join(rule.never_say)
    if rule.language is not None:
        return ", ".join(sorted(rule.languages))
    limits = rule.length or rule.format
    return (
        ", ".join(f"{name}: {value}" for name, value in msgspec.to_builtins(limits).items()) if limits else ""
    )


def _limits(rule: Rule) -> list[str]:
    given = rule.length or rule.format
    return list(msgspec.to_builtins(given)) if given is not None else []


def _check(at: int, rule: Rule, _before: Sequence[Rule]) -> None:
    given = [kind for kind in KINDS if getattr(rule, kind) is not None]
    if len(given) > 1:
        raise DeclarationError(
            (at,), f"Rule {at} has {' and '.join(given)}; write a rule of its own for each."
        )
    if not given and rule.from_id is None:
        raise DeclarationError(
            (at,), f"Rule {at} says nothing; give one of {', '.join(KINDS)}, or `from` a read rule."
        )
    if rule.off and (rule.from_id is None or given):
        raise DeclarationError(
            (at, "off"), f"Rule {at} is off; only `from` a read rule may stand beside `off`."
        )
    if rule.name is not None and not 0 < len(rule.name.strip()) <= NAME:
        raise DeclarationError((at, "name"), f"The name of rule {at} has 1 to {NAME} characters.")
    if rule.from_id is not None and not (rule.from_id.startswith("prose:") and len(rule.from_id) <= ID):
        raise DeclarationError(
            (at, "from"), f"Rule {at} is `from` the id of a read rule, such as prose:1a2b3c4d."
        )
    for kind in ("must_not", "must"):
        text = getattr(rule, kind)
        if text is not None and not 0 < len(text.strip()) <= TEXT:
            raise DeclarationError((at, kind), f"`{kind}` of rule {at} is a text of 1 to {TEXT} characters.")
    _check_terms(at, rule)
    _check_limits(at, rule)


def _check_terms(at: int, rule: Rule) -> None:
    if rule.never_say is not None:
        terms = rule.never_say
        if not 0 < len(terms) <= TERMS:
            raise DeclarationError((at, "never_say"), f"`never_say` of rule {at} has 1 to {TERMS} terms.")
        for place, term in enumerate(terms):
            if not any(letter.isalnum() for letter in term) or len(term) > TERM:
                raise DeclarationError(
                    (at, "never_say", place),
                    f"A term of rule {at} has a letter or digit and at most {TERM} characters.",
                )
    if rule.language is not None:
        if not rule.languages:
            raise DeclarationError((at, "language"), f"`language` of rule {at} names at least one language.")
        for one in sorted(rule.languages):
            if not CODE.fullmatch(one):
                raise DeclarationError(
                    (at, "language"),
                    f"`language` of rule {at} is a code such as `en` or a list of them, not `{one}`.",
                )


def _check_limits(at: int, rule: Rule) -> None:
    for kind in ("length", "format"):
        given = getattr(rule, kind)
        if given is None:
            continue
        limits = {name: getattr(given, name) for name in given.__struct_fields__}
        limits = {name: value for name, value in limits.items() if value is not None}
        if not limits:
            raise DeclarationError((at, kind), f"`{kind}` of rule {at} sets at least one limit.")
        for name, value in limits.items():
            least = 1 if kind == "length" else 0
            if value is True:
                raise DeclarationError(
                    (at, kind, name), f"`{name}` of rule {at} is false; leave it out where it is allowed."
                )
            if value is not False and value < least:
                raise DeclarationError((at, kind, name), f"`{name}` of rule {at} is at least {least}.")
