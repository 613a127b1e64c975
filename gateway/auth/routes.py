"""These are the routes `/v1/workspaces`, `/v1/keys` and `/v1/audit`."""

import re
from typing import Annotated

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import Parameter, SkipValidation

from gateway.auth import store
from gateway.auth.access import AnyRequest, Store, actor_of, caller_of, still_there
from gateway.auth.keys import Hasher, Mode
from gateway.auth.plans import limit_key, read_plan, require_unlimited, set_plan
from gateway.auth.rights import (
    KeyBody,
    expiry,
    own_key,
    require_no_more,
    require_unbudgeted,
    scopes_for,
    sooner,
    still_valid,
    unacceptable,
    unknown_key,
    workspace_for,
)
from gateway.auth.scopes import ANY_KEY
from gateway.auth.view import (
    AuditView,
    CurrentKey,
    KeyView,
    WorkspaceView,
    show_entry,
    show_key,
    show_workspace,
)
from gateway.errors import Detail, Fault, Refusal
from gateway.page import After, Limit, Page, page, require_cursor
from gateway.storage import audit

WORKSPACE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MAKING_WORKSPACES = {
    "scope": "config:write",
    "operator": True,
    "faults": (Fault.WORKSPACE_UNACCEPTABLE, Fault.WORKSPACE_TAKEN),
}
MAKING_KEYS = {
    "scope": "keys:manage",
    "faults": (
        Fault.KEY_UNACCEPTABLE,
        Fault.RIGHTS_EXCEEDED,
        Fault.OPERATOR_REQUIRED,
        Fault.WORKSPACE_UNKNOWN,
    ),
}
CHANGING_KEYS = {"scope": "keys:manage", "faults": (Fault.KEY_UNKNOWN, Fault.RIGHTS_EXCEEDED)}
GRACE_SECONDS = 86_400
"""Seconds that the old key stays valid after a rotation, unless the caller says otherwise."""


KeyHasher = NamedDependency[SkipValidation[Hasher]]


class WorkspaceBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    mode: Mode = "live"


class RotateBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    grace_seconds: Annotated[int, msgspec.Meta(ge=0, le=30 * 86_400)] = GRACE_SECONDS


@get("/workspaces", opt={"scope": "config:read"}, summary="List workspaces")
async def list_workspaces(
    request: AnyRequest, database: Store, limit: Limit = 50, after: After = None
) -> Page[WorkspaceView]:
    """An operator's key sees all workspaces, any other key its own."""
    caller = caller_of(request)
    require_cursor(after, WORKSPACE_NAME.pattern)
    async with database.read() as connection:
        if caller.operator:
            found = await store.workspaces(connection, after=after, limit=limit + 1)
        else:
            own = await store.workspace_by_id(connection, caller.workspace_id)
            found = [own] if own else []
    return page(found, limit, show_workspace, lambda each: each.name)


@post("/workspaces", opt=MAKING_WORKSPACES, summary="Create a workspace")
async def create_workspace(request: AnyRequest, database: Store, data: WorkspaceBody) -> WorkspaceView:
    if not WORKSPACE_NAME.fullmatch(data.name):
        detail = Detail(["name"], "1 to 64 letters, digits, `-`, `_` or `.`", "value_error")
        raise Refusal(Fault.WORKSPACE_UNACCEPTABLE, details=[detail])
    async with database.write(still_there(request.scope)) as connection:
        if await store.workspace(connection, data.name) is not None:
            raise Refusal(Fault.WORKSPACE_TAKEN, f"The name `{data.name}` is taken; choose another.")
        made = await store.create_workspace(connection, data.name, data.mode, actor_of(request))
    return show_workspace(made)


@get("/keys", opt={"scope": "keys:manage"}, summary="List keys")
async def list_keys(
    request: AnyRequest, database: Store, limit: Limit = 50, after: After = None
) -> Page[KeyView]:
    require_cursor(after, r"key_\w+")
    async with database.read() as connection:
        found = await store.workspace_keys(
            connection, caller_of(request).workspace_id, after=after or "", limit=limit + 1
        )
    return page(found, limit, show_key, lambda each: each.id)


@get(
    "/keys/current", opt={"scope": ANY_KEY, "faults": (Fault.KEY_UNKNOWN,)}, summary="Read the key that asks"
)
async def read_current_key(request: AnyRequest, database: Store) -> CurrentKey:
    """A page or a program learns here what it may do, before it tries."""
    caller = caller_of(request)
    async with database.read() as connection:
        found = await store.key(connection, caller.workspace_id, caller.key_id)
        home = await store.workspace_by_id(connection, caller.workspace_id)
    if found is None or home is None:
        raise unknown_key()
    return CurrentKey(key=show_key(found), workspace=show_workspace(home))


@post("/keys", opt=MAKING_KEYS, summary="Create a key, which is shown this once")
async def create_key(request: AnyRequest, database: Store, hasher: KeyHasher, data: KeyBody) -> KeyView:
    """The key is made in the caller's workspace, with at most the caller's scopes.

    Without scopes it gets `personas:*`, `runs:read` and `chat:invoke`, as far as the caller has them.
    """
    caller = caller_of(request)
    if len(data.name) > 200 or "\0" in data.name:
        raise unacceptable("name", "at most 200 characters, and no NUL")
    async with database.write(still_there(request.scope)) as connection:
        own = await still_valid(connection, caller)
        require_unlimited(own, data.limits)
        await require_unbudgeted(connection, own)
        scopes, expires_at = scopes_for(data, caller), expiry(data, own)
        workspace = await workspace_for(connection, data, caller)
        made, text = await store.create_key(
            connection,
            hasher,
            workspace,
            name=data.name,
            scopes=scopes,
            expires_at=expires_at,
            limits=data.limits.or_none() if data.limits else None,
            actor=actor_of(request),
        )
    return msgspec.structs.replace(show_key(made), key=text)


@post("/keys/{key_id:str}/rotate", opt=CHANGING_KEYS, summary="Replace a key by a new one")
async def rotate_key(
    request: AnyRequest, database: Store, hasher: KeyHasher, key_id: str, data: RotateBody | None = None
) -> KeyView:
    """Both keys are valid for the grace time. A key may rotate itself, and an operator's key any key."""
    caller = caller_of(request)
    grace = (data or RotateBody()).grace_seconds
    async with database.write(still_there(request.scope)) as connection:
        own = await still_valid(connection, caller)
        old = await own_key(connection, caller, key_id)
        # The new key is handed to the caller, with everything that is the old one's, such as private
        # personas.
        if old.id != caller.key_id and not caller.operator:
            raise Refusal(Fault.RIGHTS_EXCEEDED, "A key may rotate itself only; an operator's any.")
        if not old.is_valid():
            raise unknown_key()
        require_no_more(old, caller)
        workspace = await store.workspace_by_id(connection, old.workspace_id)
        if workspace is None:
            raise unknown_key()
        ends, actor = sooner(old.expires_at, own.expires_at), actor_of(request)
        made, text = await store.rotate_key(
            connection, hasher, workspace, old, grace=grace, expires_at=ends, actor=actor
        )
    return msgspec.structs.replace(show_key(made), key=text)


@delete("/keys/{key_id:str}", opt=CHANGING_KEYS, summary="Revoke a key")
async def revoke_key(request: AnyRequest, database: Store, key_id: str) -> None:
    caller = caller_of(request)
    async with database.write(still_there(request.scope)) as connection:
        await still_valid(connection, caller)
        require_no_more(await own_key(connection, caller, key_id), caller)
        await store.revoke_key(connection, caller.workspace_id, key_id, actor_of(request))


@get("/audit", opt={"scope": "config:read"}, summary="Who wrote what when")
async def list_audit(
    request: AnyRequest,
    database: Store,
    subject: Annotated[str | None, Parameter(description="The id.", max_length=40)] = None,
    action: Annotated[
        str | None, Parameter(description="Or its start, such as `label.`.", max_length=40)
    ] = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[AuditView]:
    caller = caller_of(request)
    require_cursor(after, r"aud_\w+")
    async with database.read() as connection:
        found = await audit.entries(
            connection,
            caller.workspace_id,
            caller.owner,
            subject=subject,
            actions=action,
            after=after,
            limit=limit + 1,
        )
    return page(found, limit, show_entry, lambda each: each.id)


def router() -> Router:
    """Make the routes of tenants and keys."""
    handlers = [
        list_workspaces,
        create_workspace,
        read_plan,
        set_plan,
        list_keys,
        read_current_key,
        create_key,
        rotate_key,
        limit_key,
        revoke_key,
        list_audit,
    ]
    return Router("/", route_handlers=handlers, tags=["Workspaces and keys"])
