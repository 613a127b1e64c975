"""Gateways share a PostgreSQL server, which is stopped and started under them."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import LIBRARIAN, Start
from tests.e2e.conftest import hello
from tests.e2e.wire import Reply, fetch
from tests.fakes.postgres import Cluster, cluster
from tests.fakes.process import Gateway, upstream_table
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream

ASK: dict[str, Any] = {"model": LIBRARIAN, "messages": hello()}
MUSE = {"slug": "muse", "prompt": "You are a muse."}


@pytest.fixture
def server() -> Iterator[Cluster]:
    with cluster() as found:
        yield found


@pytest.fixture
def config(server: Cluster, upstream: ScriptedUpstream) -> str:
    table = upstream_table("main", upstream.base_url, 'default_model = "gpt-4o-mini"')
    return f'{table}[store]\nurl = "{server.url}"\n[turns]\nflush_interval = 0.05\n'


def turns(gateway: Gateway) -> int:
    return len(fetch(gateway, "/v1/turns").json["data"])


def another(start: Start, first: Gateway, config: str) -> Gateway:
    """Start a gateway on the same store, in a folder of its own, with the same pepper."""
    pepper = (first.folder / "persona.pepper").read_text("ascii")
    second = start(config, PERSONA__KEYS__PEPPER=pepper)
    second.key = first.key
    return second


def ask(gateway: Gateway, method: str, path: str, body: object = None) -> Reply:
    return fetch(gateway, path, body, method=method)


def test_an_outage_fails_nobody_who_does_not_need_the_store(
    server: Cluster, config: str, start: Start
) -> None:
    gateway = start(config)
    assert fetch(gateway, body=ASK).status == 200
    until(lambda: turns(gateway) == 1)
    server.stop()
    until(lambda: fetch(gateway, "/health/ready").json["store"] == "degraded")
    for _ in range(10):
        assert fetch(gateway, body=ASK).status == 200
    refused = ask(gateway, "POST", "/v1/personas", MUSE)
    assert (refused.status, refused.error["code"]) == (503, "store.unavailable")
    assert str(server.port) not in refused.body.decode()
    server.start()
    until(lambda: fetch(gateway, "/health/ready").json["store"] == "ok")
    assert ask(gateway, "POST", "/v1/personas", MUSE).status == 201
    until(lambda: turns(gateway) == 11)


def test_what_one_gateway_changes_holds_in_the_other_one(server: Cluster, config: str, start: Start) -> None:
    first = start(config)
    second = another(start, first, config)
    assert ask(first, "POST", "/v1/personas", {**MUSE, "visibility": "workspace"}).status == 201
    body = {**ASK, "model": "persona/muse"}
    until(lambda: fetch(second, body=body).headers.get("x-persona") == "muse@v1")
    assert ask(first, "PATCH", "/v1/personas/muse", {"prompt": "You are another muse."}).status == 200
    until(lambda: fetch(second, body=body).headers["x-persona"] == "muse@v2")
    key = ask(second, "POST", "/v1/keys", {}).json
    until(lambda: fetch(first, "/v1/personas", key=key["key"]).status == 200)
    assert ask(second, "DELETE", f"/v1/keys/{key['id']}").status == 204
    until(lambda: fetch(first, "/v1/personas", key=key["key"]).status == 401)


def test_a_server_that_is_not_there_is_named_without_its_password(bare: Gateway) -> None:
    bare.config.write_text('[store]\nurl = "postgresql://me:secret@127.0.0.1:1/persona"\n')
    with pytest.raises(AssertionError, match=r"127\.0\.0\.1:1/persona does not answer") as told:
        bare.start()
    assert "secret" not in str(told.value)


@pytest.fixture
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    gateway = Gateway(tmp_path_factory.mktemp("bare"), "")
    yield gateway
    gateway.stop()
