"""Crops for the press: as much of the imaged area as the frame's shape allows, and nothing black.

A crop is chosen once for all dates of a release, so that before and after show the same ground. It
is never enlarged beyond twice the picture's own pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

__all__ = ["MOST_ENLARGED", "Crop", "choose_crop", "survey_grid"]

MOST_ENLARGED = 2.0
"""Output pixels for one pixel of the picture, along a side, at most."""
_SURVEY_CELLS = 240
_SIZES = 48
_SMALLEST = 0.25
_ROOM, _WORTH = 0.04, 0.8
"""Room between a place and the edge, of the width; and what of its size a crop may lose for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """A crop.

    Attributes:
        grid: Its pixels, in the survey's CRS.
        enlarged: Output pixels for one pixel of the picture (below 1 it is reduced).
        filled: True where every pixel of it is imaged.
    """

    grid: GeoBox
    enlarged: float
    filled: bool


def survey_grid(bounds: tuple[float, float, float, float], crs: str) -> GeoBox:
    """A coarse grid of square cells over ``xmin, ymin, xmax, ymax``, to look for imaged pixels."""
    width, height = bounds[2] - bounds[0], bounds[3] - bounds[1]
    cell = max(width, height) / _SURVEY_CELLS
    shape = (max(math.ceil(height / cell), 1), max(math.ceil(width / cell), 1))
    return GeoBox(shape, Affine(cell, 0, bounds[0], 0, -cell, bounds[3]), crs)


def choose_crop(
    imaged: NDArray[np.bool_],
    survey: GeoBox,
    shape: tuple[int, int],
    *,
    pixel: float,
    places: tuple[tuple[float, float], ...] = (),
) -> Crop:
    """The crop of ``rows, cols`` = `shape` that serves the press best.

    The largest window that is imaged throughout and holds all `places`, with room for their signs
    where that costs little; else the largest imaged throughout; of equals the one nearest to the
    places' (or the imaged area's) middle. Where neither fills the frame at `MOST_ENLARGED`, the
    whole imaged area stands on neutral ground.

    Args:
        imaged: ``(y, x)`` True where every date has pixels, on `survey`.
        survey: The grid of `imaged`.
        shape: Of the wanted picture.
        pixel: Size of the picture's own pixels, in units of the survey's CRS.
        places: Positions ``x, y`` in units of the CRS that should be in it.
    """
    least_width = shape[1] * pixel / MOST_ENLARGED
    wanted = _cells(places, survey)
    for must in (wanted, ()) if wanted else ((),):
        window = _roomy(imaged, shape, wanted or _cells_of(imaged), must)
        if window is not None and window[2] * survey.resolution.x >= least_width:
            return _crop(survey, window, shape, pixel, filled=True)
    return _crop(survey, _around(imaged, survey, shape, least_width), shape, pixel, filled=False)


def _roomy(
    imaged: NDArray[np.bool_],
    shape: tuple[int, int],
    near: tuple[tuple[float, float], ...],
    must: tuple[tuple[float, float], ...],
) -> tuple[float, float, float, float] | None:
    """The largest window, or one not much smaller that leaves room around the places."""
    largest = _largest(imaged, shape, near, must)
    if largest is None or not must:
        return largest
    roomy = _largest(imaged, shape, near, must, room=_ROOM)
    return roomy if roomy is not None and roomy[2] >= _WORTH * largest[2] else largest


def _largest(
    imaged: NDArray[np.bool_],
    shape: tuple[int, int],
    near: tuple[tuple[float, float], ...],
    must: tuple[tuple[float, float], ...],
    room: float = 0.0,
) -> tuple[float, float, float, float] | None:
    """The largest window ``col, row, width, height`` (cells) that is imaged throughout.

    `room` is what stays free around each of `must`, of the width. A cell counts where its
    neighbours are imaged too: the survey is coarse, the edge is not.
    """
    solid = _eroded(imaged)
    total = np.pad(solid, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    middle = np.mean(near, axis=0) if near else np.array(imaged.shape[::-1]) / 2
    aspect = shape[1] / shape[0]
    most = min(imaged.shape[1], imaged.shape[0] * aspect)
    for width in np.geomspace(most, max(most * _SMALLEST, 4), _SIZES):
        cols, rows = math.ceil(width), math.ceil(width / aspect)
        if rows > imaged.shape[0] or cols > imaged.shape[1]:
            continue
        found = _best_place(total, (rows, cols), middle, must, max(1.0, room * cols))
        if found is not None:
            return float(found[0]), float(found[1]), float(width), float(width / aspect)
    return None


def _best_place(
    total: NDArray[np.int_],
    size: tuple[int, int],
    middle: NDArray[np.float64],
    must: tuple[tuple[float, float], ...],
    free: float,
) -> tuple[int, int] | None:
    """``col, row`` of the full window of `size` that holds `must` and lies nearest to `middle`.

    `free` cells stay between a place and the edge.
    """
    rows, cols = size
    filled = (
        total[rows:, cols:] - total[:-rows, cols:] - total[rows:, :-cols] + total[:-rows, :-cols]
    )
    row, col = np.nonzero(filled == rows * cols)
    for x, y in must:
        across = (col + free < x) & (x < col + cols - free)
        holds = across & (row + free < y) & (y < row + rows - free)
        row, col = row[holds], col[holds]
    if row.size == 0:
        return None
    away = (col + cols / 2 - middle[0]) ** 2 + (row + rows / 2 - middle[1]) ** 2
    best = int(np.argmin(away))
    return int(col[best]), int(row[best])


def _around(
    imaged: NDArray[np.bool_], survey: GeoBox, shape: tuple[int, int], least_width: float
) -> tuple[float, float, float, float]:
    """A window around everything imaged, with a margin, not enlarged beyond the limit."""
    cells = np.array(_cells_of(imaged) or ((0.0, 0.0), imaged.shape[::-1]), dtype=float)
    low, high = cells.min(axis=0) - 1, cells.max(axis=0) + 1
    aspect = shape[1] / shape[0]
    least = least_width / survey.resolution.x
    width = max((high[0] - low[0]) * 1.06, (high[1] - low[1]) * 1.06 * aspect, least)
    middle = (low + high) / 2
    return (
        float(middle[0] - width / 2),
        float(middle[1] - width / aspect / 2),
        float(width),
        float(width / aspect),
    )


def _crop(
    survey: GeoBox,
    window: tuple[float, float, float, float],
    shape: tuple[int, int],
    pixel: float,
    *,
    filled: bool,
) -> Crop:
    col, row, width, _ = window
    cell = survey.resolution.x
    x, y = survey.affine.c + col * cell, survey.affine.f - row * cell
    size = width * cell / shape[1]
    grid = GeoBox(shape, Affine(size, 0, x, 0, -size, y), survey.crs)
    return Crop(grid=grid, enlarged=pixel / size, filled=filled)


def _eroded(imaged: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """True where a cell and its eight neighbours are imaged; beyond the survey nothing is."""
    padded = np.pad(imaged, 1)
    rows, cols = imaged.shape
    shifted = [padded[i : i + rows, j : j + cols] for i in range(3) for j in range(3)]
    return np.asarray(np.logical_and.reduce(shifted), dtype=np.bool_)


def _cells(
    places: tuple[tuple[float, float], ...], survey: GeoBox
) -> tuple[tuple[float, float], ...]:
    """Places within the survey, as ``col, row``."""
    rows, cols = survey.shape
    place = survey.affine  # north is up and cells are square: `survey_grid` makes no others
    found = [((x - place.c) / place.a, (y - place.f) / place.e) for x, y in places]
    return tuple((float(x), float(y)) for x, y in found if 0 <= x <= cols and 0 <= y <= rows)


def _cells_of(imaged: NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    """Corners of the box around all imaged cells; empty where there are none."""
    row, col = np.nonzero(imaged)
    if row.size == 0:
        return ()
    return (
        (float(col.min()), float(row.min())),
        (float(col.max() + 1), float(row.max() + 1)),
    )
