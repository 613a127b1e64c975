"""An evaluation counts which of an owner's own labelled answers the scorer flags, and which it misses.

A set is a folder. `NAME.json` holds a persona (`name, language, prompt, examples, layers, rules`), and
`NAME.jsonl` beside it one answer a line: `user`, `response`, `label` (`in` or `out`), and perhaps `history`,
`kind` and `span`, the passage that is wrong.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from gateway.drift import benchmark
from gateway.drift.declared import DeclarationError

FLAGGED = frozenset({"drifting", "out-of-character"})
LONGEST = 64 * 1024 * 1024
"""A file has no more bytes than this."""


class SetError(Exception):
    """The set cannot be read; the message names the file, the line and the remedy."""


class Exchange(msgspec.Struct, frozen=True):
    """This was said before the answer."""

    user: str
    response: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """This is one answer with its label."""

    user: str
    response: str
    label: Literal["in", "out"]
    history: tuple[Exchange, ...] = ()
    kind: str | None = None
    span: str | None = None

    @property
    def group(self) -> str:
        """Give the kind, else the label."""
        return self.kind or self.label


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A set is about this persona."""

    prompt: str
    name: str = ""
    slug: str = ""
    language: str = "en"
    examples: tuple[str, ...] = ()
    layers: dict[str, Any] = {}
    rules: tuple[dict[str, Any], ...] = ()
    facts: tuple[dict[str, Any], ...] = ()


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """So many answers of one kind were there, and so many of them were flagged."""

    kind: str
    label: Literal["in", "out"]
    answers: int
    flagged: int
    share: float


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """So many answers of one persona were flagged, rightly and wrongly."""

    persona: str
    good: int
    false_alarms: int
    slips: int
    caught: int


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """The scorer took this answer for what it is not; `because` names what a verdict went by."""

    file: str
    line: int
    kind: str
    label: Literal["in", "out"]
    verdict: str
    because: list[str]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The scorer made this of a set: of `spans`, flagged slips with a passage, it told `named` rightly."""

    kinds: list[Kind]
    personas: list[Tally]
    wrong: list[Wrong]
    spans: int
    named: int
    ms: float
    """An answer took this much CPU time, personas made ready included, in milliseconds."""


class _Outcome(msgspec.Struct, frozen=True):
    persona: str
    line: int
    row: Row
    verdict: str
    signals: list[dict[str, Any]]

    @property
    def is_flagged(self) -> bool:
        return self.verdict in FLAGGED


def evaluate(folder: Path) -> Report:
    """Score every answer of the set by the product's own path. Raises SetError."""
    files = sorted(path for path in folder.glob("*.json"))
    if not files:
        raise SetError(f"{folder}: there is no NAME.json with a persona in it")
    began = time.thread_time()
    outcomes = [outcome for file in files for outcome in _persona(file)]
    spent = (time.thread_time() - began) * 1000
    if not outcomes:
        raise SetError(f"{folder}: there is no answer in it; write one a line into NAME.jsonl")
    told = [each for each in outcomes if each.row.span and each.is_flagged and each.row.label == "out"]
    return Report(
        kinds=_kinds(outcomes),
        personas=_personas(outcomes),
        wrong=[_wrong(each) for each in outcomes if each.is_flagged != (each.row.label == "out")],
        spans=len(told),
        named=sum(_is_named(each.row, each.signals) for each in told),
        ms=spent / len(outcomes),
    )


def _persona(file: Path) -> Iterator[_Outcome]:
    subject = _read(file, _text(file), Subject)
    persona = {**msgspec.to_builtins(subject), "name": subject.name or subject.slug or file.stem}
    for number, line in enumerate(_text(file.with_suffix(".jsonl")).splitlines(), 1):
        if not line.strip():
            continue
        row = _read(f"{file.with_suffix('.jsonl')}, line {number}", line, Row)
        try:
            found = benchmark.verdict(persona, msgspec.to_builtins(row))
        except DeclarationError as error:
            raise SetError(f"{file}: {error}") from None
        yield _Outcome(file.stem, number, row, found["verdict"], found["signals"])


def _wrong(each: _Outcome) -> Wrong:
    told = (f"{one['name']} {one.get('basis') or ''}".strip() for one in each.signals)
    return Wrong(
        file=f"{each.persona}.jsonl",
        line=each.line,
        kind=each.row.group,
        label=each.row.label,
        verdict=each.verdict,
        because=list(dict.fromkeys(told)),
    )


def _is_named(row: Row, signals: list[dict[str, Any]]) -> bool:
    """Tell whether a signal points into the passage that is wrong."""
    start = row.response.find(row.span) if row.span else -1
    if start < 0:
        return False
    end = start + len(row.span or "")
    return any(
        (one.get("start") or 0) < end and (one.get("end") or 0) > start for one in signals if "end" in one
    )


def _kinds(outcomes: list[_Outcome]) -> list[Kind]:
    """Count good answers first, then slips, by name."""
    groups: dict[tuple[str, str], list[_Outcome]] = {}
    for each in outcomes:
        groups.setdefault((each.row.label, each.row.group), []).append(each)
    return [
        Kind(
            kind=kind,
            label="in" if label == "in" else "out",
            answers=len(found),
            flagged=sum(each.is_flagged for each in found),
            share=sum(each.is_flagged for each in found) / len(found),
        )
        for (label, kind), found in sorted(groups.items())
    ]


def _personas(outcomes: list[_Outcome]) -> list[Tally]:
    groups: dict[str, list[_Outcome]] = {}
    for each in outcomes:
        groups.setdefault(each.persona, []).append(each)
    return [
        Tally(
            persona=name,
            good=sum(each.row.label == "in" for each in found),
            false_alarms=sum(each.row.label == "in" and each.is_flagged for each in found),
            slips=sum(each.row.label == "out" for each in found),
            caught=sum(each.row.label == "out" and each.is_flagged for each in found),
        )
        for name, found in groups.items()
    ]


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LONGEST:
            raise SetError(f"{path}: is larger than {LONGEST} bytes; split it")
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise SetError(f"{path}: is missing; each NAME.json needs its NAME.jsonl") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SetError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def _read(place: object, text: str, kind: Any) -> Any:
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise SetError(f"{place}: {error}") from None
