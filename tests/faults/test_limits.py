"""Limits hold over two gateways on one PostgreSQL and one Valkey, while a worker dies."""

import http.client
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.e2e.conftest import hello
from tests.e2e.wire import CHAT, fetch
from tests.fakes import valkey
from tests.fakes.postgres import Cluster, cluster
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.upstream import ScriptedUpstream

pytestmark = pytest.mark.waits

LIMIT, SHARES, EACH = 150, 6, 40
ASK: dict[str, Any] = {"model": "plain-model", "messages": hello()}
CONFIG = f"""
[plans.crowd]
chat_per_minute = {LIMIT}
[workspaces.crowd]
plan = "crowd"
"""


@pytest.fixture
def database() -> Iterator[Cluster]:
    with cluster() as found:
        yield found


@pytest.fixture
def gateways(database: Cluster, upstream: ScriptedUpstream, tmp_path: Path) -> Iterator[list[Gateway]]:
    table = upstream_table("main", upstream.base_url, 'models = ["plain-model"]', 'default_model = "m"')
    with valkey.running() as server:
        stores = f'[store]\nurl = "{database.url}"\n[limits]\nstore = "{server.url}"\ntimeout = 20\n'
        # One folder, and so one pepper.
        made = [Gateway(tmp_path, table + PATIENT + CONFIG + stores, "--workers", "2") for _ in range(2)]
        try:
            for gateway in made:
                gateway.start()
            made[1].key = made[0].key
            yield made
        finally:
            for gateway in made:
                gateway.stop()


def workers(gateway: Gateway) -> list[int]:
    """List the processes that answer, by what the system tells of the parent's children."""
    command = ["ps", "--ppid", str(gateway.pid), "-o", "pid=,comm="]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [int(line.split()[0]) for line in listed if "persona-work" not in line]


def test_the_limit_holds_to_the_last_request(gateways: list[Gateway]) -> None:
    workspace = fetch(gateways[0], "/v1/workspaces", {"name": "crowd"}).json["id"]
    made = fetch(gateways[0], "/v1/keys", {"workspace": workspace, "scopes": ["chat:invoke"]})
    key, has_died = made.json["key"], Event()
    victim = workers(gateways[0])[0]

    def burst(share: int) -> Counter[int]:
        found: Counter[int] = Counter()
        for number in range(EACH):
            if share == 0 and number == EACH // 4:
                os.kill(victim, signal.SIGKILL)
                has_died.set()
            try:
                found[fetch(gateways[(share + number) % 2], CHAT, ASK, key=key).status] += 1
            except (OSError, http.client.HTTPException):
                found[0] += 1
        return found

    with ThreadPoolExecutor(SHARES) as pool:
        statuses = sum(pool.map(burst, range(SHARES)), Counter())
    assert has_died.is_set()
    assert statuses.keys() <= {200, 429, 0}
    # Some of those that the dead worker left unanswered had been counted.
    assert statuses[200] <= LIMIT <= statuses[200] + statuses[0], statuses
    assert {fetch(gateway, CHAT, ASK, key=key).status for gateway in gateways for _ in range(3)} == {429}
