"""Personas call the gateway's own tools: those of MCP servers, and the search."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import mint
from tests.e2e.test_attaching import TOOL, path, user
from tests.e2e.test_talking import PLACE, happened, post, refusal, sent, told
from tests.e2e.wire import connect, fetch, written
from tests.fakes import mcp_server
from tests.fakes.mcp_server import ToolServer
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.sockets import read_until
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import completion
from tests.fakes.upstream_scripts import Json, json_answer

SLUG = LIBRARIAN.removeprefix("persona/")
ASK = "Please use the tool"
HITS = [
    {"title": "Lamps", "url": "https://lamps.example/", "content": "All about lamps.", "engine": "x"},
    {"title": "Light", "url": "https://light.example/", "content": None},
]


@pytest.fixture(scope="module")
def shelf() -> Iterator[ToolServer]:
    with ToolServer() as found:
        yield found


@pytest.fixture(scope="module")
def tooled(
    shared_upstream: ScriptedUpstream, shelf: ToolServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """A gateway with tools behind a URL, tools of a program, and some that cannot be used."""
    plain = upstream_table("main", shared_upstream.base_url, 'default_model = "gpt-4o-mini"') + PATIENT
    plain += f'[grounding]\nsearch = "http://127.0.0.1:{shared_upstream.port}/search?lang=en"\n'
    plain += "[chat]\ntool_rounds = 3\n"
    folder = tmp_path_factory.mktemp("tooled")
    gateway = Gateway(folder, plain, SHELF_NAME="oak", HIDDEN="do not tell").start()
    (workspace,) = fetch(gateway, "/v1/workspaces").json["data"]
    gateway.stop()
    ours = f'workspaces = ["{workspace["id"]}"]'
    program = json.dumps([sys.executable, mcp_server.__file__])
    tables = {
        "books": [f'mcp = "{shelf.url}"', 'api_key = "shelf-key"', "timeout = 20", "max_bytes = 1000", ours],
        "kit": [f"command = {program}", 'env = ["SHELF_NAME"]', ours],
        "gone": ['mcp = "http://127.0.0.1:1/mcp"', ours],
        "hasty": [f'mcp = "{shelf.url}"', "timeout = 0.5", ours],
        "closed": [f'mcp = "{shelf.url}"'],
        "picky": [f'mcp = "{shelf.url}"', 'personas = ["somebody-else"]', ours],
    }
    text = "".join(f"[tools.{name}]\n" + "\n".join(lines) + "\n" for name, lines in tables.items())
    gateway.config.write_text(plain + text, "utf-8")
    gateway.start()
    yield gateway
    assert gateway.stop() == 0


@pytest.fixture
def gateway(tooled: Gateway, upstream: ScriptedUpstream) -> Gateway:
    upstream.by_path("/search", json_answer({"query": "x", "results": HITS}))
    return tooled


@pytest.fixture
def begun(gateway: Gateway) -> str:
    found: str = fetch(gateway, PLACE, {"persona": SLUG}).json["id"]
    return found


def calling(*calls: tuple[str, Json], content: str | None = None) -> Any:
    """Script an answer that calls these functions."""
    made = [
        {"id": f"call_{at}", "type": "function", "function": {"name": name, "arguments": json.dumps(given)}}
        for at, (name, given) in enumerate(calls)
    ]
    return json_answer(completion(content, finish="tool_calls", message={"tool_calls": made}))


def outcomes(answer: dict[str, Any]) -> list[tuple[str, str]]:
    assert all(use["duration_ms"] >= 0 for use in answer["tools_used"])
    return [(use["name"], use["outcome"]) for use in answer["tools_used"]]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("server", ["books", "kit"])
def test_a_tool_is_called_and_its_result_is_read(
    gateway: Gateway, upstream: ScriptedUpstream, begun: str, server: str, stream: bool
) -> None:
    reply = post(gateway, begun, ASK, tools=[f"{server}.lookup"], stream=stream)
    answer = told(reply)
    assert answer["content"] == "The tool said: text: on the second shelf."
    assert outcomes(answer) == [(f"{server}.lookup", "ok")]
    (function,) = [tool["function"] for tool in upstream.seen[0].json["tools"]]
    assert (function["name"], function["description"]) == (f"{server}_lookup", "Look a book up.")
    assert function["parameters"]["required"] == ["title"]
    asked, called, result = sent(upstream)
    assert asked == user(ASK)
    assert result["role"] == "tool"
    assert result["tool_call_id"] == called["tool_calls"][0]["id"]
    kept = path(gateway, begun)
    assert [message["role"] for message in kept] == ["user", "assistant", "tool", "assistant"]
    assert kept[-1]["id"] == answer["message_id"]
    turns = gateway.turns("--limit", "2")
    assert {turn["id"] for turn in turns} == {kept[1]["id"], kept[3]["id"]}
    assert answer["tokens"]["in"] == sum(turn["prompt_tokens"] for turn in turns)
    if stream:
        assert next(name for name, _ in happened(reply)) == "tool.completed"
    post(gateway, begun, "And now?")
    assert sent(upstream)[:3] == [asked, called, result]


def test_requests_to_a_server_bear_its_key_and_no_other_header_of_ours(
    gateway: Gateway, shelf: ToolServer, begun: str
) -> None:
    told(post(gateway, begun, ASK, tools=["books.lookup"]))
    method, headers = shelf.requests[-1]
    assert method == "POST"
    assert headers["authorization"] == "Bearer shelf-key"
    assert headers["user-agent"].startswith("persona-gateway/")


def test_the_web_is_searched(gateway: Gateway, upstream: ScriptedUpstream, begun: str) -> None:
    upstream.reply(calling(("web_search", {"query": "lamps & light"})))
    answer = told(post(gateway, begun, "Search", tools=["web.search"]))
    assert outcomes(answer) == [("web.search", "ok")]
    assert answer["content"] == (
        "The tool said: Lamps\nhttps://lamps.example/\nAll about lamps.\n\nLight\nhttps://light.example/"
    )
    (asked,) = [seen for seen in upstream.seen if seen.path.startswith("/search")]
    assert asked.path == "/search?lang=en&q=lamps+%26+light&format=json"


def test_a_command_gets_only_the_variables_that_are_named(gateway: Gateway, begun: str) -> None:
    answer = told(post(gateway, begun, ASK, tools=["kit.environment"]))
    variables = answer["content"].removeprefix("The tool said: ").split(", ")
    assert "SHELF_NAME=oak" in variables
    # Python itself sets the locale of a program that has none.
    assert {variable.partition("=")[0] for variable in variables} <= {"SHELF_NAME", "LC_CTYPE"}


def test_a_program_that_has_ended_is_started_again(gateway: Gateway, begun: str) -> None:
    answer = told(post(gateway, begun, ASK, tools=["kit.leave"]))
    assert outcomes(answer) == [("kit.leave", "unavailable")]
    answer = told(post(gateway, begun, ASK, tools=["kit.lookup"]))
    assert outcomes(answer) == [("kit.lookup", "ok")]


def test_a_tool_that_fails_is_told_to_the_model(
    gateway: Gateway, upstream: ScriptedUpstream, begun: str
) -> None:
    answer = told(post(gateway, begun, ASK, tools=["books.fail"]))
    assert outcomes(answer) == [("books.fail", "failed")]
    assert "the shelf is empty" in answer["content"]
    upstream.reply(calling(("books_lookup", {"title": 5}), ("books_lookup", {"title": "Emma"})))
    answer = told(post(gateway, begun, "Two", tools=["books.lookup"]))
    assert sorted(outcomes(answer)) == [("books.lookup", "failed"), ("books.lookup", "ok")]


def test_a_tool_has_only_its_time(gateway: Gateway, shelf: ToolServer, begun: str) -> None:
    shelf.shelf.cut.clear()
    answer = told(post(gateway, begun, ASK, tools=["hasty.wait"]))
    assert outcomes(answer) == [("hasty.wait", "timed_out")]
    assert shelf.shelf.cut.wait(25)


def test_results_are_bounded(gateway: Gateway, upstream: ScriptedUpstream, begun: str) -> None:
    told(post(gateway, begun, ASK, tools=["books.long"]))
    content = sent(upstream)[-1]["content"]
    assert content.endswith("\n[cut]")
    assert len(content) == 1000


def test_rounds_are_bounded(gateway: Gateway, upstream: ScriptedUpstream, begun: str) -> None:
    again = calling(("books_lookup", {"title": "Emma"}))
    upstream.always(again)
    answer = told(post(gateway, begun, "On and on", tools=["books.lookup"], tool_choice="required"))
    assert len(answer["tools_used"]) == 3
    assert [seen.json.get("tool_choice") for seen in upstream.seen] == ["required", None, None, "none"]
    # A model that calls all the same is not obeyed, and nobody is left to answer its call.
    assert (answer["content"], "tool_calls" in answer) == (None, False)
    assert "tool_calls" not in path(gateway, begun)[-1]


@pytest.mark.parametrize("stream", [False, True])
def test_calls_of_both_kinds_are_taken_apart(
    gateway: Gateway, upstream: ScriptedUpstream, begun: str, stream: bool
) -> None:
    asked = post(gateway, begun, "Use both tools", tools=[TOOL, "books.lookup"], stream=stream)
    answer = told(asked)
    assert len(upstream.seen) == 1
    assert outcomes(answer) == [("books.lookup", "ok")]
    (call,) = answer["tool_calls"]
    assert call["function"]["name"] == "look"
    result = {"tool_call_id": call["id"], "content": "a lamp"}
    told(post(gateway, begun, tool_results=[result], tools=[TOOL]))
    _, first, shelf, second, lamp = sent(upstream)
    assert [call["function"]["name"] for call in first["tool_calls"]] == ["books_lookup"]
    assert shelf["content"] == "text: on the second shelf."
    assert (second["tool_calls"], lamp) == ([call], {"role": "tool", **result})


def test_a_name_that_the_caller_has_taken_is_not_taken_twice(
    gateway: Gateway, upstream: ScriptedUpstream, begun: str
) -> None:
    taken = {"type": "function", "function": {"name": "books_lookup", "parameters": {"type": "object"}}}
    told(post(gateway, begun, "Hm", tools=[taken, "books.lookup"]))
    names = [tool["function"]["name"] for tool in upstream.seen[-1].json["tools"]]
    assert names == ["books_lookup", "books_lookup_2"]


def test_a_server_that_cannot_be_reached_leaves_the_turn_alone(
    gateway: Gateway, upstream: ScriptedUpstream, begun: str
) -> None:
    answer = told(post(gateway, begun, "Hm", tools=["gone.lookup", "books.lookup"]))
    assert answer["tools_unavailable"] == ["gone.lookup"]
    assert len(upstream.seen[-1].json["tools"]) == 1


def test_only_whom_the_operator_names_may_use_a_tool(gateway: Gateway, begun: str) -> None:
    other = gateway.cli("workspaces", "create", "elsewhere").split()[0]
    stranger = mint(gateway, "--workspace", other, "--scope", "chat:invoke", "--scope", "chat:read")
    for name in ("closed.lookup", "picky.lookup", "books.nothing", "nobody.lookup", "lookup", ""):
        reply = post(gateway, begun, "Hm", tools=[name])
        assert refusal(reply) == (422, "conversation.schema_violation"), name
        message = reply.error["message"]
        assert "`web.search`" in message
        assert "`books.lookup`" in message
        assert "closed" not in message.partition("there are")[2]
    gateway.push(slug="elsewhere", prompt="You are elsewhere.")
    reply = post(gateway, "conv_else", "Hm", persona="elsewhere", tools=["books.lookup"], key=stranger)
    assert reply.status in (404, 422)
    if reply.status == 422:
        assert "books" not in reply.error["message"].partition("there are")[2]


@pytest.mark.parametrize("stream", [False, True])
def test_who_leaves_cuts_the_call(gateway: Gateway, shelf: ToolServer, begun: str, stream: bool) -> None:
    shelf.shelf.waiting.clear()
    shelf.shelf.cut.clear()
    body = {"message": ASK, "tools": ["books.wait"], "stream": stream}
    with connect(gateway) as peer:
        peer.sendall(written(gateway, body, f"{PLACE}/{begun}/messages"))
        assert shelf.shelf.waiting.wait(25)
        if stream:
            read_until(peer, b"text/event-stream")
    assert shelf.shelf.cut.wait(25)
    assert fetch(gateway, f"{PLACE}/{begun}/messages").json["data"] == []


def test_workers_never_load_the_sdk(gateway: Gateway, begun: str) -> None:
    """The tools' process alone has it, and it has no file of the store's open."""
    told(post(gateway, begun, ASK, tools=["books.lookup"]))
    loaded = {
        pid: "/mcp_types/" in maps or "/pydantic_core/" in maps
        for pid, maps in maps_below(gateway.pid).items()
    }
    assert list(loaded.values()).count(True) >= 1
    workers = [pid for pid in loaded if "gateway.tools.child" not in command(pid) and pid != gateway.pid]
    ours = [pid for pid in workers if " serve " in command(pid)]
    assert ours
    assert not any(loaded[pid] for pid in [*ours, gateway.pid])


def maps_below(pid: int) -> dict[int, str]:
    """Read what each process of this tree has mapped."""
    found, left = {}, [pid]
    while left:
        one = left.pop()
        found[one] = Path(f"/proc/{one}/maps").read_text()
        left += map(int, Path(f"/proc/{one}/task/{one}/children").read_text().split())
    return found


def command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def test_the_tools_process_is_started_again(gateway: Gateway, begun: str) -> None:
    told(post(gateway, begun, ASK, tools=["books.lookup"]))
    (child,) = [pid for pid in maps_below(gateway.pid) if "gateway.tools.child" in command(pid)]
    os.kill(child, signal.SIGKILL)
    until(lambda: "the tools' process died and is started again" in gateway.log())
    answer = told(post(gateway, begun, ASK, tools=["books.lookup"]))
    assert outcomes(answer) == [("books.lookup", "ok")]
