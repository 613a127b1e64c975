"""The personas that a key can read are resources and prompts of the MCP server, too."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from gateway.mcp.api import Api
from gateway.mcp.tools import Json, segment

SCHEME = "persona://"
TEMPLATE = f"{SCHEME}{{ref}}"
URI = re.compile(r"persona://([A-Za-z0-9_-]{1,128})(?:@v([0-9]{1,9}))?")
PAGE = 100
JSON_TYPE = "application/json"


class Page(NamedTuple):
    """Some personas, and where the next ones begin."""

    personas: list[Json]
    next: str | None


async def page(api: Api, cursor: str | None) -> Page:
    """List personas. Raises ApiRefusal."""
    query = {"limit": str(PAGE)} if cursor is None else {"limit": str(PAGE), "after": cursor}
    found = await api.call("GET", "/personas", query=query)
    return Page(found["data"], found["next"])


def uri(persona: Mapping[str, Any]) -> str:
    """Name the newest version of a persona; another workspace's is known by its id alone."""
    return f"{SCHEME}{persona['slug']}@v{persona['version']}"


def title(persona: Mapping[str, Any]) -> str:
    return str(persona["name"] or persona["slug"])


async def read(api: Api, place: str) -> str | None:
    """Read a version as JSON; `None` where this is no URI of a persona. Raises ApiRefusal."""
    found = URI.fullmatch(place)
    if found is None:
        return None
    ref, version = found[1], found[2]
    if version is None:
        version = (await api.call("GET", f"/personas/{segment(ref)}"))["version"]
    content = await api.call("GET", f"/personas/{segment(ref)}/versions/v{version}")
    return msgspec.json.encode(content).decode()


async def prompt(api: Api, name: str) -> tuple[str, str]:
    """Return the title and the prompt of a persona. Raises ApiRefusal."""
    ref, _, version = name.partition("@")
    persona = await api.call("GET", f"/personas/{segment(ref)}")
    if version:
        number = segment(version)
        return title(persona), (await api.call("GET", f"/personas/{ref}/versions/{number}"))["prompt"]
    return title(persona), persona["prompt"]
