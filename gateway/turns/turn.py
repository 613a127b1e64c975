"""A turn holds what was asked of whom, how it ended, what it cost and how far it drifted."""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from gateway.drift.axes import Levels
from gateway.drift.rule import Severity
from gateway.drift.score import Signal
from gateway.turns.usage import Source, Usage

Status = Literal["completed", "failed", "cancelled"]
Verdict = Literal["warming-up", "in-character", "drifting", "out-of-character", "unscored"]
Reason = Literal["budget", "later", "empty", "structured", "tool_call", "refusal", "error", "disabled"]


class Drift(Levels, frozen=True, kw_only=True):
    """An answer is this far from the persona on each axis, and there is a word for it."""

    verdict: Verdict
    reason: Reason | UnsetType = UNSET
    """Says why a turn is `unscored`."""


def unscored(reason: Reason) -> Drift:
    return Drift(verdict="unscored", reason=reason)


UNSCORED = unscored("disabled")
GRAVITY: dict[Verdict, int] = {
    "unscored": 0,
    "in-character": 1,
    "warming-up": 2,
    "drifting": 3,
    "out-of-character": 4,
}


def gravity(drift: Drift) -> tuple[int, float]:
    """Say how far away an answer is, to compare it with others."""
    return GRAVITY[drift.verdict], drift.voice or 0.0


class ChoiceScore(msgspec.Struct, frozen=True):
    """The score of one of several answers."""

    index: int
    drift: Drift
    coherence: float | None
    values_basis: str | None
    signals: tuple[Signal, ...]


class Explain(msgspec.Struct, frozen=True):
    """Explains a turn's score by the answer that is furthest from the persona, and lists each one's score.

    Spans are offsets into an answer, whose text is not kept.
    """

    values_basis: str | None
    """Says what `values` was held against, such as `fields` or `earlier`; `None` means nothing."""
    signals: tuple[Signal, ...]
    choices: tuple[ChoiceScore, ...] = ()
    """Is empty where there is one answer."""
    touched: tuple[str, ...] = ()
    """Names the rules that are worth a look by somebody who understands what is said, as `basis` does."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """The opinion of the configured judge, another model, of an answer."""

    voice: float
    values: float | None
    rules: float | None = None
    coherence: float
    contradicted_field: str | None
    """A name such as `layers.family.children`, `prompt`, `examples[2]` or `turn[3]`."""
    broken_rule: str | None = None
    """A name such as `rules[2]`, or the id of a rule that was read from the prompt."""
    severity: Severity | None = None
    """The severity of the broken rule."""
    start: int | None
    """The passage that the judge quotes begins and ends this many characters into the answer."""
    end: int | None
    choice: int
    """The index of the answer."""
    model: str
    """`NAME/model`."""
    usage: Usage
    """Tokens that judging took."""
    cost_usd: float | None = None
    """The charge for judging; `None` where the judge's price is not configured."""
    at: str
    scored: Drift | None = None
    """The axes and verdict that the turn had before; `None` in a judgement that left its turn as it was."""


class Turn(msgspec.Struct, kw_only=True):
    """One row of the turns table, filled in as the turn goes on. Durations are in milliseconds."""

    id: str
    request_id: str
    workspace_id: str
    key_id: str
    model: str
    stream: bool
    created_at: int
    persona_id: str | None = None
    version_id: str | None = None
    version: int | None = None
    conversation_id: str | None = None
    upstream: str | None = None
    """`NAME/model` of the upstream that was asked last."""
    status: Status = "failed"
    error: str | None = None
    """A short word for what went wrong."""
    attempts: int = 0
    finish_reason: str | None = None
    usage: Usage = Usage()
    usage_source: Source | None = None
    """Says who counted the tokens; `None` where there are none."""
    cost_usd: float | None = None
    """The upstream's charge for the turn; `None` where nobody knows its price."""
    latency_ms: float = 0
    first_byte_ms: float | None = None
    drift: Drift = UNSCORED
    coherence: float | None = None
    explain: Explain | None = None
    judge: Judgement | None = None
    judged: bool = False
    """True where axes and verdict are a judge's."""
    late: bool = False
    """True where the score was found after the answer had gone out."""
    flagged: str | None = None
    """Moderation has flagged these, as `input:CATEGORY` and `output:CATEGORY` with spaces between."""
    hold: str | None = None
    """The name of what is set aside for the turn in budgets; it is not stored."""


def persona_json(identity_json: bytes, turn: Turn) -> bytes:
    """Encode the `persona` object that rides on the answer."""
    rest = {
        "turn": turn.id,
        "conversation": turn.conversation_id,
        "drift": turn.drift,
        "coherence": turn.coherence,
    }
    return b"{" + identity_json + b"," + msgspec.json.encode(rest)[1:]
