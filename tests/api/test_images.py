"""Portraits of a project's personas: made, paid for, shown, styled and erased."""

import base64
from typing import Any

import pytest

from gateway.images.store import PORTRAITS
from gateway.projects.identity import persona_of
from tests.api.conftest import User, made, refused, statement
from tests.e2e.wire import Reply, fetch
from tests.fakes.pictures import JPEG, PICTURE, USAGE, WEBP, painted
from tests.fakes.process import Gateway
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import json_answer, status

PROMPT = "You are an impatient user in a red coat."


@pytest.fixture(autouse=True)
def painter(upstream: ScriptedUpstream) -> ScriptedUpstream:
    upstream.by_path("/images/generations", painted(PICTURE))
    upstream.by_path("/images/edits", painted(JPEG))
    return upstream


def ask(user: User, method: str, place: str, body: object = None) -> Reply:
    path = f"/api/projects/{user.workspace}{place}"
    return fetch(user.gateway, path, body, key=user.key, method=method)


def make(user: User, **more: Any) -> str:
    persona = made(ask(user, "POST", "/personas", {"name": "impatient", "systemPrompt": PROMPT, **more}))
    return str(persona["id"])


def draw(user: User, persona: str) -> Reply:
    return ask(user, "POST", f"/personas/{persona}/generate-image")


def show(user: User, image: str, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return fetch(user.gateway, f"/api/images/{image}", key=user.key, headers=named)


def style(user: User, data: bytes = PICTURE, name: str = "ink") -> Reply:
    return ask(user, "POST", "/style-images", {"image": base64.b64encode(data).decode(), "name": name})


def kept(gateway: Gateway) -> set[str]:
    folder = gateway.folder / "images"
    return {file.name for file in folder.iterdir()} if folder.is_dir() else set()


def test_a_portrait_is_made_shown_and_paid_for(me: User, painter: ScriptedUpstream) -> None:
    persona = make(me)
    before = ask(me, "GET", f"/personas/{persona}").json
    assert "imageUrl" not in before
    reply = draw(me, persona)
    assert reply.status == 200, reply.body
    image = reply.json["imageUrl"]
    assert reply.json == before | {"imageUrl": image, "updatedAt": reply.json["updatedAt"]}
    assert ask(me, "GET", "/personas").json == [reply.json]
    assert PROMPT in painter.seen[-1].json["prompt"]
    shown = show(me, image)
    assert (shown.status, shown.body) == (200, PICTURE)
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["cache-control"] == "private, max-age=3600"
    again = show(me, image, if_none_match=shown.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    until(lambda: me.get("/turns").json["data"])
    (turn,) = me.get("/turns").json["data"]
    assert (turn["upstream"], turn["status"]) == ("main/gpt-image-1", "completed")
    assert turn["usage"]["total_tokens"] == USAGE["total_tokens"]
    assert turn["cost_usd"] == pytest.approx((100 * 5 + 1000 * 40) / 1e6)
    assert me.get("/usage").json["data"][0]["cost_usd"] == pytest.approx(turn["cost_usd"])


def test_a_budget_that_is_too_small_is_told_before_anything_is_made(
    me: User, painter: ScriptedUpstream
) -> None:
    poor, rich, asked = make(me), make(me, name="rich"), len(painter.seen)
    for persona, limit in ((poor, 0.1), (rich, 1)):
        assert me.put(f"/budgets/{persona_of(persona)}/usd/day", {"limit": limit}).status == 200
    refused(draw(me, poor), 402, "budget.exceeded")
    assert len(painter.seen) == asked
    assert draw(me, rich).status == 200
    until(lambda: sum(each["spent"] for each in me.get("/budgets").json["data"]) > 0)


@pytest.mark.parametrize(
    ("answer", "code", "word"),
    [
        (
            json_answer({"data": [{"b64_json": base64.b64encode(b"<svg/>").decode()}]}),
            503,
            "provider.unavailable",
        ),
        (json_answer({"data": []}), 503, "provider.unavailable"),
        (json_answer({"data": [{"url": "http://127.0.0.1:1/a.png"}]}), 503, "provider.unavailable"),
        (json_answer({"data": [{"url": "file:///etc/passwd"}]}), 503, "provider.unavailable"),
        (status(400), 400, "provider.rejected_request"),
        (status(401), 502, "provider.rejected_credentials"),
    ],
)
def test_what_an_upstream_refuses_or_gets_wrong_leaves_no_image(
    me: User, painter: ScriptedUpstream, answer: Any, code: int, word: str
) -> None:
    persona = make(me)
    painter.by_path("/images/generations", answer)
    refused(draw(me, persona), code, word)
    assert "imageUrl" not in ask(me, "GET", f"/personas/{persona}").json


def test_errors_are_told_in_the_words_of_the_api(me: User) -> None:
    blank = make(me, name="blank", systemPrompt="")
    error = refused(draw(me, blank), 400, "persona.without_prompt")
    assert error["message"] == "Persona has no system prompt"
    nobody = "987fcdeb-51a2-3bc4-d567-890123456789"
    assert refused(draw(me, nobody), 404, "persona.not_found")["message"] == "Persona not found"


def test_style_images_are_sent_with_the_order(me: User, painter: ScriptedUpstream) -> None:
    persona = make(me)
    first, second = made(style(me)), made(style(me, WEBP, "wash"))
    assert first.keys() == {"id", "name", "size", "createdAt"}
    assert first["size"] == len(PICTURE)
    assert [each["id"] for each in ask(me, "GET", "/style-images").json] == [first["id"], second["id"]]
    assert show(me, second["id"]).headers["content-type"] == "image/webp"
    image = draw(me, persona).json["imageUrl"]
    assert show(me, image).body == JPEG
    seen = painter.seen[-1]
    assert seen.path.endswith("/images/edits")
    assert seen.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert all(part in seen.body for part in (PICTURE, WEBP, b"gpt-image-1", PROMPT.encode()))
    for each in (first, second):
        assert ask(me, "DELETE", f"/style-images/{each['id']}").status == 204
        assert show(me, each["id"]).status == 404
    assert refused(ask(me, "DELETE", f"/style-images/{image}"), 404, "image.not_found")
    draw(me, persona)
    assert painter.seen[-1].path.endswith("/images/generations")
    until(lambda: not {first["id"], second["id"]} & kept(me.gateway), within=60)


def test_style_images_have_bounds(me: User) -> None:
    for body in ({"image": "no base64!"}, {"image": base64.b64encode(b"GIF89a").decode()}, {"image": ""}):
        assert refused(ask(me, "POST", "/style-images", body), 422, "image.schema_violation")["details"]
    large = PICTURE + b"\0" * (4 << 20)
    assert refused(style(me, large), 422, "image.schema_violation")
    assert refused(style(me, large * 2), 413, "request.too_large")
    assert refused(style(me, name="x" * 201), 422, "image.schema_violation")
    for _ in range(8):
        made(style(me))
    assert refused(style(me), 409, "image.too_many")


def test_an_image_may_be_chosen_anew_and_taken_away(me: User, stranger: User) -> None:
    persona = make(me)
    first, second = (draw(me, persona).json["imageUrl"] for _ in range(2))
    place = f"/personas/{persona}"
    shown = ask(me, "GET", place).json
    assert shown["imageUrl"] == second
    assert ask(me, "PUT", place, shown).json == shown
    assert ask(me, "PUT", place, {"imageUrl": first}).json["imageUrl"] == first
    assert "imageUrl" not in ask(me, "PUT", place, {"imageUrl": None}).json
    theirs = draw(stranger, make(stranger)).json["imageUrl"]
    for image in (theirs, "nonsense", "a1b2c3d4-e5f6-7890-abcd-ef1234567890.png"):
        error = refused(ask(me, "PUT", place, {"imageUrl": image}), 422, "persona.schema_violation")
        assert error["details"][0]["loc"] == ["imageUrl"]


def test_images_go_with_their_persona(me: User) -> None:
    persona, other = make(me), make(me, name="other")
    image = draw(me, persona).json["imageUrl"]
    ask(me, "PUT", f"/personas/{other}", {"imageUrl": image})
    assert image in kept(me.gateway)
    assert ask(me, "DELETE", f"/personas/{persona}").status == 204
    assert refused(show(me, image), 404, "image.not_found")
    assert "imageUrl" not in ask(me, "GET", f"/personas/{other}").json
    until(lambda: image not in kept(me.gateway), within=60)
    assert not statement(me.gateway, "SELECT id FROM images WHERE id = ?", image)


def test_a_private_persona_s_image_is_its_owner_s_alone(me: User, stranger: User) -> None:
    persona_id = me.persona("hidden", visibility="private")["id"]
    listed = {each["name"]: each["id"] for each in ask(me, "GET", "/personas").json}
    assert persona_of(listed["hidden"]) == persona_id
    image = draw(me, listed["hidden"]).json["imageUrl"]
    assert show(me, image).status == 200
    for other in (me.colleague(), stranger):
        assert refused(show(other, image), 404, "image.not_found")
    assert refused(show(me.colleague("chat:invoke"), image), 403, "auth.missing_scope")
    assert show(User(me.gateway, ""), image).status == 401


def test_images_that_are_too_many_or_were_never_finished_are_erased(me: User) -> None:
    persona = make(me)
    first = draw(me, persona).json["imageUrl"]
    # The shown one and twenty more stay; the store is told of older ones, which costs no drawing.
    insert = "INSERT INTO images (id, workspace_id, persona_id, name, size, created_at, gone_at) VALUES "
    for number in range(PORTRAITS + 1):
        name = f"{number:08x}-0000-0000-0000-000000000000.png"
        values = (name, me.workspace, persona_of(persona), number)
        statement(me.gateway, f"{insert} (?, ?, ?, '', 1, ?, NULL)", *values)
    lost = "ffffffff-0000-0000-0000-000000000000.png"
    (me.gateway.folder / "images" / lost).write_bytes(PICTURE)
    statement(me.gateway, f"{insert} (?, ?, NULL, '', 1, 1, 1)", lost, me.workspace)
    newest = draw(me, persona).json["imageUrl"]
    until(lambda: lost not in kept(me.gateway), within=60)
    query = "SELECT id FROM images WHERE workspace_id = ?"
    until(lambda: len(statement(me.gateway, query, me.workspace)) == PORTRAITS + 1, within=60)
    left = {row[0] for row in statement(me.gateway, query, me.workspace)}
    assert {first, newest} <= left
    assert "00000000-0000-0000-0000-000000000000.png" not in left
