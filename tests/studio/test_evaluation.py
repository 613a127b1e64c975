"""Gates, diversity and marginals of a crowd."""

import random
from typing import Any

import msgspec
import pytest

from gateway.studio.blueprint import check
from gateway.studio.crowd import FIELDS, Member
from gateway.studio.evaluation import Report, evaluate
from gateway.studio.gates import Gate
from gateway.studio.wording import Faults
from tests.studio.crowds import PLAN, TALK, member, plan

CROWD = [member(number) for number in range(40)]


def failing(report: Report) -> set[str]:
    cards = [gate for card in report.scorecards for gate in card.gates]
    return {gate.name for gate in [*report.gates, *cards] if not gate.passed}


def gate(report: Report, name: str) -> Gate:
    return next(each for each in report.scorecards[0].gates if each.name == name)


def changed(one: Member, **change: object) -> Member:
    return msgspec.structs.replace(one, **change)


def test_a_good_crowd_passes_without_a_blueprint() -> None:
    report = evaluate(CROWD, None)
    assert failing(report) == set()
    assert report.passed
    assert report.marginals is None
    assert report.diversity is not None
    assert evaluate(CROWD[:1], None).diversity is None


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("shape", changed(CROWD[0], markdown=" ")),
        ("shape", changed(CROWD[0], fields={})),
        ("prompt_names_persona", changed(CROWD[0], system_prompt="You are somebody.")),
        ("markdown_agrees", changed(CROWD[0], markdown="# Somebody Else\n")),
        ("markdown_agrees", changed(CROWD[0], markdown=f"# {CROWD[0].fields['name']}\n- **age**: 99\n")),
        ("required_fields", member(0, skill="")),
        ("field_set", member(0, hobby="chess")),
        ("field_values", member(0, skill="huge")),
        ("field_values", member(0, age="old")),
        ("constraint_1", member(0, role="retired")),
        ("constraint_2", member(0, role="student", age="41")),
    ],
)
def test_each_gate_closes_for_what_it_is_for(name: str, bad: Member) -> None:
    report = evaluate([bad, *CROWD[1:]], plan())
    assert not report.passed
    assert not gate(report, name).passed
    assert gate(report, name).detail
    assert {each.name for each in report.scorecards[1].gates if not each.passed} == set()


def test_a_constraint_on_what_is_missing_or_not_numeric_is_not_applicable() -> None:
    report = evaluate([member(0, age="unknown", role="retired")], plan())
    found = gate(report, "constraint_1")
    assert (found.passed, found.applicable) == (True, False)


def test_repeated_personas_and_prompts_are_found() -> None:
    twin = changed(CROWD[1], fields={**CROWD[1].fields, "age": "33"}, persona_id="twin")
    assert "no_duplicate_prompts" in failing(evaluate([*CROWD, twin], None))
    assert {"unique_ids", "no_duplicate_fields", "nearest_pair"} <= failing(
        evaluate([*CROWD, CROWD[3]], None)
    )


def test_the_nearest_pair_is_named_and_the_means_are_those_of_all_pairs() -> None:
    near = changed(CROWD[7], persona_id="near", system_prompt=CROWD[7].system_prompt + " Indeed.")
    found = evaluate([*CROWD, near], None).diversity
    assert found is not None
    assert {found.nearest.a, found.nearest.b} == {CROWD[7].persona_id, "near"}
    few = CROWD[:6]
    pairs = [evaluate([one, other], None).diversity for at, one in enumerate(few) for other in few[at + 1 :]]
    whole = evaluate(few, None).diversity
    assert whole is not None
    means = [pair.mean_distance for pair in pairs if pair is not None]
    assert whole.mean_distance == pytest.approx(sum(means) / len(means), abs=0.002)
    assert whole.nearest.distance == pytest.approx(min(means), abs=0.002)


def test_a_crowd_of_one_voice_is_below_the_floor() -> None:
    same = []
    for number in range(20):
        own = {"fields": {"name": f"Ada {number}"}, "system_prompt": f"You are Ada {number}."}
        same.append(changed(member(number), markdown="# Ada", **own))
    # Their names alone tell them apart.
    drab = [changed(each, fields={**each.fields, **dict.fromkeys(TALK, "yes")}) for each in same]
    assert "diversity_floor" in failing(evaluate(drab, None))


def test_marginals_are_held_against_the_declared_distribution_with_its_sampling_error() -> None:
    dice = random.Random(7)
    ages = dice.choices(range(18, 68), k=300)
    skills = dice.choices(["low", "medium", "high"], [0.2, 0.5, 0.3], k=300)
    roles = dice.choices(["student", "worker", "retired"], [1, 8, 1], k=300)
    drawn = zip(ages, skills, roles, strict=True)
    crowd = [member(at, age=str(age), skill=skill, role=role) for at, (age, skill, role) in enumerate(drawn)]
    free = plan(constraints=[])
    report = evaluate(crowd, free)
    assert report.marginals is not None
    assert all(each.passed and each.distance <= each.tolerance for each in report.marginals)
    assert all(0 < each.sampling_error < 0.1 for each in report.marginals)
    skewed = evaluate([changed(each, fields={**each.fields, "skill": "high"}) for each in crowd], free)
    assert skewed.marginals is not None
    far = {each.field: each for each in skewed.marginals}["skill"]
    assert not far.passed
    assert far.distance == pytest.approx(0.7)
    assert "marginal_fidelity" in failing(skewed)


def test_a_wrong_blueprint_is_told_place_by_place() -> None:
    def wrong(**change: object) -> list[tuple[str, str]]:
        faults = Faults()
        assert check(PLAN | change, faults) is None
        return [(".".join(map(str, each.loc)), each.type) for each in faults.found]

    assert wrong(fields=[]) == [("blueprint.fields", "too_short")]
    assert wrong(constraints=["age >"]) == [("blueprint.constraints.0.expression", "value_error")]
    assert wrong(constraints=["height > 3"]) == [("blueprint.constraints.0", "value_error")]
    assert wrong(fields=[{"name": "a", "type": "colour"}]) == [("blueprint.fields.0.type", "literal_error")]
    assert wrong(more=1) == [("blueprint.more", "extra_forbidden")]
    bounds = [{"name": "a", "type": "number", "distribution": {"min": 3, "max": 1}}]
    assert wrong(fields=bounds) == [("blueprint.fields.0.distribution.max", "value_error")]
    assert wrong(fields=[{"name": "a", "type": "category", "distribution": {"weights": {"x": -1}}}])
    twice = [{"name": "a"}, {"name": "a"}]
    assert wrong(fields=twice) == [("blueprint.fields.1.name", "value_error")]


@pytest.mark.parametrize(
    ("kind", "spread", "place"),
    [
        ("number", {"min": None, "max": None}, "min"),
        ("number", {"min": 0, "max": 10**300}, ""),
        ("number", {"min": 0, "max": 10**309}, "max"),
        ("number", {"min": 1e12 - 1e-3, "max": 1e12}, "max"),
        ("integer", {"min": 0.2, "max": 0.8}, "max"),
        ("text", {"weights": {"a": 1}, "min": "low"}, "min"),
        ("category", {"weights": {"a": 1}, "mean": []}, "mean"),
        ("category", {"weights": {str(at): "x" for at in range(1000)}}, "weights"),
        ("category", {"weights": {"a": 10**309}}, "weights.a"),
    ],
)
def test_a_distribution_that_cannot_be_drawn_from_is_told(kind: str, spread: Any, place: str) -> None:
    faults = Faults()
    assert check({"fields": [{"name": "a", "type": kind, "distribution": spread}]}, faults) is None
    here = ".".join(filter(None, ("blueprint.fields.0.distribution", place)))
    assert [".".join(map(str, each.loc)) for each in faults.found] == [here]


def test_fields_that_hardly_anybody_has_are_not_compared() -> None:
    odd = [changed(each, fields={**each.fields, f"own_{each.persona_id}": "x"}) for each in CROWD]
    many = [changed(each, fields=dict.fromkeys(map(str, range(FIELDS)), "x")) for each in CROWD]
    extra = [changed(each, fields={**each.fields, f"own_{each.persona_id}": "x"}) for each in many]
    assert evaluate(extra, None).diversity == evaluate(many, None).diversity
    assert evaluate(odd, None).diversity != evaluate(CROWD, None).diversity
