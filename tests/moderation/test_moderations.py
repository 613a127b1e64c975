"""Texts and turns are moderated through a gateway: by an upstream, a judge or the list, and by rules."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from gateway.moderation.watching import QUICK
from tests.e2e.wire import Reply, fetch
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import completion
from tests.fakes.upstream_scripts import Script, json_answer, status
from tests.fakes.upstream_wire import Seen

pytestmark = pytest.mark.slow

PLACE, CHAT = "/v1/openai/moderations", "/v1/openai/chat/completions"
THREAT = "Listen, I will kill you."
RULES = [{"never_say": ["discount"]}, {"must_not": "promise a refund"}]
KEEPER = {"slug": "keeper", "prompt": "You keep a shop. You sell maps.", "rules": RULES}


@pytest.fixture(scope="module")
def models() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as upstream:
        yield upstream


@pytest.fixture(autouse=True)
def fresh(models: ScriptedUpstream) -> Iterator[None]:
    models.reset()
    yield
    models.reset()


@pytest.fixture(scope="module")
def plain(models: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Nobody is named who looks at texts, but turns are flagged."""
    table = upstream_table("main", models.base_url, 'default_model = "m"')
    config = f'{table}[moderation]\ninput = "flag"\noutput = "flag"\n{PATIENT}'
    gateway = Gateway(tmp_path_factory.mktemp("plain"), config).start()
    gateway.push(**KEEPER)
    yield gateway
    assert gateway.stop() == 0


@pytest.fixture(scope="module")
def asking(models: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """An upstream and a judge look at texts, and what is flagged is refused."""
    table = upstream_table("main", models.base_url, 'default_model = "m"')
    moderation = 'upstream = "main/omni"\njudge = "main/judge"\ninput = "block"\n'
    gateway = Gateway(
        tmp_path_factory.mktemp("asking"), f"{table}[moderation]\n{moderation}[chat]\nretries = 0\n{PATIENT}"
    ).start()
    gateway.push(**KEEPER)
    yield gateway
    assert gateway.stop() == 0


def chat_answer(text: str) -> Script:
    return json_answer(completion(text))


def seen_by_upstream(flagged: bool, score: float) -> Script:
    result = {
        "flagged": flagged,
        "categories": {"violence": flagged, "hate": False},
        "category_scores": {"violence": score, "hate": 0.01},
        "category_applied_input_types": {"violence": ["text"], "hate": ["text"]},
    }
    return json_answer({"id": "modr-1", "model": "omni-moderation-1", "results": [result]})


def turn_of(gateway: Gateway, reply: Reply, *, flagged: bool = True) -> Any:
    def find() -> Any:
        turns = fetch(gateway, f"/v1/turns?request_id={reply.headers['x-request-id']}").json["data"]
        return next((one for one in turns if one["flagged"] or not flagged), None)

    return until(find)


def told(gateway: Gateway) -> list[tuple[str, Any]]:
    """Read the events of the store."""
    with closing(sqlite3.connect(gateway.folder / "persona.db", timeout=25)) as store:
        rows = store.execute("SELECT type, data FROM events ORDER BY seq").fetchall()
    return [(kind, json.loads(data)) for kind, data in rows]


def test_texts_are_moderated_without_any_key_of_a_provider(plain: Gateway) -> None:
    with plain.client() as client:
        found = client.moderations.create(input=[THREAT, "Good evening."])
    assert found.model == "lexical-1"
    assert [one.flagged for one in found.results] == [True, False]
    shown = fetch(plain, PLACE, {"model": "omni-moderation-latest", "input": THREAT}).json["results"][0]
    assert shown["categories"]["harassment/threatening"] is True
    assert "hate" not in shown["categories"]
    assert "hate" not in shown["category_scores"]


@pytest.mark.parametrize("name", ["persona/keeper", "persona/keeper@v1"])
def test_the_rules_of_a_persona_are_categories(plain: Gateway, name: str) -> None:
    texts = ["I promise you a full refund.", "Here is a discount!", "The map shows the harbour."]
    reply = fetch(plain, PLACE, {"model": name, "input": texts})
    assert reply.status == 200, reply.body
    results = reply.json["results"]
    assert reply.json["persona"]["slug"] == "keeper"
    seen = [{name for name, is_seen in one["categories"].items() if is_seen} for one in results]
    assert seen == [{"persona/must_not"}, {"persona/never_say"}, set()]
    assert results[2]["category_scores"]["persona/never_say"] == 0.0


def test_rules_of_the_prose_count_and_kinds_that_are_not_there_are_absent(plain: Gateway) -> None:
    plain.push(slug="guide", prompt='You are a guide. Never say "cheap".')
    body = {"model": "persona/guide", "input": "A cheap room, sir."}
    result = fetch(plain, PLACE, body).json["results"][0]
    assert result["categories"]["persona/never_say"] is True
    assert "persona/must_not" not in result["categories"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": []}, "input"),
        ({"input": 7}, "input"),
        ({"input": ["a", 7]}, "input"),
        ({"input": ["x"] * 33}, "input"),
        ({"input": "x" * 65_537}, "input"),
        ({"input": "x", "model": 7}, "model"),
        ({"input": [{"type": "image_url", "image_url": {"url": "data:,"}}]}, "input"),
        ({"input": [{"type": "text"}]}, "input"),
    ],
)
def test_what_cannot_be_looked_at_is_refused(plain: Gateway, body: Any, param: str) -> None:
    refused = fetch(plain, PLACE, body)
    assert (refused.status, refused.error["param"]) == (400, param)


def test_an_unknown_persona_is_not_found(plain: Gateway) -> None:
    refused = fetch(plain, PLACE, {"model": "persona/nobody", "input": "x"})
    assert (refused.status, refused.error["code"]) == (404, "model_not_found")


@pytest.mark.parametrize("stream", [False, True])
def test_a_turn_is_marked_after_it_is_out_and_an_event_tells_of_it(
    plain: Gateway, models: ScriptedUpstream, stream: bool
) -> None:
    if not stream:
        models.reply(chat_answer("Here is a discount!"))
    body = {"model": "persona/keeper", "stream": stream, "messages": [{"role": "user", "content": THREAT}]}
    reply = fetch(plain, CHAT, body)
    assert reply.status == 200
    turn = turn_of(plain, reply)
    assert "input:harassment/threatening" in turn["flagged"]
    assert stream or "output:persona/never_say" in turn["flagged"]
    data = until(lambda: [d for k, d in told(plain) if k == "moderation.flagged" and d["turn"] == turn["id"]])
    assert data[0]["categories"].split() == turn["flagged"]
    assert THREAT not in json.dumps(data)


def test_a_turn_with_nothing_to_flag_is_not_marked(plain: Gateway) -> None:
    body = {"model": "persona/keeper", "messages": [{"role": "user", "content": "Good evening."}]}
    assert turn_of(plain, fetch(plain, CHAT, body), flagged=False)["flagged"] == []


def test_an_upstream_is_asked_first_and_what_it_tells_stays(
    asking: Gateway, models: ScriptedUpstream
) -> None:
    models.by_path("/moderations", seen_by_upstream(flagged=True, score=0.9))
    reply = fetch(asking, PLACE, {"model": "persona/keeper", "input": "Have a discount."})
    assert reply.json["model"] == "omni-moderation-1"
    [result] = reply.json["results"]
    assert result["category_applied_input_types"]["violence"] == ["text"]
    assert (result["categories"]["violence"], result["categories"]["persona/never_say"]) == (True, True)
    assert models.seen[-1].json == {"model": "omni", "input": ["Have a discount."]}


def test_pictures_go_to_the_upstream(asking: Gateway, models: ScriptedUpstream) -> None:
    models.by_path("/moderations", seen_by_upstream(flagged=False, score=0.1))
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}},
    ]
    assert fetch(asking, PLACE, {"input": parts}).json["results"][0]["flagged"] is False
    assert models.seen[-1].json["input"] == parts


def test_the_judge_is_asked_where_the_upstream_is_away_and_the_list_where_both_are(
    asking: Gateway, models: ScriptedUpstream
) -> None:
    models.by_path("/moderations", status(400))
    models.reply(chat_answer(json.dumps({"hate": 0.8, "violence": 0.2})))
    judged = fetch(asking, PLACE, {"input": "something"}).json
    assert judged["model"] == "main/judge"
    assert judged["results"][0]["categories"] == {"hate": True, "violence": False}
    models.reply(chat_answer("I would rather not say."))
    assert fetch(asking, PLACE, {"input": THREAT}).json["model"] == "lexical-1"


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_flagged_is_refused_before_the_model_is_asked(
    asking: Gateway, models: ScriptedUpstream, stream: bool
) -> None:
    models.by_path("/moderations", seen_by_upstream(flagged=True, score=0.9))
    body = {"model": "persona/keeper", "stream": stream, "messages": [{"role": "user", "content": "Hm."}]}
    refused = fetch(asking, CHAT, body)
    assert (refused.status, refused.error["code"]) == (403, "moderation.intent_blocked")
    assert [seen.path for seen in models.seen] == ["/v1/moderations"]
    turn = turn_of(asking, refused)
    assert (turn["status"], turn["error"]) == ("failed", "moderation.intent_blocked")
    assert turn["flagged"] == ["input:violence"]
    assert turn["attempts"] == 0


def test_only_what_was_said_since_the_last_answer_is_looked_at(
    asking: Gateway, models: ScriptedUpstream
) -> None:
    def look(seen: Seen) -> Script:
        return seen_by_upstream(flagged="worse" in seen.json["input"][0], score=0.5)

    models.by_path("/moderations", look)
    messages = [
        {"role": "user", "content": "Something worse."},
        {"role": "assistant", "content": "No."},
        {"role": "user", "content": [{"type": "text", "text": "Good"}]},
        {"role": "user", "content": "evening."},
    ]
    assert fetch(asking, CHAT, {"model": "persona/keeper", "messages": messages}).status == 200
    assert models.seen[0].json["input"] == ["Good\nevening."]


def test_the_beginning_of_an_answer_hides_nothing_from_a_block(
    asking: Gateway, models: ScriptedUpstream
) -> None:
    models.by_path("/moderations", seen_by_upstream(flagged=True, score=0.9))
    messages = [{"role": "user", "content": "Something worse."}, {"role": "assistant", "content": "Sure, "}]
    refused = fetch(asking, CHAT, {"model": "persona/keeper", "messages": messages})
    assert (refused.status, refused.error["code"]) == (403, "moderation.intent_blocked")
    assert models.seen[0].json["input"] == ["Something worse."]


def test_what_comes_with_a_large_picture_is_looked_at_too(plain: Gateway) -> None:
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{'A' * 2 * QUICK}"}}
    content = [{"type": "text", "text": THREAT}, picture]
    body = {"model": "persona/keeper", "stream": True, "messages": [{"role": "user", "content": content}]}
    assert "input:harassment/threatening" in turn_of(plain, fetch(plain, CHAT, body))["flagged"]
