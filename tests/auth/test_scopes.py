"""Scopes: what a wish expands to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.scopes import DEFAULT, SCOPES, ScopeError, expand


@given(st.lists(st.sampled_from(SCOPES)))
def test_plain_scopes_expand_to_themselves_in_their_order(wanted: list[str]) -> None:
    assert expand(wanted) == [scope for scope in SCOPES if scope in wanted]


def test_a_star_means_all_of_its_kind() -> None:
    assert expand(["runs:*"]) == ["runs:read", "runs:cancel"]
    assert expand(["*"]) == list(SCOPES)


def test_a_key_without_named_scopes_has_these() -> None:
    assert expand(DEFAULT) == ["personas:read", "personas:write", "personas:fork", "runs:read", "chat:invoke"]


@pytest.mark.parametrize(
    "scope",
    ["", ":", ":*", "*:*", "*:read", "runs", "runs:", "run:*", "runs:r*", "runs:write", "RUNS:READ", " *"],
)
def test_a_scope_that_does_not_exist_is_named(scope: str) -> None:
    with pytest.raises(ScopeError) as caught:
        expand(["chat:invoke", scope])
    assert f"`{scope}`" in str(caught.value)
