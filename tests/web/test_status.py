"""`/status`, for a browser and for machines."""

import json

import pytest

import gateway
from gateway.web.status import Status, lasting, page
from gateway.work.store.rows import Depth
from tests.e2e.wire import fetch
from tests.fakes.process import Gateway

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/json, text/html;q=0.5", "application/json"),
        ("image/png", "application/json"),
        ("text/html", "text/html; charset=utf-8"),
        (BROWSER, "text/html; charset=utf-8"),
    ],
)
def test_a_browser_gets_a_page_and_everybody_else_json(
    shared_gateway: Gateway, accept: str | None, kind: str
) -> None:
    headers = {} if accept is None else {"accept": accept}
    reply = fetch(shared_gateway, "/status", key="", headers=headers)
    assert (reply.status, reply.headers["content-type"], reply.headers["vary"]) == (200, kind, "accept")


def test_the_status_tells_no_more_than_readiness_and_the_version(shared_gateway: Gateway) -> None:
    status = fetch(shared_gateway, "/status", key="").json
    ready = fetch(shared_gateway, "/health/ready", key="").json
    assert status.keys() - ready.keys() == {"version", "uptime_seconds", "workers"}
    assert (status["version"], status["workers"]) == (gateway.__version__, 1)
    assert status["upstreams"].keys() == ready["upstreams"].keys()
    assert status["work"].keys() == ready["work"].keys()
    shown = fetch(shared_gateway, "/status", key="", headers={"accept": "text/html"})
    style = shown.body.decode().partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert fetch(shared_gateway, style, key="").headers["content-type"] == "text/css; charset=utf-8"
    assert shown.headers["content-security-policy"].startswith("default-src 'none'")
    for secret in (shared_gateway.key, *(json.dumps(name) for name in ("last_failure", "judge"))):
        assert secret not in shown.body.decode()


def test_a_state_is_said_in_words_and_names_are_escaped() -> None:
    status = Status("degraded", "1", 90_061, 2, True, "degraded", "ok", {"<b>": "degraded"}, Depth(waiting=7))
    shown = page(status, "abc")
    for words in (
        "a part does not work</strong>, and it is about to end.",
        "<dt>Up for</dt><dd>1 d 1 h</dd>",
        "<dt>&lt;b&gt;</dt><dd>degraded</dd>",
        "<dt>Waiting</dt><dd>7</dd>",
        "<dt>Store</dt><dd>degraded</dd>",
    ):
        assert words in shown
    unread = page(Status("unavailable", "1", 0, 1, False, "degraded", "ok", {}, None), "abc")
    assert "has not been read yet" in unread
    assert "<p>None.</p>" in unread


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (61, "1 min 1 s"), (3_600, "1 h 0 min"), (200_000, "2 d 7 h")]
)
def test_a_time_has_two_units(seconds: int, text: str) -> None:
    assert lasting(seconds) == text
