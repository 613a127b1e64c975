"""The routes `/v1/personas/{ref}/versions` and `/labels`: versions are read and restored, labels moved."""

import asyncio
from typing import Annotated

import msgspec
from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import Parameter, SkipValidation

from gateway.auth.access import AnyRequest, Settings, Store, actor_of, caller_of, shared, still_there
from gateway.errors import Fault, Refusal
from gateway.page import After, Limit, Page, page, require_cursor
from gateway.personas import reading, registry, view
from gateway.personas.comparison import Comparing, Task
from gateway.personas.editing import (
    WRITING,
    IfMatch,
    Queue,
    VersionNumber,
    is_foreign,
    number_of,
    readable,
    require_active,
    respond,
    save,
    version_of,
    writable,
)
from gateway.personas.model import Draft, Persona
from gateway.personas.name import ModelName
from gateway.personas.reading import RuleList
from gateway.personas.slug import is_label
from gateway.personas.store import labels, versions
from gateway.personas.view import Diff, LabelMove, PersonaView, VersionView
from gateway.storage import audit

Comparisons = NamedDependency[SkipValidation[Comparing]]


class LabelBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`version` is `v3` or 3."""

    version: VersionNumber


@get("/{ref:str}/versions", opt={"scope": "personas:read"}, summary="List versions")
async def list_versions(
    request: AnyRequest, database: Store, ref: str, limit: Limit = 50, after: After = None
) -> Page[VersionView]:
    require_cursor(after, r"v[0-9]{1,9}")
    before = number_of(after) if after is not None else None
    async with database.read() as connection:
        persona = await readable(connection, request, ref)
        found, fitting = await versions.fitting(connection, persona.id, before=before, limit=limit)
    foreign = is_foreign(request, persona)
    return page(
        found,
        fitting,
        lambda each: view.show_version(persona, each, foreign=foreign),
        lambda each: f"v{each.number}",
    )


@get("/{ref:str}/versions/{v:str}", opt={"scope": "personas:read"}, summary="Read a version")
async def read_version(request: AnyRequest, database: Store, ref: str, v: str) -> VersionView:
    async with database.read() as connection:
        persona = await readable(connection, request, ref)
        found = await version_of(connection, persona, v)
    return view.show_version(persona, found, foreign=is_foreign(request, persona))


@get("/{ref:str}/rules", opt={"scope": "personas:read"}, summary="List the rules and facts of a version")
async def list_rules(
    request: AnyRequest,
    database: Store,
    ref: str,
    version: Annotated[
        str | None, Parameter(description="`v3`, 3 or a label; else what the bare name means.")
    ] = None,
) -> RuleList:
    """Declared rules, and those that were read from the prompt with the sentence that each came from.

    An entry of `rules` with `from` and the id of a read one confirms or corrects it; with `off` it
    switches that one off. A rule that the version's own examples break is `doubted`: it is worth a look
    and never a break until it is confirmed. `facts` does the same with figures: `text` says what is
    right in their place.
    """
    async with database.read() as connection:
        persona = await readable(connection, request, ref)
        found = await version_of(connection, persona, _meant(persona, version))
    read = found.reading
    if read is None:
        read = await asyncio.to_thread(reading.read_now, found.content)
    return RuleList(
        persona=persona.id,
        version=found.number,
        reader=read.reader,
        data=await asyncio.to_thread(reading.listed, persona.profile.name, found.content, read),
        facts=await asyncio.to_thread(reading.facts, persona.profile.name, found.content),
    )


@get("/{ref:str}/versions/{a:str}/diff/{b:str}", opt={"scope": "personas:read"}, summary="Compare versions")
async def compare_versions(
    request: AnyRequest, database: Store, turnstile: Queue, comparing: Comparisons, ref: str, a: str, b: str
) -> Diff:
    async with database.read() as connection:
        persona = await readable(connection, request, ref)
        if persona.status == "archived":
            raise Refusal(Fault.PERSONA_UNKNOWN)
        old, new = await version_of(connection, persona, a), await version_of(connection, persona, b)
    foreign = is_foreign(request, persona)
    before, after = (view.comparable(persona, each, foreign=foreign) for each in (old, new))
    drafts = [None if foreign else Draft(persona.profile, each.content) for each in (old, new)]
    async with turnstile.through(caller_of(request).workspace_id):
        found = await comparing.compare(Task(before, after, *drafts))
    return Diff(old.number, new.number, found.patch, found.text)


@post(
    "/{ref:str}/versions/{v:str}/restore",
    opt={"scope": "personas:write", "faults": WRITING},
    summary="Make a new version that equals an old one",
)
async def restore_version(
    request: AnyRequest, database: Store, config: Settings, ref: str, v: str, if_match: IfMatch = None
) -> Response[PersonaView]:
    """Restoring makes a new version of an old one, or none where the newest version equals it already."""
    async with database.write(still_there(request.scope)) as connection:
        persona = await writable(connection, request, ref, if_match)
        require_active(persona)
        old = await version_of(connection, persona, v)
        persona = await save(connection, request, persona, Draft(persona.profile, old.content), config)
        return await respond(connection, request, persona, status=201)


@put(
    "/{ref:str}/labels/{label:str}",
    opt={"scope": "personas:write", "faults": (Fault.VERSION_UNKNOWN, Fault.LABEL_FIXED)},
    summary="Move a label",
)
async def move_label(
    request: AnyRequest, database: Store, ref: str, label: str, data: LabelBody, if_match: IfMatch = None
) -> Response[PersonaView]:
    """A bare model name means the label `production` where there is one, else the newest version."""
    if not is_label(label):
        raise Refusal(Fault.LABEL_FIXED)
    async with database.write(still_there(request.scope)) as connection:
        persona = await writable(connection, request, ref, if_match)
        require_active(persona)
        number = (await version_of(connection, persona, data.version)).number
        try:
            await labels.move(connection, persona, label, number, actor_of(request))
        except labels.LabelError as error:
            raise Refusal(Fault.LABEL_FIXED, f"{error}.") from None
        persona = await readable(connection, request, persona.id)
        return await respond(connection, request, persona)


@delete(
    "/{ref:str}/labels/{label:str}",
    opt={"scope": "personas:write", "faults": (Fault.LABEL_UNKNOWN,)},
    summary="Take a label away",
)
async def remove_label(
    request: AnyRequest, database: Store, ref: str, label: str, if_match: IfMatch = None
) -> None:
    async with database.write(still_there(request.scope)) as connection:
        persona = await writable(connection, request, ref, if_match)
        if not await labels.remove(connection, persona, label, actor_of(request)):
            raise Refusal(Fault.LABEL_UNKNOWN)


@get("/{ref:str}/labels", opt={"scope": "personas:read"}, summary="Who moved which label when")
async def list_label_moves(
    request: AnyRequest, database: Store, ref: str, limit: Limit = 50, after: After = None
) -> Page[LabelMove]:
    caller = caller_of(request)
    require_cursor(after, r"aud_\w+")
    async with database.read() as connection:
        persona = await readable(connection, request, ref)
        moves = await audit.entries(
            connection,
            caller.workspace_id,
            caller.owner,
            subject=persona.id,
            actions="label.",
            after=after,
            limit=limit + 1,
        )
    return page(moves, limit, view.show_move, lambda move: move.id)


def router() -> Router:
    """Make the routes of versions and labels."""
    handlers = [
        list_rules,
        list_versions,
        read_version,
        compare_versions,
        restore_version,
        move_label,
        remove_label,
        list_label_moves,
    ]
    return Router(
        "/personas",
        route_handlers=handlers,
        dependencies={"comparing": shared(Comparing())},
        tags=["Personas"],
    )


def _meant(persona: Persona, version: str | None) -> str | int:
    """Return the version's number, or the text itself where it is no label."""
    wanted = ModelName(persona.profile.slug, label=version if version and is_label(version) else None)
    number = registry.version_number(persona, wanted)
    return number if number is not None and (version is None or wanted.label is not None) else version or ""
