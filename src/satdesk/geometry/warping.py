"""A picture for eyes on another grid that is about as fine as its own, or finer.

The new grid is cut into pieces of at most 512 × 512 pixels on which the place in the old grid is a
quadratic in column and row; the pixels that a piece looks at are read; `warped` interpolates them.
Behind the positions all arithmetic is in whole numbers: a position is rounded to 1/256 pixel, Keys'
weights (IEEE Trans. ASSP 29(6), 1981, 1153–1160; a = −1/2) to 1/2048.

``satdesk._colours``, written in C, interpolates where it could be built; numpy gives the same to
the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.sensor import FloatArray
from satdesk.geometry.affine import mapped
from satdesk.geometry.frames import crs_of, to_lonlat
from satdesk.geometry.lattice import pixels_at

try:
    from satdesk import _colours as _compiled
except ImportError:  # no compiler where satdesk was installed
    _compiled = None  # type: ignore[assignment]

__all__ = ["Piece", "pieces", "warped", "warped_by_numpy"]

_SIDE = 512
_TOLERANCE_PX = 0.01
_NODES = np.array([0.0, 0.5, 1.0])
_PROBES = np.array([0.25, 0.75])
_REACH_PX = 4
_PHASES, _ONE = 256, 2048

Pixels = NDArray[np.uint8]
"""``(y, x, 4)`` sRGB and opacity, not multiplied in."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """A part of the new grid and where its pixels look.

    Attributes:
        row: First row of the part in the new grid.
        col: First column.
        shape: ``rows, cols`` of the part.
        window: ``row, col, rows, cols`` in the old grid of all that is looked at.
        curves: ``(2, rows, 3)``: column, then row, counted from the centre of the window's first
            pixel, as ``a, b, c`` of ``a + x (b + x c)`` in the part's column ``x``, for each row.
    """

    row: int
    col: int
    shape: tuple[int, int]
    window: tuple[int, int, int, int]
    curves: NDArray[np.float64]


def pieces(source: GeoBox, grid: GeoBox) -> tuple[Piece, ...] | None:
    """The parts of `grid` that look into `source`; what no part holds lies outside of it.

    Returns:
        None where the quadratics miss one PROJ transformation a pixel by more than 0.01 px, or a
        place has no answer in one of the two CRS: then the picture must come another way.
    """
    rows, cols = grid.shape
    found = []
    for row in range(0, rows, _SIDE):
        for col in range(0, cols, _SIDE):
            piece = _piece(source, grid, row, col)
            if piece is None:
                return None
            if piece.window[2] > 0 and piece.window[3] > 0:
                found.append(piece)
    return tuple(found)


def warped(pixels: Pixels, piece: Piece) -> Pixels:
    """The pixels of a piece.

    Where the 16 pixels around a place are there and opaque: Keys' cubic. Else bilinear with colours
    weighted by their opacity, and what lies outside counts as transparent; a pixel whose opacity
    rounds to 0 is 0 in all planes.

    Args:
        pixels: What stands in the piece's window, ``(rows, cols, 4)``.
        piece: From `pieces`.

    Returns:
        Pixels of ``piece.shape``.
    """
    if _compiled is None:
        return warped_by_numpy(pixels, piece)
    out = np.empty((*piece.shape, 4), np.uint8)
    opaque = bool((pixels[..., 3] == 255).all())
    _compiled.warp(np.ascontiguousarray(pixels), piece.curves, _WEIGHTS, out, opaque, True)
    return out


def warped_by_numpy(pixels: Pixels, piece: Piece) -> Pixels:
    """The definition of `warped`."""
    x = np.arange(piece.shape[1], dtype=np.float64)
    across, down = (
        np.floor((curve[:, :1] + x * (curve[:, 1:2] + x * curve[:, 2:])) * _PHASES + 0.5).astype(
            np.int64
        )
        for curve in piece.curves
    )
    rows, cols = pixels.shape[:2]
    row, col = down // _PHASES, across // _PHASES
    whole = (row >= 1) & (col >= 1) & (row + 2 < rows) & (col + 2 < cols)
    opaque = pixels[..., 3] == 255
    for r in range(-1, 3):
        for c in range(-1, 3):
            whole &= opaque[(row + r).clip(0, rows - 1), (col + c).clip(0, cols - 1)]
    out = np.empty((*piece.shape, 4), np.uint8)
    out[whole] = _cubic(pixels, down[whole], across[whole])
    out[~whole] = _linear(pixels, down[~whole], across[~whole])
    return out


def _piece(source: GeoBox, grid: GeoBox, row: int, col: int) -> Piece | None:
    shape = min(_SIDE, grid.shape[0] - row), min(_SIDE, grid.shape[1] - col)
    nodes = _places(source, grid, (row, col), shape, _NODES)
    probes = _places(source, grid, (row, col), shape, _PROBES)
    off = np.hypot(*(_between(nodes, _PROBES, _PROBES) - probes))
    if not (off <= _TOLERANCE_PX).all():
        return None
    window = _window(np.concatenate([nodes.reshape(2, -1), probes.reshape(2, -1)], 1), source)
    origin = np.array([window[1], window[0]]) + 0.5
    curves = _curves(nodes - origin[:, None, None], shape)
    return Piece(row=row, col=col, shape=shape, window=window, curves=curves)


def _places(
    source: GeoBox, grid: GeoBox, at: tuple[int, int], shape: tuple[int, int], parts: FloatArray
) -> FloatArray:
    """``(2, n, n)``: column and row in `source` where `parts` of the way to the last pixels lie."""
    down, across = (first + 0.5 + parts * _reach(n) for first, n in zip(at, shape, strict=True))
    x, y = mapped(grid.affine, *np.broadcast_arrays(across, down[:, None]))
    if source.crs == grid.crs:
        return np.stack(mapped(~source.affine, x, y))
    return np.stack(pixels_at(source, *to_lonlat(crs_of(grid), x, y)))


def _reach(pixels: int) -> float:
    return float(max(pixels, 2) - 1)


def _between(nodes: FloatArray, down: FloatArray, across: FloatArray) -> FloatArray:
    """Biquadratic interpolation of ``(…, 3, 3)`` at parts of the way."""
    near, middle, far = (w[:, None] for w in _lagrange(down))
    rows = near * nodes[..., 0:1, :] + middle * nodes[..., 1:2, :] + far * nodes[..., 2:3, :]
    left, centre, right = _lagrange(across)
    found: FloatArray = left * rows[..., 0:1] + centre * rows[..., 1:2] + right * rows[..., 2:3]
    return found


def _lagrange(t: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    return (2 * t - 1) * (t - 1), 4 * t * (1 - t), t * (2 * t - 1)


def _curves(nodes: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """``(2, rows, 3)`` coefficients of each row's quadratic in its column."""
    down = np.arange(shape[0]) / _reach(shape[0])
    first, middle, last = np.moveaxis(_between(nodes, down, _NODES), -1, 0)
    far = _reach(shape[1])
    slope = (4 * middle - 3 * first - last) / far
    bend = 2 * (first - 2 * middle + last) / far**2
    return np.ascontiguousarray(np.stack([first, slope, bend], axis=-1))


def _window(places: FloatArray, source: GeoBox) -> tuple[int, int, int, int]:
    """What is looked at, cut to what there is; no rows or no columns where that is nothing."""
    rows, cols = source.shape
    low = np.floor(places.min(axis=1)).clip(-1e9, 1e9).astype(int) - _REACH_PX
    high = np.ceil(places.max(axis=1)).clip(-1e9, 1e9).astype(int) + _REACH_PX
    col, row = max(int(low[0]), 0), max(int(low[1]), 0)
    return row, col, max(min(int(high[1]), rows) - row, 0), max(min(int(high[0]), cols) - col, 0)


def _cubic(pixels: Pixels, down: NDArray[np.int64], across: NDArray[np.int64]) -> Pixels:
    row, col = down // _PHASES, across // _PHASES
    dy, dx = _WEIGHTS[down % _PHASES], _WEIGHTS[across % _PHASES]
    total = np.zeros((down.size, 4), np.int64)
    for r in range(4):
        line = sum(
            dx[:, c, None].astype(np.int64) * pixels[row + r - 1, col + c - 1] for c in range(4)
        )
        total += dy[:, r, None] * line
    rounded = (total + _ONE * _ONE // 2) // (_ONE * _ONE)
    return rounded.clip(0, 255).astype(np.uint8)


def _linear(pixels: Pixels, down: NDArray[np.int64], across: NDArray[np.int64]) -> Pixels:
    rows, cols = pixels.shape[:2]
    row, col = down // _PHASES, across // _PHASES
    dy, dx = down % _PHASES, across % _PHASES
    opacity = np.zeros(down.shape, np.int64)
    colours = np.zeros((*down.shape, 3), np.int64)
    for r, c in ((0, 0), (0, 1), (1, 0), (1, 1)):
        y, x = row + r, col + c
        there = (y >= 0) & (x >= 0) & (y < rows) & (x < cols)
        pixel = pixels[y.clip(0, rows - 1), x.clip(0, cols - 1)]
        weight = (dy if r else _PHASES - dy) * (dx if c else _PHASES - dx)
        part = np.where(there, weight * pixel[..., 3], 0)
        opacity += part
        colours += part[..., None] * pixel[..., :3]
    out = np.empty((*down.shape, 4), np.uint8)
    out[..., 3] = (opacity + _PHASES * _PHASES // 2) // (_PHASES * _PHASES)
    twice = np.maximum(2 * opacity, 1)[..., None]
    shown = (2 * colours + opacity[..., None]) // twice
    out[..., :3] = np.where(out[..., 3:] > 0, shown, 0)
    return out


def _keys() -> NDArray[np.int16]:
    """``(256, 4)`` whole weights of the taps at −1, 0, 1, 2; each row sums up to 2048."""
    t = np.arange(_PHASES) / _PHASES
    near, far = (np.abs(t[:, None] - [0, 1]), np.abs(t[:, None] - [-1, 2]))
    inner = (1.5 * near - 2.5) * near**2 + 1
    outer = ((-0.5 * far + 2.5) * far - 4) * far + 2
    weights = np.round(_ONE * np.stack([outer[:, 0], *inner.T, outer[:, 1]], 1)).astype(np.int16)
    largest = weights.argmax(axis=1)
    weights[np.arange(_PHASES), largest] += (_ONE - weights.sum(axis=1)).astype(np.int16)
    return weights


_WEIGHTS = _keys()
