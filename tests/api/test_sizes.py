"""Sizes: whatever a caller may send, store or be told has a bound, and reaching for it costs little."""

import json
from typing import Any

import pytest

from tests.api.conftest import User, details, made, refused, statement
from tests.e2e.wire import fetch

PERSONA = ("persona.schema_violation", 422)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("examples", ["a"] * 1001),
        ("examples", ["a" * 300_000]),
        ("layers", {"soul": {"text": "a" * 300_000}}),
        ("defaults", {"stop": ["a" * 300_000]}),
        ("headers", {f"x-{number}": "a" for number in range(65)}),
        ("headers", {"x-long": "a" * 17_000}),
        ("upstreams", ["main"] * 33),
        ("upstreams", ["main/" + "a" * 200]),
        ("tags", ["a"] * 51),
        ("name", "ä" * 3_000_000),
        ("prompt", "a" * 530_000),
    ],
)
def test_every_part_of_a_persona_has_a_cap(me: User, field: str, value: object) -> None:
    body = {"slug": "muse", "prompt": "A prompt.", field: value}
    if field == "name":
        del body["slug"]
    reply = me.post("/personas", body)
    if reply.status == 413:
        # Six million bytes of a name are more than any body may have.
        assert field == "name"
    else:
        assert (field in {place[0] for place, _ in details(reply, 422, "persona.schema_violation")}) is True
    assert len(reply.body) < 20_000


def test_a_key_names_so_many_scopes(me: User) -> None:
    for scopes in (["chat:invoke"] * 51, ["a" * 1_000_000]):
        assert details(me.post("/keys", {"scopes": scopes}), 422, "key.schema_violation") == [
            (["scopes"], "value_error")
        ]


@pytest.mark.parametrize(
    "text",
    [
        '{"slug":"muse","prompt":"A","layers":{"soul":{"a":[' + "1," * 30_000 + "1]}}}",
        '{"slug":"muse","prompt":"A","x":{' + ",".join(f'"{number}":1' for number in range(12_000)) + "}}",
        '{"layers":' + "[" * 70 + "]" * 70 + "}",
    ],
)
def test_a_body_of_many_values_is_refused_before_they_are_made(me: User, text: str) -> None:
    for path, method in (("/v1/personas", "POST"), ("/v1/keys", "POST"), ("/v1/personas/muse", "PATCH")):
        reply = fetch(me.gateway, path, text.encode(), key=me.key, method=method)
        assert details(reply) == [([], "json_error")]


def test_a_prompt_of_commas_is_no_list(me: User) -> None:
    prompt = "[,{" * 100_000
    assert me.persona(prompt=prompt)["prompt"] == prompt


def test_a_native_body_is_plain_and_of_four_mebibytes(me: User) -> None:
    refused(me.post("/personas", {"slug": "muse", "prompt": "a" * (4 << 20)}), 413, "request.too_large")
    reply = me.post("/personas", {"slug": "muse", "prompt": "a"}, content_encoding="gzip")
    refused(reply, 415, "request.unsupported_encoding")


def test_a_page_ends_after_two_mebibytes(me: User) -> None:
    for number in range(9):
        me.persona(f"muse-{number}", prompt=f"{number}" * 500_000)
    pages = sizes(me, "/personas")
    assert [len(page) for page in pages] == [4, 4, 1]
    assert [one["slug"] for page in pages for one in page] == [f"muse-{n}" for n in range(8, -1, -1)]
    for number in range(8):
        me.patch("/personas/muse-0", {"prompt": f"x{number}" * 250_000})
    pages = sizes(me, "/personas/muse-0/versions")
    assert [len(page) for page in pages] == [4, 4, 1]
    assert [one["version"] for page in pages for one in page] == list(range(9, 0, -1))
    assert [len(page) for page in me.pages("/personas/muse-0/versions", 3)] == [3, 3, 3]


def sizes(user: User, place: str) -> list[list[dict[str, Any]]]:
    """Return the pages of a list, which end where their bytes do."""
    pages: list[list[dict[str, Any]]] = []
    after = ""
    while True:
        page = user.get(f"{place}?limit=200{after}")
        assert len(page.body) < 3 << 20
        pages.append(page.json["data"])
        if not page.json["has_more"]:
            return pages
        after = f"&after={page.json['next']}"


def test_render_keeps_no_answers(me: User) -> None:
    me.persona()
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    for _ in range(2):
        reply = me.post("/personas/muse/render", body, idempotency_key="one")
        assert reply.status == 200
        assert "idempotent-replayed" not in reply.headers
    assert kept(me) == []


def kept(user: User) -> list[Any]:
    query = "SELECT length(body) FROM idempotency WHERE workspace_id = ?"
    return statement(user.gateway, query, user.workspace)


def test_search_that_looks_for_what_nearly_is_there_is_quick(me: User) -> None:
    for number in range(20):
        me.persona(f"muse-{number}", prompt="a" * 500_000)
    reply = me.get(f"/personas?q={'a+' * 99}b")
    assert (reply.status, json.loads(reply.body)["data"]) == (200, [])
    made(me.post("/personas", {"slug": "last", "prompt": "a" * 70_000 + " needle"}))
    assert me.get("/personas?q=needle").json["data"] == []
    found = me.get(f"/personas?q={'a' * 150}&limit=1").json
    assert (len(found["data"]), found["has_more"]) == (1, True)


def test_a_byte_order_mark_ahead_of_a_body_is_skipped(me: User) -> None:
    made(me.post("/personas", b'\xef\xbb\xbf{"name":"Bom","prompt":"You are Bom."}'))


@pytest.mark.parametrize("half", ["\\ud83d", "\\udc00 b", "\\ud83d\\u0041"])
@pytest.mark.parametrize("path", ["/personas", "/keys"])
def test_half_a_surrogate_pair_is_named(me: User, path: str, half: str) -> None:
    reply = me.post(path, b'{"name":"%b"}' % half.encode())
    assert reply.status == 400
    problem = f"`name` holds half of a surrogate pair, `{half[:6]}` at byte 9; send whole characters"
    assert problem in reply.error["message"]
