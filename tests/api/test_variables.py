"""A version that declares variables is a template; `prompt` fills it, and can name the persona."""

import hashlib
from typing import Any

import pytest

from tests.api.conftest import User, refused
from tests.e2e.refusals import assert_is_openais
from tests.e2e.wire import Reply
from tests.fakes.upstream import ScriptedUpstream

PROMPT = "You serve {{guest}} at table {{table}}. Say {{unknown}} as it is. Bye, {{guest}}."
DECLARED = {
    "guest": {"default": "the guest", "description": "Who is there."},
    "table": {"type": "number"},
}


@pytest.fixture
def waiter(me: User) -> dict[str, Any]:
    return me.persona("waiter", PROMPT, variables=DECLARED, visibility="workspace")


def asked(me: User, prompt: object, **more: object) -> Reply:
    body = {"messages": [{"role": "user", "content": "Hi"}], "prompt": prompt, **more}
    return me.post("/openai/chat/completions", body)


@pytest.mark.usefixtures("waiter")
def test_values_go_into_the_prompt_once_and_the_parameter_stays_here(
    me: User, upstream: ScriptedUpstream
) -> None:
    prompt = {"id": "waiter", "variables": {"guest": "{{table}} <Mert> \\1", "table": 7}}
    answer = asked(me, prompt, model="gpt-5")
    sent = upstream.seen[-1].json
    text = sent["messages"][0]["content"]
    assert text == (
        "You serve {{table}} <Mert> \\1 at table 7. Say {{unknown}} as it is. Bye, {{table}} <Mert> \\1."
    )
    assert "prompt" not in sent
    assert answer.headers["x-persona"] == "waiter@v1"
    assert answer.headers["x-persona-prompt-sha256"] == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.usefixtures("waiter")
def test_values_may_come_beside_the_model_and_defaults_fill_the_rest(
    me: User, upstream: ScriptedUpstream
) -> None:
    values = {"table": 2.5, "guest": {"type": "input_text", "text": "Ada"}}
    assert asked(me, {"variables": values}, model="persona/waiter@v1").status == 200
    assert upstream.seen[-1].json["messages"][0]["content"].startswith("You serve Ada at table 2.5.")
    assert asked(me, {"id": "persona/waiter", "version": "1", "variables": {"table": 1}}).status == 200
    assert upstream.seen[-1].json["messages"][0]["content"].startswith("You serve the guest at table 1.")


@pytest.mark.usefixtures("waiter")
@pytest.mark.parametrize(
    ("prompt", "param", "problem"),
    [
        ({"id": "waiter"}, "prompt.variables.table", "is missing"),
        ({"id": "waiter", "variables": {"table": 1, "wine": "red"}}, "prompt.variables.wine", "not declared"),
        ({"id": "waiter", "variables": {"table": "1"}}, "prompt.variables.table", "must be a number"),
        ({"id": "waiter", "variables": {"table": True}}, "prompt.variables.table", "must be a number"),
        (
            {"id": "waiter", "variables": {"table": 1, "guest": "x" * 2001}},
            "prompt.variables.guest",
            "longer than 2000",
        ),
        ({"id": "waiter", "variables": {"table": {"type": "input_image"}}}, "prompt.variables.table", "text"),
        ({"id": "waiter@v1", "version": "1"}, "prompt.version", "keep one"),
        ({"id": "waiter", "verion": "1"}, "prompt", "verion"),
        ({"id": 5}, "prompt", "Expected"),
        (
            {"id": "waiter", "variables": {str(n): "" for n in range(101)}},
            "prompt.variables",
            "more than 100",
        ),
    ],
)
def test_what_is_wrong_with_the_values_is_named(me: User, prompt: object, param: str, problem: str) -> None:
    reply = asked(me, prompt)
    assert_is_openais(reply, 400)
    assert reply.error["param"] == param
    assert problem in reply.error["message"]


@pytest.mark.usefixtures("waiter")
def test_a_prompt_that_names_nobody_here_is_unknown(me: User, stranger: User) -> None:
    for prompt in ({"id": "nobody"}, {"id": "pmpt_unknown"}, {"id": "waiter", "version": "9"}):
        assert_is_openais(asked(me, prompt), 404)
    assert_is_openais(asked(stranger, {"id": "waiter", "variables": {"table": 1}}), 404)
    reply = asked(me, {"id": "waiter", "variables": {"table": 1}}, model="persona/other")
    assert (reply.status, reply.error["param"]) == (400, "prompt.id")


def test_a_plain_model_gets_the_field_as_it_was_written(me: User, upstream: ScriptedUpstream) -> None:
    assert asked(me, {"text": "x"}, model="plain-model").status == 400
    assert asked(me, "Once upon", model="plain-model").status == 200
    assert upstream.seen[-1].json["prompt"] == "Once upon"


def test_a_locked_persona_takes_values_and_no_other_name_for_them(
    me: User, upstream: ScriptedUpstream
) -> None:
    me.persona("keeper", "You keep {{place}}.", variables={"place": {}}, overlay="locked")
    assert asked(me, {"id": "keeper", "variables": {"place": "the light"}}).status == 200
    assert upstream.seen[-1].json["messages"][0]["content"] == "You keep the light."
    reply = me.post(
        "/openai/chat/completions",
        {"model": "persona/keeper", "messages": [], "Prompt": {"variables": {"place": "x"}}},
    )
    assert_is_openais(reply, 400)
    assert reply.error["param"] == "Prompt"


def test_a_version_without_variables_is_literal_and_takes_no_values(
    me: User, upstream: ScriptedUpstream
) -> None:
    me.persona("plain", "Say {{this}}.")
    assert asked(me, {"id": "plain"}).status == 200
    assert upstream.seen[-1].json["messages"][0]["content"] == "Say {{this}}."
    reply = asked(me, {"id": "plain", "variables": {"this": "that"}})
    assert (reply.status, reply.error["param"]) == (400, "prompt.variables.this")


@pytest.mark.parametrize(
    ("variables", "place", "problem"),
    [
        ({"1st": {}}, "1st", "begins with no digit"),
        ({"guest": {"kind": "text"}}, "guest", "kind"),
        ({"guest": {"type": "image"}}, "guest", "image"),
        ({"guest": {"type": "number", "default": "x"}}, "guest", "the default must be a number"),
        ({"guest": {"default": "x" * 2001}}, "guest", "the default is longer than 2000"),
        ({"absent": {}}, "absent", "the prompt has no `{{absent}}`"),
        ({f"v{n}": {} for n in range(101)}, None, "at most 100 variables"),
    ],
)
def test_variables_that_cannot_be_declared_are_named(
    me: User, variables: dict[str, Any], place: str | None, problem: str
) -> None:
    body = {"slug": "waiter", "prompt": "Serve {{guest}}.", "variables": variables}
    error = refused(me.post("/personas", body), 422, "persona.schema_violation")
    assert error["details"][0]["loc"] == ["variables", *([place] if place else [])]
    assert problem in error["details"][0]["msg"]


def test_values_that_make_the_prompt_too_long_are_refused(me: User) -> None:
    me.persona("echo", "{{a}} " * 300, variables={"a": {}})
    reply = asked(me, {"id": "echo", "variables": {"a": "x" * 2000}})
    assert (reply.status, reply.error["param"]) == (400, "prompt.variables.a")
