"""openai-agents asks `/responses` by itself, with tools, streams and a memory of its own."""

from collections.abc import AsyncIterator

import pytest
from agents import (
    Agent,
    Runner,
    RunResultStreaming,
    SQLiteSession,
    function_tool,
    set_default_openai_client,
    set_tracing_disabled,
)
from openai import AsyncOpenAI

from tests.fakes.process import Gateway
from tests.fakes.upstream import ScriptedUpstream


@pytest.fixture(autouse=True)
async def default_client(responding: Gateway) -> AsyncIterator[None]:
    """What its quick start does: a base URL and a key, and nothing else."""
    set_tracing_disabled(True)
    async with AsyncOpenAI(base_url=responding.base_url, api_key=responding.key, max_retries=0) as client:
        set_default_openai_client(client, use_for_tracing=False)
        yield


def made(kind: str) -> Agent:
    """A name with a colon, since what stands before a slash is a provider to it."""

    @function_tool
    def look_up(title: str) -> str:
        return "found"

    return Agent(name="Mira", instructions="Be brief.", model=f"persona:{kind}", tools=[look_up])


async def test_an_agent_answers_and_calls_its_tools(upstream: ScriptedUpstream, kind: str) -> None:
    ended = await Runner.run(made(kind), "use the tool")
    assert ended.final_output == "The tool said: found"
    assert len(upstream.seen) == 2
    assert "Be brief." in upstream.seen[-1].body.decode()


async def test_an_agent_streams(upstream: ScriptedUpstream, kind: str) -> None:
    ended: RunResultStreaming = Runner.run_streamed(made(kind), "Good evening")
    pieces = [
        event.data.delta
        async for event in ended.stream_events()
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta"
    ]
    assert "".join(pieces) == ended.final_output == "You said: Good evening"


async def test_an_agent_goes_on_by_its_own_memory_and_by_ours(upstream: ScriptedUpstream, kind: str) -> None:
    session = SQLiteSession("one")
    first = await Runner.run(made(kind), "use the tool", session=session)
    again = await Runner.run(made(kind), "And now?", session=session)
    assert "You said: And now?" in again.final_output
    assert "use the tool" in upstream.seen[-1].body.decode()
    session.close()
    ours = await Runner.run(made(kind), "Go on", previous_response_id=first.last_response_id)
    assert ours.final_output == "You said: Go on"
    assert "The tool said: found" in upstream.seen[-1].body.decode()
