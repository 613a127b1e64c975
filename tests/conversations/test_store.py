"""Paths are read page by page, and no page is larger than a process should hold."""

from pathlib import Path

import msgspec

from gateway.auth.guard import Caller
from gateway.conversations import beginning, store
from gateway.conversations import message as messages
from gateway.conversations.conversation import Pin
from gateway.conversations.lineage import hear
from gateway.personas.model import Content, Draft, Profile
from gateway.personas.store import personas
from gateway.storage.audit import Actor
from tests.fakes.store import opened, workspaces

SIZES = [5, store.AT_ONCE, 5, store.AT_ONCE // 2, store.AT_ONCE, 5]
PAGES = [2, 3, 1]
"""Messages that are read at once, from the leaf on."""
MUSE = Draft(Profile(slug="muse", name="Muse"), Content(prompt="You are a muse."))


async def test_few_large_messages_are_read_at_once(place: Path | str) -> None:
    async with opened(place) as database:
        mine, _ = await workspaces(database)
        async with database.write() as connection:
            pushed = await personas.push(connection, MUSE, Actor(mine.id))
            caller = Caller("key_1", mine.id, "key_1", frozenset({"chat:invoke"}), operator=False)
            draft = beginning.draft(caller, pushed.persona.id, Pin(1))
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
