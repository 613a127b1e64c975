"""These are the routes `/v1/budgets`."""

from typing import Annotated

import msgspec
from litestar import Router, delete, get, put
from litestar.params import Parameter

from gateway.auth.access import AnyRequest, Store, actor_of, caller_of, still_there
from gateway.auth.guard import Caller
from gateway.budgets import setting
from gateway.budgets.budget import Period, Unit
from gateway.budgets.store import records
from gateway.budgets.store.records import Name
from gateway.budgets.view import BudgetView, show
from gateway.errors import Fault, Refusal
from gateway.page import After, Limit, Page, page, require_cursor
from gateway.storage.audit import Actor

SETTING = {
    "scope": "config:write",
    "faults": (
        Fault.BUDGET_UNKNOWN,
        Fault.BUDGET_UNACCEPTABLE,
        Fault.BUDGET_BINDING,
        Fault.OPERATOR_REQUIRED,
    ),
}
LISTING = {"scope": "config:read", "faults": (Fault.OPERATOR_REQUIRED,)}
SEQ = "[0-9]{1,9}"

Subject = Annotated[str, Parameter(description="The id of a key, a persona or the workspace.", max_length=40)]
InUnit = Annotated[Unit, Parameter(description="US dollars (`usd`) or tokens.")]
InPeriod = Annotated[Period, Parameter(description="An hour, a day or a month of the calendar, in UTC.")]
InWorkspace = Annotated[
    str | None, Parameter(description="Another workspace, which only operators may name.", max_length=40)
]


class BudgetBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    limit: int | float
    """US dollars or tokens, as the path says."""


@get("/budgets", opt=LISTING, summary="List budgets, and what is left of them")
async def list_budgets(
    request: AnyRequest,
    database: Store,
    subject: Annotated[
        str | None, Parameter(description="Only those of this key, persona or workspace.", max_length=40)
    ] = None,
    workspace: InWorkspace = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[BudgetView]:
    """Budgets count what `/v1/usage` sums up, and a judge's calls beside it."""
    caller = caller_of(request)
    require_cursor(after, SEQ)
    place = _workspace(caller, workspace)
    async with database.read() as connection:
        if subject is not None:
            subject = await records.subject(connection, place, caller.owner, subject) or subject
        found = await records.listed(
            connection,
            place,
            caller.owner,
            subject=subject,
            after=int(after) if after else None,
            limit=limit + 1,
        )
    return page(found, limit, show, lambda each: str(each.budget.seq))


@put("/budgets/{subject:str}/{unit:str}/{period:str}", opt=SETTING, summary="Set a budget")
async def set_budget(
    request: AnyRequest,
    database: Store,
    subject: Subject,
    unit: InUnit,
    period: InPeriod,
    data: BudgetBody,
    workspace: InWorkspace = None,
) -> BudgetView:
    """Hours, days and months are those of the calendar, in UTC. A new budget counts from now on; of one that
    is changed, what was spent stays spent. A key's budget is that of the keys that replace it, too."""
    caller = caller_of(request)
    most = setting.amount(unit, data.limit)
    name = Name(_workspace(caller, workspace), subject, unit, period)
    async with database.write(still_there(request.scope)) as connection:
        found = await setting.put(connection, name, most, _actor(request, name), caller)
    return show(found)


@delete("/budgets/{subject:str}/{unit:str}/{period:str}", opt=SETTING, summary="Remove a budget")
async def remove_budget(
    request: AnyRequest,
    database: Store,
    subject: Subject,
    unit: InUnit,
    period: InPeriod,
    workspace: InWorkspace = None,
) -> None:
    caller = caller_of(request)
    name = Name(_workspace(caller, workspace), subject, unit, period)
    async with database.write(still_there(request.scope)) as connection:
        await setting.remove(connection, name, _actor(request, name), caller)


def _workspace(caller: Caller, named: str | None) -> str:
    """Find the workspace whose budgets are meant. Raises Refusal."""
    if named not in (None, caller.workspace_id) and not caller.operator:
        raise Refusal(
            Fault.OPERATOR_REQUIRED, "Only an operator's key may name another workspace; leave it out."
        )
    return named or caller.workspace_id


def _actor(request: AnyRequest, name: Name) -> Actor:
    """Name the caller in the audit log of the workspace that has the budget."""
    actor = actor_of(request)
    return Actor(name.workspace_id, actor.key_id, actor.owner)


def router() -> Router:
    return Router("/", route_handlers=[list_budgets, set_budget, remove_budget], tags=["Budgets"])
