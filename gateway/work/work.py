"""A piece of work is a row that somebody wrote with its cause; a kind of work is what a room registers."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal, Protocol

import msgspec

from gateway.storage.connection import AsyncConnection
from gateway.storage.signs import Sign

State = Literal["waiting", "running", "done", "failed", "cancelled"]
OPEN: tuple[State, ...] = ("waiting", "running")
Error = dict[str, Any]
"""Says why work has failed: at least a `code` and a `message`, without a prompt, a text or a key."""


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work. `data` holds ids and numbers; whatever is large or private stays in its room."""

    id: str
    kind: str
    workspace_id: str
    owner: str | None
    """The owner of the keys that may know of it; `None` means the whole workspace."""
    data: dict[str, Any]
    state: State = "waiting"
    is_cancel_wanted: bool = False
    attempt: int = 1
    resume_at: int | None = None
    """The step, counted from 1, with which the next attempt begins; `None` means from the start."""
    error: Error | None = None
    due_at: int
    created_at: int
    started_at: int | None = None
    ended_at: int | None = None


class FailedError(Exception):
    """This work has failed and is not tried again by itself."""

    def __init__(self, error: Error) -> None:
        super().__init__(error["code"])
        self.error: Error = msgspec.to_builtins(error)


class LaterError(Exception):
    """This attempt has come to nothing; the work is begun anew after some seconds."""

    def __init__(self, seconds: float, error: Error | None = None) -> None:
        super().__init__(f"again in {seconds} s")
        self.seconds = seconds
        self.error = error
        """Something went wrong with this attempt, which those are told who look at the work meanwhile."""


class CancelledWorkError(Exception):
    """Somebody wants this work no longer."""


class Course(Protocol):
    """Leads a piece of work through its steps."""

    async def step(self, name: str, function: Callable[[], Awaitable[Any]]) -> Any:
        """Take a step, or give the value, of JSON, that it gave before the process was lost.

        A step may be cut short at any await, and is then taken again, except where the work is cancelled.
        """

    async def pause(self, seconds: float) -> None:
        """Wait within a step that has had no effect so far, so that a process that ends need not wait too."""


Write = Callable[[AsyncConnection], Awaitable[None]]
"""Keeps a result, within the transaction in which the work ends, and so exactly once."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Makes work of what has happened."""

    look: Callable[[], Awaitable[bool]]
    """Does so, a little at a time, and tells whether there may be more at once."""
    signs: tuple[Sign, ...] = ()
    """It looks when one of them has changed, and otherwise seldom."""
    pause: float = 0.0
    """Seconds at least between two looks."""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of work, as its room registers it."""

    name: str
    perform: Callable[[Work, Course], Awaitable[Write]]
    """Takes the steps. All that costs, waits or has an effect happens within a step, and the steps follow
    from the work and from the values of the steps before. Raises FailedError and LaterError."""
    give_up: Callable[[AsyncConnection, Work], Awaitable[None]] | None = None
    """Is called in the transaction in which the work fails, is cancelled, or is put off."""
    take_up: Callable[[AsyncConnection, Work], Awaitable[None]] | None = None
    """Is called in the transaction in which failed work is put back among what waits."""
    final: str | None = None
    """Says why work that has failed or was cancelled cannot be tried again; `None` where it can."""
    lane: Callable[[Work], str] | None = None
    """Names the lane of a piece of work within its kind: what waits in one lane holds up no other one."""
