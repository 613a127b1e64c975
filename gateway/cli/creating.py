"""`persona personas create` and `refine` have a run make a persona or a version, and show it as it goes."""

import typing
from pathlib import Path

import rich_click as click
from msgspec import UNSET
from msgspec.structs import replace

from gateway.cli import brief, options
from gateway.cli.listing import print_json, written
from gateway.cli.options import example
from gateway.cli.running import Progress, RunEvent, operation_line, watch
from gateway.cli.target import Target
from gateway.cli.targeting import on_target
from gateway.personas.model import Visibility
from gateway.personas.name import ModelName
from gateway.runs import asked
from gateway.runs.view import RefineBody


@click.command(
    epilog=example(
        "persona personas create -f ./brief.md",
        "persona personas create -f ./brief.md --visibility private --json",
        "echo 'A retired lighthouse keeper who repairs radios.' | persona personas create -f -",
    )
)
@click.option(
    "-f",
    "--file",
    "path",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path),
    help="The brief, a text of at most 4000 characters; `-` is standard input.",
)
@click.option(
    "--visibility",
    type=click.Choice(typing.get_args(Visibility)),
    help="Who sees it; else as the brief says, else workspace.",
)
@options.as_json
@on_target
async def create(target: Target, path: Path, visibility: Visibility | None, as_json: bool) -> None:
    """Make a persona from a brief: what it says in a few sentences is the intent of a run.

    YAML front matter may hold name, slug, language, visibility, seed, budget_usd, pipeline and custom_fields.
    Steps are told on stderr as they are done. Leaving with Ctrl-C does not stop the run; `persona runs tail`
    and `cancel` take its id.
    """
    wanted = brief.read(path)
    if visibility is not None or wanted.visibility is UNSET:
        wanted = replace(wanted, visibility=visibility or "workspace")
    asked.read(wanted)
    run = await target.runs.begin(wanted)
    await attend(target, run.id, as_json=as_json)


@click.command(
    epilog=example(
        'persona personas refine the-night-librarian "Let her be curt with strangers."',
        'persona personas refine the-night-librarian "She has moved to Izmir." --json',
    )
)
@click.argument("ref", metavar="PERSONA")
@click.argument("instruction")
@click.option("--seed", type=int, help="The seed of the run.")
@click.option("--budget-usd", type=float, help="What the run may cost at most.")
@options.as_json
@on_target
async def refine(
    target: Target, ref: str, instruction: str, seed: int | None, budget_usd: float | None, as_json: bool
) -> None:
    """Have a run edit a persona's texts as the instruction says, and make a new version of it.

    What became otherwise is shown as a JSON patch.
    """
    wanted = RefineBody(
        instruction=instruction,
        seed=UNSET if seed is None else seed,
        budget_usd=UNSET if budget_usd is None else budget_usd,
    )
    run = await target.runs.refine(ref, wanted)
    await attend(target, run.id, as_json=as_json)


async def attend(target: Target, run_id: str, *, as_json: bool) -> None:
    """Show a run until its end, and then what it has made. Raises Failure where it makes nothing."""
    if as_json:
        last = await watch(run_id, target.runs.follow(run_id), lambda _: None)
    else:
        click.echo(f"{run_id} makes it; Ctrl-C leaves, and it goes on", err=True)
        with Progress() as progress:
            last = await watch(run_id, target.runs.follow(run_id), progress.show)
    found = await target.find(ModelName(str(last.data["persona_id"])))
    if as_json:
        print_json(found.persona)
        return
    click.echo(f"{found.persona.slug} v{found.persona.version} (created by {run_id})")
    for operation in last.data.get("patch") or ():
        click.echo(operation_line(operation))
    _warn(found.persona.slug, last)
    written(target.place)


def _warn(slug: str, last: RunEvent) -> None:
    if last.data.get("demonstration"):
        click.echo(
            f"Note: {slug} is a demonstration: the bundled model talks and does not think; config.toml names "
            "a real provider in three lines",
            err=True,
        )
    left_out = last.data.get("examples_left_out")
    if left_out:
        click.echo(f"Warning: {slug}: {left_out} example lines were out of character, left out", err=True)
