"""Print the scorer's figures on a benchmark as Markdown: `python -m tools.drift_table --data DIR`."""

import argparse
import importlib.util
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.drift import benchmark
from gateway.drift.scorer import score
from tools import drift_baselines

Row = dict[str, Any]
Scores = NDArray[np.float64]
HEADS = {"incoherent": "coherence", "value_contradiction": "values"}
"""The number that a kind of drift is to be seen in; all others show in the voice."""
SIMPLE = {"incoherent": "relevance"}
"""The cosine that a kind is compared with: to the user's turn; for all others to the persona's lines."""


class Scored(NamedTuple):
    """The rows of a benchmark with everything that was said of them."""

    rows: list[Row]
    heads: dict[str, Scores]
    baselines: dict[str, Scores]
    verdicts: list[str]
    milliseconds: Scores
    """CPU time of a turn whose persona and history are known already."""


def main() -> None:
    """Read a benchmark, score it, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder with evaluate.py and the splits")
    parser.add_argument("--split", default="dev")
    options = parser.parse_args()
    evaluate = load(options.data / "evaluate.py")
    rows, sequences = read(options.data / options.split)
    scored = run(rows)
    for table in (kinds(scored, evaluate), alarms(scored), gradual(evaluate, sequences), cost(scored)):
        print("\n".join(table), end="\n\n")


def load(path: Path) -> ModuleType:
    """The evaluator, which is a script and in no package."""
    spec = importlib.util.spec_from_file_location("evaluate", path)
    if spec is None or spec.loader is None:
        sys.exit(f"{path}: there is no evaluator")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(folder: Path) -> tuple[list[Row], list[Row]]:
    """The single turns and the conversations of a split."""
    rows: list[Row] = []
    sequences: list[Row] = []
    for path in sorted(folder.glob("*.jsonl")):
        found = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        (sequences if path.name.endswith(".sequences.jsonl") else rows).extend(found)
    return rows, sequences


def run(rows: list[Row]) -> Scored:
    """Score every row as the product would, and by the baselines."""
    heads: dict[str, list[float]] = defaultdict(list)
    baselines: dict[str, list[float]] = defaultdict(list)
    verdicts, times = [], []
    for row in rows:
        profile, course = benchmark.prepared(row)
        began = time.process_time()
        result, _ = score(profile, course, row["user"], row["response"])
        times.append((time.process_time() - began) * 1000)
        for head, value in benchmark.numbers(result).items():
            heads[head].append(value or 0.0)
        verdicts.append(result.verdict)
        baselines["length"].append(drift_baselines.length(row))
        baselines["cosine"].append(drift_baselines.cosine(row))
        baselines["relevance"].append(drift_baselines.relevance(row))
    return Scored(rows, _arrays(heads), _arrays(baselines), verdicts, np.array(times))


def _arrays(columns: Mapping[str, list[float]]) -> dict[str, Scores]:
    return {name: np.array(values) for name, values in columns.items()}


def kinds(scored: Scored, evaluate: ModuleType) -> Iterable[str]:
    """AUROC by kind of drift and source, beside length alone and the simple cosine."""
    yield "| kind | source | out / in | length | cosine | scorer | recall at 5 % |"
    yield "| --- | --- | --: | --: | --: | --: | --: |"
    for kind in sorted({row["kind"] for row in scored.rows if row["label"] == "out"}):
        lines = []
        for source in sorted({row["source"] for row in scored.rows if row["kind"] == kind}):
            out = places(scored.rows, source, kind, "out")
            inside = places(scored.rows, source, kind, "in") or places(scored.rows, source, None, "in")
            columns = [scored.baselines["length"], scored.baselines[SIMPLE.get(kind, "cosine")]]
            columns.append(scored.heads[HEADS.get(kind, "voice")])
            areas = [evaluate.auroc(column[out], column[inside]) for column in columns]
            recall = evaluate.recall_at(columns[2][out], columns[2][inside])
            lines.append((source, f"{len(out)} / {len(inside)}", *areas, recall))
        for line in lines:
            yield row_of(kind, *line)
        if len(lines) > 1:
            means = [float(np.mean([line[at] for line in lines])) for at in range(2, 6)]
            yield row_of(f"**{kind}**", "**mean**", "", *means)


def places(rows: list[Row], source: str, kind: str | None, label: str) -> list[int]:
    """Find the rows of a source and a label, of one kind or of any."""
    return [
        at
        for at, row in enumerate(rows)
        if row["source"] == source and row["label"] == label and kind in (None, row["kind"])
    ]


def row_of(kind: str, source: str, counts: str, *values: float) -> str:
    """One line of the table."""
    *areas, recall = values
    return (
        f"| {kind} | {source} | {counts} | "
        + " | ".join(f"{one:.3f}" for one in areas)
        + f" | {recall:.2f} |"
    )


def alarms(scored: Scored) -> Iterable[str]:
    """Count turns in character that are not found so, by source and, where rows are many, by persona."""
    yield "| source | in character | found otherwise | by persona | voice: median, 95th percentile |"
    yield "| --- | --: | --: | --- | --- |"
    for source in sorted({row["source"] for row in scored.rows}):
        at = places(scored.rows, source, None, "in")
        wrong = np.array([scored.verdicts[i] in ("drifting", "out-of-character") for i in at])
        people: Mapping[str, list[bool]] = defaultdict(list)
        for i, is_wrong in zip(at, wrong, strict=True):
            people[scored.rows[i]["persona_id"]].append(bool(is_wrong))
        rates = [float(np.mean(flags)) for flags in people.values() if len(flags) >= 30]
        spread = f"{min(rates):.2f} to {max(rates):.2f} of {len(rates)}" if rates else ""
        voice = scored.heads["voice"][at]
        middle, high = np.median(voice), np.quantile(voice, 0.95)
        yield f"| {source} | {len(at)} | {wrong.mean():.3f} | {spread} | {middle:.3f}, {high:.3f} |"


def gradual(evaluate: ModuleType, sequences: list[Row]) -> Iterable[str]:
    """Count the slowly drifting conversations that are found, and say when."""
    if sequences:
        found = evaluate.sequences(benchmark, benchmark.score, sequences, head="voice")
        share, number = f"{found['detected']:.0%}", found["n"]
        yield (
            f"Slow drift: {share} of {number} conversations are found, at no more than 5 % "
            f"false alarms, and {found['median_delay']:.0f} turns after it began (median)."
        )


def cost(scored: Scored) -> Iterable[str]:
    """CPU time of a turn."""
    times = scored.milliseconds
    high = np.quantile(times, 0.95)
    yield f"CPU time of a turn: {times.mean():.2f} ms on average, {high:.2f} ms at the 95th percentile."


if __name__ == "__main__":
    main()
