"""The heads of requests, as bytes."""

import pytest

from gateway.config import Upstream
from gateway.upstreams import request as requests
from gateway.upstreams.request import Heads


def head(base_url: str, **settings: object) -> dict[str, str]:
    """Read the fields of a head, its first line under an empty name."""
    upstream = Upstream(base_url=base_url, **settings)  # type: ignore[arg-type]
    first, *lines, end, rest = Heads(upstream).encode("/x", {}, 5).decode().split("\r\n")
    assert (end, rest) == ("", "")
    fields = dict(line.split(": ", 1) for line in lines)
    assert len(fields) == len(lines)
    return {"": first, **fields}


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://upstream.test/v1", "upstream.test"),
        ("http://Upstream.test:80/v1", "upstream.test"),
        ("http://upstream.test:443/v1", "upstream.test:443"),
        ("https://upstream.test:443/v1", "upstream.test"),
        ("https://me:secret@upstream.test:8443/v1", "upstream.test:8443"),
        ("http://[::1]:8000/v1", "[::1]:8000"),
        ("http://bücher.test/v1", "xn--bcher-kva.test"),
    ],
)
def test_the_host_is_named_as_the_url_does(url: str, host: str) -> None:
    assert head(url)["host"] == host


def test_a_configured_host_counts() -> None:
    assert head("http://10.0.0.1/v1", headers={"Host": "upstream.test"})["host"] == "upstream.test"


def test_an_api_key_goes_before_credentials_in_the_url() -> None:
    assert head("http://me:p@upstream.test/v1", api_key="k")["authorization"] == "Bearer k"


def test_a_configured_length_does_not_count() -> None:
    fields = head("http://upstream.test", headers={"Content-Length": "9", "Transfer-Encoding": "chunked"})
    assert fields["content-length"] == "5"
    assert "transfer-encoding" not in fields


def test_the_target_is_ascii_and_keeps_its_escapes() -> None:
    assert head("http://upstream.test/a%2Fb c/ü?q=1 2")[""] == "POST /a%2Fb%20c/%C3%BC/x?q=1%202 HTTP/1.1"


def test_only_so_many_heads_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "HEADS", 3)
    heads = Heads(Upstream(base_url="http://upstream.test"))
    for number in range(10):
        assert b"x-a: %d\r\n" % number in heads.encode("/x", {"X-A": str(number)}, 0)
        assert len(heads._made) <= 3
