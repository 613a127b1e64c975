"""A persona can be a YAML file: this reads and writes it, and tells the difference between two."""

import difflib
import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter

from gateway.personas import document
from gateway.personas.document import DocumentError, Mode, Node
from gateway.personas.model import Content, Draft, DraftError, Overlay, Profile, Visibility, check
from gateway.personas.rewriting import rewrite
from gateway.spelling import suggestion

DEMO = ("the-night-librarian", "the-istanbul-bookseller")
"""The slugs of the personas that an empty store starts with, the English one first."""
MODES: Mapping[str, Mode] = {"layers": "written", "rules": "written", "defaults": "core"}
"""Modes in which scalars below these keys are read; elsewhere they are texts."""
KINDS = {"array": "a list", "object": "a mapping", "str": "a text", "int": "a number", "null": "nothing"}
"""The types of msgspec in the words of whoever writes a file."""
QUOTED = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Characters that only a quoted text can hold, such as line breaks other than the line feed."""


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
    upstreams: list[str] = []
    defaults: dict[str, Any] = {}
    headers: dict[str, str] = {}


class PersonaFileError(Exception):
    """A file that is not a persona; the message names the file and the key."""


class _Read(NamedTuple):
    """A file in its parts: the document, its plain values, and the keys with their types."""

    root: Node
    values: dict[str, Any]
    file: PersonaFile


def read(path: Path) -> Draft:
    """Read the draft in the file. Raises PersonaFileError, or DraftError for an unacceptable value."""
    return parse(_text(path, path), str(path), path.parent)


def parse(text: str, place: str, folder: Path | None = None) -> Draft:
    """Read a text that came from `place` as `read` does; its `prompt_file` is looked for in the folder."""
    try:
        root, _, file = _read(text)
        prompt = _prompt(file, folder, place)
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


def dump(draft: Draft) -> str:
    """Write the file that reads back as this draft; keys with their default value are left out."""
    return _dump(_stated(draft))


def rewritten(path: Path, draft: Draft) -> dict[Path, str]:
    """Return what to write into which file, so that the one at the path reads as this draft.

    What a file says already stays as it is written there, with its comments, order and style; a prompt
    that stands in a file of its own stays there too. A file that is not a persona is written over.
    """
    try:
        text = _text(path, path)
    except PersonaFileError:
        return {path: dump(draft)}
    try:
        _, values, file = _read(text)
        written = {}
        wanted = _stated(draft)
        if file.prompt_file is not None:
            wanted["prompt_file"] = file.prompt_file
            prompt, place = wanted.pop("prompt"), path.parent / file.prompt_file
            if not place.exists() or _prompt(file, path.parent, str(path)) != prompt:
                written[place] = prompt
        kept = {key: value for key, value in values.items() if _is_default(key, value, draft)}
        changed = rewrite(text, values, {**wanted, **kept}, _dump)
        if changed is not None and _means(changed, {**wanted, **kept}):
            return {path: changed, **written}
    except DocumentError:
        pass
    return {path: dump(draft)}


def diff(old: Draft, new: Draft) -> str:
    """Make a unified diff of the two files, without the head; it is empty where they are equal."""
    return difference(dump(old), dump(new))


def difference(old: str, new: str) -> str:
    """Make such a diff of texts; the time that it takes may grow with the square of their length."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=2)
    return "\n".join(list(lines)[2:])


def whole_difference(old: str, new: str) -> str:
    """Make it in one piece from the first line that differs to the last, which is quick for any length."""
    was, now = old.splitlines(), new.splitlines()
    if was == now:
        return ""
    most = min(len(was), len(now))
    head = next((at for at in range(most) if was[at] != now[at]), most)
    tail = next((at for at in range(most - head) if was[-1 - at] != now[-1 - at]), most - head)
    gone, come = was[head : len(was) - tail], now[head : len(now) - tail]
    mark = f"@@ -{head + 1},{len(gone)} +{head + 1},{len(come)} @@"
    return "\n".join([mark, *[f"-{line}" for line in gone], *[f"+{line}" for line in come]])


def demo() -> Iterator[Draft]:
    """Read the demo personas, in the order of DEMO."""
    folder = resources.files("gateway.personas") / "demo"
    for slug in DEMO:
        name = f"{slug}.yml"
        yield parse((folder / name).read_text("utf-8"), name)


def _text(path: Path, named: Path) -> str:
    try:
        # Some editors begin a file with a byte order mark.
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PersonaFileError(f"{named}: {getattr(error, 'strerror', None) or error}") from None


def _read(text: str) -> _Read:
    """Raises DocumentError."""
    root = document.parse(text)
    if root.kind != "map":
        raise document.wrong(root, "a persona file is a mapping, such as `slug: the-night-librarian`")
    # The whole is read first, so that aliases are counted over all of the file.
    document.data(root)
    values: dict[str, Any] = {}
    for key, node in _entries(root):
        if key not in PersonaFile.__struct_fields__:
            known = ", ".join(PersonaFile.__struct_fields__)
            hint = suggestion(key, PersonaFile.__struct_fields__)
            raise document.wrong(node, f"there is no key `{key}`{hint or f'; known are: {known}'}")
        values[key] = document.data(node, MODES.get(key, "text"))
    try:
        # The values go through JSON, so that a value that only Python knows reads as it is stored.
        return _Read(root, values, msgspec.json.decode(msgspec.json.encode(values), type=PersonaFile))
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise _explained(str(error), root) from None
    except RecursionError:
        raise DocumentError("is nested too deeply; flatten it") from None


def _entries(root: Node) -> Iterator[tuple[str, Node]]:
    """Pair the keys at the top with the nodes of their values, those of a merge included."""
    own = {document.text_of(key): value for key, value in root.pairs()}
    for key, node in own.items():
        if key != "<<":
            yield key, node
            continue
        merged = node.target if node.target is not None else node
        for name, inner in merged.pairs() if merged.kind == "map" else ():
            if document.text_of(name) not in own:
                yield document.text_of(name), inner


def _prompt(file: PersonaFile, folder: Path | None, place: str) -> str:
    """Read the prompt. Raises DocumentError if there is none, PersonaFileError if its file cannot be read."""
    if file.prompt is not None and file.prompt_file is not None:
        raise DocumentError("`prompt` and `prompt_file` exclude each other; keep one of them")
    if file.prompt is not None:
        return file.prompt
    if file.prompt_file is None:
        raise DocumentError("the key `prompt` is missing; write it, or name a text file as `prompt_file`")
    if folder is None:
        raise DocumentError("`prompt_file` works in a file only; write the text as `prompt`")
    path = folder / file.prompt_file
    return _text(path, Path(f"{place}: prompt_file: {path}"))


def _stated(draft: Draft) -> dict[str, Any]:
    """Return what a file of the draft has to say, in the order of its keys."""
    fields = {**msgspec.to_builtins(draft.profile), **msgspec.to_builtins(draft.content)}
    if fields["name"] == fields["slug"]:
        fields["name"] = None
    unset = PersonaFile(slug="")
    names = [key for key in unset.__struct_fields__ if key in fields]
    return {key: fields[key] for key in names if fields[key] != getattr(unset, key)}


def _is_default(key: str, value: Any, draft: Draft) -> bool:
    """Tell whether a file states a default that the draft has too."""
    fields = {**msgspec.to_builtins(draft.profile), **msgspec.to_builtins(draft.content)}
    if key == "name":
        return value in (None, fields["name"]) and fields["name"] == fields["slug"]
    return key in fields and value == fields[key] == getattr(PersonaFile(slug=""), key)


def _means(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return _read(text).values == wanted
    except DocumentError:
        return False


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
    return document.wrong(node, f"{path}: {message}" if path else message)


def _line(root: Node, path: Sequence[str | int]) -> str:
    """Say where it stands; nothing where the file does not have it, such as a prompt in a file of its own."""
    node = document.written(root, path)
    return "" if node is None else str(document.wrong(node, ""))


def _dump(fields: Mapping[str, Any]) -> str:
    """Write YAML with long texts as blocks, which reads back as the same values."""
    writer = YAML(typ="safe", pure=True)
    writer.Representer = _Representer
    writer.default_flow_style = False
    writer.allow_unicode = True
    writer.width = 100
    # Without this a mapping of texts is written in the order of the alphabet.
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    text = StringIO()
    writer.dump(dict(fields), text)
    return text.getvalue()


class _Representer(SafeRepresenter):
    """Writes texts of several lines as blocks, and numbers so that they read back."""

    def represent_text(self, text: str) -> ScalarNode:
        style = '"' if QUOTED.search(text) else "|" if "\n" in text else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    def represent_number(self, number: float) -> ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:float", repr(number))


_Representer.add_representer(str, _Representer.represent_text)
_Representer.add_representer(float, _Representer.represent_number)
