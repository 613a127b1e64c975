"""A persona is written as a YAML file, over the one that may be there."""

import re
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter

from gateway.personas.files import PersonaFile, PersonaFileError, parts, prompt_of, prompt_place, text_in
from gateway.personas.model import Draft
from gateway.personas.node import DocumentError
from gateway.personas.rewriting import rewrite

QUOTED = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Characters that only a quoted text can hold, such as line breaks other than the line feed."""
DEFAULTS: Mapping[str, Any] = msgspec.structs.asdict(PersonaFile(slug=""))
"""Values of the keys that a file leaves out."""


def dump(draft: Draft) -> str:
    """Write the file that reads back as this draft; keys with their default value are left out."""
    return _dump(_stated(_fields(draft)))


def rewritten(path: Path, draft: Draft) -> dict[Path, str]:
    """Return what to write into which file, so that the one at the path reads as this draft.

    What a file says already stays as it is written there, with its comments, order and style; a prompt
    that stands in a file of its own stays there too. A file that is not a persona is written over.
    """
    try:
        text = text_in(path, path)
    except PersonaFileError:
        return {path: dump(draft)}
    try:
        _, values, file = parts(text)
        written = {}
        fields = _fields(draft)
        wanted = _stated(fields)
        if file.prompt_file is not None:
            wanted["prompt_file"] = file.prompt_file
            prompt, place = wanted.pop("prompt"), prompt_place(file.prompt_file, path.parent)
            if not place.exists() or prompt_of(file, path.parent, str(path)) != prompt:
                written[place] = prompt
        kept = {key: value for key, value in values.items() if _is_default(key, value, fields)}
        changed = rewrite(text, values, {**wanted, **kept}, _dump)
        if changed is not None and _means(changed, {**wanted, **kept}):
            return {path: changed, **written}
    except DocumentError:
        pass
    return {path: dump(draft)}


def _fields(draft: Draft) -> dict[str, Any]:
    """Give a value to each key of a file of the draft; the name is null where it is the slug."""
    fields = {**msgspec.to_builtins(draft.profile), **msgspec.to_builtins(draft.content)}
    if fields["name"] == fields["slug"]:
        fields["name"] = None
    return fields


def _stated(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Choose what a file has to say, in the order of its keys."""
    return {key: fields[key] for key in DEFAULTS if key in fields and fields[key] != DEFAULTS[key]}


def _is_default(key: str, value: Any, fields: Mapping[str, Any]) -> bool:
    """Tell whether a file states a default that the draft has too."""
    is_same = value in (None, fields["slug"]) if key == "name" else value == fields.get(key)
    return key in fields and is_same and fields[key] == DEFAULTS[key]


def _means(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return parts(text).values == wanted
    except DocumentError:
        return False


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
