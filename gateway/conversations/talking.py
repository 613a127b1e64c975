"""A message that is posted to a conversation becomes a chat request, which is answered as any other."""

import asyncio
import time
from collections.abc import Callable
from functools import partial

import msgspec
from msgspec import UNSET

from gateway.auth.guard import Caller
from gateway.conversations import posted
from gateway.conversations.asked import Asked, heard_in, request_of
from gateway.conversations.committer import Committer
from gateway.conversations.finding import find_or_begin, parent_of
from gateway.conversations.keeping import Keeping
from gateway.conversations.offer import offer
from gateway.conversations.reply import Events, ReplyPersona, ReplyView, Truncated, Whole
from gateway.conversations.rounds import Rounds
from gateway.conversations.window import Windows
from gateway.errors import Fault, Refusal
from gateway.limits.limiter import Limiter
from gateway.openai_api import edge
from gateway.openai_api.answering import Answering
from gateway.openai_api.exchanges import Exchanges
from gateway.openai_api.life import Outlet
from gateway.openai_api.watch import Interrupted, Watch
from gateway.personas.name import PREFIX
from gateway.storage.database import Database
from gateway.tools.toolbox import Toolbox

LATE_SECONDS = 10.0
"""Seconds beyond the time of tools after which calls are cut in any case."""


class Talking(Answering):
    """Answers what is posted to the conversations of one worker."""

    surface = "conversations"

    def __init__(
        self,
        database: Database,
        exchanges: Exchanges,
        committer: Committer,
        windows: Windows,
        limiter: Limiter,
        toolbox: Toolbox,
    ) -> None:
        super().__init__(limiter)
        self._database = database
        self._exchanges = exchanges
        self._committer = committer
        self._windows = windows
        self._toolbox = toolbox
        self._streams: set[asyncio.Task[None]] = set()

    async def prepare(self, caller: Caller, conversation_id: str, body: bytes, request_id: str) -> Asked:
        """Read what was posted, and make the request that the persona is asked with. Raises Refusal."""
        started, aside = time.perf_counter(), self._exchanges.aside
        wanted = await aside.run(len(body), partial(posted.read, body))
        if not self._committer.keeps_texts:
            raise Refusal(Fault.CONVERSATION_TEXTLESS)
        conversation, persona = await find_or_begin(
            self._database, self._exchanges.registry, caller, conversation_id, wanted
        )
        offered = await offer(self._toolbox, caller.workspace_id, persona, wanted)
        async with self._database.read() as connection:
            place = await parent_of(connection, conversation, wanted)
        heard = await aside.run(len(body), partial(heard_in, conversation, place, wanted))
        keeping = Keeping(self._committer, conversation, place, heard)
        rounds = Rounds(keeping, offered, self._exchanges.shared.chat)
        asked = Asked(caller, persona, wanted, place, rounds)
        model = f"{PREFIX}{conversation.persona_id}{conversation.pin.suffix}"
        await self._ask(asked, model, request_id, started)
        await self.hold(asked.exchange)
        return asked

    async def whole(self, asked: Asked, connection: edge.Connection) -> ReplyView:
        """Return the whole answer, once it is kept. Raises Refusal."""
        outlet = Whole()
        await self._converse(asked, connection, outlet, lambda _: outlet)
        if outlet.refusal is not None:
            raise outlet.refusal
        return self._told(asked)

    def stream(self, asked: Asked, connection: edge.Connection) -> Events:
        """Begin to answer, and return the events of the answer as they come."""
        turn, limit = asked.exchange.account.turn, self._exchanges.shared.chat.max_answer
        events = Events(turn.id, limit)
        task = asyncio.create_task(self._pour(asked, connection, events))
        self._streams.add(task)
        task.add_done_callback(self._streams.discard)
        return events

    async def _pour(self, asked: Asked, connection: edge.Connection, events: Events) -> None:
        def opened(watch: Watch) -> Events:
            events.watch, events.message_id = watch, asked.exchange.account.turn.id
            return events

        completed: bytes | None = None
        try:
            await self._converse(asked, connection, events, opened)
            if asked.rounds.keeping.message is not None:
                completed = msgspec.json.encode(self._told(asked))
        finally:
            events.end(completed)

    async def _converse(
        self,
        asked: Asked,
        connection: edge.Connection,
        outlet: Whole | Events,
        opened: Callable[[Watch], Outlet],
    ) -> None:
        """Ask, call the tools that the answer calls, and ask again, until an answer calls none."""
        # It is one stream from its first round to its last.
        lease, asked.exchange.lease = asked.exchange.lease, None
        try:
            await self._rounds(asked, connection, outlet, opened)
        finally:
            if lease is not None:
                await self._limiter.release(lease)

    async def _rounds(
        self,
        asked: Asked,
        connection: edge.Connection,
        outlet: Whole | Events,
        opened: Callable[[Watch], Outlet],
    ) -> None:
        rounds = asked.rounds
        while True:
            await self.run(asked.exchange, connection, opened)
            turn = asked.exchange.account.turn
            if rounds.calling is None or turn.status != "completed":
                return
            # A stream begins by now at the latest, so that its listener waits with keep-alives.
            outlet.ping()
            try:
                rest = await self._call(asked, connection, outlet)
                if rest is not None:
                    await rounds.keeping.keep(turn, rest)
                    return
                persona = asked.persona
                model = f"{PREFIX}{persona.persona_id}@v{persona.version}"
                await self._ask(asked, model, turn.request_id, time.perf_counter())
            except Interrupted as error:
                if error.why == "shutdown":
                    await outlet.refuse(edge.draining())
                return
            except Refusal as refusal:
                await outlet.refuse(refusal)
                return

    async def _call(self, asked: Asked, connection: edge.Connection, outlet: Whole | Events) -> bytes | None:
        """Call the tools, unless the caller leaves meanwhile. Raises Interrupted."""
        watch = Watch(connection, total=asked.rounds.seconds + LATE_SECONDS)
        self._open.add(watch)
        try:
            with watch:
                turn = asked.exchange.account.turn
                return await asked.rounds.call(self._toolbox, turn, outlet.tell)
        finally:
            self._open.discard(watch)

    async def _ask(self, asked: Asked, model: str, request_id: str, started: float) -> None:
        """Prepare the next round. Raises Refusal."""
        rounds, aside = asked.rounds, self._exchanges.aside
        conversation, parameters = (
            rounds.keeping.conversation,
            rounds.offer.parameters(asked.posted, is_first=rounds.is_first, is_last=rounds.is_last),
        )
        messages = [*asked.posted.messages, *rounds.said]
        wanted = asked.posted._replace(messages=messages, parameters=parameters)
        async with self._database.read() as connection:
            window = await self._windows.read(connection, conversation, asked.place.id, asked.persona, wanted)
        size = sum(len(memoryview(each)) for each in messages)
        size += sum(len(message.body or "") for message in window.messages)
        request = await aside.run(size, partial(request_of, model, window, wanted))
        asked.exchange = await self._exchanges.prepare(asked.caller, request, request_id, started)
        asked.exchange.keep_by(rounds)
        asked.exchange.account.turn.conversation_id = conversation.id
        asked.window = window

    def _told(self, asked: Asked) -> ReplyView:
        """Tell the answer as it was kept. Raises Refusal where nothing was, since its caller has left."""
        turn, persona = asked.exchange.account.turn, asked.exchange.account.persona
        rounds = asked.rounds
        keeping, window = rounds.keeping, asked.window
        if keeping.message is None or persona is None:
            raise edge.draining()
        self._windows.learn(turn, window)
        message = msgspec.json.decode(keeping.message, type=_Answer)
        cost = rounds.spent(turn)
        return ReplyView(
            message_id=turn.id,
            conversation=keeping.conversation.id,
            parent=keeping.parent,
            role="assistant",
            content=message.content,
            tool_calls=message.tool_calls or UNSET,
            finish_reason=turn.finish_reason,
            persona=ReplyPersona(persona.persona_id, persona.slug, persona.version),
            drift=turn.drift,
            coherence=turn.coherence,
            tools_used=rounds.uses,
            tools_unavailable=rounds.offer.unavailable or UNSET,
            truncated=Truncated(window.cut) if window.cut else UNSET,
            tokens=cost.tokens,
            usage_source=cost.source,
            cost_usd=cost.usd,
        )


class _Answer(msgspec.Struct):
    content: str | list[object] | None = None
    tool_calls: list[object] | None = None
