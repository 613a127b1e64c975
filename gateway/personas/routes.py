"""`/v1/personas`: create, read, change, label, fork, search, archive and purge."""

from typing import Annotated, Any

import jsonpatch
import msgspec
from litestar import Response, Router, delete, get, patch, post, put
from litestar.params import HeaderParameter, Parameter
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import clock
from gateway.auth.access import AnyRequest, actor_of, caller_of
from gateway.config import Config, ConfigError, route
from gateway.errors import Detail, Fault, Refusal
from gateway.page import After, Limit, Page, page, require_cursor
from gateway.personas import files, registry, store, view
from gateway.personas.model import Draft, DraftError, Persona, Version, Visibility, check
from gateway.personas.slug import is_label
from gateway.personas.view import PersonaBody, PersonaPatch, PersonaView, VersionView
from gateway.storage import audit
from gateway.storage.database import Database

NO_NUL = r"^[^\0]*$"
IfMatch = Annotated[
    str | None, HeaderParameter(name="If-Match", description="The `ETag` of what is changed.")
]
Word = Annotated[str | None, Parameter(max_length=64, pattern=NO_NUL)]
VersionNumber = str | int


class LabelBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`v3` or 3."""

    version: VersionNumber


class LabelMove(msgspec.Struct, frozen=True):
    label: str
    version: int | None
    previous: int | None
    by: str | None
    """The key's id; null for a move at a terminal."""
    at: str


class ForkBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it may be left out."""

    slug: str | None = None
    name: str | None = None
    version: VersionNumber | None = None
    visibility: Visibility = "private"


class Diff(msgspec.Struct, frozen=True):
    """From version `a` to version `b`."""

    a: int
    b: int
    patch: list[dict[str, Any]]
    """JSON patch (RFC 6902)."""
    text: str
    """A unified diff of the two persona files."""


def number_of(text: VersionNumber) -> int | None:
    """`v3`, `3` or 3 as 3; `None` for anything else."""
    digits = str(text).removeprefix("v")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None


async def readable(connection: AsyncConnection, request: AnyRequest, ref: str) -> Persona:
    """The persona that the caller may read; an archived one of its own workspace too. Raises Refusal."""
    caller = caller_of(request)
    persona = await registry.find(connection, caller.workspace_id, ref, archived=True)
    if persona is None or not registry.may_use(persona, caller):
        raise Refusal(Fault.PERSONA_UNKNOWN, "There is no such persona, or it is not yours to see.")
    return persona


async def writable(
    connection: AsyncConnection, request: AnyRequest, ref: str, if_match: str | None
) -> Persona:
    """The persona of the caller's own workspace, unchanged since the caller saw it. Raises Refusal."""
    persona = await readable(connection, request, ref)
    if persona.workspace_id != caller_of(request).workspace_id:
        raise Refusal(Fault.PERSONA_UNKNOWN, "There is no such persona, or it is not yours to see.")
    if if_match is not None and not {"*", etag(persona)} & {tag.strip() for tag in if_match.split(",")}:
        raise Refusal(
            Fault.PRECONDITION_FAILED, "The persona has changed since; read it again and repeat the change."
        )
    return persona


def etag(persona: Persona) -> str:
    return f'"{persona.id}-{persona.revision}"'


def router(database: Database, config: Config) -> Router:
    """The routes of personas, on this store."""

    async def respond(connection: AsyncConnection, request: AnyRequest, persona: Persona) -> PersonaView:
        newest = await store.version(connection, persona.id, persona.latest)
        return view.show(persona, newest, foreign=_is_foreign(request, persona))

    async def save(
        connection: AsyncConnection, request: AnyRequest, persona: Persona, draft: Draft
    ) -> Persona:
        _check(draft, config)
        try:
            return (await store.save(connection, persona, draft, actor_of(request))).persona
        except store.SlugTakenError:
            raise _slug_taken(draft) from None

    @post("/", opt={"scope": "personas:write"}, summary="Create a persona")
    async def create(request: AnyRequest, data: PersonaBody) -> Response[PersonaView]:
        draft = _draft(data)
        _check(draft, config)
        async with database.write() as connection:
            try:
                made = await store.create(connection, draft, actor_of(request))
            except store.SlugTakenError:
                raise _slug_taken(draft) from None
            shown = await respond(connection, request, made.persona)
        return _tagged(made.persona, shown, status=201)

    @get("/", opt={"scope": "personas:read"}, summary="List and search personas")
    async def search(
        request: AnyRequest,
        q: Annotated[
            str, Parameter(description="Words in name, slug, tags or prompt.", max_length=200, pattern=NO_NUL)
        ] = "",
        tag: Word = None,
        language: Word = None,
        visibility: Visibility | None = None,
        label: Word = None,
        limit: Limit = 50,
        after: After = None,
    ) -> Page[PersonaView]:
        caller = caller_of(request)
        require_cursor(after, r"psn_\w+")
        wanted = store.Search(
            words=tuple(q.split()),
            tag=tag,
            language=language,
            visibility=visibility,
            label=label,
            after=after,
            limit=limit + 1,
        )
        async with database.read() as connection:
            found = await store.search(connection, caller.workspace_id, caller.owner, wanted)
            newest = await store.newest_versions(connection, found)
        return page(found, limit, lambda each: view.show(each, newest[each.id]), lambda each: each.id)

    @get("/{ref:str}", opt={"scope": "personas:read"}, summary="Read a persona")
    async def read(request: AnyRequest, ref: str) -> Response[PersonaView]:
        async with database.read() as connection:
            persona = await readable(connection, request, ref)
            return _tagged(persona, await respond(connection, request, persona))

    @patch("/{ref:str}", opt={"scope": "personas:write"}, summary="Change a persona")
    async def change(
        request: AnyRequest, ref: str, data: PersonaPatch, if_match: IfMatch = None
    ) -> Response[PersonaView]:
        async with database.write() as connection:
            persona = await writable(connection, request, ref, if_match)
            if data.status is msgspec.UNSET:
                _require_active(persona)
            newest = await store.version(connection, persona.id, persona.latest)
            before = Draft(persona.profile, newest.content)
            draft = view.patched(before, data)
            _require_owner(request, persona, draft)
            if data.status != "archived" or draft != before:
                persona = await save(connection, request, persona, draft)
            if data.status == "archived" and persona.status == "active":
                await store.archive(connection, persona, actor_of(request))
            persona = await readable(connection, request, persona.id)
            return _tagged(persona, await respond(connection, request, persona))

    @delete("/{ref:str}", opt={"scope": "personas:write"}, summary="Archive a persona, or erase it for good")
    async def remove(
        request: AnyRequest,
        ref: str,
        purge: Annotated[bool, Parameter(description="Erase it with all versions; turns keep ids.")] = False,
        if_match: IfMatch = None,
    ) -> None:
        async with database.write() as connection:
            persona = await writable(connection, request, ref, if_match)
            if purge:
                await store.purge(connection, persona, actor_of(request))
            elif persona.status == "active":
                await store.archive(connection, persona, actor_of(request))
        if purge:
            await database.scrub()

    @get("/{ref:str}/versions", opt={"scope": "personas:read"}, summary="List versions")
    async def versions(
        request: AnyRequest, ref: str, limit: Limit = 50, after: After = None
    ) -> Page[VersionView]:
        require_cursor(after, r"v[0-9]{1,9}")
        before = number_of(after) if after is not None else None
        async with database.read() as connection:
            persona = await readable(connection, request, ref)
            found = await store.versions(connection, persona.id, before=before, limit=limit + 1)
        foreign = _is_foreign(request, persona)
        return page(
            found,
            limit,
            lambda each: view.show_version(persona, each, foreign=foreign),
            lambda each: f"v{each.number}",
        )

    @get("/{ref:str}/versions/{v:str}", opt={"scope": "personas:read"}, summary="Read a version")
    async def version(request: AnyRequest, ref: str, v: str) -> VersionView:
        async with database.read() as connection:
            persona = await readable(connection, request, ref)
            found = await _version(connection, persona, v)
        return view.show_version(persona, found, foreign=_is_foreign(request, persona))

    @get(
        "/{ref:str}/versions/{a:str}/diff/{b:str}", opt={"scope": "personas:read"}, summary="Compare versions"
    )
    async def diff(request: AnyRequest, ref: str, a: str, b: str) -> Diff:
        async with database.read() as connection:
            persona = await readable(connection, request, ref)
            if persona.status == "archived":
                raise Refusal(Fault.PERSONA_UNKNOWN, "There is no such persona, or it is not yours to see.")
            old, new = await _version(connection, persona, a), await _version(connection, persona, b)
        foreign = _is_foreign(request, persona)
        shown = [_comparable(view.show_version(persona, each, foreign=foreign)) for each in (old, new)]
        change = jsonpatch.make_patch(*shown).patch
        text = (
            ""
            if foreign
            else files.diff(Draft(persona.profile, old.content), Draft(persona.profile, new.content))
        )
        return Diff(old.number, new.number, change, text)

    @post(
        "/{ref:str}/versions/{v:str}/restore",
        opt={"scope": "personas:write"},
        summary="Make a new version that equals an old one",
    )
    async def restore(
        request: AnyRequest, ref: str, v: str, if_match: IfMatch = None
    ) -> Response[PersonaView]:
        async with database.write() as connection:
            persona = await writable(connection, request, ref, if_match)
            _require_active(persona)
            old = await _version(connection, persona, v)
            persona = await save(connection, request, persona, Draft(persona.profile, old.content))
            return _tagged(persona, await respond(connection, request, persona), status=201)

    @put("/{ref:str}/labels/{label:str}", opt={"scope": "personas:write"}, summary="Move a label")
    async def move_label(
        request: AnyRequest, ref: str, label: str, data: LabelBody, if_match: IfMatch = None
    ) -> Response[PersonaView]:
        if not is_label(label):
            raise Refusal(
                Fault.LABEL_FIXED, "A label is lower-case letters, digits and hyphens, and no `v<N>`."
            )
        async with database.write() as connection:
            persona = await writable(connection, request, ref, if_match)
            _require_active(persona)
            number = (await _version(connection, persona, data.version)).number
            try:
                await store.label(connection, persona, label, number, actor_of(request))
            except store.LabelError as error:
                raise Refusal(Fault.LABEL_FIXED, f"{error}.") from None
            persona = await readable(connection, request, persona.id)
            return _tagged(persona, await respond(connection, request, persona))

    @delete("/{ref:str}/labels/{label:str}", opt={"scope": "personas:write"}, summary="Take a label away")
    async def remove_label(request: AnyRequest, ref: str, label: str, if_match: IfMatch = None) -> None:
        async with database.write() as connection:
            persona = await writable(connection, request, ref, if_match)
            if not await store.unlabel(connection, persona, label, actor_of(request)):
                raise Refusal(Fault.LABEL_UNKNOWN, "The persona bears no such label.")

    @get("/{ref:str}/labels", opt={"scope": "personas:read"}, summary="Who moved which label when")
    async def label_moves(
        request: AnyRequest, ref: str, limit: Limit = 50, after: After = None
    ) -> Page[LabelMove]:
        require_cursor(after, r"aud_\w+")
        async with database.read() as connection:
            persona = await readable(connection, request, ref)
            moves = await audit.entries(
                connection,
                caller_of(request).workspace_id,
                subject=persona.id,
                actions="label.",
                after=after,
                limit=limit + 1,
            )
        return page(moves, limit, _move, lambda move: move.id)

    @post("/{ref:str}/fork", opt={"scope": "personas:fork"}, summary="Copy a persona into your workspace")
    async def fork(request: AnyRequest, ref: str, data: ForkBody | None = None) -> Response[PersonaView]:
        wanted = data or ForkBody()
        async with database.write() as connection:
            source = await readable(connection, request, ref)
            if source.status == "archived":
                raise Refusal(Fault.PERSONA_UNKNOWN, "There is no such persona, or it is not yours to see.")
            number = source.latest if wanted.version is None else wanted.version
            version = await _version(connection, source, number)
            draft = _forked(request, source, version, wanted)
            _check(draft, config)
            origin = store.Origin(source.id, version.number)
            try:
                made = await store.create(connection, draft, actor_of(request), origin)
            except store.SlugTakenError:
                raise _slug_taken(draft) from None
            return _tagged(made.persona, await respond(connection, request, made.persona), status=201)

    return Router(
        "/personas",
        route_handlers=[
            create,
            search,
            read,
            change,
            remove,
            versions,
            version,
            diff,
            restore,
            move_label,
            remove_label,
            label_moves,
            fork,
        ],
        tags=["Personas"],
    )


def _require_active(persona: Persona) -> None:
    """Raises Refusal for an archived persona, which takes no change but to come back."""
    if persona.status != "active":
        raise Refusal(Fault.PERSONA_UNKNOWN, "This persona is archived; set `status` to `active` first.")


def _require_owner(request: AnyRequest, persona: Persona, draft: Draft) -> None:
    """Raises Refusal where a persona would become private that is another's, who alone would see it then."""
    hides = draft.profile.visibility == "private" != persona.profile.visibility
    if hides and persona.owner != caller_of(request).owner:
        problem = "only the key that made a persona can make it private"
        raise _unacceptable([Detail(["visibility"], problem, "value_error")])


def _is_foreign(request: AnyRequest, persona: Persona) -> bool:
    return persona.workspace_id != caller_of(request).workspace_id


def _tagged(persona: Persona, shown: PersonaView, status: int = 200) -> Response[PersonaView]:
    return Response(shown, status_code=status, headers={"etag": etag(persona)})


async def _version(connection: AsyncConnection, persona: Persona, text: VersionNumber) -> Version:
    number = number_of(text)
    if number is None or not 1 <= number <= persona.latest:
        raise Refusal(
            Fault.VERSION_UNKNOWN, f"The persona has no such version; the newest is v{persona.latest}."
        )
    return await store.version(connection, persona.id, number)


def _draft(body: PersonaBody) -> Draft:
    try:
        return view.new_draft(body)
    except DraftError as error:
        raise _unacceptable(error.details) from None


def _check(draft: Draft, config: Config) -> None:
    """Raises Refusal with every place that is wrong, upstreams that are not configured among them."""
    try:
        check(draft)
    except DraftError as error:
        raise _unacceptable(error.details) from None
    details = []
    for place, upstream in enumerate(draft.content.upstreams):
        try:
            route(config, upstream)
        except ConfigError as error:
            details.append(Detail(["upstreams", place], str(error), "value_error"))
    if details:
        raise _unacceptable(details)


def _unacceptable(details: list[Detail]) -> Refusal:
    first = details[0]
    place = ".".join(map(str, first.loc))
    return Refusal(Fault.PERSONA_INVALID, f"`{place}`: {first.msg}.", details=details)


def _slug_taken(draft: Draft) -> Refusal:
    slug = draft.profile.slug
    return Refusal(
        Fault.SLUG_TAKEN, f"The slug `{slug}` is taken in this workspace; choose another.", param="slug"
    )


def _comparable(shown: VersionView) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(shown)
    return {
        name: value for name, value in plain.items() if name not in ("id", "version", "labels", "created_at")
    }


def _move(entry: audit.Entry) -> LabelMove:
    details = entry.details
    return LabelMove(
        details["label"], details["version"], details["previous"], entry.key_id, clock.iso(entry.at)
    )


def _forked(request: AnyRequest, source: Persona, version: Version, wanted: ForkBody) -> Draft:
    """What is copied: everything but labels; from another workspace neither headers nor upstreams."""
    content = version.content
    if _is_foreign(request, source):
        content = msgspec.structs.replace(content, headers={}, upstreams=[])
    profile = msgspec.structs.replace(
        source.profile,
        slug=source.profile.slug if wanted.slug is None else wanted.slug,
        name=source.profile.name if wanted.name is None else wanted.name,
        visibility=wanted.visibility,
    )
    return Draft(profile, content)
