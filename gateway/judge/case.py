"""A case is an answer that may be judged."""

import hashlib
from collections.abc import Sequence

import msgspec

from gateway.personas.resolved import Resolved
from gateway.scoring.job import Job
from gateway.scoring.transcript import Said
from gateway.turns.turn import Turn

SUSPICIOUS = frozenset({"drifting", "out-of-character"})


class Case(msgspec.Struct, frozen=True):
    """An answer that may be judged."""

    turn: Turn
    persona: Resolved
    messages: Sequence[msgspec.Raw]
    size: int
    """Bytes that the case holds in memory."""
    said: Said

    @property
    def touched(self) -> tuple[str, ...]:
        """The rules that the answer touches."""
        return self.turn.explain.touched if self.turn.explain is not None else ()

    @property
    def is_suspicious(self) -> bool:
        return self.turn.drift.verdict in SUSPICIOUS

    def job(self) -> Job:
        """Make it a job again, as scoring knows it."""
        job = Job(self.persona, self.messages, self.size, (self.said,))
        job.turn = self.turn
        return job


class Counts(msgspec.Struct):
    """Counts what has become of answers that were to be judged."""

    judged: int = 0
    discarded: int = 0
    failed: int = 0
    dropped: int = 0
    over_budget: int = 0


def furthest(turn: Turn, said: Sequence[Said]) -> Said | None:
    """Find the choice that the turn's score belongs to."""
    choices = turn.explain.choices if turn.explain else ()
    indexes = [each.index for each in choices if each.drift == turn.drift] or [each.index for each in said]
    spoken = (each for each in said if each.index == indexes[0] and each.nothing is None)
    return next(spoken, None) if indexes else None


def lot_of(turn_id: str) -> float:
    """Draw a number from 0 to just below 1, always the same one for a turn."""
    return int.from_bytes(hashlib.sha256(turn_id.encode()).digest()[:6], "big") / 2**48
