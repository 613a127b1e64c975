"""A gateway that has little patience with its callers, and its worker."""

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import mint
from tests.e2e.wire import fetch
from tests.fakes import upstream_faults as faults
from tests.fakes.process import Gateway, upstream_table
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.faults.callers import ASK
from tests.faults.proc import children, sockets

LIMITS = "[server]\nwrite_timeout = 1\nbody_timeout = 1\nbody_total = 4\n"


@pytest.fixture(scope="module")
def impatient(
    shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """A gateway whose callers have one second, with an upstream to which no connection comes about."""
    lines = ('default_model = "gpt-4o-mini"', 'models = ["plain-model"]')
    with faults.unanswered_port() as port:
        tables = upstream_table("main", shared_upstream.base_url, *lines)
        tables += upstream_table("hanging", f"http://127.0.0.1:{port}/v1", 'models = ["hanging-model"]')
        gateway = Gateway(tmp_path_factory.mktemp("impatient"), tables + LIMITS).start()
        assert fetch(gateway, body=ASK).status == 200
        yield gateway
        assert gateway.stop() == 0
        assert gateway.errors() == ""


@pytest.fixture
def worker(impatient: Gateway, upstream: ScriptedUpstream) -> Iterator[int]:
    """The process that answers; whatever a test does, no connection stays open in it."""
    (pid,) = children(impatient.pid)
    upstream.hang_up()
    until(lambda: not upstream.connections_open)
    before = until(lambda: quiet(pid))
    yield pid
    upstream.hang_up()
    until(lambda: sockets(pid) <= before)


def quiet(pid: int) -> int:
    """Return the number of open sockets, once it stays the same."""
    first = sockets(pid)
    return first if all(sockets(pid) == first for _ in range(20)) else 0


@pytest.fixture(scope="module")
def key(impatient: Gateway) -> str:
    """The turns that are looked at have this key, unlike all others."""
    return mint(impatient, "--name", "leaver")
