"""Where the rays of a whole image meet the ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline

from satdesk.simulate.camera import Camera
from satdesk.simulate.relief import Relief

__all__ = ["RayField", "ground_of", "ground_points", "ray_field"]

Floats = NDArray[np.float64]

_NODE_PX = 32
_SPARSE = 4
_DESCENT_STEPS = 40
_REFINEMENTS = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RayField:
    """Rays over a block of pixels: their places in the plane at three heights.

    Between the three a ray is a parabola in the plane, which is exact to well below a millimetre
    over a mountain's height.

    Attributes:
        heights: The three heights above the ellipsoid, descending.
        x: ``(3, y, x)`` metres of the plane.
        y: As above.
    """

    heights: tuple[float, float, float]
    x: Floats
    y: Floats

    def at(self, height: Floats) -> tuple[Floats, Floats]:
        """Places ``x, y`` of the rays at one height each."""
        top, middle, _ = self.heights
        t = (height - middle) / (top - middle)
        upper, lower = 0.5 * t * (t + 1), 0.5 * t * (t - 1)
        level = 1 - t * t
        return (
            upper * self.x[0] + level * self.x[1] + lower * self.x[2],
            upper * self.y[0] + level * self.y[1] + lower * self.y[2],
        )

    def every(self, step: int) -> RayField:
        """Only every `step`-th ray."""
        return RayField(
            heights=self.heights, x=self.x[:, ::step, ::step], y=self.y[:, ::step, ::step]
        )


def ray_field(
    camera: Camera, relief: Relief, rows: slice, cols: slice, heights: tuple[float, float]
) -> RayField:
    """Rays through the centres of a block of pixels.

    The camera is evaluated on nodes and interpolated by a cubic spline (below 1e-4 px); with jitter
    the nodes take in every row.
    """
    low, high = heights
    levels = (high, (low + high) / 2, low)
    row = np.arange(rows.start, rows.stop) + 0.5
    col = np.arange(cols.start, cols.stop) + 0.5
    shaken = any(camera.attitude.jitter_urad)
    node_row = row if shaken and len(row) > 3 else _nodes(row)
    node_col = _nodes(col)
    grid_col, grid_row = np.meshgrid(node_col, node_row)
    x: list[Floats] = []
    y: list[Floats] = []
    for level in levels:
        lon, lat = camera.locate(grid_col, grid_row, np.full(grid_col.shape, level))
        for target, values in zip((x, y), relief.plane.from_lonlat(lon, lat), strict=True):
            target.append(RectBivariateSpline(node_row, node_col, values)(row, col))
    return RayField(heights=levels, x=np.array(x), y=np.array(y))


def ground_points(field: RayField, relief: Relief) -> tuple[Floats, Floats, Floats]:
    """Where the rays first meet the ground: ``x, y``, height; NaN outside the world.

    Few rays come down from above in steps that cannot pass through a slope; between them the
    height is interpolated and then settled ray by ray.
    """
    sparse = field.every(_SPARSE)
    height = _dense(_descended(sparse, relief), field.x.shape[1:])
    for _ in range(_REFINEMENTS):
        height = relief.at(*field.at(height))
    x, y = field.at(height)
    return x, y, height


def ground_of(
    camera: Camera, relief: Relief, col: Floats, row: Floats
) -> tuple[Floats, Floats, Floats]:
    """``lon, lat, height`` of the ground that the rays of any pixels meet first; the truth.

    Args:
        camera: Of the product that the pixels are counted in.
        relief: The ground.
        col: From the outer corner of the first pixel.
        row: Likewise.
    """
    col, row = np.broadcast_arrays(np.asarray(col, float), np.asarray(row, float))
    low, high = float(relief.heights.min()) - 20, float(relief.heights.max()) + 20
    levels = (high, (low + high) / 2, low)
    places = [
        relief.plane.from_lonlat(*camera.locate(col, row, np.full(col.shape, level)))
        for level in levels
    ]
    field = RayField(
        heights=levels, x=np.array([p[0] for p in places]), y=np.array([p[1] for p in places])
    )
    height = _descended(field, relief)
    for _ in range(4 * _REFINEMENTS):
        height = relief.at(*field.at(height))
    lon, lat = camera.locate(col, row, height)
    return lon, lat, height


def _descended(field: RayField, relief: Relief) -> Floats:
    """Heights at which rays meet the ground, from above; a step is at most the gap allows."""
    top, _, low = field.heights
    lean = np.hypot(field.x[0] - field.x[2], field.y[0] - field.y[2]) / (top - low)
    steepest = float(np.hypot(*relief.slopes).max())
    share = 1 / (1 + steepest * lean)
    height = np.full(field.x.shape[1:], top)
    for _ in range(_DESCENT_STEPS):
        height = height - share * (height - relief.at(*field.at(height)))
    return np.asarray(height)


def _dense(sparse: Floats, shape: tuple[int, ...]) -> Floats:
    """Heights of every `_SPARSE`-th ray, bilinear at all rays; beyond the last, the last's."""
    rows, cols = sparse.shape
    spline = RectBivariateSpline(np.arange(rows), np.arange(cols), sparse, kx=1, ky=1)
    row = np.minimum(np.arange(shape[0]) / _SPARSE, rows - 1)
    col = np.minimum(np.arange(shape[1]) / _SPARSE, cols - 1)
    return np.asarray(spline(row, col))


def _nodes(centres: Floats) -> Floats:
    """At least four places from the first centre to the last, `_NODE_PX` apart or closer."""
    count = max(4, int(np.ceil((centres[-1] - centres[0]) / _NODE_PX)) + 1)
    return np.linspace(centres[0], centres[-1], count)
