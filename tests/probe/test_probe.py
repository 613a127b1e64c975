"""No request, however bad, holds up others for long or takes much more memory than its bytes."""

import re
import threading
import time
from collections.abc import Iterator

import pytest

from tests.e2e.wire import Reply, fetch
from tests.fakes.process import Gateway, upstream_table
from tests.fakes.upstream import ScriptedUpstream
from tests.faults.callers import MB
from tests.faults.proc import PROC, children, memory
from tests.probe.attacks import LARGE, Attack, table
from tests.probe.pace import MODEL, PACE, Paced
from tests.soak import IS_SOAK

pytestmark = [
    pytest.mark.serial,
    pytest.mark.skipif(not (PROC / "self/clear_refs").exists(), reason="needs /proc"),
]

GRACE = "[server]\nshutdown_grace = 0.1\n"
STALL = 0.05
"""Seconds by which a chunk of somebody else may be later than without the attack."""
MEMORY = 64 * MB
"""Bytes that a request may take beyond twice its body and its answer."""
USUAL = 0.0025
"""Seconds of a piece of work where no more than that stall is allowed; a slower machine has more."""
TRIES = 6
"""A busy machine is late by itself now and then."""
STORED = 40
"""Large personas, beside which lists and searches are asked for."""


@pytest.fixture(scope="module")
def paced() -> Iterator[Paced]:
    paced = Paced()
    yield paced
    paced.close()


@pytest.fixture(scope="module")
def probed(
    shared_upstream: ScriptedUpstream, paced: Paced, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """A gateway whose store holds what is large, with the paced stream going through it."""
    tables = upstream_table("main", shared_upstream.base_url, 'default_model = "gpt-4o-mini"')
    tables += upstream_table("slow", paced.base_url, f'models = ["{MODEL}"]')
    more = '[embeddings]\nupstream = "main"\n[chat]\nupstreams = ["main"]\n'
    gateway = Gateway(tmp_path_factory.mktemp("probe"), tables + more + GRACE).start()
    try:
        fill(gateway)
        paced.open(gateway)
        yield gateway
    finally:
        code = gateway.stop()
    assert code == 0
    assert "Traceback" not in gateway.errors()


def fill(gateway: Gateway) -> None:
    for number in range(STORED):
        stored(gateway, "POST", "/v1/personas", {"slug": f"stored-{number}", "prompt": "a" * 100_000})
    lines = [f"Line {number} of {number % 7}." for number in range(4000)]
    stored(gateway, "POST", "/v1/personas", {"slug": LARGE, "prompt": "\n".join(lines)})
    stored(gateway, "PATCH", f"/v1/personas/{LARGE}", {"prompt": "\n".join(reversed(lines))})
    stored(gateway, "PATCH", f"/v1/personas/{LARGE}", {"prompt": "a b " * 12_000})


def stored(gateway: Gateway, method: str, path: str, body: object) -> None:
    reply = fetch(gateway, path, body, method=method)
    assert reply.status < 300, reply.body[:500]


@pytest.mark.soak
@pytest.mark.parametrize("attack", [pytest.param(one, id=one.name) for one in table(whole=IS_SOAK)])
def test_an_attack_costs_others_little(
    probed: Gateway, paced: Paced, upstream: ScriptedUpstream, attack: Attack
) -> None:
    (worker,) = children(probed.pid)
    body = attack.body() if attack.body else None
    late: list[float] = []
    took = 0.0
    while not late or (min(late) > STALL and len(late) < TRIES):
        calm = control(paced, took)
        began = time.monotonic()
        before = memory(worker)
        forget_peak(worker)
        paced.begin()
        reply = ask(probed, attack, body)
        attacked, took = paced.longest(), time.monotonic() - began
        grown = peak(worker) - before
        late.append(attacked - calm)
        assert reply.status < 500, reply.body[:500]
        allowed = MEMORY + 2 * (len(body or b"") + len(reply.body))
        assert grown < allowed, f"{grown / MB:.0f} MB more, {allowed / MB:.0f} are allowed"
    assert min(late) <= STALL * slowness(), f"others waited {[f'{1000 * one:.0f} ms' for one in late]}"
    assert children(probed.pid) == [worker]


def ask(gateway: Gateway, attack: Attack, body: bytes | None) -> Reply:
    packed = {"content-encoding": "gzip"} if attack.packed else {}
    return fetch(gateway, attack.path, body, method=attack.method, headers=packed)


def control(paced: Paced, seconds: float) -> float:
    """Return the longest gap of the stream in `seconds` without an attack."""
    pause = threading.Event()
    paced.begin()
    pause.wait(min(max(seconds, 20 * PACE), 1))
    return paced.longest()


def slowness() -> float:
    """Tell how much longer than usual this machine takes for a piece of work just now, if at all."""
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        sum(range(200_000))
        taken.append(time.perf_counter() - began)
    return max(1.0, min(taken) / USUAL)


def forget_peak(pid: int) -> None:
    """Let the peak of its memory count from now on."""
    (PROC / str(pid) / "clear_refs").write_text("5")


def peak(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", (PROC / str(pid) / "status").read_text())
    assert found
    return int(found[1]) * 1024
