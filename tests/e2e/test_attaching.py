"""A turn of the drop-in surface is kept in the conversation that a header names."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import mint
from tests.e2e.wire import Reply, fetch
from tests.fakes.process import Gateway
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import completion
from tests.fakes.upstream_scripts import json_answer

HEADER = "x-persona-conversation-id"
PLACE = "/v1/chat/conversations"
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def said(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def ask(gateway: Gateway, conversation: str, *messages: Any, model: str = LIBRARIAN, **more: Any) -> Reply:
    key, body = more.pop("key", None), {"model": model, "messages": messages, **more}
    return fetch(gateway, body=body, key=key, headers={HEADER: conversation})


def attached(gateway: Gateway, conversation: str, *messages: Any, **more: Any) -> str:
    """Have a turn attached, and return the id of its conversation."""
    reply = ask(gateway, conversation, *messages, **more)
    assert reply.status == 200, reply.body
    return reply.headers[HEADER]


def path(gateway: Gateway, conversation: str, leaf: str = "") -> list[dict[str, Any]]:
    """Read a path from its root on."""
    query = f"?order=asc&limit=200{f'&leaf={leaf}' if leaf else ''}"
    reply = fetch(gateway, f"{PLACE}/{conversation}/messages{query}")
    assert reply.status == 200, reply.body
    found: list[dict[str, Any]] = reply.json["data"]
    return found


def words(messages: list[dict[str, Any]]) -> list[Any]:
    return [message["content"] for message in messages]


@contextmanager
def locked(gateway: Gateway) -> Iterator[None]:
    """Hold the store's write lock, as another process does that hangs."""
    with closing(sqlite3.connect(gateway.folder / "persona.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("stream", [False, True])
def test_a_new_conversation_tells_its_id_in_the_head_and_in_the_answer(
    gateway: Gateway, stream: bool
) -> None:
    reply = ask(gateway, "new", user("Good evening"), stream=stream)
    answer = reply.chunks[-1] if stream else reply.json
    conversation = reply.headers[HEADER]
    assert answer["persona"]["conversation"] == conversation
    asked, answered = path(gateway, conversation)
    assert (asked["role"], asked["content"], asked["parent"]) == ("user", "Good evening", None)
    assert (answered["role"], answered["content"]) == ("assistant", "You said: Good evening")
    assert answered["id"] == answer["persona"]["turn"]
    assert answered["parent"] == asked["id"]
    assert answered["drift"] == answer["persona"]["drift"]
    assert answered["coherence"] == answer["persona"]["coherence"]
    assert (asked["version"], answered["version"]) == (1, 1)
    shown = fetch(gateway, f"{PLACE}/{conversation}").json
    assert (shown["leaf"], shown["messages"], shown["turns"]) == (answered["id"], 2, 1)


@pytest.mark.parametrize("stream", [False, True])
def test_only_what_is_new_is_added(gateway: Gateway, upstream: ScriptedUpstream, stream: bool) -> None:
    conversation = attached(gateway, "new", {"role": "system", "content": "Be brief."}, user("One"))
    history = [user("One"), said("You said: One"), user("Two")]
    assert attached(gateway, conversation, *history, stream=stream) == conversation
    assert upstream.seen[-1].json["messages"][1:] == history
    assert words(path(gateway, conversation)) == ["One", "You said: One", "Two", "You said: Two"]


def test_texts_are_recognised_in_the_forms_in_which_clients_give_them_back(gateway: Gateway) -> None:
    conversation = attached(gateway, "new", user("One"))
    parts = {"role": "user", "content": [{"type": "text", "text": "One"}]}
    attached(gateway, conversation, parts, said("You said: One \n"), user("Two"))
    assert len(path(gateway, conversation)) == 4


def test_an_edit_and_a_regeneration_are_branches(gateway: Gateway) -> None:
    conversation = attached(gateway, "new", user("One"))
    first = path(gateway, conversation)
    attached(gateway, conversation, user("One"))
    again = path(gateway, conversation)
    assert again[0] == first[0]
    assert again[1]["id"] != first[1]["id"]
    attached(gateway, conversation, user("Uno"))
    edited = path(gateway, conversation)
    assert words(edited) == ["Uno", "You said: Uno"]
    assert edited[0]["parent"] is None
    attached(gateway, conversation, user("One"), said("You said: One"), user("Two"))
    assert path(gateway, conversation)[1]["id"] == again[1]["id"]
    assert path(gateway, conversation, first[1]["id"]) == first
    shown = fetch(gateway, f"{PLACE}/{conversation}").json
    assert (shown["messages"], shown["turns"]) == (7, 4)


@pytest.mark.parametrize("stream", [False, True])
def test_calls_of_tools_and_their_results_are_kept(gateway: Gateway, stream: bool) -> None:
    reply = ask(gateway, "new", user("Please use the tool"), tools=[TOOL], stream=stream)
    conversation = reply.headers[HEADER]
    asked, called = path(gateway, conversation)
    (call,) = called["tool_calls"]
    assert call["function"] == {"name": "look", "arguments": call["function"]["arguments"]}
    assert json.loads(call["function"]["arguments"]) == {}
    assert call["id"]
    assert called["content"] is None
    result = {"role": "tool", "tool_call_id": call["id"], "content": "a lamp"}
    again = {"role": "assistant", "content": None, "tool_calls": [call]}
    attached(gateway, conversation, user("Please use the tool"), again, result, tools=[TOOL])
    whole = path(gateway, conversation)
    assert whole[:2] == [asked, called]
    assert (whole[2]["tool_call_id"], whole[2]["content"]) == (call["id"], "a lamp")
    assert whole[3]["content"] == "The tool said: a lamp"


def test_parts_that_are_no_texts_are_kept_as_they_were(gateway: Gateway) -> None:
    parts = [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    ]
    conversation = attached(gateway, "new", {"role": "user", "content": parts, "name": "ada"})
    asked, _ = path(gateway, conversation)
    assert (asked["content"], asked["name"]) == (parts, "ada")


def test_of_several_answers_the_first_is_kept(gateway: Gateway) -> None:
    conversation = attached(gateway, "new", user("One"), n=2)
    assert words(path(gateway, conversation)) == ["One", "You said: One"]
    attached(gateway, conversation, user("One"), said("You said: One (1)"), user("Two"))
    assert words(path(gateway, conversation))[1] == "You said: One (1)"


def test_what_is_unknown_malformed_or_another_workspace_s_answers_alike(gateway: Gateway) -> None:
    other = gateway.cli("workspaces", "create", "attaching-elsewhere", check=False)
    assert other is not None
    key = mint(gateway, "--workspace", "attaching-elsewhere", "--scope", "*")
    conversation = attached(gateway, "new", user("One"))
    for name, own in ((conversation, key), ("conv_none", None), ("conv-1", None), ("", None)):
        reply = ask(gateway, name, user("One"), key=own)
        if own is not None:
            # The other workspace has no persona of that name, which is told first.
            assert reply.error["code"] == "model_not_found"
            continue
        assert (reply.status, reply.error["code"]) == (404, "conversation.not_found")
        assert HEADER not in reply.headers


def test_another_persona_than_the_conversation_s_is_a_conflict(gateway: Gateway) -> None:
    conversation = attached(gateway, "new", user("One"))
    for model in ("persona/the-istanbul-bookseller", "plain-model"):
        reply = ask(gateway, conversation, user("One"), model=model)
        assert (reply.status, reply.error["code"]) == (409, "conversation.other_persona")
        assert reply.error["param"] == "model"
    assert ask(gateway, "new", user("One"), model="plain-model").status == 400
    assert len(path(gateway, conversation)) == 2


def test_a_key_without_the_scope_to_read_attaches_to_its_own_alone(gateway: Gateway) -> None:
    app = mint(gateway, "--scope", "chat:invoke")
    others = attached(gateway, "new", user("One"))
    own = attached(gateway, "new", user("One"), key=app)
    assert attached(gateway, own, user("One"), said("You said: One"), user("Two"), key=app) == own
    told = {ask(gateway, name, user("One"), key=app).body for name in (others, "conv_none", "none")}
    assert len(told) == 1
    assert json.loads(told.pop())["error"]["code"] == "missing_scope"


@pytest.mark.parametrize("stream", [False, True])
def test_a_turn_that_fails_adds_nothing(gateway: Gateway, upstream: ScriptedUpstream, stream: bool) -> None:
    conversation = attached(gateway, "new", user("One"))
    upstream.reply(json_answer({"error": {"message": "no"}}, code=422))
    assert ask(gateway, conversation, user("Uno"), stream=stream).status == 422
    assert words(path(gateway, conversation)) == ["One", "You said: One"]


def test_strange_characters_are_kept_as_far_as_they_are_any(
    gateway: Gateway, upstream: ScriptedUpstream
) -> None:
    body = json.dumps(completion("half X")).replace("X", "\\ud83d").encode()
    upstream.reply(json_answer(body))
    conversation = attached(gateway, "new", user("nul \0 and \U0001f319"))
    assert words(path(gateway, conversation)) == ["nul \0 and \U0001f319", "half ?"]


def test_openai_s_client_and_langchain_s_need_a_header_alone(gateway: Gateway) -> None:
    with gateway.client(default_headers={HEADER: "new"}) as client:
        raw = client.chat.completions.with_raw_response.create(model=LIBRARIAN, messages=[user("One")])  # type: ignore[list-item]
    conversation = raw.headers[HEADER]
    chat = ChatOpenAI(
        base_url=gateway.base_url,
        api_key=SecretStr(gateway.key),
        model=LIBRARIAN,
        default_headers={HEADER: conversation},
    )
    history: list[Any] = [("user", "One"), ("assistant", "You said: One"), ("user", "Two")]
    assert chat.invoke(history).content == "You said: Two"
    assert "".join(str(piece.content) for piece in chat.stream(history)) == "You said: Two"
    assert words(path(gateway, conversation)) == ["One", "You said: One", "Two", "You said: Two"]
    assert fetch(gateway, f"{PLACE}/{conversation}").json["messages"] == 5


def test_a_path_is_read_page_by_page_from_either_end(gateway: Gateway) -> None:
    messages: list[Any] = []
    for number in range(5):
        messages += [user(f"{number}"), said(f"You said: {number}")]
    conversation = attached(gateway, "new", *messages[:-1])
    whole = [message["content"] for message in messages]

    def pages(order: str, limit: int) -> list[str]:
        found, after = [], ""
        while True:
            query = f"?order={order}&limit={limit}{after}"
            page = fetch(gateway, f"{PLACE}/{conversation}/messages{query}").json
            found += words(page["data"])
            if not page["has_more"]:
                return found
            after = f"&after={page['next']}"

    for limit in (1, 3, 10, 50):
        assert pages("asc", limit) == whole
        assert pages("desc", limit) == whole[::-1]
    for wrong, status in (("after=x", 400), ("leaf=msg_none", 404), ("order=up", 400)):
        assert fetch(gateway, f"{PLACE}/{conversation}/messages?{wrong}").status == status
