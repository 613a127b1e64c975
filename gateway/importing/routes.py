"""`POST /v1/personas/import` makes personas of characters and prompts that other products have exported."""

import asyncio
import base64
import binascii

import msgspec
from litestar import Router, post

from gateway.auth.access import AnyRequest, Store, actor_of, still_there
from gateway.errors import Detail, Fault, Refusal
from gateway.importing import reading, store
from gateway.importing.formats import Format
from gateway.importing.found import BYTES, Found, ImportingError
from gateway.importing.view import ImportedList
from gateway.personas.acceptance import DraftError
from gateway.personas.editing import WRITING, slug_taken, unacceptable
from gateway.personas.model import Draft, Visibility
from gateway.personas.store.aliases import AliasTakenError
from gateway.personas.store.personas import SlugTakenError

NAME = 200


class ImportBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document: its `text`, or its bytes in `base64` where it is a picture."""

    format: Format
    text: str | None = None
    base64: str | None = None
    name: str = "prompt"
    slug: str | None = None
    visibility: Visibility = "private"


@post(
    "/import",
    opt={"scope": "personas:write", "faults": WRITING, "max_body": 2 * BYTES},
    status_code=200,
    summary="Import characters and prompts of other products",
)
async def import_personas(request: AnyRequest, database: Store, data: ImportBody) -> ImportedList:
    """A persona whose slug there is gets new versions where something is new. All are stored, or none.

    `not_carried` says in sentences what of the document has no place here.
    """
    read = await asyncio.to_thread(_read, data)
    taken = []
    async with database.write(still_there(request.scope)) as connection:
        for found, made in read:
            try:
                taken.append(await store.take(connection, found, made, actor_of(request), is_local=False))
            except SlugTakenError:
                raise slug_taken(made[-1]) from None
            except AliasTakenError:
                raise Refusal(
                    Fault.SLUG_TAKEN, f"The alias `{found.alias}` is another persona's in this workspace."
                ) from None
    return ImportedList(taken)


def router() -> Router:
    """Make the route of imports."""
    return Router("/personas", route_handlers=[import_personas], tags=["Personas"])


def _read(body: ImportBody) -> list[tuple[Found, list[Draft]]]:
    """Raises Refusal."""
    try:
        return reading.read(body.format, _data(body), body.name[:NAME], body.slug, body.visibility)
    except ImportingError as error:
        place = "text" if body.base64 is None else "base64"
        raise Refusal(
            Fault.PERSONA_INVALID, f"{error}.", details=[Detail([place], str(error), "value_error")]
        ) from None
    except reading.SeveralError as error:
        raise _wrong("slug", str(error)) from None
    except DraftError as error:
        raise unacceptable(error.details) from None


def _data(body: ImportBody) -> bytes:
    if (body.text is None) == (body.base64 is None):
        raise _wrong("text", "or `base64` is needed, and not both")
    if body.text is not None:
        return body.text.encode()
    try:
        return base64.b64decode(body.base64 or "", validate=True)
    except (binascii.Error, ValueError):
        raise _wrong("base64", "is no base64") from None


def _wrong(field: str, problem: str) -> Refusal:
    details = [Detail([field], problem, "value_error")]
    return Refusal(Fault.REQUEST_INVALID, f"`{field}` {problem}.", details=details)
