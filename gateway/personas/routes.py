"""The route `/v1/personas` reads, changes, forks, searches, archives and purges."""

from typing import Annotated, Literal

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter, SkipValidation

from gateway.auth.access import AnyRequest, Settings, Store, actor_of, caller_of, still_there
from gateway.errors import Detail, Fault, Refusal
from gateway.page import After, Limit, Page, page, require_cursor
from gateway.personas import view
from gateway.personas.body import PersonaPatch, patched
from gateway.personas.editing import (
    WRITING,
    IfMatch,
    Queue,
    VersionNumber,
    is_foreign,
    readable,
    require_acceptable,
    require_active,
    respond,
    save,
    slug_taken,
    unacceptable,
    version_of,
    writable,
)
from gateway.personas.finding import SECONDS, find_near, require_fitting
from gateway.personas.model import Draft, Persona, Version, Visibility
from gateway.personas.nearness import Nearness
from gateway.personas.store import personas, search, versions
from gateway.personas.view import PersonaView, PublicPersona

FORKING = {"scope": "personas:fork", "faults": (*WRITING, Fault.VERSION_UNKNOWN)}
Near = NamedDependency[SkipValidation[Nearness]]
Word = Annotated[str | None, Parameter(max_length=64)]


class ForkBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every field may be left out."""

    slug: str | None = None
    name: str | None = None
    version: VersionNumber | None = None
    visibility: Visibility = "private"


@get(
    "/",
    opt={"scope": "personas:read", "faults": (Fault.SEMANTIC_UNAVAILABLE,)},
    summary="List and search personas",
)
async def search_personas(
    request: AnyRequest,
    database: Store,
    turnstile: Queue,
    nearness: Near,
    q: Annotated[str, Parameter(description="Words in name, slug, tags or prompt.", max_length=200)] = "",
    tag: Word = None,
    language: Word = None,
    visibility: Visibility | None = None,
    label: Word = None,
    limit: Limit = 50,
    after: After = None,
    source: Literal["public"] | None = None,
    semantic: bool = False,
) -> Page[PersonaView] | Page[PublicPersona]:
    """With `source=public` it lists what all workspaces have made public: name, language and tags alone.

    With `semantic` the personas that are nearest to `q` by what they mean are found beside those that hold
    its words, the best first, on one page. The first search of a workspace has its personas read in the
    background, and finds by words until they are.
    """
    caller = caller_of(request)
    require_cursor(after, r"psn_\w+")
    wanted = search.Search(
        words=q,
        tag=tag,
        language=language,
        visibility=visibility,
        label=label,
        after=after,
        limit=limit + 1,
    )
    if semantic:
        require_fitting(q, after=after, source=source)
        found = await find_near(database, turnstile, nearness, caller, wanted, limit)
        async with database.read() as connection:
            newest = await versions.fitting_newest(connection, found)
        shown_ = [view.show(each, newest[each.id]) for each in found if each.id in newest]
        return Page(shown_, False, None)
    if source is not None:
        if visibility is not None or label is not None:
            given = "visibility" if visibility is not None else "label"
            raise Refusal(
                Fault.REQUEST_INVALID,
                f"`{given}` goes with no `source`; leave one of the two out.",
                details=[Detail(["query", given], "goes with no `source`", "value_error")],
            )
        async with turnstile.through(caller.workspace_id), database.read(SECONDS) as connection:
            shown = await search.public(connection, wanted)
        return page(shown, limit, view.show_public, lambda each: each.id)
    async with turnstile.through(caller.workspace_id), database.read(SECONDS) as connection:
        found = await search.find(connection, caller.workspace_id, caller.owner, wanted)
        newest = await versions.fitting_newest(connection, found[:limit])
    return page(found, len(newest), lambda each: view.show(each, newest[each.id]), lambda each: each.id)


@get("/{ref:str}", opt={"scope": "personas:read"}, summary="Read a persona")
async def read_persona(request: AnyRequest, database: Store, ref: str) -> Response[PersonaView]:
    """Another workspace's public persona is found by its id only.

    It shows neither headers nor upstreams.
    """
    async with database.read() as connection:
        persona = await readable(connection, request, ref)
        return await respond(connection, request, persona)


@patch("/{ref:str}", opt={"scope": "personas:write", "faults": WRITING}, summary="Change a persona")
async def change_persona(
    request: AnyRequest,
    database: Store,
    config: Settings,
    ref: str,
    data: PersonaPatch,
    if_match: IfMatch = None,
) -> Response[PersonaView]:
    """Fields that are left out stay.

    A change of prompt, layers, examples, language, overlay, allow, refusal, rules, facts, variables,
    upstreams, defaults or headers makes a new version; slug, name, tags, visibility and status do not. With
    `status: completed` an archived persona is back.
    """
    async with database.write(still_there(request.scope)) as connection:
        persona = await writable(connection, request, ref, if_match)
        if data.status is msgspec.UNSET:
            require_active(persona)
        newest = await versions.read(connection, persona.id, persona.latest)
        before = Draft(persona.profile, newest.content)
        draft = patched(before, data)
        _require_owner(request, persona, draft)
        if data.status != "archived" or draft != before:
            persona = await save(connection, request, persona, draft, config)
        if data.status == "archived" and persona.status == "completed":
            await personas.archive(connection, persona, actor_of(request))
        persona = await readable(connection, request, persona.id)
        return await respond(connection, request, persona)


@delete("/{ref:str}", opt={"scope": "personas:write"}, summary="Archive a persona, or erase it for good")
async def remove_persona(
    request: AnyRequest,
    database: Store,
    ref: str,
    purge: Annotated[bool, Parameter(description="Erase it with all versions; turns keep ids.")] = False,
    if_match: IfMatch = None,
) -> None:
    """An archived persona is not served, but can be read and brought back; a purged one is gone."""
    async with database.write(still_there(request.scope)) as connection:
        persona = await writable(connection, request, ref, if_match)
        if purge:
            await personas.purge(connection, persona, actor_of(request))
        elif persona.status == "completed":
            await personas.archive(connection, persona, actor_of(request))
    if purge:
        await database.scrub()


@post("/{ref:str}/fork", opt=FORKING, summary="Copy a persona into your workspace")
async def fork_persona(
    request: AnyRequest, database: Store, config: Settings, ref: str, data: ForkBody | None = None
) -> Response[PersonaView]:
    """Copies one version, the newest unless another is named, as version 1 of a new persona.

    Labels are not copied, and neither are headers and upstreams from another workspace.
    """
    wanted = data or ForkBody()
    async with database.write(still_there(request.scope)) as connection:
        source = await readable(connection, request, ref)
        require_active(source)
        number = source.latest if wanted.version is None else wanted.version
        version = await version_of(connection, source, number)
        draft = _forked(request, source, version, wanted)
        require_acceptable(draft, config, needs_prompt=bool(version.content.prompt.strip()))
        origin = personas.Origin(source.id, version.number)
        try:
            made = await personas.create(connection, draft, actor_of(request), origin)
        except personas.SlugTakenError:
            raise slug_taken(draft) from None
        return await respond(connection, request, made.persona, status=201)


def router(create: HTTPRouteHandler) -> Router:
    """Make the routes of personas; `create` is the one by which they come about."""
    handlers: list[HTTPRouteHandler] = [
        create,
        search_personas,
        read_persona,
        change_persona,
        remove_persona,
        fork_persona,
    ]
    return Router("/personas", route_handlers=handlers, tags=["Personas"])


def _require_owner(request: AnyRequest, persona: Persona, draft: Draft) -> None:
    """Raises Refusal where somebody else's persona would become private: only its owner would see it then."""
    hides = draft.profile.visibility == "private" != persona.profile.visibility
    if hides and persona.owner != caller_of(request).owner:
        problem = "only the key that made a persona can make it private"
        raise unacceptable([Detail(["visibility"], problem, "value_error")])


def _forked(request: AnyRequest, source: Persona, version: Version, wanted: ForkBody) -> Draft:
    """Copy everything but labels; from another workspace, neither headers nor upstreams."""
    content = version.content
    if is_foreign(request, source):
        content = msgspec.structs.replace(content, headers={}, upstreams=[])
    profile = msgspec.structs.replace(
        source.profile,
        slug=source.profile.slug if wanted.slug is None else wanted.slug,
        name=source.profile.name if wanted.name is None else wanted.name,
        visibility=wanted.visibility,
    )
    return Draft(profile, content)
