"""Runs repeat and refine, follow pipelines that are data, and fill fields of a workspace's own."""

import json
import os
import signal
import sqlite3
from collections import Counter
from contextlib import closing
from copy import deepcopy
from typing import Any

import pytest

from tests.e2e.wire import fetch
from tests.fakes.process import Gateway
from tests.fakes.upstream import ScriptedUpstream, Seen
from tests.fakes.upstream_model import completion
from tests.fakes.upstream_scripts import Gate, Script, json_answer
from tests.faults.proc import work_processes
from tests.openapi.described import Document
from tests.runs.drafts import ANSWERS, KEYS, LINES, drafting, step_of
from tests.runs.test_runs import SECONDS, begin, create, ended, post, told

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("fresh")]

TEA = {
    "name": "favourite_tea",
    "layer": "surface",
    "description": "What is drunk at night.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 20},
}


def test_a_replay_makes_the_same_persona_of_a_model_that_answers_the_same(
    studio: Gateway, drafts: ScriptedUpstream
) -> None:
    first = create(studio, seed=7, slug="repeated").json
    reply = post(studio, f"/v1/runs/{first['run']['id']}/replay")
    assert reply.status == 202, reply.body
    again = ended(studio, reply.json["id"])
    assert (again["replay_of"], again["seed"], again["fingerprint"]) == (
        first["run"]["id"],
        7,
        fetch(studio, f"/v1/runs/{first['run']['id']}").json["fingerprint"],
    )
    assert again["result"]["patch"] == []
    made = fetch(studio, f"/v1/personas/{again['persona']}").json
    assert (made["fingerprint"], made["slug"]) == (first["fingerprint"], "repeated-2")
    sent = [json.loads(seen.body)["seed"] for seen in drafts.seen]
    assert sent[: len(KEYS)] == sent[len(KEYS) :]


def test_a_replay_from_a_step_asks_only_what_comes_from_there_on(
    studio: Gateway, drafts: ScriptedUpstream
) -> None:
    run = create(studio).json["run"]["id"]
    asked: list[str] = []
    other = [f"{line} Good night." for line in LINES]
    drafts.always(drafting({"examples": {"lines": other}}, asked))
    reply = post(studio, f"/v1/runs/{run}/replay?from_step=examples")
    again = ended(studio, reply.json["id"])
    assert (again["status"], asked) == ("completed", ["examples"])
    assert {operation["path"].split("/")[1] for operation in again["result"]["patch"]} == {"examples"}
    assert again["tokens"] == 12
    events = told(fetch(studio, f"/v1/runs/{again['id']}/events").body)
    assert "/soul/core_desire" in {data["path"] for kind, _, data in events if kind == "layer.delta"}


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?from_step=dance", 422, "persona.schema_violation"),
        ("?from_step=examples", 409, "run.not_repeatable"),
    ],
)
def test_a_replay_begins_where_the_run_has_been(
    studio: Gateway, drafts: ScriptedUpstream, query: str, status: int, code: str
) -> None:
    drafts.always(drafting({"soul": "I would rather not."}))
    run = create(studio).error["run_id"]
    reply = post(studio, f"/v1/runs/{run}/replay{query}")
    assert (reply.status, reply.error["code"]) == (status, code)


def test_a_failed_call_counts_as_spent(studio: Gateway, drafts: ScriptedUpstream) -> None:
    drafts.always(drafting({"soul": "I would rather not."}))
    run = fetch(studio, f"/v1/runs/{create(studio).error['run_id']}").json
    assert run["tokens"] == 12 * 4
    assert run["cost_usd"] == pytest.approx(0.012 * 4)


def test_an_instruction_makes_a_new_version_with_the_difference(
    studio: Gateway, drafts: ScriptedUpstream
) -> None:
    first = create(studio).json
    reply = post(studio, f"/v1/personas/{first['slug']}/refine", {"instruction": "Let her be curt."})
    assert reply.status == 201, reply.body
    second = reply.json
    assert (second["id"], second["version"]) == (first["id"], 2)
    expected = deepcopy(ANSWERS["mask"])
    expected["voice"]["register"] = "curt"
    assert second["mask"] == expected
    assert {layer: second[layer] for layer in ("soul", "self", "surface")} == {
        layer: first[layer] for layer in ("soul", "self", "surface")
    }
    changes = {operation["path"]: operation for operation in second["run"]["patch"]}
    assert changes["/mask/voice/register"] == {
        "op": "replace",
        "path": "/mask/voice/register",
        "value": "curt",
    }
    assert "curt" in second["prompt"]
    assert fetch(studio, f"/v1/runs/{second['run']['id']}").json["task"] == "refine"


def test_what_has_become_private_is_no_longer_followed_or_repeated_by_others(studio: Gateway) -> None:
    first = create(studio).json
    key = post(studio, "/v1/keys", {"scopes": ["*"]}).json["key"]
    body, head = {"instruction": "Let her be curt."}, {"authorization": f"Bearer {key}"}
    place = f"/v1/personas/{first['id']}"
    run = post(studio, f"{place}/refine", body, **head).json["run"]["id"]
    assert fetch(studio, f"/v1/runs/{run}", key=key).status == 200
    assert fetch(studio, place, {"visibility": "private"}, method="PATCH").status == 200
    for each in (run, first["run"]["id"]):
        assert fetch(studio, f"/v1/runs/{each}", key=key).status == 404
        assert fetch(studio, f"/v1/runs/{each}/events", key=key).status == 404
        assert post(studio, f"/v1/runs/{each}/replay", **head).error["code"] == "run.not_found"
    listed = fetch(studio, "/v1/runs?limit=200", key=key).json["data"]
    assert not {run, first["run"]["id"]} & {each["id"] for each in listed}
    again = post(studio, f"/v1/runs/{run}/replay").json["id"]
    assert fetch(studio, f"/v1/runs/{again}", key=key).status == 404
    assert ended(studio, again)["status"] == "completed"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"moderation": {"blocked": True}}, 403),
        ({"revision": {"edits": [{"path": "/soul", "value": "x"}]}}, 502),
    ],
)
def test_a_refinement_that_fails_leaves_the_version(
    studio: Gateway, drafts: ScriptedUpstream, change: dict[str, Any], status: int
) -> None:
    first = create(studio).json
    drafts.always(drafting(change))
    reply = post(studio, f"/v1/personas/{first['id']}/refine", {"instruction": "Let her be curt."})
    assert reply.status == status, reply.body
    assert fetch(studio, f"/v1/personas/{first['id']}").json["version"] == 1


def test_a_prompt_of_the_personas_own_is_written_anew(studio: Gateway, drafts: ScriptedUpstream) -> None:
    body = {"slug": "by-hand", "prompt": "You are Edith.", "visibility": "workspace"}
    assert post(studio, "/v1/personas", body).status == 201
    drafts.always(drafting({"revision": {"prompt": "You are Edith, and curt."}}))
    reply = post(studio, "/v1/personas/by-hand/refine", {"instruction": "Let her be curt."})
    assert (reply.status, reply.json["prompt"]) == (201, "You are Edith, and curt.")


def test_a_field_of_the_workspaces_own_is_made_and_held_to_its_schema(
    studio: Gateway, drafts: ScriptedUpstream
) -> None:
    assert post(studio, "/v1/schema/fields", TEA).status == 201
    assert post(studio, "/v1/schema/fields", TEA).error["code"] == "field.name_taken"
    drafts.always(drafting({"fields": {"favourite_tea": "lapsang"}}))
    made = create(studio, custom_fields={"favourite_tea": None}).json
    assert made["surface"]["favourite_tea"] == "lapsang"
    given = create(studio, custom_fields={"favourite_tea": "oolong"}).json
    assert given["surface"]["favourite_tea"] == "oolong"
    for wrong in ({"favourite_tea": "x" * 21}, {"favourite_coffee": None}):
        assert create(studio, custom_fields=wrong).error["details"][0]["loc"][0] == "custom_fields"
    written = post(studio, "/v1/personas", {"name": "Ada", "surface": {"favourite_tea": 3}})
    assert (written.status, written.error["details"][0]["loc"]) == (422, ["surface", "favourite_tea"])
    assert fetch(studio, "/v1/schema/fields/favourite_tea", method="DELETE").status == 204
    assert post(studio, "/v1/personas", {"name": "Ada", "surface": {"favourite_tea": 3}}).status == 201


def test_what_a_run_could_not_keep_in_the_end_is_named(studio: Gateway, drafts: ScriptedUpstream) -> None:
    home = {"name": "home", "layer": "surface", "schema": {"type": "integer"}}
    assert post(studio, "/v1/schema/fields", home).status == 201
    refused = create(studio)
    assert fetch(studio, "/v1/schema/fields/home", method="DELETE").status == 204
    assert (refused.status, refused.error["code"]) == (422, "persona.schema_violation")
    assert refused.error["message"].startswith("`surface.home`: ")
    assert refused.error["details"][0]["loc"] == ["surface", "home"]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "a+"},
        {"$ref": "#/x"},
        {"type": "array"},
        {"type": "string", "enum": [1]},
        {"type": "string", "enum": ["a\0"]},
        {"type": "string", "maxLength": 10**400},
        {"type": "number", "minimum": -1e300},
        {"type": "string", "description": "x" * 17_000},
    ],
)
def test_a_schema_beyond_the_subset_is_refused(studio: Gateway, schema: dict[str, Any]) -> None:
    reply = post(studio, "/v1/schema/fields", {**TEA, "schema": schema})
    assert (reply.status, reply.error["details"][0]["loc"]) == (422, ["schema"])


def test_a_strict_audit_has_a_second_opinion(studio: Gateway, drafts: ScriptedUpstream) -> None:
    asked: list[str] = []
    blame = {"contradictions": [{"layer": "soul", "reason": "the wound is not hers"}]}
    drafts.always(drafting({"opinion": blame}, asked))
    made = create(studio, pipeline="strict-audit")
    assert made.status == 201, made.body
    assert asked.count("soul") == 2
    run = fetch(studio, f"/v1/runs/{made.json['run']['id']}").json
    known = {each["name"]: each for each in fetch(studio, "/v1/pipelines").json["data"]}
    assert (run["pipeline"], run["fingerprint"]) == ("strict-audit", known["strict-audit"]["fingerprint"])
    assert {name: each["active"] for name, each in known.items()} == {"default": True, "strict-audit": False}
    assert create(studio, pipeline="none").status == 422


@pytest.mark.parametrize("step", list(KEYS.values()))
def test_a_cancel_cuts_the_call_of_any_step(studio: Gateway, drafts: ScriptedUpstream, step: str) -> None:
    gate = Gate()
    drafts.always(drafting({step: json_answer({}).hold(gate)}))
    run = begin(studio)
    assert gate.reached.wait(SECONDS)
    call = drafts.seen[-1]
    assert post(studio, f"/v1/runs/{run}/cancel").status == 202
    assert call.gone.wait(SECONDS)
    assert ended(studio, run)["status"] == "cancelled"


@pytest.mark.parametrize(("wound", "status"), [("she waited for 90 years", 422), ("a letter unsent", 201)])
def test_what_the_audit_blames_is_told_once_repaired_or_not(
    studio: Gateway, drafts: ScriptedUpstream, wound: str, status: int
) -> None:
    blamed = iter(["she waited for 80 years", wound])
    drafted = drafting()

    def answer(seen: Seen) -> Script:
        if step_of(seen) != "soul":
            return drafted(seen)
        return json_answer(completion(json.dumps({**ANSWERS["soul"], "wound": next(blamed)})))

    drafts.always(answer)
    reply = create(studio)
    assert reply.status == status, reply.body
    run = reply.error["run_id"] if status == 422 else reply.json["run"]["id"]
    with closing(sqlite3.connect(studio.folder / "persona.db")) as store:
        rows = store.execute("SELECT data FROM events WHERE type = 'audit.test_failed'").fetchall()
    (data,) = [data for data in (json.loads(row[0]) for row in rows) if data["run_id"] == run]
    document = Document(fetch(studio, "/openapi.json", key="").json)
    media = document.whole["webhooks"]["audit.test_failed"]["post"]["requestBody"]["content"]
    event = {**media["application/json"]["example"], "data": data}
    assert data.keys() == media["application/json"]["schema"]["properties"]["data"]["properties"].keys()
    assert document.problems(media["application/json"]["schema"], event) == []


def test_a_run_goes_on_after_a_kill_in_any_of_its_steps(studio: Gateway, drafts: ScriptedUpstream) -> None:
    for step in KEYS.values():
        drafts.reset()
        gate, asked = Gate(), list[str]()
        drafts.always(drafting({step: json_answer({}).hold(gate)}, asked))
        run = begin(studio)
        assert gate.reached.wait(SECONDS)
        drafts.always(drafting({}, asked))
        (pid,) = work_processes(studio.pid)
        os.kill(pid, signal.SIGKILL)
        gate.open()
        assert ended(studio, run)["status"] == "completed"
        # The call that was cut was made once more, and no other.
        assert Counter(asked) == {**dict.fromkeys(KEYS.values(), 1), step: 2}


def test_a_key_is_never_taken_from_a_url(studio: Gateway) -> None:
    for name in ("key", "api_key", "access_token", "authorization"):
        assert fetch(studio, f"/v1/runs?{name}={studio.key}", key="").status == 401
