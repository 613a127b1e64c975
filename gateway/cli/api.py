"""The native API of a running gateway, over HTTP."""

import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import msgspec

from gateway import __version__
from gateway.cli.credentials import Credentials
from gateway.cli.failures import Failure
from gateway.cli.listing import printable

CONNECT_SECONDS = 10
SILENCE_SECONDS = 60
"""This is longer than the gateway's longest pause: it pings every stream four times in this time."""
PAGE = 200
LINE_BYTES = 1024 * 1024

T = TypeVar("T")


class Refused(Failure):
    """The gateway says this to a request that it does not fulfil."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Unreachable(Failure):
    """No answer came, or it broke off in the middle."""


class Page(msgspec.Struct, Generic[T]):
    data: list[T]
    next: str | None


class Event(NamedTuple):
    """A server-sent event; a stream can be resumed behind it by sending `id` as `Last-Event-ID`."""

    name: str
    id: str
    data: bytes


class Answer(NamedTuple):
    """The body of a good answer; fields of it that a type does not have are passed over."""

    body: bytes
    etag: str
    root: str

    def read(self, kind: type[T]) -> T:
        return read(self.body, kind, self.root)


class _Error(msgspec.Struct):
    code: str
    message: str


class _Envelope(msgspec.Struct):
    error: _Error


class Api:
    """One gateway, as the holder of one key sees it."""

    def __init__(self, session: aiohttp.ClientSession, root: str) -> None:
        self._session = session
        self.root = root

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        lines: bytes | None = None,
        if_match: str | None = None,
        prefer: str | None = None,
    ) -> Answer:
        """Send a body as JSON, or lines of JSON as they are. Raises Refused or Unreachable."""
        given = {"if-match": if_match, "prefer": prefer}
        headers = {name: value for name, value in given.items() if value is not None}
        data = lines
        if lines is not None:
            headers["content-type"] = "application/jsonl"
        if body is not None:
            headers["content-type"] = "application/json"
            data = msgspec.json.encode(body)
        async with self._answered(method, path, query, headers, data) as response:
            return Answer(await response.read(), response.headers.get("etag", ""), self.root)

    async def pages(
        self, path: str, kind: type[T], query: Mapping[str, str] | None = None, limit: int | None = None
    ) -> list[T]:
        """List the items of all pages, or the first `limit` of them."""
        found: list[T] = []
        after: dict[str, str] = {}
        while True:
            wanted = PAGE if limit is None else min(PAGE, limit - len(found))
            answer = await self.call("GET", path, query={**(query or {}), "limit": str(wanted), **after})
            page = answer.read(Page[kind])  # type: ignore[valid-type]
            found += page.data
            if page.next is None or (limit is not None and len(found) >= limit):
                return found
            after = {"after": page.next}

    async def events(
        self, path: str, query: Mapping[str, str], last: str
    ) -> AsyncGenerator[Event | None, None]:
        """Yield `None` once the stream stands, then its events behind `last` until it ends."""
        headers = {"accept": "text/event-stream", "last-event-id": last}
        async with self._answered("GET", path, query, headers, None) as response:
            yield None
            async for event in _events(response, last):
                yield event

    async def post_events(self, path: str, body: object) -> AsyncGenerator[Event, None]:
        """Send a body as JSON, and yield the events of the answer."""
        headers = {"accept": "text/event-stream", "content-type": "application/json"}
        async with self._answered("POST", path, None, headers, msgspec.json.encode(body)) as response:
            async for event in _events(response, ""):
                yield event

    @asynccontextmanager
    async def _answered(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str],
        data: bytes | None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        url = self.root + path
        try:
            async with self._session.request(
                method,
                url,
                params=query,
                headers=headers,
                data=data,
                allow_redirects=False,
                proxy=_proxy(url),
            ) as response:
                if response.status >= 300:
                    raise _refused(response, await response.read(), self.root)
                yield response
        except TimeoutError:
            raise Unreachable(f"{self.root} does not answer") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreachable(f"{self.root} cannot be reached: {_reason(error)}") from None


async def _events(response: aiohttp.ClientResponse, last: str) -> AsyncGenerator[Event, None]:
    """Read a stream of events; `last` is the id of the one before it."""
    name, data = "", list[bytes]()
    async for line in response.content:
        field, _, value = line.rstrip(b"\r\n").partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            name = value.decode()
        elif field == b"id":
            last = value.decode()
        elif field == b"data":
            data.append(value)
        elif not line.strip():
            if data:
                yield Event(name, last, b"\n".join(data))
            name, data = "", []


class RemoteRoom:
    """One room of a gateway somewhere else."""

    def __init__(self, api: Api) -> None:
        self._api = api


@asynccontextmanager
async def connected(credentials: Credentials, workspace: str | None = None) -> AsyncIterator[Api]:
    """Open the API of that gateway; a workspace, by its id, must be that of the key."""
    headers = {
        "authorization": f"Bearer {credentials.key}",
        "user-agent": f"persona/{__version__}",
        **({"persona-workspace": workspace} if workspace else {}),
    }
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS)
    async with aiohttp.ClientSession(
        headers=headers, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), read_bufsize=LINE_BYTES
    ) as session:
        yield Api(session, credentials.url)


def read(body: bytes, kind: type[T], root: str) -> T:
    """Decode this answer of the gateway."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise Failure(f"{root} answers what this version of `persona` cannot read: {error}") from None


def _refused(response: aiohttp.ClientResponse, body: bytes, root: str) -> Failure:
    status = response.status
    if status < 400:
        return Failure(f"{root} sends on to {response.headers.get('location')}; use that address")
    try:
        error = msgspec.json.decode(body, type=_Envelope).error
    except msgspec.DecodeError:
        return Refused(status, "", f"{root} answers {status} in a way that no Persona Gateway does")
    hint = " `persona auth login` stores one that is valid." if status == 401 else ""
    return Refused(status, error.code, printable(error.message) + hint)


def _proxy(url: str) -> str | None:
    """Find the proxy that the environment names. aiohttp's own way would read `.netrc` as well."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno or 0
        return os.strerror(number) if number > 0 else error.strerror or str(error)
    return str(error) or type(error).__name__
