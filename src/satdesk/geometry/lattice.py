"""Where every pixel of an output grid looks into an image: exactly, and fast.

The definition is `exact_positions`: for each pixel's centre one PROJ transformation, one height,
one projection by the camera. `positions` gives the same to far below 0.01 px, some ten times
faster: the grid is cut into blocks of 32 × 32 pixels, counted from the grid's own first pixel. On
a block PROJ and the camera are smooth, so both are evaluated at 3 × 3 nodes, the camera there at
three heights across the block's relief, and interpolated by quadratics in row, column and height.
The terrain is *not* smooth and is looked up at every pixel. Each block is checked between its
nodes: where the interpolation misses by more than 0.002 px there, as it does for very coarse
pixels, the block is computed by the definition.

A block is always computed whole and knows nothing of the tile that asks for it: tiles equal the
whole to the last bit. Blocks at the border of the camera's domain, where some nodes answer and
some do not, are computed by the definition; a block of which no node answers is outside.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.sensor import FloatArray, SensorModel, Terrain
from satdesk.geometry.affine import mapped
from satdesk.geometry.frames import crs_of, from_lonlat, lonlat_of_grid, nearest_turn, to_lonlat
from satdesk.geometry.occlusion import SeenTerrain
from satdesk.geometry.terrain import GridTerrain

__all__ = ["BLOCK", "exact_positions", "exact_warp", "pixels_at", "positions", "warp_positions"]

BLOCK = 32
"""Pixels a side. Measured worst difference to the definition: see docs/explanation/geometry.md."""

_NODES = np.array([0.0, (BLOCK - 1) / 2, BLOCK - 1.0])
_PROBES = np.array([BLOCK // 4, BLOCK - 1 - BLOCK // 4])
_PROBE_LEVEL = 3**-0.5
"""Where the error of a quadratic through −1, 0, 1 is largest if it is a cubic's."""
_TOLERANCE_PX = 0.002
_LEAST_RELIEF_M = 1.0
_TELLING = 0.25
_WIDE_DEG = 0.01

Pair = tuple[FloatArray, FloatArray]
Strip = Callable[[int, NDArray[np.int64]], Pair]


def exact_positions(
    model: SensorModel, terrain: Terrain, grid: GeoBox, row: int, col: int, shape: tuple[int, int]
) -> Pair:
    """The definition: image ``col, row`` of each pixel centre of a window of `grid`.

    Args:
        model: The camera.
        terrain: Heights above the ellipsoid.
        grid: Output grid with a CRS.
        row: First row of the window, counted in `grid`; may be negative.
        col: First column, likewise.
        shape: ``rows, cols`` of the window.

    Returns:
        Positions in the full image from its outer corner, each of `shape`; NaN where terrain or
        camera do not know.
    """
    lon, lat = lonlat_of_grid(grid, row, col, shape)
    return model.project(lon, lat, terrain.height(lon, lat))


def positions(
    model: SensorModel, terrain: Terrain, grid: GeoBox, row: int, col: int, shape: tuple[int, int]
) -> Pair:
    """As `exact_positions`, by blocks."""
    crs = crs_of(grid)

    def strip(block_row: int, block_cols: NDArray[np.int64]) -> Pair:
        lon, lat = _lonlat(grid, crs, block_row, block_cols, _NODES)
        probes = _lonlat(grid, crs, block_row, block_cols, _PROBES)
        height, apart = _heights(terrain, lon, lat, probes)
        found, wanting = _through_camera(model, lon, lat, height, probes, apart)
        for k in np.flatnonzero(wanting):
            at = (block_row * BLOCK, int(block_cols[k]) * BLOCK)
            found[:, k] = exact_positions(model, terrain, grid, *at, (BLOCK, BLOCK))
        return found[0], found[1]

    return _by_strips(strip, row, col, shape)


def exact_warp(source: GeoBox, grid: GeoBox, row: int, col: int, shape: tuple[int, int]) -> Pair:
    """The definition of a change of grid: ``col, row`` in `source` of pixel centres of `grid`.

    Where both share a CRS no transformation takes place, else one by PROJ a pixel.
    """
    if source.crs == grid.crs:
        between = ~source.affine @ grid.affine
        across = np.arange(col, col + shape[1]) + 0.5
        down = (np.arange(row, row + shape[0]) + 0.5)[:, None]
        return mapped(between, *np.broadcast_arrays(across, down))
    lon, lat = lonlat_of_grid(grid, row, col, shape)
    return pixels_at(source, lon, lat)


def warp_positions(
    source: GeoBox, grid: GeoBox, row: int, col: int, shape: tuple[int, int]
) -> Pair:
    """As `exact_warp`, by blocks."""
    if source.crs == grid.crs:
        return exact_warp(source, grid, row, col, shape)
    crs = crs_of(grid)

    def strip(block_row: int, block_cols: NDArray[np.int64]) -> Pair:
        nodes = np.stack(pixels_at(source, *_lonlat(grid, crs, block_row, block_cols, _NODES)))
        probes = pixels_at(source, *_lonlat(grid, crs, block_row, block_cols, _PROBES))
        found = _spread(nodes)
        known = np.isfinite(nodes[0] + nodes[1])
        wrong = known.all(axis=(1, 2)) & _misses(_at_probes(found), probes)
        for k in np.flatnonzero(_partial(known) | wrong):
            at = (block_row * BLOCK, int(block_cols[k]) * BLOCK)
            found[:, k] = exact_warp(source, grid, *at, (BLOCK, BLOCK))
        return found[0], found[1]

    return _by_strips(strip, row, col, shape)


def pixels_at(source: GeoBox, lon: FloatArray, lat: FloatArray) -> Pair:
    """``col, row`` in `source` from its outer corner of places in degrees; NaN outside its CRS."""
    x, y = from_lonlat(crs_of(source), lon, lat)
    middle = source.affine.c + source.affine.a * source.shape[1] / 2
    return mapped(~source.affine, nearest_turn(crs_of(source), x, middle), y)


def _lonlat(
    grid: GeoBox, crs: str, block_row: int, block_cols: NDArray[np.int64], at: FloatArray
) -> Pair:
    """``lon, lat`` ``(block, n, n)`` of the pixels `at` of each block; longitudes do not jump."""
    across = (block_cols * BLOCK)[:, None, None] + at + 0.5
    down = (block_row * BLOCK + at + 0.5)[:, None]
    lon, lat = to_lonlat(crs, *mapped(grid.affine, *np.broadcast_arrays(across, down)))
    return lon - 360 * np.round((lon - lon[:, 1:2, 1:2]) / 360), lat


def _heights(
    terrain: Terrain, lon: FloatArray, lat: FloatArray, probes: Pair
) -> tuple[FloatArray, FloatArray]:
    """Heights at every pixel ``(block, y, x)``; its place in the terrain is interpolated.

    Also by how many cells that place is missed at the probes, ``(block,)``; 0 where not known.
    """
    if not isinstance(terrain, GridTerrain | SeenTerrain):
        return terrain.height(_spread(lon), _spread(lat)), np.zeros(len(lon))
    col, row = (_spread(nodes) for nodes in terrain.cells(lon, lat))
    exact = terrain.cells(*probes)
    off = np.abs(_at_probes(col) - exact[0]) + np.abs(_at_probes(row) - exact[1])
    return terrain.height_at(col, row), np.nan_to_num(off, nan=0.0).max(axis=(1, 2))


def _through_camera(
    model: SensorModel,
    lon: FloatArray,
    lat: FloatArray,
    height: FloatArray,
    probes: Pair,
    apart: FloatArray,
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """``(2, block, y, x)`` positions, and which blocks want the definition instead.

    Between two cells the ground rises by its whole relief at most, which moves the pixel by as much
    as all of it does: so many cells `apart`, so much of that.
    """
    lowest = np.fmin.reduce(height, axis=(1, 2))
    highest = np.fmax.reduce(height, axis=(1, 2))
    middle = (lowest + highest) / 2
    half = np.maximum((highest - lowest) / 2, _LEAST_RELIEF_M / 2)
    knots = middle + half * np.array([[-1.0], [0.0], [1.0]])
    low, center, high = np.stack(
        model.project(lon[:, None], lat[:, None], knots.T[:, :, None, None]), axis=0
    ).transpose(2, 0, 1, 3, 4)
    level = (height - middle[:, None, None]) / half[:, None, None]
    known = np.asarray(np.isfinite(low + center + high).all(axis=0))
    terms = _spread(center), _spread((high - low) / 2), _spread((high + low) / 2 - center)
    wrong = np.zeros(middle.size, dtype=np.bool_)
    for probe in (-_PROBE_LEVEL, _PROBE_LEVEL):
        at = (middle + probe * half)[:, None, None]
        wrong |= _misses(_at_probes(_quadratic(terms, probe)), model.project(*probes, at))
    rise = np.hypot(*(high - low)).max(axis=(1, 2))
    wrong |= np.nan_to_num(rise * apart, nan=0.0) > _TOLERANCE_PX
    # a few pixels at the terrain's edge do not tell its relief
    wrong |= np.isfinite(height).mean(axis=(1, 2)) < _TELLING
    found = _quadratic(terms, level)
    whole = known.all(axis=(1, 2))
    unseen = ~known.any(axis=(1, 2)) & np.isfinite(height).any(axis=(1, 2)) & _wide(lat)
    return found, _partial(known) | _partial(np.isfinite(lon)) | (whole & wrong) | unseen


def _wide(lat: FloatArray) -> NDArray[np.bool_]:
    """Blocks that a whole image may lie in without touching a node."""
    wide: NDArray[np.bool_] = np.ptp(lat, axis=(1, 2)) > _WIDE_DEG
    return wide


def _quadratic(
    terms: tuple[FloatArray, FloatArray, FloatArray], t: FloatArray | float
) -> FloatArray:
    value: FloatArray = terms[0] + t * (terms[1] + t * terms[2])
    return value


def _at_probes(pixels: FloatArray) -> FloatArray:
    """``(…, 2, 2)``: values at the pixels where a block is checked."""
    return pixels[..., _PROBES[:, None], _PROBES]


def _misses(interpolated: FloatArray, exact: Pair) -> NDArray[np.bool_]:
    """Blocks in which a probe's position is off by more than the tolerance, or not known."""
    off = np.hypot(interpolated[0] - exact[0], interpolated[1] - exact[1])
    missed: NDArray[np.bool_] = ~(off <= _TOLERANCE_PX).all(axis=(1, 2))
    return missed


def _partial(known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of ``(block, 3, 3)``: the blocks of which some nodes are known and some are not."""
    count: NDArray[np.int64] = known.reshape(known.shape[0], -1).sum(axis=1)
    return (count > 0) & (count < _NODES.size**2)


def _spread(nodes: FloatArray) -> FloatArray:
    """Biquadratic interpolation of ``(…, 3, 3)`` nodes to ``(…, BLOCK, BLOCK)`` pixels.

    Written out term by term: a matrix product may sum in an order that depends on the number of
    blocks.
    """
    w = _WEIGHTS
    down = (
        w[0][:, None] * nodes[..., 0:1, :]
        + w[1][:, None] * nodes[..., 1:2, :]
        + w[2][:, None] * nodes[..., 2:3, :]
    )
    spread: FloatArray = down[..., 0:1] * w[0] + down[..., 1:2] * w[1] + down[..., 2:3] * w[2]
    return spread


def _lagrange() -> tuple[FloatArray, FloatArray, FloatArray]:
    t = np.arange(BLOCK) / (BLOCK - 1.0) * 2 - 1
    return t * (t - 1) / 2, 1 - t * t, t * (t + 1) / 2


_WEIGHTS = _lagrange()


def _by_strips(strip: Strip, row: int, col: int, shape: tuple[int, int]) -> Pair:
    """Compute the blocks that a window touches, row by row of blocks, and cut the window out."""
    rows, cols = shape
    first, second = np.empty(shape), np.empty(shape)
    if not rows or not cols:
        return first, second
    block_cols = np.arange(col // BLOCK, (col + cols - 1) // BLOCK + 1)
    skip = col - int(block_cols[0]) * BLOCK
    for block_row in range(row // BLOCK, (row + rows - 1) // BLOCK + 1):
        top = block_row * BLOCK - row
        here = slice(max(top, 0), min(top + BLOCK, rows))
        part = slice(here.start - top, here.stop - top)
        for out, blocks in zip((first, second), strip(block_row, block_cols), strict=True):
            lines = blocks[:, part].transpose(1, 0, 2).reshape(here.stop - here.start, -1)
            out[here] = lines[:, skip : skip + cols]
    return first, second
