"""Commands work on the conversations of a gateway somewhere else."""

from collections.abc import AsyncGenerator
from urllib.parse import quote

from gateway.cli.api import RemoteRoom
from gateway.cli.rooms import Found
from gateway.conversations.view import ConversationView, MessageView

PLACE = "/v1/chat/conversations"


class RemoteConversations(RemoteRoom):
    """Has the `Conversations` that the key may read."""

    async def listed(self, persona: str | None, limit: int) -> list[ConversationView]:
        query = {"persona": persona} if persona else {}
        return await self._api.pages(PLACE, ConversationView, query, limit)

    async def path(self, conversation_id: str, leaf: str | None, limit: int) -> list[MessageView]:
        query = {"leaf": leaf} if leaf else {}
        found = await self._api.pages(f"{_place(conversation_id)}/messages", MessageView, query, limit)
        return found[::-1]

    async def exported(self, conversation_id: str) -> AsyncGenerator[bytes, None]:
        yield (await self._api.call("GET", f"{_place(conversation_id)}/export")).body

    async def take_in(self, found: Found, title: str, data: bytes) -> ConversationView:
        query = {"persona": f"{found.persona.id}@v{found.version.version}", "title": title}
        answer = await self._api.call("POST", f"{PLACE}/import", query=query, lines=data)
        return answer.read(ConversationView)

    async def delete(self, conversation_id: str) -> None:
        await self._api.call("DELETE", _place(conversation_id))


def _place(conversation_id: str) -> str:
    return f"{PLACE}/{quote(conversation_id, safe='')}"
