"""What a grid of heights does not say between its nodes, estimated from the grid itself.

Of the nodes every second is kept, then every fourth, every eighth …, and those halfway between are
predicted bilinearly. The percentiles of the errors follow a power law of the spacing (relief is
self-affine over such ranges: B. B. Mandelbrot, The Fractal Geometry of Nature, 1982, chapter 28),
and the law carries them on to the spacing of the grid. Where the law's exponent is nearly 2, that
of a smooth surface, the nodes carry no detail of their own (heights that were interpolated from
coarser ones, or filtered): then the spacing from which on they do takes the place of the grid's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.sensor import FloatArray
from satdesk.geometry.frames import pixel_size_m
from satdesk.geometry.terrain import GridTerrain

__all__ = ["InterpolationError", "interpolation_error", "interpolation_error_under"]

Bounds = tuple[float, float, float, float]

SMOOTH = 1.75
"""Natural relief has an exponent of some 0.3 to 1.5; a surface without detail of its own has 2."""

_FACETS = 0.1
_LEAST_ERRORS = 16
_LEAST_CELLS = 32
_BLOCK_CELLS = 256
_BLOCKS_A_SIDE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class InterpolationError:
    """How far heights between the nodes of a grid are off, metres.

    Attributes:
        spacing_m: Of the nodes: the root of a cell's area.
        detail_m: Spacing from which on the heights have relief of their own; more than `spacing_m`
            where they were interpolated or smoothed. The errors are those of this spacing.
        p90_m: Error that nine of ten places do not exceed: halfway between two nodes or in the
            middle of a cell, where bilinear interpolation is worst.
        p99_m: The same of ninety-nine of a hundred.
        exponent: Of the power law by which p90 grows with the spacing, at most 2.
        errors: Number of predicted nodes.
        smooth: True where no spacing was found from which on there is relief: the heights are
            smoother than relief throughout, and what they leave out cannot be told from them.
    """

    spacing_m: float
    detail_m: float
    p90_m: float
    p99_m: float
    exponent: float
    errors: int
    smooth: bool


def interpolation_error_under(terrain: GridTerrain, bounds: Bounds) -> InterpolationError | None:
    """`interpolation_error` of the part of `terrain` under an area.

    Args:
        terrain: Heights.
        bounds: ``lon_min, lat_min, lon_max, lat_max``; widened to 32 cells where it holds fewer,
            as far as the grid reaches.
    """
    lon, lat = np.meshgrid(
        np.linspace(bounds[0], bounds[2], 9), np.linspace(bounds[1], bounds[3], 9)
    )
    col, row = terrain.cells(lon, lat)
    if not np.isfinite(col).any():
        return None
    rows, cols = terrain.heights.shape
    top, bottom = _span(row, rows)
    left, right = _span(col, cols)
    grid = GeoBox(terrain.heights.shape, terrain.affine, terrain.crs)
    spacing = math.sqrt(math.prod(pixel_size_m(grid[top:bottom, left:right])))
    return interpolation_error(terrain.heights[top:bottom, left:right], spacing)


def _span(at: FloatArray, size: int) -> tuple[int, int]:
    low, high = math.floor(np.nanmin(at)), math.ceil(np.nanmax(at)) + 1
    lacking = max(_LEAST_CELLS - (high - low), 0)
    low = max(min(low - lacking // 2, size - _LEAST_CELLS), 0)
    return low, max(min(max(high, low + _LEAST_CELLS), size), low + 1)


def interpolation_error(
    heights: NDArray[np.floating], spacing_m: float
) -> InterpolationError | None:
    """Estimate the error of bilinear interpolation between the nodes of `heights`.

    Args:
        heights: ``(y, x)`` metres; NaN = unknown. Of a large grid 25 blocks are taken.
        spacing_m: Distance of the nodes, metres.

    Returns:
        None where the grid is too small to tell: fewer than 16 nodes can be predicted at four
        times its spacing.
    """
    blocks = [block.astype(np.float64) for block in _blocks(heights)]
    levels = _levels(blocks)
    if len(levels) < 2:
        return None
    bare = [k for k in range(len(levels) - 1) if _without_detail(levels, k)]
    smooth = len(bare) == len(levels) - 1
    k = bare[-1] + 1 if bare and not smooth else 0
    k = min(k, len(levels) - 2)
    p90, p99 = (_carried(levels, k, which) for which in ("p90", "p99"))
    return InterpolationError(
        spacing_m=spacing_m,
        detail_m=spacing_m * 2**k,
        p90_m=p90,
        p99_m=max(p99, p90),
        exponent=min(max(_steep(levels, k), 0.0), 2.0),
        errors=levels[k].n,
        smooth=smooth,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    """Errors of predicted nodes at one spacing: how many, and percentiles of their size."""

    n: int
    median: float
    p90: float
    p99: float


def _levels(blocks: list[FloatArray]) -> list[_Level]:
    """At twice the spacing, at four times, eight times … as long as there are errors enough."""
    found: list[_Level] = []
    step = 2
    while step < max(min(block.shape) for block in blocks):
        errors = np.concatenate([_dropped(block, step) for block in blocks])
        if len(errors) < _LEAST_ERRORS:
            break
        errors.sort()  # vectorised, and several times as fast as to look for three percentiles
        median, p90, p99 = (float(v) for v in np.percentile(errors, [50, 90, 99]))
        found.append(_Level(n=len(errors), median=median, p90=p90, p99=p99))
        step *= 2
    return found


def _without_detail(levels: list[_Level], k: int) -> bool:
    """True where the nodes of level `k` can be told from those of the next.

    Either the error grows as that of a smooth surface does, or half of the nodes lie on the
    facets between others and have next to none.
    """
    return _steep(levels, k) >= SMOOTH or levels[k].median <= _FACETS * levels[k].p90


def _steep(levels: list[_Level], k: int, which: str = "p90") -> float:
    """Exponent of error ∝ spacingᵉ from level `k` to the next; infinite where it begins at 0."""
    near, far = (float(getattr(levels[n], which)) for n in (k, k + 1))
    if near <= 0:
        return math.inf
    return math.log2(far / near) if far > 0 else 0.0


def _carried(levels: list[_Level], k: int, which: str) -> float:
    """The error at half the spacing of level `k`: by the law from there to the next level."""
    exponent = min(max(_steep(levels, k, which), 0.0), 2.0)
    return float(getattr(levels[k], which)) * 2**-exponent


def _blocks(heights: NDArray[np.floating]) -> list[NDArray[np.floating]]:
    starts = [_starts(size) for size in heights.shape]
    side = _BLOCK_CELLS
    if len(starts[0]) == len(starts[1]) == 1:
        return [heights]
    tall, wide = (side if len(s) > 1 else n for s, n in zip(starts, heights.shape, strict=True))
    return [heights[y : y + tall, x : x + wide] for y in starts[0] for x in starts[1]]


def _starts(size: int) -> list[int]:
    if size <= _BLOCKS_A_SIDE * _BLOCK_CELLS:
        return [0]
    return [int(v) for v in np.linspace(0, size - _BLOCK_CELLS, _BLOCKS_A_SIDE)]


def _dropped(heights: FloatArray, step: int) -> NDArray[np.float32]:
    """Sizes of the errors of nodes half a `step` from those kept, by every way of keeping them."""
    half = step // 2
    errors = []
    for y in range(0, step, half):
        for x in range(0, step, half):
            kept = heights[y::step, x::step]
            down, across = (kept[:-1] + kept[1:]) / 2, (kept[:, :-1] + kept[:, 1:]) / 2
            middle = (down[:, :-1] + down[:, 1:]) / 2
            for found, at in ((down, (y + half, x)), (across, (y, x + half)),
                              (middle, (y + half, x + half))):  # fmt: skip
                true = heights[at[0] :: step, at[1] :: step][: found.shape[0], : found.shape[1]]
                apart = found[: true.shape[0], : true.shape[1]] - true
                errors.append(apart.astype(np.float32).ravel())
    size = np.abs(np.concatenate(errors))
    known = np.isfinite(size)
    return size if known.all() else np.asarray(size[known])
