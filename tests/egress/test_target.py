"""A URL is refused by its form alone where that leads nowhere good."""

import pytest

from gateway.egress.target import EgressError, named, target


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://example.com/a?b=c#d", "example.com", 443),
        ("http://Example.COM.", "example.com", 80),
        ("https://example.com:80/", "example.com", 80),
        ("https://bücher.example/", "xn--bcher-kva.example", 443),
        ("https://example。com/", "example.com", 443),
        ("http://8.8.8.8/", "8.8.8.8", 80),
        ("http://[2606:4700:0:0::1111]/", "2606:4700::1111", 80),
    ],
)
def test_a_good_url_leads_to_a_host_and_a_port(url: str, host: str, port: int) -> None:
    found = target(url, ())
    assert (found.host, found.port, found.is_open) == (host, port, False)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "http:///etc",
        "http://example.com:22/",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://user@example.com/",
        "http://user:s3cret@example.com/",
        "http://a b/",
        "http://a..b/",
        "http://example.com\\@127.0.0.1/",
        f"http://{'a' * 300}.com/",
        f"http://example.com/{'a' * 9000}",
        "http://127.0.0.1/",
        "http://127.0.0.1./",
        "http://127.1/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://0x7f.0.0.1/",
        "http://0x7f000001/",
        "http://134744072/",
        "http://1.2.3.4.5/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[fe80::1%25lo]/",
        "http://[::]/",
        "http://0/",
        "http://１２７.0.0.1/",
        "http://①②⑦.⓪.⓪.①/",
        "http://169.254.169.254/latest/meta-data",
    ],
)
def test_a_url_that_leads_nowhere_good_is_refused(url: str) -> None:
    with pytest.raises(EgressError) as found:
        target(url, ())
    assert found.value.why == "refused"
    assert "s3cret" not in str(found.value)
    assert "meta-data" not in str(found.value)


def test_what_the_operator_has_opened_is_open() -> None:
    allowed = [named(entry) for entry in ("Search.internal:8888", "10.0.0.5:9000", "[0:0::1]:9000")]
    for url in ("http://search.internal:8888/", "http://10.0.0.5:9000/", "https://[::1]:9000/"):
        assert target(url, allowed).is_open
    for url in ("http://search.internal:8889/", "http://10.0.0.6:9000/", "http://10.0.0.5/"):
        with pytest.raises(EgressError):
            target(url, allowed)
    assert target("http://10.0.0.7:1234/", (), is_configured=True).is_open


@pytest.mark.parametrize(
    ("here", "there", "is_same"),
    [
        ("https://a.com/", "https://a.com/b", True),
        ("http://a.com/", "https://a.com/", True),
        ("https://a.com/", "http://a.com/", False),
        ("https://a.com/", "https://www.a.com/", False),
        ("http://a.com/", "http://a.com:443/", False),
    ],
)
def test_a_redirect_stays_on_its_host_and_never_leaves_tls(here: str, there: str, is_same: bool) -> None:
    assert target(here, ()).is_same_host(target(there, ())) == is_same
