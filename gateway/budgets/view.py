"""The native API and the commands show budgets like this."""

import msgspec

from gateway import clock
from gateway.budgets import budget as budgets
from gateway.budgets.budget import Kind, Period, Standing, Unit

Amount = int | float


class BudgetView(msgspec.Struct, frozen=True, kw_only=True):
    """A budget, and what of it is gone; amounts are in US dollars or in tokens, as `unit` says."""

    subject: str
    kind: Kind
    unit: Unit
    period: Period
    limit: Amount
    spent: Amount
    reserved: Amount
    left: Amount
    calls: int
    since: str
    resets_at: str
    created_at: str
    updated_at: str


def show(standing: Standing) -> BudgetView:
    budget = standing.budget
    unit = budget.unit
    return BudgetView(
        subject=budget.subject,
        kind=budget.kind,
        unit=unit,
        period=budget.period,
        limit=budgets.shown(unit, budget.most),
        spent=budgets.shown(unit, standing.spent),
        reserved=budgets.shown(unit, standing.held),
        left=budgets.shown(unit, standing.left),
        calls=standing.calls,
        since=clock.iso(standing.since),
        resets_at=clock.iso(budgets.until(budget.period, standing.since)),
        created_at=clock.iso(budget.created_at),
        updated_at=clock.iso(budget.updated_at),
    )
