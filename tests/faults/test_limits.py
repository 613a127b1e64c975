"""Limits and budgets hold over two gateways on one PostgreSQL and one Valkey, whatever dies meanwhile."""

import http.client
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import Any, NamedTuple

import pytest

from tests.api.conftest import statement
from tests.conftest import Start
from tests.e2e.conftest import hello
from tests.e2e.wire import CHAT, fetch
from tests.fakes import valkey
from tests.fakes.postgres import Cluster, cluster
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import completion
from tests.fakes.upstream_scripts import json_answer

pytestmark = pytest.mark.waits

LIMIT, SHARES, EACH, MINUTE = 100, 6, 30, 60.0
TOKENS, BUDGET = 100, 4_000
"""Tokens that a call takes, no more than are set aside for it, and those that may be spent in all."""
USAGE = {"prompt_tokens": 5, "completion_tokens": TOKENS - 5, "total_tokens": TOKENS}
LOST = 2 * SHARES
"""Calls that the second gateway may have answered and not written when it was killed."""
ASK: dict[str, Any] = {"model": "plain-model", "messages": hello(), "max_tokens": TOKENS}
PLAN = f"""
[plans.crowd]
chat_per_minute = {LIMIT}
[workspaces.crowd]
plan = "crowd"
"""


class Call(NamedTuple):
    """What became of a request; 0 stands for one that nobody answered."""

    status: int
    begun: float
    ended: float


class Keys(NamedTuple):
    """A key whose workspace has a plan, and one that has a budget, with its id."""

    limited: str
    budgeted: str
    budgeted_id: str


@pytest.fixture
def database() -> Iterator[Cluster]:
    with cluster() as found:
        yield found


@pytest.fixture
def config(database: Cluster, upstream: ScriptedUpstream) -> Iterator[str]:
    upstream.always(json_answer(completion(usage=USAGE)))
    table = upstream_table("main", upstream.base_url, 'models = ["plain-model"]', 'default_model = "m"')
    with valkey.running() as server:
        stores = f'[store]\nurl = "{database.url}"\n[limits]\nstore = "{server.url}"\ntimeout = 20\n'
        stores += "[turns]\nflush_interval = 0.05\n"
        yield table + PATIENT + PLAN + stores


def another(start: Start, first: Gateway, config: str) -> Gateway:
    """Start a gateway on the same stores, with the same pepper."""
    pepper = (first.folder / "persona.pepper").read_text("ascii")
    second = start(config, "--workers", "2", PERSONA__KEYS__PEPPER=pepper)
    second.key = first.key
    return second


def made(gateway: Gateway) -> Keys:
    def key(name: str) -> dict[str, Any]:
        workspace = fetch(gateway, "/v1/workspaces", {"name": name}).json["id"]
        found: dict[str, Any] = fetch(
            gateway, "/v1/keys", {"workspace": workspace, "scopes": ["chat:invoke"]}
        ).json
        return found | {"workspace": workspace}

    limited, budgeted = key("crowd"), key("savers")
    budget = f"/v1/budgets/{budgeted['id']}/tokens/month?workspace={budgeted['workspace']}"
    assert fetch(gateway, budget, {"limit": BUDGET}, method="PUT").status in (200, 201)
    return Keys(limited["key"], budgeted["key"], budgeted["id"])


def call(gateway: Gateway, key: str) -> Call:
    begun = time.monotonic()
    try:
        status = fetch(gateway, CHAT, ASK, key=key).status
    except (OSError, http.client.HTTPException):
        status = 0
    return Call(status, begun, time.monotonic())


def counted(calls: list[Call]) -> Counter[int]:
    return Counter(each.status for each in calls)


def most_within_a_minute(calls: list[Call]) -> int:
    """Count the answered calls that surely lay within one minute, wherever that begins."""
    answered = [each for each in calls if each.status == 200]
    return max(
        sum(first.begun <= each.begun and each.ended <= first.begun + MINUTE for each in answered)
        for first in answered
    )


class Sums(NamedTuple):
    """Tokens of the key with the budget, as the budget counts them and as the rows of its turns say."""

    spent: int
    rows: int


def sums(gateway: Gateway, key_id: str) -> Sums:
    counted = "SELECT sum(amount) FROM spent JOIN budgets ON budgets.seq = spent.budget WHERE subject = ?"
    rows = "SELECT sum(total_tokens) FROM turns WHERE key_id = ?"
    # One statement sees one state of both.
    found = statement(gateway, f"SELECT coalesce(({counted}), 0), coalesce(({rows}), 0)", key_id, key_id)
    return Sums(*map(int, found[0]))


class Load(NamedTuple):
    limited: list[Call]
    budgeted: list[Call]


def loaded(first: Gateway, second: Gateway, keys: Keys, database: Cluster) -> Load:
    """Ask both gateways from several threads; one kills the second gateway, then restarts the database."""
    has_died = Event()

    def burst(share: int) -> Load:
        found = Load([], [])
        for number in range(EACH):
            if share == 0 and number == EACH // 3:
                os.killpg(second.pid, signal.SIGKILL)
                has_died.set()
            if share == 0 and number == EACH // 2:
                database.stop()
                database.start()
            gateway = first if has_died.is_set() or (share + number) % 2 else second
            found.limited.append(call(gateway, keys.limited))
            found.budgeted.append(call(gateway, keys.budgeted))
        return found

    with ThreadPoolExecutor(SHARES) as pool:
        loads = list(pool.map(burst, range(SHARES)))
    limited = [one for each in loads for one in each.limited]
    return Load(limited, [one for each in loads for one in each.budgeted])


def test_limit_and_budget_hold_to_the_last_request(config: str, database: Cluster, start: Start) -> None:
    first = start(config, "--workers", "2")
    second = another(start, first, config)
    keys = made(first)
    load = loaded(first, second, keys, database)
    assert counted(load.limited).keys() <= {200, 429, 503, 0}
    assert counted(load.budgeted).keys() <= {200, 402, 503, 0}

    def is_refused(gateway: Gateway, key: str, status: int, calls: list[Call]) -> bool:
        calls.append(call(gateway, key))
        return calls[-1].status == status

    third = another(start, first, config)
    for gateway in (first, third):
        until(partial(is_refused, gateway, keys.limited, 429, load.limited), 60)
        until(partial(is_refused, gateway, keys.budgeted, 402, load.budgeted), 60)
    assert most_within_a_minute(load.limited) <= LIMIT
    unanswered, answered = counted(load.limited)[0], counted(load.limited)[200]
    assert answered + unanswered >= LIMIT
    answered = counted(load.budgeted)[200]
    kept = until(lambda: _settled(first, keys, answered - LOST), 60)
    assert kept is not None
    assert kept.spent == kept.rows <= BUDGET
    took = load.budgeted[-1].ended - load.budgeted[0].begun
    # After a minute nothing stands any more for what the second gateway answered and could not write.
    assert answered * TOKENS <= BUDGET or took > MINUTE


def _settled(gateway: Gateway, keys: Keys, calls: int) -> Sums | None:
    """Read the sums once so many calls are written."""
    found = sums(gateway, keys.budgeted_id)
    return found if found.rows >= calls * TOKENS else None
