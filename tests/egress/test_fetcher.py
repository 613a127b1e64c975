"""The fetcher reaches what it may, once looked up, and takes only so much of it."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from gateway import config
from gateway.egress import target as targets
from gateway.egress import wire
from gateway.egress.fetcher import Fetcher, Limits
from gateway.egress.target import EgressError
from gateway.upstreams import lookup
from gateway.upstreams.lookup import Lookups

PUBLIC, PRIVATE = "127.0.0.2", "127.0.0.1"
"""Two addresses of this machine; in these tests the first one counts as one of the internet."""


class Site:
    """A server that does what the path says, on both addresses."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, bytes, dict[str, str]]] = []
        self.came_to: list[str] = []
        self.location = "/end"
        self.port = 0

    def at(self, host: str, path: str = "") -> str:
        return f"http://{host}:{self.port}/{path}"

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        self.came_to.append(request.transport.get_extra_info("sockname")[0])
        told = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append((request.method, request.path, await request.read(), told))
        answer = getattr(self, request.path.strip("/"), None)
        if answer is None:
            return web.Response(text="found", headers={"X-Kind": "plain"})
        found: web.StreamResponse = await answer(request)
        return found

    async def redirect(self, _: web.BaseRequest) -> web.Response:
        return web.Response(status=302, headers={"Location": self.location})

    async def loop(self, _: web.BaseRequest) -> web.Response:
        return web.Response(status=302, headers={"Location": "/loop"})

    async def large(self, _: web.BaseRequest) -> web.Response:
        return web.Response(body=b"x" * 5000)

    async def packed(self, _: web.BaseRequest) -> web.Response:
        return web.Response(body=gzip.compress(b"packed words"), headers={"Content-Encoding": "gzip"})

    async def bomb(self, _: web.BaseRequest) -> web.Response:
        body = gzip.compress(bytes(50_000_000))
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    async def broken(self, _: web.BaseRequest) -> web.Response:
        return web.Response(body=gzip.compress(b"words" * 99)[:-9], headers={"Content-Encoding": "gzip"})

    async def strange(self, _: web.BaseRequest) -> web.Response:
        return web.Response(body=b"words", headers={"Content-Encoding": "br"})

    async def slow(self, request: web.BaseRequest) -> web.StreamResponse:
        """Say a byte now and then, and never come to an end."""
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b".")
            await asyncio.sleep(0.01)

    async def silent(self, _: web.BaseRequest) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError


class Dns:
    """Answers each question with the next of its addresses, and goes on with the last one."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: list[list[str]] = [[PUBLIC]]

    def __call__(self, host: str, _port: None, **_: Any) -> list[Any]:
        self.asked.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        kind = socket.AF_INET
        return [(kind, socket.SOCK_STREAM, 6, "", (address, 0)) for address in found]


Make = Callable[..., Fetcher]


async def listen(runner: web.ServerRunner) -> int:
    """Listen on a port that is free on both addresses, and return it."""
    while True:
        public = web.TCPSite(runner, PUBLIC, 0)
        await public.start()
        port: int = runner.addresses[-1][1]
        try:
            await web.TCPSite(runner, PRIVATE, port).start()
        except OSError:
            await public.stop()
        else:
            return port


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    made = Site()
    runner = web.ServerRunner(web.Server(made.serve), shutdown_timeout=0.1)
    await runner.setup()
    made.port = await listen(runner)
    monkeypatch.setitem(targets.PORTS, "http", made.port)
    monkeypatch.setattr(targets, "is_public", lambda address: address == PUBLIC)
    monkeypatch.setattr(wire, "is_public", lambda address: address == PUBLIC)
    monkeypatch.setattr(lookup, "FRESH_SECONDS", 0.0)
    yield made
    await runner.cleanup()


@pytest.fixture
def dns() -> Dns:
    return Dns()


@pytest.fixture
async def make(dns: Dns) -> AsyncIterator[Make]:
    fetchers = []

    def begin(*allow: str) -> Fetcher:
        fetchers.append(Fetcher(config.Egress(allow=list(allow)), Lookups(dns)))
        return fetchers[-1]

    yield begin
    for one in fetchers:
        await one.close()


async def failed(fetcher: Fetcher, url: str, **more: Any) -> str:
    with pytest.raises(EgressError) as found:
        await fetcher.fetch(url, **more)
    return found.value.why


async def test_a_page_is_fetched_from_the_address_that_was_found(site: Site, dns: Dns, make: Make) -> None:
    found = await make().fetch(site.at("pages.example", "some?x=1"))
    assert (found.status, found.body, found.headers["x-kind"]) == (200, b"found", "plain")
    assert found.url == site.at("pages.example", "some?x=1")
    assert (dns.asked, site.came_to) == (["pages.example"], [PUBLIC])
    (told,) = [told for *_, told in site.seen]
    assert told["host"] == f"pages.example:{site.port}"
    assert told["user-agent"].startswith("persona-gateway/")


async def test_a_signed_body_goes_out_as_it_is(site: Site, make: Make) -> None:
    body = b'{"id":"evt_1",  "n":1e3}'
    signed = {"Persona-Signature": "t=1,v1=abc", "Content-Type": "application/json"}
    await make().fetch(site.at("hooks.example", "take"), method="POST", body=body, headers=signed)
    method, path, came, told = site.seen[0]
    assert (method, path, came) == ("POST", "/take", body)
    assert (told["persona-signature"], told["content-type"]) == ("t=1,v1=abc", "application/json")


async def test_a_name_that_changes_its_address_is_looked_up_once(site: Site, dns: Dns, make: Make) -> None:
    fetcher = make()
    dns.answers = [[PUBLIC], [PRIVATE]]
    assert (await fetcher.fetch(site.at("flips.example"))).status == 200
    assert dns.asked == ["flips.example"]
    # For the next request it is looked up, and checked, anew.
    assert await failed(fetcher, site.at("flips.example")) == "refused"
    assert site.came_to == [PUBLIC]


async def test_each_hop_is_looked_up_and_checked_anew(site: Site, dns: Dns, make: Make) -> None:
    dns.answers = [[PUBLIC], [PRIVATE]]
    assert await failed(make(), site.at("flips.example", "redirect"), limits=Limits(redirects=3)) == "refused"
    assert [path for _, path, *_ in site.seen] == ["/redirect"]


@pytest.mark.parametrize("addresses", [[PRIVATE], [PUBLIC, PRIVATE], ["::ffff:127.0.0.1"], ["fe80::1"]])
async def test_a_name_that_leads_inside_is_refused(
    site: Site, dns: Dns, make: Make, addresses: list[str]
) -> None:
    dns.answers = [addresses]
    assert await failed(make(), site.at("inside.example")) == "refused"
    assert site.seen == []


async def test_a_name_that_nobody_knows_is_unreachable(site: Site, dns: Dns, make: Make) -> None:
    dns.answers = [[]]
    assert await failed(make(), site.at("unknown.example")) == "unreachable"


async def test_a_name_beyond_ascii_is_looked_up_in_ascii(site: Site, dns: Dns, make: Make) -> None:
    assert (await make().fetch(site.at("bücher.example"))).status == 200
    assert dns.asked == ["xn--bcher-kva.example"]


async def test_what_the_operator_has_opened_or_written_is_reached(site: Site, dns: Dns, make: Make) -> None:
    place = f"http://{PRIVATE}:{site.port}/"
    assert await failed(make(), place) == "refused"
    assert (await make(f"{PRIVATE}:{site.port}").fetch(place)).status == 200
    assert (await make().fetch(place, is_configured=True)).status == 200
    dns.answers = [[PRIVATE]]
    opened = make(f"search.internal:{site.port}")
    assert (await opened.fetch(f"http://search.internal:{site.port}/")).status == 200
    assert await failed(opened, f"http://other.internal:{site.port}/") == "refused"


async def test_redirects_on_the_same_host_are_followed_so_far(site: Site, make: Make) -> None:
    fetcher, twice = make(), Limits(redirects=2)
    found = await fetcher.fetch(site.at("pages.example", "redirect"), limits=twice)
    assert (found.url, found.body) == (site.at("pages.example", "end"), b"found")
    site.seen.clear()
    assert (await fetcher.fetch(site.at("pages.example", "loop"), limits=twice)).status == 302
    assert len(site.seen) == 3
    assert (await fetcher.fetch(site.at("pages.example", "redirect"))).status == 302
    posted = await fetcher.fetch(site.at("pages.example", "redirect"), method="POST", body=b"", limits=twice)
    assert posted.status == 302


@pytest.mark.parametrize(
    "location",
    [
        "http://other.example/",
        f"http://{PRIVATE}/",
        "http://localhost/",
        "http://2130706433/",
        "http://[::1]/",
        "//127.1/",
        "file:///etc/passwd",
        "http://pages.example:22/",
    ],
)
async def test_redirects_elsewhere_are_not_followed(site: Site, dns: Dns, make: Make, location: str) -> None:
    site.location = location
    asked = make(), site.at("pages.example", "redirect")
    assert await failed(*asked, limits=Limits(redirects=3)) == "refused"
    assert len(site.seen) == 1
    assert dns.asked == ["pages.example"]


@pytest.mark.parametrize("path", ["slow", "silent"])
async def test_who_takes_too_long_is_given_up(site: Site, make: Make, path: str) -> None:
    quick = Limits(seconds=0.1)
    assert await failed(make(), site.at("pages.example", path), limits=quick) == "too_slow"


@pytest.mark.parametrize("path", ["large", "bomb", "slow"])
async def test_of_a_large_answer_no_more_is_taken(site: Site, make: Make, path: str) -> None:
    little = Limits(bytes=4096 if path != "slow" else 5)
    assert await failed(make(), site.at("pages.example", path), limits=little) == "too_large"


async def test_packed_answers_are_unpacked(site: Site, make: Make) -> None:
    assert (await make().fetch(site.at("pages.example", "packed"))).body == b"packed words"
    for path in ("broken", "strange"):
        assert await failed(make(), site.at("pages.example", path)) == "bad_answer"


async def test_what_is_no_http_is_a_bad_answer(site: Site, make: Make) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, PRIVATE, 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        assert await failed(make(), f"http://{PRIVATE}:{port}/", is_configured=True) == "bad_answer"
    assert await failed(make(), f"http://{PRIVATE}:{port}/", is_configured=True) == "unreachable"
