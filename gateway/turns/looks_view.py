"""The native API shows at a glance how a workspace is doing like this."""

import msgspec

from gateway.turns.drift_view import DriftBucket, Spread


class VerdictBucket(msgspec.Struct, frozen=True, kw_only=True):
    """The verdicts of all turns that began within one hour or day."""

    at: str
    turns: int
    verdicts: dict[str, float]


class PersonaDrift(msgspec.Struct, frozen=True, kw_only=True):
    """It sums up one persona's answers, whichever version gave them."""

    persona: str
    slug: str | None
    name: str | None
    turns: int
    verdicts: dict[str, float]
    levels: dict[str, Spread | None]
    buckets: list[DriftBucket]


class DriftSurvey(msgspec.Struct, frozen=True, kw_only=True):
    """All turns with personas, and those personas that are furthest from themselves; no further pages."""

    turns: int
    verdicts: dict[str, float]
    buckets: list[VerdictBucket]
    data: list[PersonaDrift]
    has_more: bool
    next: str | None = None


class Quantiles(msgspec.Struct, frozen=True):
    """Milliseconds that a part of the turns kept within."""

    p50: float
    p90: float
    p99: float


class LatencySeries(msgspec.Struct, frozen=True, kw_only=True):
    """The latency of one upstream's turns; `null` is that of turns that reached none."""

    upstream: str | None
    turns: int
    latency_ms: Quantiles
    first_byte_ms: Quantiles | None


class LatencyReport(msgspec.Struct, frozen=True, kw_only=True):
    """The latency of the newest turns, and of each upstream among them; there are no further pages."""

    turns: int
    latency_ms: Quantiles | None
    first_byte_ms: Quantiles | None
    data: list[LatencySeries]
    has_more: bool = False
    next: str | None = None


class Interval(msgspec.Struct, frozen=True):
    """A share, and the interval of 95 % by Wilson's formula."""

    share: float
    low: float
    high: float


class DriftSide(msgspec.Struct, frozen=True, kw_only=True):
    """The scored turns on one side of a moment; `in_character` is null where there are none."""

    since: str
    until: str
    turns: int
    verdicts: dict[str, int]
    in_character: Interval | None


class DriftAround(msgspec.Struct, frozen=True, kw_only=True):
    """The verdicts before and after a moment."""

    at: str
    before: DriftSide
    after: DriftSide
    differs: bool | None
    """The two shares differ by more than chance, at 95 %; null where a side has no scored turn."""
