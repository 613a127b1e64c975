"""What happens to a persona is told as an event, to those who may know of the persona."""

from gateway.events import store as events
from gateway.events.event import NOBODY, Kind, Value
from gateway.personas.model import Persona
from gateway.storage.connection import AsyncConnection


async def tell(connection: AsyncConnection, kind: Kind, persona: Persona, **data: Value) -> None:
    """Write the event within the transaction that changes the persona, which is given as it is then."""
    is_private = persona.profile.visibility == "private"
    owner = (persona.owner or NOBODY) if is_private else None
    await events.record(connection, kind, persona.workspace_id, owner, persona_id=persona.id, **data)
