"""Prices of models: those of the configuration, and behind them a public list that comes with a library."""

import asyncio
import logging
import re
import sys
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

from gateway.cache import Cache
from gateway.config import EMBEDDED, LOCAL, Config, Price, Route, Upstream

HOUR = 3600.0
"""Seconds between two looks at the list: some prices change with the day, and some with the time of day."""
LOADING = 10.0
"""Seconds that the child process may take, which needs one."""
KNOWN = 2000
"""Models whose prices are remembered."""
LISTED = 64 << 20
"""Bytes of the list, at most."""
LONGEST = 200
"""Characters; no model in the list has a longer name."""
COMPACT_DATE = re.compile(r"-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")
"""Gateways write a date in this way where a model's own name has dashes in it."""

Clause = list[object]
"""A condition that a model's name meets: a word and what it applies to, such as `["starts_with", "gpt-4o"]`,
`["or", [clause, …]]`."""

log = logging.getLogger("gateway.prices")


class Step(msgspec.Struct, frozen=True):
    """Has the prices for prompts of more tokens than this."""

    above: int
    price: Price


class Tariff(msgspec.Struct, frozen=True):
    """A model costs this; a long prompt can make all its tokens dearer. There is at least one step."""

    steps: tuple[Step, ...]

    def cost(
        self, prompt: int, completion: int, *, cached: int = 0, written: int = 0, reasoning: int = 0
    ) -> float:
        """Return the dollars for so many tokens; see `Price.cost`."""
        price = self.steps[0].price
        for step in self.steps[1:]:
            if prompt > step.above:
                price = step.price
        return price.cost(prompt, completion, cached=cached, written=written, reasoning=reasoning)


FREE = Tariff((Step(0, Price(input=0, output=0)),))
"""The bundled models cost nothing."""


class Offer(msgspec.Struct, frozen=True):
    """A line of the list."""

    match: Clause
    tariff: Tariff


class Question(msgspec.Struct, frozen=True):
    """An upstream, as the list is asked for it: by the provider's name, or by the URL."""

    name: str
    provider: str | None
    url: str


class Prices:
    """Has the prices that a worker knows."""

    def __init__(self, config: Config) -> None:
        self._upstreams = config.upstreams
        self._known: Cache[Route, tuple[Tariff | None]] = Cache(KNOWN)
        self._listed: dict[str, list[Offer]] = {}
        self._questions = [
            Question(name, upstream.price_list, _bare(upstream.base_url))
            for name, upstream in config.upstreams.items()
            if _may_be_listed(upstream)
        ]
        self._has_looked = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    def of(self, route: Route) -> Tariff | None:
        """Return the price of a model; `None` where nobody knows it."""
        found = self._known.recall(route)
        if found is None:
            found = (self._find(route),)
            self._known.keep(route, found)
        return found[0]

    def start(self) -> None:
        """Begin to read the list, where it may have one of the upstreams."""
        if self._questions:
            self._looking = asyncio.create_task(self._look())
        else:
            self._has_looked.set()

    @property
    def has_looked(self) -> bool:
        """Tells whether the list has been read, or cannot be, or need not."""
        return self._looking is None or self._has_looked.is_set()

    async def looked(self) -> None:
        """Wait until the list has been read, or cannot be."""
        if self._looking is not None:
            await self._has_looked.wait()

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
            self._looking = None

    async def _look(self) -> None:
        while True:
            try:
                async with asyncio.timeout(LOADING):
                    self._listed = await _ask(self._questions)
            except (OSError, TimeoutError, msgspec.DecodeError, ValueError) as error:
                log.warning("the list of prices cannot be read: %s", type(error).__name__)
            finally:
                self._known.clear()
                self._has_looked.set()
            await asyncio.sleep(HOUR)

    def _find(self, route: Route) -> Tariff | None:
        if route.upstream in (LOCAL, EMBEDDED):
            return FREE
        upstream = self._upstreams.get(route.upstream)
        if upstream is None:
            return None
        configured = upstream.prices.get(route.model)
        if configured is not None:
            return Tariff((Step(0, configured),))
        return _listed(self._listed.get(route.upstream, ()), route.model)


async def _ask(questions: list[Question]) -> dict[str, list[Offer]]:
    """Have the list read by a process of its own, since its library takes 30 MB and most of a second."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gateway.upstreams.price_list",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        said, _ = await child.communicate(msgspec.json.encode(questions))
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode or len(said) > LISTED:
        raise ValueError("the process that reads the list has failed")
    return await asyncio.to_thread(msgspec.json.decode, said, type=dict[str, list[Offer]])


def _listed(offers: "list[Offer] | tuple[()]", model: str) -> Tariff | None:
    """Find the first line that a model's name meets."""
    if not offers or len(model) > LONGEST:
        return None
    name = model.lower()
    for spelling in dict.fromkeys((name, COMPACT_DATE.sub(r"-\1-\2-\3", name))):
        for offer in offers:
            if meets(spelling, offer.match):
                return offer.tariff
    return None


def meets(name: str, clause: Clause) -> bool:
    """Tell whether a name in small letters meets a clause."""
    word, value = clause
    if isinstance(value, list):
        found = (meets(name, one) for one in value)
        return any(found) if word == "or" else all(found)
    text = str(value)
    match word:
        case "equals":
            return name == text
        case "starts_with":
            return name.startswith(text)
        case "ends_with":
            return name.endswith(text)
        case "contains":
            return text in name
        case _:
            return re.search(text, name) is not None


def _may_be_listed(upstream: Upstream) -> bool:
    """Tell whether the list may have this upstream: nobody sells what runs at home."""
    if upstream.price_list is not None:
        return upstream.price_list != ""
    host = urlsplit(upstream.base_url).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return "." in host and not host.endswith((".local", ".internal", ".localhost", ".test"))
    return False


def _bare(url: str) -> str:
    """Return the URL without a name, a password and a query, which may be secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
