"""A child process that has died is started again, at once or after a pause."""

AT_ONCE = 3
"""Deaths in a row that cost no pause."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds before the start after the next death, which are doubled with each further one."""
STEADY_SECONDS = 60.0
"""A child that has lived this long does not keep dying: its next death counts as a first one again."""

RESTED = 76
"""The exit code of a child that has had nothing to do for a while; its successor starts at once."""


class Restarts:
    """Counts the pauses between the lives of one child: none at first, then longer and longer ones."""

    def __init__(self) -> None:
        self._deaths = 0

    def pause(self, lived: float) -> float:
        """Return the seconds to wait after a life of `lived` seconds."""
        self._deaths = 1 if lived > STEADY_SECONDS else self._deaths + 1
        beyond = self._deaths - AT_ONCE
        return min(FIRST_PAUSE * 2.0 ** min(beyond - 1, 20), LONGEST_PAUSE) if beyond > 0 else 0.0
