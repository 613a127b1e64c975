"""MCP by other makers' programs: the conformance suite, and the SDK for TypeScript."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import node
from tests.conftest import LIBRARIAN
from tests.fakes.keyed import Keyed
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.upstream import ScriptedUpstream

SLUG = LIBRARIAN.removeprefix("persona/")
APPLY = {
    "server-initialize": 1,
    "ping": 1,
    "tools-list": 1,
    "resources-list": 1,
    "prompts-list": 1,
    "dns-rebinding-protection": 2,
}
"""Scenarios of any server, with the checks that each makes.

The others are of one server, the suite's own: they call its tools `test_…`, read its resources `test://…`,
get its prompts `test_…`, or need what this server does not declare (logging, completions, subscriptions,
streams on which it asks its client). Those of `server-sse-…` check nothing where there is no session.
"""
CLIENT = """
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [url, key, slug] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${key}` };
const client = new Client({ name: "elsewhere", version: "1.0.0" });
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
const tools = (await client.listTools()).tools.map((tool) => tool.name);
const resources = (await client.listResources()).resources.map((each) => each.uri);
const heard = [];
const said = await client.callTool(
  { name: "persona.invoke", arguments: { persona: slug, message: "Good evening" } },
  undefined,
  { onprogress: (each) => heard.push(each.message) },
);
const [prompt] = (await client.listPrompts()).prompts;
const shown = await client.getPrompt({ name: prompt.name });
const nobody = { persona: "nobody", message: "Hi" };
const refused = await client.callTool({ name: "persona.invoke", arguments: nobody });
const scene = await client.callTool({
  name: "ensemble.scenario",
  arguments: { personas: [slug, "guest"], scene: "A power cut; they meet on the stairs.", turns: 2 },
});
await client.close();
console.log(JSON.stringify({ tools, resources, heard, said, shown, refused, scene }));
"""


@pytest.fixture(scope="module")
def served(shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    table = upstream_table("main", shared_upstream.base_url, 'default_model = "gpt-4o-mini"')
    gateway = Gateway(
        tmp_path_factory.mktemp("elsewhere"), table + PATIENT + "[mcp]\nenabled = true\n"
    ).start()
    gateway.push(slug="guest", prompt="You are a guest.")
    yield gateway
    assert gateway.stop() == 0


def test_the_conformance_suite_passes_where_it_applies(served: Gateway, tmp_path: Path) -> None:
    suite = node.require("@modelcontextprotocol/conformance") / "dist" / "index.js"
    passed = {}
    with Keyed(served) as keyed:
        for scenario in APPLY:
            done = node.run(
                suite, "server", "--url", f"{keyed.root}/mcp", "--scenario", scenario, "--verbose"
            )
            assert done.returncode == 0, done.stdout + done.stderr
            passed[scenario] = done.stdout.count('"status": "SUCCESS"')
            assert '"status": "FAILURE"' not in done.stdout
    assert passed == APPLY


def test_the_sdk_for_typescript_talks_to_personas_and_plays_a_scene(
    served: Gateway, upstream: ScriptedUpstream
) -> None:
    node.require("@modelcontextprotocol/sdk")
    done = node.run(node.written("mcp-client", CLIENT), f"{served.root}/mcp", served.key, SLUG)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told["tools"]) == {"persona.invoke", "persona.search", "persona.fork", "ensemble.scenario"}
    assert f"persona://{SLUG}@v1" in told["resources"]
    answer = told["said"]["structuredContent"]
    assert answer["answer"] == "You said: Good evening" == "".join(told["heard"])
    assert told["shown"]["messages"]
    assert told["refused"]["isError"]
    assert "persona.not_found" in told["refused"]["content"][0]["text"]
    scene = told["scene"]["structuredContent"]
    assert not told["scene"].get("isError"), told["scene"]
    assert [line["persona"]["slug"] for line in scene["lines"]] == [SLUG, "guest"]
    assert all(line["drift"]["verdict"] for line in scene["lines"])
