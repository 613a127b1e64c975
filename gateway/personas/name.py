"""A name of a persona and its version is read alike in a `model` and in a command's argument."""

import re

import msgspec

from gateway.personas.slug import is_label, is_slug

PREFIX = "persona/"
CUT = "persona:"
"""Some clients take what stands before a slash for a provider and cut it off; they write this prefix."""
ID = re.compile(r"psn_[0-9A-Za-z]+")
ALIAS = re.compile(r"pmpt_[0-9A-Za-z_-]{1,120}")
"""OpenAI's name of a stored prompt, under which an imported persona is found."""
VERSION = re.compile(r"v([1-9][0-9]{0,8})")


class ModelName(msgspec.Struct, frozen=True):
    """A persona by its slug, id or alias, and at most one of version and label."""

    ref: str
    version: int | None = None
    label: str | None = None

    def __str__(self) -> str:
        if self.version is not None:
            return f"{PREFIX}{self.ref}@v{self.version}"
        return f"{PREFIX}{self.ref}@{self.label}" if self.label else f"{PREFIX}{self.ref}"


class ModelNameError(Exception):
    """A text that starts as a persona's name and is not one; the message says what one looks like."""


def canonical(text: str) -> str:
    """Write the name with a slash where it has a colon; any other name stays as it is."""
    return PREFIX + text.removeprefix(CUT) if text.startswith(CUT) else text


def parse(text: str) -> ModelName | None:
    """Read `persona/<slug or id>[@v<N>|@<label>]`; `None` for any other name. Raises ModelNameError."""
    return parse_ref(text.removeprefix(PREFIX)) if text.startswith(PREFIX) else None


def parse_ref(text: str) -> ModelName:
    """Read the part after `persona/` as `parse` does."""
    ref, at, which = text.partition("@")
    if not is_slug(ref) and not ID.fullmatch(ref) and not ALIAS.fullmatch(ref):
        raise ModelNameError(
            "a persona is named by its slug (lower-case letters, digits and single hyphens) or its `psn_` id"
        )
    if not at:
        return ModelName(ref)
    version = VERSION.fullmatch(which)
    if version:
        return ModelName(ref, version=int(version[1]))
    if not is_label(which):
        raise ModelNameError("what follows the `@` is a version such as `v3` or a label such as `production`")
    return ModelName(ref, label=which)
