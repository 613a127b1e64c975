"""A pipeline says in YAML which steps a run takes, what each asks and which answer it takes."""

import hashlib
import string
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from gateway.personas import shape
from gateway.personas.node import DocumentError
from gateway.personas.slug import is_slug
from gateway.personas.template import LAYERS
from gateway.runs.run import Task

FOLDER = Path(__file__).parent / "pipelines"
DEFAULT = "default"
LAST = ("audit", "prompt", "examples")
"""The steps with which every run ends."""
FIELDS = "fields_draft"
"""The step that writes fields of the workspace's own; it is left out where none is asked for."""
OF_THE_GATEWAY = ("audit", "prompt", "revision", FIELDS)
"""Steps whose answer has a form that no pipeline decides."""
WORDS = frozenset(
    {"intent", "language", "name", "age", "occupation", "summary", "prompt", "draft", "fields", *LAYERS}
)
"""Texts that a question may name in braces."""
NEEDED: dict[str, tuple[str, str]] = {
    "intent_parse": ("name", "string"),
    "moderation": ("blocked", "boolean"),
    "examples": ("lines", "array"),
}
"""Properties that the gateway reads from the answers to these steps, with their types."""
Heat = Annotated[float, Meta(ge=0, le=2)]
Tokens = Annotated[int, Meta(ge=16, le=100_000)]


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is a step; `audit`, `prompt`, `revision` and `fields_draft` are the gateway's own, without a schema."""

    name: str
    ask: str = ""
    """The question; for `audit` it asks for a second opinion."""
    schema: dict[str, Any] = {}
    layer: str | None = None
    """The layer that its answer becomes."""
    temperature: Heat | None = None
    max_tokens: Tokens | None = None
    upstream: str | None = None


class Pipeline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    system: str
    steps: tuple[Stage, ...]
    refine: tuple[Stage, ...] = ()
    """The steps that refine a persona, in front of those with which every run ends."""
    rounds: Annotated[int, Meta(ge=0, le=5)] = 1
    """The times that the audit has layers drafted anew."""
    temperature: Heat = 0.7
    max_tokens: Tokens = 300
    upstream: str | None = None
    """`NAME/model` of the model that is asked, before that of the configuration."""

    @property
    def fingerprint(self) -> str:
        return "sha256:" + hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()

    def plan(self, task: Task, *, has_fields: bool = False) -> tuple[Stage, ...]:
        """List the steps of a run in their order."""
        if task == "create":
            return tuple(stage for stage in self.steps if has_fields or stage.name != FIELDS)
        return self.refine + tuple(stage for stage in self.steps if stage.name in LAST)


class PipelineError(Exception):
    """A file holds no pipeline that a run could follow; the message says why."""


def read(text: str) -> Pipeline:
    """Read a pipeline. Raises PipelineError."""
    # The YAML library is loaded only where something is read by it.
    from gateway.personas import document

    try:
        found = msgspec.convert(document.data(document.parse(text)), Pipeline)
    except (DocumentError, msgspec.ValidationError) as error:
        raise PipelineError(str(error)) from None
    for wrong in _wrong(found):
        raise PipelineError(wrong)
    return found


@lru_cache
def packaged(name: str = DEFAULT) -> Pipeline:
    """Read a pipeline that comes with the gateway."""
    return read((FOLDER / f"{name}.yml").read_text("utf-8"))


def _wrong(pipeline: Pipeline) -> Iterator[str]:
    names = [stage.name for stage in pipeline.steps]
    if not is_slug(pipeline.name):
        yield "name: lower-case letters, digits and single hyphens, at most 64 characters"
    if tuple(names[-3:]) != LAST or names[:1] != ["intent_parse"] or "revision" in names:
        yield f"steps: `intent_parse` is the first one, and {', '.join(LAST)} are the last ones"
    if len(set(names)) < len(names):
        yield "steps: two steps bear the same name"
    layers = [stage.layer for stage in pipeline.steps if stage.layer is not None]
    if not layers or len(set(layers)) < len(layers) or set(layers) - set(LAYERS):
        yield f"steps: at least one `layer`, each once, of {', '.join(LAYERS)}"
    further = [stage.name for stage in pipeline.refine]
    if further and (further[-1] != "revision" or set(further[:-1]) - {"moderation"}):
        yield "refine: `revision` is needed, and `moderation` may stand before it"
    for stage in (*pipeline.steps, *pipeline.refine):
        yield from (f"step `{stage.name[:60]}`: {wrong}" for wrong in _stage(stage))


def _stage(stage: Stage) -> Iterator[str]:
    if not stage.ask and stage.name not in ("audit", "prompt"):
        yield "ask: a question is needed"
    try:
        named = {field for _, field, spec, turn in string.Formatter().parse(stage.ask) if field is not None}
        odd = named - WORDS
    except ValueError as error:
        yield f"ask: {error}; braces that name nothing are doubled"
        return
    if odd:
        yield f"ask: `{{{min(odd)[:60]}}}` stands for nothing; there are: {', '.join(sorted(WORDS))}"
    if stage.name in OF_THE_GATEWAY:
        if stage.schema or stage.layer:
            yield "schema, layer: the gateway decides on this step's answer"
        return
    if stage.schema.get("type") != "object":
        yield "schema: an object is needed"
        return
    yield from (f"schema: {wrong}" for wrong in shape.wrong(stage.schema))
    key, kind = NEEDED.get(stage.name, ("", ""))
    if key and stage.schema.get("properties", {}).get(key, {}).get("type") != kind:
        yield f"schema: a property `{key}` is needed, of the type {kind}"
