"""A message that is posted to a conversation becomes a chat request, which is answered as any other."""

import asyncio
import time
from functools import partial
from typing import NamedTuple

import msgspec
from msgspec import UNSET

from gateway.auth.guard import Caller
from gateway.conversations import beginning, posted, store
from gateway.conversations.committer import Committer
from gateway.conversations.conversation import ID, MESSAGE_ID, Conversation, Pin
from gateway.conversations.keeping import Keeping
from gateway.conversations.lineage import MARKS, Heard, hear
from gateway.conversations.message import Place, root
from gateway.conversations.posted import Posted
from gateway.conversations.reaching import find, unknown
from gateway.conversations.reply import Events, ReplyPersona, ReplyView, Tokens, Truncated, Whole
from gateway.conversations.window import Window, Windows
from gateway.errors import Fault, Refusal
from gateway.limits.limiter import Limiter
from gateway.openai_api import edge
from gateway.openai_api.answering import Answering
from gateway.openai_api.exchange import Exchange
from gateway.openai_api.exchanges import Exchanges
from gateway.openai_api.messages import wrong
from gateway.openai_api.watch import Watch
from gateway.personas import name as names
from gateway.personas.name import PREFIX
from gateway.personas.resolved import Resolved
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database

ASKED = frozenset({"user", "tool"})
"""Roles of messages that can be answered again."""


class Asked(NamedTuple):
    """A message on its way to the persona."""

    exchange: Exchange
    keeping: Keeping
    window: Window
    posted: Posted


class Talking(Answering):
    """Answers what is posted to the conversations of one worker."""

    def __init__(
        self,
        database: Database,
        exchanges: Exchanges,
        committer: Committer,
        windows: Windows,
        limiter: Limiter,
    ) -> None:
        super().__init__(limiter)
        self._database = database
        self._exchanges = exchanges
        self._committer = committer
        self._windows = windows
        self._streams: set[asyncio.Task[None]] = set()

    async def prepare(self, caller: Caller, conversation_id: str, body: bytes, request_id: str) -> Asked:
        """Read what was posted, and make the request that the persona is asked with. Raises Refusal."""
        started, aside = time.perf_counter(), self._exchanges.aside
        wanted = await aside.run(len(body), partial(posted.read, body))
        if not self._committer.keeps_texts:
            raise Refusal(Fault.CONVERSATION_TEXTLESS)
        conversation, persona = await self._conversation(caller, conversation_id, wanted)
        async with self._database.read() as connection:
            place = await _parent(connection, conversation, wanted)
            window = await self._windows.read(connection, conversation, place.id, persona, wanted)
        size = len(body) + sum(len(message.body or "") for message in window.messages)
        model = f"{PREFIX}{conversation.persona_id}{conversation.pin.suffix}"
        request = await aside.run(size, partial(_request, model, window, wanted))
        exchange = await self._exchanges.prepare(caller, request, request_id, started)
        heard = await aside.run(size, partial(_heard, conversation, place, wanted))
        keeping = Keeping(self._committer, conversation, place, heard)
        exchange.keep_by(keeping)
        exchange.account.turn.conversation_id = conversation.id
        await self.hold(exchange)
        return Asked(exchange, keeping, window, wanted)

    async def whole(self, asked: Asked, connection: edge.Connection) -> ReplyView:
        """Return the whole answer, once it is kept. Raises Refusal."""
        outlet = Whole()
        await self.run(asked.exchange, connection, lambda _: outlet)
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
            events.watch = watch
            return events

        completed: bytes | None = None
        try:
            await self.run(asked.exchange, connection, opened)
            if asked.exchange.account.turn.status == "completed":
                completed = msgspec.json.encode(self._told(asked))
        finally:
            events.end(completed)

    def _told(self, asked: Asked) -> ReplyView:
        """Tell the answer as it was kept. Raises Refusal where nothing was, since its caller has left."""
        turn, persona = asked.exchange.account.turn, asked.exchange.account.persona
        if asked.keeping.message is None or persona is None:
            raise edge.draining()
        self._windows.learn(turn, asked.window)
        message = msgspec.json.decode(asked.keeping.message, type=_Answer)
        window, wanted = asked.window, asked.posted
        return ReplyView(
            message_id=turn.id,
            conversation=asked.keeping.conversation.id,
            parent=asked.keeping.parent,
            role="assistant",
            content=message.content,
            tool_calls=message.tool_calls or UNSET,
            finish_reason=turn.finish_reason,
            persona=ReplyPersona(persona.persona_id, persona.slug, persona.version),
            drift=turn.drift,
            coherence=turn.coherence,
            tools_used=[],
            tools_unavailable=wanted.tools_unavailable or UNSET,
            truncated=Truncated(window.cut) if window.cut else UNSET,
            tokens=Tokens(turn.usage.prompt_tokens, turn.usage.completion_tokens),
            usage_source=turn.usage_source,
            cost_usd=turn.cost_usd,
        )

    async def _conversation(
        self, caller: Caller, conversation_id: str, wanted: Posted
    ) -> tuple[Conversation, Resolved]:
        """Find the conversation, or begin it where it is new, with the version that is to answer.

        Raises Refusal. A persona that is named is looked for first, so that nobody learns by it which ids
        there are.
        """
        registry, named = self._exchanges.registry, None
        if wanted.persona is not None or wanted.persona_id is not None:
            named = beginning.ref_of(wanted.persona, wanted.persona_id)
            persona = await registry.resolve(caller, PREFIX + named)
        async with self._database.read() as connection:
            found = await find(connection, caller, conversation_id)
            if found is None:
                await self._require_free(connection, caller, conversation_id, is_named=named is not None)
        if found is not None:
            if named is not None:
                _require_same(found, persona, named)
            version = await registry.resolve(caller, f"{PREFIX}{found.persona_id}{found.pin.suffix}")
            return found, version
        pinned = Pin(persona.version)
        if wanted.follow is not None:
            pinned = await beginning.pin(registry, caller, persona.persona_id, None, wanted.follow) or pinned
            persona = await registry.resolve(caller, f"{PREFIX}{persona.persona_id}{pinned.suffix}")
        marks = tuple(
            name.encode() + bytes(wanted.parameters[name]) for name in MARKS if name in wanted.parameters
        )
        begun = beginning.draft(caller, persona.persona_id, pinned, conversation_id, marks=marks)
        return begun, persona

    async def _require_free(
        self, connection: AsyncConnection, caller: Caller, conversation_id: str, *, is_named: bool
    ) -> None:
        """Raises Refusal unless a conversation can begin under this id."""
        is_taken = await store.is_taken(connection, caller.workspace_id, conversation_id)
        if is_taken or not is_named or not ID.fullmatch(conversation_id):
            raise unknown(caller)


class _Answer(msgspec.Struct):
    content: str | list[object] | None = None
    tool_calls: list[object] | None = None


def _require_same(found: Conversation, persona: Resolved, named: str) -> None:
    """Raises Refusal where a message names another persona or version than its conversation's."""
    version = names.parse_ref(named).version
    if persona.persona_id != found.persona_id or (version is not None and version != found.version):
        raise Refusal(Fault.CONVERSATION_PERSONA, param="persona")


async def _parent(connection: AsyncConnection, conversation: Conversation, wanted: Posted) -> Place:
    """Find the place from which the conversation goes on. Raises Refusal."""
    parent = conversation.leaf if wanted.parent is UNSET else wanted.parent
    if parent is None or not isinstance(parent, str):
        return root(conversation)
    found = await store.message(connection, conversation, parent) if MESSAGE_ID.fullmatch(parent) else None
    if found is None:
        raise Refusal(Fault.MESSAGE_UNKNOWN, param="parent")
    if not wanted.messages and found.role not in ASKED:
        raise wrong("parent", "is an answer; name the message that is to be answered again")
    return found.place


def _request(model: str, window: Window, wanted: Posted) -> bytes:
    """Write the chat request. Raises Refusal where some of the history was kept without its text."""
    history = [msgspec.Raw(message.body) for message in window.messages if message.body is not None]
    if len(history) < len(window.messages):
        raise Refusal(Fault.CONVERSATION_TEXTLESS)
    return msgspec.json.encode(
        {
            **wanted.parameters,
            "model": model,
            "messages": [*history, *wanted.messages],
            "stream": wanted.stream,
        }
    )


def _heard(conversation: Conversation, place: Place, wanted: Posted) -> list[Heard]:
    return list(hear(wanted.messages, conversation.origin, place.hash))
