"""`persona runs`: list, show, follow, repeat and cancel the runs that make personas."""

import msgspec
import rich_click as click

from gateway.cli import options
from gateway.cli.creating import attend
from gateway.cli.listing import cell, listing, print_json, written
from gateway.cli.options import example
from gateway.cli.running import RunEvent, event_line, operation_line, step_line, watch
from gateway.cli.target import Target
from gateway.cli.targeting import on_target

COLUMNS = {
    "RUN": "id",
    "STATUS": "status",
    "PERSONA": "persona",
    "TOKENS": "tokens",
    "COST USD": "cost_usd",
    "CREATED": "created_at",
    "ENDED": "ended_at",
}
LIMIT = 50
RUN = "run_a8K2zBqW5vXc7yTd0LmN"


@click.group(epilog=example(f"persona runs tail {RUN}"))
def runs() -> None:
    """List, show, follow, repeat and cancel the runs that make personas.

    `persona personas create` and `persona personas refine` begin one.
    """


@runs.command("list", epilog=example("persona runs list", "persona runs list --limit 5 --json"))
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=LIMIT, show_default=True, help="How many at most."
)
@options.as_json
@on_target
async def list_(target: Target, limit: int, as_json: bool) -> None:
    """List runs, the newest first."""
    records = [msgspec.to_builtins(run) for run in await target.runs.listed(limit)]
    empty = f"there is no run {target.where}; `persona personas create` begins one"
    listing(records, COLUMNS, as_json=as_json, empty=empty)


@runs.command(epilog=example(f"persona runs show {RUN}", f"persona runs show {RUN} --json"))
@click.argument("run_id", metavar="RUN")
@options.as_json
@on_target
async def show(target: Target, run_id: str, as_json: bool) -> None:
    """Show one run, with what each of its steps took."""
    found = await target.runs.find(run_id)
    if as_json:
        print_json(found)
        return
    record = msgspec.to_builtins(found)
    steps, error, result = record.pop("steps"), record.pop("error"), record.pop("result") or {}
    patch = result.pop("patch", None) or ()
    for name, value in {**record, **result}.items():
        click.echo(f"{name:<18}{cell(value)}".rstrip())
    if error is not None:
        click.echo(f"{'error':<18}{cell(error.get('code'))}: {cell(error.get('message'))}")
    for step in steps:
        click.echo(f"  {step_line(step)}")
    for operation in patch:
        click.echo(operation_line(operation))


@runs.command(epilog=example(f"persona runs tail {RUN}", f"persona runs tail {RUN} --json"))
@click.argument("run_id", metavar="RUN")
@options.as_json
@on_target
async def tail(target: Target, run_id: str, as_json: bool) -> None:
    """Show what happens in a run, from its beginning to its end; with --json one object on a line.

    The command fails as the run does.
    """

    def tell(event: RunEvent) -> None:
        if as_json:
            click.echo(msgspec.json.encode({"type": event.type, "data": event.data}))
        else:
            click.echo(event_line(event))

    await watch(run_id, target.runs.follow(run_id), tell)


@runs.command(
    epilog=example(f"persona runs replay {RUN}", f"persona runs replay {RUN} --from-step examples --json")
)
@click.argument("run_id", metavar="RUN")
@click.option("--from-step", metavar="STEP", help="The first step that is taken again; else all are.")
@options.as_json
@on_target
async def replay(target: Target, run_id: str, from_step: str | None, as_json: bool) -> None:
    """Repeat a run with the same inputs, seed and pipeline, and show what became otherwise.

    It makes what that run made, a persona or a version, and a JSON patch from the old result to the new one.
    """
    run = await target.runs.replay(run_id, from_step)
    await attend(target, run.id, as_json=as_json)


@runs.command(epilog=example(f"persona runs cancel {RUN}"))
@click.argument("run_id", metavar="RUN")
@on_target
async def cancel(target: Target, run_id: str) -> None:
    """Ask for the end of a run that is open; nothing half-made stays."""
    await target.runs.cancel(run_id)
    click.echo(f"{run_id} is cancelled by the process that does work, within a second where one runs")
    written(target.place)
