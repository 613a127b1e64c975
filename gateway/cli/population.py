"""`persona population`: make personas by the hundred, validate them, and keep them as personas."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import rich_click as click

from gateway.cli.failures import Failure
from gateway.cli.listing import print_json
from gateway.cli.options import example
from gateway.cli.target import Target
from gateway.cli.targeting import on_target
from gateway.errors import Refusal
from gateway.personas import writing
from gateway.personas.body import slug_from
from gateway.personas.model import Content, Draft, Profile
from gateway.personas.slug import LENGTH
from gateway.studio import evaluating
from gateway.studio.crowd import Member
from gateway.studio.evaluation import Report, evaluate

PAUSE_SECONDS = 1.0
SHOWN = 20
"""Gates that are not passed and are told of."""
HINTS = {
    "invalid_blueprint": " (the model planned none that can be drawn from; --blueprint gives one, or "
    "[generation] upstream names another model)",
    "provider_error": " (the model does not answer, or not so that each persona passes the gates; "
    "[generation] upstream names another one, and --partial does without some personas)",
}
"""This says what to do about failures that lie with the model, the bundled one above all."""
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(
    epilog=example('persona population generate "Regulars of a harbour library." --count 20 -o p.json')
)
def population() -> None:
    """Make personas by the hundred, validate them, and keep them as personas."""


@population.command(epilog=example('persona population generate "Neighbours." --count 10 --seed 7 -o p.json'))
@click.argument("prompt")
@click.option("--count", type=click.IntRange(1, 200), required=True, help="How many.")
@click.option("--seed", type=click.IntRange(0), help="The same one draws the same attributes.")
@click.option("--blueprint", type=FILE, help="A JSON file; without one a model plans the fields.")
@click.option("--partial", is_flag=True, help="Do without personas that cannot be written.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="A file."
)
@on_target
async def generate(
    target: Target,
    prompt: str,
    count: int,
    seed: int | None,
    blueprint: Path | None,
    partial: bool,
    output: Path,
) -> None:
    """Make a population and write it into a file, once it is whole."""
    wanted: dict[str, Any] = {"prompt": prompt, "count": count, "partial": partial}
    wanted |= {} if seed is None else {"seed": seed}
    wanted |= {} if blueprint is None else {"blueprint": _json(blueprint)}
    job = await target.populations.begin(wanted)
    click.echo(f"population {job} is being made", err=True)
    found = await target.populations.find(job)
    while found.status not in ("succeeded", "failed"):
        await asyncio.sleep(PAUSE_SECONDS)
        found = await target.populations.find(job)
    if found.status == "failed":
        raise Failure(f"the population has failed: {found.error}{HINTS.get(found.error or '', '')}")
    _keep(output, msgspec.json.encode(found))
    click.echo(f"{len(found.personas or [])} personas are in {output}")


@population.command(epilog=example("persona population validate p.json"))
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="The whole report.")
def validate(file: Path, as_json: bool) -> None:
    """Hold the personas of a file against the gates, and against the blueprint in it."""
    _, report = _evaluated(file)
    if as_json:
        print_json(msgspec.to_builtins(report))
    else:
        click.echo(
            f"{sum(card.passed for card in report.scorecards)} of {len(report.scorecards)} personas pass"
        )
    _require_passed(report)


@population.command(epilog=example("persona population export p.json --to personas/"))
@click.argument("file", type=FILE)
@click.option(
    "--to", "folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="A folder."
)
def export(file: Path, folder: Path) -> None:
    """Write each persona of a file as a persona file."""
    members, _ = _evaluated(file)
    drafts = _drafts(members)
    folder.mkdir(parents=True, exist_ok=True)
    for slug, draft in drafts.items():
        (folder / f"{slug}.yml").write_bytes(writing.dump(draft).encode())
    click.echo(f"{len(drafts)} personas are in {folder}")


@population.command(epilog=example("persona population push p.json"))
@click.argument("file", type=FILE)
@on_target
async def push(target: Target, file: Path) -> None:
    """Validate the personas of a file and, if all gates are passed, store them as personas."""
    members, report = _evaluated(file)
    _require_passed(report)
    drafts = {Path(f"{slug}.yml"): draft for slug, draft in _drafts(members).items()}
    async for pushed in target.push(drafts):
        click.echo(f"{pushed.draft.profile.slug} v{pushed.version}")


def _keep(output: Path, made: bytes) -> None:
    output.write_bytes(msgspec.json.format(made) + b"\n")


def _json(file: Path) -> Any:
    try:
        return msgspec.json.decode(file.read_bytes())
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Failure(f"{file} is no JSON") from None


def _evaluated(file: Path) -> tuple[list[Member], Report]:
    """Read a population, or a list of personas with perhaps a blueprint. Raises Failure."""
    value = _json(file)
    given = value if isinstance(value, dict) else {"personas": value}
    sent = {name: given[name] for name in ("personas", "blueprint") if given.get(name) is not None}
    try:
        members, plan = evaluating.read(msgspec.json.encode(sent))
    except Refusal as refusal:
        told = (f"{'.'.join(map(str, each.loc))}: {each.msg}" for each in refusal.details or [])
        raise Failure(f"{file}: {'; '.join(told)}") from None
    return members, evaluate(members, plan)


def _require_passed(report: Report) -> None:
    told = [f"all: {gate.name}: {gate.detail}" for gate in report.gates if not gate.passed]
    for card in report.scorecards:
        told += [f"{card.persona_id}: {gate.name}: {gate.detail}" for gate in card.gates if not gate.passed]
    if told:
        more = f"\nand {len(told) - SHOWN} more" if len(told) > SHOWN else ""
        raise Failure("\n".join(["not all gates are passed:", *told[:SHOWN]]) + more)


def _drafts(members: list[Member]) -> dict[str, Draft]:
    """Make a draft of each, under a slug of its own."""
    drafts: dict[str, Draft] = {}
    for member in members:
        name = (member.fields.get("name") or member.persona_id)[:200]
        slug = base = slug_from(name) or "persona"
        number = 1
        while slug in drafts:
            number += 1
            slug = base[: LENGTH - len(f"-{number}")].strip("-") + f"-{number}"
        content = Content(prompt=member.system_prompt, layers={"surface": member.fields})
        drafts[slug] = Draft(Profile(slug=slug, name=name), content)
    return drafts
