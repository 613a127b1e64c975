"""Routes show, follow, cancel and delete responses that are kept, and list what they answer."""

import asyncio
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response as Answer
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter, SkipValidation

from gateway.auth.access import AnyRequest, Store, caller_of, still_there
from gateway.auth.guard import Caller
from gateway.conversations.reaching import READING
from gateway.errors import Fault, Refusal
from gateway.openai_api.bounds import LARGE
from gateway.openai_api.messages import wrong
from gateway.responses import shown, store
from gateway.responses.beginning import is_background, standing
from gateway.responses.following import Following, body_of, require_told
from gateway.responses.store import Response, background
from gateway.responses.store.background import Background
from gateway.storage import answers as kept_answers
from gateway.storage.connection import AsyncConnection
from gateway.streamed import Streamed
from gateway.work.store import rows

INVOKE = {"scope": "chat:invoke", "faults": (Fault.RESPONSE_UNKNOWN,)}
FOLLOWING = {"scope": "chat:invoke", "faults": (Fault.RESPONSE_UNKNOWN, Fault.RATE_LIMITED)}
Limit = Annotated[int, Parameter(ge=1, le=100, description="Items on a page.")]
After = Annotated[str | None, Parameter(max_length=128, description="The id behind which the page begins.")]
Order = Literal["asc", "desc"]
Follower = NamedDependency[SkipValidation[Following]]
Stream = Annotated[
    bool, Parameter(description="Follow the events of a response of the background, which was streamed.")
]
StartingAfter = Annotated[
    int | None,
    Parameter(ge=0, le=2**31 - 1, description="The `sequence_number` behind which the events begin."),
]
JSON = "application/json"
SYNCHRONOUS = "Only a response with `background: true` can be cancelled; to end another one, hang up."


@get("/responses/{response:str}", opt=FOLLOWING, summary="Read a response", media_type=JSON)
async def read_response(
    request: AnyRequest,
    database: Store,
    following: Follower,
    response: str,
    stream: Stream = False,
    starting_after: StartingAfter = None,
) -> Answer[Any]:
    """It is shown as it was answered, or as it stands in the background: `queued`, `in_progress`,
    `completed`, `incomplete`, `failed` or `cancelled`.

    With `stream` its events follow, from the first or behind `starting_after`, until it has ended; the
    response must have been asked for with `stream`, and its end be less than an hour ago.
    """
    if starting_after is not None and not stream:
        raise wrong("starting_after", "needs `stream=true`")
    async with database.read() as connection:
        found = await reach(connection, caller_of(request), response)
        if stream and isinstance(found, Response):
            found = await background.by_id(connection, found.workspace_id, found.id) or found
        body = await _body(connection, found)
    if not stream:
        return Answer(body, media_type=JSON)
    told = require_told(found)
    lease = await following.limiter.hold(caller_of(request).bounds, "streams")
    after = -1 if starting_after is None else starting_after
    return Streamed(following.follow(told, after), end=partial(following.limiter.release, lease))


@post(
    "/responses/{response:str}/cancel",
    opt=INVOKE,
    status_code=200,
    summary="Cancel a response",
    media_type=JSON,
)
async def cancel_response(request: AnyRequest, database: Store, response: str) -> Answer[bytes]:
    """One of the background is called off, and the upstream let go at once; one that has ended is shown
    as it is."""
    async with database.write(still_there(request.scope)) as connection:
        found = await reach(connection, caller_of(request), response)
        if isinstance(found, Background) and found.is_open and found.body is not None:
            body = standing(found.body, "cancelled")
            await background.end(connection, found, "cancelled", body)
            await rows.want_cancelled(connection, found.id)
            return Answer(body.encode(), media_type=JSON)
        body_ = await _body(connection, found)
    if isinstance(found, Response) and not is_background(body_):
        raise Refusal(Fault.REQUEST_INVALID, SYNCHRONOUS, param="response")
    return Answer(body_, media_type=JSON)


@delete("/responses/{response:str}", opt=INVOKE, status_code=200, summary="Delete a response")
async def remove_response(request: AnyRequest, database: Store, response: str) -> dict[str, Any]:
    """A conversation that nobody has named goes with the last response in it, texts included; one that
    is answered in the background is called off."""
    async with database.write(still_there(request.scope)) as connection:
        found = await reach(connection, caller_of(request), response)
        await background.erase(connection, found.workspace_id, found.id)
        if isinstance(found, Response):
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
    given = found.input or "[]"
    if len(given) <= LARGE:
        return listed(shown.read_items(given), order, limit, after)
    return await asyncio.to_thread(lambda: listed(shown.read_items(given), order, limit, after))


async def reach(connection: AsyncConnection, caller: Caller, response_id: str) -> Response | Background:
    """Find the response. Raises Refusal, the same for one that others have and for one that there is not."""
    place, reads_all = (connection, caller.workspace_id, caller.owner), READING in caller.scopes
    kept = await store.find(*place, response_id, reads_all=reads_all)
    found = kept or await background.find(*place, response_id, reads_all=reads_all)
    if found is None:
        raise Refusal(Fault.RESPONSE_UNKNOWN)
    return found


async def _body(connection: AsyncConnection, found: Response | Background) -> bytes:
    """Return the response as it stands. Raises Refusal."""
    body = found.body.encode() if isinstance(found, Response) else await body_of(connection, found)
    if body is None:
        raise Refusal(Fault.RESPONSE_UNKNOWN)
    return body


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


HANDLERS: list[HTTPRouteHandler] = [read_response, cancel_response, remove_response, list_input_items]
