"""A judge in a running gateway: its judgements show in turns, it delays nobody, and it is off by default."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.conftest import User
from tests.api.following import following
from tests.conftest import LIBRARIAN
from tests.e2e.conftest import hello
from tests.e2e.test_drift import KINDS, SLIPS, answer, chat, said, turn
from tests.e2e.test_scoring import ScriptedScorer
from tests.e2e.wire import fetch
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream, Seen
from tests.fakes.upstream_model import completion
from tests.fakes.upstream_scripts import Gate, Script, json_answer, status

JUDGE = "the-judge"
SETTINGS = f'[drift.judge]\nupstream = "court/{JUDGE}"\nrisk = 0\nsample = 0\n'
NONE = {"judged": 0, "discarded": 0, "failed": 0, "dropped": 0, "over_budget": 0}


def tables(upstream: ScriptedUpstream) -> str:
    main = upstream_table("main", upstream.base_url, 'default_model = "any"', 'models = ["plain-model"]')
    return main + upstream_table("court", upstream.base_url) + PATIENT


@pytest.fixture(scope="module")
def court(shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that has suspicious turns judged; answers that hold `slip` are suspicious."""
    made = ScriptedScorer(tmp_path_factory.mktemp("court"), tables(shared_upstream) + SETTINGS).start()
    yield made
    assert "Traceback" not in made.errors()
    assert made.stop() == 0


def opinion(**more: Any) -> Script:
    fine = {"voice": 0.875, "values": None, "coherence": 4, "contradicted_field": None, "quote": "I slip"}
    return json_answer(completion(json.dumps({**fine, **more})))


def counts(gateway: Gateway) -> dict[str, int]:
    found: dict[str, int] = fetch(gateway, "/health/ready", key="").json["judge"]
    return found


def counted(gateway: Gateway, before: dict[str, int], **more: int) -> bool:
    wanted = before | {name: before[name] + number for name, number in more.items()}
    return until(lambda: counts(gateway) == wanted, 10)


def asked(upstream: ScriptedUpstream) -> list[Seen]:
    return [seen for seen in upstream.seen if seen.model == JUDGE]


@KINDS
def test_an_honest_judgement_shows_in_the_turn(
    court: Gateway, upstream: ScriptedUpstream, stream: bool
) -> None:
    gate, before = Gate(), counts(court)
    upstream.by_model(JUDGE, opinion().hold(gate))
    upstream.always(answer("Alas, I  slip here.", stream))
    reply = chat(court, hello("My secret"), stream=stream)
    assert "judge" not in said(reply)
    assert turn(court, reply)["judge"] is None
    gate.open()
    found = until(lambda: turn(court, reply)["judge"])
    assert isinstance(found, dict)
    assert found.pop("at") > "2026"
    assert found.pop("scored") == said(reply)["drift"]
    row = turn(court, reply)
    assert row["drift"] == {"voice": 0.875, "values": None, "rules": None, "verdict": "out-of-character"}
    assert (row["judged"], row["coherence"]) == (True, 4.0)
    assert found == {
        "voice": 0.875,
        "values": None,
        "rules": None,
        "coherence": 4.0,
        "contradicted_field": None,
        "broken_rule": None,
        "severity": None,
        "start": 6,
        "end": 13,
        "choice": 0,
        "model": f"court/{JUDGE}",
        "usage": {
            "prompt_tokens": 9,
            "completion_tokens": 3,
            "total_tokens": 12,
            "cached_tokens": 0,
            "cache_write_tokens": None,
            "reasoning_tokens": None,
        },
        "cost_usd": None,
    }
    assert counted(court, before, judged=1)
    assert "judge" not in fetch(court, "/v1/turns?limit=1").json["data"][0]
    (seen,) = asked(upstream)
    assert json.loads(seen.json["messages"][1]["content"])["user"] == "My secret"
    assert "secret" not in court.errors()


def test_listeners_are_told_of_judgements_once_and_may_come_back(
    court: Gateway, upstream: ScriptedUpstream
) -> None:
    me = User(court, court.key)
    gate = Gate()
    upstream.by_model(JUDGE, opinion().hold(gate))
    upstream.always(answer("Alas, I slip here.", stream=False))
    with following(me) as stream:
        first = said(chat(court))["turn"]
        events = stream.events()
        ended = next(events)
        gate.open()
        judged = next(events)
    assert [each["event"] for each in (ended, judged)] == ["turn.completed", "turn.judged"]
    assert judged["id"].startswith(f"{ended['id']}.")
    shown = json.loads(judged["data"])
    assert (shown["id"], shown["judged"], shown["drift"]["voice"]) == (first, True, 0.875)
    assert not json.loads(ended["data"])["judged"]
    second = chat(court)
    until(lambda: turn(court, second)["judge"])
    for last, names in [
        (judged["id"], ["turn.completed", "turn.judged"]),
        (ended["id"], ["turn.judged", "turn.completed", "turn.judged"]),
    ]:
        with following(me, last_event_id=last) as stream:
            events = stream.events()
            assert [next(events)["event"] for _ in names] == names


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (opinion(quote="I slept"), "discarded"),
        (opinion(contradicted_field="layers.shoes"), "discarded"),
        (json_answer(completion("I slip too.")), "discarded"),
        (status(503), "failed"),
    ],
    ids=["quote", "field", "words", "down"],
)
def test_a_lying_or_absent_judge_changes_nothing(
    court: Gateway, upstream: ScriptedUpstream, script: Script, kind: str
) -> None:
    before = counts(court)
    upstream.by_model(JUDGE, script)
    upstream.always(answer("Alas, I slip here.", stream=False))
    reply = chat(court)
    assert said(reply)["drift"]["verdict"] == "out-of-character"
    assert counted(court, before, **{kind: 1})
    assert turn(court, reply)["judge"] is None
    assert f"turn {said(reply)['turn']} " in court.errors()


def test_others_are_not_judged(court: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.by_model(JUDGE, opinion())
    upstream.reply(answer("I keep my footing.", False), answer("I slip.", False), answer("", False))
    chat(court)
    assert fetch(court, body={"model": "plain-model", "messages": hello()}).status == 200
    assert said(chat(court))["drift"]["verdict"] == "unscored"
    upstream.always(answer("Here I slip.", stream=False))
    last = chat(court)
    until(lambda: turn(court, last)["judge"])
    (seen,) = asked(upstream)
    assert json.loads(seen.json["messages"][1]["content"])["answer"] == "Here I slip."


def test_nobody_judges_by_default(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.reply(answer(SLIPS[0], stream=False))
    reply = fetch(gateway, body={"model": LIBRARIAN, "messages": hello()})
    assert turn(gateway, reply)["judge"] is None
    assert "judge" not in fetch(gateway, "/health/ready", key="").json
    assert len(upstream.seen) == 1


def test_a_judge_at_work_does_not_hold_up_the_end(
    upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = ScriptedScorer(tmp_path_factory.mktemp("end"), tables(upstream) + SETTINGS).start()
    upstream.by_model(JUDGE, opinion().hold(Gate()))
    upstream.always(answer("I slip.", stream=False))
    for _ in range(5):
        chat(made)
    until(lambda: len(asked(upstream)) == 2)
    assert counts(made) == NONE
    assert made.stop() == 0
    assert all(seen.gone.wait(25) for seen in asked(upstream))
    assert "ERROR" not in made.errors()
    assert "Traceback" not in made.errors()
