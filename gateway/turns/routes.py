"""These are the routes `/v1/turns` and `/v1/usage`."""

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import nullcontext
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Router, asgi, get
from litestar.params import Parameter
from litestar.types import Receive, Scope, Send

from gateway.auth.access import AnyRequest, Store, caller_of
from gateway.auth.guard import Caller, Guard
from gateway.errors import Detail, Fault, Refusal
from gateway.page import After, Limit, Page, page, require_cursor
from gateway.personas.editing import Queue, id_of
from gateway.storage.database import Database
from gateway.turns import view
from gateway.turns.drift_routes import Upstream, show_drift
from gateway.turns.looks import compare_around, read_latency, survey_drift
from gateway.turns.store import hours, turns
from gateway.turns.store.amendments import After as Place
from gateway.turns.store.hours import Span
from gateway.turns.store.rows import Stored
from gateway.turns.store.turns import Filter
from gateway.turns.tail import Event, Tail
from gateway.turns.times import ms
from gateway.turns.turn import Status, Verdict
from gateway.turns.view import By, TurnDetail, TurnView, UsageView

PING_SECONDS = 15
SEND_SECONDS = 30
"""Seconds; a listener who does not take one event in this time is cut."""

Since = Annotated[datetime | None, Parameter(description="Began at this time or later (RFC 3339).")]
Until = Annotated[datetime | None, Parameter(description="Began before this time (RFC 3339).")]


PersonaRef = Annotated[str | None, Parameter(description="A slug or id.", max_length=64)]
OF_A_PERSONA = {"scope": "chat:read", "faults": (Fault.PERSONA_UNKNOWN,)}
SEARCH_SECONDS = 3.0
SEQ = "[0-9]{1,18}"
PERSONAS_READ = "personas:read"


class UsageList(msgspec.Struct, frozen=True):
    data: list[UsageView]
    has_more: bool = False
    next: str | None = None


@get("/turns", opt=OF_A_PERSONA, summary="List turns")
async def list_turns(
    request: AnyRequest,
    database: Store,
    turnstile: Queue,
    persona: PersonaRef = None,
    version: Annotated[int | None, Parameter(ge=1, le=999_999_999)] = None,
    verdict: Verdict | None = None,
    status: Status | None = None,
    request_id: Annotated[
        str | None, Parameter(description="`X-Request-Id` of an answer.", max_length=40)
    ] = None,
    upstream: Upstream = None,
    q: Annotated[
        str, Parameter(description="Words of one message in the turn's conversation.", max_length=200)
    ] = "",
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[TurnView]:
    """With `q` only turns are listed whose conversation is kept, and those with a private persona to its
    owner alone."""
    caller = caller_of(request)
    require_cursor(after, SEQ)
    first, last = ms(since, "since"), ms(until, "until")
    place = turnstile.through(caller.workspace_id) if q else nullcontext()
    async with place, database.read(SEARCH_SECONDS if q else None) as connection:
        wanted = Filter(
            words=q,
            owner=caller.owner,
            persona_id=await id_of(connection, request, persona),
            version=version,
            verdict=verdict,
            status=status,
            request_id=request_id,
            upstream=upstream,
            since=first,
            until=last,
            after=int(after) if after else None,
        )
        known = await turns.placed(connection, caller.workspace_id, wanted)
        found = await turns.listed(connection, caller.workspace_id, known, limit=limit + 1) if known else []
    return page(
        found,
        limit,
        lambda each: view.show(each.turn, nameless=not each.is_named_to(caller)),
        lambda each: str(each.seq),
    )


@get(
    "/turns/{turn_id:str}",
    opt={"scope": "chat:read", "faults": (Fault.TURN_UNKNOWN,)},
    summary="Read a turn",
)
async def read_turn(request: AnyRequest, database: Store, turn_id: str) -> TurnDetail:
    caller = caller_of(request)
    async with database.read() as connection:
        found = await turns.find(connection, caller.workspace_id, turn_id)
        if found is None:
            raise Refusal(Fault.TURN_UNKNOWN)
    return view.detail(
        found.turn, veiled=not _may_read(caller, found), nameless=not found.is_named_to(caller)
    )


@get("/usage", opt=OF_A_PERSONA, summary="Sum up requests, tokens and cost")
async def sum_up_usage(
    request: AnyRequest,
    database: Store,
    by: By = "day",
    persona: PersonaRef = None,
    since: Since = None,
    until: Until = None,
) -> UsageList:
    """The largest group comes first, and days and hours in their order; there are at most 1,000 groups.

    Turns count in the hour in which they began, and every hour that `since` and `until` touch counts whole.
    The sums stay when turns are deleted.
    """
    caller = caller_of(request)
    async with database.read() as connection:
        persona_id = await id_of(connection, request, persona)
        span = Span(ms(since, "since"), ms(until, "until"))
        sums = await hours.usage(connection, caller.workspace_id, by, span, persona_id)
    return UsageList([view.show_usage(by, each) for each in sums])


def router(database: Database, tail: Tail, guard: Guard) -> Router:
    """Make the routes of what was said to whom; the stream is a raw application, which is given nothing."""

    @asgi("/turns/stream", opt={"scope": "chat:read"}, copy_scope=False)
    async def stream_turns(scope: Scope, receive: Receive, send: Send) -> None:
        request: AnyRequest = scope["litestar_app"].request_class(scope, receive, send)
        if request.method != "GET":
            message = "This path takes GET only; send the request with that method."
            raise Refusal(Fault.METHOD_NOT_ALLOWED, message, headers={"allow": "GET, HEAD"})
        caller = caller_of(request)
        async with database.read() as connection:
            persona_id = await id_of(connection, request, request.query_params.get("persona"))
        last = _place(request.headers.get("last-event-id"))
        async with tail.listening(caller, persona_id) as listener:
            missed = None if last is None else await tail.missed(caller.workspace_id, persona_id, last)
            events = _while_valid(listener.events(missed), guard, scope["headers"])
            await _event_source(events)(scope, receive, send)

    handlers = [
        list_turns,
        read_turn,
        sum_up_usage,
        read_latency,
        survey_drift,
        show_drift,
        compare_around,
        stream_turns,
    ]
    return Router("/", route_handlers=handlers, tags=["Turns"])


async def _while_valid(
    events: AsyncIterator[Event], guard: Guard, headers: Iterable[tuple[bytes, bytes]]
) -> AsyncIterator[bytes]:
    """Yield the frames of the events until the key that listens is refused."""
    async for event in events:
        try:
            await guard.admit(headers, "chat:read")
        except Refusal:
            return
        yield _frame(event)


def _event_source(frames: AsyncIterator[bytes]) -> Any:
    # This is imported here, since only a listener needs it.
    from sse_starlette import EventSourceResponse, ServerSentEvent

    return EventSourceResponse(
        frames,
        ping=PING_SECONDS,
        ping_message_factory=lambda: ServerSentEvent(comment="ping", sep="\n"),
        send_timeout=SEND_SECONDS,
        # The tail ends the streams; a stream that is cancelled would not end as HTTP wants it.
        shutdown_grace_period=SEND_SECONDS,
        sep="\n",
    )


def _frame(event: Event) -> bytes:
    head = b"" if event.id is None else b"id: " + event.id.encode() + b"\n"
    return b"event: " + event.name.encode() + b"\n" + head + b"data: " + event.data + b"\n\n"


def _may_read(caller: Caller, found: Stored) -> bool:
    """Tell whether the caller may see what the persona is made of."""
    persona = found.persona
    if persona is None or persona.workspace_id != caller.workspace_id or PERSONAS_READ not in caller.scopes:
        return False
    return persona.is_shown_to(caller.workspace_id, caller.owner)


def _place(last: str | None) -> Place | None:
    """Read the place that `Last-Event-ID` names. Raises Refusal."""
    if last is None:
        return None
    if re.fullmatch(rf"{SEQ}(\.{SEQ})?", last, re.ASCII):
        seq, _, amendment = last.partition(".")
        return Place(int(seq), int(amendment) if amendment else None)
    detail = Detail(["header", "Last-Event-ID"], "is no id of this stream", "value_error")
    message = "`Last-Event-ID` is no id of this stream; send the `id` of its last event."
    raise Refusal(Fault.REQUEST_INVALID, message, details=[detail])
