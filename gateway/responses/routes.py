"""Routes show and delete responses that are kept, and list what they answer."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Response as Answer
from litestar import delete, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from gateway.auth.access import AnyRequest, Store, caller_of, still_there
from gateway.auth.guard import Caller
from gateway.conversations.reaching import READING
from gateway.errors import Fault, Refusal
from gateway.openai_api.messages import wrong
from gateway.responses import shown, store
from gateway.responses.store import Response
from gateway.storage import answers as kept_answers
from gateway.storage.connection import AsyncConnection

INVOKE = {"scope": "chat:invoke", "faults": (Fault.RESPONSE_UNKNOWN,)}
Limit = Annotated[int, Parameter(ge=1, le=100, description="Items on a page.")]
After = Annotated[str | None, Parameter(max_length=128, description="The id behind which the page begins.")]
Order = Literal["asc", "desc"]
JSON = "application/json"


def handlers() -> list[HTTPRouteHandler]:
    """Make the routes."""

    @get("/responses/{response:str}", opt=INVOKE, summary="Read a response", media_type=JSON)
    async def read_response(request: AnyRequest, database: Store, response: str) -> Answer[bytes]:
        """It is shown as it was answered."""
        async with database.read() as connection:
            found = await reach(connection, caller_of(request), response)
        return Answer(found.body.encode(), media_type=JSON)

    @delete("/responses/{response:str}", opt=INVOKE, status_code=200, summary="Delete a response")
    async def remove_response(request: AnyRequest, database: Store, response: str) -> dict[str, Any]:
        """A conversation that nobody has named goes with the last response in it, texts included."""
        async with database.write(still_there(request.scope)) as connection:
            found = await reach(connection, caller_of(request), response)
            await store.erase(connection, found)
            await kept_answers.forget(connection, found.workspace_id)
        await database.scrub()
        return {"id": found.id, "object": "response", "deleted": True}

    @get("/responses/{response:str}/input_items", opt=INVOKE, summary="List what a response answers")
    async def list_input_items(
        request: AnyRequest,
        database: Store,
        response: str,
        order: Order = "desc",
        limit: Limit = 20,
        after: After = None,
    ) -> dict[str, Any]:
        """The items of its own request are listed, and not what was said before."""
        async with database.read() as connection:
            found = await reach(connection, caller_of(request), response)
        return listed(shown.read_items(found.input), order, limit, after)

    return [read_response, remove_response, list_input_items]


async def reach(connection: AsyncConnection, caller: Caller, response_id: str) -> Response:
    """Find the response. Raises Refusal, the same for one that others have and for one that there is not."""
    found = await store.find(
        connection, caller.workspace_id, caller.owner, response_id, reads_all=READING in caller.scopes
    )
    if found is None:
        raise Refusal(Fault.RESPONSE_UNKNOWN)
    return found


def listed(items: list[bytes], order: Order, limit: int, after: str | None) -> dict[str, Any]:
    """Make a page in OpenAI's form; `items` come in the order in which they were said. Raises Refusal."""
    named = [(shown.id_of(item), item) for item in items]
    if order == "desc":
        named.reverse()
    start = 0
    if after is not None:
        at = next((at for at, (name, _) in enumerate(named) if name == after), None)
        if at is None:
            raise wrong("after", "is the id of no item here")
        start = at + 1
    page = named[start : start + limit]
    return {
        "object": "list",
        "data": [msgspec.Raw(item) for _, item in page],
        "first_id": page[0][0] if page else None,
        "last_id": page[-1][0] if page else None,
        "has_more": len(named) > start + limit,
    }
