"""Render: exactly what a chat request would become."""

import hashlib
import json
from typing import Any

import pytest

from tests.api.conftest import User, refused
from tests.fakes.until import within_a_second
from tests.fakes.upstream import ScriptedUpstream

BODY: dict[str, Any] = {
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi 😀"}],
    "x-unknown": [1.0, {"a": None}],
}


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_rendered_is_what_is_sent(me: User, upstream: ScriptedUpstream, stream: bool) -> None:
    me.persona(defaults={"temperature": 0.25})
    body = BODY | {"stream": stream}
    rendered = me.post("/personas/muse/render", body).json
    assert (rendered["model"], rendered["upstream"]) == ("persona/muse@v1", "main/gpt-4o-mini")
    assert upstream.seen == []
    answer = me.post("/openai/chat/completions", body | {"model": "persona/muse"})
    assert answer.headers["x-persona-prompt-sha256"] == rendered["prompt_sha256"]
    sent = upstream.seen[-1].body
    assert hashlib.sha256(sent).hexdigest() == rendered["sha256"]
    assert json.loads(sent) == rendered["request"]
    text = rendered["request"]["messages"][0]["content"]
    assert text == "You are a muse.\n\nBe brief."
    assert hashlib.sha256(text.encode()).hexdigest() == rendered["prompt_sha256"]


def test_a_version_or_label_may_be_named(me: User) -> None:
    me.persona(prompt="One.")
    me.patch("/personas/muse", {"prompt": "Two."})

    def says(ref: str) -> str:
        reply = me.post(f"/personas/{ref}/render", {"messages": []})
        return str(reply.json["request"]["messages"][0]["content"]) if reply.status == 200 else ""

    assert says("muse@v1") == says("muse%40v1") == "One."
    within_a_second(lambda: says("muse") == says("muse@latest") == "Two.")
    refused(me.post("/personas/muse@v3/render", {"messages": []}), 404, "persona.not_found")


def test_what_a_chat_would_refuse_render_refuses(me: User, stranger: User) -> None:
    persona = me.persona(overlay="locked", visibility="workspace")
    refused(me.post("/personas/muse/render", BODY), 400, "persona.overlay_locked")
    for body in (b"{", {}, {"messages": "hi"}, {"messages": [], "stream": "yes"}, b"[]", b'"\xff"'):
        assert refused(me.post("/personas/muse/render", body), 400, "request.invalid")["details"]
    told = refused(me.post("/personas/nobody/render", {"messages": []}), 404, "persona.not_found")
    foreign = refused(
        stranger.post(f"/personas/{persona['id']}/render", {"messages": []}), 404, "persona.not_found"
    )
    assert foreign["message"].replace(persona["id"], "nobody") == told["message"]


def test_to_render_what_replaces_the_prompt_the_key_must_write(me: User) -> None:
    me.persona(overlay="replace", visibility="workspace")
    assert me.post("/personas/muse/render", BODY).json["request"]["messages"][0]["content"] == "Be brief."
    assert me.colleague("personas:read").post("/personas/muse/render", BODY).status == 403
