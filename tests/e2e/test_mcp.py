"""Clients that speak MCP talk to personas, under the same rights and limits as everybody else."""

import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import mcp
import pytest
from mcp.client.streamable_http import streamable_http_client

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import mint
from tests.e2e.test_own_tools import maps_below
from tests.e2e.wire import Reply, fetch
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import status

SLUG = LIBRARIAN.removeprefix("persona/")
SECRET = "You are the hidden keeper of a very private prompt."
MODES = ("auto", "legacy")
"""The newest revision of the protocol, and those that begin with a handshake."""


@pytest.fixture(scope="module")
def served(shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    prices = 'prices = { "gpt-4o-mini" = { input = 1000.0, output = 1000.0 } }'
    table = upstream_table("main", shared_upstream.base_url, 'default_model = "gpt-4o-mini"', prices)
    gateway = Gateway(tmp_path_factory.mktemp("mcp"), table + PATIENT + "[mcp]\nenabled = true\n").start()
    yield gateway
    assert gateway.stop() == 0


@pytest.fixture
def gateway(served: Gateway, upstream: ScriptedUpstream) -> Gateway:
    return served


@asynccontextmanager
async def connected(gateway: Gateway, mode: str = "auto", key: str | None = None) -> AsyncIterator[Any]:
    headers = {"authorization": f"Bearer {gateway.key if key is None else key}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        transport = streamable_http_client(f"{gateway.root}/mcp", http_client=http)
        async with mcp.Client(transport, mode=mode) as client:
            yield client


def words(result: Any) -> str:
    (block,) = result.content
    text: str = block.text
    return text


def knock(gateway: Gateway, path: str = "/mcp", method: str = "POST", **more: Any) -> Reply:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"} if method == "POST" else None
    return fetch(gateway, path, body, method=method, **more)


def test_a_worker_that_has_seen_no_mcp_request_has_not_loaded_the_sdk(gateway: Gateway) -> None:
    """This stands first, since the tests below make the workers load it."""
    fetch(gateway, "/v1/personas")
    assert not any("/pydantic_core/" in maps for maps in maps_below(gateway.pid).values())
    assert knock(gateway, headers={"accept": "application/json, text/event-stream"}).status == 200
    assert any("/pydantic_core/" in maps for maps in maps_below(gateway.pid).values())


@pytest.mark.parametrize("mode", MODES)
async def test_tools_are_listed_with_their_schemas(gateway: Gateway, mode: str) -> None:
    async with connected(gateway, mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert tools.keys() == {"persona.invoke", "persona.search", "persona.fork", "ensemble.scenario"}
    invoke = tools["persona.invoke"]
    assert invoke.title == "Talk to a persona"
    assert invoke.input_schema["required"] == ["persona", "message"]
    assert "drift" in invoke.output_schema["properties"]
    assert tools["persona.search"].annotations.read_only_hint is True


@pytest.mark.parametrize("mode", MODES)
async def test_a_persona_answers_and_goes_on_in_its_conversation(
    gateway: Gateway, upstream: ScriptedUpstream, mode: str
) -> None:
    async with connected(gateway, mode) as client:
        first = await client.call_tool("persona.invoke", {"persona": SLUG, "message": "Good evening"})
        assert not first.is_error, words(first)
        told = first.structured_content
        assert told["answer"] == "You said: Good evening"
        assert told["drift"].keys() >= {"voice", "values", "rules", "verdict"}
        given = {"persona": SLUG, "message": "And now?", "conversation_id": told["conversation_id"]}
        second = await client.call_tool("persona.invoke", given)
    assert second.structured_content["conversation_id"] == told["conversation_id"]
    assert [message["content"] for message in upstream.seen[-1].json["messages"][1:]] == [
        "Good evening",
        "You said: Good evening",
        "And now?",
    ]
    kept = fetch(gateway, f"/v1/chat/conversations/{told['conversation_id']}/messages").json["data"]
    assert len(kept) == 4


@pytest.mark.parametrize("mode", MODES)
async def test_progress_is_told_while_an_answer_comes(gateway: Gateway, mode: str) -> None:
    heard: list[tuple[float, str | None]] = []

    async def hear(progress: float, _total: float | None, message: str | None) -> None:
        heard.append((progress, message))

    async with connected(gateway, mode) as client:
        given = {"persona": SLUG, "message": "Good evening"}
        result = await client.call_tool("persona.invoke", given, progress_callback=hear)
    answer = result.structured_content["answer"]
    assert "".join(message or "" for _, message in heard) == answer
    assert heard[-1][0] == len(answer)


async def test_personas_are_found_and_copied(gateway: Gateway) -> None:
    async with connected(gateway) as client:
        found = await client.call_tool("persona.search", {"query": "librarian", "limit": 5})
        (persona,) = found.structured_content["personas"]
        assert persona["slug"] == SLUG
        given = {"parent": f"{SLUG}@v1", "slug": "copied", "visibility": "workspace"}
        made = await client.call_tool("persona.fork", given)
        assert not made.is_error, words(made)
        again = await client.call_tool("persona.fork", given)
    assert made.structured_content["persona"]["slug"] == "copied"
    assert again.is_error
    assert "persona.slug_taken" in words(again)
    fetch(gateway, "/v1/personas/copied", method="DELETE")


async def test_personas_are_resources_and_prompts(gateway: Gateway) -> None:
    async with connected(gateway) as client:
        resources = {str(each.uri): each for each in (await client.list_resources()).resources}
        place = f"persona://{SLUG}@v1"
        assert resources[place].name == SLUG
        (content,) = (await client.read_resource(place)).contents
        version = json.loads(content.text)
        assert (version["version"], content.mime_type) == (1, "application/json")
        (template,) = (await client.list_resource_templates()).resource_templates
        assert template.uri_template == "persona://{ref}"
        prompts = {each.name: each for each in (await client.list_prompts()).prompts}
        assert prompts[SLUG].description
        (message,) = (await client.get_prompt(SLUG)).messages
        assert message.content.text == version["prompt"]
        for wrong in ("persona://nobody@v1", "persona://a/b", "http://127.0.0.1/", f"persona://{SLUG}@v99"):
            with pytest.raises(mcp.MCPError):
                await client.read_resource(wrong)


async def test_an_error_is_a_result_and_a_line_in_the_log(
    gateway: Gateway, upstream: ScriptedUpstream
) -> None:
    async with connected(gateway) as client:
        for given, code in (
            ({"persona": "nobody", "message": "Hi"}, "persona.not_found"),
            ({"persona": SLUG}, "request.invalid"),
            ({"persona": SLUG, "message": "Hi", "temperature": 9}, "request.invalid"),
            ({"persona": SLUG, "message": "Hi", "surplus": 1}, "request.invalid"),
            ({"persona": SLUG, "message": "Hi", "conversation_id": "../keys"}, "request.invalid"),
        ):
            result = await client.call_tool("persona.invoke", given)
            assert result.is_error, given
            assert code in words(result)
        upstream.reply(status(422))
        result = await client.call_tool("persona.invoke", {"persona": SLUG, "message": "Sorrow"})
        assert "provider.rejected_request" in words(result)
        with pytest.raises(mcp.MCPError, match="no tool"):
            await client.call_tool("persona.nothing", {})
    assert "mcp: persona.invoke: persona.not_found" in gateway.log()
    assert "Sorrow" not in gateway.log()


async def test_a_private_persona_is_its_owner_s(gateway: Gateway) -> None:
    body = {"slug": "hidden", "prompt": SECRET}
    assert fetch(gateway, "/v1/personas", body).status == 201
    other = mint(gateway, "--scope", "personas:read", "--scope", "chat:invoke", "--scope", "personas:fork")
    async with connected(gateway) as client:
        assert "persona://hidden@v1" in {str(each.uri) for each in (await client.list_resources()).resources}
    async with connected(gateway, key=other) as client:
        listed = [str(each.uri) for each in (await client.list_resources()).resources]
        assert f"persona://{SLUG}@v1" in listed
        assert "persona://hidden@v1" not in listed
        found = await client.call_tool("persona.search", {"query": "hidden"})
        assert found.structured_content["personas"] == []
        for tool, given in (
            ("persona.invoke", {"persona": "hidden", "message": "Hi"}),
            ("persona.fork", {"parent": "hidden"}),
        ):
            assert "persona.not_found" in words(await client.call_tool(tool, given))
        with pytest.raises(mcp.MCPError):
            await client.get_prompt("hidden")
    fetch(gateway, "/v1/personas/hidden", method="DELETE")


async def test_scopes_hold(gateway: Gateway) -> None:
    app = mint(gateway, "--scope", "chat:invoke")
    async with connected(gateway, key=app) as client:
        told = await client.call_tool("persona.invoke", {"persona": SLUG, "message": "Hi"})
        assert not told.is_error
        refused = await client.call_tool("persona.search", {"query": "x"})
        assert "auth.missing_scope" in words(refused)
        with pytest.raises(mcp.MCPError, match="personas:read"):
            await client.list_resources()


def test_without_a_key_nothing_is_answered(gateway: Gateway) -> None:
    for key in ("", "pk_live_nonsense"):
        reply = knock(gateway, key=key)
        assert (reply.status, reply.error["code"]) == (401, "auth.invalid_key")


@pytest.mark.parametrize(
    ("path", "method", "headers", "expected"),
    [
        ("/mcp", "GET", {}, 405),
        ("/mcp/", "POST", {"accept": "application/json, text/event-stream"}, 200),
        ("/sse", "GET", {}, 405),
        ("/mcp", "POST", {"host": "evil.example"}, 421),
        ("/mcp", "POST", {"origin": "https://evil.example"}, 403),
        ("/mcp", "POST", {"origin": "http://127.0.0.1:5173", "accept": "*/*"}, 200),
    ],
)
def test_what_comes_in_by_another_way_is_told_so(
    gateway: Gateway, path: str, method: str, headers: dict[str, str], expected: int
) -> None:
    reply = knock(gateway, path, method, headers=headers)
    assert reply.status == expected, reply.body
    if expected != 200:
        assert reply.error["doc_url"].startswith(f"{gateway.root}/docs/errors#")
    if path == "/sse":
        assert "`/mcp`" in reply.error["message"]


@pytest.mark.parametrize("mode", MODES)
async def test_two_personas_play_a_scene(gateway: Gateway, mode: str) -> None:
    heard: list[tuple[float, str | None]] = []

    async def hear(progress: float, _total: float | None, message: str | None) -> None:
        heard.append((progress, message))

    given = {"personas": [SLUG, "the-istanbul-bookseller"], "scene": "A stair in the dark.", "turns": 2}
    async with connected(gateway, mode) as client:
        whole = await client.call_tool("ensemble.scenario", given)
        told = await client.call_tool("ensemble.scenario", given, progress_callback=hear)
        dear = await client.call_tool("ensemble.scenario", {**given, "turns": 9, "budget_usd": 0.001})
    for result in (whole, told):
        assert not result.is_error, words(result)
        assert [line["persona"]["slug"] for line in result.structured_content["lines"]] == given["personas"]
    assert [progress for progress, _ in heard] == [1, 2]
    assert (dear.structured_content["ended"], len(dear.structured_content["lines"])) == ("budget", 1)


async def test_a_program_speaks_mcp_for_a_gateway(gateway: Gateway) -> None:
    arguments = ["-m", "gateway", "mcp", "serve", "--url", gateway.root]
    program = mcp.StdioServerParameters(
        command=sys.executable, args=arguments, env={"PERSONA_API_KEY": gateway.key}, cwd=str(gateway.folder)
    )
    heard: list[float] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append(progress)

    async with mcp.Client(program) as client:
        given = {"persona": SLUG, "message": "Good evening"}
        told = await client.call_tool("persona.invoke", given)
        assert told.structured_content["answer"] == "You said: Good evening"
        await client.call_tool("persona.invoke", given, progress_callback=hear)
        refused = await client.call_tool("persona.invoke", {**given, "persona": "nobody"})
        assert "persona.not_found" in words(refused)
        assert f"persona://{SLUG}@v1" in {str(each.uri) for each in (await client.list_resources()).resources}
    assert heard
