"""Vectors are compared by workspace, and rankings are made one."""

import numpy as np
import pytest

from gateway.embedding.order import DIMENSIONS
from gateway.personas.filling import packed
from gateway.personas.nearness import Matrix, fused
from gateway.personas.store.vectors import Vector


def unit(*places: int) -> bytes:
    found = np.zeros(DIMENSIONS, dtype="<f4")
    found[list(places)] = 1 / np.sqrt(len(places))
    return found.tobytes()


def stored(seq: int, persona_id: str, *places: int) -> Vector:
    (numbers,) = packed(unit(*places))
    return Vector(seq, persona_id, numbers)


def test_the_nearest_come_first() -> None:
    matrix = Matrix([stored(1, "far", 5), stored(2, "near", 1, 2), stored(3, "nearest", 1)])
    assert matrix.ranked(unit(1)).best(10) == ["nearest", "near", "far"]
    assert matrix.ranked(unit(1)).best(2) == ["nearest", "near"]


def test_those_that_may_be_found_are_ranked_alone() -> None:
    ranking = Matrix([stored(1, "far", 5), stored(2, "near", 1, 2), stored(3, "nearest", 1)]).ranked(unit(1))
    assert ranking.best(1, ["far", "near", "unread"]) == ["near"]
    assert ranking.best(10, ["far", "near"]) == ["near", "far"]
    assert ranking.best(10, []) == []


def test_a_newer_version_takes_the_place_of_an_older_one() -> None:
    matrix = Matrix([stored(1, "a", 1), stored(2, "b", 2)]).with_more([stored(3, "a", 3)])
    assert (matrix.last, len(matrix.ids)) == (3, 2)
    assert matrix.ranked(unit(3)).best(1) == ["a"]
    assert matrix.ranked(unit(2)).best(1) == ["b"]


def test_an_empty_workspace_is_near_to_nothing() -> None:
    assert Matrix([]).ranked(unit(1)).best(10) == []


@pytest.mark.parametrize(
    ("rankings", "expected"),
    [
        ((["a", "b"], []), ["a", "b"]),
        ((["a", "b"], ["c", "b"]), ["b", "a", "c"]),
        (([], ["c", "b"]), ["c", "b"]),
    ],
)
def test_what_several_rankings_name_comes_first(rankings: tuple[list[str], ...], expected: list[str]) -> None:
    assert fused(*rankings) == expected


def test_numbers_keep_their_order_in_a_byte_each() -> None:
    chance = np.random.default_rng(7).normal(size=(3, DIMENSIONS)).astype("<f4")
    chance /= np.linalg.norm(chance, axis=1, keepdims=True)
    rows = [np.frombuffer(row, dtype=np.int8) for row in packed(chance.tobytes())]
    for before, after in zip(chance, rows, strict=True):
        assert np.abs(before * 127 - after).max() <= 0.5
