"""`python -m benchmarks.report FILE…` writes results as Markdown, or into the places that a page keeps for
them."""

import argparse
import re
from pathlib import Path

from benchmarks import results
from benchmarks.results import Figure, Run, Sample

FIRST = ("direct", "nginx", "gateway")
"""The order of the columns; other servers follow."""


def table(run: Run) -> str:
    """Write the whole table of one run: medians with their spread, and our ratios."""
    servers = _servers(run)
    others = [name for name in servers if any(f"{one.name}_vs_{name}" in run.ratios for one in run.figures)]
    head = ["figure", "unit", *servers, *(f"÷ {name}" for name in others)]
    lines = [_line(head), _line(["---", "---", *["--:"] * (len(head) - 2)])]
    lines += [_line(_cells(run, one, servers, others)) for one in run.figures]
    return "\n".join([*_about(run), "", *lines, *_notes(run)])


def place(page: str, run: Run) -> str:
    """Put the table into the page between its two marks, `<!-- results:KIND -->` and `<!-- /results:KIND
    -->`."""
    begin, end = f"<!-- results:{run.kind} -->", f"<!-- /results:{run.kind} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"the page has no place {begin} … {end}")
    return pattern.sub(lambda _: f"{begin}\n\n{table(run)}\n\n{end}", page)


def _about(run: Run) -> list[str]:
    about = run.machine
    versions = ", ".join(
        f"{name} {version.removeprefix(f'{name}/')}" for name, version in about.versions.items()
    )
    return [
        f"Persona Gateway {run.gateway}, {run.date}: {about.cpu}, {about.cores} cores, "
        f"{about.memory_gb:g} GB, {about.system}, Python {about.python}, {versions}; "
        f"other work took {run.disturbance.elsewhere:.0%} of the cores during the run, "
        f"and {run.disturbance.stolen:.0%} was stolen. "
        "Each value is the median of the rounds, with the lowest and the highest in brackets."
    ]


def _notes(run: Run) -> list[str]:
    notes = [f"- {one.title}: {one.note}." for one in run.figures if one.note]
    notes += [f"- `{name}`: {share:.2f}." for name, share in run.ratios.items() if _is_growth(run, name)]
    notes += [f"- Note: {note}." for note in run.notes]
    return ["", *notes] if notes else []


def _is_growth(run: Run, ratio: str) -> bool:
    """Tell whether a ratio is one of two figures, and so in no column."""
    return ratio.rpartition("_vs_")[2] in {one.name for one in run.figures}


def _servers(run: Run) -> list[str]:
    found = {name: None for one in run.figures for name in one.samples}
    return [*(name for name in FIRST if name in found), *(name for name in found if name not in FIRST)]


def _cells(run: Run, one: Figure, servers: list[str], others: list[str]) -> list[str]:
    samples = [_shown(one.samples.get(name)) for name in servers]
    shares = [run.ratios.get(f"{one.name}_vs_{name}") for name in others]
    return [one.title, one.unit, *samples, *("" if share is None else f"{share:.2f}" for share in shares)]


def _shown(found: Sample | None) -> str:
    if found is None:
        return ""
    if found.low == found.high:
        return _number(found.median)
    return f"{_number(found.median)} ({_number(found.low)}–{_number(found.high)})"


def _number(value: float) -> str:
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 else 3
    return f"{value:,.{digits}f}"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--into", type=Path, metavar="PAGE", help="write the tables there, in their places")
    arguments = parser.parse_args()
    runs = [results.read(file) for file in arguments.files]
    if arguments.into is None:
        print("\n\n".join(table(run) for run in runs))
        return
    page = arguments.into.read_text("utf-8")
    for run in runs:
        page = place(page, run)
    arguments.into.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
