"""Gates are rules that a persona passes or not; a model clears nothing here."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from gateway.studio import expression
from gateway.studio.blueprint import Blueprint, Field
from gateway.studio.crowd import Member
from gateway.studio.nodes import NotApplicableError

SHORT = 60
"""Characters of a value that is looked for in the markdown word by word."""
NAMES = ("name", "full_name", "display_name")
SHOWN = 80
FIELD_LINE = 120
"""Characters in front of the colon in a line of a sheet that tells of a field."""
WORD = re.compile(r"\w+")
MARKS = "#*_->|` \t"


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, and whether it is passed."""

    name: str
    passed: bool
    detail: str = ""
    applicable: bool = True
    """A gate that does not apply is passed."""


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """One persona passes these."""

    persona_id: str
    passed: bool
    gates: list[Gate]


class Gates:
    """The gates of one evaluation; expressions are read once."""

    def __init__(self, blueprint: Blueprint | None) -> None:
        self._blueprint = blueprint
        constraints = blueprint.constraints if blueprint else []
        self._orders = blueprint.orders if blueprint else {}
        self._constraints = [(each, expression.parse(each.expression)) for each in constraints]

    def score(self, member: Member) -> Scorecard:
        found = [*self._found(member)]
        passed = all(gate.passed for gate in found)
        return Scorecard(persona_id=member.persona_id, passed=passed, gates=found)

    def _found(self, member: Member) -> Iterator[Gate]:
        yield _shape(member)
        yield _named(member)
        yield _agreement(member)
        if self._blueprint is None:
            return
        yield _required(member, self._blueprint.fields)
        yield _field_set(member, self._blueprint.fields)
        yield _values(member, self._blueprint.fields)
        for number, (constraint, holds) in enumerate(self._constraints, 1):
            name = f"constraint_{number}"
            try:
                passed = holds(member.fields, self._orders)
            except NotApplicableError as error:
                yield Gate(name=name, passed=True, applicable=False, detail=f"Not applicable: {error}.")
                continue
            detail = "" if passed else f"`{constraint.expression[:SHOWN]}` does not hold."
            yield Gate(name=name, passed=passed, detail=detail)


def batch(members: Sequence[Member]) -> list[Gate]:
    """Give the gates that are of all personas together, but for those of figures."""
    ids = _repeated(member.persona_id for member in members)
    fields = _repeated("\x1f".join(f"{k}={v}" for k, v in sorted(each.fields.items())) for each in members)
    prompts = _repeated(" ".join(member.system_prompt.split()).casefold() for member in members)
    return [
        Gate(name="unique_ids", passed=not ids, detail=_counted(ids, "ids stand more than once")),
        Gate(name="no_duplicate_fields", passed=not fields, detail=_counted(fields, "sets of fields repeat")),
        Gate(name="no_duplicate_prompts", passed=not prompts, detail=_counted(prompts, "prompts repeat")),
    ]


def _shape(member: Member) -> Gate:
    empty = [name for name, value in member.fields.items() if not value.strip()]
    problems = [
        *(["`fields` is empty"] if not member.fields else []),
        *(["`system_prompt` is empty"] if not member.system_prompt.strip() else []),
        *(["`markdown` is empty"] if not member.markdown.strip() else []),
        *([f"these fields are empty: {_list(empty)}"] if empty else []),
    ]
    return Gate(name="shape", passed=not problems, detail=_sentence(problems))


def _name_of(member: Member) -> str | None:
    folded = {name.casefold(): value.strip() for name, value in member.fields.items()}
    return next((folded[name] for name in NAMES if folded.get(name)), None)


def _named(member: Member) -> Gate:
    """The prompt has to name the persona, at least by one part of its name."""
    name = _name_of(member)
    if name is None:
        return Gate(name="prompt_names_persona", passed=True, applicable=False, detail="There is no name.")
    prompt, name_folded = member.system_prompt.casefold(), name.casefold()
    passed = name_folded in prompt
    if not passed:
        # A prompt is taken apart only where a part of the name may be a word of it.
        parts = [part for part in WORD.findall(name_folded) if len(part) > 1 and part in prompt]
        passed = bool(parts) and not set(WORD.findall(prompt)).isdisjoint(parts)
    detail = "" if passed else f"The prompt does not name `{name[:SHOWN]}`."
    return Gate(name="prompt_names_persona", passed=passed, detail=detail)


def _agreement(member: Member) -> Gate:
    """The sheet has to bear the persona's name, and to give no other value for a field that it lists."""
    problems = []
    heading, said = _read(member.markdown)
    name = _name_of(member)
    if name and heading and name.casefold() not in heading:
        problems.append("its heading is another name")
    for field, value in member.fields.items():
        told = said.get(field.replace("_", " ").casefold())
        if told is not None and len(value) <= SHORT and " ".join(value.casefold().split()) not in told:
            problems.append(f"it says otherwise of `{field[:SHOWN]}`")
    return Gate(name="markdown_agrees", passed=not problems, detail=_sentence(problems))


def _read(markdown: str) -> tuple[str | None, dict[str, str]]:
    """Read a sheet's first heading, and what its lines of the form `field: value` say, in lower case."""
    heading, said = None, dict[str, str]()
    for line in markdown.casefold().splitlines():
        if heading is None and line.startswith("# "):
            heading = line.strip(MARKS)
            continue
        key, colon, value = line.partition(":")
        if colon and len(key) <= FIELD_LINE:
            said.setdefault(key.strip(MARKS).replace("_", " "), value.strip(MARKS))
    return heading, said


def _required(member: Member, fields: Sequence[Field]) -> Gate:
    missing = [
        field.name for field in fields if field.required and not member.fields.get(field.name, "").strip()
    ]
    detail = f"Missing: {_list(missing)}." if missing else ""
    return Gate(name="required_fields", passed=not missing, detail=detail)


def _field_set(member: Member, fields: Sequence[Field]) -> Gate:
    extra = sorted(member.fields.keys() - {field.name for field in fields})
    detail = f"Not in the blueprint: {_list(extra)}." if extra else ""
    return Gate(name="field_set", passed=not extra, detail=detail)


def _values(member: Member, fields: Sequence[Field]) -> Gate:
    """Ordered values and categories allow their own values alone, and numbers have to be numeric."""
    problems = []
    for field in fields:
        value = member.fields.get(field.name, "").strip()
        weights = field.distribution.weights if field.distribution and field.type != "text" else {}
        allowed = field.ordered_values or [*weights]
        if not value:
            continue
        if allowed and value.casefold() not in {each.strip().casefold() for each in allowed}:
            problems.append(f"`{field.name}` is none of its values")
        elif not allowed and field.type in ("integer", "number") and not _is_number(value, field.type):
            problems.append(f"`{field.name}` is no {field.type}")
    return Gate(name="field_values", passed=not problems, detail=_sentence(problems))


def _is_number(value: str, kind: str) -> bool:
    try:
        number = float(value)
    except ValueError:
        return False
    return number == number and abs(number) != float("inf") and (kind == "number" or number.is_integer())


def _repeated(texts: Iterator[str]) -> int:
    return sum(1 for count in Counter(texts).values() if count > 1)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}." if count else ""


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(f"`{name[:SHOWN]}`" for name in names[:10]) + more


def _sentence(problems: Sequence[str]) -> str:
    told = "; ".join(problems[:10])
    return f"{told[:1].upper()}{told[1:]}." if told else ""
