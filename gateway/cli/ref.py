"""REF, the argument that names a persona and perhaps one of its versions."""

from collections.abc import Mapping

import rich_click as click

from gateway.cli.failures import Failure
from gateway.cli.options import Command
from gateway.personas.name import ModelName, ModelNameError, parse, parse_ref
from gateway.personas.slug import LATEST, PRODUCTION


def with_ref(command: Command) -> Command:
    """Add the argument REF: a slug or id, perhaps with `@v<N>` or `@<label>`, perhaps after `persona/`."""
    return click.argument("ref", callback=_ref)(command)


def version_number(ref: ModelName, latest: int, labels: Mapping[str, int]) -> int:
    """Find the version of the persona that REF names; without `@` it is what callers get. Raises Failure."""
    if ref.version is not None:
        if ref.version > latest:
            raise Failure(f"`{ref.ref}` has no version v{ref.version}; the newest is v{latest}")
        return ref.version
    known = {**labels, LATEST: latest}
    label = ref.label or (PRODUCTION if PRODUCTION in labels else LATEST)
    if label not in known:
        raise Failure(f"`{ref.ref}` has no label `{label}`; it has: {', '.join(sorted(known))}")
    return known[label]


def _ref(_context: click.Context, _argument: click.Parameter, text: str) -> ModelName:
    try:
        return parse(text) or parse_ref(text)
    except ModelNameError as error:
        raise click.BadParameter(f"`{text}`: {error}") from None
