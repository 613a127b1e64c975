"""CPU time and memory are those of the whole process tree."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.process import BenchError, Process, program
from tests.fakes.until import until

pytestmark = pytest.mark.serial

FAMILY = """
import subprocess, sys, time
def work(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
work(0.1)
subprocess.run([sys.executable, "-c", "import time\\nwhile time.process_time() < 0.1: pass"])
child = subprocess.Popen([sys.executable, "-c",
    "import sys, time\\nwhile time.process_time() < 0.1: pass\\nprint('ready', flush=True)\\ntime.sleep(60)"])
time.sleep(60)
"""

KILLED = """
import os, pathlib, sys
from benchmarks.process import Process
child = Process(["/bin/sleep", "60"], sorted(os.sched_getaffinity(0)), pathlib.Path(sys.argv[1]))
print(child.pid, flush=True)
os._exit(9)
"""


def test_a_tree_is_measured_and_ended(cores: list[int], tmp_path: Path) -> None:
    process = Process([sys.executable, "-c", FAMILY], cores[:1], tmp_path)
    process.read_until("ready")
    tree = process.tree()
    assert len(tree) == 2
    assert process.cpu_ns() >= 200_000_000
    assert process.ended_children_cpu_ns() >= 80_000_000
    assert 1000 < process.memory_kb() <= 2 * process.largest_kb()
    process.stop()
    assert process.has_ended()


def test_a_server_that_ends_says_why(cores: list[int], tmp_path: Path) -> None:
    process = Process([sys.executable, "-c", "import sys; sys.exit('no such thing')"], cores, tmp_path)
    with pytest.raises(BenchError, match="no such thing"):
        process.read_until("ready")
    process.stop()


def test_a_server_ends_with_a_measurement_that_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert killed.returncode == 9, killed.stderr
    until(lambda: has_ended(int(killed.stdout)))


def has_ended(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def test_a_missing_program_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(BenchError, match=r"no-such-program is not installed; .*apt-get install"):
        program("no-such-program")
