"""Constraints are written in a small language: comparisons, and/or/not, arithmetic and `in`.

`age >= 18 and (role in ["student", "retired"] or income > 0)`: names are fields, texts stand in quotes. There
are no calls, no attributes and no loops, so that an expression takes as long as it is.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

LENGTH = 500
"""Characters of an expression."""
DEPTH = 30
TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>'[^'\n]*'|\"[^\"\n]*\")|(?P<name>[A-Za-z_]\w*|`[^`\n]+`)"
    r"|(?P<sign><=|>=|==|!=|[-+*/%<>()\[\],]))"
)
WORDS = frozenset({"and", "or", "not", "in", "true", "false"})
TRUTHS: Mapping[str, bool] = {"true": True, "false": False}
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


class ExpressionError(Exception):
    """The text is no expression; the message says what is wrong, and where."""


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


def parse(text: str) -> Callable[[Mapping[str, str], Orders], bool]:
    """Read an expression. Raises ExpressionError; what is returned raises NotApplicableError."""
    if len(text) > LENGTH:
        raise ExpressionError(f"is longer than {LENGTH} characters")
    node = _Parser(_tokens(text)).whole()
    return lambda fields, orders: _truth(node(Context(fields, orders)))


def places(ordered: Sequence[str]) -> Order:
    """Give the places of ordered values, from the least on."""
    return {value.strip().casefold(): place for place, value in enumerate(ordered)}


def names(text: str) -> set[str]:
    """List the fields that an expression asks for. Raises ExpressionError."""
    return {token.strip("`") for kind, token, _ in _tokens(text) if kind == "name" and token not in WORDS}


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found, place, text = [], 0, text.rstrip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise ExpressionError(f"cannot be read at character {place + 1}")
        kind = str(match.lastgroup)
        found.append((kind, match[kind], match.start(kind) + 1))
        place = match.end()
    return found


class _Step(NamedTuple):
    """A sign, and what stands behind it."""

    sign: str
    node: Node


class _Parser:
    """Descends from `or`, which binds least, to a number, a text, a field or what stands in brackets."""

    def __init__(self, tokens: list[tuple[str, str, int]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        if not self._tokens:
            raise ExpressionError("is empty")
        node = self._either()
        if self._at < len(self._tokens):
            raise self._wrong()
        return node

    def _takes(self, *wanted: str) -> str | None:
        if self._at < len(self._tokens):
            kind, token, _ = self._tokens[self._at]
            if token in wanted and kind in ("sign", "name"):
                self._at += 1
                return token
        return None

    def _wrong(self) -> ExpressionError:
        if self._at >= len(self._tokens):
            return ExpressionError("ends too early")
        _, token, place = self._tokens[self._at]
        return ExpressionError(f"has `{token}` at character {place}, where it makes no sense")

    def _needs(self, token: str) -> None:
        if self._takes(token) is None:
            raise self._wrong()

    def _either(self) -> Node:
        self._depth += 1
        if self._depth > DEPTH:
            raise ExpressionError(f"is nested in more than {DEPTH} levels")
        node = self._both()
        while self._takes("or"):
            node = _or(node, self._both())
        self._depth -= 1
        return node

    def _both(self) -> Node:
        node = self._negated()
        while self._takes("and"):
            node = _and(node, self._negated())
        return node

    def _negated(self) -> Node:
        count = 0
        while self._takes("not"):
            count += 1
        node = self._compared()
        return _not(node) if count % 2 else node

    def _compared(self) -> Node:
        node = self._sum()
        sign = self._takes(*COMPARISONS)
        if sign:
            return _comparison(sign, node, self._sum())
        is_negated = self._takes("not") is not None
        if self._takes("in"):
            member = _member(node, self._list())
            return _not(member) if is_negated else member
        if is_negated:
            raise self._wrong()
        return node

    def _list(self) -> list[Node]:
        self._needs("[")
        items = [self._sum()]
        while self._takes(","):
            items.append(self._sum())
        self._needs("]")
        return items

    def _sum(self) -> Node:
        node, steps = self._product(), list[_Step]()
        while sign := self._takes("+", "-"):
            steps.append(_Step(sign, self._product()))
        return _arithmetic(node, steps) if steps else node

    def _product(self) -> Node:
        node, steps = self._signed(), list[_Step]()
        while sign := self._takes("*", "/", "%"):
            steps.append(_Step(sign, self._signed()))
        return _arithmetic(node, steps) if steps else node

    def _signed(self) -> Node:
        count = 0
        while self._takes("-"):
            count += 1
        node = self._atom()
        return _arithmetic(_constant(0.0), [_Step("-", node)]) if count % 2 else node

    def _atom(self) -> Node:
        if self._takes("("):
            node = self._either()
            self._needs(")")
            return node
        if self._at >= len(self._tokens):
            raise self._wrong()
        kind, token, _ = self._tokens[self._at]
        if kind == "sign" or (token in WORDS and token not in TRUTHS):
            raise self._wrong()
        self._at += 1
        if kind == "number":
            return _constant(float(token))
        if kind == "text":
            return _constant(token[1:-1])
        return _constant(TRUTHS[token]) if token in TRUTHS else _field(token.strip("`"))


def _constant(value: Scalar) -> Node:
    made = _Value(value)
    return lambda _: made


def _field(name: str) -> Node:
    def read(context: Context) -> _Value:
        found = context.known.get(name)
        if found is None:
            if name not in context.fields:
                raise NotApplicableError(f"`{name}` is missing")
            found = context.known[name] = _Value(context.fields[name], context.orders.get(name))
        return found

    return read


def _or(one: Node, other: Node) -> Node:
    return lambda context: TRUE if _truth(one(context)) or _truth(other(context)) else FALSE


def _and(one: Node, other: Node) -> Node:
    return lambda context: TRUE if _truth(one(context)) and _truth(other(context)) else FALSE


def _not(node: Node) -> Node:
    return lambda context: FALSE if _truth(node(context)) else TRUE


def _member(node: Node, items: list[Node]) -> Node:
    def is_in(context: Context) -> _Value:
        value = node(context)
        return TRUE if any(_is_equal(value, item(context)) for item in items) else FALSE

    return is_in


def _comparison(sign: str, one: Node, other: Node) -> Node:
    compare = COMPARISONS[sign]

    def compared(context: Context) -> _Value:
        left, right = one(context), other(context)
        if sign in ("==", "!="):
            return TRUE if _is_equal(left, right) is (sign == "==") else FALSE
        ranks = _ranks(left, right) or (_number(left), _number(right))
        return TRUE if compare(*ranks) else FALSE

    return compared


def _arithmetic(first: Node, steps: Sequence[_Step]) -> Node:
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
        return _truth(left) is _truth(right)
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


def _truth(value: _Value) -> bool:
    if isinstance(value.value, bool):
        return value.value
    text = str(value.value).strip().casefold()
    if text in ("true", "yes", "false", "no"):
        return text in ("true", "yes")
    raise NotApplicableError("a value is neither true nor false")
