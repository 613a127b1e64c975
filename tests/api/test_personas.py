"""Personas: created, read, changed, archived and purged, and used by the chat path at once."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api.conftest import User, details, made, refused, traces
from tests.fakes.until import until, within_a_second
from tests.fakes.upstream import ScriptedUpstream

SECRET = "The lamp-lighter's password is marmalade-"


def system_text(upstream: ScriptedUpstream) -> str:
    text: str = upstream.seen[-1].json["messages"][0]["content"]
    return text


def test_a_persona_is_created_and_read_back(me: User) -> None:
    body = {
        "name": "Mert Kavaklı",
        "language": "tr",
        "visibility": "workspace",
        "prompt": "Sen Mert'sin.",
        "layers": {"soul": {"fear": "silence"}},
        "surface": {"age": 41},
        "examples": ["Buyurun."],
        "overlay": "locked",
        "allow": ["logit_bias"],
        "refusal": "Bunu konuşmayalım.",
        "upstreams": ["main/gpt-4o-mini"],
        "defaults": {"temperature": 0.5},
        "headers": {"X-Team": "books"},
        "tags": ["bookseller"],
    }
    reply = me.post("/personas", body)
    persona = made(reply)
    assert persona["slug"] == "mert-kavakli"
    assert re.fullmatch(r"psn_\w{20}", persona["id"])
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", persona["fingerprint"])
    same = [name for name in body if name not in ("layers", "surface")]
    assert {name: persona[name] for name in same} == {name: body[name] for name in same}
    assert persona["layers"] == {"soul": {"fear": "silence"}, "surface": {"age": 41}}
    assert (persona["soul"], persona["self"], persona["mask"]) == ({"fear": "silence"}, None, None)
    assert (persona["version"], persona["labels"], persona["status"]) == (1, {}, "completed")
    assert (persona["schema_version"], persona["forked_from"]) == ("1.0", None)
    for ref in (persona["id"], "mert-kavakli", "mert%2Dkavakli", persona["id"].replace("_", "%5F")):
        found = me.get(f"/personas/{ref}")
        assert (found.status, found.json) == (200, persona)
        assert found.headers["etag"] == reply.headers["etag"]


def test_what_is_not_said_has_its_default(me: User) -> None:
    persona = made(me.post("/personas", {"name": "Ada", "prompt": "You are Ada."}))
    assert (persona["slug"], persona["visibility"], persona["language"]) == ("ada", "private", "en")
    assert (persona["overlay"], persona["upstreams"], persona["tags"]) == ("append", [], [])


def test_without_a_prompt_one_is_rendered_from_the_layers(me: User) -> None:
    body = {"name": "Ada", "soul": {"core_fear": "silence"}, "layers": {"history": ["Born in 1815"]}}
    prompt = made(me.post("/personas", body))["prompt"]
    assert prompt.startswith("You are Ada.")
    assert "core fear: silence" in prompt
    assert prompt.endswith("# history\n- Born in 1815")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", [([], "missing")]),
        (b"{", [([], "json_error")]),
        (b"[]", [([], "type_error")]),
        (b'{"slug":"a","prompt":"\\ud83d"}', [([], "json_error")]),
        (b'{"slug":"a","prompt":"\xff"}', [([], "json_error")]),
        (
            b'{"slug":"a","prompt":"A","defaults":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
            [([], "json_error")],
        ),
        ({"slug": 1, "prompt": "A"}, [(["slug"], "type_error")]),
        ({"slug": "a", "prompt": None}, [(["prompt"], "type_error")]),
        ({"slug": "a", "prompt": "A", "tags": ["x", 1]}, [(["tags", 1], "type_error")]),
        ({"slug": "a", "prompt": "A", "overlay": "sometimes"}, [(["overlay"], "type_error")]),
        ({"slug": "a", "prompt": "A", "promt": "B"}, [(["promt"], "unknown_field")]),
    ],
)
def test_a_body_that_is_none_is_told_where(me: User, body: Any, expected: list[Any]) -> None:
    assert details(me.post("/personas", body)) == expected


@pytest.mark.parametrize(
    ("change", "places"),
    [
        ({"slug": "Not A Slug"}, [["slug"]]),
        ({"slug": "a" * 65}, [["slug"]]),
        ({"name": " "}, [["name"]]),
        ({"name": "a\0b"}, [["name"]]),
        ({"prompt": " \n"}, [["prompt"]]),
        ({"prompt": "a\0b"}, [["prompt"]]),
        ({"prompt": "x" * 1_000_000}, [["prompt"]]),
        ({"language": "english"}, [["language"]]),
        ({"tags": [f"tag{number}" for number in range(10_000)]}, [["tags"]]),
        ({"tags": [""]}, [["tags"]]),
        ({"examples": [""]}, [["examples"]]),
        ({"defaults": {"model": "gpt-5", "seed": None}}, [["defaults", "model"], ["defaults", "seed"]]),
        ({"layers": json.loads('{"a":' * 40 + "1" + "}" * 40)}, [["layers"]]),
        ({"upstreams": ["nowhere/x"]}, [["upstreams", 0]]),
        ({"headers": {"Cookie": "a=b"}}, [["headers", "Cookie"]]),
        ({"headers": {"HOST": "a", "x": "ü"}}, [["headers", "HOST"], ["headers", "x"]]),
        ({"slug": "Bad Slug", "language": "english"}, [["slug"], ["language"]]),
    ],
)
def test_what_is_well_formed_but_unacceptable_is_422(me: User, change: Any, places: list[Any]) -> None:
    body = {"slug": "a", "prompt": "A"} | change
    found = details(me.post("/personas", body), 422, "persona.schema_violation")
    assert found == [(place, "value_error") for place in places]


def test_a_persona_needs_a_name_and_something_to_say(me: User) -> None:
    for body, place in [({"prompt": "A"}, "name"), ({"name": "A"}, "prompt")]:
        refusal = me.post("/personas", body)
        assert details(refusal, 422, "persona.schema_violation") == [([place], "missing")]
    assert details(me.post("/personas", {"name": "???", "prompt": "A"}), 422, "persona.schema_violation") == [
        (["slug"], "value_error")
    ]


def test_every_character_of_a_text_comes_back_and_reaches_the_upstream(
    me: User, upstream: ScriptedUpstream
) -> None:
    text = "Ğ 😀 \U0010ffff \u2028 \x01 \x7f {name} %s \\ \" '"
    persona = me.persona(prompt=text, name=text, tags=[text])
    assert [persona[name] for name in ("prompt", "name", "tags")] == [text, text, [text]]
    assert me.chat("persona/muse").status == 200
    assert system_text(upstream) == text


def test_great_numbers_come_back(me: User) -> None:
    body = b'{"slug":"muse","prompt":"A","soul":{"n":123456789012345678901234567890,"m":-9e300}}'
    persona = made(me.post("/personas", body))
    assert persona["soul"] == {"n": 123456789012345678901234567890, "m": -9e300}


def test_a_slug_is_there_once(me: User, stranger: User) -> None:
    me.persona()
    error = refused(me.post("/personas", {"slug": "muse", "prompt": "B"}), 409, "persona.slug_taken")
    assert "`muse`" in error["message"]
    assert stranger.persona()["slug"] == "muse"
    me.persona("other")
    refused(me.patch("/personas/other", {"slug": "muse"}), 409, "persona.slug_taken")


def test_of_creations_at_once_one_gets_the_slug(me: User) -> None:
    with ThreadPoolExecutor(8) as pool:
        replies = list(
            pool.map(lambda no: me.post("/personas", {"slug": "race", "prompt": f"P{no}"}), range(16))
        )
    assert sorted(reply.status for reply in replies) == [201] + [409] * 15


def test_writers_at_once_lose_nothing(me: User) -> None:
    me.persona("race")
    other = me.persona("source", visibility="workspace")

    def write(number: int) -> list[int]:
        return [
            me.patch("/personas/race", {"prompt": f"P{number}"}).status,
            me.put("/personas/race/labels/beta", {"version": 1 + number % 2}).status,
            me.post("/personas/race/versions/1/restore").status,
            me.post(f"/personas/{other['id']}/fork", {"slug": f"fork-{number}"}).status,
        ]

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(write, range(6)))
    assert {each[0] for each in statuses} == {200}
    assert {each[1] for each in statuses} <= {200, 404}
    assert {tuple(each[2:]) for each in statuses} == {(201, 201)}
    numbers = [one["version"] for one in me.get("/personas/race/versions").json["data"]]
    assert numbers == list(range(len(numbers), 0, -1))
    assert len(me.get("/personas?q=fork-").json["data"]) == 6


def test_what_makes_a_version_is_what_a_version_holds(me: User) -> None:
    made_first = me.persona()
    for change, version in [
        ({"name": "Erato"}, 1),
        ({"tags": ["verse"]}, 1),
        ({"visibility": "workspace"}, 1),
        ({"slug": "erato"}, 1),
        ({"prompt": "You are Erato."}, 2),
        ({"soul": {"love": "verse"}}, 3),
        ({"examples": ["Sing."]}, 4),
        ({"language": "el"}, 5),
        ({"overlay": "replace"}, 6),
        ({"upstreams": ["main"]}, 7),
        ({"defaults": {"seed": 1}}, 8),
        ({"headers": {"X-A": "b"}}, 9),
        ({"headers": {"X-A": "b"}}, 9),
        ({"soul": None}, 10),
        ({"allow": ["logit_bias"]}, 11),
        ({"allow": ["logit_bias"]}, 11),
        ({"allow": []}, 12),
        ({"refusal": "Not today."}, 13),
        ({"refusal": ""}, 14),
    ]:
        changed = me.patch(f"/personas/{made_first['id']}", change)
        assert changed.status == 200, changed.body
        assert changed.json["version"] == version, change
    assert changed.json["layers"] == {}
    assert changed.json["updated_at"] >= made_first["updated_at"]


def test_a_patch_is_held_to_the_same_rules(me: User) -> None:
    me.persona()
    assert details(me.patch("/personas/muse", {"prompt": ""}), 422, "persona.schema_violation") == [
        (["prompt"], "value_error")
    ]
    assert details(me.patch("/personas/muse", {"nmae": ""})) == [(["nmae"], "unknown_field")]
    refused(me.patch("/personas/nobody", {"name": "A"}), 404, "persona.not_found")


def test_a_change_reaches_the_chat_path_within_a_second(me: User, upstream: ScriptedUpstream) -> None:
    me.persona(prompt="First.")

    def says(text: str, model: str = "persona/muse") -> bool:
        return me.chat(model).status == 200 and system_text(upstream) == text

    within_a_second(lambda: says("First."))
    me.patch("/personas/muse", {"prompt": "Second."})
    within_a_second(lambda: says("Second.") and says("Second."))
    me.put("/personas/muse/labels/production", {"version": "v1"})
    within_a_second(lambda: says("First.") and says("First."))
    me.patch("/personas/muse", {"slug": "erato"})
    within_a_second(lambda: me.chat("persona/muse").status == 404 and says("First.", "persona/erato"))
    me.delete("/personas/erato")
    within_a_second(lambda: me.chat("persona/erato").status == 404)
    me.patch("/personas/erato", {"status": "active"})
    within_a_second(lambda: says("First.", "persona/erato"))


def test_an_archived_persona_is_there_for_its_own_workspace_and_comes_back(me: User) -> None:
    persona = me.persona(visibility="public")
    assert me.delete("/personas/muse").status == 204
    assert me.delete("/personas/muse").status == 204
    assert me.get("/personas/muse").json["status"] == "archived"
    assert me.get("/personas").json["data"] == []
    for reply in [
        me.patch("/personas/muse", {"name": "A"}),
        me.post("/personas/muse/versions/1/restore"),
        me.put("/personas/muse/labels/beta", {"version": 1}),
        me.post("/personas/muse/fork", {"slug": "b"}),
        me.post("/personas/muse/render", {"messages": []}),
        me.get("/personas/muse/versions/1/diff/1"),
    ]:
        refused(reply, 404, "persona.not_found")
    refused(me.post("/personas", {"slug": "muse", "prompt": "B"}), 409, "persona.slug_taken")
    back = me.patch(f"/personas/{persona['id']}", {"status": "active", "name": "Back"})
    assert (back.json["status"], back.json["name"]) == ("completed", "Back")


def test_a_persona_is_changed_and_archived_in_one_go(me: User) -> None:
    me.persona()
    reply = me.patch("/personas/muse", {"status": "archived", "name": "Old", "prompt": "B"})
    assert (reply.json["status"], reply.json["name"], reply.json["version"]) == ("archived", "Old", 2)
    assert me.patch("/personas/muse", {"status": "archived"}).headers["etag"] == reply.headers["etag"]


def test_only_its_maker_can_hide_a_persona(me: User) -> None:
    other = me.colleague()
    me.persona(visibility="workspace")
    hidden = other.patch("/personas/muse", {"visibility": "private"})
    assert details(hidden, 422, "persona.schema_violation") == [(["visibility"], "value_error")]
    assert me.patch("/personas/muse", {"visibility": "private"}).json["visibility"] == "private"
    refused(other.get("/personas/muse"), 404, "persona.not_found")


def test_a_purge_leaves_ids_only(me: User, upstream: ScriptedUpstream) -> None:
    persona = me.persona(
        prompt=SECRET + "old", layers={"soul": {"a": SECRET + "layer"}}, name=SECRET + "name"
    )
    me.patch("/personas/muse", {"prompt": SECRET + "new", "examples": [SECRET + "example"]})
    turn = me.chat("persona/muse").json["persona"]["turn"]
    until(lambda: me.get(f"/turns/{turn}").status == 200)
    assert me.get(f"/turns/{turn}").json["explain"]
    assert me.delete("/personas/muse?purge=true").status == 204
    refused(me.get(f"/personas/{persona['id']}"), 404, "persona.not_found")
    refused(me.delete("/personas/muse?purge=true"), 404, "persona.not_found")
    shown = me.get(f"/turns/{turn}").json
    assert (shown["persona"], shown["model"]) == (persona["id"], f"persona/{persona['id']}")
    assert shown["explain"] is None
    assert me.persona()["id"] != persona["id"]
    assert traces(me.gateway, [SECRET + word for word in ("old", "layer", "new", "example", "name")]) == []


def test_a_purge_wants_yes_or_no(me: User) -> None:
    me.persona()
    assert details(me.delete("/personas/muse?purge=perhaps")) == [(["query", "purge"], "type_error")]
    assert me.delete("/personas/muse?purge=false").status == 204
    assert me.get("/personas/muse").json["status"] == "archived"
