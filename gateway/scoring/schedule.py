"""Answers are scored within a budget: at once where that is quick, else in a thread."""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from gateway.config import Drift as Settings
from gateway.personas.resolved import Resolved
from gateway.scoring.conversations import OVERHEAD, Courses, Scored, Task
from gateway.scoring.transcript import Said
from gateway.turns.turn import UNSCORED, Drift, Turn, unscored

QUICK_CHARACTERS = 1_000
"""Work units, as `Task.work` counts them, that are still done on the event loop; they take about 2 ms."""
PASS_SECONDS = 0.0015
"""Seconds of one pass of the event loop in which a quick answer is still begun. Together they cost less than
each by itself, and other streams wait no longer than this and the last one take."""
QUICK_BYTES = 64 * 1024
"""Bytes of messages that are still read on the event loop."""
QUICK_SECONDS = 0.002
"""Seconds of the smallest budget that a quick answer is sure to keep."""
WAITING = 256
"""Answers that may wait to be scored; a further one would miss any budget."""

OVER_BUDGET = Scored(unscored("budget"))
FAILED = Scored(unscored("error"))

log = logging.getLogger("gateway.drift")


class Job:
    """An answer that waits for its score as long as `future` is not done."""

    __slots__ = ("future", "messages", "persona", "said")

    def __init__(self, persona: Resolved, messages: Sequence[msgspec.Raw], said: Sequence[Said]) -> None:
        self.persona = persona
        self.messages = messages
        self.said = said
        self.future: asyncio.Future[Scored] = asyncio.get_running_loop().create_future()

    def settle(self, scored: Scored) -> None:
        if not self.future.done():
            self.future.set_result(scored)


class Scoring:
    """Scores the answers of one worker.

    Some quick answers are scored in each pass of the event loop, so that many that end together hold up
    no other stream for long. Longer work goes to one thread. An answer that is over its budget is still
    scored when nobody else waits, since its conversation's next turn needs the score.
    """

    def __init__(self, config: Settings, courses: Courses | None = None) -> None:
        self.changes: Counter[str] = Counter()
        """Counts by verdict how often a conversation's verdict has become this one."""
        self._enabled = config.enabled
        self._budget = config.budget_ms / 1000
        self._courses = courses or Courses()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="drift")
        self._in_thread = 0
        self._queue: deque[Job] = deque()
        self._late: deque[Job] = deque(maxlen=WAITING)
        self._scored_since: float | None = None
        """When scoring began in this pass of the event loop; `None` means that it has not."""
        self._learning: set[str] = set()
        self._closed = False

    @property
    def initial(self) -> Drift:
        """Return the drift of a turn with a persona that ends before it is scored."""
        return FAILED.drift if self._enabled else UNSCORED

    def warm(self, persona: Resolved) -> None:
        """Make the version ready in the background, since an answer of it is on its way."""
        if not self._enabled or self._closed or self._courses.knows(persona):
            return
        if persona.version_id in self._learning:
            return
        self._learning.add(persona.version_id)
        self._thread.submit(self._learn, persona)

    def score(
        self,
        persona: Resolved,
        messages: Sequence[msgspec.Raw],
        size: int,
        said: Sequence[Said],
        *,
        structured: bool = False,
        spent: float = 0.0,
    ) -> Scored | asyncio.Future[Scored]:
        """Return the score at once, or a future of it that is done within the budget; neither ever fails.

        `size` is that of the messages in bytes. `said` has at least one choice. `structured` tells
        that what was asked for is no speech. `spent` are the seconds of the budget for which the answer has
        waited already.
        """
        if not self._enabled:
            return Scored(UNSCORED)
        if len(said) == 1 and said[0].nothing is not None:
            return Scored(unscored(said[0].nothing))
        if structured:
            return Scored(unscored("structured"))
        is_quick = self._budget >= QUICK_SECONDS and size <= QUICK_BYTES and self._courses.knows(persona)
        is_quick = is_quick and sum([len(each.text) + OVERHEAD for each in said]) <= QUICK_CHARACTERS
        if is_quick and self._has_time():
            found = self._try(persona, messages, said)
            if found is not None:
                return found
            is_quick = False
        job = Job(persona, messages, said)
        timer = asyncio.get_running_loop().call_later(self._budget - spent, job.settle, OVER_BUDGET)
        job.future.add_done_callback(lambda _: timer.cancel())
        if not is_quick:
            self._hand_over(job)
        elif len(self._queue) < WAITING:
            self._queue.append(job)
        else:
            job.settle(OVER_BUDGET)
        return job.future

    def note(self, turn: Turn, label: str, scored: Scored) -> None:
        """Count and log the verdict if it is not the one of the turn before."""
        before, now = scored.before, scored.drift.verdict
        if now == "unscored" or before is None or before == now:
            return
        self.changes[now] += 1
        facts = {"turn": turn.id, "request": turn.request_id, "persona": label, "from": before, "to": now}
        log.info("a conversation's verdict has changed", extra={"facts": facts})

    def close(self) -> None:
        """Stop scoring; whoever waits gets no score."""
        self._closed = True
        self._queue.clear()
        self._late.clear()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _has_time(self) -> bool:
        """Tell whether another answer may be scored in this pass of the event loop."""
        return self._scored_since is None or time.perf_counter() - self._scored_since < PASS_SECONDS

    def _try(self, persona: Resolved, messages: Sequence[msgspec.Raw], said: Sequence[Said]) -> Scored | None:
        """Score the answer here and now; `None` where that would take too long."""
        if self._scored_since is None:
            self._scored_since = time.perf_counter()
            asyncio.get_running_loop().call_soon(self._next)
        try:
            task = self._courses.open(persona, messages, said)
            if task.work > QUICK_CHARACTERS:
                return None
            while task.is_behind:
                self._courses.advance(task)
            return self._courses.finish(task)
        except Exception as error:  # noqa: BLE001 - a score never breaks an answer
            return _failed(persona, error)

    def _next(self) -> None:
        """Score more of the waiting answers in the next pass of the event loop, those still in time first."""
        self._scored_since = None
        while (self._queue or self._late) and self._has_time():
            job = (self._queue or self._late).popleft()
            if job.future.cancelled():
                continue
            if job.future.done() and self._queue:
                self._late.append(job)
                continue
            found = self._try(job.persona, job.messages, job.said)
            if found is None:
                self._hand_over(job)
            else:
                job.settle(found)

    def _hand_over(self, job: Job) -> None:
        if self._in_thread >= WAITING or self._closed:
            job.settle(OVER_BUDGET)
            return
        self._in_thread += 1
        self._thread.submit(self._work, job, asyncio.get_running_loop())

    def _work(self, job: Job, loop: asyncio.AbstractEventLoop) -> None:
        """Score one job; runs in the thread."""
        try:
            scored = self._patiently(job)
        except Exception as error:  # noqa: BLE001 - a score never breaks an answer
            scored = _failed(job.persona, error)
        if not self._closed:
            loop.call_soon_threadsafe(self._back, job, scored)

    def _patiently(self, job: Job) -> Scored:
        """Score a job that may take long; a task that is given up half-way is remembered so far."""
        task: Task | None = None
        while self._is_wanted(job):
            if task is None:
                task = self._courses.open(job.persona, job.messages, job.said)
            elif task.is_behind:
                self._courses.advance(task)
            else:
                return self._courses.finish(task)
        return OVER_BUDGET

    def _is_wanted(self, job: Job) -> bool:
        if self._closed or job.future.cancelled():
            return False
        return self._in_thread == 1 or not job.future.done()

    def _back(self, job: Job, scored: Scored) -> None:
        self._in_thread -= 1
        job.settle(scored)

    def _learn(self, persona: Resolved) -> None:
        """Make the version ready; runs in the thread."""
        try:
            self._courses.learn(persona)
        except Exception as error:  # noqa: BLE001 - said here, and felt by each of its answers
            _failed(persona, error)
        finally:
            self._learning.discard(persona.version_id)


def _failed(persona: Resolved, error: Exception) -> Scored:
    """Log where it happened, but not what was said, which the error's own message may quote."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" in {place.tb_frame.f_code.co_qualname}:{place.tb_lineno}" if place else ""
    log.error("an answer of %s cannot be scored: %s%s", persona.label, type(error).__name__, where)
    return FAILED
