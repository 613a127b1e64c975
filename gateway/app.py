"""The application: the only place where its parts are put together."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, MediaType, Request, Response, get
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.openapi import OpenAPIConfig

from gateway import __version__, ids
from gateway.auth import keys
from gateway.auth.guard import Guard
from gateway.chat.recorder import Recorder
from gateway.config import Config
from gateway.errors import OPENAI_PREFIX, Detail, Fault, Refusal, envelope
from gateway.openai_api import edge
from gateway.openai_api.chat import ChatCompletions
from gateway.openai_api.embeddings import Embeddings
from gateway.openai_api.exchange import Exchanges
from gateway.openai_api.models import Models
from gateway.openai_api.routes import not_served, router
from gateway.personas.registry import Registry
from gateway.storage.database import Change, Database
from gateway.upstreams.routing import Routing

log = logging.getLogger("gateway.app")


class Gateway:
    """What lives as long as a worker does."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.database = Database(config.store.url)
        self.guard = Guard(self.database, keys.hasher(config))
        self.registry = Registry(self.database, config)
        self.routing = Routing(config)
        self.recorder = Recorder(self.database, config.turns)
        self.exchanges = Exchanges(config, self.registry, self.routing, self.recorder)
        self.chat = ChatCompletions(self.guard, self.exchanges, config.server)
        self.embeddings = Embeddings(self.guard, self.routing, config)
        self.is_loaded = False
        self.is_draining = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the store and write turns, from the first request to after the last."""
        await self.database.require_schema()
        position = await self.database.position()
        tasks = [
            asyncio.create_task(self.database.watch(position, self._forget)),
            asyncio.create_task(self.recorder.run()),
        ]
        self.is_loaded = True
        try:
            yield
        finally:
            self.is_draining = True
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.recorder.close()
            await self.routing.close()
            await self.database.close()

    def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Whether chat requests can be answered, and the state of each part."""
        store = "ok" if self.database.healthy and self.recorder.healthy else "degraded"
        upstreams = {
            name: "degraded" if node.breaker.is_open else "ok" for name, node in self.routing.nodes.items()
        }
        # An open breaker closes by traffic alone, so one that would let a probe through counts as usable.
        now = time.monotonic()
        usable = any(node.breaker.opens_at(now) <= now for node in self.routing.nodes.values())
        ready = self.is_loaded and not self.is_draining and usable
        whole = store == "ok" and "degraded" not in upstreams.values()
        status = ("ready" if whole else "degraded") if ready else "unavailable"
        return ready, {
            "status": status,
            "store": store,
            "upstreams": upstreams,
            "draining": self.is_draining,
            "turns_dropped": self.recorder.dropped,
        }

    def interrupt(self) -> None:
        """End every open answer, as at the end of the process."""
        self.chat.interrupt()
        self.embeddings.interrupt()

    def _forget(self, changes: Sequence[Change]) -> None:
        self.registry.forget(changes)
        self.guard.forget(changes)


def create_app(config: Config) -> "Front":
    """The ASGI application of one worker."""
    gateway = Gateway(config)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with gateway.running():
            yield

    @get("/health/live", summary="Whether the process runs", include_in_schema=True)
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @get("/health/ready", summary="Whether chat requests can be answered")
    async def ready() -> Response[dict[str, Any]]:
        is_ready, state = gateway.readiness()
        return Response(state, status_code=200 if is_ready else 503)

    models = Models(gateway.database, gateway.exchanges)
    litestar = Litestar(
        route_handlers=[live, ready, router(gateway.guard, gateway.chat, gateway.embeddings, models)],
        lifespan=[lifespan],
        exception_handlers={Refusal: _refuse, HTTPException: _refuse, Exception: _refuse},
        openapi_config=OpenAPIConfig(title="Persona Gateway", version=__version__, path="/docs"),
        logging_config=None,
        request_max_body_size=config.server.max_body,
    )
    return Front(litestar, gateway)


class Front:
    """The outermost ASGI layer: a request id on every response, also where Litestar answers by itself."""

    def __init__(self, inner: Litestar, gateway: Gateway) -> None:
        self._inner = inner
        self.gateway = gateway

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        request_id = ids.new("req")
        scope.setdefault("state", {})["request_id"] = request_id
        header = (b"x-request-id", request_id.encode())

        async def send_with_id(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), header]
            await send(message)

        await self._inner(scope, receive, send_with_id)


def _refuse(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    path = request.scope["path"]
    refusal = error if isinstance(error, Refusal) else _translate(error, path)
    body = envelope(refusal, path, request.scope["state"]["request_id"])
    return Response(body, media_type=MediaType.JSON, status_code=refusal.status, headers=refusal.headers)


def _translate(error: Exception, path: str) -> Refusal:
    """What Litestar raises by itself, in the words of the catalogue."""
    if isinstance(error, NotFoundException):
        if path.startswith(OPENAI_PREFIX):
            return not_served(path)
        return Refusal(Fault.ROUTE_NOT_FOUND, "There is nothing at this path; /docs shows what there is.")
    if isinstance(error, MethodNotAllowedException):
        allowed = dict(error.headers or {}).get("allow", "")
        return Refusal(
            Fault.METHOD_NOT_ALLOWED,
            f"This path does not take this method; it takes {allowed or 'others'}.",
            headers={"allow": allowed} if allowed else None,
        )
    if isinstance(error, HTTPException) and error.status_code == Fault.REQUEST_TOO_LARGE.status:
        return Refusal(Fault.REQUEST_TOO_LARGE, "The request body is too large; send a smaller one.")
    if isinstance(error, HTTPException) and error.status_code < 500:
        return Refusal(Fault.REQUEST_INVALID, _sentence(error), details=_details(error))
    log.error("unexpected %s", type(error).__name__, exc_info=error)
    return edge.our_mistake()


def _sentence(error: HTTPException) -> str:
    places = [".".join(map(str, detail.loc)) for detail in _details(error) or ()]
    return f"The request is not valid: {', '.join(places) or 'its form'} must be corrected."


def _details(error: HTTPException) -> list[Detail] | None:
    extra = error.extra if isinstance(error.extra, list) else []
    details = [
        Detail(
            [item.get("source", "body"), *str(item["key"]).split(".")], item.get("message", ""), "value_error"
        )
        for item in extra
        if isinstance(item, dict) and "key" in item
    ]
    return details or None
