"""Forks: copies with a lineage, in the caller's workspace, of what it may read."""

from tests.api.conftest import User, details, made, refused


def test_a_fork_remembers_where_it_comes_from(me: User) -> None:
    source = me.persona(tags=["verse"], examples=["Sing."], headers={"X-A": "b"})
    me.patch("/personas/muse", {"prompt": "Second."})
    me.put("/personas/muse/labels/beta", {"version": 1})
    fork = made(me.post("/personas/muse/fork", {"slug": "copy", "name": "Copy", "version": "v1"}))
    assert fork["forked_from"] == {"persona": source["id"], "version": 1}
    assert (fork["slug"], fork["name"], fork["version"], fork["labels"]) == ("copy", "Copy", 1, {})
    assert (fork["prompt"], fork["fingerprint"]) == (source["prompt"], source["fingerprint"])
    assert (fork["tags"], fork["headers"], fork["visibility"]) == (["verse"], {"X-A": "b"}, "private")
    assert made(me.post("/personas/muse/fork", {"slug": "newest"}))["prompt"] == "Second."


def test_a_public_persona_is_forked_into_another_workspace_by_its_id(me: User, stranger: User) -> None:
    source = me.persona(visibility="public")
    fork = made(stranger.post(f"/personas/{source['id']}/fork"))
    assert (fork["slug"], fork["forked_from"]) == ("muse", {"persona": source["id"], "version": 1})
    refused(stranger.post("/personas/other/fork"), 404, "persona.not_found")
    refused(stranger.post(f"/personas/{source['id']}/fork"), 409, "persona.slug_taken")
    me.delete("/personas/muse")
    refused(stranger.post(f"/personas/{source['id']}/fork", {"slug": "b"}), 404, "persona.not_found")
    assert stranger.get(f"/personas/{fork['id']}").status == 200


def test_what_the_caller_may_not_read_it_may_not_fork(me: User, stranger: User) -> None:
    private = me.persona("private")
    shared = me.persona("shared", visibility="workspace")
    colleague = me.colleague("personas:fork")
    refused(colleague.post(f"/personas/{private['id']}/fork", {"slug": "a"}), 404, "persona.not_found")
    assert made(colleague.post("/personas/shared/fork", {"slug": "a"}))["slug"] == "a"
    for source in (private, shared):
        refused(stranger.post(f"/personas/{source['id']}/fork"), 404, "persona.not_found")
    refused(me.colleague("personas:write").post("/personas/shared/fork"), 403, "auth.missing_scope")


def test_a_fork_is_held_to_the_rules(me: User) -> None:
    me.persona()
    place = "/personas/muse/fork"
    refused(me.post(place), 409, "persona.slug_taken")
    for body in ({"slug": ""}, {"slug": "A B"}):
        assert details(me.post(place, body), 422, "persona.schema_violation") == [(["slug"], "value_error")]
    for version in (0, "v2", ""):
        refused(me.post(place, {"slug": "a", "version": version}), 404, "persona.version_not_found")
    assert details(me.post(place, {"slag": "a"})) == [(["slag"], "unknown_field")]
    assert details(me.post(place, b"{")) == [([], "json_error")]
