"""Labels: moved by hand, read by the chat path, and remembered."""

import pytest

from tests.api.conftest import User, details, refused
from tests.fakes.until import within_a_second
from tests.fakes.upstream import ScriptedUpstream


def test_a_label_is_moved_and_taken_away(me: User, upstream: ScriptedUpstream) -> None:
    persona = me.persona()
    me.patch("/personas/muse", {"prompt": "Second."})
    assert me.put("/personas/muse/labels/beta", {"version": "v1"}).json["labels"] == {"beta": 1}
    within_a_second(lambda: me.chat("persona/muse@beta").headers.get("x-persona") == "muse@v1")
    assert me.put("/personas/muse/labels/beta", {"version": 2}).json["labels"] == {"beta": 2}
    within_a_second(lambda: me.chat("persona/muse@beta").headers.get("x-persona") == "muse@v2")
    assert me.delete("/personas/muse/labels/beta").status == 204
    refused(me.delete("/personas/muse/labels/beta"), 404, "persona.label_not_found")
    within_a_second(lambda: me.chat("persona/muse@beta").status == 404)
    trail = me.get(f"/personas/{persona['id']}/labels").json["data"]
    assert [(one["label"], one["previous"], one["version"], one["by"]) for one in trail] == [
        ("beta", 2, None, me.id),
        ("beta", 1, 2, me.id),
        ("beta", None, 1, me.id),
    ]
    assert [len(page) for page in me.pages("/personas/muse/labels", 2)] == [2, 1]


def test_a_move_to_where_it_is_leaves_no_trace(me: User) -> None:
    me.persona()
    tags = {me.put("/personas/muse/labels/beta", {"version": 1}).headers["etag"] for _ in range(2)}
    assert len(tags) == 1
    assert len(me.get("/personas/muse/labels").json["data"]) == 1


@pytest.mark.parametrize("label", ["latest", "v3", "Beta", "a" * 65, "-", "%E2%82%AC"])
def test_some_names_are_no_labels(me: User, label: str) -> None:
    me.persona()
    refused(me.put(f"/personas/muse/labels/{label}", {"version": 1}), 422, "persona.label_not_movable")


def test_a_label_wants_a_version_that_there_is(me: User) -> None:
    me.persona()
    place = "/personas/muse/labels/beta"
    for version in (2, "v0", "newest", -1, 10**40):
        refused(me.put(place, {"version": version}), 404, "persona.version_not_found")
    assert details(me.put(place, {"version": None})) == [(["version"], "type_error")]
    assert details(me.put(place, {})) == [(["version"], "missing")]
    assert details(me.put(place, {"version": 1, "force": True})) == [(["force"], "unknown_field")]
    refused(me.put("/personas/nobody/labels/beta", {"version": 1}), 404, "persona.not_found")
    assert details(me.get("/personas/muse/labels?after=x")) == [(["query", "after"], "value_error")]
