"""The time of a 404 must not tell an existing persona of another workspace from one that is not there."""

import json
import time

from tests.e2e.wire import ask, fetch, line
from tests.fakes.process import Gateway

ROUNDS = 1500
MOST = 0.1
"""The chance that one of two answers took longer may be this far from a coin's half."""


def told_apart(gateway: Gateway) -> dict[str, float]:
    """Tell, by kind, how much likelier than a coin the time of an answer is to tell that there is a
    persona."""
    workspace = json.loads(_post(gateway, "/v1/workspaces", {"name": "timed"}))["id"]
    other = json.loads(_post(gateway, "/v1/keys", {"scopes": ["*"], "workspace": workspace}))["key"]
    long = {"slug": "timed", "prompt": "A long prompt. " * 20_000}
    foreign = json.loads(_post(gateway, "/v1/personas", long, other))["id"]
    colleague = json.loads(_post(gateway, "/v1/keys", {"scopes": ["*"]}))["key"]
    private = json.loads(_post(gateway, "/v1/personas", {**long, "slug": "timed-private"}, colleague))["id"]
    missing = "psn_" + "0" * len(foreign.removeprefix("psn_"))
    return {
        name: _advantage(gateway, ref, missing) for name, ref in (("foreign", foreign), ("private", private))
    }


def _advantage(gateway: Gateway, there: str, missing: str) -> float:
    taken: dict[str, list[float]] = {there: [], missing: []}
    with line(gateway) as opened:
        for number in range(2 * ROUNDS):
            ref = (there, missing)[number % 2]
            began = time.perf_counter()
            assert ask(opened, f"/v1/personas/{ref}", key=gateway.key).status == 404
            taken[ref].append(time.perf_counter() - began)
    longer = sum(one > other for one in taken[there] for other in taken[missing])
    return abs(longer / ROUNDS**2 - 0.5)


def _post(gateway: Gateway, path: str, body: object, key: str | None = None) -> bytes:
    reply = fetch(gateway, path, body, key=key or gateway.key, method="POST")
    assert reply.status == 201, reply.body
    return reply.body
