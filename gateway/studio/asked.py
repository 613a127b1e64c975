"""What a population is asked for is held against its bounds, whoever asks."""

import secrets
from typing import Any

from gateway.studio import blueprint
from gateway.studio.wording import Faults

PROMPT = 4_000
COUNT = 200
SEED = 2**31 - 1


def population(value: Any) -> dict[str, Any]:
    """Read what a population is asked for. Raises Refusal with every place that is wrong."""
    faults = Faults()
    if faults.object(value, [], ("prompt", "count", "blueprint", "seed", "partial")):
        faults.text(value, "prompt", [], PROMPT, least=1)
        if "count" not in value:
            faults.add(["count"], "Field required", "missing")
        else:
            faults.integer(value["count"], ["count"], 1, COUNT)
        if value.get("seed") is not None:
            faults.integer(value["seed"], ["seed"], 0, SEED)
        if value.get("blueprint") is not None:
            blueprint.check(value["blueprint"], faults)
        faults.flag(value.get("partial", False), ["partial"])
    faults.require_none()
    seed = value.get("seed")
    return {
        "prompt": value["prompt"],
        "count": value["count"],
        "seed": secrets.randbelow(SEED) if seed is None else seed,
        "partial": value.get("partial", False),
        "blueprint": _plain(value.get("blueprint")),
    }


def _plain(given: Any) -> Any:
    """Write the constraints of a blueprint in one way."""
    if given is None:
        return None
    constraints = given.get("constraints", [])
    return {
        **given,
        "constraints": [{"expression": each} if isinstance(each, str) else each for each in constraints],
    }
