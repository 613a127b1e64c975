"""The application is put together here, and nowhere else."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from litestar import Litestar, Response, Router, get
from litestar.exceptions import (
    HTTPException,
)
from litestar.plugins.core import MsgspecDIPlugin

from gateway.alerts import retiring
from gateway.alerts.routes import router as alerts_router
from gateway.auth.access import Admission, shared
from gateway.auth.door import Door
from gateway.auth.idempotency import Idempotency
from gateway.auth.marking import Marking
from gateway.auth.reloading import reload_router
from gateway.auth.routes import router as auth_router
from gateway.bodies import Bodies
from gateway.budgets.routes import router as budgets_router
from gateway.bulletin import Bulletin
from gateway.config import Config
from gateway.conversations.attaching import Attaching
from gateway.conversations.routes import router as conversations_router
from gateway.conversations.talking import Talking
from gateway.conversations.window import Windows
from gateway.embedding.embedder import Embedder
from gateway.embedding.order import MODEL as EMBEDDING_MODEL
from gateway.ensembles.routes import router as ensembles_router
from gateway.ensembles.scenario import Stage
from gateway.equipment import Equipment
from gateway.errors import OPENAI_PREFIX, Refusal
from gateway.images.drawing import Artist
from gateway.images.gallery import Gallery
from gateway.images.routes import router as images_router
from gateway.importing.routes import router as importing_router
from gateway.limits.failover import place_of
from gateway.limits.limiter import Limiter
from gateway.limits.table import Table
from gateway.mcp import mount as mcp
from gateway.metrics.board import Page
from gateway.openai_api import edge
from gateway.openai_api.answering import Endpoint
from gateway.openai_api.chat import ChatCompletions
from gateway.openai_api.embeddings import Embeddings
from gateway.openai_api.models import Models
from gateway.openai_api.moderations import Moderations
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
from gateway.responses import conversing
from gateway.responses import routes as response_routes
from gateway.responses.following import Following
from gateway.responses.preparing import Preparing
from gateway.responses.serving import Responses
from gateway.runs.beginning import Beginner
from gateway.runs.creating import creating
from gateway.runs.pipelines import Pipelines
from gateway.runs.refining import router as refining_router
from gateway.runs.routes import listing as pipelines_router
from gateway.runs.routes import router as runs_router
from gateway.storage.database import Database
from gateway.storage.retention import Retention
from gateway.studio.routes import enhanced
from gateway.studio.routes import router as studio_router
from gateway.telemetry.access import Access
from gateway.tools.toolbox import Toolbox
from gateway.translation import refusing, translate
from gateway.turns.routes import router as turns_router
from gateway.turns.tail import Tail
from gateway.turnstile import Turnstile
from gateway.web.routes import router as web_router
from gateway.web.status import Watch
from gateway.webhooks.routes import router as webhooks_router
from gateway.work.queue import Queue

CHAT_PATH = f"{OPENAI_PREFIX}/chat/completions"
RESPONSES_PATH = f"{OPENAI_PREFIX}/responses"

log = logging.getLogger("gateway.app")


class Gateway(Equipment):
    """Holds what lives as long as a worker does."""

    def __init__(
        self,
        config: Config,
        table: Table | None = None,
        tools: str | None = None,
        embedder: str | None = None,
        page: Page | None = None,
    ) -> None:
        """`table` is where all workers count what is limited; without one, this one counts for itself.

        `tools` is the address of the tools' process; without it no tool is available. `embedder` is that of
        the embedded model; without it nothing is embedded here. `page` is where it counts for metrics;
        without one, nobody wants any.
        """
        limiter = Limiter(place_of(config.limits, table or Table()))
        super().__init__(config, Database(config.store.url), limiter, page)
        self.door = Door(self.guard, self.limiter)
        self.marking = Marking(self.database, self.guard)
        self.access = Access(config.log)
        self.tail = Tail(self.database)
        attaching = Attaching(self.database, self.exchanges, self.committer, config.recording)
        self.chat = ChatCompletions(self.door, self.exchanges, attaching, config.server)
        windows = Windows(config.upstreams)
        toolbox = Toolbox(config, tools)
        self.talking = Talking(self.database, self.exchanges, self.committer, windows, self.limiter, toolbox)
        self.embedder = None if embedder is None else Embedder(embedder)
        self.stage = Stage(self.exchanges, self.limiter)
        self.embeddings = Embeddings(self.door, self.exchanges, config, self.embedder)
        self.artist = Artist(config, self.routing, self.ledger, self.recorder, self.limiter)
        self.gallery = Gallery(config, self.database)
        self.following = Following(self.database, self.limiter, lambda: self.is_draining)
        self.responses = Responses(
            self.door, Preparing(self.exchanges, self.database, self.committer), self.following, config.server
        )
        self.moderations = Moderations(self.door, self.exchanges, self.moderator, config.server)
        self.queue = Queue(self.database)
        self.is_loaded = False
        self.is_draining = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the store and write turns, from the first request until after the last one."""
        await self.database.require_schema()
        others = [
            self.tail.run(),
            self.marking.run(),
            self.limiter.run(),
            Retention(self.database, self.config).run(),
        ]
        async with self.at_work(others, self._must_not_end):
            self.is_loaded = self.database.healthy = True
            try:
                yield
            finally:
                self.is_draining = True
        await self.marking.write()
        await self.limiter.close()
        await self.database.close()

    def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Tell whether chat requests can be answered, and the state of each part."""
        store = "ok" if self.database.healthy and self.recorder.healthy else "degraded"
        nodes = self.routing.nodes
        upstreams = {name: "degraded" if node.is_degraded else "ok" for name, node in nodes.items()}
        now = time.monotonic()
        usable = any(node.is_usable(now) for node in nodes.values())
        ready = self.is_loaded and not self.is_draining and usable
        limits = "ok" if self.limiter.healthy else "degraded"
        whole = (store, limits) == ("ok", "ok") and "degraded" not in upstreams.values()
        status = ("ready" if whole else "degraded") if ready else "unavailable"
        judge = {} if self.judge is None else {"judge": msgspec.structs.asdict(self.judge.counts)}
        return ready, {
            "status": status,
            "store": store,
            "limits": limits,
            "upstreams": upstreams,
            "upstream_calls": {
                name: msgspec.structs.asdict(node.health.report()) for name, node in nodes.items()
            },
            "draining": self.is_draining,
            "turns_dropped": self.recorder.dropped,
            "log_lines_dropped": self.access.dropped,
            "verdict_changes": dict(self.scoring.changes),
            "late_scores": msgspec.structs.asdict(self.scoring.late),
            **judge,
        }

    def states(self) -> dict[tuple[str, str], float]:
        """Tell what is so now, by the families of `metrics.figures` and by name."""
        _, ready = self.readiness()
        late = self.scoring.late
        answering = (self.chat, self.embeddings, self.responses, self.talking, self.stage)
        found: dict[tuple[str, str], float] = {
            ("persona_turns_queued", ""): self.recorder.waiting,
            ("persona_turns_dropped_total", ""): self.recorder.dropped,
            ("persona_log_lines_dropped_total", ""): self.access.dropped,
            ("persona_scores_late_total", ""): late.scored,
            ("persona_scores_dropped_total", ""): late.dropped,
            ("persona_scores_waiting", ""): late.waiting,
            ("persona_budget_refusals_total", ""): self.ledger.refused,
            ("persona_worker_degraded", "store"): ready["store"] != "ok",
            ("persona_worker_degraded", "limits"): ready["limits"] != "ok",
        }
        for one in answering:
            found["persona_answers_open", one.surface] = one.count
        for bucket, count in self.limiter.refused.items():
            found["persona_limit_refusals_total", bucket] = count
        if self.judge is not None:
            for outcome, count in msgspec.structs.asdict(self.judge.counts).items():
                found["persona_judge_answers_total", outcome] = count
        for name, node in self.routing.nodes.items():
            report = node.health.report()
            found["persona_breakers_open", name] = node.open_breakers
            found["persona_upstream_waiting", name] = node.client.waiting
            found["persona_upstream_calls", name] = report.calls
            found["persona_upstream_failing", name] = round(report.calls * (report.failing or 0.0))
        return found

    def interrupt(self) -> None:
        """End every open answer, as happens at the end of the process."""
        self.chat.interrupt()
        self.embeddings.interrupt()
        self.responses.interrupt()
        self.talking.interrupt()
        self.stage.interrupt()

    def drain(self) -> None:
        """Take no new requests, and end the streams that would never end by themselves."""
        self.is_draining = True
        self.tail.close()

    def _must_not_end(self, task: asyncio.Task[None]) -> None:
        """A worker whose tasks have ended would answer from memory, revoked keys included, so it stops."""
        if not self.is_draining and not task.cancelled():
            log.critical("a background task ended; the worker stops", exc_info=task.exception())
            os.kill(os.getpid(), signal.SIGTERM)


class _Application(Litestar):
    """Litestar without its plugins for pydantic and attrs, which no type of ours uses.

    They would be loaded where those libraries are installed, at 8 MB and 0.1 s for each worker.
    """

    @staticmethod
    def _get_default_plugins(plugins: list[Any]) -> list[Any]:
        return [*plugins, MsgspecDIPlugin()]


def create_app(
    config: Config,
    table: Table | None = None,
    tools: str | None = None,
    embedder: str | None = None,
    page: Page | None = None,
    bulletin: Bulletin | None = None,
) -> "Front":
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

    embeds = gateway.embedder is not None and config.embeddings.upstream is None
    models = Models(gateway.database, gateway.exchanges, [EMBEDDING_MODEL] if embeds else [])
    refuse = refusing(config.server.public_url)
    litestar = _Application(
        route_handlers=[
            check_liveness,
            check_readiness,
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
        logging_config=None,
        request_max_body_size=config.server.max_body,
    )
    front = Front(litestar, gateway)
    return front


def kept_responses(gateway: Gateway) -> Router:
    """Make the routes of responses and conversations in OpenAI's form."""
    parts = {"database": gateway.database, "config": gateway.config}
    return Router(
        "/",
        route_handlers=[*response_routes.handlers(gateway.following), *conversing.handlers(gateway.registry)],
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
            conversations_router(gateway.registry, gateway.talking, config.server.public_url),
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
        "nearness": Nearness(gateway.embedder),
    }
    return Router(
        path,
        route_handlers=handlers,
        dependencies={name: shared(part) for name, part in parts.items()},
        middleware=[admission, Queries(), Bodies(config.server.max_body), Idempotency(database)],
    )


class Front:
    """The outermost ASGI layer; it takes chat past Litestar, whose routing costs 19 µs a request."""

    def __init__(self, litestar: Litestar, gateway: Gateway) -> None:
        self.litestar = litestar
        self.gateway = gateway
        config = gateway.config
        self._answers: dict[str, Endpoint[Any]] = {CHAT_PATH: gateway.chat, RESPONSES_PATH: gateway.responses}
        self.mcp = mcp.Mount(config, gateway.guard, litestar) if config.mcp.enabled else None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.litestar(scope, receive, send)
            return
        path = scope["path"]
        answer = self._answers.get(path)
        if answer is None:
            if self.mcp is not None and scope["path"] in mcp.PATHS:
                await self.mcp(scope, receive, send)
                return
            if "\0" in scope["path"]:
                # Nothing bears a name with NUL in it, and not every database can be asked for one.
                scope = {**scope, "path": scope["path"].replace("\0", "\ufffd")}
            if scope["method"] == "HEAD":
                # HEAD is answered as GET is; the connection has a scope of its own and sends the head alone.
                scope = {**scope, "method": "GET"}
            await self.litestar(scope, receive, send)
            return
        try:
            await answer(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - nothing else would answer
            request_id = scope["state"]["request_id"]
            await edge.send_refusal(send, translate(error, path), path, request_id)
