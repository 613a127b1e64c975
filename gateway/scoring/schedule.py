"""Answers are scored within a budget: at once where that is quick, else in a thread."""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence

import msgspec

from gateway.config import Drift as Settings
from gateway.drift.rules.check import Rules
from gateway.personas.resolved import Resolved
from gateway.scoring.conversations import Courses, Scored
from gateway.scoring.job import OVER_BUDGET, Job
from gateway.scoring.later import FAILED, Counts, Later, failed
from gateway.scoring.thread import WAITING, Thread
from gateway.scoring.transcript import Said
from gateway.turns.amendment import COMES_LATER, LateScore, News, amended, opinion, scored_before
from gateway.turns.recorder import Recorder
from gateway.turns.turn import UNSCORED, Judgement, Turn, unscored

PASS_SECONDS = 0.006
"""Seconds of one pass of the event loop in which a quick answer is still begun. Some together cost less than
each by itself, since scores and requests drive each other out of the processor's caches. Other streams wait
no longer than this and the last one take."""
QUICK_SECONDS = 0.002
"""Seconds of the smallest budget that a quick answer is sure to keep."""
FAREWELL_SECONDS = 3.0
"""Seconds at the end of the process in which answers that wait are still scored."""

PUT_OFF = Scored(unscored("later"))
DISABLED = Scored(UNSCORED)
ALIKE = frozenset({"warming-up", "in-character"})
"""A conversation goes on in the same way behind answers of these verdicts."""

log = logging.getLogger("gateway.drift")


def nobody(turn: Turn, job: Job) -> None:
    """Stand for those who want to know of late scores, where there are none."""


class Scoring:
    """Scores the answers of one worker.

    Some quick answers are scored in each pass of the event loop, so that many that end together hold up
    no other stream for long. Longer work goes to one thread. An answer that goes out without its score
    gets it later, when there is nothing else to do.
    """

    def __init__(self, config: Settings, recorder: Recorder, courses: Courses | None = None) -> None:
        self.changes: Counter[str] = Counter()
        """Counts by verdict how often a conversation's verdict has become this one."""
        self.on_late: Callable[[Turn, Job], None] = nobody
        """Is told of each turn that got its score late, as it is then."""
        self.is_enabled = config.enabled
        self.initial = FAILED.drift if config.enabled else UNSCORED
        """The drift of a turn with a persona that ends before it is scored."""
        self._budget = config.budget_ms / 1000
        self._is_put_off = config.deliver == "later"
        self._recorder = recorder
        self._courses = courses or Courses()
        self._thread = Thread(self._courses)
        self._queue: deque[Job] = deque()
        self._later = Later(self._courses, self._thread.pool, self._tell)
        self._scored_since: float | None = None
        """The time at which scoring began in this pass of the event loop; `None` means that it has not."""

    @property
    def late(self) -> Counts:
        """Count the scores that came late."""
        return self._later.counts

    def warm(self, persona: Resolved) -> None:
        """Make the version ready in the background, since an answer of it is on its way."""
        self._later.stir()
        if self.is_enabled:
            self._thread.learn(persona)

    def rules_of(self, persona: Resolved) -> Rules:
        """Return a version's rules, made ready; takes its time, in any thread."""
        return self._courses.learn(persona).rules

    def score(
        self,
        persona: Resolved,
        messages: Sequence[msgspec.Raw],
        size: int,
        said: Sequence[Said],
        *,
        structured: bool = False,
        spent: float = 0.0,
    ) -> Job:
        """Score the answer at once, or within the budget: `told` is there, or `future` is to be waited for.

        Neither ever fails. `size` is that of the messages in bytes. `said` has at least one choice.
        `structured` tells that what was asked for is no speech. `spent` are the seconds of the budget for
        which the answer has waited already.
        """
        if not self.is_enabled:
            return self.unscored(persona)
        job = Job(persona, messages, size, said)
        self._later.stir()
        if len(said) == 1 and said[0].nothing is not None:
            job.told = Scored(unscored(said[0].nothing))
        elif structured:
            job.told = Scored(unscored("structured"))
        elif self._is_put_off:
            job.told = PUT_OFF
        else:
            self._begin(job, spent)
        return job

    @staticmethod
    def unscored(persona: Resolved) -> Job:
        """Return what takes the place of a score where scoring is switched off."""
        job = Job(persona, (), 0, ())
        job.told = DISABLED
        return job

    def _begin(self, job: Job, spent: float) -> None:
        is_quick = self._budget >= QUICK_SECONDS and job.is_quick(self._courses)
        if is_quick and self._has_time():
            job.told = self._try(job)
            if job.told is not None:
                return
            is_quick = False
        timer = asyncio.get_running_loop().call_later(self._budget - spent, job.settle, OVER_BUDGET)
        job.wait().add_done_callback(lambda _: timer.cancel())
        if not is_quick:
            self._thread.hand_over(job)
        elif len(self._queue) < WAITING:
            self._queue.append(job)
        else:
            job.settle(OVER_BUDGET)

    def recorded(self, turn: Turn, job: Job) -> None:
        """Note the verdict of a turn that was recorded, or have the turn scored if it went out without."""
        if not self.is_enabled:
            return
        job.turn = turn
        if turn.judge is not None:
            # The judge was asked before the answer went out.
            self._correct(job, turn.judge.choice, turn.drift.verdict)
        elif turn.drift.reason in COMES_LATER:
            self._later.take(job)
        if job.told is not None:
            self.note(turn, job.persona.label, job.told)

    def amend(self, job: Job, news: News) -> bool:
        """Change a recorded turn, and its conversation as it is remembered, by what became known of it.

        Gives false where the news cannot be kept.
        """
        turn = job.turn
        if turn is None or not self._recorder.amend(turn.id, news):
            return False
        if isinstance(news, Judgement):
            self._correct(job, news.choice, opinion(turn, news).verdict)
        # A late score is in its conversation already: it was found there.
        return True

    def note(self, turn: Turn, label: str, scored: Scored) -> None:
        """Count and log the verdict if it is not the one of the turn before."""
        before, now = scored.before, scored.drift.verdict
        if now == "unscored" or before is None or before == now:
            return
        self.changes[now] += 1
        facts = {"turn": turn.id, "request": turn.request_id, "persona": label, "from": before, "to": now}
        log.info("a conversation's verdict has changed", extra={"facts": facts})

    async def run(self) -> None:
        """Score what was put off, until cancelled."""
        await self._later.run()

    async def close(self) -> None:
        """Score what still waits, for a while, once there are no more answers; then stop."""
        await self._later.drain(FAREWELL_SECONDS)
        self._queue.clear()
        self._thread.close()

    def _tell(self, job: Job, found: Scored) -> bool:
        """Pass on a late score."""
        news = LateScore(found.drift, found.coherence, found.explain)
        if job.turn is None or not self.amend(job, news):
            return False
        self.note(job.turn, job.persona.label, found)
        if self._recorder.meter is not None:
            self._recorder.meter.late(job.turn, job.persona.label, found.drift)
        if self._recorder.on_late is not None:
            self._recorder.on_late(job.turn, found.drift)
        self.on_late(amended(job.turn, news), job)
        return True

    def _correct(self, job: Job, choice: int, verdict: str) -> None:
        """Have the conversation go on as one in which this choice of the answer has this verdict."""
        before = None if job.turn is None else scored_before(job.turn).verdict
        if before == verdict or {before, verdict} <= ALIKE:
            return
        said = [each for each in job.said if each.index == choice]
        other = Job(job.persona, job.messages, job.size, said)
        other.verdict = verdict
        self._later.take(other)

    def _has_time(self) -> bool:
        """Tell whether another answer may be scored in this pass of the event loop."""
        return self._scored_since is None or time.perf_counter() - self._scored_since < PASS_SECONDS

    def _try(self, job: Job) -> Scored | None:
        """Score the answer here and now; `None` where that would take too long."""
        if self._scored_since is None:
            self._scored_since = time.perf_counter()
            asyncio.get_running_loop().call_soon(self._next)
        try:
            return job.at_once(self._courses)
        except Exception as error:  # noqa: BLE001 - a score never breaks an answer
            return failed(job.persona, error)

    def _next(self) -> None:
        """Score more of the waiting answers in the next pass of the event loop."""
        self._scored_since = None
        while self._queue and self._has_time():
            job = self._queue.popleft()
            if job.future is None or job.future.done():
                continue
            found = self._try(job)
            if found is None:
                self._thread.hand_over(job)
            else:
                job.settle(found)
