"""Personas and versions are values."""

import hashlib
from typing import Any, Literal

import msgspec

from gateway.drift.rule import Read

Visibility = Literal["private", "workspace", "public"]
Overlay = Literal["append", "locked", "replace"]
Status = Literal["completed", "archived"]
SCHEMA_VERSION = "1.0"
ADDED = ("allow", "facts", "refusal", "rules", "variables")
"""Keys that older versions lack, whose fingerprints stay what they were where these are empty."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a version; a change of any of it makes a new version."""

    prompt: str
    language: str = "en"
    """A language tag (BCP 47), such as `en` or `pt-BR`."""
    examples: list[str] = []
    """Lines that the persona could have said."""
    layers: dict[str, Any] = {}
    overlay: Overlay = "append"
    allow: list[str] = []
    """Request parameters that callers of a locked version may set beside the usual ones."""
    refusal: str = ""
    """The text that goes out in place of an answer that a judge holds back; if it is empty, an error does."""
    rules: list[dict[str, Any]] = []
    """The persona must or must not do these, each as `drift.rule.Rule` reads it."""
    facts: list[dict[str, Any]] = []
    """The owner says these of facts that were read, or beside them, each as `drift.fact.Fact` reads it."""
    variables: dict[str, dict[str, Any]] = {}
    """If there are any, the prompt is a template; each is as `variables.Variable` reads it."""
    upstreams: list[str] = []
    """`NAME/model`, best first; empty means the configured order."""
    defaults: dict[str, Any] = {}
    """Request parameters for callers who left them unset."""
    headers: dict[str, str] = {}
    """Headers that are sent upstream, over the upstream's own."""

    def fingerprint(self) -> str:
        """Hash the canonical JSON (sorted keys, no white space, UTF-8) to `sha256:…`.

        What is empty of the keys in `ADDED` is left out: versions that are older keep their fingerprints.
        """
        plain = msgspec.to_builtins(self)
        for key in ADDED:
            if not plain[key]:
                del plain[key]
        canonical = msgspec.json.encode(plain, order="sorted")
        return "sha256:" + hashlib.sha256(canonical).hexdigest()


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a persona that does not belong to its versions."""

    slug: str
    name: str
    tags: list[str] = []
    visibility: Visibility = "workspace"


class Persona(msgspec.Struct, frozen=True, kw_only=True):
    """A persona as it is stored, with the version numbers that its labels stand for."""

    id: str
    workspace_id: str
    profile: Profile
    status: Status
    owner: str | None
    """The `Key.owner` of whoever made it, who alone sees a private persona. `None`: it was made locally."""
    forked_from: str | None
    forked_version: int | None
    latest: int
    revision: int
    """Counts every write to the persona, its versions and labels."""
    labels: dict[str, int]
    created_at: int
    updated_at: int


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The rules that a version's prose was found to hold, and by which reader, for it may get better."""

    reader: int
    rules: tuple[Read, ...]


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One immutable version."""

    id: str
    persona_id: str
    number: int
    content: Content
    fingerprint: str
    created_at: int
    reading: Reading | None = None
    """The rules that were read from its prose when it was made; `None` in a version older than readers."""


class Draft(msgspec.Struct, frozen=True):
    """A persona as its author writes it."""

    profile: Profile
    content: Content
