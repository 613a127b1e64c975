"""Facts for a persona are looked up by the operator's search, and on pages that the guarded fetcher reads."""

import asyncio
from html.parser import HTMLParser
from typing import NamedTuple

from gateway.config import Config
from gateway.egress.fetcher import Fetcher, Limits
from gateway.egress.target import EgressError
from gateway.studio.ending import failed
from gateway.tools.search import Hit, find

PAGE = Limits(seconds=5, bytes=1 << 20, redirects=3)
SEARCH_SECONDS = 10.0
PASSAGE = 3000
"""Characters that are taken of a page."""
HIDDEN = frozenset({"script", "style", "noscript", "template", "svg", "head", "nav", "footer", "form"})


class Fact(NamedTuple):
    """A passage, and where it stands."""

    url: str
    text: str


async def look_up(config: Config, queries: list[str], pages: int) -> list[Fact]:
    """Search for each query and read the best pages of each. Raises FailedError where no search answers.

    A page that cannot be read gives what the search said of it.
    """
    fetcher = Fetcher(config.egress)
    try:
        found: dict[str, Hit] = {}
        answers = await asyncio.gather(*(_searched(fetcher, config, query) for query in queries))
        if all(hits is None for hits in answers):
            raise failed("grounding_unavailable", "The search does not answer.")
        for hits in answers:
            for hit in (hits or [])[:pages]:
                found.setdefault(hit.url, hit)
        return list(await asyncio.gather(*(_read(fetcher, hit) for hit in found.values())))
    finally:
        await fetcher.close()


async def _searched(fetcher: Fetcher, config: Config, query: str) -> list[Hit] | None:
    try:
        hits = await find(fetcher, config.grounding.search, query, SEARCH_SECONDS)
    except EgressError:
        return None
    return [hit for hit in hits if hit.url.startswith(("http://", "https://")) and len(hit.url) < 2000]


async def _read(fetcher: Fetcher, hit: Hit) -> Fact:
    try:
        page = await fetcher.fetch(hit.url, headers={"accept": "text/html, text/plain"}, limits=PAGE)
    except EgressError:
        return Fact(hit.url, hit.content)
    kind = page.headers.get("content-type", "").partition(";")[0].strip().lower()
    if page.status != 200 or kind not in ("text/html", "text/plain", "application/xhtml+xml"):
        return Fact(hit.url, hit.content)
    text = page.body.decode("utf-8", "replace")
    if kind != "text/plain":
        text = await asyncio.to_thread(plain, text)
    return Fact(hit.url, " ".join(text.split())[:PASSAGE] or hit.content)


def plain(html: str) -> str:
    """Take the text of a page that people read."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return " ".join(reader.texts)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # The end of a head need not be written.
        self._hidden = 0 if tag == "body" else self._hidden + (tag in HIDDEN)

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN and self._hidden:
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.texts.append(data.strip())
