"""The routes of personas share who may see and change one, what is acceptable and how it is answered."""

from typing import Annotated

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, SkipValidation

from gateway.auth.access import AnyRequest, actor_of, caller_of, still_there
from gateway.config import Config, ConfigError, route
from gateway.errors import Detail, Fault, Refusal
from gateway.personas import view
from gateway.personas.acceptance import DraftError, check
from gateway.personas.body import PersonaBody, new_draft
from gateway.personas.model import Draft, Persona, Version
from gateway.personas.registry import Registry
from gateway.personas.store import personas, versions
from gateway.personas.view import PersonaView
from gateway.spelling import ended
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.turnstile import Turnstile

IfMatch = Annotated[
    str | None, HeaderParameter(name="If-Match", description="The `ETag` of what is changed.")
]
VersionNumber = str | int
Queue = NamedDependency[SkipValidation[Turnstile]]
"""The turnstile before work that a caller can make large."""
Resolving = NamedDependency[SkipValidation[Registry]]
"""The registry that resolves names of models."""
WRITING = (Fault.PERSONA_INVALID, Fault.SLUG_TAKEN)
"""Faults by which a persona that is written may be refused."""


def number_of(text: VersionNumber) -> int | None:
    """Read `v3`, `3` or 3 as 3; `None` for anything else."""
    digits = str(text).removeprefix("v")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None


async def readable(connection: AsyncConnection, request: AnyRequest, ref: str) -> Persona:
    """Find the persona that the caller may read; an archived one of its own workspace too. Raises Refusal."""
    caller = caller_of(request)
    persona = await personas.find(connection, caller.workspace_id, caller.owner, ref, archived=True)
    if persona is None:
        raise Refusal(Fault.PERSONA_UNKNOWN)
    return persona


async def id_of(connection: AsyncConnection, request: AnyRequest, ref: str | None) -> str | None:
    """Find the id of a persona that is named; a purged one still is, by its id. Raises Refusal."""
    if ref is None or ref.startswith("psn_"):
        return ref
    return (await readable(connection, request, ref)).id


async def writable(
    connection: AsyncConnection, request: AnyRequest, ref: str, if_match: str | None
) -> Persona:
    """Find the persona of the caller's own workspace, unchanged since the caller saw it. Raises Refusal."""
    persona = await readable(connection, request, ref)
    if persona.workspace_id != caller_of(request).workspace_id:
        raise Refusal(Fault.PERSONA_UNKNOWN)
    if if_match is not None and not {"*", etag(persona)} & {tag.strip() for tag in if_match.split(",")}:
        raise Refusal(Fault.PRECONDITION_FAILED)
    return persona


def etag(persona: Persona) -> str:
    return f'"{persona.id}-{persona.revision}"'


async def save(
    connection: AsyncConnection, request: AnyRequest, persona: Persona, draft: Draft, config: Config
) -> Persona:
    """Make the persona what the draft says. Raises Refusal."""
    newest = await versions.read(connection, persona.id, persona.latest)
    # One that was made without a prompt may stay so, whatever else of it changes.
    require_acceptable(draft, config, needs_prompt=bool(newest.content.prompt.strip()))
    try:
        return (await personas.save(connection, persona, draft, actor_of(request))).persona
    except personas.SlugTakenError:
        raise slug_taken(draft) from None


async def respond(
    connection: AsyncConnection, request: AnyRequest, persona: Persona, status: int = 200
) -> Response[PersonaView]:
    """Answer with the persona, its newest version and its `ETag`."""
    newest = await versions.read(connection, persona.id, persona.latest)
    shown = view.show(persona, newest, foreign=is_foreign(request, persona))
    return Response(shown, status_code=status, headers={"etag": etag(persona)})


async def create(
    request: AnyRequest, database: Database, config: Config, body: PersonaBody
) -> Response[PersonaView]:
    """Create a persona of what is given. Raises Refusal."""
    try:
        draft = new_draft(body)
    except DraftError as error:
        raise unacceptable(error.details) from None
    require_acceptable(draft, config)
    async with database.write(still_there(request.scope)) as connection:
        try:
            made = await personas.create(connection, draft, actor_of(request))
        except personas.SlugTakenError:
            raise slug_taken(draft) from None
        return await respond(connection, request, made.persona, status=201)


def require_active(persona: Persona) -> None:
    """Raises Refusal for an archived persona, whose only change can be to come back."""
    if persona.status != "completed":
        message = "There is no such persona, or it is archived; set `status` to `completed` first."
        raise Refusal(Fault.PERSONA_UNKNOWN, message)


def is_foreign(request: AnyRequest, persona: Persona) -> bool:
    return persona.workspace_id != caller_of(request).workspace_id


async def version_of(connection: AsyncConnection, persona: Persona, text: VersionNumber) -> Version:
    number = number_of(text)
    if number is None or not 1 <= number <= persona.latest:
        raise Refusal(
            Fault.VERSION_UNKNOWN, f"The persona has no such version; the newest is v{persona.latest}."
        )
    return await versions.read(connection, persona.id, number)


def require_acceptable(draft: Draft, config: Config, *, needs_prompt: bool = True) -> None:
    """Raises Refusal with every place that is wrong; an upstream that is not configured is wrong too."""
    try:
        check(draft, needs_prompt=needs_prompt)
    except DraftError as error:
        raise unacceptable(error.details) from None
    details = []
    for place, upstream in enumerate(draft.content.upstreams):
        try:
            route(config, upstream)
        except ConfigError as error:
            details.append(Detail(["upstreams", place], str(error), "value_error"))
    if details:
        raise unacceptable(details)


def unacceptable(details: list[Detail]) -> Refusal:
    first = details[0]
    place = ".".join(map(str, first.loc))
    return Refusal(Fault.PERSONA_INVALID, f"`{place}`: {ended(first.msg)}", details=details)


def slug_taken(draft: Draft) -> Refusal:
    slug = draft.profile.slug
    return Refusal(
        Fault.SLUG_TAKEN, f"The slug `{slug}` is taken in this workspace; choose another.", param="slug"
    )
