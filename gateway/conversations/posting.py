"""`POST /v1/chat/conversations/{id}/messages` posts a message, and answers with the persona's."""

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler

from gateway.auth.access import AnyRequest, caller_of
from gateway.conversations.asked import Asked
from gateway.conversations.message import MOST_BYTES
from gateway.conversations.reply import ReplyView
from gateway.conversations.talking import Talking
from gateway.errors import OF_UPSTREAMS, Fault
from gateway.streamed import Streamed

FAULTS = (
    Fault.PERSONA_UNKNOWN,
    Fault.CONVERSATION_INVALID,
    Fault.CONVERSATION_PERSONA,
    Fault.CONVERSATION_TAKEN,
    Fault.CONVERSATION_FULL,
    Fault.CONVERSATION_TOO_MANY,
    Fault.CONVERSATION_TEXTLESS,
    Fault.MESSAGE_UNKNOWN,
    Fault.ANSWER_TOO_LONG,
    Fault.OVERLAY_LOCKED,
    Fault.CAPABILITY_MISSING,
    Fault.ANSWER_WITHHELD,
    Fault.PROVIDER_REJECTED,
    *OF_UPSTREAMS,
)


def post_message_route(talking: Talking, public_url: str) -> HTTPRouteHandler:
    """Make the route; `public_url` is where errors within a stream point to."""

    @post(
        "/{conversation:str}/messages",
        opt={"scope": "chat:invoke", "spends": True, "max_body": MOST_BYTES, "faults": FAULTS},
        status_code=200,
        summary="Say something, and be answered",
    )
    async def post_message(request: AnyRequest, conversation: str) -> Response[ReplyView]:
        """The history is kept here: the message goes below the newest one, or below `parent`.

        An id that the workspace does not have makes a conversation with `persona`. Every other field is a
        parameter of the chat. With `stream` the answer comes as events.
        """
        body = await request.body()
        state = request.scope["state"]
        asked = await talking.prepare(caller_of(request), conversation, body, state["request_id"])
        if not asked.posted.stream:
            told = await talking.whole(asked, state["connection"])
            return Response(told, status_code=200, headers=_headers(asked))
        events = talking.stream(asked, state["connection"])
        first = await events.first()
        return Streamed(events.rest(first, state["request_id"], public_url), _headers(asked))

    return post_message


def _headers(asked: Asked) -> dict[str, str]:
    """Say in the head what every answer to a chat says."""
    return {name.decode(): value.decode("latin-1") for name, value in asked.exchange.account.headers()}
