"""Compressed blocks in the order in which they are ready, until it is known where they belong."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from satdesk.errors import UsageError
from satdesk.files.blocks import Block
from satdesk.files.pyramid import Levels
from satdesk.files.segments import Segments

__all__ = ["LEADER_BYTES", "TRAILER_BYTES", "Spool", "framed"]

LEADER_BYTES = TRAILER_BYTES = 4
"""GDAL writes the size of a block ahead of it and repeats its last four bytes behind it."""

_CHUNK = 1 << 20


class Spool:
    """A folder of blocks, each with its leader and trailer; `close` it in the end.

    Args:
        folder: Where; must not be there.
        levels: Of the image.
        parts: Streams a block: 1, or 2 where each is followed by its mask.
    """

    def __init__(self, folder: Path, levels: Levels, parts: int) -> None:
        shapes = [(*levels.blocks(level), parts) for level in range(levels.count)]
        self.sizes = tuple(np.zeros(shape, np.uint32) for shape in shapes)
        """Of each level, ``(row, col, part)``: bytes without leader and trailer; 0 = missing."""
        self._starts = tuple(np.full(shape, -1, np.int64) for shape in shapes)
        self._segments = Segments(folder)

    @property
    def end(self) -> int:
        """Bytes so far."""
        return self._segments.end

    def add(self, block: Block) -> None:
        """Append a block.

        Raises:
            UsageError: It has come before.
            OSError: The disk is full.
        """
        self.note(block)
        start = self._segments.add(framed(block))
        for part, size in enumerate(self.sizes[block.level][block.row, block.col].tolist()):
            self._starts[block.level][block.row, block.col, part] = start
            start += size + LEADER_BYTES + TRAILER_BYTES

    def note(self, block: Block) -> None:
        """Remember the size of a block without keeping it; it must not be `moved` then.

        Raises:
            UsageError: It has come before.
        """
        sizes = self.sizes[block.level][block.row, block.col]
        if sizes.any():
            found = f"block {(block.row, block.col)} of {block.level}"
            raise UsageError("a pixel was given twice", found=found)
        sizes[:] = [len(data) for data in _parts(block)]

    def taken(self, row: int, col: int) -> bytes | None:
        """A block of the full resolution as it lies in the file, once; None if it is not here."""
        start = int(self._starts[0][row, col, 0]) if row < len(self._starts[0]) else -1
        if start < 0:
            return None
        sizes = self.sizes[0][row, col]
        found = bytearray(int(sizes.sum()) + len(sizes) * (LEADER_BYTES + TRAILER_BYTES))
        ended = self._segments.read(start, memoryview(found))
        if ended is not None:
            self._segments.remove(ended)
        self._starts[0][row, col] = -1
        return bytes(found)

    def require_whole(self) -> None:
        """UsageError if a block is missing."""
        missing = sum(int((sizes == 0).sum()) for sizes in self.sizes)
        if missing:
            raise UsageError("pixels were not given", found=f"{missing} blocks are missing")

    def moved(
        self,
        out: BinaryIO,
        levels: Sequence[int],
        seen: Callable[[memoryview], None] | None = None,
    ) -> None:
        """Append all blocks of some levels to `out`, row by row. Nothing of them is left here.

        The next piece is read, and what was read to its end removed, while one is written.

        Args:
            out: Where to.
            levels: In the order of the file.
            seen: Told each piece while the next is being written, in another thread; None = nobody.
        """
        with ThreadPoolExecutor(2, thread_name_prefix="satdesk-spool") as others:
            telling: Future[None] | None = None
            for view in self._read_ahead(self._order(levels), others):
                if telling is not None:
                    telling.result()
                telling = None if seen is None else others.submit(seen, view)
                out.write(view)
            if telling is not None:
                telling.result()

    def _read_ahead(
        self, order: NDArray[np.int64], others: ThreadPoolExecutor
    ) -> Iterator[memoryview]:
        """All pieces; one stays as it is until the one after the next is asked for."""
        buffers = [memoryview(bytearray(_CHUNK)) for _ in range(3)]
        reading: deque[tuple[memoryview, Future[int | None]]] = deque()
        with ThreadPoolExecutor(1, thread_name_prefix="satdesk-reader") as reader:
            for number, (start, size) in enumerate(self._pieces(order)):
                view = buffers[number % 3][:size]
                reading.append((view, reader.submit(self._segments.read, start, view)))
                if len(reading) == 2:
                    yield self._piece(*reading.popleft(), others)
            for view, read in reading:
                yield self._piece(view, read, others)

    def _piece(
        self, view: memoryview, read: Future[int | None], others: ThreadPoolExecutor
    ) -> memoryview:
        ended = read.result()
        if ended is not None:
            others.submit(self._segments.remove, ended)
        return view

    def _pieces(self, order: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
        """Start and size of what is copied at once, in the order of the file."""
        for start, end in self._segments.runs(order):
            for at in range(start, end, _CHUNK):
                yield at, min(_CHUNK, end - at)

    def _order(self, levels: Sequence[int]) -> NDArray[np.int64]:
        """Starts and ends in the order of the file, ``(block, 2)``."""
        if not levels:
            return np.zeros((0, 2), np.int64)
        starts = np.concatenate([self._starts[level].ravel() for level in levels])
        sizes = np.concatenate([self.sizes[level].ravel() for level in levels]).astype(np.int64)
        return np.stack([starts, starts + sizes + LEADER_BYTES + TRAILER_BYTES], axis=-1)

    def close(self) -> None:
        """Close what is still open; the folder stays."""
        self._segments.close()


def framed(block: Block) -> tuple[bytes, ...]:
    """What stands in the file for a block: each of its parts between leader and trailer."""
    return tuple(
        piece
        for data in _parts(block)
        for piece in (len(data).to_bytes(LEADER_BYTES, "little"), data, data[-TRAILER_BYTES:])
    )


def _parts(block: Block) -> tuple[bytes, ...]:
    return (block.data,) if block.mask is None else (block.data, block.mask)
