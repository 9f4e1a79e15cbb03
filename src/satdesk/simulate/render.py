"""A picture of the world, block by block: rays, light, air, detectors, the product's pixel grid.

A block of the product is made from its own window of detectors and its own part of the map, and
from nothing else: in any order and any number of threads, blocks are the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d, gaussian_filter, map_coordinates

from satdesk.errors import UsageError
from satdesk.simulate.camera import Camera
from satdesk.simulate.facade import Site, raise_building
from satdesk.simulate.light import DIRECT_SHARE
from satdesk.simulate.mark import marked
from satdesk.simulate.rays import RayField, expanded, ground_points, places_at, ray_field
from satdesk.simulate.relief import Relief
from satdesk.simulate.scene_map import MS_FACTOR, PAN_SHARES, PIXEL_M, SceneMap, draw_map
from satdesk.simulate.sensor import (
    ARRAYS,
    SATURATED,
    Array,
    array_camera,
    counts,
    grain,
)
from satdesk.simulate.sky import CLOUD_DEPTH, Haze, Sheet, cloud_light, haze_depth
from satdesk.simulate.standing import Solid, solid
from satdesk.simulate.sun import Sun
from satdesk.simulate.world import State, World

__all__ = [
    "BLOCK_PX",
    "CLOUD",
    "CLOUD_SHADOW",
    "SHADOW",
    "Block",
    "Developed",
    "Exposure",
    "develop",
]

Floats = NDArray[np.floating]

BLOCK_PX = 1024
"""PAN pixels on a side of a block; MS has a quarter."""
CLOUD, CLOUD_SHADOW, SHADOW = 1, 2, 4
"""Bits of the truth's masks."""

_MARGIN_PX = 8
_REACH_PX = 14
"""Detectors that a product's pixel takes in on each side: spline, blur and some spare."""
_POLE = np.sqrt(3) - 2
_TAPS = 10
_PREFILTER = (6 * _POLE / (_POLE**2 - 1)) * _POLE ** np.abs(np.arange(-_TAPS, _TAPS + 1))
"""Coefficients of the cubic spline through samples (Unser 1993), cut where they are below 2e-6."""
_FAR_PX = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of a product, in PAN pixels; multiples of four."""

    row: int
    col: int
    rows: int
    cols: int

    def of(self, factor: int) -> tuple[slice, slice]:
        """Rows and columns of the block in an image with `factor` PAN pixels on a pixel's side."""
        return (
            slice(self.row // factor, (self.row + self.rows) // factor),
            slice(self.col // factor, (self.col + self.cols) // factor),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Developed:
    """A finished block.

    Attributes:
        pan: ``(1, y, x)`` uint16 counts, 1–4095.
        ms: ``(4, y, x)`` uint16 counts in the order of `sensor.MS_ARRAYS`.
        pan_mask: ``(y, x)`` uint8 bits `CLOUD`, `CLOUD_SHADOW`, `SHADOW`; one value for 4 × 4.
        ms_mask: Likewise, one value a pixel.
    """

    pan: NDArray[np.uint16]
    ms: NDArray[np.uint16]
    pan_mask: NDArray[np.uint8]
    ms_mask: NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class Exposure:
    """What a picture is taken of, and when.

    Attributes:
        world: The world.
        state: Its state on the date.
        sun: Of the scene's middle.
        pan: Camera of the PAN product.
        ms: Camera of the MS product.
        middle: ``lon, lat, height`` of the scene's middle; the height is that at which the bands
            of a product are brought onto one grid.
        seed: Of the noise.
        clouds: Hanging over it, or None.
        haze: Over it, or None.
        mark: Whether SIMULATED stands on the ground. Only pictures that stay in memory go without.
    """

    world: World
    state: State
    sun: Sun
    pan: Camera
    ms: Camera
    middle: tuple[float, float, float]
    seed: int
    clouds: Sheet | None = None
    haze: Haze | None = None
    mark: bool = True

    @cached_property
    def natives(self) -> dict[str, Camera]:
        """The camera of each array's own detectors, by the array's id."""
        return {
            array.id: array_camera(array, self.product(array), _MARGIN_PX).centred(*self.middle)
            for array in ARRAYS
        }

    @cached_property
    def solids(self) -> tuple[Solid, ...]:
        """The buildings of the date on their ground."""
        return tuple(solid(b, self.world.relief) for b in self.world.buildings(self.state))

    def product(self, array: Array) -> Camera:
        """The camera of the product that an array's picture becomes part of."""
        return self.pan if array.plane < 0 else self.ms


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Window:
    """An array's detectors that a block needs, and where their rays meet the ground.

    Attributes:
        array: Which.
        rows: Of its native picture.
        cols: Likewise.
        places: ``row, col`` in the window, at which the product's pixels lie.
        field: The rays.
        x: ``(y, x)`` of the ground, metres of the plane.
        y: Likewise.
        height: Of the ground.
    """

    array: Array
    rows: slice
    cols: slice
    places: tuple[Floats, Floats]
    field: RayField
    x: Floats
    y: Floats
    height: Floats


def develop(exposure: Exposure, block: Block) -> Developed:
    """Make one block of a picture.

    Each array takes its native picture with its own geometry; that is resampled (cubic spline) to
    the product's grid through the product's camera at the middle's height. Ground off that height
    keeps its true parallax between the bands.

    Raises:
        UsageError: Rays leave the world.
    """
    windows = [_window(exposure, array, block) for array in ARRAYS]
    scene = _map(exposure, windows)
    pictures = [_counts(exposure, scene, window) for window in windows]
    pan, *ms = pictures
    return Developed(
        pan=pan[None],
        ms=np.stack(ms),
        pan_mask=_mask(exposure, scene, exposure.pan, block.of(1), MS_FACTOR),
        ms_mask=_mask(exposure, scene, exposure.ms, block.of(MS_FACTOR), 1),
    )


def _window(exposure: Exposure, array: Array, block: Block) -> _Window:
    native, product = exposure.natives[array.id], exposure.product(array)
    wanted = block.of(1 if array.plane < 0 else MS_FACTOR)
    col, row = _native_places(product, native, wanted, exposure.middle[2])
    rows, cols = (
        slice(int(np.floor(at.min())) - _REACH_PX, int(np.ceil(at.max())) + _REACH_PX)
        for at in (row, col)
    )
    relief = exposure.world.relief
    field = ray_field(native, relief, rows, cols, relief.range_m)
    x, y, height = ground_points(field, _under(relief, field))
    if not np.isfinite(x).all():
        raise UsageError(
            "the picture reaches beyond the world",
            found=f"{np.mean(~np.isfinite(x)):.1%} of the rays of {array.id} in one block",
            expected=f"ground within {-relief.west:g} m of the world's middle",
            remedy="make the picture smaller or move its middle",
        )
    places = (row - 0.5 - rows.start, col - 0.5 - cols.start)
    return _Window(
        array=array, rows=rows, cols=cols, places=places, field=field, x=x, y=y, height=height
    )


def _under(relief: Relief, field: RayField) -> Relief:
    """The part of the relief that a block's rays pass over, from their outermost."""
    ends = [field.at(np.array(field.middle_m + sign * field.reach_m)) for sign in (-1.0, 1.0)]
    x = [edge for end in ends for edge in _edges(end[0])]
    y = [edge for end in ends for edge in _edges(end[1])]
    return relief.part(min(x), min(y), max(x), max(y))


def _edges(plane: Floats) -> tuple[float, ...]:
    rim = (plane[0], plane[-1], plane[:, 0], plane[:, -1])
    return (*(float(r.min()) for r in rim), *(float(r.max()) for r in rim))


def _map(exposure: Exposure, windows: list[_Window]) -> SceneMap:
    """The map under all windows of a block."""
    spare = 3 * PIXEL_M * MS_FACTOR
    bounds = (
        min(float(w.x.min()) for w in windows) - spare,
        min(float(w.y.min()) for w in windows) - spare,
        max(float(w.x.max()) for w in windows) + spare,
        max(float(w.y.max()) for w in windows) + spare,
    )
    wide = [w for w in windows if w.array.plane >= 0]
    seen = tuple(np.concatenate([getattr(w, axis).ravel() for w in wide]) for axis in ("x", "y"))
    return draw_map(exposure.world, exposure.state, exposure.sun, bounds, (seen[0], seen[1]))


def _counts(exposure: Exposure, scene: SceneMap, window: _Window) -> NDArray[np.uint16]:
    """A block of the product of one array, ``(y, x)`` uint16."""
    array = window.array
    at_top = _through_air(exposure, window, _ground_light(exposure, scene, window))
    if exposure.mark:
        # Over the air, so that no cloud hides it; by the ground's places, so that it stays on them.
        at_top = marked(at_top, window.x, window.y, array.native_m)
    picture = counts(
        array, at_top, exposure.sun, grain(array, window.rows, window.cols, exposure.seed)
    )
    spline = picture
    for axis in (0, 1):
        spline = correlate1d(spline, _PREFILTER, axis=axis, output=np.float32, mode="mirror")
    resampled = map_coordinates(
        spline, window.places, order=3, output=np.float32, mode="nearest", prefilter=False
    )
    return np.asarray(np.clip(np.rint(resampled), 1, SATURATED), dtype=np.uint16)


def _ground_light(exposure: Exposure, scene: SceneMap, window: _Window) -> Floats:
    """What each detector sees of the ground and of buildings, ``(y, x)`` float32."""
    array = window.array
    plane = scene.pan if array.plane < 0 else scene.bands[array.plane]
    pixel = PIXEL_M if array.plane < 0 else PIXEL_M * MS_FACTOR
    # What a square detector takes in, as a Gaussian of the same variance.
    plane = gaussian_filter(plane, array.native_m / pixel / np.sqrt(12))
    col = ((window.x - scene.west) / pixel - 0.5).astype(np.float32)
    row = ((scene.north - window.y) / pixel - 0.5).astype(np.float32)
    light = map_coordinates(plane, [row, col], order=1, mode="nearest")
    for site in _sites(exposure, scene, window):
        rays = 4 if array.plane < 0 else 8
        raise_building(light, site, window.field, array.plane, exposure.sun, rays)
    return np.asarray(light)


def _sites(exposure: Exposure, scene: SceneMap, window: _Window) -> list[Site]:
    """The buildings whose tops are imaged in or near a window."""
    if not exposure.solids:
        return []
    native = exposure.natives[window.array.id]
    plane = exposure.world.relief.plane
    x = np.array([box.building.x for box in exposure.solids])
    y = np.array([box.building.y for box in exposure.solids])
    top = np.array([box.top_m for box in exposure.solids])
    col, row = native.project(*plane.to_lonlat(x, y), top)
    row, col = row - 0.5 - window.rows.start, col - 0.5 - window.cols.start
    rows, cols = window.x.shape
    near = (row > -_FAR_PX) & (row < rows + _FAR_PX) & (col > -_FAR_PX) & (col < cols + _FAR_PX)
    return [
        Site(
            box=exposure.solids[i],
            row=float(row[i]),
            col=float(col[i]),
            lit=_lit_around(scene, float(x[i]), float(y[i])),
        )
        for i in np.flatnonzero(near)
    ]


def _lit_around(scene: SceneMap, x: float, y: float) -> float:
    """The most that is lit within 24 m: what the relief leaves to a roof."""
    pixel = PIXEL_M * MS_FACTOR
    row, col = int((scene.north - y) / pixel), int((x - scene.west) / pixel)
    around = scene.lit[max(0, row - 4) : row + 5, max(0, col - 4) : col + 5]
    return float(around.max(initial=0.0))


def _through_air(exposure: Exposure, window: _Window, light: Floats) -> Floats:
    """Reflectance at the top of the air: clear air, haze, clouds."""
    array = window.array
    seen = np.float32(array.clearness)
    path: Floats = np.full(1, array.path_share, np.float32)
    if exposure.haze is not None:
        depth = haze_depth(exposure.haze, window.x, window.y, exposure.seed)
        veil, through = array.haze(depth, exposure.sun)
        light, path = light * through, path + veil
    if exposure.clouds is None:
        return np.asarray(path + seen * light)
    native = exposure.natives[array.id]
    over, shading = _cloud_depths(exposure, exposure.clouds, native, window)
    share = (
        float(np.dot(PAN_SHARES, DIRECT_SHARE)) if array.plane < 0 else DIRECT_SHARE[array.plane]
    )
    light, through, own = cloud_light(light, over, shading, float(share))
    return np.asarray((path + seen * light) * through + own)


def _cloud_depths(
    exposure: Exposure, clouds: Sheet, camera: Camera, window: _Window
) -> tuple[Floats, Floats]:
    """Optical thickness on the way to the camera and on the way from the sun."""
    relief, rows = exposure.world.relief, window.rows
    time = camera.time_s(np.arange(rows.start, rows.stop)[:, None] + 0.5)
    over = clouds.depth(*places_at(camera, relief, rows, window.cols, clouds.height_m), time)
    east, north = exposure.sun.towards
    rise = clouds.height_m - window.height
    shading = clouds.depth(window.x + east * rise, window.y + north * rise, time)
    return over, shading / np.float32(np.sin(np.radians(exposure.sun.elevation_deg)))


def _mask(
    exposure: Exposure, scene: SceneMap, camera: Camera, wanted: tuple[slice, slice], step: int
) -> NDArray[np.uint8]:
    """Bits of the truth, one value for `step` pixels each way of a product."""
    relief = exposure.world.relief
    rows, cols = wanted
    whole = ray_field(camera, relief, rows, cols, relief.range_m)
    field = RayField(
        middle_m=whole.middle_m,
        reach_m=whole.reach_m,
        x=whole.x[:, step // 2 :: step, step // 2 :: step],
        y=whole.y[:, step // 2 :: step, step // 2 :: step],
    )
    x, y, height = ground_points(field, _under(relief, field))
    pixel = PIXEL_M * MS_FACTOR
    at = [(scene.north - y) / pixel - 0.5, (x - scene.west) / pixel - 0.5]
    lit = map_coordinates(scene.lit, at, order=1, mode="nearest")
    bits = np.where(lit < 0.5, SHADOW, 0).astype(np.uint8)
    if exposure.clouds is not None:
        over, shading = _product_depths(
            exposure, exposure.clouds, camera, wanted, step, (x, y, height)
        )
        bits |= np.where(shading >= CLOUD_DEPTH, CLOUD_SHADOW, 0).astype(np.uint8)
        bits |= np.where(over >= CLOUD_DEPTH, CLOUD, 0).astype(np.uint8)
    return np.repeat(np.repeat(bits, step, axis=0), step, axis=1)


def _product_depths(
    exposure: Exposure,
    clouds: Sheet,
    camera: Camera,
    wanted: tuple[slice, slice],
    step: int,
    ground: tuple[Floats, Floats, Floats],
) -> tuple[Floats, Floats]:
    """Vertical optical thicknesses that a product's pixels look through, and that shade them."""
    rows, cols = wanted
    time = camera.time_s(np.arange(rows.start, rows.stop)[step // 2 :: step, None] + 0.5)
    over_x, over_y = places_at(camera, exposure.world.relief, rows, cols, clouds.height_m)
    half = slice(step // 2, None, step)
    over = clouds.depth(over_x[half, half], over_y[half, half], time)
    east, north = exposure.sun.towards
    rise = clouds.height_m - ground[2]
    return over, clouds.depth(ground[0] + east * rise, ground[1] + north * rise, time)


def _native_places(
    product: Camera, native: Camera, wanted: tuple[slice, slice], height_m: float
) -> tuple[Floats, Floats]:
    """Native ``col, row`` of the centres of a block of the product's pixels.

    Linear between nodes; where the camera shakes, MS (which sees the ground later than the virtual
    array of its product) has nodes on every row.
    """
    rows, cols = wanted
    shape = (rows.stop - rows.start, cols.stop - cols.start)
    steps = (1 if any(product.attitude.jitter_urad) else 16, 16)
    row, col = (
        first.start + 0.5 + step * np.arange(-(-count // step) + 1)
        for first, count, step in zip(wanted, shape, steps, strict=True)
    )
    grid_col, grid_row = np.meshgrid(col, row)
    lon, lat = product.locate(grid_col, grid_row, np.full(grid_col.shape, height_m))
    places = native.project(lon, lat, np.full(lon.shape, height_m))
    return expanded(places[0], steps, shape), expanded(places[1], steps, shape)
