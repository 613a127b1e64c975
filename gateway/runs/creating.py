"""`POST /v1/personas` makes a persona at once of what is given, or by a run of an intent."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec
from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from msgspec import UNSET

from gateway.auth.access import AnyRequest, Settings, Store, caller_of
from gateway.errors import Detail
from gateway.personas.acceptance import NAME_LENGTH, DraftError
from gateway.personas.editing import WRITING, create, unacceptable
from gateway.personas.store import fields
from gateway.personas.view import PersonaView
from gateway.runs import asked
from gateway.runs.beginning import FAILING, Beginner, Prefer
from gateway.runs.store import Order
from gateway.runs.view import CreateBody
from gateway.storage.database import Database


class Enhanced(Protocol):
    """A persona that was deepened from a text."""

    @property
    def fields(self) -> dict[str, str]: ...
    @property
    def system_prompt(self) -> str: ...


Enhancements = Callable[[AnyRequest, Database, str], Awaitable[Enhanced | None]]


def creating(beginner: Beginner, enhancements: Enhancements) -> HTTPRouteHandler:
    """Make the route that creates personas; `enhancements` finds what an enhancement has made."""

    @post("/", opt={"scope": "personas:write", "faults": (*WRITING, *FAILING)}, summary="Create a persona")
    async def create_persona(
        request: AnyRequest,
        database: Store,
        config: Settings,
        data: CreateBody,
        stream: bool = False,
        prefer: Prefer = None,
    ) -> Response[PersonaView]:
        """From an `intent` a run makes it: `stream=true` or `Accept: text/event-stream` tells of the run as
        server-sent events, `Prefer: respond-async` answers 202 with the run, and else the answer waits.

        Without an intent `name` or `slug`, and `prompt` or a layer, are needed. Without `slug` one is made
        from the name, without `prompt` one is rendered from the layers and stored. Visibility is `private`
        unless it is given.
        """
        if data.intent is UNSET:
            _require_no_run(data)
            if data.from_enhancement is not UNSET:
                data = _filled(data, await enhancements(request, database, data.from_enhancement))
            return await create(request, database, config, data)
        pipeline = beginner.chosen(request, None if data.pipeline is UNSET else data.pipeline)
        try:
            async with database.read() as connection:
                registered = await fields.listed(connection, caller_of(request).workspace_id)
            inputs = asked.read(data, registered)
        except DraftError as error:
            raise unacceptable(error.details) from None
        order = Order(task="create", inputs=inputs, pipeline=pipeline)
        answer: Response[Any] = await beginner.answer(request, database, order, stream=stream, prefer=prefer)
        return answer

    return create_persona


def _require_no_run(data: CreateBody) -> None:
    for name in asked.OF_A_RUN:
        if getattr(data, name) is not UNSET:
            raise unacceptable([Detail([name], "goes with an intent alone", "value_error")])


def _filled(data: CreateBody, found: Enhanced | None) -> CreateBody:
    """Take what was deepened for whatever the body leaves out. Raises Refusal."""
    if found is None:
        problem = "there is no such enhancement that has succeeded"
        raise unacceptable([Detail(["from_enhancement"], problem, "value_error")])
    given: dict[str, Any] = {"prompt": found.system_prompt, "layers": {"surface": found.fields}}
    if data.slug is UNSET:
        given["name"] = (found.fields.get("name") or "Persona")[:NAME_LENGTH]
    kept = {name: value for name, value in given.items() if getattr(data, name) is UNSET}
    return msgspec.structs.replace(data, **kept)
