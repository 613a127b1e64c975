"""A judge in front of the risky turns finds what words cannot show, and a lying one changes nothing."""

import asyncio
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.drift import rule
from gateway.drift.character import Character
from gateway.judge.case import Counts
from gateway.personas.resolved import Resolved
from gateway.scoring.conversations import Courses
from gateway.scoring.transcript import Said
from gateway.turns.amendment import Flagged, amended
from gateway.turns.turn import Turn
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream, Seen
from tests.fakes.upstream_model import completion
from tests.fakes.upstream_scripts import Gate, Script, json_answer
from tests.judge.rig import Make, Rig

pytestmark = pytest.mark.slow
SHARE = 0.35
"""Of all turns may be judged."""
FLAGGED = {"drifting", "out-of-character"}
WANTED = {"policy": 0.9, "duty": 0.9, "wrong-fact-number": 0.9, "false-promise": 0.9, "jailbroken": 0.9}
WANTED["wrong-fact-other"] = 0.9
Row = dict[str, Any]


@pytest.fixture(scope="module")
def slips() -> list[tuple[Character, list[Row]]]:
    folder = os.environ.get("PERSONA_SLIPS_DIR")
    if not folder:
        pytest.skip("PERSONA_SLIPS_DIR is not set")
    found = []
    for file in sorted(Path(folder, "dev").glob("*.json")):
        held = json.loads(file.read_text("utf-8"))
        known = {name: held[name] for name in ("name", "language", "prompt")}
        character = Character(
            **known,
            examples=tuple(held["examples"]),
            fields=held["layers"],
            rules=rule.decode(held["rules"]),
        )
        lines = file.with_suffix(".jsonl").read_text("utf-8").splitlines()
        found.append((character, [json.loads(line) for line in lines]))
    return found


def messages(row: Row) -> list[msgspec.Raw]:
    said = [
        {"role": role, "content": turn[name]}
        for turn in row["history"]
        for role, name in (("user", "user"), ("assistant", "response"))
    ]
    return [
        msgspec.Raw(json.dumps(one).encode()) for one in [*said, {"role": "user", "content": row["user"]}]
    ]


def opinion(case: dict[str, Any], row: Row, *, is_honest: bool) -> Script:
    """An honest judge says what the label says; the other one accuses everybody, and invents its quote."""
    found: dict[str, Any] = {"voice": 0, "values": None, "rules": None, "coherence": 5}
    found |= {"contradicted_field": None, "broken_rule": None, "quote": None}
    if row["label"] == "out" or not is_honest:
        quote = (row["span"] or row["response"][:20]) if is_honest else "I never said any such thing"
        named = next(iter(case["rules"]), None)
        accused = (
            {"rules": 1, "broken_rule": named} if named else {"values": 1, "contradicted_field": "prompt"}
        )
        found |= {"quote": quote, **accused}
    return json_answer(completion(json.dumps(found)))


async def judged(
    rig: Rig, upstream: ScriptedUpstream, slips: list[tuple[Character, list[Row]]], *, is_honest: bool
) -> list[tuple[Row, Turn, Turn]]:
    """Every row with its turn as it was scored and as it is in the end."""
    gate, courses = Gate(), Courses()
    rows: dict[tuple[str, str], Row] = {}

    def answer(seen: Seen) -> Script:
        case = json.loads(seen.json["messages"][1]["content"])
        return opinion(case, rows[case["user"], case["answer"]], is_honest=is_honest).hold(gate)

    upstream.always(answer)
    ended: list[tuple[Row, Turn]] = []
    for at, (character, some) in enumerate(slips):
        persona: Resolved = msgspec.structs.replace(rig.resolved, version_id=f"ver_{at}", character=character)
        for row in some:
            rows[row["user"], row["response"]] = row
            said = Said(0, row["response"])
            task = courses.open(persona, messages(row), [said])
            while task.is_behind:
                courses.advance(task)
            scored = courses.finish(task)
            turn = rig.end(scored.drift, persona_id=None, explain=scored.explain, coherence=scored.coherence)
            turn.persona_id = rig.persona.id
            if rig.judge.wants(turn):
                rig.judge.take(turn, persona, messages(row), 100, [said])
            ended.append((row, turn))
    await asyncio.to_thread(until, lambda: not rig.judge._arrived and len(rig.judge._waiting) > 0, 60)
    gate.open()
    await asyncio.to_thread(until, lambda: len(rig.judge._waiting) == 0 and rig.judge._held == 0, 60)
    news = dict(rig.recorder._news)
    judged = {turn_id: one for turn_id, one in news.items() if not isinstance(one, Flagged)}
    return [(row, turn, amended(turn, judged[turn.id]) if turn.id in judged else turn) for row, turn in ended]


async def test_an_honest_judge_finds_what_words_cannot_show(
    make: Make, upstream: ScriptedUpstream, slips: list[tuple[Character, list[Row]]]
) -> None:
    number = sum(len(rows) for _, rows in slips)
    calls = int(SHARE * number)
    rig = make("queue = 1000", f"calls_per_hour = {calls}")
    found = await judged(rig, upstream, slips, is_honest=True)
    counts = rig.judge.counts
    assert (counts.discarded, counts.failed, counts.dropped) == (0, 0, 0)
    assert counts.judged == len(upstream.seen) <= calls
    total = Counter(row["kind"] for row, _, _ in found)
    alone = Counter(row["kind"] for row, before, _ in found if before.drift.verdict in FLAGGED)
    hits = Counter(row["kind"] for row, _, after in found if after.drift.verdict in FLAGGED)
    shares = {kind: hits[kind] / total[kind] for kind in WANTED}
    assert all(shares[kind] >= least for kind, least in WANTED.items()), shares
    assert sum(hits[kind] for kind in WANTED) > sum(alone[kind] for kind in WANTED)
    assert all(hits[kind] <= alone[kind] for kind in ("in", "in-hard"))


async def test_a_lying_judge_changes_nothing(
    make: Make, upstream: ScriptedUpstream, slips: list[tuple[Character, list[Row]]]
) -> None:
    rig = make("queue = 1000", "calls_per_hour = 100")
    found = await judged(rig, upstream, slips[:3], is_honest=False)
    assert rig.judge.counts == Counts(discarded=len(upstream.seen), over_budget=rig.judge.counts.over_budget)
    assert len(upstream.seen) > 20
    assert all(before is after for _, before, after in found)
