"""Counts of the last minute: never too many in any minute, and none lost with the process that counted it."""

import subprocess
import sys
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.limits.rings import SECONDS, SPAN
from gateway.limits.table import PROBES, Table, TableFullError

NAME, OTHER = 17, 18
STEPS = st.lists(
    st.tuples(st.floats(0, 40), st.integers(1, 6), st.sampled_from((NAME, OTHER))), min_size=1, max_size=60
)


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.25

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table(clock: Clock) -> Table:
    return Table(8, clock)


@given(STEPS, st.integers(1, 12))
def test_no_minute_has_more_than_the_limit_and_no_room_is_wasted(
    steps: list[tuple[float, int, int]], most: int
) -> None:
    clock = Clock()
    table = Table(8, clock)
    taken: dict[int, deque[tuple[float, int]]] = {NAME: deque(), OTHER: deque()}
    for pause, amount, name in steps:
        clock.now += pause
        counted = table.take(name, amount, most)
        within = sum(each for at, each in taken[name] if at > clock.now - SECONDS)
        # A cell is half a second long, and counts until all that is in it is old enough.
        surely = sum(each for at, each in taken[name] if at > clock.now - SECONDS - 0.5)
        if counted.is_taken:
            assert within + amount <= most
            taken[name].append((clock.now, amount))
            surely += amount
        else:
            assert surely + amount > most
        assert counted.total <= surely
        assert counted.oldest <= counted.cell < counted.oldest + SPAN


def test_what_is_old_leaves_when_it_was_said_to(table: Table, clock: Clock) -> None:
    table.take(NAME, 2, 3)
    clock.now += 20
    table.take(NAME, 1, 3)
    counted = table.take(NAME, 1, 3)
    assert (counted.is_taken, counted.total) == (False, 3)
    wait = table.until(counted.oldest)
    clock.now += wait - 0.01
    assert not table.take(NAME, 1, 3).is_taken
    clock.now += 0.02
    assert table.take(NAME, 2, 3).total == 3


def test_what_is_given_back_or_renewed_counts_where_it_was(table: Table, clock: Clock) -> None:
    first = table.take(NAME, 1, 2).cell
    clock.now += 30
    second = table.take(NAME, 1, 2).cell
    renewed = table.renew(NAME, first)
    assert table.look(NAME).total == 2
    clock.now += 31
    assert table.look(NAME).total == 2, "the renewed one counts for another minute"
    table.give_back(NAME, renewed)
    assert table.look(NAME).total == 1
    clock.now += 60
    assert table.look(NAME).total == 0
    table.give_back(NAME, second)
    assert table.look(NAME).total == 0, "what has left already is not given back"


def test_a_full_table_says_so_and_takes_what_nobody_counts_any_more(table: Table, clock: Clock) -> None:
    for name in range(1, 9):
        table.take(name, 1, 5)
    with pytest.raises(TableFullError):
        table.take(9, 1, 5)
    clock.now += 2 * SECONDS
    table.take(1, 1, 5)
    assert [table.take(name, 1, 5).total for name in range(9, 16)] == [1] * 7
    assert table.look(1).total == 1
    assert table.room <= PROBES


FORKED = """
import os, signal
from gateway.limits.rings import CELLS, SPAN, TOTAL
from gateway.limits.table import Table

table = Table(8)
table.take(17, 2, 500)
children = []
for _ in range(3):
    # Each dies with the lock in its hands, when it has counted half of what it was about to.
    if (child := os.fork()) == 0:
        at, cell = table._begin(17)
        table._words[at + TOTAL] += 100
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
for _ in range(4):
    if (child := os.fork()) == 0:
        taken = sum(table.take(17, 1, 500).is_taken for _ in range(200))
        os._exit(taken)
    children.append(child)
taken = sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)
print(taken, table.look(17).total)
"""


def test_processes_count_together_and_none_takes_the_lock_into_its_grave() -> None:
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["498", "500"]
