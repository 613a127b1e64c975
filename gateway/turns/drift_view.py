"""The native API shows a persona's drift over time like this."""

from typing import Literal

import msgspec

Bucket = Literal["hour", "day"]


class Spread(msgspec.Struct, frozen=True):
    """Levels are spread so over turns; the quantiles are right to within a twentieth of the scale."""

    mean: float
    p10: float
    p50: float
    p90: float
    p99: float


class _Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Turns of one version and upstream had this in common."""

    turns: int
    verdicts: dict[str, float]
    levels: dict[str, Spread | None]


class DriftBucket(_Figures, frozen=True, kw_only=True):
    """The turns that began within one hour or day."""

    at: str


class DriftSeries(_Figures, frozen=True, kw_only=True):
    """All turns of one version on one upstream, and the same piece by piece."""

    version: int
    upstream: str | None
    buckets: list[DriftBucket]


class DriftHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Every version and upstream at once; there are no further pages."""

    data: list[DriftSeries]
    has_more: bool = False
    next: str | None = None
