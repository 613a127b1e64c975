"""The language of constraints: what it says, what it does not apply to, and what is no expression."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.studio.blueprint import check
from gateway.studio.expression import ExpressionError, names, parse, places
from gateway.studio.nodes import NotApplicableError
from gateway.studio.wording import Faults

FIELDS = {
    "age": "30",
    "role": "Student",
    "skill": "medium",
    "income": "1,200.5",
    "bio": "likes tea",
    "is_new": "yes",
}
ORDERS = {"skill": places(["low", "medium", "high"])}


@pytest.mark.parametrize(
    "text",
    [
        "age == 30",
        "age >= 18 and age < 31",
        "age + 5 * 2 == 40",
        "(age + 5) * 2 == 70",
        "-age < 0 and age % 7 == 2 and age / 3 == 10",
        "role in ['student', 'pupil']",
        "role not in ['worker']",
        "not role == 'worker'",
        "role == 'worker' or age == 30 and income > 1000",
        "skill > 'low' and skill <= 'medium' and 'high' > skill",
        "is_new and not false",
        "`age` != 31",
        "true or missing == 1",
        "role == 'student' or missing > 3",
    ],
)
def test_it_holds(text: str) -> None:
    assert parse(text)(FIELDS, ORDERS) is True
    assert parse(f"not ({text})")(FIELDS, ORDERS) is False


@pytest.mark.parametrize(
    "text", ["missing > 1", "role > 3", "bio", "age / 0 > 1", "skill > 'huge'", "age and true"]
)
def test_what_is_missing_or_not_numeric_does_not_apply(text: str) -> None:
    holds = parse(text)
    with pytest.raises(NotApplicableError):
        holds(FIELDS, ORDERS)


NONE = (
    *("", "age >", "age = 3", "(age", "age)", "age in 3", "age in []", "__import__('os')", "a.b", "1 2"),
    *("x" * 501, "(" * 40 + "1" + ")" * 40, "age not 3", "'open", "and", "age == == 3"),
)


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_expression_is_told(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


def test_the_fields_that_it_asks_for_are_known() -> None:
    assert names("`full age` > 3 and not role in ['x', other]") == {"full age", "role", "other"}


@given(st.text(st.sampled_from("ab1 ()[]<>=!+-*/%,'\"`andornotin"), max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        holds = parse(text)
    except ExpressionError:
        return
    with suppress(NotApplicableError):
        assert holds({"a": "1", "b": "x"}, {}) in (True, False)


def test_constraints_have_a_bound_together() -> None:
    fields = [{"name": "age", "type": "integer", "distribution": {"min": 1, "max": 9}}]
    sums = ["+".join(["age"] * 60) + " > 0"] * 13
    faults = Faults()
    assert check({"fields": fields, "constraints": sums[:12]}, faults) is not None
    assert check({"fields": fields, "constraints": sums}, faults) is None
    assert [(fault.loc, fault.type) for fault in faults.found] == [(["blueprint", "constraints"], "too_long")]
