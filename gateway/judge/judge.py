"""The judge is optional: another model gives a second opinion on some answers once they are out."""

import asyncio
import hashlib
import logging
from collections.abc import Sequence

import msgspec

from gateway import clock, config
from gateway.config import Config
from gateway.drift.character import Character
from gateway.judge import judgement
from gateway.judge.brief import INSTRUCTIONS, Brief, brief
from gateway.judge.judgement import DiscardedError, Finding
from gateway.personas.resolved import Resolved
from gateway.scoring.transcript import Said
from gateway.turns.recorder import Recorder
from gateway.turns.turn import Judgement, Turn, Usage
from gateway.upstreams.structured import Reply, Structured

SUSPICIOUS = frozenset({"drifting", "out-of-character"})
HELD_BYTES = 64 * 1024 * 1024
"""Bytes of the requests whose answers wait; one that does not fit is dropped."""

log = logging.getLogger("gateway.judge")


class Case(msgspec.Struct, frozen=True):
    """An answer that waits to be judged."""

    turn_id: str
    character: Character
    messages: Sequence[msgspec.Raw]
    size: int
    """Bytes that the case holds in memory."""
    said: Said
    bases: tuple[str, ...]
    """The score of the answer rests on these."""


class Counts(msgspec.Struct):
    """Counts what has become of answers that were to be judged."""

    judged: int = 0
    discarded: int = 0
    failed: int = 0
    dropped: int = 0


class Judge:
    """Judges answers of one worker: a sample of them, and all that look suspicious."""

    def __init__(self, settings: Config, recorder: Recorder) -> None:
        """The configuration must name the judge's upstream."""
        self.counts = Counts()
        self._settings = settings.drift.judge
        self._route = config.route(settings, self._settings.upstream or "")
        self._model = Structured(
            settings.upstreams[self._route.upstream],
            self._route.model,
            judgement.SCHEMA,
            self._settings.timeout,
        )
        self._recorder = recorder
        self._waiting: asyncio.Queue[Case] = asyncio.Queue(self._settings.queue)
        self._held = 0

    def wants(self, turn: Turn) -> bool:
        """Tell whether an answer is to be judged, which is always the same for the same turn."""
        verdict = turn.drift.verdict
        if turn.status != "completed" or turn.persona_id is None or verdict == "unscored":
            return False
        return verdict in SUSPICIOUS or _lot(turn.id) < self._settings.sample

    def take(
        self,
        turn: Turn,
        persona: Resolved,
        messages: Sequence[msgspec.Raw],
        size: int,
        said: Sequence[Said],
    ) -> None:
        """Have the turn's answer judged later, or of several answers the one furthest away; never waits.

        The turn must have been recorded. `size` is that of the request in bytes.
        """
        chosen = _furthest(turn, said)
        if chosen is None:
            return
        size += len(chosen.text)
        if self._waiting.full() or self._held + size > HELD_BYTES:
            self.counts.dropped += 1
            return
        explain = turn.explain
        bases = (*explain.touched, *[one.basis for one in explain.signals if one.basis]) if explain else ()
        self._held += size
        self._waiting.put_nowait(Case(turn.id, persona.character, messages, size, chosen, bases))

    async def run(self) -> None:
        """Judge until cancelled; the answers that wait then are forgotten."""
        await asyncio.gather(*(self._work() for _ in range(self._settings.concurrency)))

    async def close(self) -> None:
        await self._model.close()

    async def _work(self) -> None:
        while True:
            case = await self._waiting.get()
            try:
                await self._judge(case)
            except DiscardedError as error:
                self.counts.discarded += 1
                log.info("the judgement of turn %s is discarded: %s", case.turn_id, error)
            except Exception as error:  # noqa: BLE001 - nothing else depends on a judgement
                self.counts.failed += 1
                # The error's message may quote what was said.
                log.warning("turn %s cannot be judged: %s", case.turn_id, type(error).__name__)
            finally:
                self._held -= case.size

    async def _judge(self, case: Case) -> None:
        """Raises DiscardedError, and any error that asking the judge may end in."""
        asked = await asyncio.to_thread(brief, case.character, case.messages, case.said.text, case.bases)
        async with asyncio.timeout(self._settings.timeout):
            reply = await self._model.ask(INSTRUCTIONS, asked.question)
        found = judgement.weigh(reply.text, asked.answer, asked.offered, asked.rules)
        if self._recorder.amend(case.turn_id, self._judgement(case, asked, found, reply)):
            self.counts.judged += 1
        else:
            self.counts.dropped += 1

    def _judgement(self, case: Case, asked: Brief, found: Finding, reply: Reply) -> Judgement:
        opinion = found.opinion
        return Judgement(
            voice=opinion.voice,
            values=opinion.values,
            rules=opinion.rules,
            coherence=opinion.coherence,
            contradicted_field=opinion.contradicted_field,
            broken_rule=opinion.broken_rule,
            severity=asked.rules.get(opinion.broken_rule or ""),
            start=found.start,
            end=found.end,
            choice=case.said.index,
            model=str(self._route),
            usage=_usage(reply.usage),
            at=clock.iso(clock.now_ms()),
        )


def _furthest(turn: Turn, said: Sequence[Said]) -> Said | None:
    """Find the choice that the turn's score belongs to."""
    choices = turn.explain.choices if turn.explain else ()
    indexes = [each.index for each in choices if each.drift == turn.drift] or [each.index for each in said]
    spoken = (each for each in said if each.index == indexes[0] and each.nothing is None)
    return next(spoken, None) if indexes else None


def _lot(turn_id: str) -> float:
    """Draw a number from 0 to just below 1, always the same one for a turn."""
    return int.from_bytes(hashlib.sha256(turn_id.encode()).digest()[:6], "big") / 2**48


def _usage(raw: msgspec.Raw) -> Usage:
    try:
        return msgspec.json.decode(raw, type=Usage | None) or Usage()
    except (msgspec.DecodeError, RecursionError):
        return Usage()
