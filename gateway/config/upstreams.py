"""An upstream of the configuration is completed and checked: its base URL, its key, its proxy."""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

from gateway.config import headers
from gateway.config.asking import EMBEDDED, LOCAL, Upstream
from gateway.config.headers import is_address
from gateway.config.parts import ConfigError

KNOWN_BASE_URLS = {
    "openai": "https://api.openai.com/v1",
    "ollama": "http://127.0.0.1:11434/v1",
    "vllm": "http://127.0.0.1:8000/v1",
    "openrouter": "https://openrouter.ai/api/v1",
}


def resolve_upstream(
    name: str, upstream: Upstream, environ: Mapping[str, str], secrets: bool, proxy: str
) -> Upstream:
    table = f"[upstreams.{name}]"
    if name in (LOCAL, EMBEDDED):
        raise ConfigError(f"{table}: this name is kept for a bundled model; see [local] and [embeddings]")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise ConfigError(f"{table}: a name holds letters, digits, `-`, `_` and `.` only")
    base_url = upstream.base_url or KNOWN_BASE_URLS.get(name, "")
    if not is_address(base_url):
        raise ConfigError(f"{table} base_url: an http:// or https:// address is needed")
    api_key = headers.key(table, upstream.api_key, upstream.api_key_env, environ, secrets)
    headers.require_fit(table, api_key, upstream.headers)
    responses = upstream.responses
    if responses is None:
        responses = base_url.rstrip("/") == KNOWN_BASE_URLS["openai"]
    if not responses and upstream.hosted_tools:
        raise ConfigError(f"{table} hosted_tools: only an upstream with `responses = true` runs tools")
    if not responses and upstream.dedicated_to is not None:
        raise ConfigError(
            f"{table} dedicated_to: only an upstream with `responses = true` holds what has ids"
        )
    if upstream.proxy is None:
        own = "" if is_here(urlsplit(base_url).hostname or "") else proxy
    else:
        own = proxy_url(f"{table} proxy", upstream.proxy)
    return msgspec.structs.replace(
        upstream, base_url=base_url, api_key=api_key, responses=responses, proxy=own
    )


def is_here(host: str) -> bool:
    """Tell whether a host of a URL is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def proxy_url(place: str, url: str) -> str:
    """Check the URL of a proxy; it may be empty. Raises ConfigError."""
    try:
        parts = urlsplit(url)
        is_one = parts.scheme == "http" and bool(parts.hostname) and parts.port is not None
        is_one = is_one and parts.path in ("", "/") and not (parts.query or parts.fragment)
    except ValueError:
        is_one = False
    if url and not is_one:
        raise ConfigError(
            f"{place}: a proxy is named as `http://HOST:PORT`, perhaps with a user and a password"
        )
    return url.rstrip("/")
