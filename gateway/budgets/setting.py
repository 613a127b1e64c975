"""A budget is set and taken away by those who may: nobody but an operator loosens what binds his own key."""

from gateway.auth.guard import Caller
from gateway.budgets.budget import MOST_USD, Standing, Unit, of_usd
from gateway.budgets.store import records
from gateway.budgets.store.records import Name
from gateway.errors import Detail, Fault, Refusal
from gateway.storage.audit import Actor
from gateway.storage.connection import AsyncConnection

MOST_TOKENS = 1_000_000_000_000_000
MOST_BUDGETS = 1000
"""Budgets of one workspace; its calls keep them in memory."""


def amount(unit: Unit, limit: float) -> int:
    """Return a limit as it is stored. Raises Refusal."""
    most = MOST_USD if unit == "usd" else MOST_TOKENS
    if not 0 <= limit <= most:
        raise unacceptable("limit", f"from 0 to {most} {'dollars' if unit == 'usd' else 'tokens'}")
    if unit == "usd":
        return of_usd(limit)
    if limit != int(limit):
        raise unacceptable("limit", "a whole number of tokens")
    return int(limit)


async def named(connection: AsyncConnection, name: Name, owner: str | None) -> Name:
    """Return the name with the subject as budgets know it. Raises Refusal where there is no such subject."""
    subject = await records.subject(connection, name.workspace_id, owner, name.subject)
    if subject is None:
        raise unknown()
    return Name(name.workspace_id, subject, name.unit, name.period)


async def put(
    connection: AsyncConnection, name: Name, most: int, actor: Actor, caller: Caller | None
) -> Standing:
    """Set a budget; `caller` is `None` for who may do everything. Raises Refusal."""
    owner = None if caller is None else caller.owner
    name = await named(connection, name, owner)
    before = await records.find(connection, name, owner)
    if before is None and await records.count(connection, name.workspace_id) >= MOST_BUDGETS:
        raise Refusal(
            Fault.BUDGET_UNACCEPTABLE,
            f"The workspace has {MOST_BUDGETS} budgets, as many as it may have; remove one.",
        )
    if before is not None and most > before.budget.most:
        require_free(before, caller)
    await records.put(connection, name, most, actor)
    found = await records.find(connection, name, owner)
    if found is None:
        raise unknown()
    return found


async def remove(connection: AsyncConnection, name: Name, actor: Actor, caller: Caller | None) -> None:
    """Take a budget away; `caller` is `None` for who may do everything. Raises Refusal."""
    owner = None if caller is None else caller.owner
    # What the budget is for may be gone.
    subject = await records.subject(connection, name.workspace_id, owner, name.subject) or name.subject
    found = await records.find(connection, Name(name.workspace_id, subject, name.unit, name.period), owner)
    if found is None:
        raise unknown()
    require_free(found, caller)
    await records.remove(connection, found.budget, actor)


def require_free(standing: Standing, caller: Caller | None) -> None:
    """Raises Refusal where the budget binds the caller's own key, and the caller is no operator."""
    budget = standing.budget
    is_own = caller is not None and (budget.kind != "key" or budget.subject == caller.owner)
    if caller is not None and is_own and not caller.operator:
        raise Refusal(Fault.BUDGET_BINDING)


def unknown() -> Refusal:
    return Refusal(Fault.BUDGET_UNKNOWN)


def unacceptable(place: str, problem: str) -> Refusal:
    details = [Detail([place], problem, "value_error")]
    return Refusal(Fault.BUDGET_UNACCEPTABLE, f"`{place}`: {problem}.", details=details)
