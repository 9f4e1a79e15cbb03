"""Decoded blocks that memory has no room for, put aside on disk: no block is decoded twice.

The file has no name and goes with the object. Where the disk has no room either, a block is not
put aside and is decoded again when it is wanted.
"""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["Block", "Spill"]

Block = tuple[NDArray[Any], NDArray[np.bool_] | None]
"""Planes ``(band, y, x)`` and the file's own mask ``(y, x)``, if it has one."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an array lies in the file."""

    start: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class Spill:
    """Blocks by their keys, in the folder for temporary files."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._end = 0
        self._places: dict[Hashable, tuple[_Place, _Place | None]] = {}

    def __contains__(self, key: Hashable) -> bool:
        return key in self._places

    def put(self, key: Hashable, block: Block) -> None:
        """Put a block aside, where there is room for it."""
        if key in self._places:
            return
        values, mask = block
        try:
            self._places[key] = (
                self._written(values),
                None if mask is None else self._written(mask),
            )
        except OSError:  # no room: it is decoded again
            return

    def get(self, key: Hashable) -> Block:
        """A block that was put aside."""
        values, mask = self._places[key]
        return self._read(values), None if mask is None else self._read(mask)

    def _written(self, array: NDArray[Any]) -> _Place:
        dense = np.ascontiguousarray(array)
        with self._lock:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="satdesk-")  # noqa: SIM115 - see below
                weakref.finalize(self, self._file.close)
            place = _Place(self._end, dense.shape, dense.dtype)
            self._end += dense.nbytes
        left = dense.reshape(-1).view(np.uint8).data
        start = place.start
        while left:
            count = os.pwrite(self._file.fileno(), left, start)
            left, start = left[count:], start + count
        return place

    def _read(self, place: _Place) -> NDArray[Any]:
        if self._file is None:
            raise AssertionError("nothing was put aside")
        array = np.empty(place.shape, place.dtype)
        left = array.reshape(-1).view(np.uint8).data
        start = place.start
        while left:
            count = os.preadv(self._file.fileno(), [left], start)
            if not count:
                raise OSError("a block that was put aside is gone")
            left, start = left[count:], start + count
        return array
