"""`web.search` asks the search that the operator names, which answers as SearXNG does in JSON."""

from typing import Any

import msgspec

from gateway.egress.fetcher import Fetcher, Limits
from gateway.egress.target import EgressError
from gateway.tools.tool import SEARCH, Outcome, Result, Tool, cut

QUERY_CHARACTERS = 1000
RESULTS = 8
SNIPPET_CHARACTERS = 1000
ANSWER_BYTES = 2 << 20
OUTCOMES: dict[str, Outcome] = {"too_slow": "timed_out", "unreachable": "unavailable"}
TOOL = Tool(
    SEARCH,
    "Search the web. Returns titles, addresses and short passages of what was found, the best first.",
    {
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "What to search for, in a few words."},
        },
        "required": ["query"],
        "additionalProperties": False,
    },
)


class SearchError(EgressError):
    """The search has answered, but with nothing that can be used."""


class _Wanted(msgspec.Struct):
    query: str


class _Told(msgspec.Struct):
    title: Any = ""
    url: Any = ""
    content: Any = ""


class _Found(msgspec.Struct):
    results: list[_Told] = []


class Hit(msgspec.Struct, frozen=True):
    """Something that a search has found; what it does not say is empty."""

    title: str
    url: str
    content: str


_wanted = msgspec.json.Decoder(_Wanted)
_found = msgspec.json.Decoder(_Found)


async def search(fetcher: Fetcher, place: str, arguments: str, seconds: float, most: int) -> Result:
    """Search as a model's arguments say; never fails."""
    try:
        query = _wanted.decode(arguments).query.strip()
    except msgspec.DecodeError:
        query = ""
    if not 0 < len(query) <= QUERY_CHARACTERS:
        problem = f"`query` must be a text of 1 to {QUERY_CHARACTERS} characters"
        return Result("failed", f"The arguments are not right: {problem}.")
    try:
        hits = await find(fetcher, place, query, seconds)
    except SearchError as error:
        return Result("failed", f"{error}.")
    except EgressError as error:
        return Result(OUTCOMES.get(error.why, "failed"), "The search cannot be used at the moment.")
    return Result("ok", cut("\n\n".join(map(_told, hits)) or "Nothing was found.", most))


async def find(fetcher: Fetcher, place: str, query: str, seconds: float) -> list[Hit]:
    """Search for a query; the best hits come first. Raises EgressError, also for an answer that is none."""
    from yarl import URL

    found = await fetcher.fetch(
        str(URL(place).update_query(q=query, format="json")),
        headers={"accept": "application/json"},
        limits=Limits(seconds=seconds, bytes=ANSWER_BYTES),
        is_configured=True,
    )
    if found.status != 200:
        raise SearchError("bad_answer", f"The search answers with status {found.status}")
    try:
        return [_hit(each) for each in _found.decode(found.body).results[:RESULTS]]
    except msgspec.DecodeError:
        raise SearchError("bad_answer", "The search gives an answer that cannot be read") from None


def _hit(told: _Told) -> Hit:
    title, url, content = (
        each.strip() if isinstance(each, str) else "" for each in (told.title, told.url, told.content)
    )
    return Hit(title, url, content[:SNIPPET_CHARACTERS])


def _told(hit: Hit) -> str:
    return "\n".join(filter(None, (hit.title, hit.url, hit.content)))
