"""`GET /metrics` tells one exact sum over all workers, which the death of none of them changes."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from prometheus_client import Metric

from gateway.server import ports
from tests.conftest import LIBRARIAN
from tests.e2e.conftest import hello
from tests.e2e.wire import fetch
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import completion
from tests.fakes.upstream_scripts import json_answer
from tests.faults import proc
from tests.metrics.scraping import METRICS, address, scrape, scraped, value

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
ASK: dict[str, Any] = {"model": LIBRARIAN, "messages": hello()}
PLAIN: dict[str, Any] = {"model": "plain-model", "messages": hello()}
DEPLOY = Path(__file__).parents[2] / "deploy"
PRICES = 'prices = { "plain-model" = { input = 1000000.0, output = 1000000.0, cached_input = 500000.0 } }'


@pytest.fixture(scope="module")
def counted(shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    lines = ('default_model = "gpt-4o-mini"', 'models = ["plain-model"]', PRICES)
    config = upstream_table("main", shared_upstream.base_url, *lines) + PATIENT + METRICS
    gateway = Gateway(tmp_path_factory.mktemp("metrics"), config, "--workers", "2").start()
    yield gateway
    assert gateway.stop() == 0


def test_requests_and_turns_of_all_workers_are_one_sum(counted: Gateway) -> None:
    before = scrape(counted)
    for _ in range(12):
        assert fetch(counted, body=ASK).status == 200
    for _ in range(5):
        assert len(fetch(counted, body={**ASK, "stream": True}).chunks) > 1
    assert fetch(counted, body={**ASK, "model": "persona/nobody"}).status == 404

    def grown(name: str, **labels: str) -> float:
        return value(scrape(counted), name, **labels) - value(before, name, **labels)

    until(lambda: grown("persona_requests_total", surface="chat") == 18)
    assert grown("persona_requests_total", surface="chat", status="404") == 1
    named = {"persona": "the-night-librarian", "version": "v1", "upstream": "main/gpt-4o-mini"}
    assert grown("persona_requests_total", surface="chat", status="200", **named) == 17
    assert grown("persona_turns_total", surface="chat", status="completed", **named) == 17
    assert grown("persona_request_duration_seconds_count", surface="chat") == 18
    for name in ("persona_first_byte_seconds", "persona_overhead_seconds"):
        assert grown(f"{name}_count", surface="chat") == 17, name
    assert grown("persona_chunks_total", surface="chat") >= 10
    assert grown("persona_verdicts_total", persona="the-night-librarian") == 17
    assert grown("persona_drift_count", axis="voice") > 0

    def is_recorded(kind: str) -> bool:
        rows = counted.turns("--limit", "17")
        said = sum(row[f"{kind}_tokens"] for row in rows)
        return bool(grown("persona_tokens_total", kind=kind) == said)

    for kind in ("prompt", "completion"):
        until(partial(is_recorded, kind))


def test_cost_and_kinds_of_tokens_are_counted(counted: Gateway, shared_upstream: ScriptedUpstream) -> None:
    before = scrape(counted)
    taken = {
        "prompt_tokens": 40,
        "completion_tokens": 10,
        "total_tokens": 50,
        "prompt_tokens_details": {"cached_tokens": 30},
        "completion_tokens_details": {"reasoning_tokens": 6},
    }
    shared_upstream.reply(json_answer({**completion("Good evening."), "usage": taken}))
    assert fetch(counted, body=PLAIN).status == 200
    after = with_more(counted, "persona_cost_usd_total", value(before, "persona_cost_usd_total"))
    for kind, tokens in (("prompt", 40), ("completion", 10), ("cached", 30), ("reasoning", 6)):
        name, labels = "persona_tokens_total", {"kind": kind, "persona": ""}
        assert value(after, name, **labels) - value(before, name, **labels) == tokens
    # Ten tokens at 1 dollar, thirty at half a dollar, and ten of the answer.
    assert value(after, "persona_cost_usd_total", persona="") == pytest.approx(35)


def with_more(gateway: Gateway, name: str, than: float) -> dict[str, Metric]:
    """Wait for a scrape in which there is more of it than this."""

    def look() -> dict[str, Metric] | None:
        found = scrape(gateway)
        return found if value(found, name) > than else None

    found = until(look)
    assert found is not None
    return found


def test_a_killed_worker_takes_nothing_from_the_sums_and_its_successor_adds_to_them(
    counted: Gateway,
) -> None:
    count = value(scrape(counted), "persona_requests_total", surface="chat")
    for _ in range(8):
        assert fetch(counted, body=ASK).status == 200
    until(lambda: value(scrape(counted), "persona_requests_total", surface="chat") == count + 8)
    (victim, *_) = [
        pid for pid in proc.children(counted.pid) if _comm(pid) not in ("persona-work", "persona-metrics")
    ]
    before = scrape(counted)
    os.kill(victim, signal.SIGKILL)
    until(lambda: victim not in proc.children(counted.pid))
    after = scrape(counted)
    for name in ("persona_requests", "persona_turns", "persona_chunks", "persona_tokens", "persona_verdicts"):
        assert after[name].samples == before[name].samples, name
    until(lambda: value(scrape(counted), "persona_workers") == 2)
    for _ in range(8):
        assert fetch(counted, body=ASK).status == 200
    until(lambda: value(scrape(counted), "persona_requests_total", surface="chat") == count + 16)


def _comm(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def test_the_state_of_each_part_is_told(counted: Gateway) -> None:
    name = {"upstream": "main"}
    found = with_more(counted, "persona_connections_open", -1)
    for family, labels in (
        ("persona_turns_queued", {}),
        ("persona_breakers_open", name),
        ("persona_upstream_waiting", name),
        ("persona_answers_open", {"surface": "chat"}),
        ("persona_work_oldest_seconds", {}),
    ):
        assert [one for one in found[family].samples if labels.items() <= one.labels.items()], family
    assert value(found, "persona_store_up") == 1
    assert value(found, "persona_event_loop_lag_seconds_count") > 0


def test_the_port_is_known_for_what_it_is(counted: Gateway) -> None:
    place = urlsplit(address(counted))
    assert ports.metrics_holder("127.0.0.1", place.port or 0) == "a gateway"
    assert ports.metrics_holder("127.0.0.1", urlsplit(counted.root).port or 0) == "another program"


def test_only_metrics_are_there(counted: Gateway) -> None:
    root = address(counted).removesuffix("/metrics")
    assert httpx.get(f"{root}/v1/personas").status_code == 404
    assert httpx.post(f"{root}/metrics").status_code == 405
    assert root.startswith("http://127.0.0.1:")


NAME = re.compile(r"\bpersona_[a-z_]+")
MADE = re.compile(r"_(bucket|sum|count|total)$")


def test_dashboard_and_alerts_name_only_what_is_told(counted: Gateway) -> None:
    found = scrape(counted)
    known = {name for name, family in found.items()} | {
        sample.name for family in found.values() for sample in family.samples
    }
    dashboard = json.loads((DEPLOY / "grafana.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    asked += [one["query"]["query"] for one in dashboard["templating"]["list"] if one["type"] == "query"]
    rules = (DEPLOY / "alerts.yml").read_text()
    named = set(NAME.findall("\n".join([*asked, rules])))
    assert len(asked) > 30
    assert {name for name in named if name not in known and MADE.sub("", name) not in known} == set()
    # What is told and shown nowhere would be told in vain.
    assert {name for name in found if not any(MADE.sub("", one) == name for one in named)} == set()


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_itself_takes_rules_queries_and_answers(counted: Gateway, tmp_path: Path) -> None:
    assert _promtool("check", "rules", str(DEPLOY / "alerts.yml")).returncode == 0
    told = _promtool("check", "metrics", text=scraped(counted))
    assert (told.returncode, told.stdout + told.stderr) == (0, "")
    dashboard = json.loads((DEPLOY / "grafana.json").read_text())
    # promtool reads expressions as rules; what Grafana fills in stands for some time.
    rules = [
        {
            "record": f"panel:{panel['id']}:{target['refId']}",
            "expr": target["expr"].replace("$__rate_interval", "5m"),
        }
        for panel in dashboard["panels"]
        for target in panel.get("targets", ())
    ]
    file = tmp_path / "panels.json"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    checked = _promtool("check", "rules", str(file))
    assert checked.returncode == 0, checked.stdout + checked.stderr


def _promtool(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, check=False)
