"""Paths are read page by page, and no page is larger than a process should hold."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete

from gateway.auth import store as auth
from gateway.auth.guard import Caller
from gateway.conversations import beginning, posted, store
from gateway.conversations import message as messages
from gateway.conversations.conversation import Conversation, Pin
from gateway.conversations.lineage import hear, hear_one
from gateway.conversations.message import Addition
from gateway.conversations.store.messages import AT_ONCE
from gateway.conversations.window import MOST_STAYING, Windows
from gateway.errors import Refusal
from gateway.personas.model import Content, Draft, Profile
from gateway.personas.store import personas
from gateway.storage import tables
from gateway.storage.audit import Actor
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.turns.amendment import LateScore
from gateway.turns.store import amendments, turns
from gateway.turns.turn import Drift, unscored
from tests.fakes.store import opened
from tests.fakes.turn import new_turn

SIZES = [5, AT_ONCE, 5, AT_ONCE // 2, AT_ONCE, 5]
PAGES = [2, 3, 1]
"""Messages that are read at once, from the leaf on."""
MUSE = Draft(Profile(slug="muse", name="Muse"), Content(prompt="You are a muse."))


async def drafted(database: Database, connection: AsyncConnection) -> Conversation:
    """Draft a conversation with a muse."""
    mine = await auth.create_workspace(connection, "mine", "live")
    pushed = await personas.push(connection, MUSE, Actor(mine.id))
    caller = Caller("key_1", mine.id, "key_1", frozenset({"chat:invoke"}), operator=False)
    return beginning.draft(caller, pushed.persona.id, Pin(1))


async def test_few_large_messages_are_read_at_once(place: Path | str) -> None:
    async with opened(place) as database:
        async with database.write() as connection:
            draft = await drafted(database, connection)
            root = messages.root(draft)
            raws = [msgspec.Raw(b'{"role":"user","content":"%s"}' % (b"a" * size)) for size in SIZES]
            said = messages.below(root, hear(raws, root.hash), 1)
            made = await store.take_in(connection, draft, said)
        found, leaf = [], made.leaf
        async with database.read() as connection:
            while leaf is not None:
                found.append(await store.back(connection, made, leaf, 64))
                leaf = found[-1][-1].parent
        assert [len(page) for page in found] == PAGES
        assert [message.id for page in found for message in page] == [each.id for each in reversed(said)]


async def test_a_late_score_stays_with_its_message_when_the_row_of_its_turn_is_gone(
    place: Path | str,
) -> None:
    async with opened(place) as database:
        async with database.write() as connection:
            draft = await drafted(database, connection)
            turn = new_turn(
                workspace_id=draft.workspace_id,
                conversation_id=draft.id,
                persona_id=draft.persona_id,
                version=1,
                drift=unscored("later"),
            )
            raw = msgspec.Raw(b'{"role":"assistant","content":"Alas."}')
            heard = hear_one("assistant", raw, b'"Alas."', draft.origin, draft.origin, None)
            answered = messages.answer(messages.root(draft), turn, heard)
            assert await store.add(connection, [Addition(draft, (answered,))]) == [None]
            await turns.insert(connection, [turn])
        late = Drift(voice=0.9, verdict="out-of-character")
        async with database.write() as connection:
            await amendments.amend(connection, [("msg_1", LateScore(late, 2.5, None))])
            await connection.execute(delete(tables.turns))
        async with database.read() as connection:
            found = await store.find(connection, draft.workspace_id, None, draft.id)
            assert found is not None
            ((_, score),) = await store.answers(connection, found, "msg_1", 5)
        assert (score.drift.voice, score.drift.verdict, score.coherence) == (0.9, "out-of-character", 2.5)


async def test_a_turn_with_too_many_results_of_tools_is_not_gone_on_with(place: Path | str) -> None:
    async with opened(place) as database:
        async with database.write() as connection:
            draft = await drafted(database, connection)
            result = msgspec.Raw(b'{"role":"tool","tool_call_id":"a","content":"%s"}' % (b"a" * (1 << 20)))
            raws = [msgspec.Raw(b'{"role":"user","content":"Go"}'), *[result] * ((MOST_STAYING >> 20) + 1)]
            said = messages.below(messages.root(draft), hear(raws, draft.origin), 1)
            made = await store.take_in(connection, draft, said)
        # Nothing else is asked of it.
        asked = posted.read(b'{"message": "On"}')
        persona: Any = SimpleNamespace(prompt=SimpleNamespace(json=b'""'), routes=(), defaults={})
        async with database.read() as connection:
            with pytest.raises(Refusal, match="last 2 turns"):
                await Windows({}).read(connection, made, made.leaf, persona, asked)
