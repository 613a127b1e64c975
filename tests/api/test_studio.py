"""Jobs on personas: their shapes, errors and words, on both stores, and what a kill leaves of them."""

import json
from collections.abc import Callable
from typing import Any

import msgspec

from tests.api.conftest import User, made
from tests.e2e.wire import Reply, fetch
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream, Seen
from tests.fakes.upstream_model import completion
from tests.fakes.upstream_scripts import Script, json_answer
from tests.studio.crowds import PLAN, member

SOURCE = "Sam is a 30-year-old support main. Friendly. Plays Thresh."
PROMPT = "You are {name}, who answers briefly and kindly, and never says more than is asked."
ENHANCED = {
    "fields": [{"name": "name", "value": "Sam Okafor"}, {"name": "age", "value": "30"}],
    "summary": "Warm but sharp.",
    "system_prompt": PROMPT.format(name="Sam Okafor"),
}


def answering(
    counts: dict[str, int] | None = None, bad: frozenset[int] = frozenset()
) -> Callable[[Seen], Script]:
    """Answer whatever a job asks; the personas of these numbers are never answered well."""

    def answer(seen: Seen) -> Script:
        schema = seen.json["response_format"]["json_schema"]["schema"]["properties"]
        question = seen.json["messages"][-1]["content"]
        if "field_name" in schema:
            number = int(question.split("Write persona ")[1].split(" ")[0])
            if counts is not None:
                counts[str(number)] = counts.get(str(number), 0) + 1
            name = "Nobody" if number in bad else f"Ada Number{number}"
            said: Any = dict.fromkeys(schema, f"words of {number}")
            said |= {"field_name": f"Ada Number{number}", "summary": f"Number {number}."}
            said["system_prompt"] = f"{PROMPT.format(name=name)} " + " ".join(
                f"w{number}x{at}" for at in range(9)
            )
        elif "queries" in schema:
            said = {"queries": ["thresh support"]}
        elif "constraints" in schema:
            said = {"fields": [], "constraints": []}
        else:
            said = ENHANCED
        return json_answer(completion(json.dumps(said)))

    return answer


def begin(user: User, action: str, body: object) -> str:
    reply = user.post(f"/personas/actions/{action}", body)
    assert reply.status == 200, reply.body
    assert reply.json == {"id": reply.json["id"], "status": "pending"}
    return str(reply.json["id"])


def ended(user: User, kind: str, job: str) -> dict[str, Any]:
    """Poll until the job has ended."""
    place = f"/personas/repositories/{kind}/by-id/{job}"
    until(lambda: user.get(place).json["status"] in ("succeeded", "failed"), within=60)
    found: dict[str, Any] = user.get(place).json
    return found


def refusal(reply: Reply, status: int, code: str) -> dict[str, Any]:
    assert reply.status == status, reply.body
    assert reply.json.keys() == {"error"}
    assert reply.error.keys() == {"code", "message", "details"}
    assert reply.error["code"] == code
    return reply.error


def crowd(count: int) -> list[Any]:
    return [msgspec.to_builtins(member(number)) for number in range(count)]


def test_a_persona_is_enhanced_and_becomes_an_ordinary_one(me: User, upstream: ScriptedUpstream) -> None:
    upstream.always(answering())
    job = begin(me, "enhance", {"persona": SOURCE})
    found = ended(me, "Enhancement", job)
    persona = found["persona"]
    assert found == {
        "id": job,
        "status": "succeeded",
        "source": SOURCE,
        "grounding": "off",
        "persona": persona,
        "error": None,
    }
    assert persona["fields"] == {"name": "Sam Okafor", "age": "30"}
    assert persona["system_prompt"] == ENHANCED["system_prompt"]
    assert persona["markdown"].startswith("# Sam Okafor\n\n_Warm but sharp._")
    native = made(me.post("/personas", {"from_enhancement": job, "slug": "sam"}))
    assert (native["prompt"], native["surface"]) == (persona["system_prompt"], persona["fields"])
    assert me.post("/personas", {"from_enhancement": "nothing"}).status == 422
    refusal(me.colleague().get(f"/personas/repositories/Enhancement/by-id/{job}"), 404, "job.not_found")
    refusal(me.get(f"/personas/repositories/Population/by-id/{job}"), 404, "job.not_found")


def test_bad_requests_are_told_in_their_own_words(me: User) -> None:
    empty = refusal(me.post("/personas/actions/enhance", {"persona": ""}), 422, "validation_failed")
    assert empty == {
        "code": "validation_failed",
        "message": "request validation failed",
        "details": [
            {"loc": ["persona"], "msg": "String should have at least 1 character", "type": "string_too_short"}
        ],
    }
    cases: list[tuple[str, Any, list[Any]]] = [
        ("enhance", {}, [[["persona"], "Field required", "missing"]]),
        ("enhance", {"persona": 3}, [[["persona"], "Input should be a valid string", "string_type"]]),
        (
            "enhance",
            {"persona": "x", "grounding": "deep"},
            [[["grounding"], "Input should be 'off', 'web' or 'research'", "literal_error"]],
        ),
        ("generate", {"prompt": "x"}, [[["count"], "Field required", "missing"]]),
        (
            "generate",
            {"prompt": "x", "count": 201},
            [[["count"], "Input should be less than or equal to 200", "less_than_equal"]],
        ),
        ("validate", {}, [[["personas"], "Field required", "missing"]]),
        (
            "validate",
            {"personas": []},
            [[["personas"], "List should have at least 1 item after validation, not 0", "too_short"]],
        ),
        (
            "validate",
            {"personas": [{**crowd(1)[0], "fields": {"age": 3}}]},
            [[["personas", 0, "fields", "age"], "Input should be a valid string", "string_type"]],
        ),
    ]
    for action, body, wanted in cases:
        error = refusal(me.post(f"/personas/actions/{action}", body), 422, "validation_failed")
        assert [[each["loc"], each["msg"], each["type"]] for each in error["details"]] == wanted
    grounded = refusal(
        me.post("/personas/actions/enhance", {"persona": "x", "grounding": "web"}), 422, "validation_failed"
    )
    assert grounded["details"][0]["loc"] == ["grounding"]
    assert "not configured" in grounded["details"][0]["msg"]
    for body in (b"{", b"[]", b""):
        refusal(me.post("/personas/actions/enhance", body), 422, "validation_failed")
        refusal(me.post("/personas/actions/validate", body), 422, "validation_failed")


def test_keys_and_budgets_are_told_in_their_own_words(me: User) -> None:
    reply = fetch(me.gateway, "/v1/personas/actions/enhance", {"persona": "x"}, key="")
    refusal(reply, 401, "UNAUTHORIZED")
    assert me.put(f"/budgets/{me.workspace}/usd/day", {"limit": 0.001}).status in (200, 201)
    refusal(me.post("/personas/actions/enhance", {"persona": "x"}), 402, "PAYMENT_REQUIRED")
    refusal(me.post("/personas/actions/generate", {"prompt": "x", "count": 2}), 402, "PAYMENT_REQUIRED")


def test_a_failure_of_the_provider_is_one_word(me: User, upstream: ScriptedUpstream) -> None:
    upstream.always(json_answer(completion("no JSON at all")))
    found = ended(me, "Enhancement", begin(me, "enhance", {"persona": SOURCE}))
    assert (found["status"], found["error"], found["persona"]) == ("failed", "provider_error", None)


def test_a_population_is_drawn_by_quotas_and_written_by_the_model(
    me: User, upstream: ScriptedUpstream
) -> None:
    upstream.always(answering())
    body = {"prompt": "Neighbours.", "count": 10, "seed": 7, "blueprint": PLAN}
    found = ended(me, "Population", begin(me, "generate", body))
    assert (found["status"], found["error"], found["partial"]) == ("succeeded", None, False)
    personas = found["personas"]
    assert [each["persona_id"] for each in personas] == [f"p_{number:02d}" for number in range(1, 11)]
    assert [each["fields"]["skill"] for each in personas].count("medium") == 5
    assert {each["field"] for each in found["marginals"]} == {"age", "role", "skill"}
    assert found["diversity"]["nearest"]["distance"] > 0
    again = ended(me, "Population", begin(me, "generate", body))
    assert [each["fields"] for each in again["personas"]] == [each["fields"] for each in personas]
    sent = {"personas": personas, "blueprint": found["blueprint"]}
    report = ended(me, "Evaluation", begin(me, "validate", sent))["result"]
    assert [card["passed"] for card in report["scorecards"]] == [True] * 10


def test_a_persona_that_cannot_be_written_fails_the_job_or_is_left_out(
    me: User, upstream: ScriptedUpstream
) -> None:
    upstream.always(answering(bad=frozenset({2})))
    body = {"prompt": "Neighbours.", "count": 3, "seed": 7, "blueprint": PLAN}
    assert ended(me, "Population", begin(me, "generate", body))["error"] == "provider_error"
    found = ended(me, "Population", begin(me, "generate", {**body, "partial": True}))
    assert (found["partial"], [each["persona_id"] for each in found["personas"]]) == (True, ["p_01", "p_03"])
    impossible = {**body, "blueprint": {**PLAN, "constraints": ["age > 100"]}}
    assert ended(me, "Population", begin(me, "generate", impossible))["error"] == "constraints_unsatisfiable"


def test_a_report_tells_of_each_gate(me: User) -> None:
    personas = crowd(12)
    found = ended(me, "Evaluation", begin(me, "validate", {"personas": personas}))
    assert (found["status"], found["result"]["passed"], found["error"]) == ("succeeded", True, None)
    personas[3]["system_prompt"] = "You are somebody else."
    result = ended(me, "Evaluation", begin(me, "validate", {"personas": personas, "blueprint": PLAN}))[
        "result"
    ]
    assert result["passed"] is False
    (card,) = [each for each in result["scorecards"] if not each["passed"]]
    (gate,) = [each for each in card["gates"] if not each["passed"]]
    assert (card["persona_id"], gate["name"]) == ("p_00003", "prompt_names_persona")
    assert "does not name" in gate["detail"]


def test_a_large_body_is_read_where_the_work_is_done(me: User) -> None:
    large = ended(me, "Evaluation", begin(me, "validate", {"personas": crowd(1500)}))
    assert len(large["result"]["scorecards"]) == 1500
    bad = json.dumps({"personas": crowd(1500)})[:-1].encode()
    found = ended(me, "Evaluation", begin(me, "validate", bad))
    assert (found["status"], found["error"], found["result"]) == ("failed", "invalid_request", None)
