"""A plan's limits hold over all workers, and every answer tells what is left."""

import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import openai
import pytest

from tests.e2e.conftest import hello
from tests.e2e.test_scenarios import PLACE as SCENES
from tests.e2e.test_talking import happened
from tests.e2e.wire import CHAT, Reply, ask, connect, fetch, line, written
from tests.fakes import upstream_faults as faults
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.sockets import read_until
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import completion, usage
from tests.fakes.upstream_scripts import Gate, json_answer
from tests.fakes.valkey import running

MODELS = "/v1/openai/models"
BODY = {"model": "plain-model", "messages": hello()}
CONFIG = """
[plans.crowd]
chat_per_minute = 200
[plans.few]
chat_per_minute = 6
[workspaces.crowd]
plan = "crowd"
[workspaces.told]
plan = "few"
[workspaces.sdk]
plan = "few"
[workspaces.free]
plan = "free"
[plans.spender]
tokens_per_minute = 100
[workspaces.spender]
plan = "spender"
[plans.streamer]
concurrent_streams = 2
[workspaces.streamer]
plan = "streamer"
[plans.actor]
chat_per_minute = 5
concurrent_streams = 1
[workspaces.actor]
plan = "actor"
"""
LINES = ('default_model = "gpt-4o-mini"', 'models = ["plain-model"]')
Member = Callable[[str], str]


@pytest.fixture(scope="module")
def limited(shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with four workers, and with plans for some workspaces."""
    table = upstream_table("main", shared_upstream.base_url, *LINES)
    folder = tmp_path_factory.mktemp("limited")
    gateway = Gateway(folder, table + PATIENT + CONFIG, "--workers", "4").start()
    yield gateway
    assert gateway.stop() == 0


@pytest.fixture
def member(limited: Gateway, upstream: ScriptedUpstream) -> Member:
    """Makes a workspace and returns a key of it."""

    return partial(newcomer, limited)


def newcomer(gateway: Gateway, name: str) -> str:
    """Make a workspace, and return a key of it."""
    workspace = fetch(gateway, "/v1/workspaces", {"name": name}).json["id"]
    made = fetch(gateway, "/v1/keys", {"workspace": workspace, "scopes": ["*"]})
    key: str = made.json["key"]
    return key


def left(reply: Reply) -> tuple[str, ...]:
    return tuple(reply.headers[f"x-ratelimit-{name}"] for name in ("limit", "remaining"))


def test_the_limit_is_the_limit_however_many_workers_there_are(limited: Gateway, member: Member) -> None:
    key = member("crowd")

    def burst(share: int) -> Counter[int]:
        statuses: Counter[int] = Counter()
        for number in range(40):
            with line(limited) as opened:
                body = BODY if (share + number) % 4 == 0 else None
                statuses[ask(opened, CHAT if body else MODELS, body, key=key).status] += 1
        return statuses

    with ThreadPoolExecutor(8) as pool:
        statuses = sum(pool.map(burst, range(8)), Counter())
    assert statuses == {200: 200, 429: 120}


def test_gateways_on_one_valkey_count_together_and_each_for_itself_while_it_is_away(
    upstream: ScriptedUpstream, tmp_path: Path
) -> None:
    table = upstream_table("main", upstream.base_url, *LINES)
    with running() as server, ExitStack() as stack:
        config = f'{table}{PATIENT}{CONFIG}[limits]\nstore = "{server.url}"\ntimeout = 20\n'
        gateways = [Gateway(tmp_path, config, "--workers", "2") for _ in range(2)]
        for gateway in gateways:
            stack.callback(gateway.stop)
            gateway.start()
        one, other = gateways
        other.key = one.key
        key = newcomer(one, "crowd")

        def burst(share: int) -> Counter[int]:
            return Counter(
                fetch(gateways[(share + number) % 2], MODELS, key=key).status for number in range(40)
            )

        with ThreadPoolExecutor(8) as pool:
            statuses = sum(pool.map(burst, range(8)), Counter())
        assert statuses == {200: 200, 429: 120}
        server.stop()
        for gateway in gateways:
            until(lambda gateway=gateway: state(gateway) == ("degraded", "degraded"))  # type: ignore[misc]
            assert fetch(gateway, MODELS, key=key).status == 200, "it has let in nobody yet by its own count"
        server.start()
        for gateway in gateways:
            until(lambda gateway=gateway: state(gateway) == ("ready", "ok"))  # type: ignore[misc]
        assert [gateway.stop() for gateway in gateways] == [0, 0]
        assert "Traceback" not in one.log()


def state(gateway: Gateway) -> tuple[str, str]:
    """Read what each worker in turn says of the whole, and of the limits."""
    said = [fetch(gateway, "/health/ready", key="").json for _ in range(6)]
    found = {(each["status"], each["limits"]) for each in said}
    return found.pop() if len(found) == 1 else ("", "")


def test_every_answer_tells_what_is_left(limited: Gateway, member: Member) -> None:
    key, before = member("told"), time.time()
    listed = fetch(limited, MODELS, key=key)
    assert (listed.status, left(listed)) == (200, ("6", "5"))
    assert before + 59 <= int(listed.headers["x-ratelimit-reset"]) <= time.time() + 62
    assert listed.headers["x-ratelimit-limit-requests"] == "6"
    assert listed.headers["x-ratelimit-remaining-requests"] == "5"
    assert 0 < float(listed.headers["x-ratelimit-reset-requests"].removesuffix("s")) <= 60.5
    assert "x-ratelimit-limit-tokens" not in listed.headers
    unknown = fetch(limited, CHAT, {"model": "persona/nobody", "messages": hello()}, key=key)
    assert (unknown.status, left(unknown)) == (404, ("6", "4"))
    native = fetch(limited, "/v1/personas/nobody", key=key)
    assert (native.status, left(native)) == (404, ("6", "3"))
    assert "x-ratelimit-limit-requests" not in native.headers
    forbidden = fetch(limited, "/v1/workspaces", {"name": "mine"}, key=key)
    assert (forbidden.status, left(forbidden)) == (403, ("6", "2"))
    malformed = fetch(limited, CHAT, b"{", key=key)
    assert (malformed.status, left(malformed)) == (400, ("6", "1"))
    assert left(fetch(limited, "/v1/personas", key=key)) == ("6", "0")
    for refused in (fetch(limited, "/v1/personas", key=key), fetch(limited, CHAT, BODY, key=key)):
        assert (refused.status, left(refused)) == (429, ("6", "0"))
        assert refused.error["code"] in ("rate_limit.exceeded", "rate_limit_exceeded")
        reset = int(refused.headers["x-ratelimit-reset"])
        assert reset - time.time() - 1 <= int(refused.headers["retry-after"]) <= 80


def test_nobody_without_a_plan_or_a_key_is_limited(limited: Gateway, upstream: ScriptedUpstream) -> None:
    for path, key in ((MODELS, None), ("/v1/personas", None), (MODELS, ""), ("/health/ready", "")):
        reply = fetch(limited, path, key=key)
        assert [name for name in reply.headers if name.startswith("x-ratelimit")] == []


def test_a_plan_of_the_house_needs_no_table(limited: Gateway, member: Member) -> None:
    assert left(fetch(limited, "/v1/personas", key=member("free"))) == ("30", "29")


def test_tokens_are_charged_after_the_turn(
    limited: Gateway, member: Member, upstream: ScriptedUpstream
) -> None:
    key = member("spender")

    def tokens(reply: Reply) -> tuple[str, ...]:
        return tuple(reply.headers[f"x-ratelimit-{name}-tokens"] for name in ("limit", "remaining"))

    upstream.by_model("plain-model", json_answer({**completion(), "usage": usage(70, 20)}))
    assert tokens(fetch(limited, CHAT, BODY, key=key)) == ("100", "100")
    assert tokens(fetch(limited, MODELS, key=key)) == ("100", "10")
    # What is left lets one more in, however many tokens that will take.
    assert fetch(limited, CHAT, BODY, key=key).status == 200
    refused = fetch(limited, CHAT, BODY, key=key)
    assert (refused.status, tokens(refused)) == (429, ("100", "0"))
    assert "tokens" in refused.error["message"]
    assert int(refused.headers["retry-after"]) >= 1
    assert fetch(limited, MODELS, key=key).status == 200, "what takes no tokens goes on"


def test_a_stream_is_held_until_it_ends(limited: Gateway, member: Member, upstream: ScriptedUpstream) -> None:
    key, gate = member("streamer"), Gate()
    upstream.by_model("plain-model", faults.stalls(gate))
    streamed = {**BODY, "stream": True}
    with connect(limited) as first, connect(limited) as second:
        for peer in (first, second):
            peer.sendall(written(limited, streamed, key=key))
            read_until(peer, b"word0")
        refused = fetch(limited, CHAT, streamed, key=key)
        assert refused.status == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 5
        assert fetch(limited, MODELS, key=key).status == 200
        second.close()
        gate.open()
        read_until(first, b"[DONE]")
    assert until(lambda: fetch(limited, CHAT, streamed, key=key).status == 200)


def test_a_gateway_needs_the_plans_that_its_workspaces_have(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, "[plans.gold]\nchat_per_minute = 9\n")
    gateway.cli("db", "upgrade")
    gateway.cli("workspaces", "plan", "default", "gold")
    gateway.config.write_text("")
    command = [gateway.python, "-m", "gateway", "serve", "--port", "0", "--config", str(gateway.config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60)
    assert done.returncode == 1
    assert "workspaces have plans that the configuration lacks: gold" in done.stderr


def test_the_sdk_raises_what_it_always_does(limited: Gateway, member: Member) -> None:
    with limited.client(api_key=member("sdk")) as client:
        for _ in range(6):
            client.models.list()
        with pytest.raises(openai.RateLimitError) as caught:
            client.models.list()
    assert (caught.value.code, caught.value.type) == ("rate_limit_exceeded", "requests")
    assert int(caught.value.response.headers["retry-after"]) >= 1


def test_each_line_of_a_scene_counts_and_a_streamed_one_is_a_stream(
    limited: Gateway, member: Member, upstream: ScriptedUpstream
) -> None:
    key, gate = member("actor"), Gate()
    for slug in ("ada", "bo"):
        made = fetch(limited, "/v1/personas", {"slug": slug, "prompt": "You wait."}, key=key)
        assert made.status == 201, made.body
    body = {"personas": ["ada", "bo"], "scene": "A power cut.", "turns": 3}
    upstream.reply(json_answer(completion("Hm.")), json_answer(completion("Ah.")).hold(gate))
    with ThreadPoolExecutor(1) as pool:
        scene = pool.submit(fetch, limited, SCENES, {**body, "stream": True}, key=key)
        assert gate.reached.wait(30)
        held = fetch(limited, CHAT, {**BODY, "stream": True}, key=key)
        assert (held.status, "streams" in held.error["message"]) == (429, True), held.body
        gate.open()
        *lines, (_, last) = happened(scene.result())
    assert [line["content"] for _, line in lines] == ["Hm.", "Ah."]
    assert (last["ended"], last["error"]) == ("failed", "rate_limit.exceeded")
