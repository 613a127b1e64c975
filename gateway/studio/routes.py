"""`/v1/personas/actions/…` takes jobs on, and `/v1/personas/repositories/…` tells how they are doing."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import msgspec
from litestar import Response, Router, get, post

from gateway import config as configuration
from gateway.auth.access import AnyRequest, Settings, Store, actor_of, caller_of, still_there
from gateway.bodies import Spool
from gateway.budgets.estimate import Asked
from gateway.budgets.ledger import Ledger, Spender
from gateway.config import Config
from gateway.errors import Fault, Refusal
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.studio import asked, evaluating, store, view
from gateway.studio.asking import TOKENS
from gateway.studio.crowd import Member
from gateway.studio.job import Job, Kind
from gateway.studio.view import Accepted, Enhancement, Evaluation, Population
from gateway.studio.wording import Faults
from gateway.turns.usage import Usage

SOURCE = 20_000
OPEN = 100
"""Jobs of a workspace that may be open at the same time."""
SMALL = 256 * 1024
"""Bytes of a body that is looked into before it is taken on; of a larger one its job tells."""
LARGEST = 128 << 20
ASKED = (Fault.VALIDATION_FAILED, Fault.BUDGET_EXCEEDED, Fault.PRICE_UNKNOWN)
STARTING = {"scope": "personas:write", "bucket": "generations", "faults": ASKED}
CHECKING = {"scope": "personas:write", "spooled": LARGEST, "faults": (Fault.VALIDATION_FAILED,)}
POLLING = {"scope": "personas:read"}


def router(ledger: Ledger) -> Router:
    """Make the routes of jobs."""
    handlers: list[Any] = [_enhancing(ledger), _populating(ledger), start_evaluation]
    handlers += [read_enhancement, read_population, read_evaluation]
    return Router("/personas", route_handlers=handlers, tags=["Studio"])


def _enhancing(ledger: Ledger) -> Any:
    @post("/actions/enhance", opt=STARTING, status_code=200, summary="Deepen a persona")
    async def start_enhancement(request: AnyRequest, database: Store, config: Settings) -> Accepted:
        """A text becomes a full persona, with facts that are looked up where `grounding` is `web` or
        `research`. The answer comes at once; poll until the job has succeeded or failed.
        """
        faults, value = Faults(), _decoded(request)
        if faults.object(value, [], ("persona", "grounding")):
            faults.text(value, "persona", [], SOURCE, least=1)
            level = value.get("grounding", "off")
            if faults.word(level, ["grounding"], ("off", "web", "research")) and level != "off":
                _require_search(config, faults)
        faults.require_none()
        inputs = {"persona": value["persona"], "grounding": value.get("grounding", "off")}
        await _require_budget(request, ledger, config, SOURCE // 3)
        return await _begin(request, database, "enhancement", inputs)

    return start_enhancement


def _populating(ledger: Ledger) -> Any:
    @post("/actions/generate", opt=STARTING, status_code=200, summary="Make a population")
    async def start_population(request: AnyRequest, database: Store, config: Settings) -> Accepted:
        """Attributes are drawn from the blueprint, which is planned where none is given; a model writes the
        words. The same seed and blueprint draw the same attributes. Each persona counts as a generation.
        """
        inputs = asked.population(_decoded(request))
        await _require_budget(request, ledger, config, asked.PROMPT // 3, inputs["count"])
        return await _begin(request, database, "population", inputs)

    return start_population


@post("/actions/validate", opt=CHECKING, status_code=200, summary="Validate personas")
async def start_evaluation(request: AnyRequest, database: Store) -> Accepted:
    """Holds personas against gates, and against a blueprint where one is given; no model is asked.

    Up to 10,000 personas and 128 MiB are taken. What is wrong with a body of more than 256 KiB is not told
    at once: its job fails with `invalid_request`.
    """
    spool: Spool = request.scope["state"]["spool"]
    if spool.size <= SMALL:
        await asyncio.to_thread(evaluating.read, await spool.read())
    return await _begin(request, database, "evaluation", {}, spool)


@get("/repositories/Enhancement/by-id/{job:str}", opt=POLLING, summary="Poll an enhancement")
async def read_enhancement(request: AnyRequest, database: Store, job: str) -> Enhancement:
    return view.enhancement(await _found(request, database, job, "enhancement"))


@get("/repositories/Population/by-id/{job:str}", opt=POLLING, summary="Poll a population")
async def read_population(request: AnyRequest, database: Store, job: str) -> Response[Population]:
    return await _told(view.population, await _found(request, database, job, "population"))  # type: ignore[return-value]


@get("/repositories/Evaluation/by-id/{job:str}", opt=POLLING, summary="Poll an evaluation")
async def read_evaluation(request: AnyRequest, database: Store, job: str) -> Response[Evaluation]:
    return await _told(view.evaluation, await _found(request, database, job, "evaluation"))  # type: ignore[return-value]


async def _told(show: Callable[[Job], bytes], found: Job) -> Response[bytes]:
    """Answer with a job, whose result may have megabytes that are put together away from the loop."""
    return Response(await asyncio.to_thread(show, found), media_type="application/json")


def _decoded(request: AnyRequest) -> Any:
    """Decode a body that is within the bounds of all bodies. Raises Refusal."""
    try:
        return msgspec.json.decode(request.scope["state"]["body"])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        faults = Faults()
        faults.add(["body"], "Invalid JSON", "json_invalid")
        faults.require_none()


def _require_search(config: Config, faults: Faults) -> None:
    if not config.grounding.search:
        message = "Grounding is not configured here; use 'off', or have `search` in [grounding] set"
        faults.add(["grounding"], message, "value_error")


async def _require_budget(
    request: AnyRequest, ledger: Ledger, config: Config, prompt: int, calls: int = 1
) -> None:
    """Raises Refusal where the caller's budgets cannot cover what the job takes at most."""
    caller, named = caller_of(request), config.generation.upstream
    routes = [configuration.route(config, named)] if named else configuration.order(config)
    if not routes:
        return
    most = Asked(prompt * calls, TOKENS * calls)
    async with ledger.call(Spender(caller.workspace_id, caller.owner), most, routes[0]) as call:
        # Nothing is called yet; what was set aside for the look is given back.
        call.usage = Usage(0, 0)


async def _begin(
    request: AnyRequest, database: Database, kind: Kind, inputs: dict[str, Any], spool: Spool | None = None
) -> Accepted:
    job_id, caller = str(uuid4()), caller_of(request)
    async with database.write(still_there(request.scope)) as connection:
        if await store.open_jobs(connection, caller.workspace_id, OPEN) >= OPEN:
            message = f"The workspace has {OPEN} open jobs; wait for one of them to end."
            raise Refusal(Fault.RATE_LIMITED, message, headers={"retry-after": "5"})
        await store.create(connection, job_id, kind, inputs, actor_of(request))
        if spool is not None:
            number = 0
            async for part in spool.parts(store.PART_BYTES):
                await store.add_part(connection, job_id, number, part)
                number += 1
    return Accepted(job_id, "pending")


async def _found(request: AnyRequest, database: Database, job_id: str, kind: Kind) -> Job:
    """Find a job of the caller's own. Raises Refusal."""
    async with database.read() as connection:
        found = await _owned(connection, request, job_id)
    if found is None or found.kind != kind:
        raise Refusal(Fault.JOB_UNKNOWN)
    return found


async def _owned(connection: AsyncConnection, request: AnyRequest, job_id: str) -> Job | None:
    try:
        UUID(job_id)
    except ValueError:
        return None
    caller, found = caller_of(request), await store.find(connection, job_id.lower())
    is_mine = found is not None and (found.workspace_id, found.owner) == (caller.workspace_id, caller.owner)
    return found if is_mine else None


async def enhanced(request: AnyRequest, database: Database, job_id: str) -> Member | None:
    """Give the persona of an enhancement of the caller's; `None` where there is none that has succeeded."""
    async with database.read() as connection:
        found = await _owned(connection, request, job_id)
    return view.persona_of(found) if found is not None and found.kind == "enhancement" else None
