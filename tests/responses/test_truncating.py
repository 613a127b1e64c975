"""The oldest messages are left out where a chat's context is too small, if the caller wants that."""

from typing import Any

import pytest

from gateway.responses.truncating import cut
from tests.e2e.wire import fetch
from tests.fakes.process import Gateway
from tests.fakes.upstream import ScriptedUpstream
from tests.responses.asking import PATH


def said(role: str, words: int) -> dict[str, Any]:
    return {"role": role, "content": "word " * words}


def test_the_oldest_go_until_the_rest_fits() -> None:
    messages = [said("system", 10), said("user", 500), said("assistant", 500), said("user", 10)]
    assert cut(messages, 1, 100_000) == 0
    assert cut(messages, 1, 100) == 2
    assert cut(messages, 1, 0) == 2


def test_what_a_tool_said_never_stands_first() -> None:
    messages = [said("user", 500), said("assistant", 5), said("tool", 5), said("user", 5)]
    assert cut(messages, 0, 60) == 3


@pytest.mark.parametrize("truncation", ["auto", "disabled"])
def test_a_chat_is_sent_what_fits(
    responding: Gateway, upstream: ScriptedUpstream, kind: str, truncation: str
) -> None:
    given = [said(("user", "assistant")[at % 2], 400) for at in range(40)]
    body = {"model": f"persona/{kind}", "input": [*given, said("user", 2)], "instructions": "Be brief."}
    reply = fetch(responding, PATH, {**body, "truncation": truncation, "store": False})
    assert reply.status == 200
    sent = upstream.seen[-1].json
    if kind == "native":
        assert (len(sent["input"]), sent["truncation"]) == (41, truncation)
        return
    assert reply.json["truncation"] == truncation
    assert "truncation" not in sent
    assert "Be brief." in sent["messages"][0]["content"]
    assert sent["messages"][1]["role"] == "user"
    assert (len(sent["messages"]) < 42) is (truncation == "auto")
    assert sent["messages"][-1]["content"] == "word word "
