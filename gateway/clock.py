"""The one place that reads the wall clock, so that tests can hold it still."""

import time
from datetime import UTC, datetime


def now_ms() -> int:
    """Milliseconds since the Unix epoch, the unit of every stored time."""
    return time.time_ns() // 1_000_000


def iso(ms: int) -> str:
    """RFC 3339 in UTC with milliseconds, as answers and listings show a stored time."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_or_none(ms: int | None) -> str | None:
    """The same for a time that may not have come."""
    return None if ms is None else iso(ms)
