"""A turn is told of in three places: the head of its answer, its `persona` object, and its record."""

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from msgspec.structs import replace

from gateway import ids
from gateway.budgets.ledger import Purse
from gateway.config import Route
from gateway.drift.axes import AXES
from gateway.errors import Fault
from gateway.limits.bounds import NONE
from gateway.openai_api.ending import Ending
from gateway.personas.resolved import Resolved
from gateway.scoring.conversations import Scored
from gateway.telemetry.trace import Trace
from gateway.turns.amendment import amended
from gateway.turns.charging import charge
from gateway.turns.turn import Judgement, Turn, persona_json, unscored
from gateway.turns.usage import Usage, added
from gateway.upstreams.prices import Prices
from gateway.upstreams.routing import Trail

HEADERS = tuple((axis.name, axis.header.lower().encode()) for axis in AXES)
"""The header by which the head of a whole answer tells each axis."""
CUT = frozenset({"first_byte_timeout", "only_comments", "idle_timeout", "total_timeout", "shutdown"})
"""Words for turns that we have cut short while the upstream was at work."""
FINISH_CHARACTERS = 64
"""Characters of a finish reason that are recorded."""
ROUTES = 256
"""Routes whose header is remembered."""
Reckon = Callable[[], Usage | None]
"""Estimates the tokens of a turn; `None` stands for words of our own, which cost nothing."""


@lru_cache(ROUTES)
def _written(route: Route) -> bytes:
    return str(route).encode("ascii", "replace")


class Source(Protocol):
    """An answer that can say what its upstream reports of it."""

    @property
    def finish_reason(self) -> str | None: ...

    @property
    def usage(self) -> Usage | None: ...


class Account:
    """One turn while it goes on; times are `time.perf_counter()` seconds."""

    __slots__ = (
        "_attempts",
        "_is_scored",
        "answered",
        "bounds",
        "dropped",
        "lost",
        "overhead",
        "persona",
        "prompt_sha256",
        "purse",
        "started",
        "surface",
        "trace",
        "trail",
        "turn",
    )

    def __init__(self, turn: Turn, started: float, persona: Resolved | None, prompt_sha256: str) -> None:
        self.turn = turn
        self.trail = Trail(key=turn.key_id)
        self.started = started
        self.trace: Trace | None = None
        """The trace that the request is part of, where somebody traces."""
        self.surface = ""
        """Says in a word what was asked, such as `chat`."""
        self.overhead: float | None = None
        """Seconds that the gateway added before the head of the answer; `None` until then."""
        self.answered: float | None = None
        """The time at which an upstream had begun to answer."""
        self.lost: Usage | None = None
        """Tokens of tries that came to nothing, as upstreams counted them."""
        self.persona = persona
        """It is `None` for a plain model."""
        self.prompt_sha256 = prompt_sha256
        self.bounds = NONE
        """These limit the key that asks."""
        self.purse: Purse | None = None
        """The budgets that bind the request; `None` where there are none."""
        self.dropped: tuple[bytes, ...] = ()
        """The upstream was asked without these: the request's `tools`, or `items` of what was said before."""
        self._is_scored = False
        self._attempts = 0
        """Tries for answers that were held back."""

    def score(self, scored: Scored) -> None:
        """Take the score into the turn."""
        turn, self._is_scored = self.turn, True
        turn.drift, turn.coherence, turn.explain = scored.drift, scored.coherence, scored.explain

    def judge(self, found: Judgement) -> None:
        """Take a judgement into the turn, for which its answer has waited."""
        turn, after = self.turn, amended(self.turn, found)
        turn.drift, turn.coherence = after.drift, after.coherence
        turn.judge, turn.judged = after.judge, after.judged

    def withhold(self, source: Source | None, reckon: Reckon, prices: Prices) -> Turn:
        """Give the turn of an answer that is held back, with what it took, and begin the request's anew."""
        turn, withheld = self.turn, replace(self.turn, id=ids.new("msg"))
        trail, self.trail = (
            self.trail,
            Trail(key=self.trail.key, route=self.trail.route, began=self.trail.began),
        )
        self._attempts += trail.attempts
        other = Account(withheld, self.started, self.persona, self.prompt_sha256)
        other.trail, other.answered = trail, self.answered
        other.close(Ending("failed", Fault.ANSWER_WITHHELD.code), source, reckon, prices)
        turn.drift, turn.coherence, turn.explain = unscored("refusal"), None, None
        turn.judge, turn.judged = None, False
        turn.hold = None
        return withheld

    def headers(self) -> list[tuple[bytes, bytes]]:
        """List what the response's head says of the turn, as ASGI wants it."""
        trail = self.trail
        now = time.perf_counter()
        waited = (self.answered or now) - (trail.began or now)
        self.overhead = now - self.started - waited
        headers = [
            (b"x-persona-attempts", str(self._attempts + trail.attempts).encode()),
            (b"x-persona-overhead-ms", f"{self.overhead * 1000:.2f}".encode()),
        ]
        if self.turn.conversation_id is not None:
            headers.append((b"x-persona-conversation-id", self.turn.conversation_id.encode()))
        if trail.route is not None:
            headers.append((b"x-persona-upstream", _written(trail.route)))
        if self.dropped:
            headers.append((b"x-persona-dropped", b", ".join(self.dropped)))
        if self.persona is not None:
            headers.append((b"x-persona", self.persona.label.encode()))
            headers.append((b"x-persona-prompt-sha256", self.prompt_sha256.encode()))
        if self._is_scored and not self.turn.stream:
            drift = self.turn.drift
            headers.append((b"x-persona-verdict", drift.verdict.encode()))
            # Without a score there is no level, and with one there may be few.
            for name, header in HEADERS if drift.verdict != "unscored" else ():
                level = getattr(drift, name)
                if level is not None:
                    headers.append((header, str(level).encode()))
        return headers

    def persona_json(self) -> bytes:
        """Encode the `persona` object for the answer."""
        return persona_json(self.persona.identity_json, self.turn) if self.persona else b"null"

    def close(self, ended: Ending, source: Source | None, reckon: Reckon, prices: Prices) -> None:
        """Write down how the turn has ended, what the upstream said of its answer, and what that costs.

        `reckon` estimates the tokens, for an upstream that was sent something and does not count.
        """
        turn, trail, now = self.turn, self.trail, time.perf_counter()
        turn.status, turn.error = ended.status, ended.word
        if source is not None:
            said = source.finish_reason
            # An upstream may say anything, and PostgreSQL would not take all of it.
            turn.finish_reason = None if said is None else said[:FINISH_CHARACTERS].replace("\0", "")
        turn.attempts = trail.attempts
        turn.upstream = str(trail.route) if trail.route else None
        self._count(ended, source, reckon)
        charge(turn, prices, trail.route)
        turn.latency_ms = (now - self.started) * 1000
        if self.answered is not None:
            turn.first_byte_ms = (self.answered - self.started) * 1000

    def _count(self, ended: Ending, source: Source | None, reckon: Reckon) -> None:
        """Take the tokens from the upstream, or else estimate those that it will charge for all the same."""
        turn = self.turn
        if source is not None and source.usage is not None:
            turn.usage, turn.usage_source = source.usage, "upstream"
        elif self.trail.began is not None and (
            source is not None or ended.status == "cancelled" or ended.word in CUT
        ):
            found = reckon()
            if found is not None:
                turn.usage, turn.usage_source = found, "estimated"
        if self.lost is not None:
            turn.usage = added(turn.usage, self.lost) or turn.usage
            turn.usage_source = turn.usage_source or "upstream"
