"""Litestar is told here to do at the start only what every request needs, and the rest route by route."""

from threading import Lock
from typing import Any

from litestar import Litestar, Router
from litestar.config.app import AppConfig
from litestar.events import BaseEventEmitterBackend
from litestar.exceptions import ImproperlyConfiguredException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.spec import OpenAPI
from litestar.plugins.core import MsgspecDIPlugin
from litestar.routes import ASGIRoute, HTTPRoute


class Whole(Router):
    """Takes routers as they are: Litestar copies each with all that is in it, as somebody may have it twice.

    A worker would spend a third of its start on those copies.
    """

    def _validate_registration_value(self, value: Any) -> Any:
        if isinstance(value, Router):
            value.owner = self
            return value
        return super()._validate_registration_value(value)


class Application(Whole, Litestar):
    """Litestar without what no request of ours needs: plugins for pydantic and attrs, and for traces.

    They would be loaded where those libraries are installed, at 8 MB and 0.1 s for each worker. What a route
    takes is worked out when it is first asked for, since that is most of what Litestar does at a start.
    """

    @staticmethod
    def _get_default_plugins(plugins: list[Any]) -> list[Any]:
        return [*plugins, MsgspecDIPlugin()]

    @staticmethod
    def _patch_opentelemetry_middleware(config: AppConfig) -> AppConfig:
        return config

    def register(self, value: Any) -> None:  # type: ignore[override]
        for route in Router.register(self, value):
            if isinstance(route, HTTPRoute):
                for handler in route.route_handlers:
                    if handler.http_methods & route.route_handler_map.keys():
                        raise ImproperlyConfiguredException(f"{route.path} has two handlers for a method")
                    model: Any = Model(self, route, handler)
                    route.route_handler_map |= dict.fromkeys(handler.http_methods, (handler, model))
            elif isinstance(route, ASGIRoute):
                route.route_handler.on_registration(self)
            for plugin in self.plugins.receive_route:
                plugin.receive_route(route)
        self.asgi_router.construct_routing_trie()

    @property
    def openapi_schema(self) -> OpenAPI:
        """The document is made of what each route takes."""
        for route in self.routes:
            if isinstance(route, HTTPRoute):
                for _, model in list(route.route_handler_map.values()):
                    model.has_kwargs  # noqa: B018 - this makes it
        return super().openapi_schema


class Model:
    """Stands for what a handler takes until that is asked for, and puts the real model into its place."""

    def __init__(self, app: Litestar, route: HTTPRoute, handler: HTTPRouteHandler) -> None:
        self._app = app
        self._route = route
        self._handler = handler
        self._lock = Lock()
        """The document is made in a thread, perhaps while the route is asked for."""
        self._made: Any = None

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            if self._made is None:
                self._made = self._make()
        return getattr(self._made, name)

    def _make(self) -> Any:
        """Raises ImproperlyConfiguredException for a handler that Litestar cannot serve."""
        handler, route = self._handler, self._route
        handler.on_registration(self._app)
        model = handler.create_kwargs_model(path_parameters=route.path_parameters)
        for method in handler.http_methods:
            route.route_handler_map[method] = (handler, model)
        return model


def query_names(app: Litestar, handler: object) -> frozenset[str] | None:
    """Give the names that a handler takes in the query string; `None` for what is no handler of HTTP."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for each, model in list[Any](route.route_handler_map.values()):
                if each is handler:
                    return frozenset(field.field_alias for field in model.expected_query_params)
    return None


class Silent(BaseEventEmitterBackend):
    """Takes the place of Litestar's events, which nobody here listens to; theirs would load anyio's loop."""

    def emit(self, event_id: str, *args: Any, **kwargs: Any) -> None:
        """Tell nobody."""

    async def __aenter__(self) -> "Silent":
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave nothing behind."""
