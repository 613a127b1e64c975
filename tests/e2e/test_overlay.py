"""The upstream really receives this: the prompt, the caller's own words, defaults, headers, address."""

import hashlib
import json
from typing import Any

import pytest

from tests.e2e.conftest import mint
from tests.e2e.wire import Reply, fetch
from tests.fakes.process import Gateway
from tests.fakes.upstream import ScriptedUpstream

PROMPT = 'You are the keeper.\nYou say "tide" – {name}, {{ %s }} and ünïcödé 🙂 stay as they are.'
USER = {"role": "user", "content": "Good evening"}
ASSISTANT = {"role": "assistant", "content": "Good evening to you."}
DEFAULTS = {"temperature": 0.25, "max_tokens": 50, "stop": ["The end"], "metadata": {"a": {"b": [1, None]}}}


def system(content: Any, role: str = "system", **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


@pytest.fixture(scope="module")
def keepers(library: Gateway) -> Gateway:
    library.push(slug="open", prompt=PROMPT)
    library.push(slug="locked", prompt=PROMPT, overlay="locked")
    library.push(slug="loose", prompt=PROMPT, overlay="replace")
    headers = {"X-Both": "persona", "X-Persona-Only": "yes", "User-Agent": "keeper/1"}
    library.push(slug="equipped", prompt=PROMPT, defaults=DEFAULTS, headers=headers)
    return library


@pytest.fixture
def keeper(keepers: Gateway, upstream: ScriptedUpstream) -> Gateway:
    return keepers


@pytest.fixture(scope="module")
def invoker(library: Gateway) -> str:
    """A key that may chat and nothing else."""
    return mint(library, "--scope", "chat:invoke")


def chat(
    gateway: Gateway, slug: str, *messages: dict[str, Any], key: str | None = None, **more: Any
) -> Reply:
    return fetch(gateway, body={"model": f"persona/{slug}", "messages": messages, **more}, key=key)


def words_of(message: dict[str, Any]) -> str:
    content = message["content"]
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content if part["type"] == "text")


def assert_digest_fits(reply: Reply, upstream: ScriptedUpstream) -> None:
    first = next(one for one in upstream.seen[-1].json["messages"] if one["role"] in ("system", "developer"))
    digest = hashlib.sha256(words_of(first).encode()).hexdigest()
    assert reply.headers["x-persona-prompt-sha256"] == digest


PERSONA = system(PROMPT)
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
CASES: dict[str, tuple[list[Any], list[Any]]] = {
    "nothing of the caller's": ([USER], [PERSONA, USER]),
    "one system message": ([system("Be brief."), USER], [system(PROMPT + "\n\nBe brief."), USER]),
    "a developer message": (
        [system("Be brief.", "developer"), USER],
        [system(PROMPT + "\n\nBe brief."), USER],
    ),
    "a run of both": (
        [system("One."), system("Two.", "developer"), system("Three."), USER],
        [system(PROMPT + "\n\nOne.\n\nTwo.\n\nThree."), USER],
    ),
    "a run that begins with developer": (
        [system("One.", "developer"), system("Two."), USER],
        [system(PROMPT + "\n\nOne.\n\nTwo."), USER],
    ),
    "a later one stays": (
        [system("One."), USER, system("Later."), ASSISTANT, USER],
        [system(PROMPT + "\n\nOne."), USER, system("Later."), ASSISTANT, USER],
    ),
    "only a later one": (
        [USER, system("Later.", "developer"), USER],
        [PERSONA, USER, system("Later.", "developer"), USER],
    ),
    "parts": (
        [system([text("One.", cache_control={"type": "ephemeral"}), text("Two.")]), USER],
        [system([text(PROMPT), text("One.", cache_control={"type": "ephemeral"}), text("Two.")]), USER],
    ),
    "parts and a string": (
        [system("One."), system([text("Two."), IMAGE]), system("Three."), USER],
        [system([text(PROMPT), text("One."), text("Two."), IMAGE, text("Three.")]), USER],
    ),
    "nothing in it": ([system(""), system(None), USER], [PERSONA, USER]),
    "a name": (
        [system("One.", name="host"), USER],
        [system(PROMPT + "\n\nOne.", name="host"), USER],
    ),
    "only system messages": ([system("One.")], [system(PROMPT + "\n\nOne.")]),
    "escapes": (
        [system('Quote " slash \\ tab \t null \x00 pair 😀'), USER],
        [system(PROMPT + '\n\nQuote " slash \\ tab \t null \x00 pair 😀'), USER],
    ),
    "no messages": ([], [PERSONA]),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_append_puts_the_callers_words_behind_the_prompt(
    keeper: Gateway, upstream: ScriptedUpstream, name: str, stream: bool
) -> None:
    sent, received = CASES[name]
    reply = chat(keeper, "open", *sent, stream=stream)
    assert reply.status == 200
    assert upstream.seen[0].json["messages"] == received
    assert_digest_fits(reply, upstream)


def test_the_prompt_is_the_same_bytes_before_any_words_of_the_caller(
    keeper: Gateway, upstream: ScriptedUpstream
) -> None:
    for words in ("One.", "Two.", "Something else"):
        chat(keeper, "open", system(words), USER)
    heads = [seen.body.partition(b'"messages":')[2] for seen in upstream.seen]
    stable = json.dumps(PROMPT, ensure_ascii=False).encode()[:-1]
    assert all(stable in head[: len(stable) + 64] for head in heads)


def test_other_messages_keep_their_bytes(keeper: Gateway, upstream: ScriptedUpstream) -> None:
    message = b'{ "role":"user" , "content":[ {"type":"text","text":"caf\\u00e9 \xc3\xa9 \\/"} ],"x":1.50e1 }'
    body = b'{"messages":[%s],"model":"persona/open","seed":1.0,"x":{ "y" : 12345678901234567890 }}' % message
    assert fetch(keeper, body=body).status == 200
    seen = upstream.seen[0].body
    assert message in seen
    assert b'"seed":1.0' in seen
    assert b'{ "y" : 12345678901234567890 }' in seen


def test_a_repeated_field_counts_once_with_its_last_value(
    keeper: Gateway, upstream: ScriptedUpstream
) -> None:
    messages = json.dumps([USER]).encode()
    body = b'{"model":"persona/locked","seed":1,"messages":[],"seed":2,"messages":%s,"model":"persona/open"}'
    reply = fetch(keeper, body=body % messages)
    assert reply.headers["x-persona"] == "open@v1"
    seen = upstream.seen[0]
    assert seen.json["messages"] == [PERSONA, USER]
    assert seen.json["seed"] == 2
    assert [seen.body.count(name) for name in (b'"seed"', b'"messages"', b'"model"')] == [1, 1, 1]


# Policies


@pytest.mark.parametrize(
    "messages",
    [
        [system("Be brief."), USER],
        [system("Be brief.", "developer"), USER],
        [USER, system("Later."), USER],
        [USER, system(None, "developer")],
    ],
)
def test_locked_refuses_every_system_message(
    keeper: Gateway, upstream: ScriptedUpstream, messages: list[Any]
) -> None:
    refused = chat(keeper, "locked", *messages)
    assert (refused.status, refused.error["code"]) == (400, "overlay_locked")
    assert refused.error["param"].startswith("messages")
    assert not upstream.seen


def test_locked_sends_the_prompt_alone(keeper: Gateway, upstream: ScriptedUpstream) -> None:
    reply = chat(keeper, "locked", USER, ASSISTANT, USER)
    assert upstream.seen[0].json["messages"] == [PERSONA, USER, ASSISTANT, USER]
    assert_digest_fits(reply, upstream)


@pytest.mark.parametrize("content", ["My own prompt.", [text("My own "), text("prompt.")]])
@pytest.mark.parametrize("role", ["system", "developer"])
def test_replace_takes_the_callers_words_instead(
    keeper: Gateway, upstream: ScriptedUpstream, role: str, content: Any
) -> None:
    reply = chat(keeper, "loose", system(content, role), USER)
    assert upstream.seen[0].json["messages"] == [system(content, role), USER]
    assert reply.json["model"] == "persona/loose@v1"
    assert_digest_fits(reply, upstream)


def test_replace_without_words_sends_the_prompt(
    keeper: Gateway, upstream: ScriptedUpstream, invoker: str
) -> None:
    reply = chat(keeper, "loose", USER, key=invoker)
    assert upstream.seen[0].json["messages"] == [PERSONA, USER]
    assert_digest_fits(reply, upstream)


def test_replace_needs_a_key_that_may_write_personas(
    keeper: Gateway, upstream: ScriptedUpstream, invoker: str
) -> None:
    refused = chat(keeper, "loose", system("Mine."), USER, key=invoker)
    assert (refused.status, refused.error["code"]) == (403, "missing_scope")
    assert "personas:write" in refused.error["message"]
    assert not upstream.seen


@pytest.mark.parametrize("slug", ["open", "locked", "loose"])
def test_no_refusal_shows_the_prompt(keeper: Gateway, upstream: ScriptedUpstream, slug: str) -> None:
    refused = chat(keeper, slug, system({"not": "text"}), USER)
    assert refused.status == 400
    assert b"keeper" not in refused.body
    assert not upstream.seen


# Defaults, headers, address


def test_defaults_fill_in_what_the_caller_left_unset(keeper: Gateway, upstream: ScriptedUpstream) -> None:
    chat(keeper, "equipped", USER)
    seen = upstream.seen[0].json
    assert {name: seen[name] for name in DEFAULTS} == DEFAULTS


def test_null_counts_as_unset(keeper: Gateway, upstream: ScriptedUpstream) -> None:
    chat(keeper, "equipped", USER, temperature=None, stop=None)
    seen = upstream.seen[0].json
    assert (seen["temperature"], seen["stop"]) == (0.25, ["The end"])


def test_what_the_caller_set_stays(keeper: Gateway, upstream: ScriptedUpstream) -> None:
    chat(keeper, "equipped", USER, temperature=0, max_completion_tokens=7, stop="x", metadata={})
    seen = upstream.seen[0].json
    assert (seen["temperature"], seen["max_completion_tokens"], seen["stop"], seen["metadata"]) == (
        0,
        7,
        "x",
        {},
    )
    assert "max_tokens" not in seen


def test_the_personas_headers_go_over_the_upstreams(keeper: Gateway, upstream: ScriptedUpstream) -> None:
    chat(keeper, "equipped", USER)
    chat(keeper, "open", USER)
    equipped, plain = (seen.headers for seen in upstream.seen)
    assert (equipped["x-both"], equipped["x-upstream"], equipped["x-persona-only"]) == (
        "persona",
        "yes",
        "yes",
    )
    assert equipped["user-agent"] == "keeper/1"
    assert (plain["x-both"], plain["x-upstream"]) == ("upstream", "yes")
    assert "x-persona-only" not in plain
    for headers in (equipped, plain):
        assert headers["authorization"] == "Bearer upstream-secret-key"
        assert headers["content-type"] == "application/json"


def test_the_callers_headers_stay_here(keeper: Gateway, upstream: ScriptedUpstream) -> None:
    body = {"model": "persona/open", "messages": [USER]}
    own = {"Cookie": "a=b", "X-Mine": "1", "OpenAI-Organization": "org-1", "X-Forwarded-For": "10.0.0.1"}
    fetch(keeper, body=body, headers=own)
    assert (
        not {"cookie", "x-mine", "openai-organization", "x-forwarded-for"} & upstream.seen[0].headers.keys()
    )
    assert keeper.key not in str(upstream.seen[0].headers)


def test_the_query_of_the_base_url_stays_at_the_end(keeper: Gateway, upstream: ScriptedUpstream) -> None:
    chat(keeper, "open", USER)
    fetch(keeper, body={"model": "plain-model", "messages": [USER]})
    assert {seen.path for seen in upstream.seen} == {"/v1/chat/completions?api-version=7"}


def test_usage_is_asked_for_in_every_stream_of_a_persona(keeper: Gateway, upstream: ScriptedUpstream) -> None:
    chat(keeper, "open", USER, stream=True, stream_options={"include_usage": False, "x": 1})
    chat(keeper, "open", USER, stream=True, stream_options=None)
    chat(keeper, "open", USER)
    first, second, whole = (seen.json for seen in upstream.seen)
    assert first["stream_options"] == {"include_usage": True, "x": 1}
    assert second["stream_options"] == {"include_usage": True}
    assert "stream_options" not in whole
