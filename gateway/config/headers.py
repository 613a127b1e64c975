"""Addresses of servers, and what is sent to them in every request, are checked when they are read."""

import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import urlsplit

from gateway.config.parts import ConfigError

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
UNFIT = re.compile(r"[^\t\x20-\x7e]")
"""No header may hold these: control characters, and all beyond ASCII, the invisible ones among them."""


def is_address(url: str) -> bool:
    """Tell whether this is the URL of a server."""
    try:
        parts = urlsplit(url)
        # Reading the port checks it. A name with an empty or too long label cannot be looked up.
        host, _ = (parts.hostname or "").encode("idna"), parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and host != b"" and not re.search(r"\s", parts.netloc)


def key(
    table: str, given: str | None, variable: str | None, environ: Mapping[str, str], secrets: bool
) -> str | None:
    """Return the key that stands in the table, or in the variable that it names. Raises ConfigError."""
    api_key = (given or "").strip() or None
    if variable:
        if api_key:
            raise ConfigError(f"{table}: api_key and api_key_env exclude each other")
        # Secrets that come from files often end with a newline.
        api_key = environ.get(variable, "").strip() or None
        if api_key is None and secrets:
            raise ConfigError(f"{table} api_key_env: the environment variable {variable} is not set")
    return api_key


def require_fit(table: str, api_key: str | None, headers: Mapping[str, str]) -> None:
    """Raises ConfigError unless these can be sent as headers."""
    if unfit := UNFIT.search(api_key or ""):
        raise ConfigError(f"{table}: the API key holds {_told(unfit)}, which no key has; copy it again")
    for header, value in headers.items():
        if not HEADER_NAME.fullmatch(header):
            raise ConfigError(f"{table} headers: `{header}` is not fit for the name of a header")
        if unfit := UNFIT.search(value):
            raise ConfigError(
                f"{table} headers: the value of `{header}` holds {_told(unfit)}; write ASCII only"
            )


def _told(found: re.Match[str]) -> str:
    """Tell the character by its number and name, since it may be one that nobody sees."""
    name = unicodedata.name(found[0], "a control character")
    return f"U+{ord(found[0]):04X} ({name.lower()}) at place {found.start() + 1}"
