"""One try at one upstream asks its own Responses API, or its chat where it has none."""

from collections.abc import Callable
from typing import Any

import msgspec

from gateway.auth.guard import Caller
from gateway.config import LOCAL, Chat, Route, Upstream
from gateway.errors import Detail, Fault, Refusal
from gateway.openai_api import answer_body
from gateway.openai_api.asking import Asking
from gateway.openai_api.bounds import LARGE
from gateway.openai_api.overlay import Laid
from gateway.openai_api.parameters import NULL, OF_TOOLS
from gateway.openai_api.relaying import Relaying
from gateway.openai_api.request import ChatRequest
from gateway.personas.resolved import Resolved
from gateway.responses import defaults, shown
from gateway.responses.asked import Asked
from gateway.responses.bridged import BridgedAnswer, BridgedRelay
from gateway.responses.draft import Draft
from gateway.responses.native import NativeRelay
from gateway.responses.native_answer import NativeAnswer
from gateway.responses.oddities import refuse_oddities
from gateway.responses.retold import events_of
from gateway.upstreams.client import Response
from gateway.upstreams.node import Node
from gateway.upstreams.pieces import Pieces, of_object
from gateway.upstreams.routing import Routing

PATH = "/responses"
KEPT_HERE = ("prompt", "previous_response_id", "conversation", "background")
"""Parameters that no upstream is sent: what they name is here."""
STRING = b',"content":"'

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_content = msgspec.json.Decoder(str | list[dict[str, Any]] | None)


class Trying(Asking):
    """A Responses request in the form that each upstream is asked in."""

    def __init__(
        self,
        asked: Asked,
        draft: Draft,
        history: list[bytes],
        request: ChatRequest,
        persona: Resolved | None,
        fields: dict[str, Any],
        laid: Laid | None,
        chat: Chat,
        secrets: tuple[str, ...],
        turn_id: str,
    ) -> None:
        """`history` are the items of what was said before. Raises Refusal."""
        super().__init__(request, persona, fields, laid, chat, secrets, turn_id)
        if persona is not None and persona.overlay == "locked":
            refuse_oddities(asked)
        self._asked = asked
        self._draft = draft
        self._history = history
        self.is_odd = draft.is_odd
        model = persona.model_json if persona is not None else msgspec.json.encode(request.model)
        draft.begin(turn_id, model)

    def dropped(self, node: Node) -> tuple[bytes, ...]:
        is_left_out = self.is_odd and not node.upstream.responses
        return (*super().dropped(node), *((b"items",) if is_left_out else ()))

    def path(self, node: Node) -> str:
        return PATH if node.upstream.responses else super().path(node)

    async def fetch(self, node: Node, route: Route) -> BridgedAnswer | NativeAnswer:
        self._note_end(node)
        body = await answer_body.whole(node, self._post(node, route), self._chat.max_answer)
        kind = NativeAnswer if node.upstream.responses else BridgedAnswer
        answer: BridgedAnswer | NativeAnswer = await kind.read(body, node.name, self._mask)
        answer.draft = self._draft
        self._draft.source = answer
        return answer

    def body(self, node: Node, route: Route) -> bytes | Pieces:
        if not node.upstream.responses:
            return super().body(node, route)
        fields: dict[str, Any] = {
            name: value for name, value in self._asked.fields.items() if name not in KEPT_HERE
        }
        if node.upstream.dedicated_to is not None:
            fields |= self._theirs()
        self._add_defaults(fields)
        if self.tools is not None and node.upstream.tools == "drop":
            fields = {name: value for name, value in fields.items() if name not in OF_TOOLS}
        if self._persona is not None:
            fields["model"] = route.model
            fields["instructions"] = msgspec.Raw(self._instructions())
        fields["store"] = False
        fields["input"] = msgspec.Raw(self._input())
        return Pieces(of_object(fields)) if len(self._request.body) > LARGE else msgspec.json.encode(fields)

    def _theirs(self) -> dict[str, msgspec.Raw]:
        """Return what names an upstream's own state, where that is not known here."""
        asked, found = self._asked, {}
        for name, value in (("previous_response_id", asked.previous), ("conversation", asked.conversation)):
            if value is not None and self._draft.is_foreign:
                found[name] = asked.fields[name]
        return found

    def _add_defaults(self, fields: dict[str, Any]) -> None:
        """Add the version's defaults, which are written as a chat has them."""
        given = self._request.fields
        for name, value in self._fields.items():
            if name not in given and isinstance(value, msgspec.Raw):
                defaults.told(name, value, fields)

    def _instructions(self) -> bytes:
        """Return the prompt with what is laid over it, as JSON; it goes first, so that caches find it."""
        laid, asked = self._laid, self._asked
        if laid is None or laid.head is None:
            texts = [asked.instructions] if asked.instructions != NULL else []
            texts += [said.message["content"] for said in asked.heard.spoken[: asked.leading]]
            return b'"' + b"\\n\\n".join([bytes(text)[1:-1] for text in texts]) + b'"'
        head = bytes(laid.head)
        if head.startswith(STRING) and head.endswith(b'"}') and head.count(b'","') == 0:
            return head[len(STRING) - 1 : -1]
        content = _content.decode(_object.decode(b"{" + head[1:])["content"])
        if isinstance(content, list):
            content = "".join(str(part.get("text") or "") for part in content)
        return msgspec.json.encode(content or "")

    def _input(self) -> bytes:
        """Return the items: those from before, and the caller's without what is laid over the prompt."""
        asked = self._asked
        if asked.is_text and not self._history:
            return bytes(asked.fields["input"])
        leading = 0 if self._persona is None else asked.leading
        items = [*self._history]
        for said in asked.heard.spoken[leading:]:
            for item in said.items:
                items += shown.for_upstream([item]) if item in asked.referred else [item]
        return b"[" + b",".join(items) + b"]"

    def _relay(self, node: Node) -> Relaying:
        self._note_end(node)
        if not node.upstream.responses:
            return BridgedRelay(self._chat_relay(node), self._draft, self._event_bytes, is_kept=self.is_kept)
        return NativeRelay(
            upstream=node.name,
            draft=self._draft,
            has_persona=self._persona is not None,
            limit=self._event_bytes,
            mask=self._mask,
            is_kept=self.is_kept,
        )

    def _note_end(self, node: Node) -> None:
        """Note whether only the bundled model's own bound may end the answer.

        It then is told as whole, since clients such as openai-agents raise an error otherwise.
        """
        self._draft.is_endless = node.name == LOCAL and self.most[0] is None

    def _asks_usage(self, node: Node) -> bool:
        return not node.upstream.responses and super()._asks_usage(node)

    async def _retold(self, body: bytes, response: Response, node: Node) -> Response:
        if not node.upstream.responses:
            return await super()._retold(body, response, node)
        answer = await NativeAnswer.read(body, node.name, self._mask)
        return events_of(answer, response)


def fitting(
    asked: Asked, routes: tuple[Route, ...], routing: Routing, caller: Caller, *, is_foreign: bool
) -> tuple[Route, ...]:
    """List the routes whose upstream can be asked this. Raises Refusal that names what stands in the way.

    `is_foreign` tells that the state which the request goes on from is not known here.
    """
    found = [
        (route, routing.nodes[route.upstream].upstream) for route in routes if route.upstream in routing.nodes
    ]
    if not found:
        return routes
    foreign = [*asked.foreign]
    if is_foreign:
        foreign.append("previous_response_id" if asked.previous is not None else "conversation")
    if foreign:
        found = _kept(
            found, lambda upstream: bool(upstream.responses) and upstream.dedicated_to == caller.workspace_id
        )
        if not found:
            raise _unknown(foreign[0])
    kinds = asked.chat.hosted
    if kinds:
        hosts = _kept(
            found, lambda upstream: bool(upstream.responses) and kinds.keys() <= set(upstream.hosted_tools)
        )
        if not hosts:
            raise _unhosted(kinds, found)
        found = hosts
    if asked.obstacles:
        able = _kept(found, lambda upstream: bool(upstream.responses))
        if not able:
            param, problem = asked.obstacles[0]
            upstream = found[0][0].upstream
            raise _unacceptable(param, f"{problem}, which the upstream `{upstream}` cannot be asked")
        found = able
    return tuple(route for route, _ in found)


Found = list[tuple[Route, Upstream]]


def _kept(found: Found, suits: Callable[[Upstream], bool]) -> Found:
    return [each for each in found if suits(each[1])]


def _unacceptable(param: str, problem: str) -> Refusal:
    detail = Detail([param], problem, "value_error")
    return Refusal(Fault.REQUEST_INVALID, f"`{param}` {problem}.", param=param, details=[detail])


def _unknown(param: str) -> Refusal:
    return _unacceptable(param, "names nothing that this workspace was given here; send what it stands for")


def _unhosted(kinds: dict[str, str], found: Found) -> Refusal:
    allowed: set[str] = set()
    for _, upstream in found:
        if upstream.responses:
            allowed |= set(upstream.hosted_tools)
    kind = next((kind for kind in kinds if kind not in allowed), next(iter(kinds)))
    return _unacceptable(
        kinds[kind], f"is `{kind}`, which no upstream runs here; its operator adds it to `hosted_tools`"
    )
