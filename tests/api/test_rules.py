"""Rules of a persona: declared, read from its prompt, confirmed, corrected and switched off."""

from typing import Any

import pytest

from tests.api.conftest import User, details, made

PROMPT = (
    "You are Ada of the repair desk. Never promise a refund. Answer in at most two sentences. "
    "Always speak English."
)


@pytest.fixture
def ada(me: User) -> dict[str, Any]:
    return made(me.post("/personas", {"slug": "ada", "prompt": PROMPT, "visibility": "workspace"}))


def rules(me: User, query: str = "") -> dict[str, Any]:
    reply = me.get(f"/personas/ada/rules{query}")
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.json
    return found


def named(me: User, kind: str) -> dict[str, Any]:
    """Find the rule of this kind that was read from the prompt."""
    (found,) = [one for one in rules(me)["data"] if one["origin"] == "prompt" and kind in one["rule"]]
    one: dict[str, Any] = found
    return one


def test_rules_are_read_from_the_prompt_with_their_sentences(me: User, ada: dict[str, Any]) -> None:
    found = rules(me)
    assert (found["persona"], found["version"]) == (ada["id"], 1)
    assert found["reader"] >= 1
    assert named(me, "must_not")["source"] == "Never promise a refund."
    assert named(me, "length")["rule"]["length"] == {"max_sentences": 2}
    assert all(one["id"].startswith("prose:") and one["state"] == "active" for one in found["data"])
    assert ada["rules"] == []


def test_figures_are_listed_with_their_sentences(me: User, ada: dict[str, Any]) -> None:
    prompt = "You are Ada. A repair costs 25 EUR. We open at 9:30."
    me.patch("/personas/ada", {"prompt": prompt, "layers": {"surface": {"phone": "0555 123 456"}}})
    found = {(one["basis"], one["source"].rstrip(".")) for one in rules(me)["facts"]}
    assert ("prompt", "A repair costs 25 EUR") in found
    assert any(basis.startswith("layers.surface") for basis, _ in found)


def test_declared_rules_make_a_version_and_the_read_ones_do_not(me: User, ada: dict[str, Any]) -> None:
    same = me.patch("/personas/ada", {"rules": []})
    assert (same.json["version"], same.json["fingerprint"]) == (1, ada["fingerprint"])
    rule = {"never_say": ["Acme"], "name": "rivals", "severity": "warn"}
    changed = me.patch("/personas/ada", {"rules": [rule]})
    assert (changed.json["version"], changed.json["rules"]) == (2, [rule])
    first = rules(me)["data"][0]
    assert (first["id"], first["origin"], first["rule"]) == ("rules[0]", "declared", rule)


def test_a_read_rule_is_confirmed_corrected_and_switched_off(me: User, ada: dict[str, Any]) -> None:
    promise, length = named(me, "must_not")["id"], named(me, "length")["id"]
    off: list[dict[str, Any]] = [{"from": promise, "off": True}, {"length": {"max_sentences": 3}}]
    for declared, wanted in [
        ([{"from": promise}], {promise: "confirmed"}),
        ([{"from": promise, "must_not": "promise money back"}], {promise: "corrected"}),
        (off, {promise: "off", length: "replaced"}),
    ]:
        assert me.patch("/personas/ada", {"rules": declared}).status == 200
        states = {one["id"]: one["state"] for one in rules(me)["data"]}
        assert {id: states[id] for id in wanted} == wanted
    assert me.get("/personas/ada").json["version"] == 4
    assert {one["state"] for one in rules(me, "?version=v1")["data"]} == {"active"}


def test_a_rule_from_a_sentence_that_is_not_there_is_unmatched(me: User, ada: dict[str, Any]) -> None:
    gone = "prose:00000000"
    declared = [{"from": gone}, {"from": gone, "off": True}, {"from": gone, "must_not": "promise money back"}]
    assert me.patch("/personas/ada", {"rules": declared}).status == 200
    assert [one["state"] for one in rules(me)["data"]][:3] == ["unmatched", "unmatched", "active"]


def test_the_list_is_of_what_the_bare_name_means(me: User, ada: dict[str, Any]) -> None:
    me.patch("/personas/ada", {"prompt": "You are Ada."})
    assert rules(me)["version"] == 2
    me.put("/personas/ada/labels/production", {"version": 1})
    assert (rules(me)["version"], rules(me, "?version=latest")["version"]) == (1, 2)
    assert rules(me, "?version=production")["version"] == 1
    assert me.get("/personas/ada/rules?version=v9").status == 404
    assert me.get("/personas/ada/rules?version=nowhere").status == 404


@pytest.mark.parametrize(
    ("rule", "loc"),
    [
        ({}, ["rules", 0]),
        ({"must_not": "a", "must": "b"}, ["rules", 0]),
        ({"mustnt": "a"}, ["rules", 0]),
        ({"never_say": []}, ["rules", 0, "never_say"]),
        ({"length": {"max_words": 0}}, ["rules", 0, "length", "max_words"]),
        ({"format": {"emoji": True}}, ["rules", 0, "format", "emoji"]),
        ({"language": "English"}, ["rules", 0, "language"]),
        ({"off": True}, ["rules", 0]),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_its_place(
    me: User, rule: dict[str, Any], loc: list[Any]
) -> None:
    reply = me.post("/personas", {"slug": "ada", "prompt": "p", "rules": [rule]})
    assert details(reply, 422, "persona.schema_violation") == [(loc, "value_error")]


COSTS = "You are Ada of the repair desk. A repair costs 25 EUR. We open at 9:30."


def facts(me: User, query: str = "") -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in rules(me, query)["facts"]}


def price(me: User) -> dict[str, Any]:
    (found,) = [one for one in facts(me).values() if one["kind"] == "eur" and one["origin"] == "prompt"]
    return found


def test_a_read_fact_is_confirmed_corrected_and_switched_off(me: User, ada: dict[str, Any]) -> None:
    me.patch("/personas/ada", {"prompt": COSTS})
    read = price(me)
    assert (read["said"], read["origin"], read["state"]) == ("25 EUR", "prompt", "active")
    for declared, state in [
        ({"from": read["id"]}, "confirmed"),
        ({"from": read["id"], "text": "A repair costs 40 EUR."}, "corrected"),
        ({"from": read["id"], "off": True}, "off"),
    ]:
        changed = me.patch("/personas/ada", {"facts": [declared]})
        assert (changed.status, changed.json["facts"]) == (200, [declared])
        assert price(me)["state"] == state
        assert facts(me)["facts[0]"]["state"] == ("off" if state == "off" else "active")
    assert me.get("/personas/ada").json["version"] == 5
    assert {one["state"] for one in facts(me, "?version=v2").values()} == {"active"}
    assert '"off"' in me.get("/personas/ada/versions/v2/diff/v5").body.decode()


def test_a_name_is_listed_with_what_it_belongs_to_and_corrected(me: User, ada: dict[str, Any]) -> None:
    me.patch(
        "/personas/ada", {"prompt": "You are Ada. You have a dog called Otto.", "layers": {"home": "Leith"}}
    )
    read = {one["said"]: one for one in facts(me).values()}
    dog, home, own = read["Otto"], read["Leith"], read["Ada"]
    assert (dog["kind"], dog["about"], dog["origin"]) == ("name", "dog", "prompt")
    assert (home["kind"], home["basis"], home["origin"]) == ("place", "layers.home", "layers")
    assert own["kind"] == "name"
    declared = {"from": dog["id"], "text": "The dog is called Milo, not Otto."}
    assert me.patch("/personas/ada", {"facts": [declared]}).json["version"] == 3
    assert facts(me)[dog["id"]]["state"] == "corrected"


def test_a_fact_from_a_sentence_that_is_not_there_is_unmatched(me: User, ada: dict[str, Any]) -> None:
    declared = [{"from": "fact:00000000"}, {"text": "The desk has 3 chairs."}]
    assert me.patch("/personas/ada", {"facts": declared}).status == 200
    found = facts(me)
    assert [found[id]["state"] for id in ("facts[0]", "facts[1]")] == ["unmatched", "active"]
    assert found["facts[1]"]["said"] == "The desk has 3 chairs."


@pytest.mark.parametrize(
    ("fact", "loc"),
    [
        ({}, ["facts", 0]),
        ({"text": " "}, ["facts", 0, "text"]),
        ({"sentence": "a"}, ["facts", 0]),
        ({"from": "prose:1a2b3c4d"}, ["facts", 0, "from"]),
        ({"from": "fact:1a2b3c4d" * 100}, ["facts", 0, "from"]),
        ({"text": "a", "off": True}, ["facts", 0, "off"]),
    ],
)
def test_a_fact_that_cannot_be_is_refused_with_its_place(
    me: User, fact: dict[str, Any], loc: list[Any]
) -> None:
    reply = me.post("/personas", {"slug": "ada", "prompt": "p", "facts": [fact]})
    assert details(reply, 422, "persona.schema_violation") == [(loc, "value_error")]


def test_a_read_rule_that_an_example_breaks_is_doubted_until_it_is_confirmed(
    me: User, ada: dict[str, Any]
) -> None:
    examples = [
        "I see. It is the fuse.",
        "Look here. The fuse is gone. I shall put in a new one, and then it runs.",
    ]
    me.patch("/personas/ada", {"examples": examples})
    length = named(me, "length")
    assert (length["state"], length["doubted_by"]) == ("doubted", "examples[1]")
    assert (named(me, "must_not")["state"], named(me, "must_not")["doubted_by"]) == ("active", None)
    me.patch("/personas/ada", {"rules": [{"from": length["id"]}]})
    assert (named(me, "length")["state"], named(me, "length")["doubted_by"]) == ("confirmed", None)
