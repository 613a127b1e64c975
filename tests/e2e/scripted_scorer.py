"""This is `persona serve` with a scorer that does what the answer says: it slips, takes its time, or
fails."""

import re
import time
from typing import Any

from gateway.drift import scorer
from gateway.drift.profile import Profile
from gateway.drift.score import Score, Signal
from gateway.drift.scorer import Course


def score(
    _: Profile, course: Course, user: str, answer: str, opinion: str | None = None
) -> tuple[Score, Course]:
    """`busy 5` computes for 5 milliseconds, `slip` is out of character, `boom` fails."""
    if busy := re.search(r"busy (\d+)", answer):
        end = time.perf_counter() + int(busy[1]) / 1000
        while time.perf_counter() < end:
            pass
    if "boom" in answer:
        raise ValueError(f"{user} {answer}")
    slips = re.search("slip", answer)
    verdict = opinion or ("out-of-character" if slips else "in-character")
    signals = (Signal("break", "voice", 0.001, *slips.span()),) if slips else ()
    found = Score(
        voice=0.875 if slips else 0.125,
        values=0.25,
        values_basis="fields",
        coherence=4.5,
        verdict=verdict,
        signals=signals,
    )
    return found, course._replace(verdict=verdict)


def main() -> None:
    replaced: Any = scorer
    replaced.score = score
    from gateway.__main__ import main as persona

    persona()


if __name__ == "__main__":
    main()
