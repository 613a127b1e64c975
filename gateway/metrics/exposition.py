"""The sums of all workers are told in the text format of Prometheus, version 0.0.4."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, groupby
from typing import NamedTuple

from gateway.metrics import figures
from gateway.metrics.board import Board
from gateway.metrics.figures import STATE_FAMILIES, Family, Histogram, Kind
from gateway.metrics.sheet import OTHER, Record

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})

Labels = tuple[tuple[str, str], ...]


class Sample(NamedTuple):
    """A number that somebody else has counted."""

    name: str
    kind: Kind
    text: str
    values: Mapping[Labels, float]


def told(board: Board, samples: Iterable[Sample]) -> str:
    """Add up all workers' sheets, and write them down with these samples."""
    pages = list(board)
    lines: list[str] = []
    requests = merged(record for page in pages for record in page.requests.read())
    lines += _sheet(requests, figures.REQUEST_FAMILIES)
    turns = merged(record for page in pages for record in page.turns.read())
    lines += _sheet(turns, figures.TURN_FAMILIES)
    lines += _sheet(merged(one for page in pages for one in page.loop.read()), [figures.LAG_FAMILY])
    limits = merged(one for page in pages for one in page.limits.read())
    lines += _sheet(limits, [figures.LIMIT_FAMILY])
    fallen = {"requests": requests.fallen, "turns": turns.fallen, "limits": limits.fallen}
    lines += _lines(
        Sample(
            "persona_metrics_fallen_total",
            "counter",
            "Label sets that were used least, and whose counts have gone to `other`.",
            {(("sheet", sheet),): number for sheet, number in fallen.items()},
        )
    )
    lines += _states(board)
    for sample in samples:
        lines += _lines(sample)
    return "\n".join([*lines, ""])


class Merged(NamedTuple):
    """The sums of several sheets by labels; those of `None` have fallen."""

    numbers: dict[tuple[str, ...] | None, list[float]]
    fallen: float


def merged(records: Iterable[Record]) -> Merged:
    sums: dict[tuple[str, ...] | None, list[float]] = {}
    fallen = 0.0
    for record in records:
        fallen += record.fallen if record.labels is None else 0.0
        if record.labels is None and not record.fallen:
            continue
        known = sums.get(record.labels)
        sums[record.labels] = (
            list(record.numbers)
            if known is None
            else [one + other for one, other in zip(known, record.numbers, strict=True)]
        )
    return Merged(sums, fallen)


def _sheet(found: Merged, families: Sequence[Family]) -> list[str]:
    lines: list[str] = []
    for name, several in groupby(families, key=lambda family: family.name):
        group = list(several)
        lines += _head(name, group[0].kind, group[0].text)
        for family in group:
            lines += _family(found, family)
    return lines


def _family(found: Merged, family: Family) -> list[str]:
    cell = family.cell
    first, last = (cell.at, cell.end) if isinstance(cell, Histogram) else (cell, cell + 1)
    sums: defaultdict[Labels, list[float]] = defaultdict(lambda: [0.0] * (last - first))
    for labels, numbers in found.numbers.items():
        values = [OTHER] * len(family.labels) if labels is None else figures.pick(labels, family.labels)
        key = (*zip(family.labels, values, strict=True), *family.fixed)
        sums[key] = [one + other for one, other in zip(sums[key], numbers[first:last], strict=True)]
    lines = []
    for key, numbers in sums.items():
        if isinstance(cell, Histogram):
            lines += _histogram(family.name, key, cell.bounds, numbers)
        elif numbers[0]:
            lines.append(_line(family.name, key, numbers[0]))
    return lines


def _histogram(name: str, labels: Labels, bounds: Sequence[float], numbers: Sequence[float]) -> list[str]:
    *counts, total = numbers
    if not any(counts):
        return []
    limits = [*map(_number, bounds), "+Inf"]
    running = list(accumulate(counts))
    return [
        *(
            _line(f"{name}_bucket", (*labels, ("le", limit)), count)
            for limit, count in zip(limits, running, strict=True)
        ),
        _line(f"{name}_sum", labels, total),
        _line(f"{name}_count", labels, running[-1]),
    ]


def _states(board: Board) -> list[str]:
    sums: dict[str, dict[Labels, float]] = {name: {} for name in STATE_FAMILIES}
    for page in board:
        is_live = page.is_live
        for record in page.states.read():
            if record.labels is None:
                continue
            name, value = record.labels
            family = STATE_FAMILIES[name]
            if family.kind == "gauge" and not is_live:
                continue
            key: Labels = ((family.label, value),) if family.label else ()
            sums[name][key] = sums[name].get(key, 0.0) + record.numbers[0]
    lines: list[str] = []
    for name, state in STATE_FAMILIES.items():
        lines += _lines(Sample(name, state.kind, state.text, sums[name]))
    workers = sum(page.is_working for page in board)
    return [*lines, *_lines(Sample("persona_workers", "gauge", "Workers that answer.", {(): workers}))]


def _lines(sample: Sample) -> list[str]:
    values = [_line(sample.name, labels, value) for labels, value in sample.values.items()]
    return [*_head(sample.name, sample.kind, sample.text), *values]


def _head(name: str, kind: Kind, text: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]


def _line(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{label}="{text.translate(ESCAPES)}"' for label, text in labels)
    return f"{name}{{{inside}}} {_number(value)}" if inside else f"{name} {_number(value)}"


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(value)
