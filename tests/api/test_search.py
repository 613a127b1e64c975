"""The list of personas: searched, narrowed and paged."""

from urllib.parse import quote

import pytest

from tests.api.conftest import User, details


def slugs(me: User, query: str) -> list[str]:
    reply = me.get(f"/personas?{query}")
    assert reply.status == 200, reply.body
    return [one["slug"] for one in reply.json["data"]]


def test_pages_follow_each_other_through_next(me: User) -> None:
    for number in range(5):
        me.persona(f"p{number}")
    pages = me.pages("/personas", 2)
    assert [[one["slug"] for one in page] for page in pages] == [["p4", "p3"], ["p2", "p1"], ["p0"]]
    assert me.pages("/personas?q=p3", 1)[0][0]["slug"] == "p3"
    assert me.pages("/personas", 5) == [[one for page in pages for one in page]]


def test_words_are_found_in_name_slug_prompt_and_tags(me: User) -> None:
    me.persona("lamp", name="Éowyn", prompt="Guard the 100% wool_shop.", tags=["North Wind"])
    me.persona("other")
    for words in ("LAMP", "éOWYN", "wool", "guard wool", "north", "100%", "wool_shop", "wind lamp"):
        assert slugs(me, f"q={quote(words)}") == ["lamp"], words
    for words in ("zebra", "100%25x", "woolxshop", "lamp zebra"):
        assert slugs(me, f"q={quote(words)}") == [], words
    assert slugs(me, "q=") == ["other", "lamp"]


def test_a_list_is_narrowed(me: User) -> None:
    me.persona("a", tags=["sea", "wind"], language="tr", visibility="public")
    me.persona("b", tags=["seaside"], language="en", visibility="workspace")
    me.put("/personas/b/labels/production", {"version": 1})
    assert slugs(me, "tag=sea") == ["a"]
    assert slugs(me, "tag=SEA") == ["a"]
    assert slugs(me, "tag=%25") == []
    assert slugs(me, "language=tr") == ["a"]
    assert slugs(me, "visibility=workspace") == ["b"]
    assert slugs(me, "label=production") == ["b"]
    assert slugs(me, "tag=seaside&language=en&label=production&q=muse") == ["b"]
    assert slugs(me, "tag=seaside&language=tr") == []
    me.patch("/personas/a", {"language": "el"})
    assert slugs(me, "language=tr") == []


def test_the_public_ones_of_all_workspaces_are_listed_by_what_everybody_may_know(
    me: User, stranger: User
) -> None:
    mine = me.persona(
        "lighthouse", tags=["sea"], language="tr", visibility="public", prompt="Guard the zebra."
    )
    me.persona("cellar", visibility="workspace", prompt="Guard the zebra.")
    me.persona("attic", visibility="private", prompt="Guard the zebra.")
    for user in (me, stranger):
        found = user.get("/personas?source=public&q=zebra").json
        assert found["data"] == [
            {"id": mine["id"], "name": mine["name"], "language": "tr", "tags": ["sea"]},
        ]
    assert stranger.get("/personas?source=public&q=zebra&tag=sea&language=tr").json["data"]
    assert not stranger.get("/personas?source=public&q=zebra&language=en").json["data"]
    assert stranger.get("/personas?q=zebra").json["data"] == []
    assert me.get("/personas?source=public&label=beta").status == 400
    assert me.get("/personas?source=everybody").status == 400
    me.delete("/personas/lighthouse")
    assert not stranger.get("/personas?source=public&q=zebra").json["data"]


@pytest.mark.parametrize(
    ("query", "place", "kind"),
    [
        ("limit=0", "limit", "type_error"),
        ("limit=201", "limit", "type_error"),
        ("limit=999999999999999999999999", "limit", "type_error"),
        ("limit=many", "limit", "type_error"),
        ("after=garbage", "after", "value_error"),
        ("after=", "after", "value_error"),
        ("after=psn_%00", "after", "value_error"),
        ("after=" + "psn_" + "a" * 200, "after", "type_error"),
        ("visibility=secret", "visibility", "type_error"),
        ("q=" + "a" * 201, "q", "type_error"),
        ("tag=" + "%25" * 20_000, "tag", "type_error"),
        ("language=" + "a" * 60_000, "language", "type_error"),
        ("label=" + "a" * 65, "label", "type_error"),
        ("q=%00", "q", "value_error"),
        ("tag=a%00", "tag", "value_error"),
    ],
)
def test_a_wrong_parameter_is_told(me: User, query: str, place: str, kind: str) -> None:
    assert details(me.get(f"/personas?{query}")) == [(["query", place], kind)]


def test_odd_bytes_in_a_search_find_nothing(me: User) -> None:
    me.persona()
    for query in ("q=%ff%fe", "tag=%ED%A0%80", "q=%F0%9F%98%80", "language=%ff"):
        assert slugs(me, query) == []


def test_others_personas_are_not_found(me: User, stranger: User) -> None:
    me.persona("mine", "A hidden word.")
    me.persona("ours", "A hidden word.", visibility="workspace")
    me.persona("open", "A hidden word.", visibility="public")
    me.persona("gone", "A hidden word.", visibility="workspace")
    me.delete("/personas/gone")
    assert slugs(me, "q=hidden") == ["open", "ours", "mine"]
    assert slugs(me.colleague(), "q=hidden") == ["open", "ours"]
    assert slugs(stranger, "q=hidden") == []
