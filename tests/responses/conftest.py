"""Two personas are answered by two kinds of upstream: one has a Responses API, the other one chats alone."""

from collections.abc import Iterator

import pytest

from tests.e2e.wire import fetch
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.upstream import ScriptedUpstream

PROMPT = "You are Mira, who mends clocks in a quiet street."
KINDS = ("bridged", "native")
CONTEXT = "context = { gpt-4o-mini = 8192 }"


@pytest.fixture(scope="session")
def shared_responding(
    shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    lines = ('default_model = "gpt-4o-mini"', 'models = ["plain-model"]', CONTEXT)
    config = upstream_table("main", shared_upstream.base_url, *lines)
    own = ("responses = true", 'models = ["own-model"]', 'hosted_tools = ["web_search"]')
    config += upstream_table("own", shared_upstream.base_url, *own)
    gateway = Gateway(tmp_path_factory.mktemp("responding"), config + PATIENT).start()
    defaults = {"temperature": 0.5, "max_tokens": 50, "reasoning_effort": "low"}
    for kind, route in (("bridged", "main/gpt-4o-mini"), ("native", "own/gpt-5.4-mini")):
        persona = {"name": "Mira", "prompt": PROMPT, "upstreams": [route]}
        locked = {"slug": f"locked-{kind}", "overlay": "locked", "defaults": defaults}
        for more in ({"slug": kind}, locked):
            assert fetch(gateway, "/v1/personas", {**persona, **more}).status == 201
    yield gateway
    assert gateway.stop() == 0
    assert gateway.errors() == ""


@pytest.fixture
def responding(shared_responding: Gateway, upstream: ScriptedUpstream) -> Gateway:
    return shared_responding


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found
