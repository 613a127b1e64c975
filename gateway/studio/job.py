"""A job is asked for, done as work, and polled until it has succeeded or failed."""

from typing import Any, Literal

import msgspec

Kind = Literal["enhancement", "population", "evaluation"]
Status = Literal["pending", "running", "succeeded", "failed"]
Category = Literal[
    "provider_error",
    "budget_exceeded",
    "invalid_blueprint",
    "invalid_request",
    "constraints_unsatisfiable",
    "grounding_unavailable",
    "cancelled",
    "internal_error",
]
"""Why a job has failed, in a word that stays."""
CATEGORIES: dict[str, Category] = {
    "budget.exceeded": "budget_exceeded",
    "budget.price_unknown": "budget_exceeded",
    "persona.cost_budget_exceeded": "budget_exceeded",
    "invalid_blueprint": "invalid_blueprint",
    "invalid_request": "invalid_request",
    "constraints_unsatisfiable": "constraints_unsatisfiable",
    "grounding_unavailable": "grounding_unavailable",
    "cancelled": "cancelled",
    "internal.error": "internal_error",
    "work.exhausted": "internal_error",
}
"""They go by the code of the error with which the work ended; every other one is the provider's."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    workspace_id: str
    owner: str
    key_id: str | None
    kind: Kind
    status: Status
    inputs: dict[str, Any]
    result: str | None
    """The result as JSON, which may have megabytes."""
    error: Category | None
    created_at: int
    ended_at: int | None
