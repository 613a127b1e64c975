"""The projects API: ordinary personas in the shape that its clients know."""

import itertools
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway import ids
from gateway.projects.identity import persona_of, uuid_of
from tests.api.conftest import User, made, refused
from tests.e2e.wire import Reply, fetch
from tests.fakes.upstream import ScriptedUpstream

NAMES = itertools.count()
WHEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
NEW = {
    "name": "impatient-user",
    "description": "A user who wants quick answers",
    "systemPrompt": "You are an impatient user who values brevity.",
    "headers": {"X-User-Language": "en"},
}
NOBODY = uuid_of("psn_" + "0" * 20)


def ask(user: User, method: str, place: str = "", body: object = None, project: str | None = None) -> Reply:
    path = f"/api/projects/{project or user.workspace}/personas{place}"
    return fetch(user.gateway, path, body, key=user.key, method=method)


def make(user: User, **more: Any) -> dict[str, Any]:
    return made(ask(user, "POST", body=NEW | more))


@given(st.text(ids.ALPHABET, min_size=20, max_size=20))
def test_a_persona_s_id_is_read_back_from_its_uuid(digits: str) -> None:
    persona_id = f"psn_{digits}"
    assert persona_of(uuid_of(persona_id)) == persona_id
    assert persona_of(persona_id) == persona_id


def test_what_is_no_uuid_of_a_persona_names_none() -> None:
    for text in (
        "",
        "987fcdeb",
        "psn_short",
        "psn_" + "-" * 20,
        "psn_" + "0" * 20 + "\n",
        "987fcdeb-51a2-3bc4-d567-890123456789",
        "f" * 8 + "-ffff-8fff-bfff-" + "f" * 12,
    ):
        assert persona_of(text) is None


def test_a_persona_is_made_read_listed_changed_and_deleted(me: User) -> None:
    reply = ask(me, "POST", body=NEW)
    persona = made(reply)
    assert reply.headers["x-persona"] == "impatient-user@v1"
    assert persona.keys() == {"id", "name", "description", "systemPrompt", "createdAt", "updatedAt"}
    assert persona == {**persona, "name": NEW["name"], "description": NEW["description"]}
    assert WHEN.fullmatch(persona["createdAt"])
    assert persona["createdAt"] == persona["updatedAt"]
    place = f"/{persona['id']}"
    assert ask(me, "GET", place).json == persona
    assert ask(me, "GET").json == [persona]
    changed = ask(me, "PUT", place, {**persona, "systemPrompt": "You are patient."})
    assert (changed.status, changed.headers["x-persona"]) == (200, "impatient-user@v2")
    assert changed.json == persona | {
        "systemPrompt": "You are patient.",
        "updatedAt": changed.json["updatedAt"],
    }
    assert ask(me, "PUT", place, {"description": "Patient"}).headers["x-persona"] == "impatient-user@v2"
    assert ask(me, "PUT", place, {"headers": {"X-User-Language": "tr"}}).headers["x-persona"].endswith("@v3")
    deleted = ask(me, "DELETE", place)
    assert (deleted.status, deleted.body) == (204, b"")
    assert ask(me, "GET", place).status == 404
    assert make(me)["id"] != persona["id"]


def test_it_is_an_ordinary_persona_of_the_workspace(me: User) -> None:
    make(me)
    native = me.colleague().get("/personas/impatient-user").json
    assert (native["visibility"], native["headers"]) == ("workspace", NEW["headers"])
    pushed = me.persona("muse", visibility="workspace", name="Muse")
    shown = {each["name"]: each for each in ask(me, "GET").json}
    assert shown["Muse"]["id"] == uuid_of(pushed["id"])
    assert ask(me, "GET", f"/{pushed['id']}").json == shown["Muse"]
    assert shown["Muse"]["systemPrompt"] == "You are a muse."


def test_its_headers_go_over_the_upstream_s_and_it_chats_at_once(
    me: User, upstream: ScriptedUpstream
) -> None:
    make(me, name=f"Chatty {next(NAMES)}")
    model = "persona/" + ask(me, "GET", f"/{ask(me, 'GET').json[0]['id']}").headers["x-persona"]
    reply = me.chat(model)
    assert reply.status == 200
    seen = upstream.seen[-1]
    assert seen.headers["x-user-language"] == "en"
    assert seen.json["messages"][0] == {"role": "system", "content": NEW["systemPrompt"]}


def test_one_without_a_prompt_adds_none(me: User, upstream: ScriptedUpstream) -> None:
    assert made(ask(me, "POST", body={"name": "Blank"}))["systemPrompt"] == ""
    user = {"role": "user", "content": "Hi"}
    assert me.chat("persona/blank", messages=[user]).status == 200
    assert upstream.seen[-1].json["messages"] == [user]
    system = [{"role": "developer", "content": "Be brief."}, {"role": "system", "content": "Be kind."}]
    assert me.chat("persona/blank", messages=[*system, user]).status == 200
    merged = {"role": "system", "content": "Be brief.\n\nBe kind."}
    assert upstream.seen[-1].json["messages"] == [merged, user]
    parts = [{"role": "system", "content": [{"type": "text", "text": "Be brief."}]}, user]
    assert me.chat("persona/blank", messages=parts).status == 200
    assert upstream.seen[-1].json["messages"] == parts
    assert me.patch("/personas/blank", {"tags": ["empty"]}).status == 200
    assert me.patch("/personas/blank", {"prompt": "Now."}).status == 200
    assert me.patch("/personas/blank", {"prompt": ""}).status == 422


def test_its_errors_are_told_in_its_own_words(me: User) -> None:
    nameless: list[dict[str, Any]] = [{}, {"name": ""}, {"name": None}]
    for body in nameless:
        error = refused(ask(me, "POST", body=body), 400, "request.invalid")
        assert error["message"] == "Name is required"
    first, other = make(me), make(me, name="other")
    for reply in (ask(me, "POST", body=NEW), ask(me, "PUT", f"/{other['id']}", {"name": first["name"]})):
        assert refused(reply, 409, "persona.name_taken")["message"] == "Persona with name already exists"
    nobody = ("987fcdeb-51a2-3bc4-d567-890123456789", "nonsense", NOBODY, persona_of(NOBODY))
    for method, change in (("GET", None), ("PUT", {"name": "x"}), ("DELETE", None)):
        for persona in nobody:
            reply = ask(me, method, f"/{persona}", change)
            assert refused(reply, 404, "persona.not_found")["message"] == "Persona not found"
    assert refused(ask(me, "POST", body={"name": "x" * 201}), 422, "persona.schema_violation")
    assert refused(
        ask(me, "POST", body={"name": "x", "headers": {"host": "a"}}), 422, "persona.schema_violation"
    )
    assert refused(ask(me, "POST", body={"name": "x", "promt": "a"}), 400, "request.invalid")


def test_of_those_who_take_a_name_at_the_same_time_one_gets_it(me: User) -> None:
    personas = [make(me, name=f"racer-{number}") for number in range(6)]
    with ThreadPoolExecutor(len(personas)) as pool:
        renamed = pool.map(lambda each: ask(me, "PUT", f"/{each['id']}", {"name": "winner"}), personas)
        assert sorted(reply.status for reply in renamed) == [200, *[409] * 5]
        new = pool.map(lambda _: ask(me, "POST", body={"name": "newcomer"}), personas)
        assert sorted(reply.status for reply in new) == [201, *[409] * 5]


def test_names_that_look_alike_and_reserved_ones_get_slugs_of_their_own(me: User) -> None:
    me.persona("tester", visibility="private")
    slugs = [
        ask(me.colleague(), "POST", body={"name": name}).headers["x-persona"]
        for name in ("tester", "Tester!", "Import", "—")
    ]
    assert slugs == ["tester-2@v1", "tester-3@v1", "import-2@v1", "persona@v1"]
    reply = me.post("/personas", {"slug": "actions", "prompt": "p"})
    assert refused(reply, 422, "persona.schema_violation")["details"][0]["loc"] == ["slug"]


def test_a_persona_renamed_keeps_its_slug(me: User) -> None:
    persona = make(me)
    reply = ask(me, "PUT", f"/{persona['id']}", {"name": "patient-user"})
    assert (reply.json["name"], reply.headers["x-persona"]) == ("patient-user", "impatient-user@v1")


def test_another_project_is_not_there(me: User, stranger: User) -> None:
    persona = make(me)
    for project in (me.workspace, "nowhere"):
        for method, place in (("GET", ""), ("GET", f"/{persona['id']}"), ("DELETE", f"/{persona['id']}")):
            assert refused(ask(stranger, method, place, project=project), 404, "project.not_found")
    assert refused(ask(stranger, "GET", f"/{persona['id']}"), 404, "persona.not_found")
