"""Uncompressed TIFF without copies: where each block lies in the file, and a map of the file.

What GDAL would read block by block through its cache is here one copy out of the operating
system's. Pages that were looked at are given back from time to time, so that a large file does not
fill the memory of the process.
"""

from __future__ import annotations

import math
import mmap
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["PlainTiff", "plain_tiff"]

_MOST_BLOCKS = 1 << 20
_GIVEN_BACK_BYTES = 1 << 26
_ORDERS = {b"II": "<", b"MM": ">"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlainTiff:
    """The blocks of an uncompressed TIFF.

    Attributes:
        shape: ``rows, cols`` of the image.
        block: ``rows, cols`` of a block.
        planes: Planes that lie beside each other in a block; 1 where each has blocks of its own.
        dtype: Of the samples, byte order included.
        starts: ``(plane, row, col)``: offset of each block in the file; one plane where `planes`
            lie beside each other.
        memory: The map of the file.
        touched: Bytes looked at since pages were given back; one element.
    """

    shape: tuple[int, int]
    block: tuple[int, int]
    planes: int
    dtype: np.dtype[Any]
    starts: NDArray[np.int64]
    memory: mmap.mmap
    touched: list[int]
    lock: Any

    def read(self, planes: int, window: tuple[int, int, int, int]) -> NDArray[Any]:
        """The first `planes` planes of a window ``left, top, right, bottom``, ``(plane, y, x)``."""
        left, top, right, bottom = window
        out = np.empty((planes, bottom - top, right - left), self.dtype.newbyteorder("="))
        rows, cols = self.block
        for row in range(top // rows, -(-bottom // rows)):
            for col in range(left // cols, -(-right // cols)):
                y0, x0 = max(row * rows, top), max(col * cols, left)
                y1, x1 = min((row + 1) * rows, bottom), min((col + 1) * cols, right)
                inner = np.s_[y0 - row * rows : y1 - row * rows, x0 - col * cols : x1 - col * cols]
                here = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
                for plane in range(planes):
                    out[(plane, *here)] = self._plane(plane, row, col)[inner]
        self._give_back(out.nbytes)
        return out

    def _plane(self, plane: int, row: int, col: int) -> NDArray[Any]:
        """One plane of one block ``(y, x)``, a view of the file."""
        rows, cols = self.block
        rows = min(rows, self.shape[0] - row * rows) if cols == self.shape[1] else rows
        several = self.planes > 1
        start = int(self.starts[0 if several else plane, row, col])
        count = rows * cols * self.planes
        flat = np.frombuffer(self.memory, self.dtype, count, start)
        return flat.reshape(rows, cols, self.planes)[..., plane if several else 0]

    def _give_back(self, size: int) -> None:
        if not hasattr(mmap, "MADV_DONTNEED"):
            return
        with self.lock:
            self.touched[0] += size
            if self.touched[0] > _GIVEN_BACK_BYTES:
                self.touched[0] = 0
                self.memory.madvise(mmap.MADV_DONTNEED)


def plain_tiff(path: Path, dataset: Any) -> PlainTiff | None:  # noqa: ANN401 - rasterio has no types
    """The blocks of an open TIFF; None where it is compressed, packed, sparse or ends early."""
    order = _order(path, dataset)
    if order is None:
        return None
    dtype = np.dtype(dataset.dtypes[0]).newbyteorder(order)
    rows, cols = dataset.block_shapes[0]
    together = str(dataset.tags(ns="IMAGE_STRUCTURE").get("INTERLEAVE", "BAND")).upper() == "PIXEL"
    down, across = math.ceil(dataset.height / rows), math.ceil(dataset.width / cols)
    planes = 1 if together else dataset.count
    if down * across * planes > _MOST_BLOCKS:
        return None
    starts = _starts(dataset, (planes, down, across))
    size = path.stat().st_size
    block = rows * cols * dtype.itemsize * (dataset.count if together else 1)
    if starts is None or int(starts.max()) + _last(dataset, block, rows, cols) > size:
        return None
    with path.open("rb") as file:
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return PlainTiff(
        shape=(dataset.height, dataset.width),
        block=(rows, cols),
        planes=dataset.count if together else 1,
        dtype=dtype,
        starts=starts,
        memory=memory,
        touched=[0],
        lock=threading.Lock(),
    )


def _order(path: Path, dataset: Any) -> str | None:  # noqa: ANN401 - as above
    """``<`` or ``>``, or None where the samples do not lie in the file as they are."""
    structure = dataset.tags(ns="IMAGE_STRUCTURE")
    packed = any("NBITS" in dataset.tags(k, ns="IMAGE_STRUCTURE") for k in dataset.indexes)
    if dataset.driver != "GTiff" or "COMPRESSION" in structure or packed:
        return None
    with path.open("rb") as file:
        return _ORDERS.get(file.read(2))


def _starts(dataset: Any, shape: tuple[int, int, int]) -> NDArray[np.int64] | None:  # noqa: ANN401 - as above
    planes, down, across = shape
    found = [
        dataset.get_tag_item(f"BLOCK_OFFSET_{col}_{row}", "TIFF", bidx=plane + 1)
        for plane in range(planes)
        for row in range(down)
        for col in range(across)
    ]
    if not all(found):
        return None
    return np.array([int(text) for text in found], np.int64).reshape(shape)


def _last(dataset: Any, block: int, rows: int, cols: int) -> int:  # noqa: ANN401 - as above
    """Bytes of the last block: the last strip may be lower than the others, tiles are whole."""
    left = dataset.height % rows
    return block * left // rows if cols == dataset.width and left else block
