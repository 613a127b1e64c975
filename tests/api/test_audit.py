"""The audit log: who wrote what when, without what was written."""

from tests.api.conftest import User, details, refused

SECRET = "nobody shall read this"


def test_every_write_is_noted(me: User) -> None:
    persona = me.persona(prompt=SECRET)
    me.patch("/personas/muse", {"prompt": SECRET + "!"})
    me.patch("/personas/muse", {"name": "Erato"})
    me.put("/personas/muse/labels/beta", {"version": 1})
    me.delete("/personas/muse/labels/beta")
    me.post("/personas/muse/fork", {"slug": "copy"})
    other = me.colleague("chat:invoke")
    me.delete(f"/keys/{other.id}")
    me.delete("/personas/muse")
    me.delete("/personas/muse?purge=true")
    reply = me.get("/audit")
    noted = [one["action"] for one in reply.json["data"]]
    assert noted == [
        "persona.purged",
        "persona.archived",
        "key.revoked",
        "key.created",
        "persona.forked",
        "label.removed",
        "label.moved",
        "persona.updated",
        "version.created",
        "persona.created",
        "key.created",
    ]
    assert SECRET.encode() not in reply.body
    assert other.key.encode() not in reply.body
    assert {one["key"] for one in reply.json["data"][:-1]} == {me.id}
    about = me.get(f"/audit?subject={persona['id']}&action=label.").json["data"]
    assert [one["details"]["version"] for one in about] == [None, 1]
    assert [len(page) for page in me.pages("/audit", 4)] == [4, 4, 3]


def test_what_was_refused_is_not_noted(me: User) -> None:
    before = me.get("/audit").json
    me.post("/personas", {"slug": "Bad Slug", "prompt": "A"})
    me.delete("/personas/nobody")
    assert me.get("/audit").json == before


def test_a_persona_that_is_another_key_s_alone_is_told_by_id(me: User) -> None:
    persona = me.persona("hush-hush", visibility="private")
    me.put("/personas/hush-hush/labels/secret-label", {"version": 1})
    me.post("/personas/hush-hush/fork", {"slug": "hush-copy"})
    colleague = me.colleague()
    seen = colleague.get("/audit")
    assert b"hush" not in seen.body
    assert b"secret-label" not in seen.body
    assert {one["subject"] for one in seen.json["data"]} >= {persona["id"]}
    mine = me.get(f"/audit?subject={persona['id']}").json["data"]
    assert [one["details"] for one in mine] == [
        {"label": "secret-label", "version": 1, "previous": None},
        {"slug": "hush-hush"},
    ]
    theirs = colleague.get(f"/audit?subject={persona['id']}").json["data"]
    assert [one["details"] for one in theirs] == [{"version": 1, "previous": None}, {}]
    me.delete("/personas/hush-hush?purge=true")
    for reader in (me, colleague):
        assert b"hush-hush" not in reader.get(f"/audit?subject={persona['id']}").body


def test_what_all_of_the_workspace_knew_is_still_named_once_it_is_erased(me: User) -> None:
    persona = me.persona("open-book", visibility="workspace")
    me.delete("/personas/open-book?purge=true")
    noted = me.colleague().get(f"/audit?subject={persona['id']}").json["data"]
    assert [one["details"] for one in noted] == [{}, {"slug": "open-book"}]


def test_the_log_is_the_workspace_s_own(me: User, stranger: User) -> None:
    persona = me.persona(visibility="public")
    assert stranger.get(f"/audit?subject={persona['id']}").json["data"] == []
    assert stranger.get(f"/personas/{persona['id']}/labels").json["data"] == []
    refused(me.colleague("personas:read").get("/audit"), 403, "auth.missing_scope")
    for query, kind in (("after=x", "value_error"), ("subject=" + "a" * 41, "type_error")):
        assert details(me.get(f"/audit?{query}")) == [(["query", query.partition("=")[0]], kind)]
    assert me.get("/audit?action=%25").json["data"] == []
    assert me.get("/audit?action=KEY.").json["data"] == []
