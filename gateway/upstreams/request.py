"""An upstream is sent this ahead of a body: the target and the headers, and both as bytes."""

import base64
from collections.abc import Mapping
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from gateway import __version__
from gateway.config import Upstream
from gateway.upstreams import proxy as proxies

USER_AGENT = f"persona-gateway/{__version__}"
PORTS = {"http": 80, "https": 443}
HEADS = 1024
"""Encoded heads that are remembered; versions of personas may bring headers of their own."""
KEPT = "!#$%&'()*+,/:;=?@[]~"
"""Characters that stay as they are in a target; a percent sign is taken for the start of an escape."""
FRAMING = ("content-length", "transfer-encoding")


class Heads:
    """Encodes the head of each POST request to one upstream once for a path and a set of headers."""

    def __init__(self, upstream: Upstream) -> None:
        self._base = urlsplit(upstream.base_url)
        self._headers = {"host": _authority(self._base), **_credentials(self._base), **headers(upstream)}
        proxy = proxies.read(upstream.proxy)
        self._is_passed_on = proxy is not None and self._base.scheme == "http"
        """Tells whether a proxy reads the request itself, which has to name the whole URL then."""
        if self._is_passed_on and proxy is not None and proxy.credentials is not None:
            self._headers["proxy-authorization"] = proxy.credentials
        self._made: dict[object, bytes] = {}

    def encode(self, path: str, own: Mapping[str, str], length: int) -> bytes:
        """Encode the head of a request with a body of this length; `own` headers go before the upstream's."""
        key = (path, *own.items()) if own else path
        start = self._made.get(key) or self._make(key, path, own)
        return b"%bcontent-length: %d\r\n\r\n" % (start, length)

    def _make(self, key: object, path: str, own: Mapping[str, str]) -> bytes:
        merged = self._headers | {name.lower(): value for name, value in own.items()}
        lines = [f"{name}: {value}" for name, value in merged.items() if name not in FRAMING]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a header holds a line break")
        place = (self._base.scheme, _authority(self._base)) if self._is_passed_on else ("", "")
        whole = urlunsplit((*place, below(self._base, path), self._base.query, ""))
        first = f"POST {quote(whole, safe=KEPT)} HTTP/1.1"
        if len(self._made) >= HEADS:
            self._made.clear()
        made = self._made[key] = "\r\n".join([first, *lines, ""]).encode()
        return made


def headers(upstream: Upstream) -> dict[str, str]:
    """List what every request to this upstream says, under lower-case names."""
    found = {
        "accept": "application/json, text/event-stream",
        "accept-encoding": "identity",
        "content-type": "application/json",
        "user-agent": USER_AGENT,
    }
    if upstream.api_key:
        found["authorization"] = f"Bearer {upstream.api_key}"
    return found | {name.lower(): value for name, value in upstream.headers.items()}


def below(base: SplitResult, path: str) -> str:
    """Join the path to the base URL's own."""
    return base.path.rstrip("/") + path


def address(base: SplitResult) -> tuple[str, int]:
    """Find the host, in ASCII, and the port. Raises ValueError where the URL has no valid one."""
    host = (base.hostname or "").encode("idna").decode()
    return host, base.port or PORTS[base.scheme]


def _authority(base: SplitResult) -> str:
    host, port = address(base)
    shown = f"[{host}]" if ":" in host else host
    return shown if port == PORTS[base.scheme] else f"{shown}:{port}"


def _credentials(base: SplitResult) -> dict[str, str]:
    """Read the credentials in the URL itself, which an API key or a configured header overrides."""
    if base.username is None:
        return {}
    pair = f"{unquote(base.username)}:{unquote(base.password or '')}"
    return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
