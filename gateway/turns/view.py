"""The native API shows a turn like this."""

from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from gateway import clock
from gateway.drift import score
from gateway.drift.score import Signal
from gateway.turns.charging import is_unpriced
from gateway.turns.turn import Drift, Explain, Judgement, Status, Turn
from gateway.turns.usage import Source, Usage

By = Literal["key", "persona", "version", "upstream", "day", "hour"]


class TurnView(msgspec.Struct, frozen=True, kw_only=True):
    """Tells what was asked of whom and how it ended, but never what was said."""

    id: str
    request_id: str
    key: str
    conversation: str | None
    persona: str | None
    version: int | None
    model: str
    upstream: str | None
    stream: bool
    status: Status
    error: str | None
    attempts: int
    finish_reason: str | None
    usage: Usage
    usage_source: Source | None
    cost_usd: float | None
    unpriced: bool
    latency_ms: float
    first_byte_ms: float | None
    drift: Drift
    coherence: float | None
    judged: bool
    late: bool
    flagged: list[str]
    created_at: str


class TurnDetail(TurnView, frozen=True, kw_only=True):
    """A turn, why it got its score, and what a judge said of it, but never what was said."""

    explain: Explain | None
    judge: Judgement | None


class UsageView(msgspec.Struct, frozen=True):
    """The use of one key, persona, version, upstream, day or hour; `cost_usd` leaves `unpriced` turns out."""

    by: By
    value: str | None
    requests: int
    failed: int
    cancelled: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    cost_usd: float | None
    unpriced: int
    estimated: int
    cache_hit_rate: float | None


def show(turn: Turn, *, nameless: bool = False) -> TurnView:
    """Show a turn. A `nameless` one is for readers who may not know the persona's name: it shows the id."""
    version = "" if turn.version is None else f"@v{turn.version}"
    return TurnView(
        id=turn.id,
        request_id=turn.request_id,
        key=turn.key_id,
        conversation=turn.conversation_id,
        persona=turn.persona_id,
        version=turn.version,
        model=f"persona/{turn.persona_id}{version}" if nameless else turn.model,
        upstream=turn.upstream,
        stream=turn.stream,
        status=turn.status,
        error=turn.error,
        attempts=turn.attempts,
        finish_reason=turn.finish_reason,
        usage=turn.usage,
        usage_source=turn.usage_source,
        cost_usd=turn.cost_usd,
        unpriced=is_unpriced(turn),
        latency_ms=round(turn.latency_ms, 2),
        first_byte_ms=None if turn.first_byte_ms is None else round(turn.first_byte_ms, 2),
        drift=turn.drift,
        coherence=turn.coherence,
        judged=turn.judged,
        late=turn.late,
        flagged=(turn.flagged or "").split(),
        created_at=clock.iso(turn.created_at),
    )


def detail(turn: Turn, *, veiled: bool, nameless: bool = False) -> TurnDetail:
    """Show a turn in detail. A `veiled` one is for readers who may not read the persona.

    Its score is then explained by kinds alone.
    """
    explain, judge = turn.explain, turn.judge
    if veiled and explain is not None:
        choices = tuple(replace(each, signals=_veiled(each.signals)) for each in explain.choices)
        touched = tuple(dict.fromkeys(score.kind(basis) for basis in explain.touched))
        explain = replace(explain, signals=_veiled(explain.signals), choices=choices, touched=touched)
    if veiled and judge is not None:
        judge = replace(judge, contradicted_field=None, broken_rule=None)
    return TurnDetail(**msgspec.structs.asdict(show(turn, nameless=nameless)), explain=explain, judge=judge)


def _veiled(signals: tuple[Signal, ...]) -> tuple[Signal, ...]:
    """Leave out the names of fields and the numbers of examples."""
    return tuple(
        replace(one, basis=score.kind(one.basis) if one.basis else None, rule=None) for one in signals
    )


def record(turn: TurnView) -> dict[str, Any]:
    """Flatten a turn for listings in a terminal."""
    plain: dict[str, Any] = msgspec.to_builtins(turn)
    usage, drift = plain.pop("usage"), plain.pop("drift")
    return {**plain, **usage, "reason": None, **drift}


def show_usage(by: By, row: dict[str, Any]) -> UsageView:
    """Show the sums of one group, as the store has them."""
    value, asked = row["value"], row["prompt_tokens"]
    if isinstance(value, int):
        value = clock.iso(value)[:10] if by == "day" else clock.iso(value)
    rate = round(row["cached_tokens"] / asked, 4) if asked else None
    return UsageView(**{**row, "by": by, "value": value, "cache_hit_rate": rate})
