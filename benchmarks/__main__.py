"""`python -m benchmarks core|growth|peers`: measure, store the figures as JSON, print the table."""

import argparse
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from benchmarks import core, growth, peers, report, results
from benchmarks.process import BenchError, program
from benchmarks.results import Run
from benchmarks.rig import Rig, measured


def main() -> int:
    """Return the exit code: 1 where something is missing or a server failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("kind", choices=["core", "growth", "peers"])
    parser.add_argument("--turns", type=int, default=growth.TURNS, help="rows of the large turns table")
    arguments = parser.parse_args()
    measures: dict[str, Callable[[Rig], Coroutine[Any, Any, Run]]] = {
        "core": core.measure,
        "growth": partial(growth.measure, turns=arguments.turns),
        "peers": peers.measure,
    }
    try:
        for name in ("nginx", "wrk"):
            program(name)
        run = measured(measures[arguments.kind])
    except BenchError as error:
        print(f"The measurement ended: {error}", file=sys.stderr)
        return 1
    path = results.write(run)
    print(report.table(run))
    print(f"\nWritten to benchmarks/results/{path.name}; it took {run.seconds:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
