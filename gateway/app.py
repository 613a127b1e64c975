"""The application is put together here, and nowhere else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Response, Router, get
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from gateway.alerts import retiring
from gateway.alerts.routes import router as alerts_router
from gateway.auth.access import Admission, shared
from gateway.auth.idempotency import Idempotency
from gateway.auth.reloading import reload_router
from gateway.auth.routes import router as auth_router
from gateway.bodies import Bodies
from gateway.budgets.routes import router as budgets_router
from gateway.bulletin import Bulletin
from gateway.config import Config
from gateway.conversations.routes import router as conversations_router
from gateway.embedding.order import MODEL as EMBEDDING_MODEL
from gateway.ensembles.routes import router as ensembles_router
from gateway.errors import Refusal
from gateway.front import Front
from gateway.gateway import Gateway
from gateway.images.routes import router as images_router
from gateway.importing.routes import router as importing_router
from gateway.limits.table import Table
from gateway.metrics.board import Page
from gateway.openai_api.models import Models
from gateway.openai_api.render import render_route
from gateway.openai_api.routes import router
from gateway.openapi import generation
from gateway.openapi.routes import router as openapi_router
from gateway.personas.fields import router as fields_router
from gateway.personas.history import router as history_router
from gateway.personas.nearness import Nearness
from gateway.personas.routes import router as personas_router
from gateway.projects.keyless import ProjectAdmission
from gateway.projects.portraits import router as portraits_router
from gateway.projects.routes import router as projects_router
from gateway.queries import Queries
from gateway.responses import conversation_items, conversing
from gateway.responses import routes as response_routes
from gateway.routing import Application, Silent, Whole
from gateway.runs.beginning import Beginner
from gateway.runs.creating import creating
from gateway.runs.pipelines import Pipelines
from gateway.runs.refining import router as refining_router
from gateway.runs.routes import listing as pipelines_router
from gateway.runs.routes import router as runs_router
from gateway.studio.routes import enhanced
from gateway.studio.routes import router as studio_router
from gateway.translation import refusing
from gateway.turns.routes import router as turns_router
from gateway.turnstile import Turnstile
from gateway.web.routes import router as web_router
from gateway.web.status import Watch
from gateway.webhooks.routes import router as webhooks_router


def create_app(
    config: Config,
    table: Table | None = None,
    tools: str | None = None,
    embedder: str | None = None,
    page: Page | None = None,
    bulletin: Bulletin | None = None,
) -> Front:
    """Make the ASGI application of one worker, which counts beside the others in `table`, and on its page.

    `bulletin` is where it asks for a reload.
    """
    gateway = Gateway(config, table, tools, embedder, page)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with gateway.running():
            yield
            if front.mcp is not None:
                await front.mcp.close()

    embeds = gateway.embedder is not None and config.embeddings.upstream is None
    models = Models(gateway.database, gateway.exchanges, [EMBEDDING_MODEL] if embeds else [])
    refuse = refusing(config.server.public_url)
    litestar = Application(
        route_handlers=[
            *health(gateway),
            router(
                gateway.door,
                gateway.chat,
                gateway.embeddings,
                models,
                gateway.responses,
                gateway.moderations,
                kept_responses(gateway),
            ),
            native(gateway, bulletin),
            projects(gateway),
            openapi_router(),
            web_router(Watch(gateway.readiness, gateway.queue, config.server.workers)),
        ],
        lifespan=[lifespan],
        exception_handlers={Refusal: refuse, HTTPException: refuse, Exception: refuse},
        openapi_config=generation.settings(),
        plugins=[generation.Structs()],
        event_emitter_backend=Silent,
        logging_config=None,
        request_max_body_size=config.server.max_body,
    )
    front = Front(litestar, gateway)
    return front


def health(gateway: Gateway) -> list[HTTPRouteHandler]:
    """Make the routes that tell whether the process runs, and whether it can answer."""

    @get("/health/live", tags=["Gateway"], summary="Whether the process runs")
    async def check_liveness() -> dict[str, str]:
        return {"status": "live"}

    @get("/health/ready", tags=["Gateway"], summary="Whether chat requests can be answered")
    async def check_readiness() -> Response[dict[str, Any]]:
        """A gateway that is `degraded` still answers chat requests; 503 says that nobody should send any."""
        is_ready, state = gateway.readiness()
        state["work"] = await gateway.queue.depth()
        state["retiring_models"] = await retiring.known(gateway.database)
        return Response(state, status_code=200 if is_ready else 503)

    return [check_liveness, check_readiness]


def kept_responses(gateway: Gateway) -> Router:
    """Make the routes of responses and conversations in OpenAI's form."""
    parts = {
        "database": gateway.database,
        "config": gateway.config,
        "registry": gateway.registry,
        "following": gateway.following,
    }
    return Router(
        "/",
        route_handlers=[
            *response_routes.HANDLERS,
            *conversing.HANDLERS,
            *conversation_items.HANDLERS,
        ],
        dependencies={name: shared(part) for name, part in parts.items()},
        middleware=[Queries(), Bodies(gateway.config.server.max_body)],
    )


def native(gateway: Gateway, bulletin: Bulletin | None) -> Router:
    """Serve everything under /v1 that is our own."""
    database, config = gateway.database, gateway.config
    beginner = Beginner(gateway.limiter, Pipelines(config), lambda: gateway.is_draining)
    return _guarded(
        gateway,
        "/v1",
        Admission(gateway.door),
        [
            personas_router(creating(beginner, enhanced)),
            refining_router(beginner),
            fields_router(),
            pipelines_router(beginner),
            studio_router(gateway.ledger),
            importing_router(),
            runs_router(gateway.limiter, beginner),
            history_router(),
            render_route(gateway.exchanges),
            auth_router(),
            reload_router(bulletin),
            budgets_router(),
            webhooks_router(),
            alerts_router(),
            turns_router(database, gateway.tail, gateway.guard),
            conversations_router(gateway.talking, config.server.public_url),
            ensembles_router(gateway.stage, config.server.public_url),
        ],
    )


def projects(gateway: Gateway) -> Router:
    """Serve the projects API, which is not under /v1 since its clients have it elsewhere."""
    admission = ProjectAdmission(gateway.door, gateway.database, gateway.config)
    pictures = [portraits_router(gateway.artist, gateway.gallery), images_router(gateway.gallery)]
    return _guarded(gateway, "/api", admission, [projects_router(), *pictures])


def _guarded(gateway: Gateway, path: str, admission: Admission, handlers: list[Any]) -> Router:
    """Guard everything under the path: key first, then scope, then repetition, then the route."""
    database, config = gateway.database, gateway.config
    hasher, turnstile = gateway.guard.hasher, Turnstile()
    parts = {
        "database": database,
        "config": config,
        "hasher": hasher,
        "turnstile": turnstile,
        "registry": gateway.registry,
        "nearness": Nearness(gateway.embedder),
    }
    return Whole(
        path,
        route_handlers=handlers,
        dependencies={name: shared(part) for name, part in parts.items()},
        middleware=[admission, Queries(), Bodies(config.server.max_body), Idempotency(database)],
    )
