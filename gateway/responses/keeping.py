"""A response goes into its conversation with all its items, before its caller sees the end of it."""

from functools import partial
from typing import Any

import msgspec

from gateway.auth.guard import Caller
from gateway.conversations.committer import Committer
from gateway.conversations.conversation import Conversation
from gateway.conversations.keeping import Keeping
from gateway.conversations.lineage import Heard
from gateway.conversations.message import MOST_BYTES, Addition, Message, Place
from gateway.errors import Fault, Refusal
from gateway.openai_api.account import Account
from gateway.responses import shown, store
from gateway.responses.draft import Draft
from gateway.responses.store import background
from gateway.storage.connection import AsyncConnection
from gateway.storage.failure import UnfitError
from gateway.turns.turn import Turn

TOO_LARGE = f"`input` is larger than {MOST_BYTES >> 20} MiB, too much to be kept; send `store: false`."


class ResponseKeeping(Keeping):
    """Keeps one response."""

    def __init__(
        self,
        committer: Committer,
        conversation: Conversation,
        place: Place,
        heard: list[Heard],
        *,
        is_named: bool,
        caller: Caller,
        draft: Draft,
        account: Account,
    ) -> None:
        """`heard` are the new messages of the request, each of which stands for some of its items.

        Raises Refusal where that is too much to be kept.
        """
        if sum(len(item) for said in draft.asked.heard.spoken for item in said.items) > MOST_BYTES:
            raise Refusal(Fault.REQUEST_TOO_LARGE, TOO_LARGE, param="input")
        super().__init__(committer, conversation, place, heard)
        self._is_named = is_named
        self._caller = caller
        self._draft = draft
        self._account = account

    def _made(self, turn: Turn, message: bytes) -> Addition:
        draft, persona = self._draft, self._account.persona
        assert persona is not None  # noqa: S101 - no other answer is kept
        if draft.answer is None:
            draft.finish(persona.model_json, self._account.persona_json())
        added = super()._made(turn, message)
        given = [said.items for said in draft.asked.heard.spoken if not said.is_system]
        items = [[shown.whole(item) for item in each] for each in given]
        messages = [
            _with_items(each, own) for each, own in zip(added.messages, [*items, draft.items], strict=True)
        ]
        listed = [
            shown.whole(item) for said in draft.asked.heard.spoken if said.is_system for item in said.items
        ]
        listed += [item for each in items for item in each]
        return msgspec.structs.replace(added, messages=tuple(messages), beside=partial(self._write, listed))

    async def _write(self, given: list[bytes], connection: AsyncConnection, number: int) -> None:
        """Write the response into the transaction that writes its messages."""
        draft = self._draft
        body = (draft.answer or b"{}").decode("utf-8", "replace")
        names = [shown.id_of(item) for item in draft.items]
        more: dict[str, Any] = {"owner": self._caller.owner, "key_id": self._caller.key_id}
        row = store.drafted(
            msgspec.structs.replace(self.conversation, seq=number),
            draft.id,
            draft.status,
            body,
            given,
            is_named=self._is_named,
            **more,
        )
        await store.keep(connection, row, names)
        if draft.asked.background and not await background.complete(
            connection, row.workspace_id, row.id, row.status
        ):
            # Somebody has cancelled or deleted it meanwhile, and was told so.
            raise UnfitError


def _with_items(message: Message, items: list[bytes]) -> Message:
    written = (b"[" + b",".join(items) + b"]").decode("utf-8", "replace")
    return msgspec.structs.replace(message, items=written)
