"""A conversation is exported as lines of JSON, and made anew from them."""

import json
from typing import Any

import pytest

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import mint
from tests.e2e.test_attaching import path, said, user, words
from tests.e2e.test_talking import PLACE, SLUG, post, refusal, told
from tests.e2e.wire import Reply, fetch
from tests.fakes.process import Gateway
from tests.fakes.upstream import ScriptedUpstream


def exported(gateway: Gateway, conversation: str) -> list[dict[str, Any]]:
    reply = fetch(gateway, f"{PLACE}/{conversation}/export")
    assert reply.status == 200, reply.body
    assert reply.headers["content-type"].startswith("application/jsonl")
    return [json.loads(line) for line in reply.body.decode().splitlines()]


def imported(gateway: Gateway, *lines: object, **more: str) -> Reply:
    body = b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)
    query = "&".join(f"{name}={value}" for name, value in {"persona": SLUG, **more}.items())
    return fetch(gateway, f"{PLACE}/import?{query}", body)


@pytest.fixture
def branched(gateway: Gateway, upstream: ScriptedUpstream) -> str:
    """A conversation with two branches."""
    conversation: str = fetch(gateway, PLACE, {"persona": SLUG}).json["id"]
    first = told(post(gateway, conversation, "One"))
    told(post(gateway, conversation, "Two"))
    told(post(gateway, conversation, "Zwei", parent=first["message_id"]))
    return conversation


def test_an_export_has_every_message_in_openai_s_form_with_its_drift(gateway: Gateway, branched: str) -> None:
    lines = exported(gateway, branched)
    assert words(lines) == ["One", "You said: One", "Two", "You said: Two", "Zwei", "You said: Zwei"]
    assert [line["role"] for line in lines] == ["user", "assistant"] * 3
    assert lines[4]["parent"] == lines[2]["parent"] == lines[1]["id"]
    shown = {each["id"]: each for each in path(gateway, branched)}
    for line in lines:
        if line["id"] in shown:
            assert {name: shown[line["id"]][name] for name in line} == line
    assert lines[0]["drift"] is None
    assert lines[1]["drift"]["verdict"]


def test_an_import_makes_the_same_conversation(gateway: Gateway, branched: str) -> None:
    lines = exported(gateway, branched)
    reply = imported(gateway, *lines, title="Again")
    assert reply.status == 201, reply.body
    made = reply.json
    assert (made["title"], made["messages"], made["turns"]) == ("Again", 6, 3)
    assert exported(gateway, made["id"]) == lines
    assert path(gateway, made["id"], lines[3]["id"]) == path(gateway, branched, lines[3]["id"])
    assert told(post(gateway, made["id"], "Three"))["content"] == "You said: Three"
    assert words(path(gateway, made["id"]))[-4:] == ["Zwei", "You said: Zwei", "Three", "You said: Three"]


def test_messages_alone_go_below_each_other(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    lines = [{"role": "system", "content": "Be brief."}, user("One"), said("Yes."), user("Two"), said("No.")]
    made = imported(gateway, *lines, b"\n", id="conv_moved").json
    assert made["id"] == "conv_moved"
    assert words(path(gateway, "conv_moved")) == ["One", "Yes.", "Two", "No."]
    history = [user("One"), said("Yes."), user("Zwei")]
    body = {"model": LIBRARIAN, "messages": history}
    assert fetch(gateway, body=body, headers={"x-persona-conversation-id": "conv_moved"}).status == 200
    assert words(path(gateway, "conv_moved")) == ["One", "Yes.", "Zwei", "You said: Zwei"]
    assert refusal(imported(gateway, *lines, id="conv_moved")) == (409, "conversation.id_taken")
    fetch(gateway, f"{PLACE}/conv_moved", method="DELETE")


def test_what_is_no_conversation_is_refused_with_its_line(gateway: Gateway) -> None:
    for lines, place in (
        ([b""], "Line 1 has no message"),
        ([user("One"), b"{broken\n"], "Line 2 cannot be read"),
        ([user("One"), {**said("Yes."), "parent": "msg_none"}], "Line 2 has a `parent`"),
        ([{"role": "system", "content": "x"}], "system messages alone"),
        ([user("One"), {"content": "x"}], "messages[1]"),
        ([{**user("One"), "drift": 5}], "Line 1 cannot be read"),
        ([{**user("One"), "version": 10**30}], "Line 1 cannot be read"),
        ([{**user("One"), "created_at": "0001-01-01T00:00:00"}], "Line 1 cannot be read"),
        ([{**said("Yes."), "drift": {"voice": 1e300, "verdict": "drifting"}}], "Line 1 has a level of drift"),
        ([{**said("Yes."), "coherence": 1e300}], "Line 1 cannot be read"),
        ([b"\xff\n"], "UTF-8"),
    ):
        reply = imported(gateway, *lines)
        assert refusal(reply) == (400, "request.invalid")
        assert place in reply.error["message"]
    assert refusal(imported(gateway, user("One"), persona="nobody")) == (404, "persona.not_found")


def test_ids_that_stand_twice_are_replaced(gateway: Gateway) -> None:
    made = imported(gateway, {**user("One"), "id": "msg_1"}, {**said("Yes."), "id": "msg_1"}).json
    first, second = path(gateway, made["id"])
    assert first["id"] == "msg_1"
    assert second["id"] != "msg_1"


def test_moving_needs_the_scope_to_read(gateway: Gateway, branched: str) -> None:
    app = mint(gateway, "--scope", "chat:invoke")
    reply = fetch(gateway, f"{PLACE}/{branched}/export", key=app)
    assert refusal(reply) == (403, "auth.missing_scope")
    assert fetch(gateway, f"{PLACE}/import?persona={SLUG}", b"{}", key=app).status == 403
