"""The native client over TLS, to upstreams whose certificates are good, foreign or another's."""

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from gateway.config import Timeouts, Upstream
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.http import HttpClient
from gateway.upstreams.lookup import Lookups
from tests.fakes.until import PATIENCE
from tests.upstreams.conftest import PATH, ask, read_all
from tests.upstreams.peer import Line, Peer, serving

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")

OK = b"HTTP/1.1 200 OK\r\n"
TWO = OK + b"content-length: 2\r\n\r\nab"
EXTENSIONS = """
subjectAltName=DNS:localhost
authorityKeyIdentifier=keyid
subjectKeyIdentifier=hash
"""
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
AUTHORITY = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority's `ca.pem`, and a certificate by it for `localhost`, `own.pem` with `own.key`."""
    place = tmp_path_factory.mktemp("tls")
    (place / "extensions").write_text(EXTENSIONS)
    serial = ("-CAcreateserial", "-days", "2", "-extfile", "extensions")
    authority = ("-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test Authority")
    for command in (
        ("req", "-x509", *KEY, *AUTHORITY, *authority),
        ("req", "-new", *KEY, "-keyout", "own.key", "-out", "own.csr", "-subj", "/CN=localhost"),
        ("x509", "-req", "-in", "own.csr", "-CA", "ca.pem", "-CAkey", "ca.key", *serial, "-out", "own.pem"),
    ):
        subprocess.run(["openssl", *command], cwd=place, check=True, capture_output=True)
    return place


@pytest.fixture
def server(folder: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(folder / "own.pem", folder / "own.key")
    return made


@pytest.fixture
def trusting(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / "ca.pem"))


def client_of(peer: Peer, tls: ssl.SSLContext | None, host: str = "localhost") -> HttpClient:
    return HttpClient("main", Upstream(base_url=f"https://{host}:{peer.port}/v1"), Lookups(), tls)


async def answer(line: Line) -> None:
    while True:
        await line.request()
        line.write(TWO)


async def test_a_connection_is_secured_named_and_kept(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    named = []
    server.sni_callback = lambda _, name, __: named.append(name)
    async with serving(answer, server) as peer:
        client = client_of(peer, trusting)
        assert [await ask(client), await ask(client)] == [b"ab", b"ab"]
        assert (named, len(peer.lines)) == (["localhost"], 1)
        await client.close()
        await peer.lines[0].gone.wait()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_whom_the_system_does_not_trust_is_sent_nothing(server: ssl.SSLContext, host: str) -> None:
    await assert_sent_nothing(server, None, host)


async def test_another_ones_certificate_is_not_taken(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    await assert_sent_nothing(server, trusting, "127.0.0.1")


async def assert_sent_nothing(server: ssl.SSLContext, tls: ssl.SSLContext | None, host: str) -> None:
    bodies: list[bytes] = []

    async def note(line: Line) -> None:
        bodies.append(await line.request())

    async with serving(note, server) as peer:
        client = client_of(peer, tls, host)
        with pytest.raises(UpstreamFailure) as caught:
            await client.post(PATH, b"{}", {})
        assert caught.value.kind == "connection"
        await client.close()
    assert bodies == []


async def test_a_large_request_and_a_large_answer_come_whole(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    body = bytes(range(256)) * 20_000

    async def echo(line: Line) -> None:
        data = await line.request()
        line.write(OK + b"content-length: %d\r\n\r\n" % len(data))
        line.write(data)
        await line.rest()

    async with serving(echo, server) as peer:
        client = client_of(peer, trusting)
        is_whole = await ask(client, body) == body
        assert is_whole
        await client.close()


async def test_a_body_without_a_length_ends_with_the_connection(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    async def once(line: Line) -> None:
        await line.request()
        line.write(OK + b"\r\nab")
        line.writer.close()
        await line.writer.wait_closed()

    async with serving(once, server) as peer:
        client = client_of(peer, trusting)
        assert [await ask(client), await ask(client)] == [b"ab", b"ab"]
        assert len(peer.lines) == 2
        await client.close()


async def test_closing_an_answer_lets_go_at_once(server: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    async def begin(line: Line) -> None:
        await line.request()
        line.write(OK + b"content-length: 9\r\n\r\nab")
        await line.rest()

    async with serving(begin, server) as peer:
        client = client_of(peer, trusting)
        response = await client.post(PATH, b"{}", {})
        assert await response.read() == b"ab"
        response.close()
        async with asyncio.timeout(PATIENCE):
            await peer.lines[0].gone.wait()
        await client.close()


async def test_an_upstream_that_is_not_read_is_made_to_wait(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    size = 64 << 20

    async def flood(line: Line) -> None:
        await line.request()
        line.write(OK + b"content-length: %d\r\n\r\n" % size)
        for _ in range(size >> 18):
            line.write(bytes(1 << 18))
            await line.writer.drain()
        await line.rest()

    async with serving(flood, server) as peer:
        client = client_of(peer, trusting)
        response = await client.post(PATH, b"{}", {})
        largest = total = 0
        while piece := await response.read():
            largest, total = max(largest, len(piece)), total + len(piece)
        assert total == size
        assert largest < 1 << 20
        response.close()
        assert len(peer.lines) == 1
        await client.close()


async def test_a_handshake_that_does_not_come_has_the_time_limit_of_connecting(
    trusting: ssl.SSLContext,
) -> None:
    async def silent(line: Line) -> None:
        await line.rest()

    async with serving(silent) as peer:
        url = f"https://localhost:{peer.port}/v1"
        client = HttpClient(
            "main", Upstream(base_url=url, timeouts=Timeouts(connect=0.1)), Lookups(), trusting
        )
        with pytest.raises(UpstreamFailure) as caught:
            await client.post(PATH, b"{}", {})
        assert caught.value.kind == "connect_timeout"
        await peer.lines[0].gone.wait()
        await client.close()


async def test_a_cancelled_handshake_lets_go(trusting: ssl.SSLContext) -> None:
    begun = asyncio.Event()

    async def silent(line: Line) -> None:
        await line.reader.readexactly(1)
        begun.set()
        await line.rest()

    async with serving(silent) as peer:
        client = client_of(peer, trusting)
        task = asyncio.create_task(client.post(PATH, b"{}", {}))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(PATIENCE):
            await peer.lines[0].gone.wait()
        await client.close()


async def test_many_at_once(server: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    async with serving(answer, server) as peer:
        client = client_of(peer, trusting)
        for _ in range(2):
            responses = await asyncio.gather(*(client.post(PATH, b"{}", {}) for _ in range(50)))
            assert await asyncio.gather(*map(read_all, responses)) == [b"ab"] * 50
        assert len(peer.lines) <= 50
        await client.close()
