"""Upstreams that know no tools are asked without them, or not at all, as their table says."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import hello
from tests.e2e.wire import Reply, fetch
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.upstream import ScriptedUpstream

TOOL: Any = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
FUNCTION = {"name": "weather", "parameters": {"type": "object"}}
WITH_TOOLS: Any = {"tools": [TOOL], "tool_choice": "auto", "parallel_tool_calls": False}
KINDS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@pytest.fixture(scope="module")
def shop(shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway in front of one server under three names, each of which treats tools in its own way."""
    tables = [
        upstream_table(
            f"{word}s",
            shared_upstream.base_url,
            f'tools = "{word}"',
            'default_model = "m"',
            f'models = ["{word}"]',
        )
        for word in ("pass", "refuse", "drop")
    ]
    made = Gateway(tmp_path_factory.mktemp("shop"), "".join(tables) + PATIENT).start()
    for slug, upstreams in {"drops": ["drops"], "refuses": ["refuses"], "both": ["refuses", "passs"]}.items():
        made.push(slug=slug, prompt="A shopkeeper.", upstreams=upstreams)
    made.push(slug="toolbox", prompt="A smith.", upstreams=["refuses"], defaults={"tools": [TOOL]})
    yield made
    assert made.stop() == 0


def ask(shop: Gateway, model: str, **more: Any) -> Reply:
    return fetch(shop, body={"model": model, "messages": hello(), "seed": 7, **more})


@KINDS
@pytest.mark.parametrize("model", ["persona/drops", "drop"])
@pytest.mark.parametrize(
    "tools", [WITH_TOOLS, {"functions": [FUNCTION], "function_call": "auto"}], ids=["tools", "functions"]
)
def test_they_are_left_out_and_the_head_says_so(
    shop: Gateway, upstream: ScriptedUpstream, model: str, tools: Any, stream: bool
) -> None:
    reply = ask(shop, model, stream=stream, **tools)
    assert (reply.status, reply.headers["x-persona-dropped"]) == (200, "tools")
    sent = upstream.seen[0].json
    assert sent.keys().isdisjoint(tools)
    assert sent["seed"] == 7


@pytest.mark.parametrize("tools", [{}, {"tools": []}, {"tools": None}])
def test_nothing_is_said_where_there_are_none(shop: Gateway, upstream: ScriptedUpstream, tools: Any) -> None:
    assert "x-persona-dropped" not in ask(shop, "persona/drops", **tools).headers


@KINDS
@pytest.mark.parametrize("model", ["persona/refuses", "refuse"])
@pytest.mark.parametrize("param", ["tools", "functions"])
def test_a_refusal_names_the_field(
    shop: Gateway, upstream: ScriptedUpstream, model: str, param: str, stream: bool
) -> None:
    reply = ask(shop, model, stream=stream, **{param: [TOOL]})
    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, "unsupported_input", param)
    assert "takes no tools" in reply.error["message"]
    assert upstream.seen == []


def test_tools_of_a_version_count_too(shop: Gateway, upstream: ScriptedUpstream) -> None:
    assert ask(shop, "persona/toolbox").error["param"] == "tools"


def test_an_upstream_that_takes_them_is_asked_instead(shop: Gateway, upstream: ScriptedUpstream) -> None:
    reply = ask(shop, "persona/both", **WITH_TOOLS)
    assert reply.headers["x-persona-upstream"] == "passs/m"
    assert "x-persona-dropped" not in reply.headers
    assert upstream.seen[0].json["tools"] == [TOOL]
