"""`persona personas push`: store persona files."""

import sys
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

import rich_click as click

from gateway.cli.failures import Failure
from gateway.cli.listing import coloured, written
from gateway.cli.options import example
from gateway.cli.target import Pushed, Target
from gateway.cli.targeting import on_target
from gateway.config import ConfigError
from gateway.drift.verdict import LINES_NEEDED
from gateway.personas import defaults, difference, files
from gateway.personas.acceptance import DraftError
from gateway.personas.model import Draft

OUTCOMES = {
    "created": "created",
    "new-version": "new version",
    "profile": "profile changed, same version",
    "unchanged": "unchanged",
}


@click.command(
    epilog=example(
        "persona personas push the-night-librarian.yml",
        "persona personas push personas/*.yml --url https://personas.example.com",
        "persona personas pull the-night-librarian | persona personas push -",
    )
)
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@on_target
async def push(target: Target, paths: tuple[Path, ...]) -> None:
    """Store persona files: all of them, or none where one is mistaken; `-` is standard input.

    An unchanged file makes no new version; a changed one makes the next version and prints the difference.
    """
    drafts = _read(target, paths)
    async with aclosing(target.push(drafts)) as done:
        async for pushed in done:
            _tell(pushed)
            _warn(pushed.draft)
    written(target.place)


def _read(target: Target, paths: Sequence[Path]) -> dict[Path, Draft]:
    """Read the drafts; each needs its own slug and must be acceptable as far as can be told. Raises
    Failure."""
    places: dict[str, Path] = {}
    drafts = {}
    for path in paths:
        try:
            draft = _draft(path)
            target.check(draft)
        except DraftError as error:
            raise Failure(f"{path}: {error}") from None
        except ConfigError as error:
            raise Failure(f"{path}: upstreams: {error}") from None
        slug = draft.profile.slug
        if slug in places:
            raise Failure(f"{path}: slug: `{slug}` is the slug of {places[slug]} too")
        places[slug] = path
        drafts[path] = draft
    return drafts


def _draft(path: Path) -> Draft:
    """Raises PersonaFileError, DraftError."""
    if str(path) != "-":
        return files.read(path)
    try:
        text = sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Failure(f"standard input: {error}") from None
    return files.parse(text, "standard input", Path())


def _tell(pushed: Pushed) -> None:
    draft, before, version, outcome = pushed
    change = difference.diff(before, draft) if before else ""
    restored = outcome == "profile" and not change
    told = "taken out of the archive" if restored else OUTCOMES[outcome]
    click.echo(f"{draft.profile.slug} v{version} ({told})")
    coloured(change)


def _warn(draft: Draft) -> None:
    """Say what is stored, and is not likely to be meant."""
    slug, content = draft.profile.slug, draft.content
    for name in defaults.strange(content.defaults):
        click.echo(f"Warning: {slug}: defaults: `{name}` is not known here and is sent as it is", err=True)
    if len(content.examples) < LINES_NEEDED:
        few = f"{len(content.examples)} examples; with {LINES_NEEDED} its voice is known from the first turn"
        click.echo(f"Warning: {slug} has {few}", err=True)
