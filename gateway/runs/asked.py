"""What a run is asked for is held against its bounds."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from msgspec import UNSET

from gateway.errors import Detail
from gateway.personas import shape
from gateway.personas.acceptance import LANGUAGE, NAME_LENGTH, DraftError
from gateway.personas.field import Field
from gateway.personas.model import Content, Persona
from gateway.personas.slug import is_slug
from gateway.runs.run import Inputs, Wanted
from gateway.runs.view import CreateBody, RefineBody

INTENT = 4000
SEED = 2**31
BUDGET = 1_000_000
SHOWN = 5
"""Faults of a value that are told."""
NO_NUL = "must not hold the character NUL"
TEXTS = ("instruction", "intent", "name")
OF_A_RUN = ("seed", "budget_usd", "pipeline", "custom_fields")
"""Fields that go with an intent alone."""
FIELDS = ("intent", *OF_A_RUN, "language", "visibility", "name", "slug")
"""Fields that go with an intent."""


def read(body: CreateBody, registered: Sequence[Field] = ()) -> Inputs:
    """Read what a run is asked for; raises DraftError with every place that is wrong.

    `registered` are the workspace's own fields.
    """
    given = _given(body)
    wrong = [
        Detail([name], "does not go with an intent", "value_error") for name in given if name not in FIELDS
    ]
    wrong += _wrong(given)
    fields = list(_fields(given.get("custom_fields", {}), registered, wrong))
    if wrong:
        raise DraftError(wrong)
    return Inputs(
        intent=given["intent"],
        language=given.get("language", "en"),
        visibility=given.get("visibility", "private"),
        name=given.get("name"),
        slug=given.get("slug"),
        seed=given.get("seed", secrets.randbelow(SEED)),
        budget_usd=given.get("budget_usd"),
        fields=fields,
    )


def refining(body: RefineBody, persona: Persona, content: Content) -> Inputs:
    """Read how a version is to be refined; raises DraftError with every place that is wrong."""
    given = _given(body)
    wrong = _wrong(given)
    if wrong:
        raise DraftError(wrong)
    return Inputs(
        intent=given["instruction"],
        language=content.language,
        visibility=persona.profile.visibility,
        seed=given.get("seed", secrets.randbelow(SEED)),
        budget_usd=given.get("budget_usd"),
        version=persona.latest,
    )


def _given(body: CreateBody | RefineBody) -> dict[str, Any]:
    named = {name: getattr(body, name) for name in type(body).__struct_fields__}
    return {name: value for name, value in named.items() if value is not UNSET}


def _wrong(given: Mapping[str, Any]) -> list[Detail]:
    checks: dict[str, tuple[Callable[[Any], object], str]] = {
        "instruction": (
            lambda text: len(text.strip()) > 0 and len(text) <= INTENT,
            f"1 to {INTENT} characters",
        ),
        "intent": (lambda text: len(text.strip()) > 0 and len(text) <= INTENT, f"1 to {INTENT} characters"),
        "seed": (lambda seed: 0 <= seed < SEED, f"0 to {SEED - 1}"),
        "budget_usd": (lambda usd: 0 < usd <= BUDGET, f"more than 0, and at most {BUDGET}"),
        "language": (LANGUAGE.fullmatch, "a language tag of BCP 47, such as `en` or `pt-BR`"),
        "name": (lambda name: 0 < len(name.strip()) <= NAME_LENGTH, f"1 to {NAME_LENGTH} characters"),
        "slug": (is_slug, "lower-case letters, digits and single hyphens, at most 64 characters"),
    }
    found = [
        Detail([name], message, "value_error")
        for name, (is_fine, message) in checks.items()
        if name in given and not is_fine(given[name])
    ]
    # No run is to be paid for whose persona could not be kept in the end.
    return found + [Detail([name], NO_NUL, "value_error") for name in TEXTS if "\0" in given.get(name, "")]


def _fields(values: Mapping[str, Any], registered: Sequence[Field], wrong: list[Detail]) -> Iterator[Wanted]:
    known = {field.name: field for field in registered}
    for name, value in list(values.items())[: len(known) + 1]:
        field = known.get(name)
        if field is None:
            message = "is no field of this workspace; `POST /v1/schema/fields` registers one"
            wrong.append(Detail(["custom_fields", name[:64]], message, "value_error"))
            continue
        found = [] if value is None else list(islice(shape.faults(value, field.schema), SHOWN))
        if any("\0" in text for text in shape.texts(value)):
            found.append(NO_NUL)
        wrong += [Detail(["custom_fields", name], message, "value_error") for message in found]
        yield Wanted(
            name=name, layer=field.layer, description=field.description, schema=field.schema, value=value
        )
