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
from gateway.alerts.lists import Dates, dates_of
from gateway.config import Config, ConfigError
from gateway.events import store as events
from gateway.events.event import Value
from gateway.storage import properties
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable
from gateway.upstreams.lookup import Lookups
from gateway.upstreams.routing import Routing
from gateway.work.work import Source

HOUR_MS = 3_600_000
FIRST_MS = 60_000
"""Milliseconds from the first start on a store to the first look, so that what lives shortly asks nobody."""
CLAIM_MS = 600_000
"""Milliseconds after which another process looks, where the one that has begun to has not come to an end."""
CHECK_SECONDS = 60.0
"""Seconds between two looks into the store for whether it is time."""
PAGE = 500
SHOWN_SECONDS = 0.25
DUE, FOUND, TOLD = "retiring.due", "retiring.found", "retiring.told."

log = logging.getLogger("gateway.alerts")


_dates = msgspec.json.Decoder(Dates)


class Retiring:
    """Looks for models that are about to go, in a process that does work."""

    def __init__(self, settings: Config, database: Database) -> None:
        self._config = settings
        self._database = database
        self._every_ms = round(settings.alerts.models_hours * HOUR_MS)
        """Milliseconds between two looks, of all processes together; 0 for never."""
        self._check_at = 0.0
        self._task: asyncio.Task[None] | None = None

    def source(self) -> Source:
        return Source(look=self.look, signs=store.MODEL_SIGNS)

    async def look(self) -> bool:
        """Begin to look where it is time; nobody waits for it."""
        is_idle = self._task is None or self._task.done()
        if self._every_ms and is_idle and time.monotonic() >= self._check_at:
            self._check_at = time.monotonic() + min(CHECK_SECONDS, self._every_ms / 1000)
            self._task = asyncio.create_task(self._look())
        return False

    async def _look(self) -> None:
        try:
            if await self._is_due() and await self._claim():
                is_whole = await self.read()
                pause = self._every_ms if is_whole else min(self._every_ms, HOUR_MS)
                async with self._database.write() as connection:
                    await properties.put(connection, DUE, str(clock.now_ms() + pause))
        except StoreUnavailable as error:
            log.debug("models that retire are not looked for now: %s", type(error).__name__)

    async def _is_due(self) -> bool:
        async with self._database.read() as connection:
            return await self._due_in(connection) <= 0

    async def _claim(self) -> bool:
        """Begin a look that no other process has begun; on a new store, say when the first one comes."""
        async with self._database.write() as connection:
            if await self._due_in(connection) > 0:
                return False
            is_new = await properties.find(connection, DUE) is None
            pause = min(FIRST_MS, self._every_ms) if is_new else CLAIM_MS
            await properties.put(connection, DUE, str(clock.now_ms() + pause))
            return not is_new

    async def _due_in(self, connection: AsyncConnection) -> int:
        """Count the milliseconds until the next look."""
        due = await properties.find(connection, DUE)
        left = int(due) - clock.now_ms() if due is not None and due.isdigit() else 0
        # A clock that was wrong, or another setting, must not put the next look off for ever.
        return left if left <= max(self._every_ms, CLAIM_MS) else 0

    async def read(self) -> bool:
        """Ask every upstream, and tell of each model that somebody uses; false where one could not be asked.

        Raises StoreUnavailable.
        """
        dates, unasked = await self._dates()
        users = await self._users()
        async with self._database.write() as connection:
            before = await _found(connection)
            dates |= {name: day for name, day in before.items() if name.partition("/")[0] in unasked}
            used = {name: day for name, day in dates.items() if name in users}
            await properties.put(connection, FOUND, msgspec.json.encode(used).decode())
        for name, day in used.items():
            await self._tell(name, day, users[name])
        return not unasked

    async def _dates(self) -> tuple[Dates, set[str]]:
        """Read every list; the names of the upstreams that could not be asked come with them."""
        routing = Routing(self._config, Lookups())
        try:
            found = await asyncio.gather(*(dates_of(node) for node in routing.nodes.values()))
        finally:
            await routing.close()
        by_name = dict(zip(routing.nodes, found, strict=True))
        dates = {name: day for each in found if each is not None for name, day in each.items()}
        return dates, {name for name, each in by_name.items() if each is None}

    async def _tell(self, name: str, day: str, workspaces: set[str]) -> None:
        upstream, _, model = name.partition("/")
        is_new = False
        today = datetime.datetime.fromtimestamp(clock.now_ms() / 1000, datetime.UTC).date()
        days = (datetime.date.fromisoformat(day) - today).days
        async with self._database.write() as connection:
            for workspace_id in sorted(workspaces):
                mark = TOLD + hashlib.sha256(f"{workspace_id} {name}".encode()).hexdigest()[:32]
                if await properties.find(connection, mark) == day:
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


async def known(database: Database) -> Dates:
    """Tell which models that are used retire, as far as was found; empty while the store is away."""
    try:
        async with asyncio.timeout(SHOWN_SECONDS), database.read() as connection:
            return await _found(connection)
    except (StoreUnavailable, TimeoutError):
        return {}


async def _found(connection: AsyncConnection) -> Dates:
    found = await properties.find(connection, FOUND)
    return {} if found is None else _dates.decode(found.encode())
