"""Conversations are made, listed, read, changed and deleted."""

import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from tests.api.conftest import User, details, made, refused, statement, traces
from tests.e2e.wire import fetch
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream

PLACE = "/chat/conversations"
MINIMAL = ("chat:invoke", "keys:manage")


def begun(user: User, persona: str = "muse", **more: Any) -> dict[str, Any]:
    """Make a conversation."""
    return made(user.post(PLACE, {"persona": persona, **more}))


def test_a_conversation_has_a_persona_and_pins_its_version(me: User) -> None:
    persona = me.persona()
    found = begun(me)
    assert re.fullmatch(r"conv_[0-9A-Za-z]{20}", found["id"])
    assert found == {
        "id": found["id"],
        "persona": persona["id"],
        "version": 1,
        "follow": None,
        "title": "",
        "metadata": {},
        "key": me.id,
        "leaf": None,
        "messages": 0,
        "turns": 0,
        "created_at": found["created_at"],
        "updated_at": found["created_at"],
    }
    me.patch("/personas/muse", {"prompt": "You are another muse."})
    assert me.get(f"{PLACE}/{found['id']}").json == found
    assert begun(me, persona="muse@v1")["version"] == 1
    assert until(lambda: begun(me, persona="persona/muse")["version"] == 2)


def test_the_persona_may_be_named_by_its_id_under_either_name(me: User) -> None:
    persona = me.persona()["id"]
    assert begun(me, persona)["persona"] == persona
    assert made(me.post(PLACE, {"persona_id": persona}))["persona"] == persona
    wrong = (422, "conversation.schema_violation")
    assert details(me.post(PLACE, {}), *wrong) == [(["persona"], "value_error")]
    both = {"persona": persona, "persona_id": persona}
    assert details(me.post(PLACE, both), *wrong) == [(["persona"], "value_error")]
    refused(me.post(PLACE, {"persona": "nobody"}), 404, "persona.not_found")


def test_a_caller_may_choose_the_id_which_is_unique_within_a_workspace(me: User, stranger: User) -> None:
    me.persona()
    stranger.persona()
    assert begun(me, id="conv_72")["id"] == "conv_72"
    assert begun(stranger, id="conv_72")["persona"] != begun(me)["persona"]
    refused(me.post(PLACE, {"persona": "muse", "id": "conv_72"}), 409, "conversation.id_taken")
    for wrong in ("72", "conv_", "conv_" + "a" * 36, "conv_a-b", "conv_é"):
        reply = me.post(PLACE, {"persona": "muse", "id": wrong})
        assert details(reply, 422, "conversation.schema_violation") == [(["id"], "value_error")]
    refused(me.get(f"{PLACE}/conv_a-b"), 404, "conversation.not_found")


def test_the_pin_follows_a_label_and_can_be_moved(me: User) -> None:
    me.persona()
    me.patch("/personas/muse", {"prompt": "You are another muse."})
    me.put("/personas/muse/labels/beta", {"version": 1})
    found = begun(me, follow="beta")
    assert (found["version"], found["follow"]) == (None, "beta")
    place = f"{PLACE}/{found['id']}"

    def moved(**pin: Any) -> tuple[int | None, str | None]:
        reply = me.patch(place, pin)
        assert reply.status == 200, reply.body
        assert me.get(place).json == reply.json
        return reply.json["version"], reply.json["follow"]

    assert moved(follow="latest") == (None, "latest")
    assert moved(version="v1") == (1, None)
    assert moved(version=2) == (2, None)
    refused(me.patch(place, {"version": "v9"}), 404, "persona.not_found")
    refused(me.patch(place, {"follow": "gamma"}), 404, "persona.not_found")
    for wrong in ({"version": "v1", "follow": "beta"}, {"follow": "v1"}, {"version": "one"}, {"version": 0}):
        refused(me.patch(place, wrong), 422, "conversation.schema_violation")
    assert moved() == (2, None)


def test_title_and_metadata_are_changed_and_bounded(me: User) -> None:
    me.persona()
    place = f"{PLACE}/{begun(me, title='First', metadata={'channel': 'web'})['id']}"
    begins = me.get(place).json["updated_at"]
    changed = me.patch(place, {"title": "Second"}).json
    assert changed["updated_at"] == me.get(place).json["updated_at"] == begins
    assert (changed["title"], changed["metadata"]) == ("Second", {"channel": "web"})
    changed = me.patch(place, {"title": "", "metadata": {}}).json
    assert (changed["title"], changed["metadata"]) == ("", {})
    for wrong in (
        {"title": "a" * 201},
        {"title": None},
        {"metadata": {"a": 1}},
        {"metadata": {"a": "b" * 513}},
        {"metadata": {"": "b"}},
        {"metadata": {str(at): "" for at in range(17)}},
        {"topic": "night"},
    ):
        refused(me.patch(place, wrong), 400, "request.invalid")


def test_conversations_are_listed_page_by_page_and_by_persona(me: User) -> None:
    me.persona()
    me.persona("other")
    ids = [begun(me)["id"] for _ in range(3)] + [begun(me, "other")["id"]]
    pages = me.pages(PLACE, 2)
    assert [each["id"] for page in pages for each in page] == ids[::-1]
    assert [each["id"] for each in me.get(f"{PLACE}?persona=other").json["data"]] == ids[3:]
    refused(me.get(f"{PLACE}?persona=nobody"), 404, "persona.not_found")
    refused(me.get(f"{PLACE}?after=conv_1"), 400, "request.invalid")


def test_a_deleted_conversation_is_gone(me: User) -> None:
    me.persona()
    place = f"{PLACE}/{begun(me, title='A title to be forgotten')['id']}"
    assert me.delete(place).status == 204
    for method in ("GET", "PATCH", "DELETE"):
        refused(me.ask(method, place, {} if method == "PATCH" else None), 404, "conversation.not_found")
    assert me.get(PLACE).json["data"] == []
    (entry,) = me.get("/audit?action=conversation.").json["data"]
    assert (entry["action"], entry["details"]) == ("conversation.deleted", {})


def test_a_key_without_the_scope_to_read_reaches_its_own_alone(me: User) -> None:
    me.persona(visibility="workspace")
    app = me.colleague(*MINIMAL)
    others, own = begun(me)["id"], begun(app)["id"]
    assert app.patch(f"{PLACE}/{own}", {"title": "Mine"}).status == 200
    told = {
        refused(app.ask(method, f"{PLACE}/{place}", body), 403, "auth.missing_scope")["message"]
        for place in (others, "conv_none", "none")
        for method, body in (("PATCH", {}), ("DELETE", None))
    }
    assert len(told) == 1
    refused(app.get(f"{PLACE}/{own}"), 403, "auth.missing_scope")
    turned = made(app.post(f"/keys/{app.id}/rotate", {}))
    rotated = User(me.gateway, turned["key"], turned["id"])
    assert rotated.delete(f"{PLACE}/{own}").status == 204
    assert me.get(f"{PLACE}/{others}").status == 200


def test_conversations_with_a_private_persona_are_its_owner_s(me: User) -> None:
    persona = me.persona(visibility="workspace")["id"]
    colleague = me.colleague()
    place = f"{PLACE}/{begun(colleague)['id']}"
    assert me.get(place).status == 200
    me.patch("/personas/muse", {"visibility": "private"})
    for user, status in ((me, 200), (colleague, 404)):
        assert user.get(place).status == status
        assert user.patch(place, {}).status == status
        assert len(user.get(f"{PLACE}?persona={persona}").json["data"]) == (1 if status == 200 else 0)
    me.patch("/personas/muse", {"status": "archived"})
    assert me.get(place).status == 200
    assert colleague.get(place).status == 404


@pytest.mark.parametrize(("visibility", "left"), [("private", 404), ("workspace", 200)])
def test_a_purge_takes_conversations_that_only_the_owner_could_see(
    me: User, visibility: str, left: int
) -> None:
    me.persona(visibility=visibility)
    place = f"{PLACE}/{begun(me)['id']}"
    assert me.delete("/personas/muse?purge=true").status == 204
    assert me.get(place).status == left


def test_a_conversation_with_another_workspace_s_persona_stays_readable(me: User, stranger: User) -> None:
    persona = me.persona(visibility="public")["id"]
    place = f"{PLACE}/{begun(stranger, persona)['id']}"
    me.patch("/personas/muse", {"visibility": "private"})
    assert stranger.get(place).status == 200
    assert me.get(place).status == 404


def test_what_is_said_is_kept_read_moved_and_followed(me: User, upstream: ScriptedUpstream) -> None:
    me.persona()
    place = f"{PLACE}/conv_said"

    def said(message: str | None = None, **more: Any) -> dict[str, Any]:
        reply = me.post(f"{place}/messages", ({} if message is None else {"message": message}) | more)
        assert reply.status == 200, reply.body
        found: dict[str, Any] = reply.json
        return found

    def words(query: str) -> list[str]:
        return [each["content"] for each in me.get(f"{place}/messages?{query}").json["data"]]

    first = said("One", persona="muse")
    second = said("Two")
    again = said(parent=second["parent"])
    assert again["parent"] == second["parent"]
    messages = [{"role": "user", "content": "One"}, {"role": "assistant", "content": "You said: One"}]
    body = {"model": "persona/muse", "messages": [*messages, {"role": "user", "content": "Zwei"}]}
    attached = me.post("/openai/chat/completions", body, x_persona_conversation_id="conv_said")
    assert attached.headers["x-persona-conversation-id"] == "conv_said"
    assert words("order=asc") == ["One", "You said: One", "Zwei", "You said: Zwei"]
    assert words(f"leaf={second['message_id']}&limit=3") == ["You said: Two", "Two", "You said: One"]
    assert words(f"order=asc&after={second['message_id']}.2") == ["Two", "You said: Two"]
    shown = me.get(place).json
    assert (shown["messages"], shown["turns"]) == (7, 4)
    lines = me.get(f"{place}/export").body
    assert lines.count(b"\n") == 7
    moved = me.post(f"{PLACE}/import?persona=muse&id=conv_moved", lines)
    assert moved.status == 201, moved.body
    assert me.get(f"{PLACE}/conv_moved/export").body == lines
    far = b'{"role":"user","content":"Later","created_at":"9999-01-01T00:00:00Z"}'
    ahead = me.post(f"{PLACE}/import?persona=muse&id=conv_ahead", far).json
    (only,) = me.get(f"{PLACE}/conv_ahead/messages").json["data"]
    # Whatever its messages say of their time, it is kept from its import on.
    assert ahead["updated_at"] == ahead["created_at"] == me.get(f"{PLACE}/conv_ahead").json["updated_at"]
    assert only["created_at"][:4] != "9999"
    before = b'{"role":"user","content":"Earlier","created_at":"2001-01-01T00:00:00Z"}'
    old = me.post(f"{PLACE}/import?persona=muse&id=conv_before", before).json
    assert old["updated_at"] == old["created_at"] == me.get(f"{PLACE}/conv_before").json["updated_at"]
    points = me.get(f"{place}/drift").json["data"]
    assert [point["turn"] for point in points] == [first["message_id"], attached.json["persona"]["turn"]]
    for each in (place, f"{PLACE}/conv_moved"):
        assert me.delete(each).status == 204
    refused(me.get(f"{place}/messages"), 404, "conversation.not_found")


def test_conversations_are_found_by_the_words_of_a_message_until_they_are_deleted(
    me: User, stranger: User
) -> None:
    me.persona(visibility="workspace")
    told = {
        "conv_a": ["Where is the Quokkafur?", "In the lamplit attic."],
        "conv_b": ["東京都の猫 aime le café", "İstanbul'da ISPARTA gülü"],
        "conv_c": ["Quokkafur and more"],
    }
    for name, texts in told.items():
        lines = b"\n".join(json.dumps({"role": "user", "content": text}).encode() for text in texts)
        assert me.post(f"{PLACE}/import?persona=muse&id={name}", lines).status == 201
    assert me.post(f"{PLACE}/conv_d/messages", {"persona": "muse", "message": "A wombatpaw"}).status == 200

    def found(words: str, user: User = me) -> list[str]:
        reply = user.get(f"{PLACE}?q={quote(words)}")
        assert reply.status == 200, reply.body
        return [each["id"] for each in reply.json["data"]]

    expected = {
        "quokkafur": ["conv_c", "conv_a"],
        "QUOKKA": ["conv_c", "conv_a"],
        "where quokkafur": ["conv_a"],
        "quokkafur attic": [],
        "fur": [],
        "CAFE": ["conv_b"],
        "istanbul ısparta": ["conv_b"],
        "京都": ["conv_b"],
        "猫": ["conv_b"],
        "東猫": [],
        "said wombat": ["conv_d"],
        "!?": [],
        "": ["conv_d", "conv_c", "conv_b", "conv_a"],
    }
    assert {words: found(words) for words in expected} == expected
    assert me.get(f"{PLACE}?q=quokkafur&limit=1").json["has_more"] is True
    assert found("quokkafur", stranger) == []
    me.patch("/personas/muse", {"visibility": "private"})
    assert found("quokkafur", me.colleague()) == []
    for name in (*told, "conv_d"):
        assert me.delete(f"{PLACE}/{name}").status == 204
    assert found("quokkafur") == []
    assert traces(me.gateway, ["quokkafur", "lamplit", "wombatpaw"]) == []


def test_a_workspace_has_a_bound_on_its_conversations_and_room_again_behind_a_deletion(me: User) -> None:
    me.persona()
    first = begun(me)["id"]
    statement(me.gateway, "UPDATE workspaces SET conversations = 1000000 WHERE id = ?", me.workspace)
    body = {"model": "persona/muse", "messages": [{"role": "user", "content": "One"}]}
    line = json.dumps({"role": "user", "content": "One"}).encode()
    for reply in (
        me.post(PLACE, {"persona": "muse"}),
        me.post(f"{PLACE}/conv_more/messages", {"persona": "muse", "message": "One"}),
        me.post(f"{PLACE}/import?persona=muse", line),
        me.post("/openai/chat/completions", body, x_persona_conversation_id="new"),
    ):
        assert (reply.status, reply.json["error"]["code"]) == (409, "conversation.too_many")
    assert me.post(f"{PLACE}/{first}/messages", {"message": "One"}).status == 200
    assert me.delete(f"{PLACE}/{first}").status == 204
    assert begun(me)["messages"] == 0


def test_nul_and_numbers_beyond_every_table_are_told_apart_alike_in_both_stores(me: User) -> None:
    me.persona()
    wrong = (422, "conversation.schema_violation")
    title = {"title": "a\0b"}
    assert details(me.post(PLACE, {"persona": "muse", **title}), *wrong) == [(["title"], "value_error")]
    place = f"{PLACE}/{begun(me)['id']}"
    assert details(me.patch(place, title), *wrong) == [(["title"], "value_error")]
    message = {"message": "Good evening", "parent": "msg_\0"}
    refused(me.post(f"{place}/messages", message), 404, "message.not_found")
    beyond = "9" * 18
    for listed, count in ((PLACE, 1), ("/turns", 0)):
        found = me.get(f"{listed}?after={beyond}")
        assert (found.status, len(found.json["data"])) == (200, count)


def test_a_message_under_the_id_of_another_workspace_s_turn_learns_nothing_of_it(
    me: User, stranger: User
) -> None:
    me.persona()
    stranger.persona()
    told = me.post(f"{PLACE}/conv_7/messages", {"persona": "muse", "message": "Good evening"}).json
    assert until(lambda: me.get(f"/turns/{told['message_id']}").status == 200)
    line = json.dumps({"id": told["message_id"], "role": "assistant", "content": "A guess"}).encode()
    reply = fetch(stranger.gateway, f"/v1{PLACE}/import?persona=muse&id=conv_7", line, key=stranger.key)
    assert made(reply)["leaf"] == told["message_id"]
    assert me.get(f"{PLACE}/conv_7/messages").json["data"][0]["drift"] is not None
    assert stranger.get(f"{PLACE}/conv_7/messages").json["data"][0]["drift"] is None
    exported = json.loads(stranger.get(f"{PLACE}/conv_7/export").body)
    assert exported["drift"] is None


def test_the_longest_id_is_recorded_and_deleted_in_both_stores(me: User) -> None:
    me.persona()
    name = "conv_" + "a" * 35
    told = me.post(f"{PLACE}/{name}/messages", {"persona": "muse", "message": "Good evening"})
    assert told.status == 200, told.body
    assert until(lambda: me.get(f"/turns/{told.json['message_id']}").status == 200)
    assert me.delete(f"{PLACE}/{name}").status == 204
    assert [entry["action"] for entry in me.get(f"/audit?subject={name}").json["data"]] == [
        "conversation.deleted"
    ]


def test_pages_end_where_they_get_large(me: User, upstream: ScriptedUpstream) -> None:
    persona = me.persona()
    place = f"{PLACE}/conv_large"
    large = [{"role": "user", "content": f"{number} " + "a" * 900_000} for number in range(8)]
    lines = b"\n".join(json.dumps(line).encode() for line in large)
    moved = me.post(f"{PLACE}/import?persona={persona['id']}&id=conv_large", lines)
    assert moved.status == 201, moved.body
    for order, numbers in (("asc", range(8)), ("desc", reversed(range(8)))):
        pages, after = [], ""
        while True:
            page = me.get(f"{place}/messages?order={order}&limit=200{after}").json
            pages.append([int(each["content"].split()[0]) for each in page["data"]])
            if not page["has_more"]:
                break
            after = f"&after={page['next']}"
        assert [len(each) for each in pages] == [3, 3, 2]
        assert [number for each in pages for number in each] == list(numbers)
    assert me.get(f"{place}/export").body.count(b"\n") == 8
