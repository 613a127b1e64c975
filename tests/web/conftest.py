"""A browser, and a gateway with traffic behind it, for all tests of the page."""

import json
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.e2e.wire import fetch
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import answer_chunks, completion
from tests.fakes.upstream_scripts import Script, events, json_answer
from tests.fakes.upstream_wire import Seen

if TYPE_CHECKING:
    # Playwright may be missing.
    from tests.web.reader import Reader

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SLUG = "the-night-librarian"
GOOD = "Sit down, dear, the kettle is warm and the tide is in no hurry."
BAD = "As an AI language model, I do not have personal feelings. How can I assist you today?"
PLEDGE = "You are a helpful assistant."


class Traffic(NamedTuple):
    """A gateway that was talked to, and what there is to find."""

    gateway: Gateway
    conversation: str
    moved_at: str

    def get(self, path: str) -> Any:
        reply = fetch(self.gateway, path)
        assert reply.status == 200, reply.body
        return reply.json

    def send(self, method: str, path: str, body: object) -> Any:
        reply = fetch(self.gateway, path, body, method=method)
        assert reply.status < 300, reply.body
        return reply.json


def _script(seen: Seen) -> Script:
    body = seen.json
    text = BAD if PLEDGE in json.dumps(body["messages"]) else GOOD
    return events(answer_chunks(text)) if body.get("stream") else json_answer(completion(text))


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traffic]:
    """Version 1 is in character, version 2 is not, and the label has been moved there and back."""
    with ScriptedUpstream() as upstream:
        upstream.always(_script)
        table = upstream_table("main", upstream.base_url, 'default_model = "gpt-4o-mini"')
        gateway = Gateway(
            tmp_path_factory.mktemp("page"), table + PATIENT + '[generation]\nupstream = "main"\n'
        )
        gateway.start()
        made = Traffic(gateway, "", "")
        try:
            yield _talk(made)
        finally:
            gateway.stop()


def _talk(made: Traffic) -> Traffic:
    def say(name: str, times: int) -> None:
        for number in range(times):
            body = {"model": f"persona/{name}", "messages": [{"role": "user", "content": f"Hello? {number}"}]}
            made.send("POST", "/v1/openai/chat/completions", body)

    prompt = made.get(f"/v1/personas/{SLUG}")["prompt"]
    label = f"/v1/personas/{SLUG}/labels/production"
    made.send("PUT", label, {"version": 1})
    say(f"{SLUG}@v1", 8)
    made.send("PATCH", f"/v1/personas/{SLUG}", {"prompt": f"{prompt}\n{PLEDGE}"})
    made.send("PUT", label, {"version": 2})
    say(f"{SLUG}@v2", 6)
    opened = made.send("POST", "/v1/chat/conversations", {"persona": f"{SLUG}@v2", "title": "Late"})["id"]
    for text in ("Who are you?", "Are you sure?", "What do you read?"):
        made.send("POST", f"/v1/chat/conversations/{opened}/messages", {"message": text})
    until(lambda: len(made.get("/v1/turns?limit=200")["data"]) == 17)
    moves = made.get(f"/v1/personas/{SLUG}/labels")["data"]
    return Traffic(made.gateway, opened, moves[0]["at"])


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from tests.web.reader import playwright

    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def reader(browser: Any, traffic: Traffic) -> Iterator["Reader"]:
    from tests.web.reader import Reader

    reader = Reader(browser, traffic)
    reader.sign_in(traffic.gateway.key)
    yield reader
    reader.context.close()


@pytest.fixture
def page(reader: "Reader") -> Iterator["Reader"]:
    """The reader, with nothing to complain of before and after."""
    from tests.web.reader import WIDE

    reader.leave()
    reader.page.set_viewport_size(WIDE)
    reader.page.emulate_media(color_scheme="light")
    reader.complaints.clear()
    yield reader
    assert reader.complaints == []
    assert reader.hosts == {urlsplit(reader.root).netloc}
