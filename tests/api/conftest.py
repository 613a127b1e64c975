"""All tests of the native API share a gateway with two workers; their users are in workspaces of their
own."""

import asyncio
import itertools
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.storage import tables
from tests.e2e.wire import Reply, fetch
from tests.fakes import postgres
from tests.fakes.postgres import Server
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.upstream import ScriptedUpstream

LINES = [
    'default_model = "gpt-4o-mini"',
    'models = ["plain-model"]',
    'prices = { "gpt-4o-mini" = { input = 1000, output = 2000, cached_input = 100, cache_write = 1250 }, '
    '"gpt-image-1" = { input = 5, output = 40 } }',
]
IMAGES = '[images]\nupstream = "main"\n'
ERROR = {"code", "message", "type", "doc_url", "request_id"}
NAMES = itertools.count()


class User:
    """A key and what can be asked with it."""

    def __init__(self, gateway: Gateway, key: str, key_id: str = "", workspace: str = "") -> None:
        self.gateway, self.key, self.id, self.workspace = gateway, key, key_id, workspace

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """Send one request under /v1; `if_match=…` sends the header If-Match."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return fetch(self.gateway, f"/v1{path}", body, key=self.key, method=method, headers=named)

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: object = None, **headers: str) -> Reply:
        return self.ask("POST", path, body, **headers)

    def patch(self, path: str, body: object, **headers: str) -> Reply:
        return self.ask("PATCH", path, body, **headers)

    def put(self, path: str, body: object, **headers: str) -> Reply:
        return self.ask("PUT", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Reply:
        return self.ask("DELETE", path, **headers)

    def persona(self, slug: str = "muse", prompt: str = "You are a muse.", **more: Any) -> dict[str, Any]:
        """Make a new persona."""
        return made(self.post("/personas", {"slug": slug, "prompt": prompt, **more}))

    def colleague(self, *scopes: str, **more: Any) -> "User":
        """Make another key of the same workspace, with all scopes unless some are named."""
        body = {"scopes": scopes or ["*"], **more}
        key = made(self.post("/keys", body))
        return User(self.gateway, key["key"], key["id"], key["workspace"])

    def neighbour(self, *scopes: str, mode: str = "live") -> "User":
        """Make a key in a new workspace, which only operators may do."""
        name = f"tenant-{next(NAMES)}"
        workspace = made(self.post("/workspaces", {"name": name, "mode": mode}))["id"]
        return self.colleague(*scopes, workspace=workspace)

    def chat(self, model: str, **more: Any) -> Reply:
        body = {"model": model, "messages": [{"role": "user", "content": "Good evening"}], **more}
        return self.post("/openai/chat/completions", body)

    def pages(self, path: str, limit: int) -> list[list[dict[str, Any]]]:
        """Read the pages of a list, from one `next` to the following."""
        found, place = [], f"{path}{'&' if '?' in path else '?'}limit={limit}"
        after = ""
        while True:
            page = self.get(place + after)
            assert page.status == 200, page.body
            found.append(page.json["data"])
            assert page.json["has_more"] is (page.json["next"] is not None)
            if not page.json["has_more"]:
                return found
            assert len(page.json["data"]) == limit
            after = f"&after={page.json['next']}"


def made(reply: Reply) -> dict[str, Any]:
    """Return what a request made."""
    assert reply.status == 201, reply.body
    found: dict[str, Any] = reply.json
    return found


def refused(reply: Reply, status: int, code: str) -> dict[str, Any]:
    """Return the error of a refusal with this status and code, once its envelope has been looked at."""
    assert reply.status == status, reply.body
    assert reply.json.keys() == {"error"}
    error = reply.error
    assert error["code"] == code
    assert error.keys() - {"details"} == ERROR
    assert error["request_id"] == reply.headers["x-request-id"]
    assert error["doc_url"].endswith("#" + code.replace(".", "_"))
    assert reply.headers["content-type"] == "application/json"
    assert all(detail.keys() == {"loc", "msg", "type"} for detail in error.get("details", []))
    return error


def details(reply: Reply, status: int = 400, code: str = "request.invalid") -> list[Any]:
    """List place and kind of each mistake that a refusal names."""
    return [(detail["loc"], detail["type"]) for detail in refused(reply, status, code)["details"]]


def statement(gateway: Gateway, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Read or change the store behind the gateway's back; a `?` stands for a value."""
    if url := re.search(r'url = "(postgresql:.*)"', gateway.config.read_text("utf-8")):
        numbers = itertools.count(1)
        numbered = re.sub(r"\?", lambda _: f"${next(numbers)}", sql)
        return [tuple(row) for row in asyncio.run(postgres.fetch(url[1], numbered, *values))]
    with closing(sqlite3.connect(gateway.folder / "persona.db", timeout=25)) as store, store:
        return store.execute(sql, values).fetchall()


def traces(gateway: Gateway, words: Iterable[str]) -> list[str]:
    """Find those of these words that stand anywhere in the store, whatever their case."""
    data = b"".join(
        file.read_bytes() for file in gateway.folder.iterdir() if file.name.startswith("persona.db")
    )
    if not data:
        rows = [statement(gateway, f"SELECT t::text FROM {name} t") for name in tables.metadata.tables]
        data = repr(rows).encode()
    return [word for word in words if word.encode().lower() in data.lower()]


def expire(user: User) -> None:
    statement(user.gateway, "UPDATE keys SET expires_at = 1 WHERE id = ?", user.id)
    prefix = user.key[: len("pk_live_") + 10]
    statement(user.gateway, "INSERT INTO changes (topic, subject, at) VALUES ('key', ?, 9e12)", prefix)


def settings(upstream: ScriptedUpstream, *lines: str) -> str:
    return upstream_table("main", upstream.base_url, *LINES) + IMAGES + "\n".join(lines)


@pytest.fixture(scope="session")
def on_sqlite(
    shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    yield from serving(tmp_path_factory.mktemp("sqlite"), settings(shared_upstream, PATIENT))


@pytest.fixture(scope="session")
def on_postgresql(
    shared_upstream: ScriptedUpstream, postgres: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    with postgres.database("engine") as url:
        config = settings(shared_upstream, PATIENT, "[store]", f'url = "{url}"')
        yield from serving(tmp_path_factory.mktemp("postgresql"), config)


@pytest.fixture(params=["sqlite", "postgresql"])
def native(request: pytest.FixtureRequest) -> Gateway:
    """A gateway with two workers, on each kind of store."""
    # Of a fixture with parameters only one value lives at a time, so that each file would start both anew.
    found: Gateway = request.getfixturevalue(f"on_{request.param}")
    return found


def serving(folder: Path, config: str) -> Iterator[Gateway]:
    gateway = Gateway(folder, config, "--workers", "2").start()
    yield gateway
    errors = gateway.errors()
    assert gateway.stop() == 0
    assert "Traceback" not in errors
    assert "unexpected" not in errors


@pytest.fixture
def operator(native: Gateway, upstream: ScriptedUpstream) -> User:
    """The first key, with every right."""
    listed: Mapping[str, Any] = fetch(native, "/v1/keys").json["data"][0]
    return User(native, native.key, listed["id"], listed["workspace"])


@pytest.fixture
def me(operator: User) -> User:
    """A key with all scopes, which is not an operator's, in a new workspace."""
    return operator.neighbour()


@pytest.fixture
def stranger(operator: User) -> User:
    """A key like `me`, in another workspace."""
    return operator.neighbour()
