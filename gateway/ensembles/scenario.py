"""A scene is played: the personas speak in turn, each with its own prompt and its own drift."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated, Any, Literal

import msgspec

from gateway.auth.guard import Caller
from gateway.conversations.reply import ReplyPersona, Tokens, Whole
from gateway.errors import Detail, Fault, Refusal
from gateway.limits import telling
from gateway.limits.limiter import Limiter
from gateway.openai_api import edge
from gateway.openai_api.answering import Answering
from gateway.openai_api.exchanges import Exchanges
from gateway.personas.name import PREFIX
from gateway.personas.resolved import Resolved
from gateway.turns.turn import Drift, Turn

LEAST, MOST = 2, 8
"""Personas of a scene."""
LINES = 32
HEARD_CHARACTERS = 4000
"""Characters of a line that the others hear."""

Ref = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Ended = Literal["turns", "budget", "unpriced", "left", "failed"]


class ScenarioBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scene for several personas, who speak in the order in which they are named."""

    personas: Annotated[list[Ref], msgspec.Meta(min_length=LEAST, max_length=MOST)]
    scene: Annotated[str, msgspec.Meta(min_length=1, max_length=8000)]
    turns: Annotated[int, msgspec.Meta(ge=1, le=LINES)] = 6
    budget_usd: Annotated[float, msgspec.Meta(gt=0)] | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None
    stream: bool = False


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """Shows one persona's line in a scene."""

    line: int
    message_id: str
    persona: ReplyPersona
    content: str
    drift: Drift
    coherence: float | None
    tokens: Tokens
    usage_source: str | None
    cost_usd: float | None


class SceneView(msgspec.Struct, frozen=True, kw_only=True):
    """Shows a scene as it was played."""

    lines: list[LineView]
    ended: Ended
    cost_usd: float | None
    error: str | None = None


class _Said:
    """Takes the answer of a turn."""

    text = ""
    is_wanted = True

    async def keep(self, _turn: Turn, message: bytes) -> None:
        content = msgspec.json.decode(message, type=_Message).content
        self.text = content if isinstance(content, str) else ""


class _Message(msgspec.Struct):
    content: Any = None


class Stage(Answering):
    """Plays the scenes of one worker."""

    surface = "ensembles"

    def __init__(self, exchanges: Exchanges, limiter: Limiter) -> None:
        super().__init__(limiter)
        self._exchanges = exchanges

    async def cast(self, caller: Caller, body: ScenarioBody) -> list[Resolved]:
        """Find the personas. Raises Refusal."""
        found: list[Resolved] = []
        for at, ref in enumerate(body.personas):
            persona = await self._exchanges.registry.resolve(caller, PREFIX + ref.removeprefix(PREFIX))
            if any(persona.persona_id == other.persona_id for other in found):
                detail = Detail(["personas", at], "is in the scene already", "value_error")
                raise Refusal(
                    Fault.SCENARIO_INVALID, f"`personas[{at}]`: is in the scene already.", details=[detail]
                )
            found.append(persona)
        return found

    async def play(
        self,
        caller: Caller,
        body: ScenarioBody,
        cast: Sequence[Resolved],
        request_id: str,
        connection: edge.Connection,
    ) -> AsyncIterator[LineView | SceneView]:
        """Yield each line, and the whole scene at last. Raises Refusal where not even one line comes."""
        lines: list[LineView] = []
        ended: Ended = "turns"
        error: str | None = None
        while len(lines) < body.turns:
            try:
                if lines:
                    await self._count(caller)
                line = await self._line(caller, body, cast, lines, request_id, connection)
            except Refusal as refusal:
                if not lines:
                    raise
                ended, error = "failed", refusal.fault.code
                break
            if line is None:
                ended = "left"
                break
            lines.append(line)
            yield line
            if body.budget_usd is not None and len(lines) < body.turns:
                cost = _cost(lines)
                if cost is None or cost >= body.budget_usd:
                    ended = "unpriced" if cost is None else "budget"
                    break
        yield SceneView(lines=lines, ended=ended, cost_usd=_cost(lines), error=error)

    async def hold_stream(self, caller: Caller) -> Callable[[], Awaitable[None]]:
        """Hold one of the streams that may go on at the same time, and return what lets go of it.

        Raises Refusal.
        """
        return partial(self._limiter.release, await self._limiter.hold(caller.bounds, "streams"))

    async def _count(self, caller: Caller) -> None:
        """Count a line as a request of its own, as the first was counted at the door. Raises Refusal."""
        _, refused = await self._limiter.enter(caller.bounds, "chat", spends=True, is_openai=False)
        if refused is not None:
            raise telling.too_many(refused)

    async def whole(
        self,
        caller: Caller,
        body: ScenarioBody,
        cast: Sequence[Resolved],
        request_id: str,
        connection: edge.Connection,
    ) -> SceneView:
        """Play the scene to its end. Raises Refusal."""
        async for found in self.play(caller, body, cast, request_id, connection):
            if isinstance(found, SceneView):
                return found
        raise edge.draining()

    async def _line(
        self,
        caller: Caller,
        body: ScenarioBody,
        cast: Sequence[Resolved],
        lines: Sequence[LineView],
        request_id: str,
        connection: edge.Connection,
    ) -> LineView | None:
        """Have the next persona speak; `None` where the caller has left. Raises Refusal."""
        persona = cast[len(lines) % len(cast)]
        request = {
            "model": f"{PREFIX}{persona.persona_id}@v{persona.version}",
            "messages": heard(body.scene, cast, persona, lines),
            **_parameters(body),
        }
        started = time.perf_counter()
        exchange = await self._exchanges.prepare(caller, msgspec.json.encode(request), request_id, started)
        outlet, said = Whole(), _Said()
        exchange.keep_by(said)
        await self.run(exchange, connection, lambda _: outlet)
        if outlet.refusal is not None:
            raise outlet.refusal
        turn = exchange.account.turn
        if turn.status != "completed":
            return None
        return LineView(
            line=len(lines) + 1,
            message_id=turn.id,
            persona=ReplyPersona(persona.persona_id, persona.slug, persona.version),
            content=said.text,
            drift=turn.drift,
            coherence=turn.coherence,
            tokens=Tokens(turn.usage.prompt_tokens, turn.usage.completion_tokens),
            usage_source=turn.usage_source,
            cost_usd=turn.cost_usd,
        )


def heard(
    scene: str, cast: Sequence[Resolved], persona: Resolved, lines: Sequence[LineView]
) -> list[dict[str, str]]:
    """Write what a persona has heard: the scene, its own lines, and those of the others under their names."""
    names = {each.persona_id: each.display_name for each in cast}
    others = ", ".join(name for each, name in names.items() if each != persona.persona_id)
    opening = (
        f"{scene}\n\nYou are {persona.display_name}. With you in this scene: {others}. Say what you say "
        "next, in your own words, and nothing for anybody else."
    )
    messages = [{"role": "user", "content": opening}]
    for line in lines:
        if line.persona.id == persona.persona_id:
            messages.append({"role": "assistant", "content": line.content})
            continue
        text = f"{names[line.persona.id]}: {line.content[:HEARD_CHARACTERS]}"
        if messages[-1]["role"] == "user":
            messages[-1]["content"] += f"\n\n{text}"
        else:
            messages.append({"role": "user", "content": text})
    return messages


def _parameters(body: ScenarioBody) -> dict[str, float]:
    given = {"temperature": body.temperature, "max_tokens": body.max_tokens}
    return {name: value for name, value in given.items() if value is not None}


def _cost(lines: Sequence[LineView]) -> float | None:
    """Sum up what the lines cost; `None` where somebody's price is not known."""
    known = [line.cost_usd for line in lines if line.cost_usd is not None]
    return sum(known) if len(known) == len(lines) else None
