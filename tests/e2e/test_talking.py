"""The native API keeps a conversation's history itself, and answers with the drift of each answer."""

import json
import subprocess
from typing import Any

import pytest

from tests.conftest import LIBRARIAN, Start
from tests.e2e.conftest import mint
from tests.e2e.test_attaching import HEADER, TOOL, path, said, user, words
from tests.e2e.wire import Reply, connect, fetch, written
from tests.fakes import event_source
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.sockets import read_until
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import answer_chunks, chunk
from tests.fakes.upstream_scripts import CLOSE, Gate, events, json_answer, status

PLACE = "/v1/chat/conversations"
SLUG = LIBRARIAN.removeprefix("persona/")
ERROR = {"message": "overloaded", "type": "server_error"}


@pytest.fixture
def begun(gateway: Gateway) -> str:
    """The id of a conversation that has been made."""
    found: str = fetch(gateway, PLACE, {"persona": SLUG}).json["id"]
    return found


def post(gateway: Gateway, conversation: str, message: object = None, **more: Any) -> Reply:
    key, body = more.pop("key", None), ({} if message is None else {"message": message}) | more
    return fetch(gateway, f"{PLACE}/{conversation}/messages", body, key=key)


def told(reply: Reply) -> dict[str, Any]:
    """Read an answer, whole or from the last event of its stream."""
    assert reply.status == 200, reply.body
    if reply.headers["content-type"].startswith("application/json"):
        found: dict[str, Any] = reply.json
        return found
    name, data = happened(reply)[-1]
    assert name == "message.completed", reply.body
    return data


def happened(reply: Reply) -> list[tuple[str, dict[str, Any]]]:
    """List the events of a stream, as a browser's EventSource reads it, byte by byte."""
    assert (reply.status, reply.headers["content-type"].partition(";")[0]) == (200, "text/event-stream")
    found = event_source.events(bytes([byte]) for byte in reply.body)
    return [(event.type, json.loads(event.data)) for event in found]


def sent(upstream: ScriptedUpstream) -> list[dict[str, Any]]:
    """Return the messages that the upstream was sent last, behind the persona's prompt."""
    found: list[dict[str, Any]] = upstream.seen[-1].json["messages"]
    assert found[0]["role"] == "system"
    return found[1:]


def refusal(reply: Reply) -> tuple[int, str]:
    assert reply.error["request_id"] == reply.headers["x-request-id"]
    return reply.status, reply.error["code"]


def test_a_first_message_makes_the_conversation_and_is_answered_as_the_reference_says(
    gateway: Gateway,
) -> None:
    persona = fetch(gateway, f"/v1/personas/{SLUG}").json["id"]
    reply = post(gateway, "conv_72", "Good evening", persona_id=persona)
    answer = told(reply)
    assert answer == {
        "message_id": answer["message_id"],
        "conversation": "conv_72",
        "parent": path(gateway, "conv_72")[0]["id"],
        "role": "assistant",
        "content": "You said: Good evening",
        "finish_reason": "stop",
        "persona": {"id": persona, "slug": SLUG, "version": 1},
        "drift": answer["drift"],
        "coherence": answer["coherence"],
        "tools_used": [],
        "tokens": {"in": answer["tokens"]["in"], "out": 4},
        "usage_source": "upstream",
        "cost_usd": answer["cost_usd"],
    }
    assert answer["drift"].keys() >= {"voice", "values", "rules", "verdict"}
    assert answer["tokens"]["in"] > 4
    assert reply.headers[HEADER] == "conv_72"
    assert reply.headers["x-persona"] == f"{SLUG}@v1"
    assert words(path(gateway, "conv_72")) == ["Good evening", "You said: Good evening"]
    assert fetch(gateway, "/v1/turns?limit=1").status == 200
    fetch(gateway, f"{PLACE}/conv_72", method="DELETE")


def test_the_history_is_sent_along(gateway: Gateway, upstream: ScriptedUpstream, begun: str) -> None:
    post(gateway, begun, "One")
    parts = [{"type": "text", "text": "Two"}]
    told(post(gateway, begun, parts, temperature=0.3))
    assert sent(upstream) == [user("One"), said("You said: One"), {"role": "user", "content": parts}]
    assert upstream.seen[-1].json["temperature"] == 0.3
    assert {"message", "persona", "conversation"}.isdisjoint(upstream.seen[-1].json)


def test_a_streamed_answer_comes_in_named_events(gateway: Gateway, begun: str) -> None:
    reply = post(gateway, begun, "Good evening", stream=True)
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.headers[HEADER] == begun
    *deltas, (last, answer) = happened(reply)
    assert {name for name, _ in deltas} == {"message.delta"}
    assert "".join(data["delta"] for _, data in deltas) == answer["content"] == "You said: Good evening"
    assert {data["message_id"] for _, data in deltas} == {answer["message_id"]}
    assert last == "message.completed"
    assert answer["drift"]["verdict"] != "unscored"
    assert path(gateway, begun)[-1]["id"] == answer["message_id"]


def test_pieces_go_out_as_they_come(gateway: Gateway, upstream: ScriptedUpstream, begun: str) -> None:
    gate, (first, *rest) = Gate(), answer_chunks("One. Two.")
    upstream.reply(events([first, rest[0], gate, *rest[1:]]))
    body = {"message": "Count", "stream": True}
    with connect(gateway) as peer:
        peer.sendall(written(gateway, body, f"{PLACE}/{begun}/messages"))
        assert b'"delta":"One. "' in read_until(peer, b"One.")
        gate.open()
        assert b"message.completed" in read_until(peer, b"message.completed")


@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_before_the_first_word_keeps_its_status(
    gateway: Gateway, upstream: ScriptedUpstream, begun: str, stream: bool
) -> None:
    upstream.reply(status(422))
    reply = post(gateway, begun, "Hm", stream=stream)
    assert refusal(reply) == (422, "provider.rejected_request")
    assert path_or_nothing(gateway, begun) == []


def path_or_nothing(gateway: Gateway, conversation: str) -> list[Any]:
    found: list[Any] = fetch(gateway, f"{PLACE}/{conversation}/messages").json["data"]
    return found


def test_a_failure_midway_is_an_event(gateway: Gateway, upstream: ScriptedUpstream, begun: str) -> None:
    upstream.reply(events([chunk("", delta={"role": "assistant"}), chunk("Half"), CLOSE]))
    reply = post(gateway, begun, "Hm", stream=True)
    assert reply.status == 200
    (first, _), (last, error) = happened(reply)
    assert (first, last) == ("message.delta", "error")
    assert error["error"]["code"] == "provider.stream_broken"
    assert error["error"]["request_id"] == reply.headers["x-request-id"]
    assert path_or_nothing(gateway, begun) == []


def test_who_leaves_ends_the_answer(gateway: Gateway, upstream: ScriptedUpstream, begun: str) -> None:
    gate = Gate()
    upstream.reply(events([*answer_chunks("One. Two.")[:2], gate]))
    with connect(gateway) as peer:
        peer.sendall(written(gateway, {"message": "Hm", "stream": True}, f"{PLACE}/{begun}/messages"))
        read_until(peer, b"message.delta")
    assert upstream.seen[-1].gone.wait(25)
    gate.open()
    assert path_or_nothing(gateway, begun) == []


def test_edits_and_second_answers_are_branches(
    gateway: Gateway, upstream: ScriptedUpstream, begun: str
) -> None:
    first = told(post(gateway, begun, "One"))
    second = told(post(gateway, begun, "Two"))
    edited = told(post(gateway, begun, "Zwei", parent=first["message_id"]))
    assert sent(upstream) == [user("One"), said("You said: One"), user("Zwei")]
    again = told(post(gateway, begun, parent=second["parent"]))
    assert sent(upstream) == [user("One"), said("You said: One"), user("Two")]
    assert again["parent"] == second["parent"]
    other = told(post(gateway, begun, "Uno", parent=None))
    assert sent(upstream) == [user("Uno")]
    for leaf, expected in (
        (second, ["One", "You said: One", "Two", "You said: Two"]),
        (edited, ["One", "You said: One", "Zwei", "You said: Zwei"]),
        (again, ["One", "You said: One", "Two", "You said: Two"]),
        (other, ["Uno", "You said: Uno"]),
    ):
        assert words(path(gateway, begun, leaf["message_id"])) == expected
    assert words(path(gateway, begun)) == ["Uno", "You said: Uno"]
    assert refusal(post(gateway, begun, "x", parent="msg_none")) == (404, "message.not_found")
    assert refusal(post(gateway, begun, parent=first["message_id"]))[0] == 400


@pytest.mark.parametrize("stream", [False, True])
def test_the_caller_s_tools_are_called_and_answered(
    gateway: Gateway, upstream: ScriptedUpstream, begun: str, stream: bool
) -> None:
    answer = told(post(gateway, begun, "Please use the tool", tools=[TOOL], stream=stream))
    (call,) = answer["tool_calls"]
    assert (answer["content"], answer["finish_reason"]) == (None, "tool_calls")
    assert call["function"]["name"] == "look"
    result = {"tool_call_id": call["id"], "content": "a lamp"}
    answer = told(post(gateway, begun, tool_results=[result], tools=[TOOL], stream=stream))
    assert answer["content"] == "The tool said: a lamp"
    assert sent(upstream)[1:] == [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", **result},
    ]


def test_a_named_tool_that_is_not_set_up_is_told_and_another_name_refused(
    gateway: Gateway, upstream: ScriptedUpstream, begun: str
) -> None:
    answer = told(post(gateway, begun, "Hm", tools=["web.search", TOOL]))
    assert answer["tools_unavailable"] == ["web.search"]
    assert upstream.seen[-1].json["tools"] == [TOOL]
    assert "tools_unavailable" not in told(post(gateway, begun, "Hm", tools=[TOOL]))
    told(post(gateway, begun, "Hm", tools=["web.search"]))
    assert "tools" not in upstream.seen[-1].json
    reply = post(gateway, begun, "Hm", tools=["shop.buy"])
    assert refusal(reply) == (422, "conversation.schema_violation")
    assert "`web.search`" in reply.error["message"]


def test_the_pin_decides_which_version_answers(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    gateway.push(slug="pinned", prompt="First.")
    pinned = told(post(gateway, "conv_pinned", "One", persona="pinned"))
    latest = told(post(gateway, "conv_latest", "One", persona="pinned", follow="latest"))
    assert (pinned["persona"]["version"], latest["persona"]["version"]) == (1, 1)
    gateway.push(slug="pinned", prompt="Second.")
    assert told(post(gateway, "conv_pinned", "Two"))["persona"]["version"] == 1
    assert told(post(gateway, "conv_pinned", "Two", persona="pinned"))["persona"]["version"] == 1
    wrong = post(gateway, "conv_pinned", "Two", persona="pinned@v2")
    assert refusal(wrong) == (409, "conversation.other_persona")
    fetch(gateway, f"{PLACE}/conv_pinned", {"version": 2}, method="PATCH")
    assert told(post(gateway, "conv_pinned", "Three"))["persona"]["version"] == 2
    assert upstream.seen[-1].json["messages"][0]["content"] == "Second."
    versions = [message["version"] for message in path(gateway, "conv_pinned")]
    assert versions == [1, 1, 1, 1, 1, 1, 2, 2]
    gateway.cli("personas", "delete", "pinned", "--purge", "--yes", check=False)


def test_what_cannot_be_posted_is_refused(gateway: Gateway, begun: str) -> None:
    for body, field in (
        ({}, "message"),
        ({"message": ""}, "message"),
        ({"message": 5}, "message"),
        ({"message": "x", "messages": []}, "messages"),
        ({"message": "x", "model": "m"}, "model"),
        ({"message": "x", "n": 2}, "n"),
        ({"message": "x", "stream": "yes"}, "stream"),
        ({"message": "x", "tools": {}}, "tools"),
        ({"message": "x", "tool_results": [{}]}, "tool_results"),
        ({"message": "x", "Message": "y"}, "Message"),
        ({"message": "x", "parent": 5}, "parent"),
    ):
        reply = fetch(gateway, f"{PLACE}/{begun}/messages", body)
        assert refusal(reply) == (400, "request.invalid"), body
        assert f"`{field}`" in reply.error["message"]
    assert path_or_nothing(gateway, begun) == []


def test_only_a_named_persona_makes_a_conversation(gateway: Gateway, begun: str) -> None:
    app = mint(gateway, "--scope", "chat:invoke")
    assert refusal(post(gateway, "conv_none", "Hi")) == (404, "conversation.not_found")
    assert refusal(post(gateway, "none", "Hi", persona=SLUG)) == (404, "conversation.not_found")
    assert refusal(post(gateway, "conv_none", "Hi", persona="nobody")) == (404, "persona.not_found")
    for conversation in (begun, "conv_none"):
        assert refusal(post(gateway, conversation, "Hi", key=app)) == (403, "auth.missing_scope")
    told(post(gateway, "conv_app", "Hi", persona=SLUG, key=app))
    told(post(gateway, "conv_app", "Hi again", key=app))
    fetch(gateway, f"{PLACE}/conv_app", method="DELETE")


def test_a_turn_may_be_posted_here_and_the_next_one_sent_by_an_app(
    gateway: Gateway, upstream: ScriptedUpstream, begun: str
) -> None:
    told(post(gateway, begun, "One"))
    history = [user("One"), said("You said: One"), user("Two")]
    reply = fetch(gateway, body={"model": LIBRARIAN, "messages": history}, headers={HEADER: begun})
    assert reply.status == 200
    told(post(gateway, begun, "Three"))
    assert [message["content"] for message in sent(upstream)] == [
        "One",
        "You said: One",
        "Two",
        "You said: Two",
        "Three",
    ]


def test_a_repeated_post_says_it_once(gateway: Gateway, begun: str) -> None:
    named = {"idempotency-key": f"once-{begun}"}
    place, body = f"{PLACE}/{begun}/messages", {"message": "One"}
    first, second = (fetch(gateway, place, body, headers=named) for _ in range(2))
    assert first.body == second.body
    assert second.headers["idempotent-replayed"] == "true"
    assert len(path(gateway, begun)) == 2


def test_a_long_history_is_cut_by_whole_turns(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = start(
        upstream_table("main", upstream.base_url, 'default_model = "small"', 'context = { "small" = 1024 }')
        + PATIENT
    )
    gateway.push(slug="short", prompt="You are short.")
    long = "word " * 100
    replies = []
    for number in range(16):
        upstream.reply(json_answer(completion_of(f"Answer {number}.")))
        replies.append(told(post(gateway, "conv_long", f"{number} {long}", persona="short")))
        messages = sent(upstream)
        cut = replies[-1].get("truncated", {"turns": 0})["turns"]
        assert messages[0]["content"].startswith(f"{cut} ")
        assert len(messages) == 2 * (number - cut) + 1
    cuts = [reply["truncated"]["turns"] for reply in replies if "truncated" in reply]
    assert cuts == sorted(cuts)
    assert 8 < cuts[-1] < 14
    huge = "word " * 4000
    upstream.reply(json_answer(completion_of("Yes.")))
    assert told(post(gateway, "conv_long", huge))["truncated"] == {"turns": 14}
    assert len(path(gateway, "conv_long")) == 34


def completion_of(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return {"id": "chatcmpl-1", "object": "chat.completion", "model": "small", "choices": choices}


def test_curl_reads_the_stream(gateway: Gateway, begun: str) -> None:
    command = [
        *("curl", "-sN", f"{gateway.root}{PLACE}/{begun}/messages"),
        *("-H", f"Authorization: Bearer {gateway.key}", "-H", "Content-Type: application/json"),
        *("-d", json.dumps({"message": "Good evening", "stream": True})),
    ]
    text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout
    assert text.count("event: message.delta\n") >= 1
    assert text.split("event: message.completed\ndata: ")[1].endswith("}\n\n")


def scored(found: dict[str, Any]) -> dict[str, Any]:
    """Return the drift of a path once every answer has its score, which may come late."""
    return {} if any(point["verdict"] == "unscored" for point in found["data"]) else found


def test_the_turn_with_which_a_conversation_left_its_persona_is_named(
    gateway: Gateway, upstream: ScriptedUpstream
) -> None:
    gateway.push(
        slug="keeper", prompt="You are Ada, keeper of a lighthouse. You never say that you are an AI."
    )
    slip = "As an AI language model developed by OpenAI, I cannot have feelings or personal experiences."
    turns = []
    for number in range(12):
        text = slip if number >= 6 else f"The lamp burns, and the sea is calm tonight, friend {number}."
        upstream.reply(json_answer(completion_of(text)))
        turns.append(told(post(gateway, "conv_keeper", f"How is watch {number}?", persona="keeper")))
    found = until(lambda: scored(fetch(gateway, f"{PLACE}/conv_keeper/drift").json))
    ids = [turn["message_id"] for turn in turns]
    assert [point["turn"] for point in found["data"]] == ids
    assert found["onset"] == ids[6]
    assert found["data"][5]["cusum"] == 0.0
    assert found["data"][6]["cusum"] >= found["threshold"] == 0.5
    assert found["data"][6]["verdict"] == "out-of-character"
    assert found["level"] > 0.5
    before = fetch(gateway, f"{PLACE}/conv_keeper/drift?leaf={ids[5]}&limit=3").json
    assert [point["turn"] for point in before["data"]] == ids[3:6]
    assert before["onset"] is None
    assert fetch(gateway, f"{PLACE}/conv_keeper/drift?leaf=msg_none").status == 404
    fetch(gateway, f"{PLACE}/conv_keeper", method="DELETE")


def test_where_nothing_was_said_nothing_has_drifted(gateway: Gateway, begun: str) -> None:
    found = fetch(gateway, f"{PLACE}/{begun}/drift").json
    assert found == {"data": [], "level": None, "trend": None, "threshold": 0.5, "onset": None}
