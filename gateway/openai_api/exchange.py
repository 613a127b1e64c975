"""One chat request is answered: this module alone decides how a stream walks, and a whole answer."""

import asyncio
import hashlib
import time
from functools import partial
from typing import NamedTuple

import msgspec

from gateway.config import Chat, Route
from gateway.errors import Refusal
from gateway.judge.judge import Judge
from gateway.openai_api import reckoning
from gateway.openai_api.account import Account
from gateway.openai_api.answer import Answer
from gateway.openai_api.asking import Asking, usable
from gateway.openai_api.keeping import Keeper, KeptTranscript, kept_by
from gateway.openai_api.life import Life, Outlet
from gateway.openai_api.passing_on import await_bill, pass_on
from gateway.openai_api.relay import Relay
from gateway.openai_api.request import ChatRequest
from gateway.openai_api.sse import DONE_FRAME
from gateway.openai_api.transcript import Transcript
from gateway.openai_api.watch import Watch
from gateway.openai_api.withholding import TRIES, Replacement, may_ask_again, replaced
from gateway.personas.name import PREFIX
from gateway.personas.resolved import Resolved
from gateway.scoring.chores import is_chore
from gateway.scoring.conversations import Scored
from gateway.scoring.job import Job
from gateway.scoring.schedule import Scoring
from gateway.turns.recorder import Recorder
from gateway.turns.usage import Usage
from gateway.upstreams.client import Response
from gateway.upstreams.deadline import Deadlines
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.routing import Routing


class Shared(NamedTuple):
    """Holds what all exchanges of a worker share."""

    chat: Chat
    routing: Routing
    recorder: Recorder
    scoring: Scoring
    judge: Judge | None
    linger_seconds: float
    linger: Deadlines
    """Limits how long a chunk that may be the last one is held."""


class Exchange(Life):
    """One chat request."""

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
        body = self._asking.body(node, route)
        digest = hashlib.sha256(body).hexdigest()
        name, prompt = f"{PREFIX}{persona.label}", self.account.prompt_sha256
        return name, str(route), msgspec.Raw(body), digest, prompt

    async def stream(self, watch: Watch, outlet: Outlet) -> None:
        account, routing = self.account, self._shared.routing
        opened = await routing.first(self._usable(), self._asking.open, account.trail, self._until)
        self._note_answered()
        self._source = self._said = opened.relay.transcript
        self._response = opened.response
        relay, response, frames, limits = opened.relay, opened.response, opened.frames, opened.limits
        watch.limit_total(opened.began + limits.total)
        watch.limit_idle(limits.idle)
        # Objects that are no longer needed must not stay in memory until the answer's end.
        del opened, self._asking
        while True:
            if relay.is_settled:
                job = self._score(relay.transcript)
                if job.future is not None:
                    if frames:
                        await outlet.write(frames)
                        frames = b""
                    await self._patiently(job.future, watch, limits.idle)
                self._take(job)
                frames += relay.release(account.persona_json())
            if relay.done and self._keeper is not None and isinstance(relay.transcript, KeptTranscript):
                frames = await self._kept(self._keeper, relay.transcript, frames, watch, outlet)
            if frames:
                await outlet.write(frames, is_last=relay.done)
                frames = b""
            if relay.failure is not None:
                await await_bill(relay, response)
                raise relay.failure
            if relay.done:
                return
            if relay.is_held:
                frames = await self._follow(relay, response, watch)
                continue
            if outlet.writer is not None:
                await response.pour(partial(pass_on, relay, outlet.writer, watch))
            if relay.goes_on:
                frames = await self._next(relay, response, watch)

    def limit(self) -> float:
        limit, judge = super().limit(), self._judge_before
        return limit if judge is None else TRIES * (limit + judge.seconds)

    async def fetch(self) -> bytes | bytearray:
        account, judge, persona = self.account, self._judge_before, self.account.persona
        if persona is None:
            return (await self._answered()).body
        answer = await (self._answered() if judge is None else self._judged(judge, persona))
        if self._keeper is not None:
            await kept_by(self._keeper, account.turn, answer, is_large=answer.is_large)
        model, identity = persona.model_json, account.persona_json()
        if answer.is_large:
            return await asyncio.to_thread(answer.encode, model, identity)
        return answer.encode(model, identity)

    @property
    def _judge_before(self) -> Judge | None:
        """The judge, where answers wait for it."""
        judge = self._shared.judge
        return judge if judge is not None and judge.holds_back and not self.is_stream else None

    async def _answered(self) -> Answer:
        """Ask for a whole answer, and score it. Raises UpstreamFailure."""
        account, routing = self.account, self._shared.routing
        self._until = max(self._until, time.monotonic() + self._chat.retry_for)
        answer = await routing.first(self._usable(), self._asking.fetch, account.trail, self._until)
        self._note_answered()
        self._source = self._said = answer
        if account.persona is not None:
            job = self._score(answer)
            if job.future is not None:
                await job.future
            self._take(job)
        return answer

    async def _judged(self, judge: Judge, persona: Resolved) -> Answer | Replacement:
        """Ask until an answer passes the judge, or take other words. Raises UpstreamFailure, Refusal."""
        answer, tries, roles = await self._answered(), 1, self.request.messages.roles
        while await self._is_broken(judge, persona, answer):
            self._withhold()
            if not may_ask_again(tries, roles, answer.said()):
                break
            try:
                answer, tries = await self._answered(), tries + 1
            except UpstreamFailure:
                break
        else:
            return answer
        self._source = self._said = instead = replaced(answer, persona.refusal)
        return instead

    async def _is_broken(self, judge: Judge, persona: Resolved, answer: Answer) -> bool:
        """Have the answer judged where it is risky, and take the judgement into the turn."""
        account, request = self.account, self.request
        found = await judge.before_send(
            account.turn, persona, request.messages.each, len(request.body), answer.said()
        )
        if found is None:
            return False
        account.judge(found)
        return account.turn.drift.verdict == "out-of-character"

    async def _kept(
        self, keeper: Keeper, transcript: KeptTranscript, frames: bytes, watch: Watch, outlet: Outlet
    ) -> bytes:
        """Return the frames that end a stream, once its answer is kept. Raises Refusal."""
        # The upstream is not to blame for the time that the store takes.
        watch.limit_idle(None)
        try:
            await kept_by(keeper, self.account.turn, transcript, is_large=False)
        except Refusal:
            if frames:
                await outlet.write(frames)
            raise
        return frames + DONE_FRAME

    def _withhold(self) -> None:
        """Record the answer that is held back, which has its own turn."""
        self._recorder.record(self.account.withhold(self._source, self._reckon, self._shared.routing.prices))
        self._source = self._said = self._job = None

    def _score(self, source: Transcript | Answer) -> Job:
        persona, request = self.account.persona, self.request
        assert persona is not None  # noqa: S101 - nobody else's answers are scored
        messages = request.messages
        return self._shared.scoring.score(
            persona,
            messages.each,
            len(request.body),
            source.said(),
            structured=self._wants_data or is_chore(messages.roles, messages.each),
            spent=self._spent,
        )

    @staticmethod
    async def _patiently(scored: asyncio.Future[Scored], watch: Watch, idle: float) -> None:
        """Wait for the score; the upstream is not to blame for that time."""
        watch.limit_idle(None)
        await scored
        watch.limit_idle(idle)

    def _take(self, job: Job) -> None:
        if job.told is not None:
            self.account.score(job.told)
        self._job = job

    def _reckon(self) -> Usage | None:
        if isinstance(self._said, Replacement):
            return None
        return reckoning.usage(self.request, self.account.persona, self._said)

    def _recorded(self) -> None:
        turn, persona, said, judge = self.account.turn, self.account.persona, self._said, self._shared.judge
        # Once, since an answer that went on behind its finish was scored twice.
        if self._job is not None:
            self._shared.scoring.recorded(turn, self._job)
        if judge is not None and persona is not None and said is not None and judge.wants(turn):
            request = self.request
            judge.take(turn, persona, request.messages.each, len(request.body), said.said())

    @staticmethod
    async def _next(relay: Relay, response: Response, watch: Watch) -> bytes:
        """Return the frames for the next piece of the upstream's stream, or for its end."""
        try:
            data = await response.read()
        except UpstreamFailure:
            return relay.finish(is_broken=True)
        watch.read()
        return relay.feed(data) if data else relay.finish()

    async def _follow(self, relay: Relay, response: Response, watch: Watch) -> bytes:
        """Return the frames that go out once it is known whether the held chunk is the last one."""
        frames, self._spent = b"", 0.0
        try:
            with self._shared.linger.begin():
                while not frames and relay.is_held and not relay.is_settled:
                    frames = await self._next(relay, response, watch)
        except TimeoutError:
            frames, self._spent = relay.settle(), self._shared.linger_seconds
        return frames

    def _usable(self) -> tuple[Route, ...]:
        """List the routes that the request can take. Raises Refusal."""
        return usable(self._routes, self._shared.routing, self.request, self._asking.tools)

    def _note_answered(self) -> None:
        """Note when an upstream has begun to answer, and what was left out for it."""
        account, asking = self.account, self._asking
        account.answered = time.perf_counter()
        route = account.trail.route
        if asking.tools is not None and route is not None:
            account.has_dropped_tools = route.upstream in self._shared.routing.drop_tools
