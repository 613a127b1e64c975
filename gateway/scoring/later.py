"""What has gone out without its score is scored when there is time: in order, and behind all answers."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor

import msgspec

from gateway.personas.resolved import Resolved
from gateway.scoring.conversations import Courses, Scored, Task
from gateway.scoring.job import Job
from gateway.turns.turn import unscored

HELD_BYTES = 64 * 1024 * 1024
"""Bytes of requests and answers that wait, in each worker; what does not fit stays without a score."""
QUIET_SECONDS = 0.0002
"""CPU seconds of a pass of the event loop in which next to nothing was done for anybody."""
REST_SECONDS = 0.003
"""Seconds until another look, where answers needed the last pass."""

FAILED = Scored(unscored("error"))

log = logging.getLogger("gateway.drift")


class Counts(msgspec.Struct):
    """Counts what has become of scores that came late, or did not come."""

    scored: int = 0
    dropped: int = 0
    waiting: int = 0


class Later:
    """The answers of one worker that wait for their score, each with its recorded turn.

    Nothing is scored here as long as the event loop has answers to see to: after each score, a pass in
    which nobody wanted anything is waited for. Quick ones are scored on the loop, where no other thread
    fights it for the interpreter, longer ones in steps in the thread.
    """

    def __init__(self, courses: Courses, thread: Executor, tell: Callable[[Job, Scored], bool]) -> None:
        """`tell` takes what was found; it gives false where that cannot be kept."""
        self.counts = Counts()
        self._courses = courses
        self._thread = thread
        self._tell = tell
        self._jobs: deque[Job] = deque()
        self._held = 0
        self._some = asyncio.Event()
        self._stirs = 0

    def take(self, job: Job) -> None:
        """Have the answer scored when there is time; never waits."""
        if self._held + job.weight > HELD_BYTES:
            self.counts.dropped += job.verdict is None
            return
        self._held += job.weight
        self.counts.waiting += 1
        self._jobs.append(job)
        self._some.set()

    def stir(self) -> None:
        """Have the thread stop at its next step, since there is an answer to see to."""
        self._stirs += 1

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._some.wait()
            while self._jobs:
                await _lull()
                await self._work()
            self._some.clear()

    async def drain(self, seconds: float) -> None:
        """Score what still waits, as much as can be done in this time; nobody else works on it any more."""
        try:
            async with asyncio.timeout(seconds):
                while self._jobs:
                    await asyncio.sleep(0)
                    await self._work()
        except TimeoutError:
            self.counts.dropped += len(self._jobs)
            log.warning("%d turns stay without a score, since the process ends", len(self._jobs))
            self._jobs.clear()

    async def _work(self) -> None:
        """Score the answer that has waited longest."""
        job = self._jobs[0]
        try:
            found = await self._found(job)
        except Exception as error:  # noqa: BLE001 - nothing else depends on a score
            found = failed(job.persona, error)
        self._jobs.popleft()
        self._held -= job.weight
        self.counts.waiting -= 1
        if found is not None:
            is_kept = self._tell(job, found)
            self.counts.scored += is_kept
            self.counts.dropped += not is_kept

    async def _found(self, job: Job) -> Scored | None:
        """Return the score of a job; `None` where a conversation was to be corrected and has been."""
        if job.found is None and job.verdict is None and job.is_quick(self._courses):
            job.found = job.at_once(self._courses)
        task: Task | None = None
        while job.found is None:
            task = await asyncio.get_running_loop().run_in_executor(self._thread, self._steps, job, task)
            if task is None:
                break
            await _lull()
        return job.found

    def _steps(self, job: Job, task: Task | None) -> Task | None:
        """Take steps until the end, or until there is an answer to see to; runs in the thread."""
        stirs = self._stirs
        while True:
            # It may have been at work in the thread when its budget was over.
            task = None if job.found is not None else job.proceed(self._courses, task)
            if task is None or stirs != self._stirs:
                return task


def failed(persona: Resolved, error: Exception) -> Scored:
    """Log where it happened, but not what was said, which the error's own message may quote."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" in {place.tb_frame.f_code.co_qualname}:{place.tb_lineno}" if place else ""
    log.error("an answer of %s cannot be scored: %s%s", persona.label, type(error).__name__, where)
    return FAILED


async def _lull() -> None:
    """Wait for a pass of the event loop in which nobody wants anything."""
    while True:
        # The time that other processes had of the core meanwhile says nothing of our answers.
        began = time.thread_time()
        await asyncio.sleep(0)
        if time.thread_time() - began < QUIET_SECONDS:
            return
        await asyncio.sleep(REST_SECONDS)
