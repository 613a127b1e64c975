"""`persona personas create`: a persona is made from a brief, by a run that is shown as it goes."""

import typing
from pathlib import Path

import rich_click as click
from msgspec import UNSET
from msgspec.structs import replace

from gateway.cli import brief, options
from gateway.cli.listing import print_json, written
from gateway.cli.options import example
from gateway.cli.running import Progress, RunEvent, watch
from gateway.cli.target import Target, on_target
from gateway.personas.model import Visibility
from gateway.personas.name import ModelName
from gateway.runs import asked


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

    YAML front matter may hold name, slug, language, visibility, seed and budget_usd. Steps are told on stderr
    as they are done. Leaving with Ctrl-C does not stop the run; `persona runs tail` and `cancel` take its id.
    """
    wanted = brief.read(path)
    if visibility is not None or wanted.visibility is UNSET:
        wanted = replace(wanted, visibility=visibility or "workspace")
    asked.read(wanted)
    run = await target.runs.begin(wanted)
    if as_json:
        last = await watch(run.id, target.runs.follow(run.id), lambda _: None)
    else:
        click.echo(f"{run.id} makes it; Ctrl-C leaves, and it goes on", err=True)
        with Progress() as progress:
            last = await watch(run.id, target.runs.follow(run.id), progress.show)
    found = await target.find(ModelName(str(last.data["persona_id"])))
    if as_json:
        print_json(found.persona)
        return
    click.echo(f"{found.persona.slug} v{found.persona.version} (created by {run.id})")
    _warn(found.persona.slug, last)
    written(target.place)


def _warn(slug: str, last: RunEvent) -> None:
    left_out = last.data.get("examples_left_out")
    if left_out:
        click.echo(f"Warning: {slug}: {left_out} example lines were out of character, left out", err=True)
