"""What the log says of requests and upstreams, and what it never says."""

import json
from contextlib import closing
from typing import Any

import pytest

from tests.conftest import LIBRARIAN, Start
from tests.e2e.test_own_tools import calling
from tests.e2e.wire import connect, fetch, written
from tests.fakes.mcp_server import ToolServer
from tests.fakes.pictures import PICTURE, painted
from tests.fakes.process import Gateway, upstream_table
from tests.fakes.sockets import read_until
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import answer_chunks, completion
from tests.fakes.upstream_scripts import Gate, error_object, events, json_answer, status

SECRET = "aubergine-harvest"
PROJECT = "/api/projects/spies/personas"
LOUD = '[log]\nlevel = "debug"\nformat = "json"\n'


def table(upstream: ScriptedUpstream, *lines: str) -> str:
    return upstream_table("main", upstream.base_url, 'default_model = "m"', *lines)


def lines(gateway: Gateway, logger: str = "gateway.access") -> list[dict[str, Any]]:
    found = [json.loads(line) for line in gateway.log().splitlines() if line.startswith("{")]
    return [line for line in found if line["logger"] == logger]


def chat(gateway: Gateway, **more: Any) -> Any:
    messages = [{"role": "user", "content": f"Tell me of the {SECRET}"}]
    return fetch(gateway, body={"model": LIBRARIAN, "messages": messages, **more})


def line_of(gateway: Gateway, request: str) -> dict[str, Any]:
    return until(lambda: [line for line in lines(gateway) if line["request"] == request])[0]


def test_every_request_leaves_one_line(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = start(table(upstream) + LOUD)
    replies = [
        chat(gateway),
        chat(gateway, stream=True),
        fetch(gateway, "/v1/personas"),
        fetch(gateway, "/nowhere"),
    ]
    found = [line_of(gateway, reply.headers["x-request-id"]) for reply in replies]
    assert [(line["method"], line["path"], line["status"]) for line in found] == [
        ("POST", "/v1/openai/chat/completions", 200),
        ("POST", "/v1/openai/chat/completions", 200),
        ("GET", "/v1/personas", 200),
        ("GET", "/nowhere", 404),
    ]
    for line, reply in zip(found[:2], replies, strict=False):
        answer = reply.chunks[-1] if line is found[1] else reply.json
        assert (line["persona"], line["upstream"]) == (f"{LIBRARIAN.removeprefix('persona/')}@v1", "main/m")
        assert (line["attempts"], line["ended"]) == (1, "completed")
        assert line["verdict"] == answer["persona"]["drift"]["verdict"]
        assert line["tokens"] > 0
        assert 0 < line["ms"] < 60_000
    assert "persona" not in found[2]
    requests = [line["request"] for line in lines(gateway)]
    assert len(requests) == len(set(requests))


def test_a_caller_who_leaves_leaves_a_line(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = start(table(upstream) + LOUD)
    gate = Gate()
    upstream.always(events([*answer_chunks("Once upon", finish=None), gate]))
    body = {"model": LIBRARIAN, "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    with closing(connect(gateway)) as peer:
        peer.sendall(written(gateway, body))
        read_until(peer, b"upon")
    line = until(lambda: [line for line in lines(gateway) if line["method"] == "POST"])[0]
    gate.open()
    assert (line["status"], line["ended"]) == (200, "cancelled")


def test_access_false_switches_the_lines_off(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = start(table(upstream) + LOUD + "access = false\n")
    assert chat(gateway).status == 200
    assert gateway.stop() == 0
    assert lines(gateway) == []


def test_lines_that_wait_are_written_at_the_end(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = start(table(upstream) + LOUD)
    request = chat(gateway).headers["x-request-id"]
    assert gateway.stop() == 0
    assert [line["request"] for line in lines(gateway) if line["method"] == "POST"] == [request]


def test_a_dead_upstream_is_told_with_its_cause(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = start(upstream_table("main", "http://127.0.0.1:1/v1", 'default_model = "m"') + LOUD)
    before = fetch(gateway, "/health/ready").json["upstream_calls"]["main"]
    assert before == {"last_failure": None, "seconds_ago": None, "calls": 0, "failing": None}
    reply = chat(gateway)
    assert reply.status == 503
    found = until(lambda: lines(gateway, "gateway.upstreams"))
    assert (found[0]["level"], found[0]["upstream"], found[0]["cause"]) == ("warning", "main", "connection")
    state = fetch(gateway, "/health/ready").json["upstream_calls"]["main"]
    assert (state["last_failure"], state["failing"]) == ("connection", 1.0)
    assert 0 <= state["seconds_ago"] < 60
    line = line_of(gateway, reply.headers["x-request-id"])
    assert (line["status"], line["ended"]) == (503, "failed:connection")


def test_a_breaker_tells_that_it_opens(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = start(table(upstream) + "[chat]\nretries = 0\n" + LOUD)
    upstream.always(status(503))
    for _ in range(20):
        chat(gateway)
    found = until(
        lambda: [
            line for line in lines(gateway, "gateway.upstreams") if line["message"] == "a breaker has opened"
        ]
    )
    assert (found[0]["level"], found[0]["upstream"], found[0]["model"]) == ("warning", "main", "m")


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_reaches_the_log(start: Start, upstream: ScriptedUpstream, form: str) -> None:
    """Prompts, messages, answers, keys and an upstream's own words are planted, and looked for."""
    key, header = "upstream-secret-key", "a-team-header-2"
    more = (f'headers = {{ x-team = "{header}" }}',)
    loud = f'[log]\nlevel = "debug"\nformat = "{form}"\n[chat]\nretries = 0\n'
    gateway = start(table(upstream, *more) + loud)
    prompt, words = "the-hidden-prompt-3", "the-upstream-says-4"
    made = fetch(gateway, "/v1/personas", {"slug": "spy", "prompt": f"You are {prompt}."})
    assert made.status == 201
    ours = fetch(gateway, "/v1/keys", {"name": "app"}).json["key"]
    spoken = {"model": "persona/spy", "messages": [{"role": "user", "content": SECRET}]}
    for script in (
        events(answer_chunks(words)),
        status(500),
        json_answer(error_object(words), code=500),
        json_answer(error_object(words), code=401),
        json_answer({"choices": words}),
    ):
        upstream.always(script)
        for stream in (False, True):
            fetch(gateway, body={**spoken, "stream": stream})
            asked = {"model": "persona/spy", "input": SECRET, "stream": stream}
            fetch(gateway, "/v1/openai/responses", asked)
    upstream.always(json_answer(completion(words)))
    talk = fetch(gateway, "/v1/chat/conversations", {"persona": "spy", "title": SECRET}).json["id"]
    fetch(gateway, f"/v1/chat/conversations/{talk}/messages", {"message": SECRET})
    run = {"intent": f"A keeper of the {SECRET}"}
    begun = fetch(gateway, "/v1/personas", run, headers={"prefer": "respond-async"})
    assert begun.status == 202, begun.body
    hook = {"url": f"https://{SECRET}.invalid/{SECRET}", "events": ["persona.created"]}
    hooked = fetch(gateway, "/v1/webhooks", hook).json
    fetch(gateway, f"/v1/webhooks/{hooked['id']}/test", method="POST")
    for body in ({"prompt": SECRET, "slug": 7}, {"prompt": [SECRET]}, [SECRET], SECRET):
        fetch(gateway, "/v1/personas", body)
        fetch(gateway, body=body)
    until(lambda: fetch(gateway, f"/v1/runs/{begun.json['id']}").json["ended_at"])
    until(lambda: fetch(gateway, f"/v1/webhooks/{hooked['id']}/deliveries").json["data"][0]["attempts"])
    fetch(gateway, f"/v1/keys/{ours}?secret={SECRET}")
    fetch(gateway, "/v1/personas", key=ours)
    fetch(gateway, body={"model": f"persona/{SECRET}", "messages": []})
    assert gateway.stop() == 0
    log = gateway.log()
    assert "/v1/openai/chat/completions" in log
    for secret in (key, header, prompt, words, SECRET, ours[10:], gateway.key, hooked["secret"]):
        assert secret not in log, secret


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_of_pictures_tools_or_mcp_reaches_the_log(
    start: Start, upstream: ScriptedUpstream, form: str
) -> None:
    prompt, words, tool_key = "the-hidden-prompt-5", "the-upstream-says-6", "shelf-key-7"
    loud = f'[log]\nlevel = "debug"\nformat = "{form}"\n'
    config = f'{table(upstream)}{loud}[images]\nupstream = "main"\n[mcp]\nenabled = true\n'
    config += '[projects]\nnames = { spies = "default" }\n'
    gateway = start(config)
    (workspace,) = fetch(gateway, "/v1/workspaces").json["data"]
    gateway.stop()
    with ToolServer() as shelf:
        tool = [f'mcp = "{shelf.url}"', f'api_key = "{tool_key}"', f'workspaces = ["{workspace["id"]}"]']
        gateway.config.write_text("\n".join([config, "[tools.books]", *tool]), "utf-8")
        gateway.start()
        fetch(gateway, "/v1/personas", {"slug": "spy", "prompt": f"You are {prompt}.", "examples": [SECRET]})
        sitter = fetch(gateway, PROJECT, {"name": SECRET, "systemPrompt": f"You are {prompt}."}).json["id"]
        drawn = []
        failing = json_answer(error_object(words), code=500), json_answer({"data": words})
        for script in (painted(PICTURE), *failing):
            upstream.by_path("/images/generations", script)
            drawn.append(fetch(gateway, f"{PROJECT}/{sitter}/generate-image", {"prompt": SECRET}).status)
        assert drawn[0] < 300 <= min(drawn[1:])
        for arguments in ({"persona": "spy", "message": SECRET}, {"persona": SECRET}, {"message": 7}):
            call = {"name": "persona.invoke", "arguments": arguments}
            asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
            heads = {"accept": "application/json, text/event-stream"}
            assert fetch(gateway, "/mcp", asked, headers=heads).status == 200
        talk = fetch(gateway, "/v1/chat/conversations", {"persona": "spy"}).json["id"]
        for said in ({"title": SECRET}, {"titel": SECRET}):
            upstream.reply(calling(("books_lookup", said)))
            message = {"message": SECRET, "tools": ["books.lookup"]}
            assert fetch(gateway, f"/v1/chat/conversations/{talk}/messages", message).json["tools_used"]
        assert shelf.shelf.seen == [SECRET]
    assert gateway.stop() == 0
    log = gateway.log()
    assert "/mcp" in log
    for secret in ("upstream-secret-key", tool_key, prompt, words, SECRET, gateway.key):
        assert secret not in log, secret
