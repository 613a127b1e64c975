"""`POST /v1/personas/{ref}/refine` has a run make a new version of a persona."""

from typing import Any

from litestar import Response, Router, post
from msgspec import UNSET

from gateway.auth.access import AnyRequest, Store
from gateway.errors import Detail, Fault
from gateway.personas.acceptance import DraftError
from gateway.personas.editing import require_active, unacceptable, writable
from gateway.personas.store import versions
from gateway.personas.view import PersonaView
from gateway.runs import asked
from gateway.runs.beginning import FAILING, Beginner, Prefer
from gateway.runs.revision import OWN_PROMPT
from gateway.runs.store import Order
from gateway.runs.view import RefineBody

REFINING = {
    "scope": "personas:write",
    "faults": (*FAILING, Fault.PERSONA_UNKNOWN, Fault.PERSONA_INVALID, Fault.PRECONDITION_FAILED),
}


def router(beginner: Beginner) -> Router:
    """Make the route that refines."""

    @post("/{ref:str}/refine", opt=REFINING, status_code=201, summary="Refine a persona")
    async def refine_persona(
        request: AnyRequest,
        database: Store,
        ref: str,
        data: RefineBody,
        stream: bool = False,
        prefer: Prefer = None,
    ) -> Response[PersonaView]:
        """A run edits the texts of its newest version as the instruction says, and makes a new one;
        `run.patch` is the difference as a JSON patch. What the instruction does not touch stays as it is.

        It is watched, awaited and answered as a run that creates a persona.
        """
        pipeline = beginner.chosen(request, None if data.pipeline is UNSET else data.pipeline)
        async with database.read() as connection:
            persona = await writable(connection, request, ref, None)
            require_active(persona)
            content = (await versions.read(connection, persona.id, persona.latest)).content
        if len(content.prompt) > OWN_PROMPT and not content.layers:
            message = f"is longer than {OWN_PROMPT} characters; edit it by hand"
            raise unacceptable([Detail(["prompt"], message, "value_error")])
        try:
            inputs = asked.refining(data, persona, content)
        except DraftError as error:
            raise unacceptable(error.details) from None
        order = Order(task="refine", inputs=inputs, pipeline=pipeline, persona_id=persona.id)
        answer: Response[Any] = await beginner.answer(request, database, order, stream=stream, prefer=prefer)
        return answer

    return Router("/personas", route_handlers=[refine_persona], tags=["Personas"])
