"""What a run is asked for is held against its bounds."""

import secrets
from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from gateway.errors import Detail
from gateway.personas.acceptance import LANGUAGE, NAME_LENGTH, DraftError
from gateway.personas.slug import is_slug
from gateway.runs.run import Inputs
from gateway.runs.view import CreateBody

INTENT = 4000
SEED = 2**31
BUDGET = 1_000_000
FIELDS = ("intent", "seed", "budget_usd", "language", "visibility", "name", "slug")
"""Fields that go with an intent."""


def read(body: CreateBody) -> Inputs:
    """Read what a run is asked for; raises DraftError with every place that is wrong."""
    given = {
        name: value for name in CreateBody.__struct_fields__ if (value := getattr(body, name)) is not UNSET
    }
    wrong = [
        Detail([name], "does not go with an intent", "value_error") for name in given if name not in FIELDS
    ]
    checks: dict[str, tuple[Callable[[Any], object], str]] = {
        "intent": (lambda text: len(text.strip()) > 0 and len(text) <= INTENT, f"1 to {INTENT} characters"),
        "seed": (lambda seed: 0 <= seed < SEED, f"0 to {SEED - 1}"),
        "budget_usd": (lambda usd: 0 < usd <= BUDGET, f"more than 0, and at most {BUDGET}"),
        "language": (LANGUAGE.fullmatch, "a language tag of BCP 47, such as `en` or `pt-BR`"),
        "name": (lambda name: 0 < len(name.strip()) <= NAME_LENGTH, f"1 to {NAME_LENGTH} characters"),
        "slug": (is_slug, "lower-case letters, digits and single hyphens, at most 64 characters"),
    }
    wrong += [
        Detail([name], message, "value_error")
        for name, (is_fine, message) in checks.items()
        if name in given and not is_fine(given[name])
    ]
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
    )
