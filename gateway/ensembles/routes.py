"""`POST /v1/ensembles/scenarios` plays a scene, and answers with all of it or with its lines as they come."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from litestar import Response, Router, post

from gateway.auth.access import AnyRequest, caller_of
from gateway.ensembles.scenario import LineView, ScenarioBody, SceneView, Stage
from gateway.envelope import native_error
from gateway.errors import OF_UPSTREAMS, Fault, Refusal
from gateway.streamed import Streamed, frame

FAULTS = (
    Fault.PERSONA_UNKNOWN,
    Fault.SCENARIO_INVALID,
    Fault.OVERLAY_LOCKED,
    Fault.ANSWER_TOO_LONG,
    Fault.ANSWER_WITHHELD,
    Fault.PROVIDER_REJECTED,
    *OF_UPSTREAMS,
)


def router(stage: Stage, public_url: str) -> Router:
    """Make the routes of everything under `/v1/ensembles`; `public_url` is where errors point to."""

    @post(
        "/scenarios",
        opt={"scope": "chat:invoke", "spends": True, "faults": FAULTS},
        status_code=200,
        summary="Have several personas play a scene",
    )
    async def play_scenario(request: AnyRequest, data: ScenarioBody) -> Response[SceneView]:
        """They speak in turn, each with its own prompt, and every line is a turn with its own drift.

        `budget_usd` ends the scene once its lines have cost so much. With `stream` each line comes as an
        event when it has been said.
        """
        caller, state = caller_of(request), request.scope["state"]
        cast = await stage.cast(caller, data)
        given = (caller, data, cast, state["request_id"], state["connection"])
        if not data.stream:
            return Response(await stage.whole(*given), status_code=200)
        release = await stage.hold_stream(caller)
        try:
            lines = stage.play(*given)
            first = await anext(lines)
        except BaseException:
            await release()
            raise
        return Streamed(_frames(first, lines, state["request_id"], public_url), end=release)

    return Router("/ensembles", route_handlers=[play_scenario], tags=["Ensembles"])


async def _frames(
    first: LineView | SceneView,
    rest: AsyncIterator[LineView | SceneView],
    request_id: str,
    public_url: str,
) -> AsyncIterator[bytes]:
    """Write the events of a scene, from its first line on."""
    yield _frame(first)
    try:
        async for found in rest:
            yield _frame(found)
    except Refusal as refusal:
        error: dict[str, Any] = {"error": native_error(refusal, request_id, public_url)}
        yield frame("error", msgspec.json.encode(error))


def _frame(found: LineView | SceneView) -> bytes:
    name = "line.completed" if isinstance(found, LineView) else "scene.completed"
    return frame(name, msgspec.json.encode(found))
