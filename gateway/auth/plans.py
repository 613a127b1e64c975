"""The routes by which operators give workspaces plans, and keys limits of their own."""

from typing import Literal

import msgspec
from litestar import get, put

from gateway.auth import store
from gateway.auth.access import AnyRequest, Settings, Store, actor_of, caller_of, still_there
from gateway.auth.keys import Key, Workspace
from gateway.auth.rights import own_key, require_no_more, still_valid
from gateway.auth.view import KeyView, PlanView, show_key
from gateway.config import Config
from gateway.errors import Detail, Fault, Refusal
from gateway.limits.bounds import KeyLimits
from gateway.limits.plans import Plans

READING = {"scope": "config:read", "faults": (Fault.WORKSPACE_UNKNOWN,)}
SETTING = {
    "scope": "config:write",
    "operator": True,
    "faults": (Fault.WORKSPACE_UNKNOWN, Fault.WORKSPACE_UNACCEPTABLE),
}
LIMITING = {
    "scope": "keys:manage",
    "faults": (Fault.KEY_UNKNOWN, Fault.RIGHTS_EXCEEDED, Fault.OPERATOR_REQUIRED),
}


class PlanBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The plan that a workspace is to have; null leaves it to the configuration."""

    plan: str | None


@get("/workspaces/{workspace:str}/plan", opt=READING, summary="Read a workspace's plan")
async def read_plan(request: AnyRequest, database: Store, config: Settings, workspace: str) -> PlanView:
    """An operator's key reads that of any workspace, any other key that of its own."""
    caller = caller_of(request)
    async with database.read() as connection:
        is_theirs = caller.operator or workspace == caller.workspace_id
        found = await store.workspace_by_id(connection, workspace) if is_theirs else None
    return _show(config, _required(found))


@put("/workspaces/{workspace:str}/plan", opt=SETTING, summary="Set a workspace's plan")
async def set_plan(
    request: AnyRequest, database: Store, config: Settings, workspace: str, data: PlanBody
) -> PlanView:
    """It holds for all keys of the workspace within a second, in all processes."""
    if data.plan is not None and data.plan not in config.plans:
        known = ", ".join(f"`{name}`" for name in config.plans)
        detail = Detail(["plan"], f"there is no such plan; there are {known}", "value_error")
        raise Refusal(Fault.WORKSPACE_UNACCEPTABLE, f"`plan`: {detail.msg}.", details=[detail])
    async with database.write(still_there(request.scope)) as connection:
        await still_valid(connection, caller_of(request))
        found = _required(await store.workspace_by_id(connection, workspace))
        changed = await store.set_plan(connection, found, data.plan, actor_of(request))
    return _show(config, changed)


@put("/keys/{key_id:str}/limits", opt=LIMITING, summary="Limit a key")
async def limit_key(request: AnyRequest, database: Store, key_id: str, data: KeyLimits) -> KeyView:
    """The key has these limits beside those of its workspace's plan, and so can only be held closer.

    With `override`, which only operators may set, they take the plan's place. A key that has limits may
    change none.
    """
    caller = caller_of(request)
    async with database.write(still_there(request.scope)) as connection:
        own = await still_valid(connection, caller)
        found = await own_key(connection, caller, key_id)
        require_no_more(found, caller)
        require_unlimited(own, data)
        changed = await store.set_limits(connection, found, data.or_none(), actor_of(request))
    return show_key(changed)


def require_unlimited(own: Key, wanted: KeyLimits | None) -> None:
    """Raises Refusal where whoever has this key may not hand out these limits; an operator may any."""
    if own.operator:
        return
    if own.limits is not None:
        raise Refusal(Fault.RIGHTS_EXCEEDED, "Your key has limits of its own; use one that has none.")
    if wanted is not None and wanted.override:
        raise Refusal(Fault.OPERATOR_REQUIRED, "Only an operator may set `override`; leave it out.")


def _required(found: Workspace | None) -> Workspace:
    if found is None:
        raise Refusal(Fault.WORKSPACE_UNKNOWN)
    return found


def _show(config: Config, workspace: Workspace) -> PlanView:
    plans = Plans(config)
    name = plans.name(workspace.name, workspace.plan)
    source: Literal["api", "config"] = "config" if workspace.plan is None else "api"
    limits = plans.known.get(name) if name is not None else None
    return PlanView(workspace.id, name, None if name is None else source, limits)
