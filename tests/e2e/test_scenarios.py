"""Several personas play a scene, each with its own prompt, and every line is a turn with its own drift."""

from typing import Any

import pytest

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import mint
from tests.e2e.test_talking import happened, refusal
from tests.e2e.wire import Reply, connect, fetch, written
from tests.fakes.process import Gateway
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import completion
from tests.fakes.upstream_scripts import Gate, json_answer, raw, status

PLACE = "/v1/ensembles/scenarios"
SLUG = LIBRARIAN.removeprefix("persona/")
OTHER = "the-istanbul-bookseller"
SCENE = "A power cut. They meet on the stairs."


def play(gateway: Gateway, *personas: str, **more: Any) -> Reply:
    key, body = more.pop("key", None), {"personas": personas or (SLUG, OTHER), "scene": SCENE, **more}
    return fetch(gateway, PLACE, body, key=key)


def say(upstream: ScriptedUpstream, *lines: str) -> None:
    upstream.reply(*(json_answer(completion(line)) for line in lines))


@pytest.mark.parametrize("stream", [False, True])
def test_each_speaks_in_turn_and_hears_the_others(
    gateway: Gateway, upstream: ScriptedUpstream, stream: bool
) -> None:
    say(upstream, "Who is there?", "Only me.", "Come in.")
    reply = play(gateway, turns=3, stream=stream)
    assert reply.status == 200, reply.body
    if stream:
        *lines, (last, scene) = happened(reply)
        assert [name for name, _ in lines] == ["line.completed"] * 3
        assert [line for _, line in lines] == scene["lines"]
        assert last == "scene.completed"
    else:
        scene = reply.json
    assert [line["content"] for line in scene["lines"]] == ["Who is there?", "Only me.", "Come in."]
    assert [line["persona"]["slug"] for line in scene["lines"]] == [SLUG, OTHER, SLUG]
    assert (scene["ended"], scene["error"]) == ("turns", None)
    assert all(line["drift"].keys() >= {"voice", "verdict"} for line in scene["lines"])
    first, second, third = (seen.json["messages"] for seen in upstream.seen)
    assert first[0]["content"] == third[0]["content"] != second[0]["content"]
    assert [message["role"] for message in third] == ["system", "user", "assistant", "user"]
    assert third[1]["content"].startswith(SCENE)
    assert second[1]["content"].endswith("Who is there?")
    assert third[3]["content"].endswith(": Only me.")
    ids = [line["message_id"] for line in scene["lines"]]
    until(lambda: {turn["id"] for turn in gateway.turns("--limit", "20")} >= set(ids))


def test_a_failure_after_the_first_line_leaves_what_was_said(
    gateway: Gateway, upstream: ScriptedUpstream
) -> None:
    say(upstream, "Who is there?")
    upstream.reply(status(422))
    scene = play(gateway).json
    assert [line["content"] for line in scene["lines"]] == ["Who is there?"]
    assert (scene["ended"], scene["error"]) == ("failed", "provider.rejected_request")
    upstream.reply(status(422))
    for stream in (False, True):
        upstream.reply(status(422))
        assert refusal(play(gateway, stream=stream)) == (422, "provider.rejected_request")


def test_a_scene_without_prices_ends_where_a_budget_would_count(
    gateway: Gateway, upstream: ScriptedUpstream
) -> None:
    say(upstream, "Hm.")
    scene = play(gateway, turns=5, budget_usd=0.01).json
    assert (scene["ended"], len(scene["lines"]), scene["cost_usd"]) == ("unpriced", 1, None)


def test_what_cannot_be_played_is_refused(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    for more, expected in (
        ({"turns": 33}, (400, "request.invalid")),
        ({"surplus": 1}, (400, "request.invalid")),
        ({"budget_usd": 0}, (400, "request.invalid")),
    ):
        assert refusal(play(gateway, **more)) == expected, more
    assert refusal(play(gateway, SLUG)) == (400, "request.invalid")
    assert refusal(play(gateway, SLUG, f"{SLUG}@v1")) == (422, "ensemble.schema_violation")
    assert refusal(play(gateway, SLUG, "nobody")) == (404, "persona.not_found")
    reader = mint(gateway, "--scope", "personas:read")
    assert refusal(play(gateway, key=reader)) == (403, "auth.missing_scope")
    assert upstream.seen == []


def test_who_leaves_ends_the_scene(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    gate = Gate()
    upstream.reply(raw(gate))
    with connect(gateway) as peer:
        peer.sendall(written(gateway, {"personas": [SLUG, OTHER], "scene": SCENE}, PLACE))
        upstream.wait_for(1)
    assert upstream.seen[0].gone.wait(25)
    gate.open()
    assert len(upstream.seen) == 1
