"""An expression is a tree of nodes, each of which works out a value for one persona."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
STEPS: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}
Scalar = str | float | bool
Order = Mapping[str, int]
"""The places of ordered values, by the values in lower case."""
Orders = Mapping[str, Order]
"""The orders of fields that have one."""


class NotApplicableError(Exception):
    """The expression asks for a field that is missing, or for a number that is none."""


class Context:
    """One persona's fields, and what has been read of them: an expression may ask for one many times."""

    __slots__ = ("fields", "known", "orders")

    def __init__(self, fields: Mapping[str, str], orders: Orders) -> None:
        self.fields, self.orders = fields, orders
        self.known: dict[str, _Value] = {}


class _Value:
    __slots__ = ("number", "order", "value")

    def __init__(self, value: Scalar, order: Order | None = None) -> None:
        self.value = value
        self.order = order
        """The order of the field that the value is of."""
        self.number: float | None = None
        """The value as a number, once somebody has asked for that."""


TRUE, FALSE = _Value(True), _Value(False)
Node = Callable[[Context], _Value]


class Step(NamedTuple):
    """A sign, and what stands behind it."""

    sign: str
    node: Node


def constant(value: Scalar) -> Node:
    made = _Value(value)
    return lambda _: made


def field(name: str) -> Node:
    def read(context: Context) -> _Value:
        found = context.known.get(name)
        if found is None:
            if name not in context.fields:
                raise NotApplicableError(f"`{name}` is missing")
            found = context.known[name] = _Value(context.fields[name], context.orders.get(name))
        return found

    return read


def either(one: Node, other: Node) -> Node:
    return lambda context: TRUE if truth_of(one(context)) or truth_of(other(context)) else FALSE


def both(one: Node, other: Node) -> Node:
    return lambda context: TRUE if truth_of(one(context)) and truth_of(other(context)) else FALSE


def negation(node: Node) -> Node:
    return lambda context: FALSE if truth_of(node(context)) else TRUE


def membership(node: Node, items: list[Node]) -> Node:
    def is_in(context: Context) -> _Value:
        value = node(context)
        return TRUE if any(_is_equal(value, item(context)) for item in items) else FALSE

    return is_in


def comparison(sign: str, one: Node, other: Node) -> Node:
    compare = COMPARISONS[sign]

    def compared(context: Context) -> _Value:
        left, right = one(context), other(context)
        if sign in ("==", "!="):
            return TRUE if _is_equal(left, right) is (sign == "==") else FALSE
        ranks = _ranks(left, right) or (_number(left), _number(right))
        return TRUE if compare(*ranks) else FALSE

    return compared


def arithmetic(first: Node, steps: Sequence[Step]) -> Node:
    """Work out a chain from left to right, in one loop: it may have hundreds of steps."""
    chain = [(STEPS[step.sign], step.sign in "/%", step.node) for step in steps]

    def worked_out(context: Context) -> _Value:
        total = _number(first(context))
        for apply, divides, node in chain:
            value = node(context)
            right = _number(value) if value.number is None else value.number
            if divides and right == 0:
                raise NotApplicableError("a division by zero has no value")
            total = apply(total, right)
        return _Value(float(total))

    return worked_out


def _is_equal(left: _Value, right: _Value) -> bool:
    """Compare as numbers where one of the two is a number, else as texts without regard to case."""
    if isinstance(left.value, bool) or isinstance(right.value, bool):
        return truth_of(left) is truth_of(right)
    if isinstance(left.value, float) or isinstance(right.value, float):
        return _number(left) == _number(right)
    return left.value.strip().casefold() == right.value.strip().casefold()


def _ranks(left: _Value, right: _Value) -> tuple[int, int] | None:
    """Give the places of two values in the order of the field that one of them is of."""
    order = left.order or right.order
    if order is None or not (isinstance(left.value, str) and isinstance(right.value, str)):
        return None
    found = [
        order.get(each.value.strip().casefold()) for each in (left, right) if isinstance(each.value, str)
    ]
    if found[0] is None or found[1] is None:
        raise NotApplicableError("a value has no place in its order")
    return found[0], found[1]


def _number(value: _Value) -> float:
    if value.number is None:
        if isinstance(value.value, str):
            try:
                value.number = float(value.value.strip().replace(",", ""))
            except ValueError:
                raise NotApplicableError("a value is not numeric") from None
        else:
            value.number = float(value.value)
    return value.number


def truth_of(value: _Value) -> bool:
    if isinstance(value.value, bool):
        return value.value
    text = str(value.value).strip().casefold()
    if text in ("true", "yes", "false", "no"):
        return text in ("true", "yes")
    raise NotApplicableError("a value is neither true nor false")
