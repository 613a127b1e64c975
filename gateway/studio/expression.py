"""Constraints are written in a small language: comparisons, and/or/not, arithmetic and `in`.

`age >= 18 and (role in ["student", "retired"] or income > 0)`: names are fields, texts stand in quotes. There
are no calls, no attributes and no loops, so that an expression takes as long as it is.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from gateway.studio.nodes import (
    COMPARISONS,
    Context,
    Node,
    Order,
    Orders,
    Step,
    arithmetic,
    both,
    comparison,
    constant,
    either,
    field,
    membership,
    negation,
    truth_of,
)

LENGTH = 500
"""Characters of an expression."""
DEPTH = 30
TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>'[^'\n]*'|\"[^\"\n]*\")|(?P<name>[A-Za-z_]\w*|`[^`\n]+`)"
    r"|(?P<sign><=|>=|==|!=|[-+*/%<>()\[\],]))"
)
WORDS = frozenset({"and", "or", "not", "in", "true", "false"})
TRUTHS: Mapping[str, bool] = {"true": True, "false": False}


class ExpressionError(Exception):
    """The text is no expression; the message says what is wrong, and where."""


def parse(text: str) -> Callable[[Mapping[str, str], Orders], bool]:
    """Read an expression. Raises ExpressionError; what is returned raises NotApplicableError."""
    if len(text) > LENGTH:
        raise ExpressionError(f"is longer than {LENGTH} characters")
    node = _Parser(_tokens(text)).whole()
    return lambda fields, orders: truth_of(node(Context(fields, orders)))


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
            node = either(node, self._both())
        self._depth -= 1
        return node

    def _both(self) -> Node:
        node = self._negated()
        while self._takes("and"):
            node = both(node, self._negated())
        return node

    def _negated(self) -> Node:
        count = 0
        while self._takes("not"):
            count += 1
        node = self._compared()
        return negation(node) if count % 2 else node

    def _compared(self) -> Node:
        node = self._sum()
        sign = self._takes(*COMPARISONS)
        if sign:
            return comparison(sign, node, self._sum())
        is_negated = self._takes("not") is not None
        if self._takes("in"):
            member = membership(node, self._list())
            return negation(member) if is_negated else member
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
        node, steps = self._product(), list[Step]()
        while sign := self._takes("+", "-"):
            steps.append(Step(sign, self._product()))
        return arithmetic(node, steps) if steps else node

    def _product(self) -> Node:
        node, steps = self._signed(), list[Step]()
        while sign := self._takes("*", "/", "%"):
            steps.append(Step(sign, self._signed()))
        return arithmetic(node, steps) if steps else node

    def _signed(self) -> Node:
        count = 0
        while self._takes("-"):
            count += 1
        node = self._atom()
        return arithmetic(constant(0.0), [Step("-", node)]) if count % 2 else node

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
            return constant(float(token))
        if kind == "text":
            return constant(token[1:-1])
        return constant(TRUTHS[token]) if token in TRUTHS else field(token.strip("`"))
