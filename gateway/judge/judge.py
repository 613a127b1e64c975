"""The judge is optional: another model gives a second opinion on some answers once they are out."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from gateway.budgets.ledger import Ledger
from gateway.cache import Cache
from gateway.config import Config
from gateway.errors import Refusal
from gateway.judge.case import SUSPICIOUS, Case, Counts, furthest, lot_of
from gateway.judge.court import Court, OverBudgetError
from gateway.judge.docket import Docket, Rank
from gateway.judge.judgement import DiscardedError
from gateway.judge.stakes import RISKY, Ground, Stakes
from gateway.personas.resolved import Resolved
from gateway.scoring import transcript
from gateway.scoring.job import Job
from gateway.scoring.transcript import Said
from gateway.turns.turn import Judgement, Turn

HELD_BYTES = 64 * 1024 * 1024
"""Bytes of the requests whose answers wait; one that does not fit is dropped."""
VERSIONS = 64
"""Versions that are kept ready for weighing their turns."""
ASKED = 1000
"""Turns that are remembered, since they were judged before they went out and need not be again."""
STEPS = 4
"""Stakes that differ by less than one of so many steps count as the same: then the cheaper one is first."""
log = logging.getLogger("gateway.judge")


class Judge:
    """Judges answers of one worker: the risky ones first, then those that look suspicious and a sample."""

    def __init__(self, settings: Config, amend: Callable[[Job, Judgement], bool], ledger: Ledger) -> None:
        """The configuration must name the judge's upstream.

        `amend` takes a judgement of a recorded turn, or gives false where it cannot be kept.
        """
        self.counts = Counts()
        self._settings = settings.drift.judge
        self._court = Court(settings, ledger)
        self._amend = amend
        self._arrived: deque[Case] = deque()
        self._waiting: Docket[Case] = Docket(self._settings.queue)
        self._some = asyncio.Event()
        self._held = 0
        self._asked: Cache[str, bool] = Cache(ASKED)
        self._grounds: Cache[tuple[str, str], Ground] = Cache(VERSIONS)

    @property
    def holds_back(self) -> bool:
        """Tell whether risky answers are judged before they go out."""
        return self._settings.before_send == "risky"

    @property
    def seconds(self) -> float:
        """Return the time that one judgement may take."""
        return self._settings.timeout

    def wants(self, turn: Turn) -> bool:
        """Tell whether an answer may have to be judged: always the same for the same turn."""
        verdict, lot = turn.drift.verdict, lot_of(turn.id)
        if turn.status != "completed" or turn.persona_id is None or verdict == "unscored" or turn.judged:
            return False
        if turn.id in self._asked:
            return False
        return verdict in SUSPICIOUS or lot < self._settings.sample or lot < self._settings.risk

    def offer(self, turn: Turn, job: Job) -> None:
        """Have a turn judged that got its score late, if it may have to be."""
        if self.wants(turn):
            self.take(turn, job.persona, job.messages, job.size, job.said)

    def take(
        self,
        turn: Turn,
        persona: Resolved,
        messages: Sequence[msgspec.Raw],
        size: int,
        said: Sequence[Said],
    ) -> None:
        """Have the turn's answer judged later, of several the one that is furthest away; never waits.

        The turn must have been recorded. `size` is that of the request in bytes.
        """
        chosen = furthest(turn, said)
        if chosen is None:
            return
        size += len(chosen.text)
        if len(self._arrived) >= self._settings.queue or self._held + size > HELD_BYTES:
            self.counts.dropped += 1
            return
        self._held += size
        self._arrived.append(Case(turn, persona, messages, size, chosen))
        self._some.set()

    async def before_send(
        self,
        turn: Turn,
        persona: Resolved,
        messages: Sequence[msgspec.Raw],
        size: int,
        said: Sequence[Said],
    ) -> Judgement | None:
        """Judge an answer that waits for it to go out; `None` where it is not risky or nobody can tell.

        An answer is not held back for want of a judge or of a budget.
        """
        chosen = furthest(turn, said)
        # Data is never in a persona's voice, and an app that asked for it can do nothing with other words.
        if chosen is None or turn.drift.reason == "structured":
            return None
        case = Case(turn, persona, messages, size, chosen)
        found = await self._tried(case, await self._weighed(case), needs_risk=True)
        if found is not None:
            self.counts.judged += 1
        return found

    async def run(self) -> None:
        """Work until cancelled; what waits then is forgotten."""
        await asyncio.gather(self._sort(), *(self._work() for _ in range(self._settings.concurrency)))

    async def close(self) -> None:
        await self._court.close()

    async def _sort(self) -> None:
        """Weigh the answers that come in, and put those that are to be judged where they belong."""
        while True:
            while self._arrived:
                case = self._arrived.popleft()
                rank = self._rank(case, await self._weighed(case))
                dropped = await self._waiting.put(rank, case) if rank is not None else case
                if dropped is not None:
                    self._held -= dropped.size
                    self.counts.dropped += rank is not None
            self._some.clear()
            await self._some.wait()

    def _rank(self, case: Case, stakes: Stakes) -> Rank | None:
        """Give the place of an answer among those that wait; `None` where it need not be judged."""
        lot, level = lot_of(case.turn.id), -round(stakes.level * STEPS)
        if stakes.is_risky and lot < self._settings.risk:
            # The scorer has not seen what may be there, so a judge tells more of these.
            return Rank(1 if case.is_suspicious else 0, level, case.size, stakes)
        if case.is_suspicious:
            return Rank(2, level, case.size, stakes)
        return Rank(3, level, case.size, stakes) if lot < self._settings.sample else None

    async def _work(self) -> None:
        while True:
            rank, case = await self._waiting.take()
            found = await self._tried(case, rank.stakes)
            self._held -= case.size
            if found is not None:
                is_kept = self._amend(case.job(), found)
                self.counts.judged += is_kept
                self.counts.dropped += not is_kept

    async def _tried(self, case: Case, stakes: Stakes, *, needs_risk: bool = False) -> Judgement | None:
        """Judge the answer if that is affordable; `None` where there is no judgement that is believed."""
        is_risky = stakes.is_risky
        if needs_risk:
            # What has missed its score nobody has looked at yet.
            is_risky = is_risky or case.is_suspicious or case.turn.drift.verdict == "unscored"
            if not is_risky:
                return None
            self._asked.keep(case.turn.id, True)
        try:
            signals = case.turn.explain.signals if case.turn.explain is not None else ()
            bases = [*case.touched, *stakes.facts, *[one.basis for one in signals if one.basis]]
            character, said = case.persona.character, case.said
            workspace_id, messages = case.turn.workspace_id, case.messages
            return await self._court.judge(workspace_id, character, messages, said, bases, is_risky=is_risky)
        except DiscardedError as error:
            self.counts.discarded += 1
            log.info("the judgement of turn %s is discarded: %s", case.turn.id, error)
        except OverBudgetError:
            self.counts.over_budget += 1
        except Refusal as refusal:
            self.counts.over_budget += 1
            log.info("turn %s is not judged: %s", case.turn.id, refusal.fault.code)
        except Exception as error:  # noqa: BLE001 - nothing else depends on a judgement
            self.counts.failed += 1
            # Its message may quote what was said.
            log.warning("turn %s cannot be judged: %s", case.turn.id, type(error).__name__)
        return None

    async def _weighed(self, case: Case) -> Stakes:
        try:
            return await asyncio.to_thread(self._weigh, case)
        except Exception as error:  # noqa: BLE001 - a text that cannot be weighed is judged by its verdict
            log.warning("turn %s cannot be weighed: %s", case.turn.id, type(error).__name__)
            return Stakes(RISKY if case.touched else 0.0, ())

    def _weigh(self, case: Case) -> Stakes:
        """Run in a thread."""
        key = case.persona.version_id, case.persona.display_name
        ground = self._grounds.recall(key)
        if ground is None:
            ground = Ground(case.persona.character)
            self._grounds.keep(key, ground)
        conversation = transcript.read(case.messages, 0)
        return ground.weigh(conversation, case.said.text, case.touched, case.turn.drift.rules)
