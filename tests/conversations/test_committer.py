"""What turns have said is written, or its caller is told why not."""

from pathlib import Path

import pytest
from msgspec import Raw
from sqlalchemy import func, select

from gateway.auth.guard import Caller
from gateway.conversations import beginning
from gateway.conversations import message as messages
from gateway.conversations.committer import Committer
from gateway.conversations.conversation import Pin
from gateway.conversations.lineage import hear
from gateway.conversations.message import Addition
from gateway.errors import Fault, Refusal
from gateway.storage import tables
from tests.fakes.store import opened, workspaces


async def test_no_conversation_begins_with_a_persona_that_was_purged_meanwhile(place: Path | str) -> None:
    async with opened(place) as database:
        mine, _ = await workspaces(database)
        caller = Caller("key_1", mine.id, "key_1", frozenset({"chat:invoke"}), operator=False)
        draft = beginning.draft(caller, "psn_purged", Pin(1))
        root = messages.root(draft)
        said = messages.below(root, hear([Raw(b'{"role":"user","content":"A secret"}')], root.hash), 1)
        with pytest.raises(Refusal) as refused:
            await Committer(database).commit(Addition(draft, tuple(said)))
        assert refused.value.fault is Fault.PERSONA_UNKNOWN
        async with database.read() as connection:
            for table in (tables.conversations, tables.messages):
                count = select(func.count()).select_from(table)
                assert (await connection.execute(count)).scalar() == 0
