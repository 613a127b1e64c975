"""What a run has drafted becomes a persona or a new version, and is compared with what was before."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.errors import Fault, Refusal
from gateway.personas import template
from gateway.personas.acceptance import DraftError, check
from gateway.personas.body import slug_from
from gateway.personas.comparison import Comparing, coarse
from gateway.personas.comparison import Task as Comparison
from gateway.personas.model import Content, Draft, Persona, Profile
from gateway.personas.slug import LENGTH
from gateway.personas.store import personas, versions
from gateway.personas.store.personas import Pushed
from gateway.runs import store
from gateway.runs.asking import Spent, failed
from gateway.runs.audit import audit
from gateway.runs.draft import State
from gateway.runs.run import Result, Run
from gateway.runs.store import Told
from gateway.storage.audit import Actor
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database

SUFFIXES = 100
"""Slugs that are tried where nobody has chosen one: `edith`, `edith-2` and so on."""
Patch = list[dict[str, Any]]


async def beginning(connection: AsyncConnection, run: Run) -> State:
    """Give the draft that a run begins with. Raises FailedError."""
    inputs = run.inputs
    if run.task == "create":
        return {"layers": {}, "intent": inputs.intent, "language": inputs.language}
    persona = await _refined(connection, run)
    content = (await versions.read(connection, persona.id, inputs.version or persona.latest)).content
    rendered = template.render(persona.profile.name, content.language, content.layers)
    found = audit(content.layers, "", persona.profile.name)
    return {
        "intent": inputs.intent,
        "language": content.language,
        "name": persona.profile.name,
        "layers": content.layers,
        "before": content.layers,
        "prompt": content.prompt,
        "has_own_prompt": content.prompt != rendered,
        "examples": content.examples,
        "accepted": [[finding.place, finding.message] for finding in found],
    }


async def compared(database: Database, run: Run, state: State) -> Patch | None:
    """Make a JSON patch from what was before; `None` where the run that is repeated has made nothing."""
    async with database.read() as connection:
        if run.task == "refine" and run.origin is None:
            old = await beginning(connection, run)
        else:
            old = {}
            for _, added in await store.steps(connection, run.origin or ""):
                old |= added
            if "examples" not in old:
                return None
            old = {"language": run.inputs.language, "name": state["name"], **old}
    before, after = _plain(old, state), _plain(state, old)
    try:
        return (await Comparing().compare(Comparison(before, after, None, None))).patch
    except Refusal:
        return coarse(before, after)


async def keep(
    connection: AsyncConnection,
    run: Run,
    state: State,
    spent: Spent,
    patch: Patch | None,
    is_demonstration: bool,
) -> None:
    """Write the persona or the version, and end the run; raises FailedError."""
    try:
        made = await (_created if run.task == "create" else _saved)(connection, run, state)
    except DraftError as error:
        first = error.details[0]
        message = f"`{'.'.join(map(str, first.loc))}`: {first.msg}."
        raise failed(Fault.PERSONA_INVALID, message, details=error.details) from None
    except personas.SlugTakenError as error:
        raise failed(Fault.SLUG_TAKEN, f"The slug `{error}` is taken; choose another one.") from None
    result = Result(
        version=made.version.number,
        examples_left_out=state["left_out"],
        demonstration=is_demonstration,
        patch=patch,
    )
    told: Told = (
        "run.completed",
        {
            "run_id": run.id,
            "persona_id": made.persona.id,
            "total_cost_usd": spent.cost_usd,
            "tokens": spent.tokens,
            **msgspec.to_builtins(result),
        },
    )
    await store.end(connection, run.id, "completed", told, persona_id=made.persona.id, result=result)


async def _created(connection: AsyncConnection, run: Run, state: State) -> Pushed:
    inputs, name = run.inputs, state["name"]
    if inputs.slug and run.origin is None:
        slug = inputs.slug
    else:
        # The persona that is made once more has the slug that was asked for.
        wanted = inputs.slug or slug_from(name) or "persona"
        slug = await _free_slug(connection, run.workspace_id, wanted)
    content = Content(
        prompt=state["prompt"], language=inputs.language, layers=state["layers"], examples=state["examples"]
    )
    draft = Draft(Profile(slug=slug, name=name, visibility=inputs.visibility), content)
    check(draft)
    return await personas.create(connection, draft, Actor(run.workspace_id, run.key_id, run.owner))


async def _saved(connection: AsyncConnection, run: Run, state: State) -> Pushed:
    persona = await _refined(connection, run)
    if run.origin is None and persona.latest != run.inputs.version:
        message = "The persona has got another version since it was to be refined; refine that one."
        raise failed(Fault.PRECONDITION_FAILED, message)
    before = await versions.read(connection, persona.id, run.inputs.version or persona.latest)
    content = msgspec.structs.replace(
        before.content, prompt=state["prompt"], layers=state["layers"], examples=state["examples"]
    )
    draft = Draft(msgspec.structs.replace(persona.profile, name=state["name"]), content)
    check(draft)
    return await personas.save(connection, persona, draft, Actor(run.workspace_id, run.key_id, run.owner))


async def _refined(connection: AsyncConnection, run: Run) -> Persona:
    persona = await personas.by_id(connection, run.persona_id or "")
    if persona is None or persona.status == "archived":
        raise failed(Fault.PERSONA_UNKNOWN)
    # It may have become private since; who works on this machine may change all of them.
    if persona.profile.visibility == "private" and run.owner not in (None, persona.owner):
        raise failed(Fault.PERSONA_UNKNOWN)
    return persona


async def _free_slug(connection: AsyncConnection, workspace_id: str, slug: str) -> str:
    for number in range(1, SUFFIXES + 1):
        suffix = "" if number == 1 else f"-{number}"
        wanted = slug[: LENGTH - len(suffix)].strip("-") + suffix
        if await personas.by_slug(connection, workspace_id, wanted) is None:
            return wanted
    return slug


def _plain(state: State, other: State) -> dict[str, Any]:
    """Write what is compared, with the layers at the top; both sides have the same fields."""
    layers: Mapping[str, Any] = state["layers"]
    named = sorted({*layers, *other["layers"]})
    texts = {name: state[name] for name in ("name", "language", "prompt", "examples")}
    return {**{layer: layers.get(layer) for layer in named}, **texts}
