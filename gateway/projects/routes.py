"""`/api/projects/{project}/personas` lists, makes, reads, changes and deletes personas of a project."""

from typing import Annotated
from urllib.parse import quote

import msgspec
from litestar import Response, Router, delete, get, post, put
from litestar.params import Parameter
from msgspec import UNSET

from gateway.auth.access import AnyRequest, Settings, Store, actor_of, caller_of, still_there
from gateway.errors import Detail, Fault, Refusal
from gateway.images import store as images
from gateway.images.picture import NAME
from gateway.page import require_cursor
from gateway.personas.acceptance import NAME_LENGTH
from gateway.personas.body import slug_from
from gateway.personas.editing import require_acceptable, unacceptable
from gateway.personas.model import Content, Draft, Persona, Profile
from gateway.personas.slug import LENGTH, RESERVED
from gateway.personas.store import personas, versions
from gateway.personas.store.rows import touch
from gateway.projects import store
from gateway.projects.reaching import found, require_project
from gateway.projects.sketch import BLANK, Sketch
from gateway.projects.view import ProjectPersona, ProjectPersonaBody, ProjectPersonaPatch, show
from gateway.storage.connection import AsyncConnection

DESCRIPTION = 4000
"""Characters of a description."""
SUFFIXES = 1000
"""Slugs that are tried for names that look alike: `tester`, `tester-2` and so on."""
MOST = 1000
"""Personas in one answer."""
READING = {"scope": "personas:read"}
WRITING = {"scope": "personas:write", "faults": (Fault.NAME_TAKEN, Fault.PERSONA_INVALID)}
DELETING = {"scope": "personas:write"}
After = Annotated[str | None, Parameter(description="`after` of the link to more.", max_length=100)]


@get("/", opt=READING, summary="List the personas of a project")
async def list_project_personas(
    request: AnyRequest, database: Store, config: Settings, project: str, after: After = None
) -> Response[list[ProjectPersona]]:
    """In the order in which they were made. Where there are more than one answer takes, 1,000 or 2 MiB, the
    header `Link` leads to the others, with `rel="next"`.
    """
    require_cursor(after, r"psn_\w+")
    caller = caller_of(request)
    async with database.read() as connection:
        await require_project(connection, request, config, project)
        listed = await store.listed(connection, caller.workspace_id, caller.owner, after, MOST + 1)
        newest = await versions.fitting_newest(connection, listed[:MOST])
        sketches = await store.sketches(connection, [*newest])
    shown = listed[: len(newest)]
    answer = Response([show(each, newest[each.id], sketches.get(each.id, BLANK)) for each in shown])
    if len(listed) > len(shown):
        # A name from the configuration may have any characters.
        answer.headers["link"] = f'<{quote(request.scope["path"])}?after={shown[-1].id}>; rel="next"'
    return answer


@post("/", opt=WRITING, summary="Make a persona of a project")
async def create_project_persona(
    request: AnyRequest, database: Store, config: Settings, project: str, data: ProjectPersonaBody
) -> Response[ProjectPersona]:
    """It is seen by the whole workspace, and chats as `persona/` and a slug that is made of the name.

    The header `X-Persona` names the slug and the version. Without `systemPrompt` it has no prompt.
    """
    name = _named(data.name)
    blank = Draft(Profile(slug="", name=name), Content(prompt=""))
    draft = _changed(blank, data)
    async with database.write(still_there(request.scope)) as connection:
        await require_project(connection, request, config, project)
        await _require_free(connection, request, name)
        sketch = await _sketch(connection, request, BLANK, data)
        slug = await _free_slug(connection, caller_of(request).workspace_id, name)
        draft = msgspec.structs.replace(draft, profile=msgspec.structs.replace(draft.profile, slug=slug))
        require_acceptable(draft, config, needs_prompt=False)
        try:
            made = await personas.create(connection, draft, actor_of(request))
        except personas.SlugTakenError:
            raise _taken() from None
        if sketch != BLANK:
            await store.keep(connection, made.persona.id, sketch)
        return await respond(connection, made.persona, 201)


@get("/{persona:str}", opt=READING, summary="Read a persona of a project")
async def read_project_persona(
    request: AnyRequest, database: Store, config: Settings, project: str, persona: str
) -> Response[ProjectPersona]:
    async with database.read() as connection:
        return await respond(connection, await found(connection, request, config, project, persona))


@put("/{persona:str}", opt=WRITING, summary="Change a persona of a project")
async def change_project_persona(
    request: AnyRequest,
    database: Store,
    config: Settings,
    project: str,
    persona: str,
    data: ProjectPersonaPatch,
) -> Response[ProjectPersona]:
    """Fields that are left out stay. A change of prompt or headers makes a new version; the slug stays."""
    async with database.write(still_there(request.scope)) as connection:
        known = await found(connection, request, config, project, persona)
        newest = await versions.read(connection, known.id, known.latest)
        if data.name is not UNSET:
            await _require_free(connection, request, _named(data.name), known.id)
        draft = _changed(Draft(known.profile, newest.content), data)
        require_acceptable(draft, config, needs_prompt=False)
        saved = (await personas.save(connection, known, draft, actor_of(request))).persona
        before = await store.sketch(connection, known.id)
        if (sketch := await _sketch(connection, request, before, data)) != before:
            await store.keep(connection, known.id, sketch)
            await touch(connection, saved)
        return await respond(connection, await found(connection, request, config, project, persona))


@delete("/{persona:str}", opt=DELETING, summary="Delete a persona of a project")
async def delete_project_persona(
    request: AnyRequest, database: Store, config: Settings, project: str, persona: str
) -> None:
    """It is gone with all its versions, and its name is free again."""
    async with database.write(still_there(request.scope)) as connection:
        known = await found(connection, request, config, project, persona)
        await personas.purge(connection, known, actor_of(request))
    await database.scrub()


def router() -> Router:
    """Make the routes of projects."""
    handlers = [
        list_project_personas,
        create_project_persona,
        read_project_persona,
        change_project_persona,
        delete_project_persona,
    ]
    return Router("/projects/{project:str}/personas", route_handlers=handlers, tags=["Projects"])


async def respond(
    connection: AsyncConnection, persona: Persona, status: int = 200
) -> Response[ProjectPersona]:
    newest = await versions.read(connection, persona.id, persona.latest)
    shown = show(persona, newest, await store.sketch(connection, persona.id))
    label = f"{persona.profile.slug}@v{newest.number}"
    return Response(shown, status_code=status, headers={"x-persona": label})


def _named(name: object) -> str:
    """Raises Refusal where there is no name."""
    if not isinstance(name, str) or not name.strip():
        details = [Detail(["name"], "Name is required", "missing")]
        raise Refusal(Fault.REQUEST_INVALID, "Name is required", details=details)
    if len(name) > NAME_LENGTH:
        # The length is checked before a slug is made of it, which takes long for a long name.
        raise unacceptable([Detail(["name"], f"1 to {NAME_LENGTH} characters", "value_error")])
    return name.strip()


def _taken() -> Refusal:
    return Refusal(Fault.NAME_TAKEN, "Persona with name already exists")


async def _sketch(
    connection: AsyncConnection, request: AnyRequest, before: Sketch, data: ProjectPersonaPatch
) -> Sketch:
    """Raises Refusal."""
    sketch = before
    if data.description is not UNSET:
        text = data.description or ""
        if len(text) > DESCRIPTION or "\0" in text:
            problem = f"at most {DESCRIPTION} characters, and not NUL"
            raise unacceptable([Detail(["description"], problem, "value_error")])
        sketch = msgspec.structs.replace(sketch, description=text)
    if data.image_url is not UNSET and (data.image_url or None) != before.image_id:
        image_id = data.image_url or None
        if image_id is not None:
            await _require_image(connection, request, image_id)
        sketch = msgspec.structs.replace(sketch, image_id=image_id)
    return sketch


async def _require_image(connection: AsyncConnection, request: AnyRequest, image_id: str) -> None:
    caller, found = caller_of(request), None
    if NAME.fullmatch(image_id):
        found = await images.find(connection, caller.workspace_id, caller.owner, image_id)
    if found is None:
        problem = "the id of an image of this project is needed"
        raise unacceptable([Detail(["imageUrl"], problem, "value_error")])


def _changed(draft: Draft, data: ProjectPersonaPatch) -> Draft:
    profile, content = draft.profile, draft.content
    if data.name is not UNSET:
        profile = msgspec.structs.replace(profile, name=_named(data.name))
    if data.system_prompt is not UNSET:
        text = data.system_prompt or ""
        content = msgspec.structs.replace(content, prompt=text if text.strip() else "")
    if data.headers is not UNSET:
        content = msgspec.structs.replace(content, headers=data.headers or {})
    return Draft(profile, content)


async def _require_free(
    connection: AsyncConnection, request: AnyRequest, name: str, but: str | None = None
) -> None:
    caller = caller_of(request)
    if await store.is_named(connection, caller.workspace_id, caller.owner, name, but):
        raise _taken()


async def _free_slug(connection: AsyncConnection, workspace_id: str, name: str) -> str:
    """Make a slug of the name that nobody has, whoever may know of those that are taken."""
    slug = slug_from(name) or "persona"
    for number in range(1, SUFFIXES + 1):
        suffix = "" if number == 1 else f"-{number}"
        wanted = slug[: LENGTH - len(suffix)].strip("-") + suffix
        if wanted not in RESERVED and await personas.by_slug(connection, workspace_id, wanted) is None:
            return wanted
    raise _taken()
