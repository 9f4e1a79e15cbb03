"""Evaluating a layer tile by tile: serially, in threads, on a cluster; always the same bytes.

Tiles come back in row-major order whatever finishes first, and no more than a small number of them
is under way at once, so memory stays bounded however large the grid is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from satdesk.core.arguments import require_able, require_count
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.errors import UsageError
from satdesk.scale.tiles import tiles

__all__ = ["Executor", "Progress", "Serial", "Threads", "close", "run", "stream"]

Item = TypeVar("Item")
Result = TypeVar("Result")

Progress = Callable[[int, int], None]
"""Called after each tile with the number of tiles done and the number of all tiles."""


class Executor(Protocol):
    """A way to do the same work on many items."""

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """``work(item)`` of each item, in the order of `items`.

        `work` is pure, and it pickles, for it may run elsewhere. The first error in that order ends
        the iteration, once, as it was raised. Closing the iterator cancels what has not begun and
        waits for what has.
        """


@dataclass(frozen=True, slots=True)
class Serial:
    """One item after the other in the calling thread."""

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """See `Executor`."""
        for item in items:
            yield work(item)


@dataclass(frozen=True, slots=True)
class Threads:
    """`count` threads of this process; at most twice as many results are held at once.

    Attributes:
        count: At least 1.
    """

    count: int

    def __post_init__(self) -> None:
        require_count(self.count, "Threads(count)")
        if self.count < 1:
            raise UsageError("at least one thread is needed", found=str(self.count))

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """See `Executor`."""
        pool = ThreadPoolExecutor(self.count, thread_name_prefix="satdesk-tile")
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= 2 * self.count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            # Also on an error, on Ctrl-C and when the caller stops half-way.
            pool.shutdown(wait=True, cancel_futures=True)


def stream(
    layer: Layer, executor: Executor, tile: int = 512, progress: Progress | None = None
) -> Iterator[tuple[tuple[int, int], Raster]]:
    """Evaluate `layer` over its whole grid, tile by tile.

    Args:
        layer: What to evaluate.
        executor: How.
        tile: Edge of a tile in pixels.
        progress: Told after each tile; called in the calling thread.

    Yields:
        ``(row0, col0), raster``: where the tile's first pixel lies in the layer's grid, and the
        tile; row by row from the top left.

    Raises:
        SatdeskError: Whatever the first failing tile raised.
        UsageError: An argument is of another kind.
    """
    require_able(layer, "layer", "a layer, such as an Ortho", "read")
    require_able(executor, "executor", "an executor, such as Serial() or Threads(2)", "map")
    parts = tiles(layer.grid, tile)
    rasters = executor.map(layer.read, [part.grid for part in parts])
    try:
        for done, (part, raster) in enumerate(zip(parts, rasters, strict=True), start=1):
            yield (part.row0, part.col0), raster
            if progress is not None:
                progress(done, len(parts))
    finally:
        close(rasters)


def run(
    layer: Layer, executor: Executor, tile: int = 512, progress: Progress | None = None
) -> Raster:
    """Evaluate `layer` over its whole grid into memory; equal to ``layer.read(layer.grid)``.

    Raises:
        UsageError: The layer's tiles differ in their number type, or its grid is empty.
    """
    require_able(layer, "layer", "a layer, such as an Ortho", "read")
    shape = tuple(layer.grid.shape)
    values = np.empty((len(layer.bands), 0, 0))
    valid = np.zeros(shape, bool)
    for (row, col), raster in stream(layer, executor, tile, progress):
        if values.size == 0:
            values = np.empty((len(layer.bands), *shape), raster.values.dtype)
        _check_dtype(values.dtype, raster.values.dtype)
        rows, cols = raster.valid.shape
        values[:, row : row + rows, col : col + cols] = raster.values
        valid[row : row + rows, col : col + cols] = raster.valid
    return Raster(
        values=values, valid=valid, grid=layer.grid, bands=layer.bands, quantity=layer.quantity
    )


def _check_dtype(first: np.dtype[Any], found: np.dtype[Any]) -> None:
    if found != first:
        raise UsageError(
            "the tiles of a layer must share one number type",
            found=str(found),
            expected=str(first),
        )


def close(iterator: Iterator[Any]) -> None:
    """End an iterator of an `Executor` before its time, if it can be ended."""
    closing = getattr(iterator, "close", None)
    if closing is not None:
        closing()
