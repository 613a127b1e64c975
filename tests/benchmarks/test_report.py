"""Results go to JSON and from there into a table."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchmarks import report, results
from benchmarks.costs import Scores
from benchmarks.results import Disturbance, Machine, Run, figure
from benchmarks.target import Recorded, Target

MACHINE = Machine(
    cores=2,
    cpu="Some CPU",
    memory_gb=8,
    system="Linux",
    python="3.12.4",
    versions={"nginx": "nginx/1.22.1"},
)


@pytest.fixture
def run() -> Run:
    figures = [
        figure("request_cpu", "CPU", "µs", {"nginx": [20, 30, 25], "gateway": [100, 200, 150]}, "0.5 KB"),
        figure("start_cpu", "Start", "ms", {"gateway": [1234.5]}),
    ]
    return results.run("core", 12.3, MACHINE, Disturbance(0.25, 0.0), figures, ["something was skipped"])


def test_ratios_are_those_of_the_medians(run: Run) -> None:
    assert run.ratios == {"request_cpu_vs_nginx": 6.0}
    assert run.ratios_of_lows == {"request_cpu_vs_nginx": 5.0}


def test_a_run_is_read_as_it_was_written(run: Run, tmp_path: Path) -> None:
    assert results.read(results.write(run, tmp_path)) == run


def test_a_table_has_a_line_for_each_figure(run: Run) -> None:
    lines = report.table(run).splitlines()
    assert lines[2] == "| figure | unit | nginx | gateway | ÷ nginx |"
    assert "| CPU | µs | 25.0 (20.0–30.0) | 150 (100–200) | 6.00 |" in lines
    assert "| Start | ms |  | 1,234 |  |" in lines
    assert "- CPU: 0.5 KB." in lines
    assert "- Note: something was skipped." in lines


def test_a_ratio_of_two_figures_stands_below_the_table(run: Run) -> None:
    grown = msgspec.structs.replace(run, ratios={**run.ratios, "request_cpu_vs_start_cpu": 0.1})
    assert "- `request_cpu_vs_start_cpu`: 0.10." in report.table(grown).splitlines()


def test_a_table_goes_into_its_place_on_a_page(run: Run) -> None:
    page = "before\n<!-- results:core -->\nold\n<!-- /results:core -->\nafter\n"
    placed = report.place(page, run)
    assert "old" not in placed
    assert placed.startswith("before\n<!-- results:core -->")
    assert placed.endswith("<!-- /results:core -->\nafter\n")
    assert report.place(placed, run) == placed


def test_a_page_without_a_place_is_refused(run: Run) -> None:
    with pytest.raises(ValueError, match="results:core"):
        report.place("nothing here", run)


def test_a_note_says_how_many_were_scored_with_the_answer_and_in_the_end() -> None:
    counted = iter([Recorded(100, 3, 40), Recorded(1100, 4, 540)])
    no_process: Any = None
    target = Target("gateway", no_process, 1, counts=lambda: next(counted))
    scores = Scores()
    assert scores.note() == ""
    with scores.counted(target):
        pass
    assert scores.note() == "49.9% scored on the answer, 99.90% in the end"
