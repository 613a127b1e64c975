"""One chat request: what it is asked with, how its answer is scored, and what is recorded of it."""

import hashlib
import time

import msgspec

from gateway.budgets.estimate import Asked
from gateway.config import Chat, Route
from gateway.judge.judge import Judge
from gateway.moderation.watching import Watching
from gateway.openai_api import reckoning
from gateway.openai_api.account import Account
from gateway.openai_api.answer import Answer
from gateway.openai_api.asking import Asking, usable
from gateway.openai_api.keeping import Keeper
from gateway.openai_api.life import Life
from gateway.openai_api.request import ChatRequest
from gateway.openai_api.transcript import Transcript
from gateway.openai_api.withholding import Replacement
from gateway.personas.name import PREFIX
from gateway.scoring.chores import is_chore
from gateway.scoring.job import Job
from gateway.scoring.schedule import Scoring
from gateway.turns.recorder import Recorder
from gateway.turns.usage import Usage
from gateway.upstreams.deadline import Deadlines
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.routing import Routing


class Shared(msgspec.Struct, frozen=True):
    """Holds what all exchanges of a worker share. The attributes of a tuple would take longer to read."""

    chat: Chat
    routing: Routing
    recorder: Recorder
    scoring: Scoring
    judge: Judge | None
    moderation: Watching | None
    """Moderates turns; `None` where nobody wants them moderated."""
    linger_seconds: float
    linger: Deadlines
    """Limits how long a chunk that may be the last one is held."""


class Exchange(Life):
    """One chat request: `Streaming` and `Whole` say how it is answered."""

    def __init__(
        self,
        shared: Shared,
        request: ChatRequest,
        account: Account,
        routes: tuple[Route, ...],
        asking: Asking,
        wants_data: bool = False,
    ) -> None:
        """`wants_data` tells that the answer is to be JSON or the like."""
        super().__init__(account, routes, shared.routing, shared.recorder, shared.chat)
        self.request = request
        self._shared = shared
        self._asking = asking
        self._wants_data = wants_data
        self._keeper: Keeper | None = None
        self._said: Transcript | Answer | Replacement | None = None
        self._job: Job | None = None
        """The answer as it was scored, or waits for it."""
        self._spent = 0.0
        """Seconds for which the answer's last chunk has waited until it was known to be the last."""

    def keep_by(self, keeper: Keeper) -> None:
        """Have the answer kept by this keeper, before its caller sees the end of it."""
        self._keeper = keeper
        self._asking.is_kept = True

    def rendered(self) -> tuple[str, str, msgspec.Raw, str, str]:
        """Return the resolved name, the first upstream, the body for it, and the digests. Raises Refusal."""
        persona, route = self.account.persona, next(iter(self._usable()), None)
        node = self._shared.routing.nodes.get(route.upstream) if route else None
        if persona is None or route is None or node is None:
            raise UpstreamFailure("not_configured", route.upstream if route else "default").refusal()
        body = bytes(self._asking.body(node, route))
        digest = hashlib.sha256(body).hexdigest()
        name, prompt = f"{PREFIX}{persona.label}", self.account.prompt_sha256
        return name, str(route), msgspec.Raw(body), digest, prompt

    async def _admit(self, moderation: Watching) -> None:
        """Have it looked at what the caller says, where that comes first. Raises Refusal."""
        if moderation.blocks:
            await moderation.admit(self.account.turn, self.request.messages.each)

    async def _reserve(self, routes: tuple[Route, ...]) -> None:
        """Set aside in the budgets what the answer may take. Raises Refusal."""
        account = self.account
        assert account.purse is not None  # noqa: S101 - nobody else has to
        prompt = reckoning.usage(self.request, account.persona, None).prompt_tokens or 0
        account.turn.hold = await account.purse.reserve(Asked(prompt, *self._asking.most), routes)

    def _score(self, source: Transcript | Answer) -> Job:
        persona, request = self.account.persona, self.request
        assert persona is not None  # noqa: S101 - nobody else's answers are scored
        messages, scoring = request.messages, self._shared.scoring
        if not scoring.is_enabled:
            return scoring.unscored(persona)
        return scoring.score(
            persona,
            messages.each,
            len(request.body),
            source.said(),
            structured=self._wants_data or is_chore(messages.roles, messages.each),
            spent=self._spent,
        )

    def _take(self, job: Job) -> None:
        if job.told is not None:
            self.account.score(job.told)
        self._job = job

    def _reckon(self) -> Usage | None:
        if isinstance(self._said, Replacement):
            return None
        return reckoning.usage(self.request, self.account.persona, self._said)

    def _chunks(self) -> int:
        return self._said.heard if isinstance(self._said, Transcript) else 0

    def _recorded(self) -> None:
        turn, persona, said, judge = self.account.turn, self.account.persona, self._said, self._shared.judge
        moderation = self._shared.moderation
        if moderation is not None:
            moderation.tell(turn)
            if moderation.flags:
                moderation.take(
                    turn, persona, self.request.messages.each, () if said is None else said.said()
                )
        # Once, since an answer that went on behind its finish was scored twice.
        if self._job is not None:
            self._shared.scoring.recorded(turn, self._job)
        if judge is not None and persona is not None and said is not None and judge.wants(turn):
            request = self.request
            judge.take(turn, persona, request.messages.each, len(request.body), said.said())

    def _usable(self) -> tuple[Route, ...]:
        """List the routes that the request can take. Raises Refusal."""
        return usable(self._routes, self._shared.routing, self.request, self._asking.tools)

    def _note_answered(self) -> None:
        """Note when an upstream has begun to answer, and what was left out for it."""
        self.account.answered = time.perf_counter()
        self.note_dropped(self.account.trail.route)

    def note_dropped(self, route: Route | None) -> None:
        """Note what this upstream is asked without."""
        asking = self._asking
        if (asking.tools is not None or asking.is_odd) and route is not None:
            self.account.dropped = asking.dropped(self._shared.routing.nodes[route.upstream])
