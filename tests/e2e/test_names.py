"""Each form of a model name stands for a version, but not for everybody."""

import json
from typing import Any, NamedTuple

import pytest

from tests.e2e.conftest import hello, mint
from tests.e2e.wire import Reply, fetch
from tests.fakes.process import Gateway
from tests.fakes.upstream import ScriptedUpstream

PROMPTS = ["", "You are the first.", "You are the second.", "You are the third."]


class World(NamedTuple):
    gateway: Gateway
    guide: str
    """The id of a persona with three versions, `stable` on the second, without `production`."""
    pilot: str
    """The id of a persona like `guide`, but with `production` on the first version."""
    hidden: str
    public: str
    """Two personas of another workspace."""
    other_key: str


@pytest.fixture(scope="module")
def made(library: Gateway) -> World:
    for slug in ("guide", "pilot"):
        for prompt in PROMPTS[1:]:
            library.push(slug=slug, prompt=prompt)
        library.cli("personas", "label", f"{slug}@v2", "stable")
    library.cli("personas", "label", "pilot@v1", "production")
    library.push(slug="diary", prompt="Mine.", visibility="private")
    library.cli("workspaces", "create", "elsewhere")
    for slug, visibility in (("hidden", "workspace"), ("public", "public")):
        file = library.folder / f"{slug}.yml"
        file.write_text(json.dumps({"slug": slug, "prompt": f"I am {slug}.", "visibility": visibility}))
        library.cli("personas", "push", str(file), "--workspace", "elsewhere")
    here = json.loads(library.cli("personas", "list", "--json"))
    there = json.loads(library.cli("personas", "list", "--json", "--workspace", "elsewhere"))
    ids = {one["slug"]: one["id"] for one in [*here, *there]}
    other_key = mint(library, "--workspace", "elsewhere")
    return World(library, ids["guide"], ids["pilot"], ids["hidden"], ids["public"], other_key)


@pytest.fixture
def world(made: World, upstream: ScriptedUpstream) -> World:
    return made


def chat(world: World, model: str, key: str | None = None, **more: Any) -> Reply:
    return fetch(world.gateway, body={"model": model, "messages": hello(), **more}, key=key)


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("guide", 3),
        ("guide@latest", 3),
        ("guide@stable", 2),
        ("guide@v1", 1),
        ("{guide}", 3),
        ("{guide}@v2", 2),
        ("{guide}@stable", 2),
        ("pilot", 1),
        ("pilot@production", 1),
        ("pilot@latest", 3),
        ("pilot@v2", 2),
        ("{pilot}", 1),
        ("{pilot}@latest", 3),
    ],
)
def test_a_name_stands_for_a_version(
    world: World, upstream: ScriptedUpstream, name: str, version: int
) -> None:
    slug = "guide" if "guide" in name else "pilot"
    model = "persona/" + name.format(guide=world.guide, pilot=world.pilot)
    resolved = f"persona/{slug}@v{version}"
    whole, stream = chat(world, model), chat(world, model, stream=True)
    assert (whole.status, stream.status) == (200, 200)
    assert whole.headers["x-persona"] == stream.headers["x-persona"] == f"{slug}@v{version}"
    assert whole.json["model"] == resolved
    assert {chunk["model"] for chunk in stream.chunks} == {resolved}
    for persona in (whole.json["persona"], stream.chunks[-1]["persona"]):
        assert (persona["slug"], persona["version"]) == (slug, version)
        assert persona["id"] == (world.guide if slug == "guide" else world.pilot)
    for seen in upstream.seen:
        assert seen.json["messages"][0] == {"role": "system", "content": PROMPTS[version]}
        assert seen.model == "gpt-4o-mini"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "nobody",
        "Guide",
        "guide@",
        "guide@v0",
        "guide@v01",
        "guide@v4",
        "guide@v99999999999999999999",
        "guide@nolabel",
        "guide@V1",
        "guide@v1@v2",
        "guide/",
        "guide ",
        "../guide",
        "psn_nothing",
        "{guide}@nolabel",
        "GUIDE@v1",
        "güide",
        "x" * 5000,
        "{hidden}",
        "{hidden}@v1",
        "hidden",
        "public",
        "diary",
        "diary@v1",
    ],
)
def test_what_does_not_exist_and_what_is_not_yours_are_refused_alike(
    world: World, upstream: ScriptedUpstream, name: str
) -> None:
    model = "persona/" + name.format(guide=world.guide, hidden=world.hidden)
    for stream in (False, True):
        refused = chat(world, model, stream=stream)
        shown = model if len(model) <= 200 else model[:200] + "…"
        assert refused.status == 404
        assert refused.json == {
            "error": {
                "message": f"The model `{shown}` does not exist or is not yours to use; "
                "GET /v1/openai/models lists yours.",
                "type": "invalid_request_error",
                "param": "model",
                "code": "model_not_found",
            }
        }
    assert not upstream.seen


@pytest.mark.parametrize("name", ["pilot", "pilot@v2", "{pilot}"])
def test_a_name_without_its_prefix_is_told_the_whole_one(world: World, name: str) -> None:
    model = name.format(pilot=world.pilot)
    looked_up = fetch(world.gateway, f"/v1/openai/models/{model}")
    for refused in (fetch(world.gateway, body={"model": model, "messages": hello()}), looked_up):
        assert (refused.status, refused.error["code"]) == (404, "model_not_found")
        assert f"did you mean `persona/{model}`?" in refused.error["message"]


@pytest.mark.parametrize("name", ["hidden", "diary", "public", "{hidden}", "gpt-4o", "pilot@v9", "Pilot", ""])
def test_nothing_is_suggested_that_is_not_yours(world: World, name: str) -> None:
    refused = fetch(world.gateway, body={"model": name.format(hidden=world.hidden), "messages": hello()})
    assert refused.status == 404
    assert "GET /v1/openai/models lists yours." in refused.error["message"]


def test_what_is_not_yours_is_not_listed_either(world: World) -> None:
    listed = fetch(world.gateway, "/v1/openai/models").json["data"]
    names = {model["id"] for model in listed}
    assert {"persona/guide", "persona/guide@stable", "persona/pilot@production"} <= names
    assert not {"persona/diary", "persona/hidden", "persona/public"} & names
    versions = {model["id"]: model["persona"]["version"] for model in listed if "persona" in model}
    assert (versions["persona/guide"], versions["persona/guide@stable"]) == (3, 2)
    assert (versions["persona/pilot"], versions["persona/pilot@stable"]) == (1, 2)


def test_a_model_of_another_workspace_is_missing_from_the_models(world: World) -> None:
    for path in (f"/v1/openai/models/persona/{world.hidden}", "/v1/openai/models/persona%2Fdiary"):
        refused = fetch(world.gateway, path)
        assert (refused.status, refused.error["code"]) == (404, "model_not_found")
    listed = fetch(world.gateway, f"/v1/openai/models?persona={world.hidden}&versions=true")
    assert (listed.status, listed.error["code"]) == (404, "model_not_found")


def test_every_version_is_listed_on_request(world: World) -> None:
    listed = fetch(world.gateway, "/v1/openai/models?persona=guide&versions=true").json["data"]
    assert [model["id"] for model in listed] == [f"persona/guide@v{number}" for number in (3, 2, 1)]
    assert [model["persona"]["version"] for model in listed] == [3, 2, 1]


@pytest.mark.parametrize("slash", ["/", "%2F", "%2f"])
def test_a_model_is_looked_up_with_any_slash(world: World, slash: str) -> None:
    found = fetch(world.gateway, f"/v1/openai/models/persona{slash}pilot")
    assert found.status == 200
    assert (found.json["id"], found.json["persona"]["version"]) == ("persona/pilot", 1)


def test_another_workspaces_public_persona_is_used_by_its_id(
    world: World, upstream: ScriptedUpstream
) -> None:
    said = chat(world, f"persona/{world.public}")
    assert said.status == 200
    assert said.json["model"] == "persona/public@v1"
    assert upstream.seen[0].json["messages"][0]["content"] == "I am public."


def test_each_workspace_has_slugs_of_its_own(world: World) -> None:
    assert chat(world, "persona/hidden", world.other_key).status == 200
    assert chat(world, "persona/guide", world.other_key).status == 404
    assert chat(world, f"persona/{world.guide}", world.other_key).status == 404


# Plain models

PLAIN = (
    b'{ "messages" : [ {"role":"system","content":"caf\\u00e9 \xc3\xa9"},{"role": "user", "content": "hi" } ]'
    b" ,\n"
    b' "model":"plain-model", "seed": 1.0e2, "x": 12345678901234567890123, "y": [ ] %s}'
)


@pytest.mark.parametrize("more", [b"", b', "stream": true'])
def test_a_plain_model_passes_byte_for_byte(world: World, upstream: ScriptedUpstream, more: bytes) -> None:
    said = fetch(world.gateway, body=PLAIN % more)
    assert said.status == 200
    assert upstream.seen[0].body == PLAIN % more
    assert b'"persona"' not in said.body
    answers = said.chunks if more else [said.json]
    assert {answer["model"] for answer in answers} == {"plain-model"}
    assert said.headers["x-persona-upstream"] == "main/plain-model"
    assert not {"x-persona", "x-persona-prompt-sha256"} & said.headers.keys()


def test_what_stands_twice_in_a_request_for_a_plain_model_goes_on_once(
    world: World, upstream: ScriptedUpstream
) -> None:
    body = (
        b'{"model":"dear","x":1, "messages":[{"role":"system","role": "user","content":'
        b'[{"type":"text","text":"a","text":"b"}]}],"x":[1, 2],"model":"plain-model"}'
    )
    assert fetch(world.gateway, body=body).status == 200
    assert upstream.seen[0].body == (
        b'{"model":"plain-model","x":[1, 2],"messages":'
        b'[{"role":"user","content":[{"type":"text","text":"b"}]}]}'
    )


@pytest.mark.parametrize("model", ["gpt-4o-mini", "unlisted", "Plain-model", "guide", ""])
def test_a_plain_model_that_no_upstream_lists_is_not_found(world: World, model: str) -> None:
    refused = chat(world, model)
    assert (refused.status, refused.error["code"], refused.error["param"]) == (
        404,
        "model_not_found",
        "model",
    )
