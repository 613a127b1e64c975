"""Turns: listed, read and followed live, without a word of what was said."""

import json
from typing import Any

import msgspec
import pytest

from gateway.drift.score import Signal
from gateway.turns.turn import ChoiceScore, Drift, Explain
from tests.api.conftest import User, details, refused, statement
from tests.api.following import following
from tests.fakes.judgement import JUDGEMENT
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import completion
from tests.fakes.upstream_scripts import json_answer, status


def rows(me: User, query: str = "") -> list[dict[str, Any]]:
    reply = me.get(f"/turns?{query}")
    assert reply.status == 200, reply.body
    found: list[dict[str, Any]] = reply.json["data"]
    return found


def test_a_turn_is_shown_without_its_words(me: User, upstream: ScriptedUpstream) -> None:
    persona = me.persona(prompt="A prompt to keep.")
    answer = me.chat("persona/muse")
    turn_id = answer.json["persona"]["turn"]
    reply = until(lambda: (found := me.get(f"/turns/{turn_id}")).status == 200 and found)
    assert isinstance(reply, tuple)
    turn = reply.json
    explain = turn.pop("explain")
    assert turn.pop("judge") is None
    assert explain.keys() == {"values_basis", "signals", "choices", "touched"}
    assert rows(me) == [turn]
    assert (turn["persona"], turn["version"], turn["key"]) == (persona["id"], 1, me.id)
    assert (turn["status"], turn["finish_reason"], turn["attempts"]) == ("completed", "stop", 1)
    assert turn["request_id"] == answer.headers["x-request-id"]
    assert turn["usage"]["total_tokens"] == answer.json["usage"]["total_tokens"]
    assert turn["drift"] == answer.json["persona"]["drift"]
    for word in (
        b"prompt to keep",
        b"Good evening",
        answer.json["choices"][0]["message"]["content"].encode(),
    ):
        assert word not in reply.body


def test_turns_are_narrowed_and_paged(me: User, upstream: ScriptedUpstream) -> None:
    muse = me.persona()
    me.persona("other")
    for number in range(5):
        me.chat("persona/muse" if number % 2 else "persona/other")
    upstream.reply(status(422))
    me.chat("persona/muse")
    until(lambda: len(rows(me)) == 6)
    pages = me.pages("/turns", 4)
    assert [len(page) for page in pages] == [4, 2]
    assert [one for page in pages for one in page] == rows(me)
    for ref in ("muse", muse["id"]):
        assert {one["persona"] for one in rows(me, f"persona={ref}")} == {muse["id"]}
        assert len(rows(me, f"persona={ref}")) == 3
    assert len(rows(me, "status=failed")) == 1
    assert len(rows(me, "status=completed&persona=muse")) == 2
    assert rows(me, "version=2") == []
    newest = rows(me)[0]
    assert rows(me, f"request_id={newest['request_id']}") == [newest]
    assert rows(me, "request_id=req_nothing") == []
    assert len(rows(me, "version=1")) == 6
    assert [one["status"] for one in rows(me, "version=1&verdict=unscored")] == ["failed"]
    oldest = min(one["created_at"] for one in rows(me))
    assert rows(me, f"until={oldest}") == []
    assert len(rows(me, f"since={oldest}")) == 6
    assert rows(me, "persona=psn_nothing") == []
    refused(me.get("/turns?persona=nobody"), 404, "persona.not_found")


@pytest.mark.parametrize(
    ("query", "place", "kind"),
    [
        ("status=lost", "status", "type_error"),
        ("verdict=good", "verdict", "type_error"),
        ("version=0", "version", "type_error"),
        ("version=99999999999999999999999", "version", "type_error"),
        ("since=yesterday", "since", "type_error"),
        ("since=2026-01-01T00:00:00", "since", "value_error"),
        ("until=0001-01-01T00:00:00", "until", "value_error"),
        ("limit=1000", "limit", "type_error"),
        ("after=x", "after", "value_error"),
        ("after=" + "9" * 30, "after", "value_error"),
        ("persona=" + "a" * 700, "persona", "type_error"),
    ],
)
def test_a_wrong_parameter_is_told(me: User, query: str, place: str, kind: str) -> None:
    assert details(me.get(f"/turns?{query}")) == [(["query", place], kind)]


def explained(me: User, persona: str) -> str:
    """Make a turn with this persona whose score rests on its fields, examples, prompt and an earlier turn."""
    turn: str = me.chat(persona).json["persona"]["turn"]
    until(lambda: me.get(f"/turns/{turn}").status == 200)
    bases = ("layers.secret.lover", "examples[2]", "prompt", "turn[3]", None)
    signals = tuple(Signal("value-clash", "values", 0.01, 0, 5, basis) for basis in bases)
    scored = Drift(voice=0.1, values=0.9, verdict="drifting")
    explain = Explain("fields", signals, (ChoiceScore(0, scored, 4.0, "fields", signals),))
    judge = msgspec.structs.replace(JUDGEMENT, values=0.9, contradicted_field="layers.secret.lover", end=5)
    texts = [msgspec.json.encode(each).decode() for each in (explain, judge)]
    statement(me.gateway, "UPDATE turns SET explain = ?, judge = ? WHERE id = ?", *texts, turn)
    return turn


def bases_shown(reader: User, turn: str) -> list[str | None]:
    """List what the turn's score rests on, as told to this reader; the field that the judge names comes
    last."""
    shown = reader.get(f"/turns/{turn}").json
    explain, judge = shown["explain"], shown["judge"]
    found, of_choice = (
        [one.get("basis") for one in holder["signals"]] for holder in (explain, explain["choices"][0])
    )
    assert found == of_choice
    assert (explain["values_basis"], judge["values"], judge["end"]) == ("fields", 0.9, 5)
    return [*found, judge["contradicted_field"]]


NAMED = ["layers.secret.lover", "examples[2]", "prompt", "turn[3]", None, "layers.secret.lover"]
VEILED = ["fields", "examples", "prompt", "earlier", None, None]


def test_only_who_may_use_a_persona_reads_on_what_of_it_a_score_rests(
    me: User, upstream: ScriptedUpstream
) -> None:
    me.persona(visibility="private")
    colleague = me.colleague()
    turn = explained(me, "persona/muse")
    assert [bases_shown(reader, turn) for reader in (me, colleague)] == [NAMED, VEILED]
    me.patch("/personas/muse", {"visibility": "workspace"})
    assert [bases_shown(reader, turn) for reader in (me, colleague)] == [NAMED, NAMED]
    me.delete("/personas/muse")
    assert bases_shown(me, turn) == NAMED


def test_a_key_that_may_read_no_persona_reads_no_fields_of_one(me: User, upstream: ScriptedUpstream) -> None:
    me.persona(visibility="workspace")
    turn = explained(me, "persona/muse")
    readers = [me.colleague("chat:read", "personas:read"), me.colleague("chat:read")]
    assert [bases_shown(reader, turn) for reader in readers] == [NAMED, VEILED]


def test_a_persona_that_is_another_key_s_alone_is_told_by_id(me: User, upstream: ScriptedUpstream) -> None:
    persona = me.persona("hush-hush", visibility="private")["id"]
    colleague, name, by_id = me.colleague(), "persona/hush-hush", f"persona/{persona}@v1"
    with following(colleague) as theirs, following(me) as mine:
        turn = me.chat("persona/hush-hush").json["persona"]["turn"]
        heard = [json.loads(next(each.events())["data"]) for each in (theirs, mine)]
    assert [(one["id"], one["model"]) for one in heard] == [(turn, by_id), (turn, name)]
    for reader, model in ((me, name), (colleague, by_id)):
        assert [row["model"] for row in rows(reader)] == [model]
        assert reader.get(f"/turns/{turn}").json["model"] == model
        assert [row["model"] for row in reader.get(f"/turns?persona={persona}").json["data"]] == [model]
    for by in ("key", "persona", "upstream", "day"):
        assert b"hush-hush" not in colleague.get(f"/usage?by={by}").body
    refused(colleague.get("/usage?persona=hush-hush"), 404, "persona.not_found")
    me.patch("/personas/hush-hush", {"visibility": "workspace"})
    assert [row["model"] for row in rows(colleague)] == [name]


def test_a_score_tells_no_fields_of_a_persona_of_others_or_of_none(
    me: User, stranger: User, upstream: ScriptedUpstream
) -> None:
    turn = explained(me, f"persona/{stranger.persona(visibility='public')['id']}")
    assert bases_shown(me, turn) == VEILED
    mine = explained(me, f"persona/{me.persona()['id']}")
    statement(me.gateway, "UPDATE turns SET persona_id = 'psn_gone' WHERE id = ?", mine)
    assert bases_shown(me, mine) == VEILED


def test_turns_of_others_are_not_there(me: User, stranger: User, upstream: ScriptedUpstream) -> None:
    me.persona()
    turn = me.chat("persona/muse").json["persona"]["turn"]
    until(lambda: rows(me))
    assert rows(stranger) == []
    told = [refused(stranger.get(f"/turns/{one}"), 404, "turn.not_found") for one in (turn, "msg_nothing")]
    assert told[0]["message"] == told[1]["message"]
    refused(me.colleague("chat:invoke").get("/turns"), 403, "auth.missing_scope")


def test_a_turn_is_recorded_whatever_finish_reason_its_upstream_gives(
    me: User, upstream: ScriptedUpstream
) -> None:
    me.persona()
    upstream.reply(json_answer(completion("Good evening.", finish="st\0op" * 100)))
    turn_id = me.chat("persona/muse").json["persona"]["turn"]
    assert until(lambda: me.get(f"/turns/{turn_id}").status == 200)
    shown = me.get(f"/turns/{turn_id}").json
    assert shown["finish_reason"].startswith("stopstop")
    assert len(shown["finish_reason"]) <= 64
