"""Samples of a layer from which a release's few global numbers are fitted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.layer import Layer
from satdesk.geometry.grids import subgrid

__all__ = ["Spread", "block_means", "sample_windows", "sampled"]

Sample = tuple[NDArray[Any], NDArray[np.bool_]]
Spread = Callable[..., Iterable[Any]]
"""Applies a function to each sample, in order, perhaps on several cores."""


def sample_windows(grid: GeoBox, *, size: int, most: int) -> tuple[GeoBox, ...]:
    """Up to `most` square windows of `size` pixels, spread evenly over `grid`; deterministic.

    A grid with less than `most` windows' worth of pixels is returned whole.
    """
    rows, cols = grid.shape
    if rows * cols <= size * size * most:
        return (grid,)
    across = max(1, round(math.sqrt(most * cols / rows)))
    down = max(1, most // across)
    height, width = min(size, rows), min(size, cols)
    starts = [
        (round(r), round(c))
        for r in np.linspace(0, rows - height, down + 2)[1:-1]
        for c in np.linspace(0, cols - width, across + 2)[1:-1]
    ]
    return tuple(subgrid(grid, row, col, (height, width)) for row, col in starts)


def sampled(layer: Layer, windows: tuple[GeoBox, ...]) -> Sample:
    """``(band, n)`` values and ``(n,)`` usability of a layer in `windows`, one after another."""
    rasters = [layer.read(window) for window in windows]
    values = np.concatenate([r.values.reshape(len(layer.bands), -1) for r in rasters], axis=1)
    return values, np.concatenate([r.valid.ravel() for r in rasters])


def block_means(values: NDArray[Any], valid: NDArray[np.bool_], ratio: int) -> Sample:
    """Means over ``ratio × ratio`` blocks; a block is usable where all its pixels are.

    Args:
        values: ``(band, y, x)``; what does not fill a block at the right and the bottom is left.
        valid: ``(y, x)``.
        ratio: Edge of a block in pixels.
    """
    rows, cols = (size // ratio for size in valid.shape)
    kept = values[:, : rows * ratio, : cols * ratio].astype(np.float64)
    blocks = kept.reshape(-1, rows, ratio, cols, ratio)
    whole = valid[: rows * ratio, : cols * ratio].reshape(rows, ratio, cols, ratio)
    return blocks.mean(axis=(2, 4)), np.asarray(whole.all(axis=(1, 3)))
