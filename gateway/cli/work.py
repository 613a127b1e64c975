"""`persona work`: do work that lasts on this machine too, and look after what waits, runs or has failed."""

import sys
from pathlib import Path

import msgspec
import rich_click as click

from gateway import clock, config
from gateway.cli import options
from gateway.cli.failures import Failure
from gateway.cli.listing import listing, print_json, printable
from gateway.cli.opening import Opened, on_store, require_store
from gateway.config import Config
from gateway.telemetry import logs
from gateway.work.store import rows
from gateway.work.work import State, Work

COLUMNS = {
    "WORK": "id",
    "KIND": "kind",
    "STATE": "state",
    "ATTEMPT": "attempt",
    "CREATED": "created_at",
    "DUE": "due_at",
    "ERROR": "reason",
}
LIMIT = 50
STATES = ("waiting", "running", "done", "failed", "cancelled")
SHOWN = ("waiting", "running", "failed")


@click.group(
    invoke_without_command=True,
    epilog=options.example(
        "persona work --config config.toml", "persona work list", "persona work retry run_0Qw…"
    ),
)
@options.config
@click.pass_context
def work(context: click.Context, config_path: Path | None) -> None:
    """Do work that lasts, and look after what waits, runs or has failed.

    Without a command this process does work until Ctrl-C. `persona serve` starts such a process by itself;
    another one on another machine, on the same PostgreSQL, shares the load and takes over what a lost one has
    left.
    """
    if context.invoked_subcommand is not None:
        return
    settings = config.load(config_path)
    require_store(settings, config_path)
    if config.uses_local(settings):
        raise Failure(
            "the bundled model answers beside `persona serve` alone; "
            "name an upstream in [chat] upstreams for work on this machine"
        )
    logs.configure(settings.log)
    _run(settings)


def _run(settings: Config) -> None:
    with config.without_math_threads():
        from gateway.server import lone
        from gateway.server.socket_child import SocketMissing

    click.echo(f"doing work of {settings.store.shown}; Ctrl-C stops", err=True)
    try:
        sys.exit(lone.run(settings))
    except SocketMissing as error:
        raise Failure(str(error)) from None


@work.command("list", epilog=options.example("persona work list", "persona work list --state failed --json"))
@on_store
@click.option(
    "--state", type=click.Choice(STATES), help="Only work in this state; else what is open or failed."
)
@click.option("--kind", metavar="KIND", help="Only work of this kind.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=LIMIT, show_default=True, help="How many at most."
)
@options.as_json
async def list_(at: Opened, state: str | None, kind: str | None, limit: int, as_json: bool) -> None:
    """List work of every workspace, the newest first."""
    states = SHOWN if state is None else (state,)
    async with at.database.read() as connection:
        found = await rows.listed(connection, msgspec.convert(states, list[State]), kind, limit)
    listing(
        [_record(one) for one in found], COLUMNS, as_json=as_json, empty="nothing waits, runs or has failed"
    )


@work.command(epilog=options.example("persona work show run_0QwErTy1aBcDeFgHiJkL"))
@on_store
@click.argument("work_id", metavar="WORK")
@options.as_json
async def show(at: Opened, work_id: str, as_json: bool) -> None:
    """Show one piece of work."""
    record = _record(await _found(at, work_id))
    if as_json:
        print_json(record)
        return
    for name, value in record.items():
        click.echo(printable(f"{name:<16} {value}"))


@work.command(epilog=options.example("persona work retry run_0QwErTy1aBcDeFgHiJkL"))
@on_store
@click.argument("work_id", metavar="WORK")
async def retry(at: Opened, work_id: str) -> None:
    """Let failed or cancelled work go on with the step in which it ended.

    A response of the background has ended for good: its caller was told so, and what was asked is not kept.
    """
    from gateway.auth.allowance import Allowance
    from gateway.limits.limiter import Limiter
    from gateway.limits.memory import Memory
    from gateway.limits.plans import Plans
    from gateway.limits.table import Table
    from gateway.server import kinds
    from gateway.server.equipping import Equipping

    # Nothing is performed here, and so nothing is counted.
    limiter = Limiter(Memory(Table(1)))
    allowance = Allowance(at.database, Plans(at.config), limiter)
    known = kinds.known(at.config, at.database, allowance, Equipping(at.config, at.database, limiter))
    kind = known.get((await _found(at, work_id)).kind)
    if kind is not None and kind.final is not None:
        raise Failure(f"{work_id} {kind.final}")
    async with at.database.write() as connection:
        waiting = await rows.retry(connection, work_id)
        if waiting is not None and kind is not None and kind.take_up is not None:
            await kind.take_up(connection, waiting)
    if waiting is None:
        state = (await _found(at, work_id)).state
        raise Failure(f"{work_id} is {state}; only what has failed or was cancelled can be tried again")
    click.echo(f"{work_id} waits for its attempt {waiting.attempt}")


@work.command(epilog=options.example("persona work cancel run_0QwErTy1aBcDeFgHiJkL"))
@on_store
@click.argument("work_id", metavar="WORK")
async def cancel(at: Opened, work_id: str) -> None:
    """Ask for the end of work that waits or runs."""
    async with at.database.write() as connection:
        is_open = await rows.want_cancelled(connection, work_id)
    if not is_open:
        raise Failure(f"{work_id} is {(await _found(at, work_id)).state} and cannot be cancelled")
    click.echo(f"{work_id} is cancelled by the process that does work, within a second where one runs")


async def _found(at: Opened, work_id: str) -> Work:
    async with at.database.read() as connection:
        found = await rows.find(connection, work_id)
    if found is None:
        raise Failure(f"there is no work {work_id}")
    return found


def _record(one: Work) -> dict[str, object]:
    record = msgspec.structs.asdict(one)
    for name in ("due_at", "created_at", "started_at", "ended_at"):
        record[name] = clock.iso_or_none(record[name])
    return {**record, "reason": (one.error or {}).get("code")}
