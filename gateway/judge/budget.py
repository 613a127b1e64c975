"""A budget is what a worker may spend on judging within any hour, in calls and in dollars."""

import time
from collections import deque
from collections.abc import Callable

HOUR = 3600.0
KEPT = 0.5
"""The part of a budget that only risky turns may use: the others come more often and would use it up."""


class Spending:
    """The cost of one call, which is an estimate until it is settled."""

    __slots__ = ("at", "usd")

    def __init__(self, at: float, usd: float) -> None:
        self.at = at
        self.usd = usd


class Budget:
    """Calls and dollars within the last hour; `None` stands for no limit.

    A call is reserved before it is made, so that several at a time cannot overdraw the budget.
    """

    def __init__(
        self, calls: float | None, usd: float | None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._calls = calls
        self._usd = usd
        self._now = now
        self._spent: deque[Spending] = deque()
        self._sum = 0.0

    def reserve(self, usd: float, *, is_risky: bool) -> Spending | None:
        """Set so many dollars aside for a call; `None` where they, or the call, would be too many."""
        now, part = self._now(), 1.0 if is_risky else 1 - KEPT
        while self._spent and self._spent[0].at <= now - HOUR:
            self._sum -= self._spent.popleft().usd
        if self._calls is not None and len(self._spent) + 1 > self._calls * part:
            return None
        if self._usd is not None and self._sum + usd > self._usd * part:
            return None
        spending = Spending(now, usd)
        self._spent.append(spending)
        self._sum += usd
        return spending

    def settle(self, spending: Spending, usd: float) -> None:
        """Put what the call has cost in place of what was set aside for it."""
        if spending.at > self._now() - HOUR and spending in self._spent:
            self._sum += usd - spending.usd
        spending.usd = usd
