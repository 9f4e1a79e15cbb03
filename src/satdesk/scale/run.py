"""Evaluating a layer tile by tile: serially, in threads, on a cluster; always the same bytes.

Tiles come back in row-major order whatever finishes first, and no more than a small number of them
is under way at once, so memory stays bounded however large the grid is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from odc.geo.geobox import GeoBox

from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.errors import UsageError
from satdesk.scale.tiles import tiles

__all__ = ["Executor", "Progress", "Serial", "Threads", "run", "stream"]

Progress = Callable[[int, int], None]
"""Called after each tile with the number of tiles done and the number of all tiles."""


class Executor(Protocol):
    """A way to evaluate many grids of one layer."""

    def rasters(self, layer: Layer, grids: Sequence[GeoBox]) -> Iterator[Raster]:
        """``layer.read(grid)`` of each grid, in the order of `grids`.

        The first error in that order ends the iteration, once, as it was raised. Closing the
        iterator cancels what has not begun and waits for what has.
        """


@dataclass(frozen=True, slots=True)
class Serial:
    """One tile after the other in the calling thread."""

    def rasters(self, layer: Layer, grids: Sequence[GeoBox]) -> Iterator[Raster]:
        """See `Executor`."""
        for grid in grids:
            yield layer.read(grid)


@dataclass(frozen=True, slots=True)
class Threads:
    """`count` threads of this process; at most twice as many tiles are held at once.

    Attributes:
        count: At least 1.
    """

    count: int

    def __post_init__(self) -> None:
        if self.count < 1:
            raise UsageError("at least one thread is needed", found=str(self.count))

    def rasters(self, layer: Layer, grids: Sequence[GeoBox]) -> Iterator[Raster]:
        """See `Executor`."""
        pool = ThreadPoolExecutor(self.count, thread_name_prefix="satdesk-tile")
        waiting: deque[Future[Raster]] = deque()
        try:
            for grid in grids:
                waiting.append(pool.submit(layer.read, grid))
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
    """
    parts = tiles(layer.grid, tile)
    rasters = executor.rasters(layer, [part.grid for part in parts])
    try:
        for done, (part, raster) in enumerate(zip(parts, rasters, strict=True), start=1):
            yield (part.row0, part.col0), raster
            if progress is not None:
                progress(done, len(parts))
    finally:
        _close(rasters)


def run(
    layer: Layer, executor: Executor, tile: int = 512, progress: Progress | None = None
) -> Raster:
    """Evaluate `layer` over its whole grid into memory; equal to ``layer.read(layer.grid)``.

    Raises:
        UsageError: The layer's tiles differ in their number type, or its grid is empty.
    """
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


def _close(iterator: Iterator[Raster]) -> None:
    close = getattr(iterator, "close", None)
    if close is not None:
        close()
