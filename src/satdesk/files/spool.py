"""Compressed blocks in the order in which they are ready, until it is known where they belong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from satdesk.errors import UsageError
from satdesk.files.blocks import Block
from satdesk.files.pyramid import Levels

__all__ = ["LEADER_BYTES", "TRAILER_BYTES", "Spool"]

LEADER_BYTES = TRAILER_BYTES = 4
"""GDAL writes the size of a block ahead of it and repeats its last four bytes behind it."""

_CHUNK = 1 << 20


class Spool:
    """A file of blocks, each with its leader and trailer; use it in a ``with`` block.

    Args:
        path: Where; must not be there.
        levels: Of the image.
        parts: Streams a block: 1, or 2 where each is followed by its mask.
    """

    def __init__(self, path: Path, levels: Levels, parts: int) -> None:
        shapes = [(*levels.blocks(level), parts) for level in range(levels.count)]
        self.sizes = tuple(np.zeros(shape, np.uint32) for shape in shapes)
        """Of each level, ``(row, col, part)``: bytes without leader and trailer; 0 = missing."""
        self._starts = tuple(np.zeros(shape, np.int64) for shape in shapes)
        self._file: BinaryIO = path.open("x+b")
        self.end = 0
        """Bytes so far."""

    def add(self, block: Block) -> None:
        """Append a block.

        Raises:
            UsageError: It has come before.
            OSError: The disk is full.
        """
        at = (block.row, block.col)
        if self.sizes[block.level][at].any():
            raise UsageError("a pixel was given twice", found=f"block {at} of {block.level}")
        for part, data in enumerate(d for d in (block.data, block.mask) if d is not None):
            self._starts[block.level][at][part] = self.end
            self.sizes[block.level][at][part] = len(data)
            self._file.write(len(data).to_bytes(LEADER_BYTES, "little"))
            self._file.write(data)
            self._file.write(data[-TRAILER_BYTES:])
            self.end += len(data) + LEADER_BYTES + TRAILER_BYTES

    def require_whole(self) -> None:
        """UsageError if a block is missing."""
        missing = sum(int((sizes == 0).sum()) for sizes in self.sizes)
        if missing:
            raise UsageError("pixels were not given", found=f"{missing} blocks are missing")

    def copy(self, out: BinaryIO, seen: Callable[[memoryview], None] | None = None) -> None:
        """Append all blocks to `out`: coarse levels first, row by row.

        Args:
            out: Where to.
            seen: Told each piece while it is being written, in another thread; None = nobody.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="satdesk-seen") as other:
            buffers = [memoryview(bytearray(_CHUNK)) for _ in range(2)]
            before: Future[None] | None = None
            for number, (start, size) in enumerate(self._pieces()):
                view = buffers[number % 2][:size]
                self._file.seek(start)
                self._file.readinto(view)  # type: ignore[attr-defined] # BinaryIO lacks it
                if before is not None:
                    before.result()
                before = None if seen is None else other.submit(seen, view)
                out.write(view)
            if before is not None:
                before.result()

    def _pieces(self) -> Iterator[tuple[int, int]]:
        """Start and size of what is copied at once, in the order of the file."""
        for start, end in _runs(self._order()):
            for at in range(start, end, _CHUNK):
                yield at, min(_CHUNK, end - at)

    def _order(self) -> NDArray[np.int64]:
        """Starts and ends in the order of the file, ``(block, 2)``."""
        starts = np.concatenate([s.ravel() for s in reversed(self._starts)])
        sizes = np.concatenate([s.ravel() for s in reversed(self.sizes)]).astype(np.int64)
        return np.stack([starts, starts + sizes + LEADER_BYTES + TRAILER_BYTES], axis=-1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):  # a full disk was told by what was writing
            self._file.close()


def _runs(order: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Neighbours in the spool that stay neighbours, joined."""
    breaks = np.flatnonzero(order[1:, 0] != order[:-1, 1]) + 1
    firsts = np.concatenate([[0], breaks])
    lasts = np.concatenate([breaks - 1, [len(order) - 1]])
    return list(zip(order[firsts, 0].tolist(), order[lasts, 1].tolist(), strict=True))
