"""The judge judges some answers, believes what can be checked, and holds up nobody."""

import asyncio
import json
import logging
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from gateway import ids
from gateway.judge import judge as judges
from gateway.judge.case import Counts
from gateway.scoring.transcript import Said
from gateway.turns.turn import ChoiceScore, Drift, Explain, Verdict, unscored
from gateway.turns.usage import Usage
from tests.fakes.judgement import JUDGEMENT
from tests.fakes.turn import new_turn
from tests.fakes.upstream import ScriptedUpstream, Seen
from tests.fakes.upstream_model import completion
from tests.fakes.upstream_scripts import Gate, Script, error_object, json_answer, status
from tests.judge.rig import (
    FINE,
    HONEST,
    SIGNAL,
    SLIPPED,
    TEXT,
    Make,
    Rig,
    opinion,
)

pytestmark = pytest.mark.slow


async def test_an_honest_judgement_goes_into_its_turn(make: Make, upstream: ScriptedUpstream) -> None:
    upstream.reply(opinion())
    rig = make(table='api_key = "judge-secret"\nheaders = { x-Team = "drift" }')
    turn = rig.end()
    assert await rig.settled(1) == Counts(judged=1)
    found = await rig.stored(turn)
    assert found is not None
    assert found == replace(JUDGEMENT, usage=Usage(9, 3, 12, 0), at=found.at, scored=SLIPPED)
    row = await rig.row(turn)
    assert row is not None
    assert (row.judged, row.coherence) == (True, 4.0)
    assert row.drift == Drift(voice=0.125, values=0.75, verdict="out-of-character")
    (seen,) = upstream.seen
    assert seen.path == "/v1/chat/completions?api-version=7"
    assert (seen.headers["authorization"], seen.headers["x-team"]) == ("Bearer judge-secret", "drift")
    assert (seen.model, seen.json["temperature"]) == ("the-judge", 0)
    assert seen.json["response_format"]["json_schema"]["strict"] is True
    system, user = seen.json["messages"]
    assert system["role"] == "system"
    assert json.loads(user["content"]) == {
        "persona": {"name": "Edith", "prompt": "You are Edith, a night librarian."},
        "stored": {"layers.age": "61"},
        "said": {},
        "rules": {},
        "user": "My secret question",
        "answer": TEXT,
    }


async def test_nothing_of_the_environment_reaches_the_judge(
    make: Make, upstream: ScriptedUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("API_KEY", "ORG_ID", "PROJECT_ID", "BASE_URL"):
        monkeypatch.setenv(f"OPENAI_{name}", "http://stray.invalid")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Stray: http://stray.invalid")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    upstream.reply(opinion())
    rig = make()
    rig.end()
    assert await rig.settled(1) == Counts(judged=1)
    (seen,) = upstream.seen
    assert "authorization" not in seen.headers
    assert not any("stray" in value for value in seen.headers.values())


@pytest.mark.parametrize(
    "lie",
    [
        opinion(quote="I am fifty"),
        opinion(contradicted_field="layers.shoes"),
        opinion(contradicted_field=None),
        opinion(voice=3),
        opinion(coherence=0),
        json_answer(completion("I refuse.")),
        json_answer(completion("")),
        json_answer(completion(None)),
        json_answer({"choices": []}),
        json_answer({"error": None}),
        json_answer("not JSON"),
        json_answer(""),
        json_answer("[" * 5000),
        json_answer(completion(json.dumps(HONEST)[:40], finish="length")),
    ],
)
async def test_a_lie_is_discarded(
    make: Make, upstream: ScriptedUpstream, caplog: pytest.LogCaptureFixture, lie: Script
) -> None:
    upstream.reply(lie)
    rig = make()
    with caplog.at_level(logging.INFO, "gateway.judge"):
        turn = rig.end()
        assert await rig.settled(1) == Counts(discarded=1)
    assert await rig.stored(turn) is None
    (record,) = caplog.records
    assert record.getMessage().startswith(f"the judgement of turn {turn.id} is discarded: ")
    assert "secret" not in caplog.text


@pytest.mark.parametrize("usage", [None, "many", {"prompt_tokens": -1}, {"prompt_tokens": 10**30}])
async def test_a_usage_that_makes_no_sense_is_left_out(
    make: Make, upstream: ScriptedUpstream, usage: Any
) -> None:
    upstream.reply(json_answer(completion(json.dumps(HONEST), usage=usage)))
    rig = make()
    turn = rig.end()
    await rig.settled(1)
    found = await rig.stored(turn)
    assert found is not None
    assert found.usage == Usage()


@pytest.mark.parametrize("code", [400, 422])
async def test_a_server_without_schemas_is_told_the_schema_in_words_and_remembered(
    make: Make, upstream: ScriptedUpstream, code: int
) -> None:
    def answer(seen: Seen) -> Script:
        is_schema = seen.json["response_format"]["type"] == "json_schema"
        return status(code, error_object("response_format: no!")) if is_schema else opinion()

    upstream.always(answer)
    rig = make()
    rig.end()
    await rig.settled(1)
    rig.end()
    assert await rig.settled(2) == Counts(judged=2)
    first, second, third = upstream.seen
    assert first.json["response_format"]["type"] == "json_schema"
    assert [each.json["response_format"] for each in (second, third)] == [{"type": "json_object"}] * 2
    assert '"contradicted_field"' in third.json["messages"][0]["content"]


async def test_a_model_without_temperature_is_asked_without(make: Make, upstream: ScriptedUpstream) -> None:
    def answer(seen: Seen) -> Script:
        refusal = status(400, error_object("Unsupported value: 'temperature'."))
        return refusal if "temperature" in seen.json else opinion()

    upstream.always(answer)
    rig = make()
    rig.end()
    assert await rig.settled(1) == Counts(judged=1)
    assert upstream.seen[-1].json["response_format"]["type"] == "json_schema"


async def test_a_server_that_refuses_everything_is_asked_in_full_again(
    make: Make, upstream: ScriptedUpstream
) -> None:
    upstream.always(status(400, error_object("The context is too long.")))
    rig = make()
    rig.end()
    assert await rig.settled(1) == Counts(failed=1)
    upstream.always(opinion())
    rig.end()
    assert await rig.settled(2) == Counts(failed=1, judged=1)
    assert upstream.seen[-1].json["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (status(500, error_object(TEXT)), "InternalServerError"),
        (status(401, error_object(TEXT)), "AuthenticationError"),
        (status(307, headers={"location": "http://127.0.0.1:9/elsewhere"}), "APIStatusError"),
        (json_answer(completion()).hold(Gate()), "TimeoutError"),
        (json_answer(completion()).hold_body(Gate()), "TimeoutError"),
        (json_answer(completion()).cut(10), "APIConnectionError"),
    ],
    ids=["500", "401", "redirect", "silence", "half", "cut"],
)
async def test_a_failure_is_one_line_without_text(
    make: Make, upstream: ScriptedUpstream, caplog: pytest.LogCaptureFixture, answer: Script, word: str
) -> None:
    upstream.always(answer)
    rig = make("timeout = 0.8" if word == "TimeoutError" else "timeout = 20")
    turn = rig.end()
    assert await rig.settled(1) == Counts(failed=1)
    assert await rig.stored(turn) is None
    (record,) = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert record.getMessage().startswith(f"turn {turn.id} cannot be judged: ")
    assert word == "TimeoutError" or word in record.getMessage()
    assert "secret" not in caplog.text
    upstream.always(opinion())
    rig.end()
    assert await rig.settled(2) == Counts(failed=1, judged=1)


async def test_suspicious_turns_are_judged_and_others_by_lot(make: Make) -> None:
    turns = [
        new_turn(
            id=ids.new("msg"),
            request_id="",
            workspace_id="",
            key_id="",
            model="",
            created_at=0,
            persona_id="psn_1",
            status="completed",
        )
        for _ in range(2000)
    ]

    def wanted(rig: Rig, drift: Drift, **more: Any) -> set[str]:
        changed = [msgspec.structs.replace(turn, drift=drift, **more) for turn in turns]
        return {turn.id for turn in changed if rig.judge.wants(turn)}

    none, some, more, every = (make("risk = 0", f"sample = {share}") for share in (0, 0.1, 0.3, 1))
    verdicts: list[Verdict] = ["drifting", "out-of-character"]
    for verdict in verdicts:
        assert len(wanted(none, Drift(voice=0.9, verdict=verdict))) == 2000
    assert wanted(none, FINE) == set()
    assert 130 < len(wanted(some, FINE)) < 270
    assert wanted(some, FINE) == wanted(some, FINE)
    assert wanted(some, FINE) < wanted(more, FINE)
    assert len(wanted(every, Drift(voice=0.1, verdict="warming-up"))) == 2000
    assert wanted(every, unscored("empty")) == set()
    assert wanted(every, FINE, persona_id=None) == set()
    assert wanted(every, SLIPPED, status="cancelled") == set()


async def test_of_several_answers_the_furthest_is_judged(make: Make, upstream: ScriptedUpstream) -> None:
    upstream.reply(opinion())
    scores = (ChoiceScore(0, FINE, 5, None, ()), ChoiceScore(1, SLIPPED, 5, "fields", (SIGNAL,)))
    rig = make()
    said = [Said(0, "All is well."), Said(1, TEXT)]
    turn = rig.end(SLIPPED, *said, explain=Explain("fields", (SIGNAL,), scores))
    await rig.settled(1)
    found = await rig.stored(turn)
    assert found is not None
    assert found.choice == 1


async def test_what_finds_no_room_is_dropped(
    make: Make, upstream: ScriptedUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    upstream.always(opinion().hold(gate))
    rig = make("concurrency = 1", "queue = 2")
    rig.end()
    await asyncio.to_thread(upstream.wait_for, 1)
    for _ in range(3):
        rig.end()
    assert rig.judge.counts == Counts(dropped=1)
    gate.open()
    assert await rig.settled(4) == Counts(dropped=1, judged=3)
    assert len(upstream.seen) == 3
    monkeypatch.setattr(judges, "HELD_BYTES", 100)
    rig.end()
    assert rig.judge.counts == Counts(dropped=2, judged=3)
    monkeypatch.undo()
    rig.end()
    assert await rig.settled(6) == Counts(dropped=2, judged=4)


async def test_only_so_many_are_judged_at_once(make: Make, upstream: ScriptedUpstream) -> None:
    gates = [Gate() for _ in range(4)]
    upstream.reply(*(opinion().hold(gate) for gate in gates))
    rig = make("concurrency = 2")
    for _ in gates:
        rig.end()
    assert len(await asyncio.to_thread(upstream.wait_for, 2)) == 2
    gates[0].open()
    assert len(await asyncio.to_thread(upstream.wait_for, 3)) == 3
    for gate in gates:
        gate.open()
    assert await rig.settled(4) == Counts(judged=4)


async def test_pending_judgements_are_dropped_at_the_end(make: Make, upstream: ScriptedUpstream) -> None:
    upstream.always(opinion().hold(Gate()))
    rig = make("concurrency = 1")
    rig.end()
    rig.end()
    (seen,) = await asyncio.to_thread(upstream.wait_for, 1)
    await rig.close()
    assert await asyncio.to_thread(seen.gone.wait, 5)
    assert rig.judge.counts == Counts()
