"""The drop-in surface has routes for chat completions, embeddings and models."""

import re
from typing import Annotated, Any

from litestar import Router, asgi, get
from litestar.handlers import ASGIRouteHandler
from litestar.params import Parameter
from litestar.types import Receive, Scope, Send

from gateway.auth.access import Admission, AnyRequest, caller_of
from gateway.auth.door import Door
from gateway.errors import OPENAI_PREFIX, Fault, Refusal
from gateway.openai_api.answering import Endpoint
from gateway.openai_api.chat import ChatCompletions
from gateway.openai_api.embeddings import Embeddings
from gateway.openai_api.models import Models
from gateway.openai_api.moderations import Moderations
from gateway.personas import name as names
from gateway.upstreams.failure import NO_RETRY

SERVED = (
    "POST /chat/completions, POST /responses, POST /embeddings, POST /moderations, GET /models and "
    "GET /models/{id}"
)
SERVED_PATHS = ("/chat/completions", "/embeddings", "/models", "/moderations", "/responses", "/conversations")
THEIRS = re.compile(
    r"(?:/api|/v1|/openai)*(/(?:chat/completions|completions|embeddings|models|responses|conversations|moderations)(?:/.*)?)",
    re.DOTALL,
)
"""Matches the paths of OpenAI's clients behind whatever their base URL holds."""
ABSENT = {
    "audio": "speech is not served here; ask the model's own server for it",
    "fine_tuning": "a persona is changed by a new version of it, which callers can pin and owners "
    "can take back; see /docs for /v1/personas",
}
"""Whole parts of OpenAI's surface that are known and not there, by the first word of their paths."""
SCOPE = "chat:invoke"
"""Every route here needs this scope; chat and embeddings admit their callers themselves."""
NAMING = {"scope": SCOPE, "faults": (Fault.PERSONA_UNKNOWN,)}


def router(
    door: Door,
    chat: ChatCompletions,
    embeddings: Embeddings,
    models: Models,
    responses: Endpoint[Any],
    moderations: Moderations,
    others: Router,
) -> Router:
    """Make the routes of everything under /v1/openai; `others` are those of responses that are kept."""

    @get("/models", opt=NAMING, summary="List the model names that the key can use")
    async def list_models(
        request: AnyRequest,
        persona: Annotated[str | None, Parameter(description="A persona's slug or id")] = None,
        versions: bool = False,
    ) -> dict[str, Any]:
        """Bare names and labels of every persona that the key can use come first, then plain models.

        With `persona` only that persona is listed, with `versions` each of its versions.
        """
        caller = caller_of(request)
        if persona is None:
            if versions:
                raise Refusal(Fault.REQUEST_INVALID, "`versions` needs `persona`; name one.", param="persona")
            return {"object": "list", "data": await models.everything(caller)}
        if versions:
            return {"object": "list", "data": await models.versions(caller, persona)}
        return {"object": "list", "data": [await models.one(caller, _full(persona))]}

    @get("/models/{model:path}", opt=NAMING, summary="What a model name stands for")
    async def show_model(request: AnyRequest, model: str) -> dict[str, Any]:
        """The name stands in the path as it is: `/v1/openai/models/persona/the-night-librarian@v2`."""
        return await models.one(caller_of(request), model.removeprefix("/"))

    return Router(
        OPENAI_PREFIX,
        route_handlers=[
            _raw("/chat/completions", chat),
            _raw("/embeddings", embeddings),
            _raw("/responses", responses),
            _raw("/moderations", moderations),
            Router("/", route_handlers=[list_models, show_model, others], middleware=[Admission(door)]),
        ],
        tags=["OpenAI-compatible"],
    )


def is_of_openai(path: str) -> bool:
    """Tell whether a client of OpenAI's may have asked for this path, also where its base URL is wrong."""
    return path.startswith(OPENAI_PREFIX) or THEIRS.fullmatch(path) is not None


def not_served(path: str) -> Refusal:
    """Answer for a path of OpenAI's that does not exist here."""
    shown = path if len(path) <= 200 else path[:200] + "…"
    remedy = ABSENT.get(path.removeprefix(f"{OPENAI_PREFIX}/").partition("/")[0])
    if remedy is not None:
        return Refusal(Fault.NOT_IMPLEMENTED, f"`{shown}` is not served: {remedy}.", headers=NO_RETRY)
    theirs = THEIRS.fullmatch(path)
    if theirs is None or not theirs[1].startswith(SERVED_PATHS):
        remedy = f"under {OPENAI_PREFIX} there are {SERVED}"
    elif path.startswith(f"{OPENAI_PREFIX}/v1/"):
        remedy = f"leave the second `/v1` out: `{OPENAI_PREFIX}{theirs[1][:200]}`"
    else:
        remedy = f"the base URL ends in {OPENAI_PREFIX}: `{OPENAI_PREFIX}{theirs[1][:200]}`"
    return Refusal(Fault.ROUTE_NOT_FOUND, f"`{shown}` is not served; {remedy}.")


def _full(ref: str) -> str:
    ref = names.canonical(ref)
    return ref if ref.startswith(names.PREFIX) else names.PREFIX + ref


def _raw(path: str, app: Any) -> ASGIRouteHandler:
    """Wrap the raw application as Litestar wants it: in a function that is annotated."""

    async def handler(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    handler.__name__ = path.strip("/").replace("/", "_")
    return asgi(path, opt={"scope": SCOPE}, copy_scope=False)(handler)
