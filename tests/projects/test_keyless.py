"""Clients without a key are let in where that is switched on, from this machine and past no browser."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from gateway.projects.keyless import is_old_client
from tests.e2e.wire import fetch
from tests.fakes.process import Gateway, upstream_table
from tests.fakes.upstream import ScriptedUpstream

PROJECT = "/api/projects/my-project/personas"
KEYLESS = '[projects]\nkeyless = "default"\nnames = { "my-project" = "default", "Çay evi" = "default" }\n'


@pytest.fixture(scope="module")
def open_gateway(
    shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    table = upstream_table("main", shared_upstream.base_url, 'default_model = "gpt-4o-mini"')
    gateway = Gateway(tmp_path_factory.mktemp("keyless"), table + KEYLESS).start()
    yield gateway
    assert gateway.stop() == 0


def test_an_old_client_makes_lists_and_deletes_without_a_key(open_gateway: Gateway) -> None:
    assert "without a key" in open_gateway.log()
    made = fetch(open_gateway, PROJECT, {"name": "old"}, key="")
    assert made.status == 201
    assert made.json in fetch(open_gateway, PROJECT, key="").json
    assert fetch(open_gateway, f"{PROJECT}/{made.json['id']}", key="", method="DELETE").status == 204


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://127.0.0.1"},
        {"x-forwarded-for": "127.0.0.1"},
        {"forwarded": "for=127.0.0.1"},
        {"host": "evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"authorization": "Bearer pk_live_wrong"},
    ],
)
def test_whoever_may_be_a_browser_or_a_proxy_needs_a_key(
    open_gateway: Gateway, headers: dict[str, str]
) -> None:
    assert fetch(open_gateway, PROJECT, key="", headers=headers).status == 401


def test_the_link_to_more_follows_a_project_whatever_its_name(open_gateway: Gateway) -> None:
    place = f"/api/projects/{quote('Çay evi')}/personas"
    names = [f"long-{number}" for number in range(6)]
    bodies = [{"name": name, "systemPrompt": "x" * 500_000} for name in names]
    made = [fetch(open_gateway, place, body).json["id"] for body in bodies]
    found: list[str] = []
    rest: str | None = place
    while rest is not None:
        reply = fetch(open_gateway, rest)
        assert reply.status == 200, reply.body[:500]
        found += [each["name"] for each in reply.json]
        link = reply.headers.get("link")
        rest = link and link[1 : link.index(">")]
    assert [name for name in found if name in names] == names
    for each in made:
        assert fetch(open_gateway, f"{place}/{each}", method="DELETE").status == 204


def test_only_the_named_workspace_and_only_these_paths_are_open(open_gateway: Gateway) -> None:
    assert fetch(open_gateway, "/v1/personas", key="").status == 401
    assert fetch(open_gateway, "/api/projects/other/personas", key="").status == 404
    assert fetch(open_gateway, PROJECT).status == 200


def scope(client: str = "127.0.0.1", **headers: str) -> dict[str, Any]:
    named = {"host": "localhost:8080", **headers}
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()]
    return {"client": (client, 1), "headers": pairs}


def test_the_peer_the_host_and_the_kind_of_the_body_decide() -> None:
    assert is_old_client(scope())
    assert is_old_client(scope("::1", host="[::1]"))
    assert is_old_client(scope("::ffff:127.0.0.1", content_type="application/json; charset=utf-8"))
    assert not is_old_client(scope("10.0.0.1"))
    assert not is_old_client({**scope(), "client": None})
    assert not is_old_client(scope(host="localhost.evil.example"))
    assert not is_old_client(scope(content_type="text/plain", content_length="2"))
    assert not is_old_client(scope(content_length="2"))
    assert not is_old_client(scope(x_forwarded_host="localhost"))


def test_a_workspace_that_is_not_there_is_told_at_the_start(open_gateway: Gateway) -> None:
    config = open_gateway.folder / "wrong.toml"
    config.write_text(open_gateway.config.read_text("utf-8").replace('"default"', '"nobody"'), "utf-8")
    done = Gateway(open_gateway.folder, None, "--config", str(config))
    with pytest.raises(AssertionError, match="workspace `nobody`"):
        done.start()
    done.stop()
