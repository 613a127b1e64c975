"""The types of a route say which fields and words it takes at the place of a mistake."""

from collections.abc import Sequence
from typing import Any

from msgspec import inspect

from gateway.spelling import suggestion

MOST_NAMED = 40
"""Names that a message lists; of more it lists none."""


def hint(handler: Any, loc: Sequence[str | int], *, is_field: bool) -> str:
    """Return what to add to a message about this place: the name that was meant, or those that there are.

    `loc` is what the caller is told: keys of the body, or `query` and a parameter. Nothing is added where the
    types know of no names.
    """
    source, *rest = loc if loc and loc[0] == "query" else ("data", *loc)
    parameters = handler.parsed_fn_signature.parameters
    if source == "query":
        source, *rest = rest
    if source not in parameters:
        return ""
    name = rest.pop() if is_field else None
    kind = _under(inspect.type_info(parameters[source].annotation), rest)
    known = _fields(kind) if is_field else _words(kind)
    if not 0 < len(known) <= MOST_NAMED:
        return ""
    near = suggestion(str(name), known) if is_field else ""
    return near or f"; there are: {', '.join(f'`{each}`' for each in known)}"


def _under(kind: inspect.Type, loc: Sequence[str | int]) -> list[inspect.Type]:
    """Find the types that may stand at this place."""
    kinds = _plain(kind)
    for step in loc:
        kinds = [inner for each in kinds for inner in _plain(_inner(each, step))]
    return kinds


def _inner(kind: inspect.Type, step: str | int) -> inspect.Type:
    if isinstance(kind, inspect.StructType):
        found = (field.type for field in kind.fields if field.encode_name == step)
        return next(found, inspect.AnyType())
    if isinstance(kind, inspect.ListType | inspect.VarTupleType):
        return kind.item_type
    return kind.value_type if isinstance(kind, inspect.DictType) else inspect.AnyType()


def _plain(kind: inspect.Type) -> list[inspect.Type]:
    if isinstance(kind, inspect.Metadata):
        return _plain(kind.type)
    return list(kind.types) if isinstance(kind, inspect.UnionType) else [kind]


def _fields(kinds: Sequence[inspect.Type]) -> list[str]:
    return [
        field.encode_name for kind in kinds if isinstance(kind, inspect.StructType) for field in kind.fields
    ]


def _words(kinds: Sequence[inspect.Type]) -> list[str]:
    return [str(word) for kind in kinds if isinstance(kind, inspect.LiteralType) for word in kind.values]
