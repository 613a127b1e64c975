"""A budget is an amount of dollars or tokens that a subject may spend within an hour, a day or a month."""

from datetime import UTC, datetime
from typing import Any, Literal, get_args

import msgspec

from gateway import clock
from gateway.errors import Fault, Refusal

Kind = Literal["workspace", "persona", "key"]
Unit = Literal["usd", "tokens"]
Period = Literal["hour", "day", "month"]

PERIODS: tuple[Period, ...] = get_args(Period)
KINDS: dict[str, Kind] = {"ws": "workspace", "psn": "persona", "key": "key"}
"""Kinds of subjects, by the beginnings of their ids."""
USD = 1_000_000_000
"""Parts of a dollar in which budgets are counted, since a token may cost less than a millionth."""
MOST_USD = 1_000_000_000
MOST = MOST_USD * USD
"""No amount is larger, whatever its unit, and several of them still fit into the store."""
THRESHOLDS = (80, 100)
"""Percents of a budget; whoever passes one causes an event."""
LEASE_MS = 60_000
"""Milliseconds for which a call's amount stays set aside once its process has ended without a word."""

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """A budget as it is stored; amounts are in parts of a dollar or in tokens."""

    seq: int
    workspace_id: str
    subject: str
    """The id of a workspace or a persona, or that by which a key and those that replace it are known."""
    unit: Unit
    period: Period
    most: int
    created_at: int
    updated_at: int

    @property
    def kind(self) -> Kind:
        return KINDS[self.subject.partition("_")[0]]


class Standing(msgspec.Struct, frozen=True):
    """A budget, and what of it is gone within the period that begins at `since`."""

    budget: Budget
    since: int
    spent: int
    held: int
    """The amount that is set aside for calls under way."""
    calls: int

    @property
    def left(self) -> int:
        return max(0, self.budget.most - self.spent - self.held)


class Line(msgspec.Struct, frozen=True):
    """A call needs to know this much of a budget."""

    seq: int
    unit: Unit
    period: Period


class Need(msgspec.Struct, frozen=True):
    """The amount that one call may take of one budget."""

    budget: int
    since: int
    amount: int


def since(period: Period, now: int) -> int:
    """Return the first millisecond of the hour, day or month (UTC) in which `now` lies."""
    if period == "hour":
        return now - now % HOUR_MS
    if period == "day":
        return now - now % DAY_MS
    return _ms(_at(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0))


def until(period: Period, begin: int) -> int:
    """Return the first millisecond behind the period that begins then."""
    if period == "month":
        first = _at(begin)
        year, month = first.year + first.month // 12, first.month % 12 + 1
        return _ms(first.replace(year=year, month=month))
    return begin + (HOUR_MS if period == "hour" else DAY_MS)


def of_usd(usd: float) -> int:
    """Return the amount of so many dollars, as a whole number."""
    return min(MOST, round(usd * USD))


def shown(unit: Unit, amount: int) -> Any:
    """Return an amount as people read it: dollars, or tokens."""
    return amount / USD if unit == "usd" else amount


def told(unit: Unit, amount: int) -> str:
    """Say an amount in a sentence."""
    if unit == "tokens":
        return f"{amount:,} tokens"
    usd = f"{amount / USD:,.6f}".rstrip("0")
    whole, _, cents = usd.partition(".")
    return f"${whole}.{cents:0<2}"


def _at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _ms(at: datetime) -> int:
    return int(at.timestamp()) * 1000


def exceeded(standing: Standing, amount: int) -> Refusal:
    """Refuse a call that takes more than a budget has left."""
    budget = standing.budget
    unit, ends = budget.unit, clock.iso(until(budget.period, standing.since))
    limit, left, wanted = (told(unit, each) for each in (budget.most, standing.left, amount))
    return Refusal(
        Fault.BUDGET_EXCEEDED,
        f"The budget of the {budget.kind} `{budget.subject}`, {limit} per {budget.period}, has {left} left, "
        f"and this request may take {wanted}; it begins anew at {ends}. A smaller `max_tokens` asks for "
        "less.",
        headers={"x-should-retry": "false"},
    )
