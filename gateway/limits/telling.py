"""What is left of a limit is told in the head of every answer, and what was too much in a refusal."""

import math
import random
import time
from typing import Protocol

from gateway.errors import Fault, Refusal
from gateway.limits.bounds import Bound
from gateway.limits.place import Standing

Header = tuple[bytes, bytes]


class Head(Protocol):
    """The head of an answer that has not begun."""

    def tell_in_head(self, headers: list[Header]) -> None:
        """Put these into it, whatever the answer will be, in place of what was put there before."""


SPREAD = 0.25
"""The part of a wait by which callers are told to come back later than they could, each by another one."""
MOMENT = 5.0
"""Seconds within which to come back for what somebody holds, who may let go of it at any time."""
REQUESTS = {"chat": "requests", "generations": "generations", "deliveries": "deliveries of webhooks"}
HELD = {"streams": "streams", "runs": "runs"}


def headers(requests: Standing | None, tokens: Standing | None, *, is_openai: bool) -> list[Header]:
    """List what the head says: under our names, and for OpenAI's clients under theirs too."""
    told: list[Header] = []
    if requests is not None:
        told.append((b"x-ratelimit-limit", b"%d" % requests.bound.amount))
        told.append((b"x-ratelimit-remaining", b"%d" % requests.remaining))
        told.append((b"x-ratelimit-reset", b"%d" % math.ceil(requests.reset)))
    if is_openai:
        now = time.time()
        for kind, standing in ((b"requests", requests), (b"tokens", tokens)):
            if standing is not None:
                told.append((b"x-ratelimit-limit-" + kind, b"%d" % standing.bound.amount))
                told.append((b"x-ratelimit-remaining-" + kind, b"%d" % standing.remaining))
                told.append((b"x-ratelimit-reset-" + kind, b"%.3fs" % max(0.0, standing.reset - now)))
    return told


def too_many(standing: Standing) -> Refusal:
    """Refuse what the limit has no room for before some of it is free again."""
    bound = standing.bound
    what = REQUESTS.get(bound.bucket, bound.bucket)
    return Refusal(
        Fault.RATE_LIMITED,
        f"At most {bound.amount} {what} a minute are allowed; wait as long as `Retry-After` says.",
        headers={"retry-after": _whole(wait(standing))},
    )


def all_held(bound: Bound) -> Refusal:
    """Refuse one more at the same time."""
    return Refusal(
        Fault.RATE_LIMITED,
        f"At most {bound.amount} {HELD[bound.bucket]} at the same time are allowed; wait until one ends.",
        headers={"retry-after": _whole(random.random() * MOMENT)},  # noqa: S311 - spreads load only
    )


def uncounted() -> Refusal:
    """Refuse what cannot be counted."""
    return Refusal(Fault.LIMITS_UNAVAILABLE, headers={"retry-after": _whole(random.random() * MOMENT)})  # noqa: S311


def wait(standing: Standing) -> float:
    """Return the seconds to wait at least, and some more that differ from caller to caller."""
    left = max(0.0, standing.reset - time.time())
    return left + random.random() * max(1.0, left * SPREAD)  # noqa: S311 - spreads load only


def _whole(seconds: float) -> str:
    return str(max(1, math.ceil(seconds)))
