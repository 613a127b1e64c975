"""Every error leads to its explanation, which the gateway serves by itself."""

import re
from pathlib import Path

import pytest

from gateway import config
from gateway.errors import Fault
from gateway.openapi import errors
from tests.conftest import Start
from tests.e2e.wire import connect, fetch
from tests.fakes.process import Gateway
from tests.fakes.sockets import read_until

DOCS = Path(__file__).parents[2] / "docs" / "errors.md"
PUBLIC = "https://personas.example.com/gateway"


def test_the_page_in_docs_is_what_the_catalogue_makes_of_it() -> None:
    assert DOCS.read_text("utf-8") == errors.markdown(), "`make docs` writes it anew"


def test_every_fault_is_explained_at_its_anchor(gateway: Gateway) -> None:
    reply = fetch(gateway, "/docs/errors", key="")
    html = reply.body.decode()
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert re.findall(r'<article id="(\w+)">', html) == re.findall(r'<a id="(\w+)">', DOCS.read_text("utf-8"))
    assert {fault.anchor for fault in Fault} == set(re.findall(r'<article id="(\w+)">', html))
    for fault in Fault:
        assert f">{fault.code}</a>" in html


def test_the_page_of_errors_needs_nothing_from_elsewhere(gateway: Gateway) -> None:
    reply = fetch(gateway, "/docs/errors", key="")
    html = reply.body.decode()
    assert not re.search(r"https?://|@import|\burl\(|<link|<img|<script|\ssrc=|\sstyle=", html)
    assert "default-src 'none'" in reply.headers["content-security-policy"]


def test_an_error_leads_to_where_the_gateway_listens_whatever_host_the_caller_names(gateway: Gateway) -> None:
    root = gateway.base_url.removesuffix("/v1/openai")
    for headers in ({}, {"host": "evil.example.com"}, {"x-forwarded-host": "evil.example.com"}):
        url = fetch(gateway, "/v1/personas/nobody", headers=headers).error["doc_url"]
        assert url == f"{root}/docs/errors#persona_not_found"


def test_an_error_leads_to_the_public_address_where_there_is_one(start: Start) -> None:
    gateway = start(f'[server]\npublic_url = "{PUBLIC}/"\n')
    expected = f"{PUBLIC}/docs/errors#"
    assert fetch(gateway, "/nothing").error["doc_url"] == expected + "route_not_found"
    assert fetch(gateway, "/v1/keys", key="").error["doc_url"] == expected + "auth_invalid_key"
    with connect(gateway) as peer:
        peer.sendall(b"nonsense\r\n\r\n")
        assert f"{expected}request_invalid".encode() in read_until(peer, b"}}")


@pytest.mark.parametrize(
    "url", ["personas.example.com", "ftp://x", "https://x/?a=b", "https://x/#y", "https://a b"]
)
def test_a_public_address_that_is_none_is_refused(url: str, tmp_path: Path) -> None:
    place = tmp_path / "config.toml"
    place.write_text(f'[server]\npublic_url = "{url}"\n', "utf-8")
    with pytest.raises(config.ConfigError, match=r"\[server\] public_url: an http:// or https:// address"):
        config.load(place, {})


def test_the_public_address_can_come_from_the_environment() -> None:
    loaded = config.load(None, {"PERSONA__SERVER__PUBLIC_URL": "https://personas.example.com/"})
    assert loaded.server.public_url == "https://personas.example.com"
