"""What was found in a document is stored: personas with their versions, labels and aliases."""

from gateway.importing.found import Found
from gateway.importing.view import Imported
from gateway.personas.model import Draft
from gateway.personas.store import aliases, labels, personas
from gateway.storage.audit import Actor
from gateway.storage.connection import AsyncConnection


async def take(
    connection: AsyncConnection, found: Found, made: list[Draft], actor: Actor, *, is_local: bool
) -> Imported:
    """Store the drafts as versions of one persona; one that is there gets what is new.

    Raises SlugTakenError, also where a persona is another key's own, and AliasTakenError. `is_local` stands
    for whoever sits at the terminal, to whom everything belongs.
    """
    slug = made[0].profile.slug
    known = await personas.by_slug(connection, actor.workspace_id, slug)
    is_private = known is not None and known.profile.visibility == "private"
    if known is not None and is_private and known.owner != actor.owner and not is_local:
        raise personas.SlugTakenError(slug)
    numbers, outcome = [], None
    for draft in made:
        pushed = await personas.push(connection, draft, actor)
        numbers.append(pushed.version.number)
        outcome = outcome if outcome in ("created", "new-version") else pushed.outcome
    assert outcome is not None  # noqa: S101 - a document without versions is refused before
    for label, place in found.labels.items():
        await labels.move(connection, pushed.persona, label, numbers[place - 1], actor)
    if found.alias is not None:
        named = {name: numbers[place - 1] for name, place in found.numbers.items()}
        await aliases.keep(connection, pushed.persona, found.alias, named)
    return Imported(
        persona=pushed.persona.id,
        slug=slug,
        name=found.name,
        outcome=outcome,
        version=numbers[-1],
        labels={label: numbers[place - 1] for label, place in found.labels.items()},
        alias=found.alias,
        not_carried=found.lost,
    )
