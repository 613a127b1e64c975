"""Litestar works out what a route takes when the route is first asked for."""

import asyncio
from typing import Annotated, Any

import pytest
from litestar import Litestar, get, post
from litestar.exceptions import ImproperlyConfiguredException
from litestar.params import QueryParameter
from litestar.routes import HTTPRoute

from gateway.routing import Application, Model, Silent, query_names


def made(*handlers: Any) -> Application:
    return Application(route_handlers=list(handlers), openapi_config=None, event_emitter_backend=Silent)


def models(application: Application) -> dict[tuple[str, str], object]:
    routes = [route for route in application.routes if isinstance(route, HTTPRoute)]
    return {
        (str(method), route.path): model
        for route in routes
        for method, (_, model) in route.route_handler_map.items()
    }


def answer(application: Application, path: str, query: bytes = b"") -> list[Any]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": [],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("gateway", 80),
    }
    asyncio.run(application(scope, receive, send))
    return sent


@get("/double", sync_to_thread=False)
def double(number: Annotated[int, QueryParameter()]) -> int:
    return 2 * number


@get("/other", sync_to_thread=True)
def other() -> str:
    return "here"


def test_a_route_is_made_ready_when_it_is_first_asked_for() -> None:
    application = made(double, other)
    assert all(isinstance(model, Model) for model in models(application).values())
    assert [one.get("body") for one in answer(application, "/double", b"number=21")] == [None, b"42"]
    ready = [place for place, model in models(application).items() if not isinstance(model, Model)]
    assert ready == [("GET", "/double")]
    assert answer(application, "/double", b"number=x")[0]["status"] == 400


def test_a_route_in_a_thread_answers_the_first_time_and_the_second() -> None:
    application = made(other)
    for _ in range(2):
        assert answer(application, "/other")[1]["body"] == b"here"


def test_a_handler_tells_the_names_of_its_query() -> None:
    application = made(double)
    (route,) = [route for route in application.routes if isinstance(route, HTTPRoute)]
    handler, _ = route.route_handler_map["GET"]
    assert query_names(application, handler) == frozenset(["number"])
    assert query_names(application, object()) is None


@pytest.mark.parametrize(
    "name", ["_validate_registration_value", "_get_default_plugins", "_patch_opentelemetry_middleware"]
)
def test_what_is_put_in_the_place_of_litestar_s_own_is_still_there(name: str) -> None:
    assert hasattr(Litestar, name)


def test_two_handlers_of_one_method_are_refused_at_the_start() -> None:
    @get(["/double"], sync_to_thread=False)
    def again() -> int:
        return 1

    with pytest.raises(ImproperlyConfiguredException):
        made(double, again)


def test_a_method_that_was_wrongly_declared_fails_when_it_is_asked_for() -> None:
    @post("/nothing", sync_to_thread=False)
    def nothing(socket: int) -> int:
        return socket

    application = made(nothing)
    (model, *_) = models(application).values()
    with pytest.raises(ImproperlyConfiguredException):
        model.has_kwargs  # type: ignore[attr-defined] # noqa: B018
