"""Calls of random ends are made, and what budgets have counted is held against the rows of their turns.

`python -m tests.faults.conservation --calls 10000` does so with a gateway of four processes.
"""

import argparse
import json
import random
import sqlite3
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from tests.e2e.wire import CHAT, Reply, connect, fetch, line, written
from tests.e2e.wire import ask as ask_on
from tests.fakes.process import Gateway, upstream_table
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import answer_chunks, completion, usage_chunk
from tests.fakes.upstream_scripts import CLOSE, Gate, events, json_answer, status

AT_ONCE = 8
CENT = 0.01
USAGE = {"prompt_tokens": 37, "completion_tokens": 11, "total_tokens": 48}
PRICE = "{ input = 12.34, output = 56.78 }"
WHOLE = ("answered", "uncounted", "refused", "failed")
STREAMED = ("streamed", "silent", "cut", "left")
ENDS = (*WHOLE, *STREAMED)
"""Ends of calls, each of which has a model of its name."""
TOKENS = "coalesce(total_tokens, coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0))"


class Sums(NamedTuple):
    """Dollars and tokens, by the rows of turns and by the budgets of the workspace and of every key."""

    rows: tuple[float, int]
    workspace: tuple[float, int]
    keys: tuple[float, int]
    held: int
    """Amounts that are still set aside."""

    @property
    def agree(self) -> bool:
        (usd, tokens), *others = self.rows, self.workspace, self.keys
        return all(abs(usd - each[0]) < CENT and tokens == each[1] for each in others)


def configuration(upstream: ScriptedUpstream) -> str:
    prices = ", ".join(f"{name} = {PRICE}" for name in ENDS)
    lines = (f"models = {json.dumps(ENDS)}", f"prices = {{ {prices} }}")
    return upstream_table("main", upstream.base_url, *lines) + "[chat]\nretries = 0\n"


def script(upstream: ScriptedUpstream) -> None:
    """Have the upstream answer each model by the end of its name."""
    chunks = answer_chunks()
    upstream.by_model("answered", json_answer(completion(usage=USAGE)))
    upstream.by_model("uncounted", json_answer({**completion(), "usage": None}))
    upstream.by_model("refused", status(422))
    upstream.by_model("failed", status(500))
    upstream.by_model("streamed", events([*chunks, {**usage_chunk(), "usage": USAGE}]))
    upstream.by_model("silent", events(chunks))
    upstream.by_model("cut", events(chunks).cut(2, CLOSE))
    upstream.by_model("left", events([*chunks[:2], Gate()]))


def prepare(gateway: Gateway, keys: int) -> list[str]:
    """Make keys with budgets, and return them once every worker keeps to these."""
    made = [fetch(gateway, "/v1/keys", {"name": "spender"}).json for _ in range(keys)]
    for subject in ("workspace", *(key["id"] for key in made)):
        for unit, limit in (("usd", 1e6), ("tokens", 1e12)):
            fetch(gateway, f"/v1/budgets/{subject}/{unit}/month", {"limit": limit}, method="PUT")
    # All workers have looked at the store by the time at which a later change holds in all of them.
    one = made[0]["id"]
    fetch(gateway, f"/v1/budgets/{one}/tokens/hour", {"limit": 0}, method="PUT")
    body = {"model": "refused", "messages": [{"role": "user", "content": "Hi"}]}
    key = made[0]["key"]
    until(lambda: {fetch(gateway, body=body, key=key).status for _ in range(16)} == {402}, 60)
    fetch(gateway, f"/v1/budgets/{one}/tokens/hour", method="DELETE")
    until(lambda: {fetch(gateway, body=body, key=key).status for _ in range(16)} == {422}, 60)
    return [str(key["key"]) for key in made]


def spend(gateway: Gateway, keys: list[str], calls: int, seed: int) -> Counter[tuple[str, int]]:
    """Make calls, several at a time, and count how they were answered."""
    chance, told = random.Random(seed), Counter[tuple[str, int]]()
    wanted = [(chance.choice(ENDS), chance.choice(keys), chance.randint(1, 400)) for _ in range(calls)]

    def work() -> None:
        while wanted:
            try:
                end, key, most = wanted.pop()
            except IndexError:
                return
            told[end, _call(gateway, end, key, most)] += 1

    workers = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return told


def _call(gateway: Gateway, end: str, key: str, most: int) -> int:
    body: dict[str, Any] = {
        "model": end,
        "messages": [{"role": "user", "content": "word " * (most % 50 + 1)}],
        "max_tokens": most,
        "stream": end in STREAMED,
    }
    if end != "left":
        with line(gateway) as opened:
            reply: Reply = ask_on(opened, CHAT, body, key=key)
            return reply.status
    with closing(connect(gateway)) as caller:
        caller.sendall(written(gateway, body, key=key))
        return int(caller.recv(64).split()[1])


def sums(select: Callable[[str], list[tuple[Any, ...]]]) -> Sums:
    """Read what the store has; `select` runs a statement."""
    # What is set aside is read first: once nothing is, the sums that are read next stay what they are.
    held = int(select("SELECT count(*) FROM holds")[0][0])
    rows = select(f"SELECT coalesce(sum(cost_usd), 0), coalesce(sum({TOKENS}), 0) FROM turns")[0]
    by_budget = (
        "SELECT unit, sum(amount) FROM spent JOIN budgets ON budgets.seq = spent.budget "
        "WHERE {} GROUP BY unit"
    )

    def of(which: str) -> tuple[float, int]:
        found = dict(select(by_budget.format(which)))
        return float(found.get("usd", 0)) / 10**9, int(found.get("tokens", 0))

    ours, theirs = of("subject LIKE 'ws_%'"), of("subject LIKE 'key_%' AND period = 'month'")
    return Sums((float(rows[0]), int(rows[1])), ours, theirs, held)


def in_file(gateway: Gateway) -> Callable[[str], list[tuple[Any, ...]]]:
    """Select from the gateway's own file."""

    def select(statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(gateway.folder / "persona.db", timeout=30)) as store:
            return store.execute(statement).fetchall()

    return select


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=4)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ScriptedUpstream() as upstream:
        script(upstream)
        gateway = Gateway(Path(folder), configuration(upstream), "--workers", str(wanted.workers)).start()
        try:
            keys = prepare(gateway, 8)
            told = spend(gateway, keys, wanted.calls, wanted.seed)
            select = in_file(gateway)
            found = until(lambda: (now := sums(select)).held == 0 and now, 120)
        finally:
            gateway.stop()
    sys.stdout.write(f"{dict(sorted(told.items()))}\n{found}\n")
    assert isinstance(found, Sums)
    return 0 if found.agree else 1


if __name__ == "__main__":
    sys.exit(main())
