"""The wall clock is read here alone, so that tests can hold it still."""

import time
from datetime import UTC, datetime


def now_ms() -> int:
    """Milliseconds since the Unix epoch, the unit of every stored time."""
    return time.time_ns() // 1_000_000


def iso(ms: int) -> str:
    """Write a stored time as answers and listings show it: RFC 3339 in UTC with milliseconds."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ms(text: str) -> int:
    """Read a time that `iso` has written."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def iso_or_none(ms: int | None) -> str | None:
    """Write a time that may not have come yet."""
    return None if ms is None else iso(ms)
