"""Upstreams say of some models when they will be switched off; whoever uses one is told, once."""

import asyncio
import datetime
import hashlib
import logging
import time
from collections import defaultdict

import msgspec

from gateway import clock
from gateway import config as configuration
from gateway.alerts import store
from gateway.config import Config, ConfigError, Route
from gateway.events import store as events
from gateway.events.event import Value
from gateway.storage import properties
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.lookup import Lookups
from gateway.upstreams.routing import Node, Routing

EVERY_MS = 86_400_000
"""Milliseconds between two looks, of all processes together."""
SETTLED_SECONDS = 600.0
"""Seconds that a process lives before its first look, so that one which is started often asks seldom."""
READ_SECONDS = 30.0
MOST_BYTES = 8 << 20
"""Bytes of a list of models that are read."""
MODELS = 10_000
FIELDS = ("shutdown_date", "deprecation", "expiration_date")
"""A model's date stands under one of these: OpenAI, Mistral and OpenRouter have a name of their own each."""
PAGE = 500
SHOWN_SECONDS = 0.25
AT, FOUND, TOLD = "retiring.at", "retiring.found", "retiring.told."

Dates = dict[str, str]
"""The day on which each model is switched off, by `NAME/model`."""

log = logging.getLogger("gateway.alerts")


class _List(msgspec.Struct):
    data: list[dict[str, object]] = []


_list = msgspec.json.Decoder(_List)
_dates = msgspec.json.Decoder(Dates)


class Retiring:
    """Looks for models that are about to go, in a process that does work."""

    def __init__(self, settings: Config, database: Database) -> None:
        self._config = settings
        self._database = database
        self._due = time.monotonic() + SETTLED_SECONDS
        self._task: asyncio.Task[None] | None = None

    async def look(self) -> bool:
        """Begin to look once a day; nobody waits for it."""
        if time.monotonic() >= self._due and (self._task is None or self._task.done()):
            self._due = time.monotonic() + SETTLED_SECONDS
            self._task = asyncio.create_task(self._look())
        return False

    async def _look(self) -> None:
        try:
            async with self._database.write() as connection:
                last, now = await properties.find(connection, AT), clock.now_ms()
                # A clock that was wrong must not put the next look off for ever.
                if last is not None and last.isdigit() and abs(now - int(last)) < EVERY_MS:
                    return
                await properties.put(connection, AT, str(now))
            await self.read()
        except StoreUnavailable as error:
            log.debug("models that retire are not looked for now: %s", type(error).__name__)

    async def read(self) -> Dates:
        """Ask every upstream, and tell of each model that somebody uses. Raises StoreUnavailable."""
        routing = Routing(self._config, Lookups())
        try:
            found = await asyncio.gather(*(dates_of(node) for node in routing.nodes.values()))
        finally:
            await routing.close()
        dates = {name: day for each in found for name, day in each.items()}
        users = await self._users() if dates else {}
        used = {name: day for name, day in dates.items() if name in users}
        async with self._database.write() as connection:
            await properties.put(connection, FOUND, msgspec.json.encode(used).decode())
        for name, day in used.items():
            await self._tell(name, day, users[name])
        return used

    async def _tell(self, name: str, day: str, workspaces: set[str]) -> None:
        upstream, _, model = name.partition("/")
        is_new = False
        today = datetime.datetime.fromtimestamp(clock.now_ms() / 1000, datetime.UTC).date()
        days = (datetime.date.fromisoformat(day) - today).days
        async with self._database.write() as connection:
            for workspace_id in sorted(workspaces):
                mark = TOLD + hashlib.sha256(f"{workspace_id} {name}".encode()).hexdigest()[:32]
                if await properties.find(connection, mark) is not None:
                    continue
                is_new = True
                await properties.put(connection, mark, day)
                data: dict[str, Value] = {
                    "upstream": upstream,
                    "model": model,
                    "shutdown_date": day,
                    "days": days,
                }
                await events.record(connection, "model.retiring", workspace_id, None, **data)
        if is_new:
            log.warning("the upstream %s switches off the model %s on %s", upstream, model, day)

    async def _users(self) -> dict[str, set[str]]:
        """Find the workspaces that use each model."""
        usual = [str(route) for route in configuration.order(self._config)]
        found: defaultdict[str, set[str]] = defaultdict(set)
        for name in usual:
            # The configuration itself uses it, whether or not a persona does by now.
            found[name] = set()
        after = ""
        while True:
            async with self._database.read() as connection:
                page = await store.using(connection, after, PAGE)
            if not page:
                return found
            for one in page:
                for name in map(self._whole, one.upstreams) if one.upstreams else usual:
                    found[name].add(one.workspace_id)
            after = page[-1].persona_id

    def _whole(self, text: str) -> str:
        try:
            return str(configuration.route(self._config, text))
        except ConfigError:
            return text


async def dates_of(node: Node) -> Dates:
    """Read when an upstream's models are switched off; nothing where it has no list that can be read."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            response = await node.client.get("/models")
            try:
                body = bytearray()
                while response.status == 200 and (data := await response.read()):
                    body += data
                    if len(body) > MOST_BYTES:
                        return {}
            finally:
                response.close()
        return await asyncio.to_thread(read_dates, node.name, bytes(body))
    except (UpstreamFailure, TimeoutError):
        return {}


def read_dates(upstream: str, body: bytes) -> Dates:
    """Read the days on which models are switched off from a list of them."""
    try:
        listed = _list.decode(body).data[:MODELS]
    except (msgspec.DecodeError, RecursionError):
        return {}
    found: Dates = {}
    for each in listed:
        day = next((day for name in FIELDS if (day := _day(each.get(name))) is not None), None)
        model = each.get("id")
        if day is not None and isinstance(model, str) and len(model) <= 256:
            found[str(Route(upstream, model))] = day
    return found


def _day(value: object) -> str | None:
    try:
        return datetime.date.fromisoformat(value[:10]).isoformat() if isinstance(value, str) else None
    except ValueError:
        return None


async def known(database: Database) -> Dates:
    """Tell which models that are used retire, as far as was found; empty while the store is away."""
    try:
        async with asyncio.timeout(SHOWN_SECONDS), database.read() as connection:
            found = await properties.find(connection, FOUND)
    except (StoreUnavailable, TimeoutError):
        return {}
    return {} if found is None else _dates.decode(found.encode())
