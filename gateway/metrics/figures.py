"""Sheets have columns in which is counted, and families of numbers tell what was."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Literal, NamedTuple

from gateway.drift.axes import AXES
from gateway.metrics.sheet import Layout

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
SHORT_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
"""Bounds for what the gateway itself adds, and for what its event loop is late by."""
LEVELS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
VERDICTS = ("unscored", "in-character", "warming-up", "drifting", "out-of-character")
REQUESTS_ROOM = 256
TURNS_ROOM = 512
"""Label sets of requests, and of turns, that each worker keeps apart."""
STATES_ROOM = 256
LIMITS_ROOM = 128
"""Limits, each of a bucket of one workspace or key, that each worker keeps apart."""
PARTS = (0.1, 0.25, 0.5, 0.75, 0.9, 0.999)
"""Bounds for the part of a limit that is gone; beyond the last one, all of it is."""

Kind = Literal["counter", "gauge", "histogram"]


class Histogram(NamedTuple):
    """Cells of a histogram: one for each bound and one for what is beyond them, and the sum."""

    at: int
    bounds: tuple[float, ...]

    @property
    def end(self) -> int:
        return self.at + len(self.bounds) + 2

    def add(self, numbers: "memoryview[float]", record: int, value: float) -> None:
        """Count one value."""
        first = record + self.at
        numbers[first + bisect_left(self.bounds, value)] += 1.0
        numbers[first + len(self.bounds) + 1] += value


class Family(NamedTuple):
    """Numbers of one name, as they are told."""

    name: str
    kind: Kind
    text: str
    labels: tuple[str, ...]
    """It is kept apart by these of the sheet's labels."""
    cell: int | Histogram
    fixed: tuple[tuple[str, str], ...] = ()
    """Labels that this cell has by itself."""


LABELS = ("surface", "status", "workspace", "label", "upstream")
"""The labels of requests and turns; `label` is a persona's name with its version."""
NOWHERE = "", "", ""
"""The last three of a request that is no turn."""
REQUEST_COUNT = 0
REQUEST_SECONDS = Histogram(1, SECONDS)
REQUESTS = Layout(REQUEST_SECONDS.end, REQUESTS_ROOM)

TURN_COUNT, CHUNKS, PROMPT, COMPLETION, CACHED, REASONING, COST, UNPRICED = range(8)
FIRST_VERDICT = 8
VERDICT_CELLS = {word: FIRST_VERDICT + at for at, word in enumerate(VERDICTS)}
FIRST_BYTE = Histogram(FIRST_VERDICT + len(VERDICTS), SECONDS)
OVERHEAD = Histogram(FIRST_BYTE.end, SHORT_SECONDS)


def _axes() -> tuple[tuple[str, Histogram], ...]:
    found, at = [], OVERHEAD.end
    for axis in AXES:
        histogram = Histogram(at, LEVELS)
        found.append((axis.name, histogram))
        at = histogram.end
    return tuple(found)


DRIFT = _axes()
TURNS = Layout(DRIFT[-1][1].end, TURNS_ROOM)

STATES = Layout(1, STATES_ROOM)
LAG = Histogram(0, SHORT_SECONDS)
LOOP = Layout(LAG.end, 1)
LIMIT_USE = Histogram(1, PARTS)
LIMITS = Layout(LIMIT_USE.end, LIMITS_ROOM)

_WHOLE = ("surface", "status", "workspace", "persona", "version", "upstream")
_OF_VERSION = ("workspace", "persona", "version")
_OF_UPSTREAM = ("surface", "upstream")


def _request_families() -> list[Family]:
    return [
        Family(
            "persona_requests_total",
            "counter",
            "Requests that have ended, by HTTP status; `gone`: the caller left before anything went out.",
            _WHOLE,
            REQUEST_COUNT,
        ),
        Family(
            "persona_request_duration_seconds",
            "histogram",
            "Seconds from a request's head to the last byte of its answer.",
            _OF_UPSTREAM,
            REQUEST_SECONDS,
        ),
    ]


def _turn_families() -> list[Family]:
    tokens = "Tokens; cached ones are among those of the prompt, and reasoning among those of the answer."
    kinds = (("prompt", PROMPT), ("completion", COMPLETION), ("cached", CACHED), ("reasoning", REASONING))
    verdicts = "Verdicts with which turns ended; `unscored` ones may get theirs later."
    upstream, version = (*_OF_VERSION, "upstream"), _OF_VERSION
    return [
        Family("persona_turns_total", "counter", "Turns that have ended.", _WHOLE, TURN_COUNT),
        Family("persona_chunks_total", "counter", "Chunks of streams.", _OF_UPSTREAM, CHUNKS),
        *(
            Family("persona_tokens_total", "counter", tokens, upstream, cell, (("kind", kind),))
            for kind, cell in kinds
        ),
        Family("persona_cost_usd_total", "counter", "US dollars that turns cost.", upstream, COST),
        Family(
            "persona_unpriced_turns_total", "counter", "Turns whose price nobody knows.", upstream, UNPRICED
        ),
        *(
            Family("persona_verdicts_total", "counter", verdicts, version, cell, (("verdict", word),))
            for word, cell in VERDICT_CELLS.items()
        ),
        Family(
            "persona_first_byte_seconds",
            "histogram",
            "Seconds until an upstream had begun to answer.",
            _OF_UPSTREAM,
            FIRST_BYTE,
        ),
        Family(
            "persona_overhead_seconds",
            "histogram",
            "Seconds that the gateway added before an answer began.",
            ("surface",),
            OVERHEAD,
        ),
        *(
            Family(
                "persona_drift",
                "histogram",
                "How far answers were from their persona, 0 (in character) to 1.",
                version,
                histogram,
                (("axis", axis),),
            )
            for axis, histogram in DRIFT
        ),
    ]


REQUEST_FAMILIES = _request_families()
TURN_FAMILIES = _turn_families()
LAG_FAMILY = Family(
    "persona_event_loop_lag_seconds", "histogram", "Seconds by which a worker's event loop was late.", (), LAG
)


LIMIT_FAMILY = Family(
    "persona_limit_use",
    "histogram",
    "The part of a limit that was gone once a request was counted, 0 to 1.",
    ("bucket", "subject"),
    LIMIT_USE,
)


class State(NamedTuple):
    """A number that a worker tells of itself now and then; a counter is told by what was added."""

    name: str
    kind: Kind
    text: str
    label: str = ""
    """The label that its name in the sheet becomes."""


STATE_FAMILIES = {
    state.name: state
    for state in (
        State("persona_turns_queued", "gauge", "Turns that wait to be written to the store."),
        State("persona_turns_dropped_total", "counter", "Turns that no row could be written for."),
        State("persona_log_lines_dropped_total", "counter", "Lines of the log that nobody took in time."),
        State(
            "persona_scores_late_total", "counter", "Scores that were found after the answer had gone out."
        ),
        State("persona_scores_dropped_total", "counter", "Answers that stay without a score."),
        State("persona_scores_waiting", "gauge", "Answers that wait for a late score."),
        State("persona_judge_answers_total", "counter", "Answers that were to be judged.", "outcome"),
        State("persona_breakers_open", "gauge", "Models of an upstream that are left alone.", "upstream"),
        State("persona_upstream_waiting", "gauge", "Calls that wait for a place at an upstream.", "upstream"),
        State("persona_upstream_calls", "gauge", "Calls of an upstream in the last minute.", "upstream"),
        State(
            "persona_upstream_failing", "gauge", "Failed calls of an upstream in the last minute.", "upstream"
        ),
        State("persona_limit_refusals_total", "counter", "Requests that a limit has refused.", "bucket"),
        State("persona_budget_refusals_total", "counter", "Calls that a budget had no room for."),
        State("persona_answers_open", "gauge", "Answers that are going on.", "surface"),
        State("persona_connections_open", "gauge", "Callers' connections."),
        State("persona_worker_degraded", "gauge", "1 for each worker of which a part is degraded.", "part"),
    )
}


def pick(labels: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Choose from the labels of a sheet those of a family."""
    if len(labels) != len(LABELS):
        # The other sheets have just the labels of their one family.
        return tuple(labels[: len(wanted)])
    persona, _, version = labels[3].rpartition("@") if "@" in labels[3] else (labels[3], "", "")
    named = dict(zip(LABELS, labels, strict=True), persona=persona, version=version)
    return tuple(named[name] for name in wanted)
