"""Jobs are shown to those who poll them like this."""

import msgspec

from gateway.studio.blueprint import Blueprint
from gateway.studio.crowd import Member
from gateway.studio.diversity import Diversity
from gateway.studio.evaluation import Report
from gateway.studio.job import Category, Job, Status
from gateway.studio.marginals import Marginal


class Accepted(msgspec.Struct, frozen=True):
    """Tells of a job that has been taken on."""

    id: str
    status: Status


class Enhancement(msgspec.Struct, frozen=True, kw_only=True):
    """A persona that is deepened."""

    id: str
    status: Status
    source: str
    grounding: str
    persona: Member | None
    error: Category | None


class Population(msgspec.Struct, frozen=True, kw_only=True):
    """Personas that are made from a prompt and a blueprint."""

    id: str
    status: Status
    prompt: str
    count: int
    seed: int
    blueprint: Blueprint | None
    personas: list[Member] | None
    diversity: Diversity | None
    marginals: list[Marginal] | None
    partial: bool
    error: Category | None


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """Personas that are held against gates."""

    id: str
    status: Status
    result: Report | None
    error: Category | None


def enhancement(job: Job) -> Enhancement:
    return Enhancement(
        id=job.id,
        status=job.status,
        source=job.inputs["persona"],
        grounding=job.inputs["grounding"],
        persona=persona_of(job),
        error=job.error,
    )


def persona_of(job: Job) -> Member | None:
    """Give the persona that an enhancement has made; `None` where it has made none."""
    return None if job.result is None else msgspec.json.decode(job.result, type=Member)


def population(job: Job) -> bytes:
    """Write a population as JSON; what was made goes out as it is kept, undecoded."""
    result: dict[str, msgspec.Raw] = {}
    if job.result is not None:
        result = msgspec.json.decode(job.result, type=dict[str, msgspec.Raw])
    elif job.inputs.get("blueprint") is not None:
        given = msgspec.convert(job.inputs["blueprint"], Blueprint, strict=False)
        result = {"blueprint": msgspec.Raw(msgspec.json.encode(given))}
    null, no = msgspec.Raw(b"null"), msgspec.Raw(b"false")
    shown = {name: result.get(name, null) for name in ("blueprint", "personas", "diversity", "marginals")}
    asked = {name: job.inputs[name] for name in ("prompt", "count", "seed")}
    head = {"id": job.id, "status": job.status, **asked}
    return msgspec.json.encode({**head, **shown, "partial": result.get("partial", no), "error": job.error})


def evaluation(job: Job) -> bytes:
    """Write an evaluation as JSON; its report goes out as it is kept, undecoded."""
    report = msgspec.Raw(b"null" if job.result is None else job.result.encode())
    return msgspec.json.encode({"id": job.id, "status": job.status, "result": report, "error": job.error})
