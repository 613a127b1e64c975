"""A renewal is a reload under way: new workers stand beside the old ones until all of them are ready."""

import logging
import time
from collections.abc import Callable

import msgspec

from gateway.bulletin import Bulletin, Outcome
from gateway.config import Config
from gateway.server.crew import Crew
from gateway.server.notice import Notice
from gateway.server.reloading import RefusedError, changed

Load = Callable[[Config], Config]
"""It reads the configuration that is to take the place of the one it is given. Raises RefusedError."""

log = logging.getLogger("gateway.supervisor")


class _Candidate(msgspec.Struct, frozen=True):
    """A configuration that comes into force once all workers with it are ready."""

    config: Config
    ticket: int
    number: int
    """Workers that it has."""
    deadline: float
    """They are ready by then, in `time.monotonic()` seconds, or it is refused."""


class Renewal:
    """Begins reloads, and decides what comes of them."""

    def __init__(
        self,
        settings: Config,
        crew: Crew,
        bulletin: Bulletin,
        complete: Callable[[Config], Config],
        load: Load | None,
    ) -> None:
        """`complete` adds what a configuration does not say of itself; without `load` there is no reload."""
        self.config = settings
        """The configuration in force, as it was read."""
        self.generation = 0
        self.is_wanted = False
        self._crew = crew
        self._bulletin = bulletin
        self._complete = complete
        self._load = load
        self._candidate: _Candidate | None = None
        self._notice: Notice | None = None

    @property
    def candidate(self) -> int | None:
        """The generation of the new workers; `None` where no reload is under way."""
        return None if self._candidate is None else self.generation + 1

    def announce(self, notice: Notice) -> None:
        """Tell from now on what comes of reloads there, too."""
        self._notice = notice

    def begin(self) -> None:
        """Start workers with the configuration as it is now, beside those that are there."""
        self.is_wanted, ticket = False, self._bulletin.asked
        if self._notice is not None:
            self._notice.begin()
        try:
            if self._load is None:
                raise RefusedError("This gateway cannot read its configuration again; start it anew.")
            given = self._load(self.config)
            if not self._crew.has_room(given):
                raise RefusedError(
                    "Workers still finish what they began before earlier reloads; ask again when they have."
                )
        except RefusedError as refused:
            self._answer(ticket, Outcome(False, str(refused)))
            return
        deadline = time.monotonic() + given.server.reload_timeout
        number = self._crew.double(self._complete(given), self.generation + 1)
        self._candidate = _Candidate(given, ticket, number, deadline)

    def look(self) -> bool:
        """Put the new workers in place of the old ones once all are ready, or end them where one cannot be.

        It returns whether a configuration has come into force.
        """
        found = self._candidate
        if found is None:
            return False
        mine = self._crew.of(self.generation + 1)
        if len(mine) < found.number:
            self._refuse("A worker could not start with this configuration, as the log says")
        elif all(worker.is_ready for worker in mine):
            names = changed(self.config, found.config)
            self.config, self._candidate = found.config, None
            self.generation += 1
            self._crew.replace(self.generation)
            self._answer(found.ticket, Outcome(True, " ".join(names)))
            return True
        elif time.monotonic() >= found.deadline:
            late = sum(not worker.is_ready for worker in mine)
            seconds = found.config.server.reload_timeout
            self._refuse(f"{late} of {found.number} new processes were not ready within {seconds:g} seconds")
        return False

    def _refuse(self, reason: str) -> None:
        found = self._candidate
        assert found is not None  # noqa: S101 - the caller has looked
        self._crew.give_up(self._crew.of(self.generation + 1))
        self._candidate = None
        self._answer(found.ticket, Outcome(False, f"{reason}; the old one stays."))

    def _answer(self, ticket: int, outcome: Outcome) -> None:
        if outcome.is_done:
            log.info("the configuration was read again; changed: %s", outcome.text or "nothing")
        else:
            log.error("the configuration is not taken: %s", outcome.text)
        self._bulletin.answer(ticket, outcome)
        if self._notice is not None:
            self._notice.answer(outcome)
