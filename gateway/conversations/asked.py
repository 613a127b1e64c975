"""A message on its way to the persona is written as a chat request."""

import msgspec

from gateway.auth.guard import Caller
from gateway.conversations.conversation import Conversation
from gateway.conversations.lineage import Heard, hear
from gateway.conversations.message import Place
from gateway.conversations.posted import Posted
from gateway.conversations.rounds import Rounds
from gateway.conversations.window import Window
from gateway.errors import Fault, Refusal
from gateway.openai_api.exchange import Exchange
from gateway.personas.resolved import Resolved


class Asked:
    """A message on its way to the persona."""

    def __init__(
        self, caller: Caller, persona: Resolved, posted: Posted, place: Place, rounds: Rounds
    ) -> None:
        self.caller = caller
        self.persona = persona
        self.posted = posted
        self.place = place
        self.rounds = rounds
        self.exchange: Exchange
        """The round that goes on."""
        self.window: Window


def request_of(model: str, window: Window, wanted: Posted) -> bytes:
    """Write the chat request. Raises Refusal where some of the history was kept without its text."""
    history = [msgspec.Raw(message.body) for message in window.messages if message.body is not None]
    if len(history) < sum(not message.is_removed for message in window.messages):
        raise Refusal(Fault.CONVERSATION_TEXTLESS)
    return msgspec.json.encode(
        {
            **wanted.parameters,
            "model": model,
            "messages": [*history, *wanted.messages],
            "stream": wanted.stream,
        }
    )


def heard_in(conversation: Conversation, place: Place, wanted: Posted) -> list[Heard]:
    return list(hear(wanted.messages, conversation.origin, place.hash))
