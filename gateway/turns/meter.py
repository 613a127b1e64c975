"""What a worker's requests and turns are is counted on its page, after the last byte of each."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple, Protocol

from gateway.metrics import figures
from gateway.metrics.board import Page
from gateway.turns.turn import Drift, Turn

PATHS = 256
"""Paths of which it is remembered what they are for."""
WAITING = 1000
"""Turns that may wait to be counted, until some are."""
SURFACES = (
    ("/v1/openai/chat", "chat"),
    ("/v1/openai/responses", "responses"),
    ("/v1/openai/conversations", "responses"),
    ("/v1/openai/embeddings", "embeddings"),
    ("/v1/openai/moderations", "moderations"),
    ("/v1/openai", "openai"),
    ("/v1/chat", "conversations"),
    ("/v1/ensembles", "ensembles"),
    ("/v1/", "api"),
    ("/api/", "projects"),
    ("/mcp", "mcp"),
    ("/health", "health"),
    ("/status", "health"),
)
"""Beginnings of paths, and what is there; anything else is the page."""
PAGE = "page"
UNSCORED = frozenset({"images"})
"""Surfaces whose turns are no answers, so that nobody scores them."""


class Head(Protocol):
    """Is told once the head of an answer goes out, which of a whole one is after its turn has ended."""

    overhead: float | None
    """Seconds that the gateway added before the answer began; `None` where none did."""


class Ended(NamedTuple):
    """A turn that has ended, as it is counted."""

    turn: Turn
    surface: str
    label: str
    """The persona's name with its version."""
    chunks: int
    head: Head | None
    """`None` where nothing of the turn reached the caller."""


class Meter:
    """Counts for one worker; what it counts outlives it."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._requests, self._turns = page.requests, page.turns
        self._ended: list[Ended] = []
        self._told: dict[tuple[str, str], float] = {}
        page.own()

    def take(self, ended: Ended) -> None:
        """Take a turn, which is counted soon after."""
        self._ended.append(ended)
        if len(self._ended) >= WAITING:
            self.count()

    def request(self, path: str, status: int | None, seconds: float, turn: Turn | None, label: str) -> None:
        """Count a request whose answer is over, and the turns that have ended."""
        of_turn = figures.NOWHERE if turn is None else (turn.workspace_id, label, turn.upstream or "")
        labels = (surface(path), "gone" if status is None else str(status), *of_turn)
        numbers, at = self._requests.numbers, self._requests.place(labels)
        numbers[at] += 1.0
        figures.REQUEST_SECONDS.add(numbers, at, seconds)
        if self._ended:
            self.count()

    def count(self) -> None:
        """Count the turns that have ended."""
        ended, self._ended = self._ended, []
        for one in ended:
            self._count(*one)

    def _count(self, turn: Turn, surface: str, label: str, chunks: int, head: Head | None) -> None:
        labels = (surface, turn.status, turn.workspace_id, label, turn.upstream or "")
        numbers, at = self._turns.numbers, self._turns.place(labels)
        usage, drift, cost = turn.usage, turn.drift, turn.cost_usd
        numbers[at] += 1.0
        if chunks:
            numbers[at + figures.CHUNKS] += chunks
        if usage.prompt_tokens:
            numbers[at + figures.PROMPT] += usage.prompt_tokens
        if usage.completion_tokens:
            numbers[at + figures.COMPLETION] += usage.completion_tokens
        if usage.cached_tokens:
            numbers[at + figures.CACHED] += usage.cached_tokens
        if usage.reasoning_tokens:
            numbers[at + figures.REASONING] += usage.reasoning_tokens
        if cost:
            numbers[at + figures.COST] += cost
        elif cost is None and turn.upstream is not None:
            numbers[at + figures.UNPRICED] += 1.0
        if turn.first_byte_ms is not None:
            figures.FIRST_BYTE.add(numbers, at, turn.first_byte_ms / 1000)
        if head is not None and head.overhead is not None:
            figures.OVERHEAD.add(numbers, at, head.overhead)
        if label and surface not in UNSCORED:
            self._drift(numbers, at, drift)

    def late(self, turn: Turn, label: str, drift: Drift) -> None:
        """Count the score of a turn that was counted without one."""
        labels = ("late", turn.status, turn.workspace_id, label, turn.upstream or "")
        self._drift(self._turns.numbers, self._turns.place(labels), drift)

    @staticmethod
    def _drift(numbers: "memoryview[float]", at: int, drift: Drift) -> None:
        numbers[at + figures.VERDICT_CELLS[drift.verdict]] += 1.0
        for name, histogram in figures.DRIFT:
            level = getattr(drift, name)
            if level is not None:
                histogram.add(numbers, at, level)

    def lag(self, seconds: float) -> None:
        """Count by how much the event loop was late."""
        loop = self._page.loop
        figures.LAG.add(loop.numbers, loop.place(("",)), seconds)

    def use(self, bucket: str, subject: str, part: float) -> None:
        """Count which part of a limit of a workspace or key is gone."""
        sheet = self._page.limits
        at = sheet.place((bucket, subject))
        sheet.numbers[at] += 1.0
        figures.LIMIT_USE.add(sheet.numbers, at, part)

    def tell(self, states: Mapping[tuple[str, str], float]) -> None:
        """Write down what is so now, by family and name; of counters, what has come since the last time."""
        self.count()
        sheet = self._page.states
        for labels, value in states.items():
            at = sheet.place(labels)
            if figures.STATE_FAMILIES[labels[0]].kind == "gauge":
                sheet.numbers[at] = value
            else:
                sheet.numbers[at] += value - self._told.get(labels, 0.0)
                self._told[labels] = value


@lru_cache(PATHS)
def surface(path: str) -> str:
    """Say in a word what is at the path."""
    return next((word for beginning, word in SURFACES if path.startswith(beginning)), PAGE)
