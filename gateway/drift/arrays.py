"""Arrays that numpy has kept in one file are read where they stand, so that all processes share them."""

import math
import struct
from os import SEEK_CUR
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import numpy as np
from numpy.lib import format as headers
from numpy.typing import NDArray

_LOCAL = struct.Struct("<26xHH")
"""The head of a member of a zip file: how long its name is, and what stands between that and the data."""


def mapped(path: Path) -> dict[str, NDArray[Any]]:
    """Give the arrays of a file of `numpy.savez` by their names; of each, what is asked for is read then."""
    # Each step on a `memmap` itself would ask where its result comes from.
    whole = np.memmap(path, np.uint8, "r").view(np.ndarray)
    found: dict[str, NDArray[Any]] = {}
    with path.open("rb") as file, ZipFile(file) as members:
        for member in members.infolist():
            if member.compress_type != ZIP_STORED:
                raise ValueError(f"{path.name} is compressed")
            file.seek(member.header_offset)
            name, extra = _LOCAL.unpack(file.read(_LOCAL.size))
            file.seek(name + extra, SEEK_CUR)
            headers.read_magic(file)
            shape, is_fortran, kind = headers.read_array_header_1_0(file)
            start = file.tell()
            array = whole[start : start + math.prod(shape) * kind.itemsize].view(kind)
            found[member.filename.removesuffix(".npy")] = array.reshape(
                shape, order="F" if is_fortran else "C"
            )
    return found
