"""`GET /v1/chat/conversations/{id}/drift`: how far the answers along a path have strayed, and since when."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.params import Parameter

from gateway.auth.access import AnyRequest, Store, caller_of
from gateway.conversations import store
from gateway.conversations.message import Score
from gateway.conversations.reaching import reach
from gateway.drift import onset
from gateway.drift.axes import Levels
from gateway.errors import Fault, Refusal
from gateway.turns.turn import Verdict

WALK_SECONDS = 3.0
DIGITS = 4
WORST, BEST = 1.0, 5.0
"""The grades of coherence."""


class DriftPoint(Levels, frozen=True, kw_only=True):
    """One answer on a path."""

    turn: str
    coherence: float | None
    verdict: Verdict
    cusum: float


class PathDrift(msgspec.Struct, frozen=True, kw_only=True):
    """Tells how far the answers along a path have strayed, the oldest first, and what that amounts to."""

    data: list[DriftPoint]
    level: float | None
    trend: float | None
    threshold: float
    onset: str | None


@get(
    "/{conversation:str}/drift",
    opt={"scope": "chat:read", "faults": (Fault.MESSAGE_UNKNOWN,)},
    summary="Follow the drift along a path",
)
async def follow_drift(
    request: AnyRequest,
    database: Store,
    conversation: str,
    leaf: Annotated[str | None, Parameter(max_length=40)] = None,
    limit: Annotated[int, Parameter(ge=1, le=1000)] = 1000,
) -> PathDrift:
    """The last answers up from the leaf are told, the newest message unless one is named. Scores and
    judgements that came later count as they are now."""
    async with database.read(WALK_SECONDS) as connection:
        found = await reach(connection, caller_of(request), conversation)
        end = leaf or found.leaf
        if leaf is not None and await store.message(connection, found, leaf) is None:
            raise Refusal(Fault.MESSAGE_UNKNOWN, param="leaf")
        told = await store.answers(connection, found, end, limit) if end is not None else []
    return follow(told)


def follow(told: list[tuple[str, Score]]) -> PathDrift:
    """Follow the answers of a path, each by its turn's id; the oldest comes first."""
    followed = onset.follow([level(score) for _, score in told])
    points = [
        DriftPoint(
            turn=turn,
            coherence=score.coherence,
            verdict=score.drift.verdict,
            cusum=round(total, DIGITS),
            **score.drift.levels(),
        )
        for (turn, score), total in zip(told, followed.sums, strict=True)
    ]
    return PathDrift(
        data=points,
        level=_rounded(followed.level),
        trend=_rounded(followed.trend),
        threshold=onset.THRESHOLD,
        onset=None if followed.onset is None else told[followed.onset][0],
    )


def level(score: Score) -> float | None:
    """Say how far the answer is from its persona on the axis on which it is furthest."""
    if score.drift.verdict == "unscored":
        return None
    levels = [level for level in score.drift.levels().values() if level is not None]
    if score.coherence is not None:
        levels.append((BEST - score.coherence) / (BEST - WORST))
    return max(levels, default=None)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
