"""Arrays are read where they stand in the file that numpy has written."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateway.drift.arrays import mapped


def test_every_array_of_a_file_is_found_as_numpy_finds_it(tmp_path: Path) -> None:
    path = tmp_path / "some.npz"
    arrays: dict[str, Any] = {
        "bytes": np.arange(7, dtype=np.uint8),
        "rows": np.arange(12, dtype=np.float32).reshape(3, 4),
        "columns": np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3)),
        "none": np.zeros((0, 3), np.int8),
        "text": np.array("de en tr"),
    }
    np.savez(path, **arrays)
    found = mapped(path)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
    assert str(found["text"]) == "de en tr"


def test_what_is_read_in_place_is_not_written(tmp_path: Path) -> None:
    np.savez(tmp_path / "some.npz", one=np.zeros(3))
    with pytest.raises(ValueError, match="read-only"):
        mapped(tmp_path / "some.npz")["one"][0] = 1


def test_a_file_that_is_packed_is_refused_by_its_name(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "small.npz", one=np.zeros(3))
    with pytest.raises(ValueError, match=r"small\.npz"):
        mapped(tmp_path / "small.npz")
