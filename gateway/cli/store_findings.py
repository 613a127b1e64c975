"""`persona doctor` looks at the store: whether it can be written, its schema, its pepper, and the clock."""

import time
from typing import NamedTuple

from gateway import clock
from gateway.alerts import retiring
from gateway.auth import pepper
from gateway.auth.pepper import PepperError
from gateway.cli.finding import Finding, fail, ok, warn
from gateway.config import Config
from gateway.storage import clocks
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable
from gateway.storage.revisions import newest

SLIGHT_MS, GRAVE_MS = 2_000, 60_000
"""Milliseconds between two clocks that are worth a word, and that make times wrong."""
STEP_MS = 500
"""Milliseconds by which the clock may move against one that only goes forward."""


class Moment(NamedTuple):
    """Has the same moment on the clock, and on one that is never set."""

    wall_ms: int
    steady_ms: float

    @classmethod
    def now(cls) -> "Moment":
        return cls(clock.now_ms(), time.monotonic() * 1000)


async def examine(settings: Config, began: Moment) -> list[Finding]:
    """Look at the store and change nothing in it; `began` is when the command did."""
    if settings.store.is_file and not settings.store.path.exists():
        remedy = "`persona serve` makes it; if it should be there, see [store] url and --config"
        return [
            warn("store", f"there is no store at {settings.store.path} yet", remedy),
            steps(began, Moment.now()),
        ]
    try:
        database = Database(settings.store.url)
    except ModuleNotFoundError as error:
        remedy = "run `pip install 'persona-gateway[postgres]'`"
        return [fail("store", f"the driver {error.name} is missing", remedy)]
    try:
        return await _examine(database, settings, began)
    except (StoreUnavailable, OSError) as error:
        return [_unavailable(settings, error)]
    finally:
        await database.close()


async def _examine(database: Database, settings: Config, began: Moment) -> list[Finding]:
    found = await database.revision()
    async with database.write():
        # That it begins and ends shows that the store can be written, and that nobody holds it.
        pass
    findings = [ok("store", f"{settings.store.shown} can be read and written"), schema(found, newest())]
    if found != newest():
        return [*findings, steps(began, Moment.now())]
    findings.append(await examine_pepper(database, settings))
    findings += await retiring_models(database)
    async with database.read() as connection:
        written, server = await clocks.newest_ms(connection), await clocks.server_ms(connection)
    findings.append(skew(clock.now_ms(), written, server) or steps(began, Moment.now()))
    return findings


def _unavailable(settings: Config, error: Exception) -> Finding:
    if settings.store.is_file:
        remedy = "see that it is the gateway's file, writable, with room on its disk; or restore a backup"
    else:
        remedy = "see that the server runs, and that [store] url has its address, user and password"
    return fail("store", f"{settings.store.shown}: {' '.join(str(error).split())}", remedy)


def schema(found: str | None, needed: str) -> Finding:
    """Compare the schema of the store with the one that this version needs."""
    if found == needed:
        return ok("migrations", f"the schema is {found}, the newest")
    if found is not None and found > needed:
        remedy = "install the version that wrote it, or restore a backup from before"
        return fail("migrations", f"the schema {found} is ahead of this version's {needed}", remedy)
    message = f"the schema {found or 'is not there'}{' is behind' if found else ''}; {needed} is needed"
    return warn("migrations", message, "run `persona db backup DIR`, then `persona db upgrade`")


async def examine_pepper(database: Database, settings: Config) -> Finding:
    """See that keys are recognised, and that only their owner reads the file that they hang on."""
    place = pepper.place(settings)
    try:
        is_known = await pepper.verify(database, settings)
    except PepperError as error:
        # Its message ends with what to do.
        message, _, remedy = str(error).partition("; ")
        return fail("pepper", message, remedy)
    if settings.keys.pepper:
        return ok("pepper", "[keys] pepper is the store's")
    if not is_known:
        return ok("pepper", "`persona serve` makes it with the first key")
    if place.stat().st_mode & 0o077:
        return warn("pepper", f"{place} can be read by others", f"run `chmod 600 {place}`")
    return ok("pepper", f"{place} is the store's")


async def retiring_models(database: Database) -> list[Finding]:
    """Name the models in use that their providers switch off."""
    remedy = "name another model in [chat] upstreams, and in new versions of the personas that name it"
    return [
        warn(f"models.{name}", f"its provider switches it off on {day}", remedy)
        for name, day in (await retiring.known(database)).items()
    ]


def skew(now: int, written: int | None, server: int | None) -> Finding | None:
    """Hold this clock against the store's newest record, and its server's clock; `None` where they agree.

    Times are Unix milliseconds; `None` where there is none.
    """
    apart = [] if server is None else [(server - now, "the store's server")]
    if written is not None and written > now:
        apart.append((written - now, "the store's newest record"))
    by, other = max(apart, key=lambda one: abs(one[0]), default=(0, ""))
    if abs(by) < SLIGHT_MS:
        return None
    message = f"this clock is {abs(by) / 1000:.1f} s {'behind' if by > 0 else 'ahead of'} {other}"
    return (warn if abs(by) < GRAVE_MS else fail)("clock", message, "let NTP set the clocks of all machines")


def steps(began: Moment, ended: Moment) -> Finding:
    """See that the clock went on as fast as one that nobody sets."""
    moved = (ended.wall_ms - began.wall_ms) - (ended.steady_ms - began.steady_ms)
    if abs(moved) < STEP_MS:
        return ok("clock", "no skew is seen")
    direction = "forward" if moved > 0 else "back"
    message = f"the clock was set {direction} by {abs(moved) / 1000:.1f} s just now"
    return warn("clock", message, "let NTP slew the clock, and see that nothing else sets it")
