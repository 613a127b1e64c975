"""A job is an answer that is to be scored, whenever that is done."""

import asyncio
import sys
from collections.abc import Sequence

import msgspec

from gateway.personas.resolved import Resolved
from gateway.scoring.conversations import OVERHEAD, Courses, Scored, Task
from gateway.scoring.transcript import Said
from gateway.turns.turn import Turn, unscored

QUICK_CHARACTERS = 1_000
"""Work units, as `Task.work` counts them, that are still done on the event loop; they take about 2 ms."""
QUICK_BYTES = 64 * 1024
"""Bytes of messages that are still read on the event loop."""
OBJECTS = 6 * 1024
"""Bytes that a job takes beside its texts, its turn among them."""
OVER_BUDGET = Scored(unscored("budget"))


class Job:
    """An answer, and what is known of its score; `size` is that of the request in bytes.

    `told` is what goes out with the answer; it is `None` as long as `future` is not done.
    """

    __slots__ = (
        "found",
        "future",
        "is_in_thread",
        "messages",
        "persona",
        "said",
        "size",
        "told",
        "turn",
        "verdict",
    )

    def __init__(
        self, persona: Resolved, messages: Sequence[msgspec.Raw], size: int, said: Sequence[Said]
    ) -> None:
        self.persona = persona
        self.messages = messages
        self.size = size
        self.said = said
        self.told: Scored | None = None
        self.found: Scored | None = None
        """The score, which may be there after the answer has gone out without one."""
        self.future: asyncio.Future[Scored] | None = None
        self.is_in_thread = False
        """True while the thread has it, whether or not anybody waits any more."""
        self.turn: Turn | None = None
        """The turn, once it is recorded."""
        self.verdict: str | None = None
        """Somebody who knows better says this of the answer, which is then not scored but corrected."""

    @property
    def weight(self) -> int:
        """The bytes that it holds in memory."""
        return self.size + sum([sys.getsizeof(each.text) for each in self.said]) + OBJECTS

    def is_quick(self, courses: Courses) -> bool:
        """Tell whether it may be quick to score; what is not known of its conversation may prove it wrong."""
        if self.is_in_thread or self.size > QUICK_BYTES or not courses.knows(self.persona):
            return False
        return sum([len(each.text) + OVERHEAD for each in self.said]) <= QUICK_CHARACTERS

    def at_once(self, courses: Courses) -> Scored | None:
        """Score it here and now; `None` where that would take too long."""
        task = courses.open(self.persona, self.messages, self.said)
        if task.work > QUICK_CHARACTERS:
            return None
        while task.is_behind:
            courses.advance(task)
        return courses.finish(task)

    def proceed(self, courses: Courses, task: Task | None) -> Task | None:
        """Take one step of what may take long; gives the task as far as it is, and `None` at its end."""
        if task is None:
            return courses.open(self.persona, self.messages, self.said)
        if task.is_behind:
            courses.advance(task)
            return task
        if self.verdict is None:
            self.found = courses.finish(task)
        else:
            courses.correct(task, self.verdict)
        return None

    def wait(self) -> asyncio.Future[Scored]:
        """Begin to wait for the score."""
        self.future = asyncio.get_running_loop().create_future()
        return self.future

    def settle(self, scored: Scored) -> None:
        """Say what the answer is told, if nothing was said before."""
        if self.told is None:
            self.told = scored
        if self.future is not None and not self.future.done():
            self.future.set_result(scored)
