"""An upstream that has failed is left alone for a while, which it may say itself."""

import random
from email.utils import parsedate_to_datetime

from gateway import clock
from gateway.upstreams.failure import UpstreamFailure

BACKOFF = 0.25
"""Seconds before the second attempt at an upstream; doubles with each further one, plus or minus half."""


def pause_after(failure: UpstreamFailure, tries: int) -> float:
    """Return the seconds before the same upstream may be asked again."""
    asked = retry_after_seconds(failure.retry_after)
    if asked is not None:
        return asked
    return BACKOFF * float(2 ** min(tries - 1, 20)) * random.uniform(0.5, 1.5)  # noqa: S311 - spreads load only


def retry_after_seconds(value: str | None) -> float | None:
    """Read the header Retry-After (RFC 9110, 10.2.3), seconds or a date; `None` where it says nothing."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - clock.now_ms() / 1000)
    except (ValueError, OverflowError):
        return None
