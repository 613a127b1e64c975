"""`GET /v1/openai/models` lists the names that a caller may put into `model`."""

from collections.abc import Sequence
from typing import Any

from gateway.auth.guard import Caller
from gateway.config import EMBEDDED
from gateway.errors import Fault, Refusal
from gateway.openai_api.exchanges import PERSONA_PREFIX, Exchanges
from gateway.personas import name as names
from gateway.personas.model import Persona
from gateway.personas.registry import unknown
from gateway.personas.resolved import Resolved
from gateway.personas.slug import PRODUCTION
from gateway.personas.store import personas, versions
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable

MOST = 1000
"""Names in one list."""

Model = dict[str, Any]


class Models:
    """Lists and looks up model names."""

    def __init__(self, database: Database, exchanges: Exchanges, own: Sequence[str] = ()) -> None:
        """`own` are the names of models that the gateway runs itself."""
        self._database = database
        self._exchanges = exchanges
        self._own = own

    async def everything(self, caller: Caller) -> list[Model]:
        """List bare names and labels of the personas that the caller can use, then plain models."""
        try:
            async with self._database.read() as connection:
                found = await personas.visible(connection, caller.workspace_id, caller.owner, MOST)
                languages = await versions.languages(connection, [persona.id for persona in found])
        except StoreUnavailable:
            raise store_unavailable() from None
        listed = [
            _persona_model(persona, number, languages.get((persona.id, number), "en"), label)
            for persona in found
            for label, number in [(None, _bare(persona)), *persona.labels.items()]
        ]
        plain = [_plain(name, route.upstream) for name, route in self._exchanges.plain.items()]
        embedded = [_plain(name, EMBEDDED) for name in self._own if name not in self._exchanges.plain]
        return (listed + plain + embedded)[:MOST]

    async def versions(self, caller: Caller, ref: str) -> list[Model]:
        """List every version of one persona, the newest first. Raises Refusal."""
        try:
            async with self._database.read() as connection:
                persona = await self._visible(connection, caller, ref)
                found = await versions.listed(connection, persona.id, limit=MOST)
        except StoreUnavailable:
            raise store_unavailable() from None
        return [
            _persona_model(persona, each.number, each.content.language, f"v{each.number}", each.created_at)
            for each in found
        ]

    async def one(self, caller: Caller, model: str) -> Model:
        """Describe what the name stands for. Raises Refusal."""
        route = self._exchanges.plain.get(model)
        if route is not None:
            return _plain(model, route.upstream)
        if model in self._own:
            return _plain(model, EMBEDDED)
        model, registry = names.canonical(model), self._exchanges.registry
        if not model.startswith(PERSONA_PREFIX):
            raise await registry.stranger(caller, model)
        return _resolved_model(model, await registry.resolve(caller, model))

    @staticmethod
    async def _visible(connection: AsyncConnection, caller: Caller, ref: str) -> Persona:
        try:
            name = names.parse_ref(names.canonical(ref).removeprefix(PERSONA_PREFIX))
        except names.ModelNameError:
            raise unknown(ref) from None
        persona = await personas.find(connection, caller.workspace_id, caller.owner, name.ref)
        if persona is None:
            raise unknown(ref)
        return persona


def store_unavailable() -> Refusal:
    return Refusal(Fault.STORE_UNAVAILABLE)


def _bare(persona: Persona) -> int:
    return persona.labels.get(PRODUCTION, persona.latest)


def _persona_model(
    persona: Persona, number: int, language: str, suffix: str | None, created_at: int | None = None
) -> Model:
    profile = persona.profile
    return {
        "id": f"{PERSONA_PREFIX}{profile.slug}" + (f"@{suffix}" if suffix else ""),
        "name": _named(profile.name, suffix),
        "object": "model",
        "created": (created_at or persona.created_at) // 1000,
        "owned_by": persona.workspace_id,
        "persona": {
            "id": persona.id,
            "slug": profile.slug,
            "version": number,
            "name": profile.name,
            "language": language,
        },
    }


def _resolved_model(model: str, persona: Resolved) -> Model:
    return {
        "id": model,
        "name": _named(persona.display_name, model.partition("@")[2]),
        "object": "model",
        "created": persona.created_at // 1000,
        "owned_by": persona.workspace_id,
        "persona": {
            "id": persona.persona_id,
            "slug": persona.slug,
            "version": persona.version,
            "name": persona.display_name,
            "language": persona.language,
        },
    }


def _named(name: str, suffix: str | None) -> str:
    """Name the model as people are shown it in a list."""
    return f"{name} ({suffix})" if suffix else name


def _plain(name: str, upstream: str) -> Model:
    return {"id": name, "name": name, "object": "model", "created": 0, "owned_by": upstream}
