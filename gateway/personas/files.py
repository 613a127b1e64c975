"""A persona can be a YAML file, which is read here; `writing.py` writes it."""

import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from gateway.personas import document
from gateway.personas.acceptance import DraftError, check
from gateway.personas.model import Content, Draft, Overlay, Profile, Visibility
from gateway.personas.node import DocumentError, Node, text_of, wrong
from gateway.personas.scalar import Mode
from gateway.personas.slug import DEMO
from gateway.spelling import suggestion

MODES: Mapping[str, Mode] = {
    "layers": "written",
    "rules": "written",
    "facts": "written",
    "variables": "written",
    "defaults": "core",
}
"""Modes in which scalars below these keys are read; elsewhere they are texts."""
KINDS = {"array": "a list", "object": "a mapping", "str": "a text", "int": "a number", "null": "nothing"}
"""The types of msgspec in the words of whoever writes a file."""


class PersonaFile(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The keys of a persona file; `slug` is required, and `prompt` or `prompt_file`."""

    slug: str
    name: str | None = None
    tags: list[str] = []
    visibility: Visibility = "workspace"
    language: str = "en"
    prompt: str | None = None
    prompt_file: str | None = None
    """A text file that holds the prompt; its path is relative to the persona file."""
    examples: list[str] = []
    layers: dict[str, Any] = {}
    overlay: Overlay = "append"
    allow: list[str] = []
    refusal: str = ""
    rules: list[dict[str, Any]] = []
    facts: list[dict[str, Any]] = []
    variables: dict[str, dict[str, Any]] = {}
    upstreams: list[str] = []
    defaults: dict[str, Any] = {}
    headers: dict[str, str] = {}


class PersonaFileError(Exception):
    """A file that is not a persona; the message names the file and the key."""


class Parts(NamedTuple):
    """A file in its parts: the document, its plain values, and the keys with their types."""

    root: Node
    values: dict[str, Any]
    file: PersonaFile


def read(path: Path) -> Draft:
    """Read the draft in the file. Raises PersonaFileError, or DraftError for an unacceptable value."""
    return parse(text_in(path, path), str(path), path.parent)


def parse(text: str, place: str, folder: Path | None = None) -> Draft:
    """Read a text that came from `place` as `read` does; its `prompt_file` is looked for in the folder."""
    try:
        root, _, file = parts(text)
        prompt = prompt_of(file, folder, place)
    except DocumentError as error:
        raise PersonaFileError(f"{place}: {error}") from None
    profile = Profile(slug=file.slug, name=file.name or file.slug, tags=file.tags, visibility=file.visibility)
    stated = {**msgspec.to_builtins(file), "prompt": prompt}
    draft = Draft(profile, msgspec.convert(stated, Content, strict=True))
    try:
        check(draft)
    except DraftError as error:
        raise DraftError(error.details, [_line(root, detail.loc) for detail in error.details]) from None
    return draft


def demo() -> Iterator[Draft]:
    """Read the demo personas, in the order of DEMO."""
    folder = resources.files("gateway.personas") / "demo"
    for slug in DEMO:
        name = f"{slug}.yml"
        yield parse((folder / name).read_text("utf-8"), name)


def text_in(path: Path, named: Path) -> str:
    """Read the text of the file, which messages call `named`. Raises PersonaFileError."""
    try:
        # Some editors begin a file with a byte order mark.
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PersonaFileError(f"{named}: {getattr(error, 'strerror', None) or error}") from None


def parts(text: str) -> Parts:
    """Take the text of a file apart. Raises DocumentError."""
    root = document.parse(text)
    if root.kind != "map":
        raise wrong(root, "a persona file is a mapping, such as `slug: the-night-librarian`")
    # The whole is read first, so that aliases are counted over all of the file.
    document.data(root)
    values: dict[str, Any] = {}
    for key, node in _entries(root):
        if key not in PersonaFile.__struct_fields__:
            known = ", ".join(PersonaFile.__struct_fields__)
            hint = suggestion(key, PersonaFile.__struct_fields__)
            raise wrong(node, f"there is no key `{key}`{hint or f'; known are: {known}'}")
        values[key] = document.data(node, MODES.get(key, "text"))
    try:
        # The values go through JSON, so that a value that only Python knows reads as it is stored.
        return Parts(root, values, msgspec.json.decode(msgspec.json.encode(values), type=PersonaFile))
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise _explained(str(error), root) from None
    except RecursionError:
        raise DocumentError("is nested too deeply; flatten it") from None


def _entries(root: Node) -> Iterator[tuple[str, Node]]:
    """Pair the keys at the top with the nodes of their values, those of a merge included."""
    own = {text_of(key): value for key, value in root.pairs()}
    for key, node in own.items():
        if key != "<<":
            yield key, node
            continue
        merged = node.target if node.target is not None else node
        for name, inner in merged.pairs() if merged.kind == "map" else ():
            if text_of(name) not in own:
                yield text_of(name), inner


def prompt_of(file: PersonaFile, folder: Path | None, place: str) -> str:
    """Read the prompt. Raises DocumentError if there is none, PersonaFileError if its file cannot be read."""
    if file.prompt is not None and file.prompt_file is not None:
        raise DocumentError("`prompt` and `prompt_file` exclude each other; keep one of them")
    if file.prompt is not None:
        return file.prompt
    if file.prompt_file is None:
        raise DocumentError("the key `prompt` is missing; write it, or name a text file as `prompt_file`")
    if folder is None:
        raise DocumentError("`prompt_file` works in a file only; write the text as `prompt`")
    path = prompt_place(file.prompt_file, folder)
    return text_in(path, Path(f"{place}: prompt_file: {path}"))


def prompt_place(name: str, folder: Path) -> Path:
    """Find the prompt's own file; one from elsewhere would be read and written at a stranger's word."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise DocumentError(f"`prompt_file: {name}` leads out of the persona file's folder")
    return path


def _explained(error: str, root: Node) -> DocumentError:
    """Put msgspec's message in the words of whoever wrote the file, with the place of the key."""
    message, _, path = error.partition(" - at `$.")
    missing = re.search(r"missing required field `(.*?)`", message)
    if missing:
        return DocumentError(f"the key `{missing[1]}` is missing")
    path = path.rstrip("`")
    top = re.split(r"[.\[]", path)[0]
    node = next((value for key, value in _entries(root) if key == top), root)
    kinds = re.fullmatch(r"Expected `(\w+)(?: \| null)?`, got `(\w+)`", message)
    if kinds:
        message = f"{KINDS.get(kinds[1], kinds[1])} is needed, not {KINDS.get(kinds[2], kinds[2])}"
    if message.startswith("Invalid enum value"):
        known = typing.get_args(typing.get_type_hints(PersonaFile)[top])
        message = f"{message.removeprefix('Invalid enum value ')} is none of {', '.join(known)}"
    return wrong(node, f"{path}: {message}" if path else message)


def _line(root: Node, path: Sequence[str | int]) -> str:
    """Say where it stands; nothing where the file does not have it, such as a prompt in a file of its own."""
    node = document.written(root, path)
    return "" if node is None else str(wrong(node, ""))
