"""Scores that come behind their answers: on the turn, on its stream, with the judge, and at the end."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.conftest import User
from tests.api.following import following
from tests.e2e.conftest import hello
from tests.e2e.test_drift import KINDS, answer, chat, said, turn, unscored
from tests.e2e.wire import fetch
from tests.fakes.process import Gateway, upstream_table
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import completion
from tests.fakes.upstream_scripts import json_answer

pytestmark = pytest.mark.serial

JUDGE = """
[drift]
deliver = "later"
[drift.judge]
upstream = "judge/wise"
sample = 0
risk = 0
"""
OPINION = {
    "voice": 0.9,
    "values": None,
    "coherence": 4,
    "contradicted_field": None,
    "quote": "I slip here",
}


@pytest.fixture
def judge() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as made:
        made.always(json_answer(completion(json.dumps(OPINION))))
        yield made


class ScriptedScorer(Gateway):
    module = "tests.e2e.scripted_scorer"


def late(gateway: Gateway) -> dict[str, int]:
    found: dict[str, int] = fetch(gateway, "/health/ready", key="").json["late_scores"]
    return found


@pytest.fixture
def unhurried(upstream: ScriptedUpstream, judge: ScriptedUpstream, tmp_path: Any) -> Iterator[Gateway]:
    """A gateway that puts every score off, and has a judge look at what slips."""
    tables = upstream_table("main", upstream.base_url, 'default_model = "any"')
    tables += upstream_table("judge", judge.base_url)
    made = ScriptedScorer(tmp_path, tables + JUDGE).start()
    yield made
    assert "Traceback" not in made.errors()
    made.stop()


@KINDS
def test_a_score_that_is_put_off_is_found_on_the_turn_and_its_stream(
    unhurried: Gateway, upstream: ScriptedUpstream, stream: bool
) -> None:
    with following(User(unhurried, unhurried.key)) as turns:
        upstream.reply(answer("Alas, I slip here.", stream))
        reply = chat(unhurried, stream=stream)
        assert said(reply)["drift"] == unscored("later")
        assert said(reply)["coherence"] is None
        events = turns.events()
        completed, scored, judged = [next(events) for _ in range(3)]
    names = [each["event"] for each in (completed, scored, judged)]
    assert names == ["turn.completed", "turn.scored", "turn.judged"]
    shown = json.loads(scored["data"])
    assert (shown["id"], shown["late"]) == (said(reply)["turn"], True)
    # The judge is asked about a turn once it has its score.
    found = turn(unhurried, reply)
    assert (found["late"], found["judged"]) == (True, True)
    levels = {"voice": 0.875, "values": 0.25, "rules": None}
    assert found["judge"]["scored"] == {**levels, "verdict": "out-of-character"}
    assert [one["name"] for one in found["explain"]["signals"]] == ["break"]
    assert late(unhurried) == {"scored": 1, "dropped": 0, "waiting": 0}


def test_an_answer_over_its_budget_gets_its_score_afterwards(
    upstream: ScriptedUpstream, tmp_path: Any
) -> None:
    table = upstream_table("main", upstream.base_url, 'default_model = "any"')
    gateway = ScriptedScorer(tmp_path, table + "[drift]\nbudget_ms = 1\n").start()
    upstream.reply(answer("busy 30 " + "word " * 1000, True))
    reply = chat(gateway, hello(), stream=True)
    assert said(reply)["drift"] == unscored("budget")
    until(lambda: turn(gateway, reply)["late"])
    assert turn(gateway, reply)["drift"]["verdict"] == "in-character"
    assert gateway.stop() == 0


def test_a_gateway_that_is_told_to_stop_scores_what_it_has_put_off(
    upstream: ScriptedUpstream, tmp_path: Any
) -> None:
    table = upstream_table("main", upstream.base_url, 'default_model = "any"')
    gateway = ScriptedScorer(tmp_path, table + '[drift]\ndeliver = "later"\n').start()
    upstream.always(answer("busy 50 " + "word " * 1000, False))
    told = {said(chat(gateway))["turn"] for _ in range(12)}
    assert late(gateway)["waiting"] > 0
    assert gateway.stop() == 0
    rows = json.loads(gateway.cli("turns", "--limit", "50", "--json"))
    assert {row["id"] for row in rows if row["drift"]["verdict"] == "in-character" and row["late"]} == told
