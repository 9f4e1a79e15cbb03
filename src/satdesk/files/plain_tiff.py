"""Uncompressed TIFF without decoding: where each block lies in the file, and reading lines of it.

What GDAL would read block by block through its cache is here one copy out of the operating
system's. The file is read, not mapped: pages of a map count as the process's memory, up to two
megabytes for a glance at one sample where the system caches in large pieces, and a file that is
cut short meanwhile would end the process.
"""

from __future__ import annotations

import math
import os
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.errors import UnreadableInputError

__all__ = ["PlainTiff", "plain_tiff"]

_MOST_BLOCKS = 1 << 20
_SHORT_LINE_BYTES = 1 << 14
"""Lines of a block up to this length are read whole, many at once."""
_ORDERS = {b"II": "<", b"MM": ">"}


class _Bytes:
    """A file's bytes, for many threads at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        self._lock = threading.Lock()
        weakref.finalize(self, os.close, self._file)

    def read(self, start: int, size: int) -> bytes:
        """`size` bytes from `start`.

        Raises:
            UnreadableInputError: The file ends before that.
        """
        found = self._some(start, size)
        while len(found) < size and (more := self._some(start + len(found), size - len(found))):
            found += more  # a network's file system and Linux beyond 2 GiB may give a part
        if len(found) != size:
            raise UnreadableInputError(
                "the image was cut short while it was read",
                subject=self._path,
                found=f"{start + len(found)} bytes",
                expected=f"{start + size} or more, as when it was opened",
                remedy="let nothing write to the delivery, or copy it again from its source",
            )
        return found

    def _some(self, start: int, size: int) -> bytes:
        """Up to `size` bytes from `start`; none at the end."""
        if hasattr(os, "pread"):
            return os.pread(self._file, size, start)
        with self._lock:
            os.lseek(self._file, start, os.SEEK_SET)
            return os.read(self._file, size)


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
        file: Its bytes.
    """

    shape: tuple[int, int]
    block: tuple[int, int]
    planes: int
    dtype: np.dtype[Any]
    starts: NDArray[np.int64]
    file: _Bytes

    def read(self, planes: int, window: tuple[int, int, int, int]) -> NDArray[Any]:
        """The first `planes` planes of a window ``left, top, right, bottom``, ``(plane, y, x)``.

        Raises:
            UnreadableInputError: The file was cut short since it was opened.
        """
        left, top, right, bottom = window
        out = np.empty((planes, bottom - top, right - left), self.dtype.newbyteorder("="))
        rows, cols = self.block
        for row in range(top // rows, -(-bottom // rows)):
            for col in range(left // cols, -(-right // cols)):
                y0, x0 = max(row * rows, top), max(col * cols, left)
                y1, x1 = min((row + 1) * rows, bottom), min((col + 1) * cols, right)
                inner = (x0 - col * cols, y0 - row * rows, x1 - col * cols, y1 - row * rows)
                here = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
                if self.planes > 1:
                    found = self._samples(0, row, col, inner)
                    out[(slice(None), *here)] = found[..., :planes].transpose(2, 0, 1)
                    continue
                for plane in range(planes):
                    out[(plane, *here)] = self._samples(plane, row, col, inner)[..., 0]
        return out

    def _samples(
        self, plane: int, row: int, col: int, box: tuple[int, int, int, int]
    ) -> NDArray[Any]:
        """A part of one block, ``(y, x, sample)``."""
        left, top, right, bottom = box
        start = int(self.starts[plane, row, col])
        pixel = self.planes * self.dtype.itemsize
        line = self.block[1] * pixel
        if line <= _SHORT_LINE_BYTES:
            found = self.file.read(start + top * line, (bottom - top) * line)
            whole = np.frombuffer(found, self.dtype).reshape(bottom - top, -1, self.planes)
            return whole[:, left:right]
        found = b"".join(
            self.file.read(start + y * line + left * pixel, (right - left) * pixel)
            for y in range(top, bottom)
        )
        return np.frombuffer(found, self.dtype).reshape(bottom - top, -1, self.planes)


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
    return PlainTiff(
        shape=(dataset.height, dataset.width),
        block=(rows, cols),
        planes=dataset.count if together else 1,
        dtype=dtype,
        starts=starts,
        file=_Bytes(path),
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
