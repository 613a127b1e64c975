"""A persona as a YAML file: reading, writing and the difference between two."""

import difflib
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import yaml

from gateway.personas.model import Content, Draft, Overlay, Profile, Visibility, check

DEMO = ("the-night-librarian", "the-istanbul-bookseller")
"""The slugs of the personas that an empty store starts with, the English one first."""


class PersonaFile(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The keys of a persona file; only `slug` and `prompt` are required."""

    slug: str
    name: str | None = None
    tags: list[str] = []
    visibility: Visibility = "workspace"
    language: str = "en"
    prompt: str
    examples: list[str] = []
    layers: dict[str, Any] = {}
    overlay: Overlay = "append"
    allow: list[str] = []
    upstreams: list[str] = []
    defaults: dict[str, Any] = {}
    headers: dict[str, str] = {}


class PersonaFileError(Exception):
    """A file that is no persona; the message names the file and the key."""


def read(path: Path) -> Draft:
    """The draft in the file. Raises PersonaFileError or, for an unacceptable value, DraftError."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PersonaFileError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    return parse(text, str(path))


def parse(text: str, place: str) -> Draft:
    """As `read`, for a text that came from `place`."""
    try:
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - derived from SafeLoader
        # Through JSON, so that what only YAML knows (numbers as keys, binary) reads as it is stored.
        file = msgspec.json.decode(msgspec.json.encode(data), type=PersonaFile)
    except yaml.YAMLError as error:
        raise PersonaFileError(f"{place}: {' '.join(str(error).split())}") from None
    except (msgspec.ValidationError, TypeError, UnicodeEncodeError) as error:
        raise PersonaFileError(f"{place}: {_explain(str(error))}") from None
    except (ValueError, LookupError, AttributeError):
        raise PersonaFileError(f"{place}: a value does not fit the type that its `!!` tag names") from None
    except RecursionError:
        raise PersonaFileError(f"{place}: is nested too deeply, or within itself") from None
    profile = Profile(slug=file.slug, name=file.name or file.slug, tags=file.tags, visibility=file.visibility)
    content = msgspec.convert(msgspec.to_builtins(file), Content, strict=True)
    draft = Draft(profile, content)
    check(draft)
    return draft


def dump(draft: Draft) -> str:
    """The file that reads back as this draft; keys with their default value are left out."""
    fields = {**msgspec.to_builtins(draft.profile), **msgspec.to_builtins(draft.content)}
    if fields["name"] == fields["slug"]:
        fields["name"] = None
    unset = PersonaFile(slug="", prompt="")
    stated = {key: fields[key] for key in unset.__struct_fields__ if fields[key] != getattr(unset, key)}
    return yaml.dump(stated, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100, indent=2)


def diff(old: Draft, new: Draft) -> str:
    """A unified diff of the two files, without the head; empty where they are equal."""
    lines = difflib.unified_diff(dump(old).splitlines(), dump(new).splitlines(), lineterm="", n=2)
    return "\n".join(list(lines)[2:])


def demo() -> Iterator[Draft]:
    """The personas themselves, in that order."""
    folder = resources.files("gateway.personas") / "demo"
    for slug in DEMO:
        name = f"{slug}.yml"
        yield parse((folder / name).read_text("utf-8"), name)


def _explain(error: str) -> str:
    unknown = re.search(r"unknown field `(.*?)`", error)
    if unknown:
        return f"there is no key `{unknown[1]}`; known are: {', '.join(PersonaFile.__struct_fields__)}"
    missing = re.search(r"missing required field `(.*?)`", error)
    if missing:
        return f"the key `{missing[1]}` is missing"
    message, _, place = error.partition(" - at `$.")
    return f"{place.rstrip('`')}: {message}" if place else message


class _Loader(yaml.SafeLoader):
    """Safe YAML in which dates stay text and a repeated key is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key `{twice[0]}` stands twice", node.start_mark
            )
        return super().construct_mapping(node, deep)

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        value = super().construct_scalar(node)
        if isinstance(value, str) and re.search("[\ud800-\udbff][\udc00-\udfff]", value):
            # JSON writes one character beyond the first 65,536 as two escapes.
            value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        return value


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Dumper(yaml.SafeDumper):
    """YAML with long texts as blocks."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Only the quoted style keeps the line breaks that YAML knows beside the line feed.
    style = '"' if re.search("[\r\x85\u2028\u2029]", text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
