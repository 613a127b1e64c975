"""Versions: listed, read, compared and restored."""

from typing import Any

import jsonpatch

from tests.api.conftest import User, details, made, refused
from tests.fakes.upstream import ScriptedUpstream


def edited(me: User, times: int) -> None:
    me.persona(prompt="Text 1", examples=["Hm."])
    for number in range(2, times + 1):
        me.patch("/personas/muse", {"prompt": f"Text {number}"})


def test_versions_are_listed_from_the_newest(me: User) -> None:
    edited(me, 5)
    pages = me.pages("/personas/muse/versions", 2)
    assert [[one["version"] for one in page] for page in pages] == [[5, 4], [3, 2], [1]]
    assert [one["prompt"] for one in pages[0]] == ["Text 5", "Text 4"]


def test_a_version_is_read_by_its_number(me: User) -> None:
    edited(me, 2)
    me.put("/personas/muse/labels/stable", {"version": 1})
    for text in ("v1", "1"):
        one = me.get(f"/personas/muse/versions/{text}").json
        assert (one["version"], one["prompt"], one["labels"]) == (1, "Text 1", ["stable"])
    for text in ("0", "v3", "latest", "-1", "9" * 30, "%00", "%C2%B2"):
        refused(me.get(f"/personas/muse/versions/{text}"), 404, "persona.version_not_found")


def test_a_wrong_cursor_is_told(me: User) -> None:
    edited(me, 1)
    for after in ("garbage", "psn_1", "-1", "", "v" + "1" * 20):
        refusal = me.get(f"/personas/muse/versions?after={after}")
        assert details(refusal) == [(["query", "after"], "value_error")]


def test_two_versions_are_compared(me: User) -> None:
    edited(me, 2)
    diff = me.get("/personas/muse/versions/v1/diff/v2").json
    assert (diff["a"], diff["b"]) == (1, 2)
    assert "-prompt: Text 1" in diff["text"]
    assert "+prompt: Text 2" in diff["text"]
    old, new = (me.get(f"/personas/muse/versions/{number}").json for number in (1, 2))
    patched = jsonpatch.apply_patch(old, diff["patch"])
    assert (patched["prompt"], patched["fingerprint"]) == (new["prompt"], new["fingerprint"])
    same = me.get("/personas/muse/versions/1/diff/1").json
    assert (same["patch"], same["text"]) == ([], "")
    refused(me.get("/personas/muse/versions/1/diff/9"), 404, "persona.version_not_found")


def test_a_restored_version_is_a_new_one_that_equals_it(me: User, upstream: ScriptedUpstream) -> None:
    edited(me, 2)
    restored = made(me.post("/personas/muse/versions/v1/restore"))
    assert (restored["version"], restored["prompt"], restored["examples"]) == (3, "Text 1", ["Hm."])
    assert restored["fingerprint"] == me.get("/personas/muse/versions/1").json["fingerprint"]
    assert made(me.post("/personas/muse/versions/v3/restore"))["version"] == 3
    refused(me.post("/personas/muse/versions/v9/restore"), 404, "persona.version_not_found")
    refused(me.post("/personas/nobody/versions/v1/restore"), 404, "persona.not_found")


def test_a_version_s_maker_shows_others_neither_headers_nor_upstreams(me: User, stranger: User) -> None:
    secret: dict[str, Any] = {"headers": {"X-Team": "hush"}, "upstreams": ["main/gpt-4o-mini"]}
    persona = me.persona(visibility="public", **secret)
    me.patch("/personas/muse", {"headers": {"X-Team": "hush-hush"}, "prompt": "Changed."})
    for path in ("", "/versions", "/versions/1", "/versions/1/diff/2"):
        reply = stranger.get(f"/personas/{persona['id']}{path}")
        assert reply.status == 200
        assert b"hush" not in reply.body
        assert b"main/" not in reply.body
    forked = made(stranger.post(f"/personas/{persona['id']}/fork"))
    assert (forked["headers"], forked["upstreams"]) == ({}, [])
