"""Default parameters of a version: known ones are checked, slips are named, others pass."""

from typing import Any

import pytest

from gateway.personas import defaults


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"temperature": 30}, "must be from 0 to 2"),
        ({"temperature": "0.7"}, "must be a number"),
        ({"temperature": True}, "must be a number"),
        ({"max_tokens": 0.5}, "must be a whole number"),
        ({"stop": 3}, "must be a text or a list of texts"),
        ({"logprobs": 1}, "must be true or false"),
        ({"response_format": "json"}, "must be an object"),
        ({"temprature": 0.7}, "is no known parameter; did you mean `temperature`?"),
        ({"max_token": 9}, "is no known parameter; did you mean `max_tokens`?"),
    ],
)
def test_a_mistake_is_named_with_its_place(given: dict[str, Any], problem: str) -> None:
    (found,) = defaults.wrong(given)
    assert (found.loc, found.msg) == (["defaults", *given], problem)


def test_what_is_right_or_unknown_passes() -> None:
    given = {"temperature": 0, "top_p": 1.0, "seed": 7, "stop": ["a"], "guided_json": {}, "user": "x"}
    assert list(defaults.wrong(given)) == []
    assert defaults.strange(given) == ["guided_json"]
