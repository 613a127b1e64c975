"""Commands work on the conversations in the store of this machine."""

from collections.abc import AsyncGenerator

from gateway.auth.guard import Caller
from gateway.auth.scopes import SCOPES
from gateway.cli.failures import Failure
from gateway.cli.opening import LocalRoom
from gateway.cli.rooms import Found
from gateway.conversations import beginning, lines, store, view
from gateway.conversations.conversation import Conversation, Pin
from gateway.conversations.message import Message, said_words
from gateway.conversations.moving import written
from gateway.conversations.view import ConversationView, MessageView
from gateway.errors import Refusal
from gateway.storage.audit import Actor
from gateway.storage.connection import AsyncConnection


class LocalConversations(LocalRoom):
    """The `Conversations` of a workspace; whoever sits at the terminal may see all of them."""

    async def listed(self, persona: str | None, limit: int) -> list[ConversationView]:
        wanted = store.Filter(persona_id=persona, limit=limit)
        async with self._database.read() as connection:
            found = await store.conversations(connection, self._workspace.id, None, wanted)
        return [view.show(each) for each in found]

    async def path(self, conversation_id: str, leaf: str | None, limit: int) -> list[MessageView]:
        async with self._database.read() as connection:
            found = await self._found(connection, conversation_id)
            above = end = leaf or found.leaf
            said: list[Message] = []
            while above is not None and len(said) < limit:
                some = await store.told(connection, found, above, limit=limit - len(said))
                if not some.messages:
                    raise Failure(f"the conversation has no message `{end}`")
                said += some.messages
                above = said[-1].parent
        return [view.show_message(each) for each in reversed(said)]

    async def exported(self, conversation_id: str) -> AsyncGenerator[bytes, None]:
        async with self._database.read() as connection:
            found = await self._found(connection, conversation_id)
        async for piece in written(self._database, found):
            yield piece

    async def take_in(self, found: Found, title: str, data: bytes) -> ConversationView:
        if self._config.recording.texts == "none":
            raise Failure('no texts are kept here, by [recording] texts = "none"')
        caller = Caller("key_terminal", self._workspace.id, "", frozenset(SCOPES), operator=False)
        draft = beginning.draft(caller, found.persona.id, Pin(found.version.version), title=title)
        try:
            messages = lines.read(data, draft)
        except Refusal as refusal:
            raise Failure(refusal.message) from None
        async with self._database.write() as connection:
            return view.show(await store.take_in(connection, draft, messages, said_words(messages)))

    async def delete(self, conversation_id: str) -> None:
        async with self._database.write() as connection:
            found = await self._found(connection, conversation_id)
            await store.erase(connection, found, Actor(self._workspace.id))
        await self._database.scrub()

    async def _found(self, connection: AsyncConnection, conversation_id: str) -> Conversation:
        found = await store.find(connection, self._workspace.id, None, conversation_id)
        if found is None:
            where = f"in the workspace `{self._workspace.name}`"
            raise Failure(f"there is no conversation `{conversation_id}` {where}")
        return found
