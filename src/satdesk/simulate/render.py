"""A picture of the world: rays, light, detectors, and the product's own pixel grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline
from scipy.ndimage import gaussian_filter, map_coordinates

from satdesk.errors import UsageError
from satdesk.simulate.camera import Camera
from satdesk.simulate.mark import marked
from satdesk.simulate.rays import ground_points, ray_field
from satdesk.simulate.relief import HALF_M
from satdesk.simulate.scene_map import MS_FACTOR, PIXEL_M, SceneMap
from satdesk.simulate.sensor import SATURATED, Array, array_camera, counts
from satdesk.simulate.sun import Sun
from satdesk.simulate.world import World

__all__ = ["Exposure", "expose"]

Floats = NDArray[Any]

_MARGIN_PX = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exposure:
    """What a picture is taken of, and when.

    Attributes:
        world: The world.
        scene: Its map under the date's light.
        sun: Of the scene's middle.
        middle: ``lon, lat, height`` of the scene's middle; the height is that at which the bands
            of a product are brought onto one grid.
        seed: Of the noise.
        mark: Whether SIMULATED stands on the ground. Only pictures that stay in memory go without.
    """

    world: World
    scene: SceneMap
    sun: Sun
    middle: tuple[float, float, float]
    seed: int
    mark: bool = True


def expose(exposure: Exposure, array: Array, product: Camera) -> NDArray[np.uint16]:
    """Counts of one array on the pixel grid of a product, ``(y, x)`` uint16, 1–4095.

    The array takes its native picture with its own geometry; that is resampled (cubic spline) to
    the product's grid through the product's camera at the middle's height. Ground off that height
    keeps its true parallax between the bands.
    """
    native = array_camera(array, product, _MARGIN_PX).centred(*exposure.middle)
    light = _reflectance(exposure, array, native)
    picture = counts(array, light, exposure.sun, exposure.seed)
    col, row = _native_places(product, native, exposure.middle[2])
    resampled = map_coordinates(
        picture, [row - 0.5, col - 0.5], order=3, output=np.float32, mode="nearest"
    )
    return np.asarray(np.clip(np.rint(resampled), 1, SATURATED), dtype=np.uint16)


def _reflectance(exposure: Exposure, array: Array, native: Camera) -> Floats:
    """What each detector sees of the ground, ``(y, x)``."""
    relief, scene = exposure.world.relief, exposure.scene
    heights = (float(relief.heights.min()) - 20, float(relief.heights.max()) + 20)
    rows, cols = native.shape
    field = ray_field(native, relief, slice(0, rows), slice(0, cols), heights)
    x, y, _ = ground_points(field, relief)
    if not np.isfinite(x).all():
        raise UsageError(
            "the picture reaches beyond the world",
            found=f"{np.mean(~np.isfinite(x)):.1%} of the rays of {array.id}",
            expected=f"ground within {HALF_M:g} m of the world's middle",
            remedy="make the picture smaller or move its middle",
        )
    plane = scene.pan if array.plane < 0 else scene.bands[array.plane]
    pixel = PIXEL_M if array.plane < 0 else PIXEL_M * MS_FACTOR
    # What a square detector takes in, as a Gaussian of the same variance.
    plane = gaussian_filter(plane, array.native_m / pixel / np.sqrt(12))
    col = ((x - scene.west) / pixel - 0.5).astype(np.float32)
    row = ((scene.north - y) / pixel - 0.5).astype(np.float32)
    light = map_coordinates(plane, [row, col], order=1, mode="nearest")
    return marked(light, x, y, array.native_m) if exposure.mark else np.asarray(light)


def _native_places(product: Camera, native: Camera, height_m: float) -> tuple[Floats, Floats]:
    """Native ``col, row`` of the centres of a product's pixels, smooth between nodes."""
    rows, cols = product.shape
    node_row: Floats = np.linspace(0.5, rows - 0.5, max(4, rows // 32))
    node_col = np.linspace(0.5, cols - 0.5, max(4, cols // 32))
    if any(product.attitude.jitter_urad):
        node_row = np.arange(rows) + 0.5
    grid_col, grid_row = np.meshgrid(node_col, node_row)
    lon, lat = product.locate(grid_col, grid_row, np.full(grid_col.shape, height_m))
    places = native.project(lon, lat, np.full(lon.shape, height_m))
    row, col = np.arange(rows) + 0.5, np.arange(cols) + 0.5
    found = [RectBivariateSpline(node_row, node_col, place)(row, col) for place in places]
    return found[0].astype(np.float32), found[1].astype(np.float32)
