"""`persona personas`: create, refine, push, list, show, pull and label personas."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import rich_click as click
from msgspec.structs import replace

from gateway.cli import options
from gateway.cli.creating import create, refine
from gateway.cli.history import diff, label, rollback, unlabel
from gateway.cli.listing import cell, listing, print_json, printable, written
from gateway.cli.options import example
from gateway.cli.pushing import push
from gateway.cli.ref import with_ref
from gateway.cli.rooms import Found
from gateway.cli.target import Target
from gateway.cli.targeting import on_target
from gateway.personas import writing
from gateway.personas.model import Draft
from gateway.personas.name import ModelName
from gateway.personas.slug import LATEST, PRODUCTION
from gateway.personas.view import VersionView

COLUMNS = {
    "SLUG": "slug",
    "NAME": "name",
    "NEWEST": "version",
    "LABELS": "labels",
    "LANGUAGE": "language",
    "VISIBILITY": "visibility",
    "UPDATED": "updated_at",
}


@click.group(epilog=example("persona personas push the-night-librarian.yml"))
def personas() -> None:
    """Create, push, list, show, pull, label, fork, compare and archive personas.

    REF is a slug or a `psn_…` id, perhaps with `@v3`, `@production` or `@latest`. Without `@` it means what
    it means to callers: the label `production` if the persona bears it, else the newest version.
    """


@personas.command("list", epilog=example("persona personas list", "persona personas list --json"))
@options.as_json
@on_target
async def list_(target: Target, as_json: bool) -> None:
    """List the personas of the workspace, by slug."""
    records = [msgspec.to_builtins(persona) for persona in await target.personas()]
    empty = f"there is no persona {target.where}; `persona personas push` stores one"
    listing(records, COLUMNS, as_json=as_json, empty=empty)


@personas.command(
    epilog=example(
        "persona personas show the-night-librarian", "persona personas show the-night-librarian@v2 --json"
    )
)
@with_ref
@options.as_json
@on_target
async def show(target: Target, ref: ModelName, as_json: bool) -> None:
    """Show a persona, its labels and versions, and the prompt of the version that REF names.

    With --json it is the persona with its newest version, or with `@` the version alone.
    """
    found = await target.find(ref)
    if as_json:
        is_bare = ref.version is None and ref.label is None
        print_json(found.persona if is_bare else found.version)
    else:
        _show(found, await target.versions(found.persona.id))


@personas.command(
    epilog=example(
        "persona personas pull the-night-librarian -o the-night-librarian.yml",
        "persona personas pull the-night-librarian@production",
    )
)
@with_ref
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Where to write, over what is there; else stdout.",
)
@on_target
async def pull(target: Target, ref: ModelName, output: Path | None) -> None:
    """Write a persona as the file that `push` reads. Pushing it back changes nothing.

    Without `@` it is the newest version, which a push would follow, whatever the label `production` stands
    for. Over a persona file, what has changed is written in its place; its comments, order and style stay.
    """
    is_bare = ref.version is None and ref.label is None
    persona, version, draft = await target.find(replace(ref, label=LATEST) if is_bare else ref)
    live = persona.labels.get(PRODUCTION, version.version)
    if is_bare and live != version.version:
        click.echo(f"{persona.slug} v{version.version} is the newest; callers get v{live}", err=True)
    if output is None or str(output) == "-":
        click.echo(writing.dump(draft).encode(), nl=False)
        return
    places = " and ".join(map(str, _write(output, draft)))
    click.echo(f"{persona.slug} v{version.version} written to {places}")


@personas.command(
    epilog=example(
        "persona personas fork the-night-librarian the-day-librarian",
        "persona personas fork the-night-librarian@v1 the-day-librarian --name 'Edith by day'",
    )
)
@with_ref
@click.argument("slug")
@click.option("--name", metavar="TEXT", help="What people call it; else as the original.")
@on_target
async def fork(target: Target, ref: ModelName, slug: str, name: str | None) -> None:
    """Make a new persona, SLUG, of the version that REF names. Labels are not copied."""
    found = await target.find(ref)
    made = await target.fork(found, slug, name)
    click.echo(f"{made.slug} v{made.version} (forked from {found.persona.slug}@v{found.version.version})")
    written(target.place)


@personas.command(epilog=example("persona personas archive the-night-librarian"))
@with_ref
@on_target
async def archive(target: Target, ref: ModelName) -> None:
    """Take a persona out of use, with all its versions; a `push` of its file brings it back."""
    if ref.version is not None or ref.label is not None:
        raise click.UsageError("a persona is archived as a whole; leave out what stands behind `@`")
    found = await target.find(ref)
    await target.archive(found)
    click.echo(f"{found.persona.slug} is archived; nobody can use it until it is pushed again")
    written(target.place)


for _command in (create, refine, push, label, unlabel, diff, rollback):
    personas.add_command(_command)


def _write(path: Path, draft: Draft) -> list[Path]:
    """Write the draft, and return where it has been written to."""
    written = writing.rewritten(path, draft) if path.exists() else {path: writing.dump(draft)}
    for place, text in written.items():
        place.write_bytes(text.encode())
    return list(written)


def _show(found: Found, versions: Sequence[VersionView]) -> None:
    persona, version, draft = found
    record = msgspec.structs.asdict(persona)
    for field in ("slug", "name", "id", "tags", "visibility", "status", "labels", "created_at", "updated_at"):
        click.echo(f"{field.removesuffix('_at'):<12}{cell(record[field])}".rstrip())
    click.echo("versions")
    for one in versions:
        marks = [name for name, number in persona.labels.items() if number == one.version]
        marks += [LATEST] if one.version == persona.version else []
        click.echo(f"  {f'v{one.version}':<10}{one.created_at}  {', '.join(marks)}".rstrip())
    content = draft.content
    click.echo(f"\n{persona.slug}@v{version.version} ({content.language}, overlay {content.overlay})")
    click.echo(f"{version.fingerprint}\n")
    click.echo(printable(content.prompt))
