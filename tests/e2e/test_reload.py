"""A new configuration comes into force while streams go on, and a wrong one does not."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import hello, mint
from tests.e2e.test_processes import children, is_running
from tests.e2e.wire import ask, fetch, line
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import chunk
from tests.fakes.upstream_scripts import Gate, events
from tests.metrics.scraping import METRICS, scrape, value

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
PLACE = "/v1/admin/reload"
PLAIN: dict[str, Any] = {"model": "plain-model", "messages": hello()}
CALLERS = 8
ROUNDS = 3


class Reloaded:
    """A gateway whose configuration changes."""

    def __init__(self, gateway: Gateway, upstream: ScriptedUpstream) -> None:
        self.gateway = gateway
        self.upstream = upstream

    def write(self, more: str = "", *lines: str) -> None:
        self.gateway.config.write_text(table(self.upstream, *lines) + more)

    def ask(self, key: str | None = None) -> Any:
        return fetch(self.gateway, PLACE, {}, key=key or self.gateway.key)


def table(upstream: ScriptedUpstream, *lines: str) -> str:
    models = () if any(one.startswith("models") for one in lines) else ('models = ["plain-model"]',)
    plain = ('default_model = "gpt-4o-mini"', *models)
    return upstream_table("main", upstream.base_url, *plain, *lines) + PATIENT + METRICS


@pytest.fixture
def reloaded(upstream: ScriptedUpstream, tmp_path: Path) -> Iterator[Reloaded]:
    gateway = Gateway(tmp_path, table(upstream), "--workers", "2").start()
    yield Reloaded(gateway, upstream)
    assert gateway.stop() == 0


def test_plans_models_and_prices_change_while_a_stream_goes_on(reloaded: Reloaded) -> None:
    gateway, gate = reloaded.gateway, Gate()
    reloaded.upstream.reply(events([chunk("One"), gate, chunk(" two."), chunk(finish="stop")]))
    before = children(gateway.pid)
    with closing(gateway.client()) as client:
        stream = iter(client.chat.completions.create(model="plain-model", messages=hello(), stream=True))
        assert next(stream).choices[0].delta.content == "One"
        prices = 'prices = { "other-model" = { input = 1.0, output = 1.0 } }'
        reloaded.write("[plans.small]\nchat_per_minute = 3\n", 'models = ["other-model"]', prices)
        reply = reloaded.ask()
        assert reply.status == 200
        assert reply.json == {"changed": ["upstreams", "plans"]}
        gate.open()
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == " two."
    assert fetch(gateway, body={**PLAIN, "model": "other-model"}).status == 200
    assert fetch(gateway, body=PLAIN).status == 404
    place = f"/v1/workspaces/{fetch(gateway, '/v1/keys/current').json['workspace']['id']}/plan"
    assert fetch(gateway, place, {"plan": "small"}, method="PUT").json["limits"]["chat_per_minute"] == 3
    until(lambda: not any(map(is_running, before - children(gateway.pid))))
    until(lambda: len(children(gateway.pid)) == len(before))
    (entry,) = fetch(gateway, "/v1/audit?action=gateway.").json["data"]
    assert (entry["action"], entry["details"]) == ("gateway.reloaded", {"changed": ["upstreams", "plans"]})


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("[server]\nprot = 1\n", "table [server] has no key `prot`; did you mean `port`?"),
        ("[chat]\nupstreams = ['nobody/x']\n", "`nobody/x` names no configured upstream"),
        ("[work]\nprocesses = 3\n", "[work] processes has changed, which takes a restart"),
        ("[store]\nurl = 'sqlite:///other.db'\n", "[store] has changed, which takes a restart"),
        ("[server\n", "config.toml"),
    ],
)
def test_a_wrong_configuration_is_refused_with_its_sentence(
    standing: Reloaded, more: str, sentence: str
) -> None:
    before = children(standing.gateway.pid)
    standing.write(more)
    reply = standing.ask()
    assert (reply.status, reply.error["code"]) == (422, "config.refused")
    assert sentence in reply.error["message"]
    assert children(standing.gateway.pid) == before
    assert fetch(standing.gateway, body=PLAIN).status == 200


def test_the_command_tells_what_has_changed_and_why_a_configuration_is_refused(standing: Reloaded) -> None:
    gateway = standing.gateway
    standing.write("[plans.tiny]\nchat_per_minute = 3\n")
    assert gateway.cli("reload") == f"{gateway.root}: plans changed\n"
    away = ("reload", "--url", gateway.root, "--key", gateway.key)
    assert gateway.cli(*away) == f"{gateway.root}: nothing has changed\n"
    standing.write("[work]\nprocesses = 3\n")
    for arguments in (("reload",), away):
        with pytest.raises(AssertionError, match="processes has changed, which takes a restart"):
            gateway.cli(*arguments)
    standing.write()
    assert gateway.cli("reload") == f"{gateway.root}: plans changed\n"


def test_a_worker_that_hangs_before_it_is_ready_does_not_come_into_force(
    upstream: ScriptedUpstream, tmp_path: Path
) -> None:
    impatient = Reloaded(Gateway(tmp_path, table(upstream) + "[server]\nreload_timeout = 1\n"), upstream)
    gateway = impatient.gateway.start()
    before = children(gateway.pid)
    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(impatient.ask)
        while not reply.done():
            for pid in children(gateway.pid) - before:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
    assert (reply.result().status, reply.result().error["code"]) == (422, "config.refused")
    assert "were not ready within 1 seconds; the old one stays." in reply.result().error["message"]
    assert "were not ready within 1 seconds" in gateway.log()
    until(lambda: children(gateway.pid) == before)
    assert fetch(gateway, body=PLAIN).status == 200
    assert gateway.stop() == 0
    assert not list(tmp_path.glob("*.running-*"))


@pytest.fixture(scope="module")
def standing(
    shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Reloaded]:
    gateway = Gateway(tmp_path_factory.mktemp("standing"), table(shared_upstream)).start()
    yield Reloaded(gateway, shared_upstream)
    assert gateway.stop() == 0


def test_only_an_operator_reloads(standing: Reloaded) -> None:
    standing.write()
    key = mint(standing.gateway, "--scope", "config:write")
    assert standing.ask(key).error["code"] == "auth.operator_required"


@pytest.mark.serial
def test_workers_are_replaced_under_load_and_nobody_is_refused(reloaded: Reloaded) -> None:
    gateway, enough = reloaded.gateway, threading.Event()

    def call() -> int:
        """Ask again and again on one connection for as long as the gateway keeps it, then on another."""
        done = 0
        while not enough.is_set():
            with line(gateway) as opened:
                is_kept = True
                while is_kept and not enough.is_set():
                    reply = ask(opened, body={**PLAIN, "stream": done % 2 == 0}, key=gateway.key)
                    assert reply.status == 200, reply.body
                    is_kept = reply.headers.get("connection") != "close"
                    done += 1
        return done

    with ThreadPoolExecutor(CALLERS) as pool:
        callers = [pool.submit(call) for _ in range(CALLERS)]
        try:
            for _ in range(ROUNDS):
                before = children(gateway.pid)
                os.kill(gateway.pid, signal.SIGHUP)
                until(lambda before=before: children(gateway.pid) - before)  # type: ignore[misc]
                until(lambda before=before: len(children(gateway.pid) & before) == 1)  # type: ignore[misc]
        finally:
            enough.set()
        counts = [caller.result() for caller in callers]
    assert min(counts) > 0
    until(lambda: value(scrape(gateway), "persona_requests_total", surface="chat") == sum(counts))
    assert value(scrape(gateway), "persona_workers") == 2
