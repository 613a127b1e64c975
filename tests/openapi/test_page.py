"""The page for people: whole by itself, and nothing from elsewhere."""

import base64
import hashlib
import re

from tests.e2e.wire import fetch
from tests.fakes.process import Gateway


def test_a_page_holds_all_that_it_needs_and_its_policy_forbids_the_rest(gateway: Gateway) -> None:
    reply = fetch(gateway, "/docs", key="")
    html = reply.body.decode()
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert not re.search(r"https?://|//[a-z]+\.|@import|\burl\(|<link|<img|<iframe|\ssrc=", html)
    policy = dict(each.split(" ", 1) for each in reply.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert policy[directive] == f"'sha256-{digest}'"
        assert len(inside) > 100
    assert not re.search(r"\sstyle=|\son[a-z]+=", html)


def test_the_page_never_makes_markup_of_text(gateway: Gateway) -> None:
    html = fetch(gateway, "/docs", key="").body.decode()
    assert "innerHTML" not in html
    assert "insertAdjacentHTML" not in html
    assert "eval(" not in html


def test_the_document_needs_no_key_and_is_the_same_each_time(gateway: Gateway) -> None:
    first, second = (fetch(gateway, "/openapi.json", key="") for _ in range(2))
    assert (first.status, first.headers["content-type"]) == (200, "application/json")
    assert first.body == second.body
    assert first.json["openapi"] == "3.1.0"


def test_nothing_else_is_below_the_page(gateway: Gateway) -> None:
    for path in ("/docs/swagger", "/docs/openapi.json", "/docs/redoc", "/schema"):
        assert fetch(gateway, path).error["code"] == "route.not_found"


def test_the_page_names_no_key(gateway: Gateway) -> None:
    assert "$PERSONA_API_KEY" in fetch(gateway, "/docs", key="").body.decode()
