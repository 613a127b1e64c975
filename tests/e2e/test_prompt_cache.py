"""Upstreams are told of a prompt that they may keep, and not again once they have refused that."""

import json

from tests.conftest import Start
from tests.e2e.wire import fetch
from tests.fakes.process import PATIENT, upstream_table
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import error_object, json_answer

CHAT = "/v1/openai/chat/completions"
ASK = {"model": "persona/keeper", "messages": [{"role": "user", "content": "Hi"}]}


def test_a_long_prompt_is_marked_until_that_is_refused(start: Start, upstream: ScriptedUpstream) -> None:
    lines = ['default_model = "m"', 'prompt_cache = "explicit"']
    gateway = start(upstream_table("main", upstream.base_url, *lines) + PATIENT)
    gateway.push(slug="keeper", prompt="You keep the light. " * 300)
    reply = fetch(gateway, CHAT, ASK)
    assert reply.status == 200
    sent = json.loads(upstream.seen[-1].body)
    assert sent["prompt_cache_key"] == reply.headers["x-persona-prompt-sha256"]
    assert sent["messages"][0]["content"][0]["prompt_cache_breakpoint"] == {"mode": "explicit"}
    assert json.loads(upstream.seen[-1].body)["messages"][1:] == ASK["messages"]
    own = fetch(gateway, CHAT, {**ASK, "prompt_cache_key": "mine"})
    assert (own.status, json.loads(upstream.seen[-1].body)["prompt_cache_key"]) == (200, "mine")
    body = error_object("Unknown parameter: messages[0].content[0].prompt_cache_breakpoint", code=400)
    # Who writes what is refused anyway decides nothing for others.
    upstream.reply(json_answer(body, code=400), json_answer(body, code=400))
    assert fetch(gateway, CHAT, ASK).status == 400
    assert fetch(gateway, CHAT, ASK).status == 200
    assert b"prompt_cache_breakpoint" in upstream.seen[-1].body
    upstream.reply(json_answer(body, code=400))
    assert fetch(gateway, CHAT, ASK).status == 200
    assert fetch(gateway, CHAT, ASK).status == 200
    for seen in upstream.seen[-2:]:
        assert b"prompt_cache" not in seen.body
