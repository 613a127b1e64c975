"""`web.search` asks the search that the operator names, which answers as SearXNG does in JSON."""

from typing import Any

import msgspec
from yarl import URL

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


class _Wanted(msgspec.Struct):
    query: str


class _Hit(msgspec.Struct):
    title: Any = ""
    url: Any = ""
    content: Any = ""


class _Found(msgspec.Struct):
    results: list[_Hit] = []


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
    url = str(URL(place).update_query(q=query, format="json"))
    try:
        found = await fetcher.fetch(
            url,
            headers={"accept": "application/json"},
            limits=Limits(seconds=seconds, bytes=ANSWER_BYTES),
            is_configured=True,
        )
        if found.status != 200:
            return Result("failed", f"The search answers with status {found.status}.")
        hits = _found.decode(found.body).results[:RESULTS]
    except EgressError as error:
        return Result(OUTCOMES.get(error.why, "failed"), "The search cannot be used at the moment.")
    except msgspec.DecodeError:
        return Result("failed", "The search gives an answer that cannot be read.")
    return Result("ok", cut("\n\n".join(map(_told, hits)) or "Nothing was found.", most))


def _told(hit: _Hit) -> str:
    title, url, content = (
        each if isinstance(each, str) else "" for each in (hit.title, hit.url, hit.content)
    )
    return "\n".join(filter(None, (title.strip(), url.strip(), content.strip()[:SNIPPET_CHARACTERS])))
