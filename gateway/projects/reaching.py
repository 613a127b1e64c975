"""A project is the caller's own workspace, and its personas are those that the caller may know of."""

from gateway.auth import store as auth
from gateway.auth.access import AnyRequest, caller_of
from gateway.config import Config
from gateway.errors import Fault, Refusal
from gateway.personas.model import Persona
from gateway.personas.store import personas
from gateway.projects.identity import persona_of
from gateway.storage.connection import AsyncConnection


async def require_project(
    connection: AsyncConnection, request: AnyRequest, config: Config, project: str
) -> None:
    """Raises Refusal unless this names the caller's workspace; others answer as what does not exist."""
    caller, named = caller_of(request), config.projects.names.get(project)
    if caller.workspace_id in (project, named):
        return
    if named is not None:
        home = await auth.workspace_by_id(connection, caller.workspace_id)
        if home is not None and home.name == named:
            return
    raise Refusal(Fault.PROJECT_UNKNOWN)


async def found(
    connection: AsyncConnection, request: AnyRequest, config: Config, project: str, persona: str
) -> Persona:
    """Find a persona of the project. Raises Refusal."""
    await require_project(connection, request, config, project)
    caller, persona_id = caller_of(request), persona_of(persona)
    known = None
    if persona_id is not None:
        known = await personas.find(connection, caller.workspace_id, caller.owner, persona_id)
    if known is None or known.workspace_id != caller.workspace_id:
        raise unknown()
    return known


def unknown() -> Refusal:
    return Refusal(Fault.PERSONA_UNKNOWN, "Persona not found")
