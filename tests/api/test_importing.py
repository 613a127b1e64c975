"""`POST /v1/personas/import`: documents of other products become personas of the caller's workspace."""

import base64
import json
from typing import Any

import pytest

from gateway.importing import pictures
from tests.api.conftest import User, refused
from tests.fakes.upstream import ScriptedUpstream

CARD = json.dumps({"data": {"name": "Edith", "description": "Keeps the library for {{user}}."}})
PROMPT = {"id": "pmpt_68a1", "version": "3", "instructions": "Serve {{guest}}.", "name": "Waiter"}


def brought(me: User, form: str, text: str, **more: Any) -> list[dict[str, Any]]:
    reply = me.post("/personas/import", {"format": form, "text": text, **more})
    assert reply.status == 200, reply.body
    return list(reply.json["data"])


def test_a_card_in_a_picture_talks_at_once(me: User, upstream: ScriptedUpstream) -> None:
    picture = pictures.with_card(pictures.blank(), {b"chara": CARD.encode()})
    body = {"format": "card", "base64": base64.b64encode(picture).decode()}
    (taken,) = me.post("/personas/import", body).json["data"]
    assert (taken["slug"], taken["outcome"], taken["version"]) == ("edith", "created", 1)
    assert me.chat("persona/edith").status == 200
    text = upstream.seen[-1].json["messages"][0]["content"]
    assert text.endswith("Keeps the library for you.")


def test_a_stored_prompt_is_called_as_before(me: User, upstream: ScriptedUpstream) -> None:
    brought(me, "openai-prompt", json.dumps(PROMPT))
    newer = json.dumps({**PROMPT, "version": "5", "instructions": "Greet {{guest}}."})
    (taken,) = brought(me, "openai-prompt", newer)
    assert (taken["version"], taken["alias"]) == (2, "pmpt_68a1")
    said = []
    for version in ("3", "5", None):
        prompt = {"id": "pmpt_68a1", "version": version, "variables": {"guest": "Mert"}}
        body = {"messages": [{"role": "user", "content": "Hi"}], "prompt": prompt}
        assert me.post("/openai/chat/completions", body).status == 200
        said.append(upstream.seen[-1].json["messages"][0]["content"])
    assert said == ["Serve Mert.", "Greet Mert.", "Greet Mert."]
    asked = {"id": "pmpt_68a1", "version": "3", "variables": {"guest": "Ada"}}
    with_id_alone = me.post("/openai/responses", {"input": "Hi", "prompt": asked}).json
    assert (with_id_alone["status"], with_id_alone["prompt"]) == ("completed", asked)
    assert upstream.seen[-1].json["messages"][0]["content"] == "Serve Ada."
    me.delete("/personas/waiter?purge=true")
    refused(me.get("/personas/pmpt_68a1"), 404, "persona.not_found")


def test_an_import_again_changes_nothing_and_labels_are_moved(me: User) -> None:
    prompts = json.dumps([{"name": "a", "version": 1, "prompt": "One.", "labels": ["production"]}])
    (first,), (again,) = brought(me, "langfuse", prompts), brought(me, "langfuse", prompts)
    assert (first["outcome"], again["outcome"], again["version"]) == ("created", "unchanged", 1)
    assert me.get("/personas/a").json["labels"] == {"production": 1}


@pytest.mark.parametrize(
    ("body", "status", "place"),
    [
        ({"format": "card"}, 400, "text"),
        ({"format": "card", "text": "{}", "base64": "e30="}, 400, "text"),
        ({"format": "card", "base64": "%%"}, 400, "base64"),
        ({"format": "card", "text": "{}"}, 422, "text"),
        ({"format": "card", "text": '{"name":"—","description":"x"}'}, 422, "slug"),
        ({"format": "cards", "text": "{}"}, 400, "format"),
        ({"format": "promptfoo", "text": "prompts: [a, b]", "slug": "x"}, 400, "slug"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_stored(
    me: User, body: dict[str, Any], status: int, place: str
) -> None:
    reply = me.post("/personas/import", body)
    code = "request.invalid" if status == 400 else "persona.schema_violation"
    assert refused(reply, status, code)["details"][0]["loc"][0] == place
    assert me.get("/personas").json["data"] == []


def test_nobodys_private_persona_is_written_over_and_no_alias_is_taken_away(me: User) -> None:
    other = me.colleague()
    other.persona("edith", visibility="private")
    refused(me.post("/personas/import", {"format": "card", "text": CARD}), 409, "persona.slug_taken")
    brought(me, "openai-prompt", json.dumps(PROMPT), slug="one")
    reply = me.post(
        "/personas/import", {"format": "openai-prompt", "text": json.dumps(PROMPT), "slug": "two"}
    )
    refused(reply, 409, "persona.slug_taken")
    assert [each["slug"] for each in me.get("/personas").json["data"]] == ["one"]
