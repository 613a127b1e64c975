"""The fuzz takes place here: a gateway process, the scripted upstream behind it, lanes of cases through
both."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from hypothesis import HealthCheck, Phase, settings

from tests.fakes.process import PATIENT, Gateway
from tests.fakes.upstream import ScriptedUpstream, Seen
from tests.fakes.upstream_model import answer
from tests.fakes.upstream_scripts import Script
from tests.fuzz import rules
from tests.fuzz.case import DEFAULTS, FORBIDDEN, PROMPT_MARK, UPSTREAM_KEY, Case, Maker
from tests.fuzz.chats import TAG
from tests.fuzz.line import STATUS, BrokenAnswerError, BrokenLineError, Lane, Reply

LANES = 8
"""Cases that are on their way at the same time."""
BATCH = 2 * LANES
"""Cases in one example of hypothesis."""
PATIENCE = 0.05
"""Seconds that bytes which are no request may remain without an answer."""
PIECE_SECONDS = 0.002
"""Seconds between two pieces of a request that is cut; no test waits for it."""
ROOT = Path(__file__).parents[2]
MOST_MEMORY = 400 << 20
"""Bytes that a worker may hold at any time."""
MOST_GROWTH = 120 << 20
"""Bytes that a worker may hold more at the end than after its first thousand cases."""
WARM = 1000
SHOWN = 4000
SECOND_MODEL = "second-model"
"""The model of the second upstream, which is always well."""

CONFIG = """
[upstreams.main]
base_url = "{base_url}"
api_key = "{key}"
default_model = "scripted"
models = ["plain-model"]
timeouts = {{ connect = 5, first_byte = 5, idle = 5, total = 10 }}

[upstreams.second]
base_url = "{base_url}"
api_key = "{key}"
default_model = "second-model"

[embeddings]
upstream = "main"

[chat]
upstreams = ["main"]
retries = 0

[log]
level = "debug"
"""


def fuzz_settings(examples: int, *, derandomize: bool = False) -> settings:
    """Make settings that shrink and keep nothing, since a failure is told with its very bytes."""
    return settings(
        max_examples=examples,
        derandomize=derandomize,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


class FuzzedGateway(Gateway):
    module = "tests.fuzz.serve"


class Rig:
    """Runs cases and holds every answer against the rules."""

    def __init__(self, gateway: Gateway, upstream: ScriptedUpstream) -> None:
        self.gateway = gateway
        self.upstream = upstream
        self.key = gateway.key
        """This key may do everything; only requests that stay what they are get it."""
        self.small_key = gateway.cli(
            "keys", "create", "--scope", "chat:invoke", "--scope", "personas:read"
        ).strip()
        self.cases = 0
        self.unanswered = 0
        self.statuses: dict[int, int] = {}
        self._scripts: dict[str, Script] = {}
        self._seen: dict[str, Seen] = {}
        self._secrets = (PROMPT_MARK, UPSTREAM_KEY, FORBIDDEN, self.key, self.small_key)
        place = urlsplit(gateway.root)
        self._lanes = [Lane((str(place.hostname), place.port or 0)) for _ in range(LANES)]
        self._workers = workers(gateway.pid)
        self._warm: int | None = None

    def run(self, make: Maker, chances: Sequence[Random], *, is_harmless: bool = True) -> None:
        """Make cases, send some at a time, and check each answer. Raises AssertionError."""
        key = self.key if is_harmless else self.small_key
        # What is drawn must not depend on what was drawn before, so the tags start again.
        cases = [make(chance, key, f"case-{at:02}") for at, chance in enumerate(chances)]
        for at in range(0, len(cases), LANES):
            self._side_by_side(cases[at : at + LANES])
        if self.cases >= WARM and self._warm is None:
            self._warm = self.memory()

    def check_end(self) -> None:
        """Check what must hold after any number of cases. Raises AssertionError."""
        assert workers(self.gateway.pid) == self._workers, "a worker has died"
        errors = self.gateway.errors()
        assert "Traceback" not in errors, errors[-SHOWN:]
        for secret in self._secrets:
            assert secret not in errors, f"{secret} is in the log"
        assert not self.upstream.failures, self.upstream.failures
        memory = self.memory()
        assert memory <= MOST_MEMORY, f"a worker holds {memory >> 20} MiB"
        assert memory - (self._warm or memory) <= MOST_GROWTH, f"it grew from {self._warm} to {memory} bytes"

    def memory(self) -> int:
        """Return the bytes that the largest worker holds; 0 where the system does not tell."""
        return max((resident(pid) for pid in self._workers), default=0)

    def close(self) -> None:
        for lane in self._lanes:
            lane.close()

    def _side_by_side(self, cases: Sequence[Case]) -> None:
        # Between two rounds no request is on its way, so what the upstream remembers may go.
        if self.upstream.failures:
            self.check_end()
        self.upstream.reset()
        self.upstream.always(self._choose)
        self._seen.clear()
        self._scripts = {case.tag: case.script for case in cases if case.tag and case.script}
        began = time.monotonic()
        for lane, case in zip(self._lanes, cases, strict=False):
            if not case.is_http:
                lane.close()
            lane.send(case.data[: (*case.cuts, len(case.data))[0]])
        # One piece of each at a time, so that the gateway reads the one before it alone.
        cut = [(lane, case) for lane, case in zip(self._lanes, cases, strict=False) if case.cuts]
        for number in range(max((len(case.cuts) for _, case in cut), default=0)):
            time.sleep(PIECE_SECONDS)
            for lane, case in cut:
                for start, end in list(pairwise([*case.cuts, len(case.data)]))[number : number + 1]:
                    lane.send(case.data[start:end])
        for lane, case in zip(self._lanes, cases, strict=False):
            self.cases += 1
            try:
                self._finish(lane, case, began)
            except (AssertionError, BrokenAnswerError, BrokenLineError, ValueError) as error:
                self.close()  # answers of the other cases may be on their way
                raise AssertionError(self._tell(case, error)) from error

    def _finish(self, lane: Lane, case: Case, began: float) -> None:
        if case.hidden is not None:
            self._finish_hidden(lane, case, began)
            return
        if not case.is_http:
            self._finish_bytes(lane, case, began)
            return
        for _ in range(case.answers):
            reply = self._answer(lane, case)
            if reply.status == 503 and case.script and case.tag not in self._seen:
                # The upstream ended an idle connection at this very moment, and retries are switched off.
                lane.send(case.data)
                reply = self._answer(lane, case)
            self._check(case, reply)
            if reply.value("connection").lower() == "close":
                break

    def _answer(self, lane: Lane, case: Case) -> Reply:
        bodiless = case.method == "HEAD"
        try:
            return lane.reply(bodiless=bodiless)
        except BrokenLineError:
            if lane.is_fresh:
                raise
            # A connection that was kept may end at any time; a new one must not.
            lane.send(case.data)
            return lane.reply(bodiless=bodiless)

    def _finish_bytes(self, lane: Lane, case: Case, began: float) -> None:
        """Finish bytes that need no answer; whatever comes must be one all the same."""
        try:
            if not lane.wait(max(0.001, began + PATIENCE - time.monotonic())):
                raise BrokenLineError
            is_head = case.method == "HEAD"
            reply = lane.reply(bodiless=is_head, may_end_it=True, patience=PATIENCE)
        except BrokenLineError:
            self.unanswered += 1
        else:
            self._check(case, reply)
        lane.close()

    def _finish_hidden(self, lane: Lane, case: Case, began: float) -> None:
        """Check that whatever comes, none of it answers the request that is hidden in this one."""
        received = lane.gather(max(0.001, began + PATIENCE - time.monotonic()))
        lane.close()
        assert case.hidden
        assert case.hidden.encode() not in received, f"a request within a body was answered: {received!r}"
        for status in STATUS.findall(received):
            self.statuses[int(status)] = self.statuses.get(int(status), 0) + 1
            assert int(status) < 500, received

    def _check(self, case: Case, reply: Reply) -> None:
        self.statuses[reply.status] = self.statuses.get(reply.status, 0) + 1
        try:
            rules.check(case, reply, self._secrets)
            if case.rule is not None:
                case.rule(reply, self._seen.get(case.tag or ""))
        except (AssertionError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise AssertionError(
                f"{error!r}\n--- answer: {reply.status} {reply.headers}\n{reply.body[:SHOWN]!r}"
            ) from error

    def _choose(self, seen: Seen) -> Script:
        tag = seen.json.get(TAG) if isinstance(seen.json, dict) else None
        if isinstance(tag, str):
            self._seen[tag] = seen
            if script := self._scripts.get(tag):
                if seen.model == SECOND_MODEL:
                    return answer(seen.method, seen.path, seen.json)
                return script
        return answer(seen.method, seen.path, seen.json)

    def _tell(self, case: Case, error: Exception) -> str:
        script = (
            b"".join(step for step in case.script.steps if isinstance(step, bytes)) if case.script else b""
        )
        told = f"{error}\n--- request: {case.data[:SHOWN]!r}\n--- upstream: {script[:SHOWN]!r}"
        return f"{told}\n--- log: {self.gateway.errors()[-SHOWN:]}"


@contextmanager
def opened(folder: Path) -> Iterator[Rig]:
    """Open a rig of its own, and check it once more at its end."""
    with ScriptedUpstream() as upstream:
        # What waits for less is let go where the machine is busy, and the rules would not know it again.
        config = CONFIG.format(base_url=upstream.base_url, key=UPSTREAM_KEY) + PATIENT
        gateway = FuzzedGateway(folder, config, PYTHONPATH=str(ROOT)).start()
        try:
            prompt = f"You are Ada, and your ledger is {PROMPT_MARK}. {{x}} $y"
            gateway.push(slug="fuzzed", prompt=prompt, defaults=DEFAULTS)
            gateway.cli("personas", "label", "fuzzed@v1", "staging")
            gateway.push(slug="locked", prompt=prompt, overlay="locked", allow=[TAG])
            gateway.push(slug="replaced", prompt=prompt, overlay="replace")
            gateway.push(slug="doubled", prompt=prompt, upstreams=["main", "second"])
            rig = Rig(gateway, upstream)
            try:
                yield rig
                rig.check_end()
            finally:
                rig.close()
        finally:
            code = gateway.stop()
        assert code == 0, f"the gateway ended with {code}"


def workers(pid: int) -> list[int]:
    """List the processes below this one, in order; empty where the system does not tell."""
    place = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in place.read_text().split()] if place.exists() else []


def resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmRSS:")), 0)
