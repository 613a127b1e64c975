"""Pages in a browser: which of them may call, and what they may read."""

import httpx
import pytest

from gateway.openapi.headers import ANSWERED
from gateway.server.cors import EXPOSED
from tests.conftest import LIBRARIAN, Start
from tests.e2e.conftest import hello
from tests.fakes.process import Gateway, upstream_table
from tests.fakes.upstream import ScriptedUpstream

PAGE = "https://chat.example.com"
CHAT = "/v1/openai/chat/completions"
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,x-new"}


def served(start: Start, upstream: ScriptedUpstream, origins: str) -> Gateway:
    table = upstream_table("main", upstream.base_url, 'default_model = "gpt-4o-mini"')
    return start(f"[server]\ncors_origins = {origins}\n{table}")


@pytest.mark.parametrize(
    "path", [CHAT, "/v1/openai/embeddings", "/v1/personas", "/v1/nowhere", "/health/ready"]
)
def test_a_preflight_is_answered_on_every_path(start: Start, upstream: ScriptedUpstream, path: str) -> None:
    gateway = served(start, upstream, f'["{PAGE}"]')
    answer = httpx.options(gateway.root + path, headers={"origin": PAGE, **PREFLIGHT})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "authorization,x-new"
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["x-request-id"].startswith("req_")
    other = httpx.options(gateway.root + path, headers={"origin": "https://evil.example.com", **PREFLIGHT})
    assert (other.status_code, other.headers.get("access-control-allow-origin")) == (400, None)


def test_a_page_may_read_every_header_that_the_document_names() -> None:
    assert {name.lower() for name in ANSWERED} == {name.lower() for name in EXPOSED}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", [LIBRARIAN, "persona/nobody"])
def test_a_page_may_read_the_answer_and_what_its_head_says(
    start: Start, upstream: ScriptedUpstream, stream: bool, model: str
) -> None:
    gateway = served(start, upstream, f'["{PAGE}"]')
    asked = {"model": model, "messages": hello(), "stream": stream}
    headers = {"authorization": f"Bearer {gateway.key}", "origin": PAGE}
    answer = httpx.post(gateway.root + CHAT, json=asked, headers=headers)
    assert answer.headers["access-control-allow-origin"] == PAGE
    exposed = {name.strip() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert {"X-Persona", "X-Request-Id", "X-Persona-Drift-Voice", "X-RateLimit-Remaining"} <= exposed
    other = httpx.post(
        gateway.root + CHAT, json=asked, headers={**headers, "origin": "https://evil.example.com"}
    )
    assert other.status_code == answer.status_code
    assert "access-control-allow-origin" not in other.headers


def test_every_page_may_call_where_that_is_said(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = served(start, upstream, '["*"]')
    answer = httpx.get(f"{gateway.root}/v1/personas", headers={"origin": "null"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, "*")


def test_no_page_may_call_unless_it_is_named(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = served(start, upstream, "[]")
    answer = httpx.options(gateway.root + CHAT, headers={"origin": PAGE, **PREFLIGHT})
    assert "access-control-allow-origin" not in answer.headers
