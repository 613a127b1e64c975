"""Whom a proxy speaks for is believed as far as proxies are trusted, and no further."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.config import ConfigError, load
from gateway.server.forwarded import networks, origin
from tests.e2e.wire import fetch
from tests.fakes.process import Gateway
from tests.fakes.until import until

TRUSTED = networks(["127.0.0.1", "10.0.0.0/8", "fd00::/8"])


@pytest.mark.parametrize(
    ("peer", "said", "found"),
    [
        ("203.0.113.9", [b"1.2.3.4"], "203.0.113.9"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", [b"198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", [b"1.2.3.4, 198.51.100.7, 10.1.2.3"], "198.51.100.7"),
        ("127.0.0.1", [b"1.2.3.4", b"198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", [b"10.0.0.5"], "10.0.0.5"),
        ("127.0.0.1", [b"198.51.100.7:5123"], "198.51.100.7"),
        ("::ffff:127.0.0.1", [b"[2001:db8::7]:80"], "2001:db8::7"),
        ("127.0.0.1", [b"198.51.100.7, unknown"], "127.0.0.1"),
        ("127.0.0.1", [b"\xff"], "127.0.0.1"),
        ("127.0.0.1", [b"fe80::1%any text"], "127.0.0.1"),
    ],
)
def test_the_last_address_that_is_no_proxy_s_is_the_caller_s(
    peer: str, said: list[bytes], found: str
) -> None:
    assert origin(peer, said, TRUSTED) == found


def test_a_proxy_that_is_no_address_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[server]\ntrusted_proxies = ["proxy.example.com"]\n')
    with pytest.raises(ConfigError, match=r"trusted_proxies: `proxy\.example\.com` is no address"):
        load(file, {})


@pytest.fixture
def behind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Gateway]:
    config = f'[server]\ntrusted_proxies = {request.param}\n[log]\nformat = "json"\n'
    config += '[upstreams.main]\nbase_url = "http://127.0.0.1:9/v1"\ndefault_model = "m"\n'
    gateway = Gateway(tmp_path, config).start()
    yield gateway
    assert gateway.stop() == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("behind", "client"),
    [('["127.0.0.1"]', "198.51.100.7"), ('["10.0.0.0/8"]', "127.0.0.1"), ("[]", None)],
    indirect=["behind"],
)
def test_the_log_tells_the_caller_of_a_trusted_proxy_alone(behind: Gateway, client: str | None) -> None:
    reply = fetch(behind, "/health/live", headers={"x-forwarded-for": "198.51.100.7"})

    def line() -> list[dict[str, Any]]:
        lines = [json.loads(one) for one in behind.log().splitlines() if one.startswith("{")]
        return [one for one in lines if one.get("request") == reply.headers["x-request-id"]]

    assert until(line)[0].get("client") == client
