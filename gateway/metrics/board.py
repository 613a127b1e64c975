"""The board has a page of memory for each worker; its owner makes it before it forks them."""

import mmap
from collections.abc import Iterator

from gateway.metrics import figures
from gateway.metrics.sheet import Sheet

LIVE = 8
"""Bytes at the beginning of a page: whether somebody writes on it."""


WORKING, RETIRED = 1, 2
LAYOUTS = (figures.REQUESTS, figures.TURNS, figures.STATES, figures.LOOP, figures.LIMITS)


class Page:
    """One worker's counts. They go on where the last worker has left them that had the page."""

    def __init__(self, memory: memoryview) -> None:
        self._live = memory[:LIVE].cast("Q")
        at, sheets = LIVE, []
        for layout in LAYOUTS:
            sheets.append(Sheet(memory[at : at + layout.size], layout))
            at += layout.size
        self.requests, self.turns, self.states, self.loop, self.limits = sheets

    def own(self) -> None:
        """Become the one who writes."""
        for sheet in (self.requests, self.turns, self.states, self.loop, self.limits):
            sheet.own()
        for labels in self.states.known:
            if figures.STATE_FAMILIES[labels[0]].kind == "gauge":
                self.states.zero(labels)
        self._live[0] = WORKING

    def leave(self) -> None:
        """Note that nobody writes here any more; what was counted stays, what was so at a moment is over."""
        self._live[0] = 0

    def retire(self) -> None:
        """Note that whoever writes here takes no new callers."""
        self._live[0] = RETIRED

    @property
    def is_working(self) -> bool:
        """Tells whether whoever writes here takes callers."""
        return self._live[0] == WORKING

    @property
    def is_live(self) -> bool:
        return bool(self._live[0])


SIZE = LIVE + sum(layout.size for layout in LAYOUTS)


class Board:
    """Memory is taken from the system only for what was written on."""

    def __init__(self, pages: int) -> None:
        memory = memoryview(mmap.mmap(-1, SIZE * pages))
        self.pages = [Page(memory[at * SIZE : (at + 1) * SIZE]) for at in range(pages)]

    def __iter__(self) -> Iterator[Page]:
        return iter(self.pages)
