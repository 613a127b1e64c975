"""The snippets of docs/clients.md run as they stand there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fakes.process import Gateway, scrubbed_environment
from tests.fakes.upstream import ScriptedUpstream

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[1] / "docs" / "clients.md").read_text("utf-8")
PACKAGES = ("openai@6", "ai@6", "@ai-sdk/openai-compatible@2", "@ai-sdk/openai@3")
NPM_SECONDS = 180


class Snippet(NamedTuple):
    client: str
    language: str
    code: str


def snippets() -> list[Snippet]:
    found = []
    for section in PAGE.split("\n## ")[1:]:
        client = section.splitlines()[0]
        found += [
            Snippet(client, *each) for each in re.findall(r"```(sh|python|js)\n(.*?)```", section, re.DOTALL)
        ]
    return found


SNIPPETS = snippets()


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory, clean_environment: dict[str, str]) -> Path:
    """A folder with the packages for Node; skips where there is no Node or no registry."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("needs node and npm")
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text('{"private": true, "type": "module"}', "utf-8")
    command = [npm, "install", "--no-audit", "--no-fund", "--silent", *PACKAGES]
    try:
        subprocess.run(
            command,
            cwd=folder,
            env=os.environ | clean_environment,
            check=True,
            timeout=NPM_SECONDS,
            capture_output=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip("no registry has the packages for Node")
    return folder


def run(gateway: Gateway, command: list[str], code: str, folder: Path) -> str:
    """Run a snippet against the gateway, and return what it prints."""
    code = code.replace("http://127.0.0.1:8080", gateway.root)
    file = folder / "snippet.mjs"
    file.write_text(code, "utf-8")
    environment = scrubbed_environment(PERSONA_API_KEY=gateway.key)
    ended = subprocess.run(
        [*command, str(file)],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_page_has_the_clients_that_it_promises() -> None:
    count = {client: sum(each.client == client for each in SNIPPETS) for client, _, _ in SNIPPETS}
    assert count == {
        "curl": 3,
        "openai for Python": 3,
        "openai for Node": 1,
        "LangChain": 1,
        "openai-agents": 1,
        "AI SDK": 1,
        "AI SDK with Responses": 1,
    }


@pytest.mark.parametrize("number", range(3))
def test_curl(gateway: Gateway, upstream: ScriptedUpstream, tmp_path: Path, number: int) -> None:
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    code = [each.code for each in SNIPPETS if each.language == "sh"][number]
    told = run(gateway, ["sh"], code, tmp_path)
    assert '"verdict":"' in told
    assert ("data: [DONE]" in told) == (number == 1)
    assert ("x-persona: the-night-librarian@v1" in told) == (number == 1)


@pytest.mark.parametrize("number", range(5))
def test_python(gateway: Gateway, upstream: ScriptedUpstream, tmp_path: Path, number: int) -> None:
    client, _, code = [each for each in SNIPPETS if each.language == "python"][number]
    told = run(gateway, [sys.executable], code, tmp_path)
    assert "You said: Good evening!" in told
    # What the Agents SDK hands on does not hold the object.
    assert told.count("'verdict': '") == {"LangChain": 2, "openai-agents": 0}.get(client, 1)


@pytest.mark.parametrize("client", ["openai for Node", "AI SDK"])
def test_node(gateway: Gateway, upstream: ScriptedUpstream, packages: Path, client: str) -> None:
    (code,) = [each.code for each in SNIPPETS if each.client == client]
    told = run(gateway, ["node"], code, packages)
    assert told.count("You said: Good evening!") == 2
    assert told.count("verdict: '") == 2


def test_the_ai_sdk_asks_for_responses(gateway: Gateway, upstream: ScriptedUpstream, packages: Path) -> None:
    (code,) = [each.code for each in SNIPPETS if each.client == "AI SDK with Responses"]
    told = run(gateway, ["node"], code, packages)
    assert told.count("You said: Good evening!") == 2
    assert "resp_" in told
