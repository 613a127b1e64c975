"""`make fuzz` runs the fuzz of the tests at length; FUZZ_CASES says how long, FUZZ_SEED repeats a run."""

import os
import secrets
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from hypothesis import given, seed
from hypothesis import strategies as st

from tests.fuzz import timing
from tests.fuzz.answers import answered
from tests.fuzz.case import Maker
from tests.fuzz.chats import chat
from tests.fuzz.framing import framing
from tests.fuzz.heads import head
from tests.fuzz.rig import BATCH, Rig, fuzz_settings, opened
from tests.fuzz.surface import surface

CASES = 100_000
SHARES: list[tuple[Maker, float, bool]] = [
    (chat, 0.35, True),
    (answered, 0.35, True),
    (surface, 0.15, False),
    (head, 0.1, False),
    (framing, 0.05, False),
]
"""Each maker of cases, its share of them, and whether they can do no harm with a key that may do
everything."""


def main() -> int:
    cases = int(os.environ.get("FUZZ_CASES", CASES))
    start = int(os.environ.get("FUZZ_SEED", secrets.randbits(32)))
    began = time.monotonic()
    failed = 0
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as rig:
        for make, share, is_harmless in SHARES:
            try:
                _run(rig, make, int(cases * share), is_harmless, start)
            except AssertionError as error:
                failed += 1
                sys.stdout.write(f"\n== {make.__name__} ==\n{error}\n")
        apart = timing.told_apart(rig.gateway)
        if max(apart.values()) > timing.MOST:
            failed += 1
            sys.stdout.write(f"\n== timing ==\nthe time of a 404 tells what is there: {apart}\n")
        rig.check_end()
        statuses = ", ".join(f"{status}: {count}" for status, count in sorted(rig.statuses.items()))
        seconds = time.monotonic() - began
        sys.stdout.write(
            f"{rig.cases} cases in {seconds:.0f} s ({rig.cases / seconds:.0f}/s), seed {start}, "
            f"{failed} of {len(SHARES) + 1} kinds failed, {rig.unanswered} without an answer, "
            f"a worker holds {rig.memory() >> 20} MiB; a 404 tells what is there "
            f"by {max(apart.values()):.3f} more than a coin; answers by status: {statuses}\n"
        )
    return 1 if failed else 0


def _run(rig: Rig, make: Maker, cases: int, is_harmless: bool, start: int) -> None:
    @seed(start)
    @fuzz_settings(max(1, cases // BATCH))
    @given(st.lists(st.randoms(use_true_random=True), min_size=BATCH, max_size=BATCH))
    def batch(chances: list[Random]) -> None:
        rig.run(make, chances, is_harmless=is_harmless)

    batch()


if __name__ == "__main__":
    sys.exit(main())
