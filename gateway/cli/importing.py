"""`persona import` and `persona export`: characters and prompts of other products come in and go out."""

import sys
import typing
from pathlib import Path

import msgspec
import rich_click as click

from gateway.cli import options
from gateway.cli.failures import Failure
from gateway.cli.listing import written
from gateway.cli.options import example
from gateway.cli.ref import with_ref
from gateway.cli.rooms import Document
from gateway.cli.target import Target
from gateway.cli.targeting import on_target
from gateway.importing import cards, langfuse, pictures
from gateway.importing.formats import Format
from gateway.importing.found import BYTES, ImportingError
from gateway.importing.plain import KINDS
from gateway.importing.view import Imported
from gateway.personas import writing
from gateway.personas.model import Visibility
from gateway.personas.name import ModelName

FORMATS = typing.get_args(Format)
WRITTEN = ("card", "card-png", "langfuse", "yaml")


@click.command(
    "import",
    epilog=example(
        "persona import card edith.png",
        "persona import openai-prompt prompt.json --slug support",
        "persona import langfuse prompts.json --url https://personas.example.com",
        "persona import text prompts/",
    ),
)
@click.argument("form", metavar="FORMAT", type=click.Choice(FORMATS))
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--slug", metavar="SLUG", help="The slug of the persona; else one is made of its name.")
@click.option(
    "--visibility",
    type=click.Choice(typing.get_args(Visibility)),
    default="workspace",
    show_default=True,
    help="Who sees it.",
)
@options.as_json
@on_target
async def import_(
    target: Target,
    form: Format,
    paths: tuple[Path, ...],
    slug: str | None,
    visibility: Visibility,
    as_json: bool,
) -> None:
    """Make personas of character cards and of prompts of other products.

    FORMAT is `card` (as JSON or PNG), `langfuse`, `openai-assistant`, `openai-prompt`, `promptfoo` or
    `text`; of a folder, every text in it is one.

    What has no place in a persona is listed. A persona whose slug there is gets a new version.
    """
    read = [document for path in paths for document in _documents(path)]
    if slug is not None and len(read) != 1:
        raise click.UsageError("--slug is for one file")
    taken: list[Imported] = []
    for path, data in read:
        document = Document(form, data, path.name, slug, visibility)
        try:
            taken += await target.imports.take(document)
        except Failure as failure:
            raise Failure(f"{path}: {failure.message}") from None
    if as_json:
        click.echo(msgspec.json.encode(taken))
        return
    for each in taken:
        _tell(each)
    written(target.place)


@click.command(
    epilog=example(
        "persona export card-png the-night-librarian -o edith.png",
        "persona export langfuse the-night-librarian@v2",
    )
)
@click.argument("form", metavar="FORMAT", type=click.Choice(WRITTEN))
@with_ref
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="Else stdout.")
@click.option(
    "--picture",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The PNG picture that a card goes into; else a plain one.",
)
@on_target
async def export(
    target: Target, form: str, ref: ModelName, output: Path | None, picture: Path | None
) -> None:
    """Write a persona as a character card or a prompt of another product.

    It is the version that REF names, as `card` (V3), `card-png`, `langfuse` or `yaml`.

    What has no place in the format is listed.
    """
    if picture is not None and form != "card-png":
        raise click.UsageError("--picture is for card-png")
    persona, version, draft = await target.find(ref)
    lost: list[str] = []
    if form == "yaml":
        data = writing.dump(draft).encode()
    elif form == "langfuse":
        one = langfuse.write(persona.slug, version.version, version.labels, persona.tags, draft.content)
        langfuse.note_lost(draft.content, lost)
        data = _json(one)
    else:
        card = cards.write(draft, lost)
        data = _json(card) if form == "card" else _pictured(card, picture)
    for line in lost:
        click.echo(f"not carried: {line}", err=True)
    if output is None or str(output) == "-":
        click.echo(data, nl=False)
        return
    _write(output, data)
    click.echo(f"{persona.slug} v{version.version} written to {output}")


def _documents(path: Path) -> list[tuple[Path, bytes]]:
    """Read the file, or the texts of the folder. Raises Failure."""
    if str(path) == "-":
        return [(Path("prompt"), sys.stdin.buffer.read(BYTES + 1))]
    try:
        if not path.is_dir():
            return [(path, path.read_bytes())]
        found = sorted(each for each in path.iterdir() if each.suffix in KINDS)
        if not found:
            raise Failure(f"{path} holds no file that ends in {' or '.join(KINDS)}")
        return [(each, each.read_bytes()) for each in found]
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}") from None


def _pictured(card: dict[str, object], picture: Path | None) -> bytes:
    older = {**card, "spec": "chara_card_v2", "spec_version": "2.0"}
    texts = {b"ccv3": msgspec.json.encode(card), b"chara": msgspec.json.encode(older)}
    try:
        return pictures.with_card(picture.read_bytes() if picture else pictures.blank(), texts)
    except ImportingError as error:
        raise Failure(f"{picture}: {error}") from None


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _tell(taken: Imported) -> None:
    labels = "".join(f", {label} = v{number}" for label, number in taken.labels.items())
    alias = f", called {taken.alias}" if taken.alias else ""
    outcome = taken.outcome.replace("-", " ")
    click.echo(f"{taken.slug} v{taken.version} ({outcome}{labels}{alias})")
    for line in taken.not_carried:
        click.echo(f"  not carried: {line}")
