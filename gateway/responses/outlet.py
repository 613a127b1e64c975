"""A stream of a response ends, where it fails, with the events that say so."""

from gateway.errors import Refusal
from gateway.openai_api import edge
from gateway.openai_api.account import Account
from gateway.openai_api.outlet import HTTPOutlet
from gateway.openai_api.watch import Watch
from gateway.responses.draft import Draft


class ResponseOutlet(HTTPOutlet):
    """Sends one response to its caller."""

    def __init__(
        self, send: edge.Send, watch: Watch, account: Account, incoming: edge.Incoming, draft: Draft
    ) -> None:
        super().__init__(send, watch, account, incoming)
        self._draft = draft

    def last_words(self, refusal: Refusal) -> bytes:
        return self._draft.failed(refusal)
