"""Windows of an image, rectified onto a reference's grid and matched with it one by one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from scipy import ndimage
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from satdesk.core.layer import Layer
from satdesk.core.scene import SourceImage
from satdesk.core.sensor import FloatArray, SensorModel, Terrain
from satdesk.files.rasters import ImageLayer
from satdesk.geometry.affine import mapped
from satdesk.geometry.frames import pixel_size_m
from satdesk.geometry.grids import subgrid
from satdesk.geometry.register import Shift, measure_shift
from satdesk.products.ortho import Ortho
from satdesk.release.ground import measured_pixel_m
from satdesk.release.samples import block_means

__all__ = ["Job", "Match", "bounding_window", "matched", "matches_over"]

_WINDOW_PX = (40, 160)
_PARTS = 6
_LEAST_SCORE = 0.35
_MOST_DOUBT_PX = 0.5

Picture = tuple[FloatArray, NDArray[np.bool_]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What every window is matched with.

    Attributes:
        model: With the correction known so far.
        reference: A layer on a map.
        step: Pixels of the reference that make one of the matched pictures.
        edges: Match the strength of edges instead of brightness.
    """

    image: SourceImage
    model: SensorModel
    terrain: Terrain
    reference: Layer
    step: int
    reach: int
    edges: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What the reference has at `here`, the rectified image has at `there` (x, y in its CRS)."""

    here: tuple[float, float]
    there: tuple[float, float]


def bounding_window(job: Job, area: BaseGeometry, step: int) -> GeoBox:
    """One window of the reference's grid around all of `area`, of whole steps."""
    low, high = _reach(job, area, step)
    top, left = math.floor(low[1]), math.floor(low[0])
    rows, cols = (max(int(high[k]) - start, 1) for k, start in ((1, top), (0, left)))
    return subgrid(job.reference.grid, top * step, left * step, (rows * step, cols * step))


def matches_over(job: Job, area: BaseGeometry) -> list[Match]:
    """The windows side by side over `area` in which both show the same."""
    found = (matched(job, window) for window in _windows(job, area))
    return [match for match in found if match is not None]


def _windows(job: Job, area: BaseGeometry) -> list[GeoBox]:
    """Square windows side by side over `area`, on the reference's grid in steps of the job."""
    grid = job.reference.grid
    low, high = _reach(job, area, job.step)
    size = high - low
    side = int(np.clip(size.min() // _PARTS, *_WINDOW_PX))
    across, down = (int(np.clip(length // side, 1, _PARTS + 2)) for length in size)
    side = min(side, *(int(length) for length in size))
    if side < _WINDOW_PX[0] // 2:
        return []
    starts = [
        (int(top), int(left))
        for top in np.linspace(low[1], high[1] - side, down)
        for left in np.linspace(low[0], high[0] - side, across)
    ]
    windows = [
        subgrid(grid, top * job.step, left * job.step, (side * job.step, side * job.step))
        for top, left in starts
    ]
    return [window for window in windows if area.contains(Point(_middle(window)))]


def _reach(job: Job, area: BaseGeometry, step: int) -> tuple[FloatArray, FloatArray]:
    """First and last ``col, row`` of `area` in steps of the reference's grid."""
    grid = job.reference.grid
    x, y = (np.array(values) for values in _corners(area))
    col, row = mapped(~grid.affine, x, y)
    low = np.maximum([col.min(), row.min()], 0) / step
    high = np.minimum([col.max(), row.max()], [grid.shape[1], grid.shape[0]]) / step
    return low, high


def _corners(area: BaseGeometry) -> tuple[tuple[float, ...], tuple[float, ...]]:
    left, bottom, right, top = area.bounds
    return (left, right, right, left), (bottom, bottom, top, top)


def _middle(grid: GeoBox) -> tuple[float, float]:
    rows, cols = grid.shape
    x, y = grid.affine @ (cols / 2, rows / 2)
    return float(x), float(y)


def matched(job: Job, window: GeoBox) -> Match | None:
    """Match one window; None where nothing trustworthy was found."""
    fixed, fixed_ok = _reference_picture(job, window)
    if not fixed_ok.any():
        return None
    coarse = GeoBox(fixed.shape, window.affine @ Affine.scale(job.step), window.crs)
    moving, moving_ok = _image_picture(job, coarse)
    if job.edges:
        fixed, moving = _edges(fixed, fixed_ok), _edges(moving, moving_ok)
    shift = measure_shift(
        fixed, moving, fixed_valid=fixed_ok, moving_valid=moving_ok, max_shift=job.reach
    )
    if not _trusted(shift) or shift.dcol is None or shift.drow is None:
        return None
    rows, cols = coarse.shape
    x, y = coarse.affine @ (cols / 2 + shift.dcol, rows / 2 + shift.drow)
    return Match(here=_middle(coarse), there=(float(x), float(y)))


def _trusted(shift: Shift) -> bool:
    return (
        shift.interval_95_px is not None
        and shift.score >= _LEAST_SCORE
        and max(shift.interval_95_px) <= _MOST_DOUBT_PX
    )


def _reference_picture(job: Job, window: GeoBox) -> Picture:
    raster = job.reference.read(window)
    values, valid = block_means(raster.values, raster.valid, job.step)
    return _grey(values), valid


def _image_picture(job: Job, grid: GeoBox) -> Picture:
    span = float(np.sqrt(np.prod(pixel_size_m(grid)))) / measured_pixel_m(job.image)
    widen = (span, span) if span > 1.3 else (1.0, 1.0)
    layer = Ortho(
        source=ImageLayer(image=job.image),
        model=job.model,
        terrain=job.terrain,
        grid=grid,
        kernel="cubic",
        widen=widen,
    )
    raster = layer.read(grid)
    return _grey(raster.values), raster.valid


def _grey(values: NDArray[Any]) -> FloatArray:
    return np.asarray(values.astype(np.float64).mean(axis=0))


def _edges(picture: FloatArray, valid: NDArray[np.bool_]) -> FloatArray:
    """Strength of edges: the same for light on dark and dark on light."""
    filled = np.where(valid, picture, picture[valid].mean() if valid.any() else 0.0)
    return np.asarray(ndimage.gaussian_gradient_magnitude(filled, 1.0))
