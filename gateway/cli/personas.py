"""`persona personas`: push, list, show, pull and label personas."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import rich_click as click

from gateway import config
from gateway.auth.keys import Workspace
from gateway.cli import options
from gateway.cli.failures import Failure
from gateway.cli.listing import cell, listing, print_json, printable, time
from gateway.cli.opening import Opened, in_workspace
from gateway.cli.options import example
from gateway.cli.ref import Found, resolve, with_ref
from gateway.config import Config, ConfigError
from gateway.personas import files
from gateway.personas import store as stored
from gateway.personas.model import Draft, DraftError, Persona, Version
from gateway.personas.name import ModelName
from gateway.personas.slug import LATEST, is_label
from gateway.personas.store import Pushed

COLUMNS = {
    "SLUG": "slug",
    "NAME": "name",
    "VERSION": "version",
    "LABELS": "labels",
    "LANGUAGE": "language",
    "VISIBILITY": "visibility",
    "UPDATED": "updated_at",
}
OUTCOMES = {
    "created": "created",
    "new-version": "new version",
    "profile": "profile changed, same version",
    "unchanged": "unchanged",
}
COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.group(epilog=example("persona personas push the-night-librarian.yml"))
def personas() -> None:
    """Push, list, show, pull and label personas.

    REF is a slug or a `psn_…` id, perhaps with `@v3` or `@production`; without `@` it is the newest version.
    """


@personas.command(
    epilog=example("persona personas push the-night-librarian.yml", "persona personas push personas/*.yml")
)
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@in_workspace
async def push(store: Opened, workspace: Workspace, paths: tuple[Path, ...]) -> None:
    """Store persona files: all of them, or none where one is mistaken.

    An unchanged file makes no new version; a changed one makes the next version and prints the difference.
    """
    drafts = _read(store.config, paths)
    async with store.database.write() as connection:
        done = [await stored.push(connection, workspace.id, draft, None) for draft in drafts]
    for draft, pushed in zip(drafts, done, strict=True):
        _tell(draft, pushed)


@personas.command("list", epilog=example("persona personas list", "persona personas list --json"))
@options.as_json
@in_workspace
async def list_(store: Opened, workspace: Workspace, as_json: bool) -> None:
    """List the personas of the workspace, by slug."""
    async with store.database.read() as connection:
        found = await stored.everything(connection, workspace.id)
        languages = await stored.languages(connection, workspace.id)
    records = [_record(persona, languages[persona.id]) for persona in found]
    empty = f"there is no persona in the workspace `{workspace.name}`; `persona personas push` stores one"
    listing(records, COLUMNS, as_json=as_json, empty=empty)


@personas.command(
    epilog=example(
        "persona personas show the-night-librarian", "persona personas show the-night-librarian@v2 --json"
    )
)
@with_ref
@options.as_json
@in_workspace
async def show(store: Opened, workspace: Workspace, ref: ModelName, as_json: bool) -> None:
    """Show a persona, its labels and versions, and the prompt of the version that REF names."""
    async with store.database.read() as connection:
        found = await resolve(connection, workspace, ref)
        versions = await stored.versions(connection, found.persona.id)
        newest = await stored.version(connection, found.persona.id, found.persona.latest)
    record = _record(found.persona, newest.content.language)
    if as_json:
        shown = {**_version_record(found.version), **msgspec.to_builtins(found.version.content)}
        print_json({**record, "shown": shown, "versions": [_version_record(one) for one in versions]})
    else:
        _show(record, found, versions)


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
@in_workspace
async def pull(store: Opened, workspace: Workspace, ref: ModelName, output: Path | None) -> None:
    """Write a persona as the file that `push` reads. Pushing it back changes nothing."""
    async with store.database.read() as connection:
        persona, version = await resolve(connection, workspace, ref)
    text = files.dump(Draft(persona.profile, version.content)).encode()
    if output is None or str(output) == "-":
        click.echo(text, nl=False)
    else:
        _write(output, text)
        click.echo(f"{persona.profile.slug} v{version.number} written to {output}")


def _label(_context: click.Context, _argument: click.Parameter, text: str) -> str:
    if not is_label(text):
        raise click.BadParameter("lower-case letters, digits and hyphens, and no `v<digits>`")
    return text


@personas.command(
    epilog=example(
        "persona personas label the-night-librarian@v2 production",
        "persona personas label the-night-librarian@staging production",
    )
)
@with_ref
@click.argument("label", callback=_label)
@in_workspace
async def label(store: Opened, workspace: Workspace, ref: ModelName, label: str) -> None:
    """Let LABEL mean the version that REF names, from now on.

    While a persona bears `production`, its bare name means that version; without it, the newest one.
    """
    async with store.database.write() as connection:
        persona, version = await resolve(connection, workspace, ref)
        await stored.label(connection, persona, label, version.number)
    before = persona.labels.get(label)
    was = f" (was v{before})" if before not in (None, version.number) else ""
    click.echo(f"{persona.profile.slug}@{label} is v{version.number}{was}")


def _read(settings: Config, paths: Sequence[Path]) -> list[Draft]:
    """The drafts, each with its own slug and with upstreams that are configured. Raises Failure."""
    places: dict[str, Path] = {}
    drafts = []
    for path in paths:
        try:
            draft = files.read(path)
        except DraftError as error:
            raise Failure(f"{path}: {error}") from None
        for upstream in draft.content.upstreams:
            try:
                config.route(settings, upstream)
            except ConfigError as error:
                raise Failure(f"{path}: upstreams: {error}") from None
        slug = draft.profile.slug
        if slug in places:
            raise Failure(f"{path}: slug: `{slug}` is the slug of {places[slug]} too")
        places[slug] = path
        drafts.append(draft)
    return drafts


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _tell(draft: Draft, pushed: Pushed) -> None:
    difference = ""
    if pushed.previous and pushed.profile_before:
        difference = files.diff(Draft(pushed.profile_before, pushed.previous.content), draft)
    restored = pushed.outcome == "profile" and not difference
    outcome = "taken out of the archive" if restored else OUTCOMES[pushed.outcome]
    click.echo(f"{draft.profile.slug} v{pushed.version.number} ({outcome})")
    for line in difference.splitlines():
        click.echo(click.style(line, fg=COLOURS.get(line[:1])))


def _show(record: dict[str, object], found: Found, versions: Sequence[Version]) -> None:
    persona, version = found
    for field in ("slug", "name", "id", "tags", "visibility", "status", "labels", "created_at", "updated_at"):
        click.echo(f"{field.removesuffix('_at'):<12}{cell(record[field])}".rstrip())
    click.echo(f"{'versions':<12}".rstrip())
    for one in versions:
        marks = [name for name, number in persona.labels.items() if number == one.number]
        marks += [LATEST] if one.number == persona.latest else []
        click.echo(f"  {f'v{one.number}':<10}{time(one.created_at)}  {', '.join(marks)}".rstrip())
    content = version.content
    click.echo(f"\n{persona.profile.slug}@v{version.number} ({content.language}, overlay {content.overlay})")
    click.echo(f"{version.fingerprint}\n")
    click.echo(printable(content.prompt))


def _record(persona: Persona, language: str) -> dict[str, object]:
    """A persona as the list prints it: `version` is the newest one, and `language` is that one's."""
    profile = persona.profile
    return {
        "id": persona.id,
        "slug": profile.slug,
        "name": profile.name,
        "version": persona.latest,
        "labels": persona.labels,
        "tags": profile.tags,
        "language": language,
        "visibility": profile.visibility,
        "status": persona.status,
        "created_at": time(persona.created_at),
        "updated_at": time(persona.updated_at),
    }


def _version_record(version: Version) -> dict[str, object]:
    return {
        "id": version.id,
        "version": version.number,
        "fingerprint": version.fingerprint,
        "created_at": time(version.created_at),
    }
