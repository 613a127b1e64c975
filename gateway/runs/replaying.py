"""A run is ordered only where its pipeline can do it, and is repeated wholly or from a step on."""

import msgspec

from gateway.errors import Detail, Fault, Refusal
from gateway.personas.editing import unacceptable
from gateway.personas.store import personas
from gateway.runs import store
from gateway.runs.pipeline import FIELDS
from gateway.runs.run import OPEN, Run
from gateway.runs.store import Order
from gateway.storage.connection import AsyncConnection


def require_able(order: Order) -> None:
    """Raises Refusal where the pipeline has no steps for what is asked."""
    pipeline = order.pipeline
    if order.task == "refine" and not pipeline.refine:
        message = f"`{pipeline.name}` has no steps under `refine`"
        raise unacceptable([Detail(["pipeline"], message, "value_error")])
    if order.inputs.fields and all(stage.name != FIELDS for stage in pipeline.steps):
        message = f"the pipeline `{pipeline.name}` has no step `{FIELDS}`"
        raise unacceptable([Detail(["custom_fields"], message, "value_error")])


async def repeated(connection: AsyncConnection, run: Run, from_step: str | None) -> Order:
    """Make the order for a run with the same inputs, seed and pipeline. Raises Refusal."""
    if run.status in OPEN:
        raise Refusal(Fault.RUN_NOT_REPEATABLE)
    pipeline = await store.pipeline(connection, run.fingerprint)
    if pipeline is None:
        message = "The pipeline of this run was not kept, as it is older than pipelines are kept here."
        raise Refusal(Fault.RUN_NOT_REPEATABLE, message)
    if from_step is not None:
        names = [stage.name for stage in pipeline.plan(run.task, has_fields=bool(run.inputs.fields))]
        if from_step not in names:
            message = f"is none of the steps: {', '.join(names)}"
            raise unacceptable([Detail(["from_step"], message, "value_error")])
        kept = {name for name, _ in await store.steps(connection, run.id)}
        missing = [name for name in names[: names.index(from_step)] if name not in kept]
        if missing:
            message = f"The run did not come as far as `{from_step}`: it ended in `{missing[0]}`."
            raise Refusal(Fault.RUN_NOT_REPEATABLE, message)
    visibility = run.inputs.visibility
    if run.task == "refine":
        # Those may follow the run who may know of the persona now.
        persona = await personas.by_id(connection, run.persona_id or "")
        visibility = visibility if persona is None else persona.profile.visibility
    return Order(
        task=run.task,
        inputs=msgspec.structs.replace(run.inputs, from_step=from_step, visibility=visibility),
        pipeline=pipeline,
        persona_id=run.persona_id if run.task == "refine" else None,
        origin=run.id,
    )
