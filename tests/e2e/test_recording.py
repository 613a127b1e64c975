"""A gateway may attach every request to the conversation that it goes on with, and keep no texts at all."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import mint
from tests.e2e.test_attaching import HEADER, PLACE, attached, path, said, user, words
from tests.e2e.wire import Reply, fetch
from tests.fakes.process import Gateway, upstream_table
from tests.fakes.upstream import ScriptedUpstream

ATTACHING = '[recording]\nattach = "all"\n'
TEXTLESS = '[recording]\ntexts = "none"\n'


def started(upstream: ScriptedUpstream, factory: pytest.TempPathFactory, recording: str) -> Iterator[Gateway]:
    config = upstream_table("main", upstream.base_url, 'default_model = "gpt-4o-mini"', 'models = ["plain"]')
    gateway = Gateway(factory.mktemp("recording"), config + recording).start()
    yield gateway
    assert gateway.stop() == 0


@pytest.fixture(scope="module")
def attaching(
    shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    yield from started(shared_upstream, tmp_path_factory, ATTACHING)


@pytest.fixture(scope="module")
def textless(
    shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    yield from started(shared_upstream, tmp_path_factory, TEXTLESS)


def asked(
    gateway: Gateway, *messages: Any, model: str = LIBRARIAN, key: str | None = None, **more: Any
) -> Reply:
    reply = fetch(gateway, body={"model": model, "messages": messages, **more}, key=key)
    assert reply.status == 200, reply.body
    return reply


def placed(gateway: Gateway, *messages: Any, **more: Any) -> str:
    """Ask without the header, and return the id of the conversation."""
    return asked(gateway, *messages, **more).headers[HEADER]


def dialogue(*questions: str) -> list[dict[str, Any]]:
    """Return the history of an app that has asked all of these but the last one."""
    found = [each for text in questions[:-1] for each in (user(text), said(f"You said: {text}"))]
    return [*found, user(questions[-1])]


@pytest.mark.parametrize("stream", [False, True])
def test_a_request_goes_on_with_the_conversation_that_it_repeats(attaching: Gateway, stream: bool) -> None:
    name = f"followed {stream}"
    first = placed(attaching, *dialogue(name), stream=stream)
    assert placed(attaching, {"role": "system", "content": "Be brief."}, *dialogue(name, "Two")) == first
    assert placed(attaching, *dialogue(name, "Two", "Three"), stream=stream) == first
    shown = path(attaching, first)
    assert words(shown) == [each for text in (name, "Two", "Three") for each in (text, f"You said: {text}")]


def test_what_cannot_be_a_continuation_is_a_new_conversation(attaching: Gateway) -> None:
    first = placed(attaching, user("apart"))
    others = [
        placed(attaching, user("apart")),
        placed(attaching, *dialogue("apart", "Two"), user="u_1"),
        placed(attaching, *dialogue("apart", "Two"), prompt_cache_key="c_1"),
        placed(attaching, *dialogue("apart", "Two"), safety_identifier="s_1"),
        placed(attaching, *dialogue("apart", "Two"), key=mint(attaching)),
        placed(attaching, user("apart"), said("Something else."), user("Two")),
    ]
    assert len({first, *others}) == len(others) + 1
    assert placed(attaching, *dialogue("apart", "Two", "Three"), user="u_1") == others[1]


def test_two_people_who_begin_alike_are_told_apart_as_soon_as_they_are(attaching: Gateway) -> None:
    conversations = {placed(attaching, user("alike")), placed(attaching, user("alike"))}
    mine = placed(attaching, *dialogue("alike", "mine"))
    yours = placed(attaching, *dialogue("alike", "yours"))
    assert {mine, yours} == conversations
    third = placed(attaching, *dialogue("alike", "nobody's"))
    assert third not in conversations
    assert words(path(attaching, third))[:2] == ["alike", "You said: alike"]
    assert placed(attaching, *dialogue("alike", "mine", "on")) == mine


@pytest.mark.parametrize("named", [False, True])
def test_an_app_that_drops_its_oldest_messages_stays_in_its_conversation(
    attaching: Gateway, named: bool
) -> None:
    texts = [f"window {named} {number}" for number in range(6)]
    conversation = placed(attaching, *dialogue(*texts[:1]))
    for end in range(2, 7):
        sent = dialogue(*texts[:end])[-5:]
        given = attached(attaching, conversation, *sent) if named else placed(attaching, *sent)
        assert given == conversation
    shown = fetch(attaching, f"{PLACE}/{conversation}").json
    assert (shown["messages"], shown["turns"]) == (12, 6)
    # A question that is asked again goes below the same answer; a window of another's words does not.
    again = attached(attaching, conversation, *dialogue(*texts)[-5:])
    assert fetch(attaching, f"{PLACE}/{again}").json["messages"] == 13
    strange = [user("strange"), *dialogue(*texts)[-4:]]
    assert placed(attaching, *strange) != conversation


def test_who_names_a_conversation_gets_that_one(attaching: Gateway) -> None:
    matched = placed(attaching, user("named"))
    made = attached(attaching, "new", *dialogue("named", "Two"))
    assert made != matched
    assert attached(attaching, matched, *dialogue("named", "Two")) == matched


def test_what_cannot_be_kept_is_answered_without_a_conversation(attaching: Gateway) -> None:
    plain = asked(attaching, user("plain"), model="plain")
    assert HEADER not in plain.headers
    large = asked(attaching, user("a" * (9 << 20)))
    assert HEADER not in large.headers
    assert large.json["persona"]["conversation"] is None


def test_a_conversation_that_was_deleted_is_made_again_by_its_app(attaching: Gateway) -> None:
    first = placed(attaching, user("deleted"))
    assert fetch(attaching, f"{PLACE}/{first}", method="DELETE").status == 204
    second = placed(attaching, *dialogue("deleted", "Two"))
    assert second != first
    assert words(path(attaching, second))[0] == "deleted"


def test_a_conversation_without_texts_has_its_lineage_and_its_drift(textless: Gateway) -> None:
    conversation = attached(textless, "new", user("a secret"))
    assert attached(textless, conversation, *dialogue("a secret", "Two")) == conversation
    shown = path(textless, conversation)
    assert words(shown) == [None] * 4
    assert [message["turn"] for message in shown] == [1, 1, 2, 2]
    assert shown[1]["drift"]["verdict"]
    with closing(sqlite3.connect(textless.folder / "persona.db")) as store:
        assert store.execute("SELECT count(*) FROM messages WHERE body IS NOT NULL").fetchone() == (0,)


def test_the_native_api_says_that_it_has_no_history_without_texts(textless: Gateway) -> None:
    conversation = attached(textless, "new", user("One"))
    body = {"persona": LIBRARIAN, "message": "Hello"}
    line = {"role": "user", "content": "One"}
    name = LIBRARIAN.removeprefix("persona/")
    for reply in (
        fetch(textless, f"{PLACE}/{conversation}/messages", body={"message": "Two"}),
        fetch(textless, f"{PLACE}/conv_other/messages", body=body),
        fetch(textless, f"{PLACE}/import?persona={name}", body=line),
    ):
        assert (reply.status, reply.json["error"]["code"]) == (409, "conversation.without_texts")
