"""One thread scores what would hold up the event loop, and makes versions ready before their answers come."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from gateway.personas.resolved import Resolved
from gateway.scoring.conversations import Courses, Task
from gateway.scoring.job import OVER_BUDGET, Job
from gateway.scoring.later import failed

WAITING = 256
"""Answers that may wait to be scored; a further one would miss any budget."""


class Thread:
    """The thread of one worker; everything but what says so is called on the event loop."""

    def __init__(self, courses: Courses) -> None:
        self.pool = ThreadPoolExecutor(1, thread_name_prefix="drift")
        self._courses = courses
        self._waiting = 0
        self._learning: set[str] = set()
        self._closed = False

    def learn(self, persona: Resolved) -> None:
        """Have the version made ready, unless it is or somebody has asked for that."""
        if self._closed or self._courses.knows(persona):
            return
        key = persona.version_id + persona.rendering
        if key in self._learning:
            return
        self._learning.add(key)
        self.pool.submit(self._learn, persona)

    def hand_over(self, job: Job) -> None:
        """Have the job scored; it is told that the budget is over where too many wait."""
        if self._waiting >= WAITING or self._closed:
            job.settle(OVER_BUDGET)
            return
        self._waiting += 1
        job.is_in_thread = True
        self.pool.submit(self._work, job, asyncio.get_running_loop())

    def _work(self, job: Job, loop: asyncio.AbstractEventLoop) -> None:
        """Score one job; runs in the thread."""
        try:
            self._patiently(job)
        except Exception as error:  # noqa: BLE001 - a score never breaks an answer
            job.found = failed(job.persona, error)
        if not self._closed:
            loop.call_soon_threadsafe(self._back, job)

    def _patiently(self, job: Job) -> None:
        """Score a job that may take long; a task that is given up half-way is remembered so far."""
        task: Task | None = None
        while self._is_wanted(job):
            task = job.proceed(self._courses, task)
            if task is None:
                return

    def _is_wanted(self, job: Job) -> bool:
        future = job.future
        if self._closed or future is None or future.cancelled():
            return False
        return self._waiting == 1 or not future.done()

    def _back(self, job: Job) -> None:
        self._waiting -= 1
        job.is_in_thread = False
        job.settle(job.found or OVER_BUDGET)

    def _learn(self, persona: Resolved) -> None:
        """Make the version ready; runs in the thread."""
        try:
            self._courses.learn(persona)
        except Exception as error:  # noqa: BLE001 - said here, and felt by each of its answers
            failed(persona, error)
        finally:
            self._learning.discard(persona.version_id + persona.rendering)

    def close(self) -> None:
        """Begin nothing more."""
        self._closed = True
        self.pool.shutdown(wait=False, cancel_futures=True)
