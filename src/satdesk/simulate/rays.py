"""Where the rays of an image meet the ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satdesk.simulate.camera import Camera
from satdesk.simulate.relief import Relief

__all__ = ["RayField", "expanded", "ground_of", "ground_points", "places_at", "ray_field"]

Floats = NDArray[np.float64]

_NODE_PX = 16
_SPARSE = 4
_DESCENT_STEPS = 60
_DESCENT_DONE_M = 0.02
_REFINEMENTS = 6
_REFINED_M = 0.001


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RayField:
    """Rays over a block of pixels: parabolas in the plane, as functions of the height.

    Exact to well below a millimetre over a mountain's height.

    Attributes:
        middle_m: Height above the ellipsoid at which the first coefficients hold.
        reach_m: Height above and below it to which the parabola was fitted.
        x: ``(3, y, x)`` metres of the plane: at the middle, and by which it changes with the
            height over the reach and with its square.
        y: As above.
    """

    middle_m: float
    reach_m: float
    x: Floats
    y: Floats

    def at(self, height: Floats) -> tuple[Floats, Floats]:
        """Places ``x, y`` of the rays at one height each."""
        t = (height - self.middle_m) / self.reach_m
        return (
            self.x[0] + t * (self.x[1] + t * self.x[2]),
            self.y[0] + t * (self.y[1] + t * self.y[2]),
        )

    def every(self, step: int) -> RayField:
        """Only every `step`-th ray."""
        return RayField(
            middle_m=self.middle_m,
            reach_m=self.reach_m,
            x=self.x[:, ::step, ::step],
            y=self.y[:, ::step, ::step],
        )


def ray_field(
    camera: Camera, relief: Relief, rows: slice, cols: slice, heights: tuple[float, float]
) -> RayField:
    """Rays through the centres of a block of pixels.

    The camera is evaluated on nodes 16 pixels apart (on closer rows where it shakes); between them
    rays run linearly, which is true to a millimetre on the ground.

    Args:
        camera: Of the pixels.
        relief: Whose plane it is.
        rows: Of the block; may reach beyond the image by the camera's margin.
        cols: Likewise.
        heights: Lowest and highest ground.
    """
    low, high = heights
    middle = (low + high) / 2
    top, level, bottom = (
        places_at(camera, relief, rows, cols, height) for height in (high, middle, low)
    )
    bent = [
        np.stack([at, (above - below) / 2, (above + below) / 2 - at])
        for above, at, below in zip(top, level, bottom, strict=True)
    ]
    return RayField(middle_m=middle, reach_m=(high - low) / 2, x=bent[0], y=bent[1])


def places_at(
    camera: Camera, relief: Relief, rows: slice, cols: slice, height: float
) -> tuple[Floats, Floats]:
    """``x, y`` in the plane of a block of pixels' rays at one height, ``(y, x)`` each."""
    shape = (rows.stop - rows.start, cols.stop - cols.start)
    steps = (_row_step(camera), _NODE_PX)
    row, col = (
        first + 0.5 + step * np.arange(-(-count // step) + 1)
        for first, count, step in zip((rows.start, cols.start), shape, steps, strict=True)
    )
    grid_col, grid_row = np.meshgrid(col, row)
    lon, lat = camera.locate(grid_col, grid_row, np.full(grid_col.shape, height))
    x, y = relief.plane.from_lonlat(lon, lat)
    return expanded(x, steps, shape), expanded(y, steps, shape)


def expanded(nodes: Floats, steps: tuple[int, int], shape: tuple[int, int]) -> Floats:
    """Values at every pixel of a block, bilinear between nodes `steps` pixels apart.

    Args:
        nodes: ``(y, x)``; the first lies on the block's first pixel, the last at or beyond it.
        steps: Rows and columns between nodes.
        shape: Rows and columns of the block.
    """
    down = _between(nodes, steps[0], shape[0])
    step = np.arange(steps[1]) / steps[1]
    across = down[:, :-1, None] + np.diff(down, axis=1)[:, :, None] * step
    return np.ascontiguousarray(across.reshape(len(down), -1)[:, : shape[1]])


def ground_points(field: RayField, relief: Relief) -> tuple[Floats, Floats, Floats]:
    """Where the rays first meet the ground: ``x, y``, height; NaN outside the world.

    Few rays come down from above in steps that cannot pass through a slope; between them the
    height is interpolated and then settled ray by ray.
    """
    sparse = field.every(_SPARSE)
    height = _dense(_descended(sparse, relief), field.x.shape[1:])
    height = _settled(field, relief, height, _REFINEMENTS)
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
    field = _single_rays(camera, relief, col, row)
    local = relief.part(*_bounds(field))
    height = _settled(field, local, _descended(field, local), 4 * _REFINEMENTS)
    lon, lat = camera.locate(col, row, height)
    return lon, lat, height


def _single_rays(camera: Camera, relief: Relief, col: Floats, row: Floats) -> RayField:
    low, high = relief.range_m
    middle = (low + high) / 2
    top, level, bottom = (
        relief.plane.from_lonlat(*camera.locate(col, row, np.full(col.shape, height)))
        for height in (high, middle, low)
    )
    bent = [
        np.stack([at, (above - below) / 2, (above + below) / 2 - at])
        for above, at, below in zip(top, level, bottom, strict=True)
    ]
    return RayField(middle_m=middle, reach_m=(high - low) / 2, x=bent[0], y=bent[1])


def _bounds(field: RayField) -> tuple[float, float, float, float]:
    """West, south, east, north of everything that the rays pass over."""
    ends = [field.at(np.array(field.middle_m + sign * field.reach_m)) for sign in (-1, 1)]
    x, y = (np.stack([end[axis] for end in ends]) for axis in (0, 1))
    return (
        float(np.nanmin(x)),
        float(np.nanmin(y)),
        float(np.nanmax(x)),
        float(np.nanmax(y)),
    )


def _descended(field: RayField, relief: Relief) -> Floats:
    """Heights at which rays meet the ground, from above; a step is at most the gap allows."""
    lean = np.hypot(field.x[1], field.y[1]) / field.reach_m
    share = 1 / (1 + relief.steepest * lean)
    height = np.full(field.x.shape[1:], field.middle_m + field.reach_m)
    for _ in range(_DESCENT_STEPS):
        step = share * (height - relief.at(*field.at(height)))
        height = height - step
        if not np.nanmax(np.abs(step), initial=0.0) > _DESCENT_DONE_M:
            break
    return np.asarray(height)


def _settled(field: RayField, relief: Relief, height: Floats, rounds: int) -> Floats:
    for _ in range(rounds):
        found = relief.at(*field.at(height))
        change = np.nanmax(np.abs(found - height), initial=0.0)
        height = found
        if change < _REFINED_M:
            break
    return height


def _dense(sparse: Floats, shape: tuple[int, ...]) -> Floats:
    """Heights of every `_SPARSE`-th ray, bilinear at all rays; beyond the last, the last's."""
    padded = np.pad(sparse, ((0, 1), (0, 1)), mode="edge")
    return expanded(padded, (_SPARSE, _SPARSE), (shape[0], shape[1]))


def _between(nodes: Floats, step: int, count: int) -> Floats:
    """Rows of a node grid, `step` times as many."""
    t = (np.arange(step) / step)[None, :, None]
    fine = nodes[:-1, None, :] + np.diff(nodes, axis=0)[:, None, :] * t
    return np.asarray(fine.reshape(-1, nodes.shape[1])[:count])


def _row_step(camera: Camera) -> int:
    """Rows between nodes: at least 36 in a period of the camera's shake."""
    if not any(camera.attitude.jitter_urad):
        return _NODE_PX
    period = 1 / (camera.attitude.jitter_hz * camera.line_period_s)
    return int(np.clip(period // 36, 1, _NODE_PX))
