"""REF, the argument that names a persona and perhaps one of its versions."""

from typing import NamedTuple

import rich_click as click
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.auth.keys import Workspace
from gateway.cli.failures import Failure
from gateway.cli.options import Command
from gateway.personas import store as personas
from gateway.personas.model import Persona, Version
from gateway.personas.name import ModelName, ModelNameError, parse, parse_ref
from gateway.personas.slug import LATEST


class Found(NamedTuple):
    persona: Persona
    version: Version


def with_ref(command: Command) -> Command:
    """The argument REF: a slug or id, perhaps with `@v<N>` or `@<label>`, perhaps after `persona/`."""
    return click.argument("ref", callback=_ref)(command)


async def resolve(connection: AsyncConnection, workspace: Workspace, name: ModelName) -> Found:
    """The persona and its version; without `@` the newest one, as `push` follows it. Raises Failure."""
    if name.is_id:
        persona = await personas.by_id(connection, name.ref)
    else:
        persona = await personas.by_slug(connection, workspace.id, name.ref)
    if persona is None or persona.workspace_id != workspace.id:
        raise Failure(f"there is no persona `{name.ref}` in the workspace `{workspace.name}`")
    number = name.version or _labelled(persona, name.label or LATEST)
    if number > persona.latest:
        raise Failure(f"`{name.ref}` has no version v{number}; the newest is v{persona.latest}")
    return Found(persona, await personas.version(connection, persona.id, number))


def _labelled(persona: Persona, label: str) -> int:
    labels = {**persona.labels, LATEST: persona.latest}
    if label not in labels:
        raise Failure(f"`{persona.profile.slug}` has no label `{label}`; it has: {', '.join(sorted(labels))}")
    return labels[label]


def _ref(_context: click.Context, _argument: click.Parameter, text: str) -> ModelName:
    try:
        return parse(text) or parse_ref(text)
    except ModelNameError as error:
        raise click.BadParameter(f"`{text}`: {error}") from None
