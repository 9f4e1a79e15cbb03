"""Take a scenario's picture: cameras, RPCs, counts and angles, all in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from satdesk.errors import UsageError
from satdesk.files.dem import open_terrain
from satdesk.files.dimap_values import DimapBand, DimapImage, DimapView
from satdesk.simulate.camera import ALTITUDE_M, Camera, Orbit, aim, view_angles
from satdesk.simulate.earth import geocentric
from satdesk.simulate.landscape import Landscape
from satdesk.simulate.relief import HALF_M
from satdesk.simulate.render import BLOCK_PX, Block, Developed, Exposure, develop
from satdesk.simulate.rpcfit import FittedRPC, fit_rpc
from satdesk.simulate.scenario import Scenario
from satdesk.simulate.scenarios import PLANE
from satdesk.simulate.scene_map import MS_FACTOR
from satdesk.simulate.sensor import MS_ARRAYS, PAN_ARRAY, Array, product_camera
from satdesk.simulate.sky import Sheet, Sky, sheet
from satdesk.simulate.sun import sun_at
from satdesk.simulate.world import World, make_world

__all__ = [
    "Cameras",
    "Picture",
    "Shot",
    "aimed",
    "cameras_of",
    "demo_world",
    "dimap_images",
    "render",
    "shipped_world",
    "take",
    "world_of",
]

_PAN_M, _MS_M = 1.5, 6.0
_CORNERS = (
    ("Center", 0.5, 0.5),
    ("TopLeft", 0.0, 0.0),
    ("TopRight", 0.0, 1.0),
    ("BottomRight", 1.0, 1.0),
    ("BottomLeft", 1.0, 0.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cameras:
    """The two product cameras of a scenario, and the middle that they look at.

    Attributes:
        pan: Of the PAN product.
        ms: Of the MS product: a virtual array in the middle of the four.
        middle: ``lon, lat, height``.
        heights_m: Range of heights that the RPCs are made for.
    """

    pan: Camera
    ms: Camera
    middle: tuple[float, float, float]
    heights_m: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shot:
    """A picture that is decided but not made: its blocks are made when they are asked for.

    Attributes:
        scenario: What is taken.
        cameras: Rigorous truth.
        pan_rpc: Fitted to the PAN camera, with the scenario's error of the RPC.
        ms_rpc: Fitted to the MS camera, likewise.
        exposure: What its blocks are made from.
    """

    scenario: Scenario
    cameras: Cameras
    pan_rpc: FittedRPC
    ms_rpc: FittedRPC
    exposure: Exposure

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All of the picture, row by row."""
        rows, cols = self.cameras.pan.shape
        return tuple(
            Block(row=r, col=c, rows=min(BLOCK_PX, rows - r), cols=min(BLOCK_PX, cols - c))
            for r in range(0, rows, BLOCK_PX)
            for c in range(0, cols, BLOCK_PX)
        )

    def developed(self, threads: int = 1) -> Iterator[tuple[Block, Developed]]:
        """The blocks in order; at most two for each thread are held at once."""
        pool = ThreadPoolExecutor(threads, thread_name_prefix="satdesk-simulate")
        waiting: deque[tuple[Block, Future[Developed]]] = deque()
        try:
            for block in self.blocks:
                waiting.append((block, pool.submit(develop, self.exposure, block)))
                if len(waiting) >= 2 * threads:
                    first, made = waiting.popleft()
                    yield first, made.result()
            while waiting:
                first, made = waiting.popleft()
                yield first, made.result()
        finally:
            # Also on an error, on Ctrl-C and when the caller stops half-way.
            pool.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """A picture in memory.

    Attributes:
        shot: How it was taken.
        pan: ``(1, y, x)`` uint16 counts.
        ms: ``(4, y, x)`` uint16 counts, B2 B1 B0 B3.
        pan_mask: ``(y, x)`` uint8, bits as in `render`.
        ms_mask: Likewise.
    """

    shot: Shot
    pan: NDArray[np.uint16]
    ms: NDArray[np.uint16]
    pan_mask: NDArray[np.uint8]
    ms_mask: NDArray[np.uint8]

    @property
    def cameras(self) -> Cameras:
        """Rigorous truth."""
        return self.shot.cameras

    @property
    def pan_rpc(self) -> FittedRPC:
        """Of the PAN image."""
        return self.shot.pan_rpc

    @property
    def ms_rpc(self) -> FittedRPC:
        """Of the MS image."""
        return self.shot.ms_rpc


def demo_world(seed: int) -> World:
    """The shipped world of a seed: GLOBE terrain that comes with the package, detail invented."""
    return shipped_world(seed, Landscape.MOUNTAIN, HALF_M)


def world_of(scenario: Scenario, seed: int) -> World:
    """The world that a scenario is taken of; the last few that were made are kept."""
    return shipped_world(seed, scenario.landscape, scenario.world_half_m)


@lru_cache(maxsize=4)
def shipped_world(seed: int, landscape: Landscape, half_m: float) -> World:
    """As `world_of`, from what it depends on."""
    shipped = resources.files("satdesk") / "data" / "terrain_kalbajar.tif"
    with resources.as_file(shipped) as path:
        loaded = open_terrain([path], vertical=None)
    # Made around the middle of the pictures, so that their hamlets lie inside them.
    return make_world(loaded.terrain, PLANE, seed, (600.0, 0.0), landscape, half_m)


def cameras_of(scenario: Scenario, world: World) -> Cameras:
    """Aim the two product cameras at the scenario's middle."""
    x, y = scenario.middle_m
    relief = world.relief
    lon, lat = (float(v) for v in relief.plane.to_lonlat(np.array(x), np.array(y)))
    height = float(relief.at(np.array([x]), np.array([y]))[0])
    rows, cols = scenario.pan_shape
    start = Orbit(node_deg=0.0, argument_deg=0.0)
    pan = aim(
        product_camera(start, scenario.attitude, (rows, cols), _PAN_M, PAN_ARRAY.look_along),
        lon,
        lat,
        height,
    )
    virtual = float(np.mean([array.look_along for array in MS_ARRAYS]))
    ms = product_camera(pan.orbit, pan.attitude, (rows // 4, cols // 4), _MS_M, virtual)
    low, high = (edge + spare for edge, spare in zip(relief.range_m, (20, -20), strict=True))
    return Cameras(
        pan=pan,
        ms=ms.centred(lon, lat, height),
        middle=(lon, lat, height),
        heights_m=(float(np.floor(low / 50) * 50 - 100), float(np.ceil(high / 50) * 50 + 100)),
    )


def render(scenario: Scenario, seed: int = 1) -> Picture:
    """A picture *without* the mark, for tests; it stays in memory (`dimap_images` refuses it)."""
    return take(scenario, world_of(scenario, seed), seed, mark=False)


def take(
    scenario: Scenario, world: World, seed: int, *, mark: bool = True, threads: int = 1
) -> Picture:
    """Take a scenario's picture of a world into memory; the same arguments give the same counts."""
    shot = aimed(scenario, world, seed, mark=mark)
    rows, cols = scenario.pan_shape
    small = (rows // MS_FACTOR, cols // MS_FACTOR)
    picture = Picture(
        shot=shot,
        pan=np.empty((1, rows, cols), np.uint16),
        ms=np.empty((4, *small), np.uint16),
        pan_mask=np.empty((rows, cols), np.uint8),
        ms_mask=np.empty(small, np.uint8),
    )
    for block, made in shot.developed(threads):
        fine, coarse = block.of(1), block.of(MS_FACTOR)
        picture.pan[0][fine], picture.pan_mask[fine] = made.pan[0], made.pan_mask
        picture.ms[:, *coarse], picture.ms_mask[coarse] = made.ms, made.ms_mask
    return picture


def aimed(scenario: Scenario, world: World, seed: int, *, mark: bool = True) -> Shot:
    """Decide everything about a picture; nothing of it is made yet."""
    cameras = cameras_of(scenario, world)
    lon, lat, _ = cameras.middle
    bias = scenario.rpc_bias
    return Shot(
        scenario=scenario,
        cameras=cameras,
        pan_rpc=fit_rpc(bias.applied(cameras.pan), cameras.pan.shape, cameras.heights_m),
        ms_rpc=fit_rpc(bias.applied(cameras.ms, 0.25), cameras.ms.shape, cameras.heights_m),
        exposure=Exposure(
            world=world,
            state=scenario.state,
            sun=sun_at(scenario.instant, lon, lat),
            pan=cameras.pan,
            ms=cameras.ms,
            middle=cameras.middle,
            seed=seed,
            clouds=_sheet(scenario.sky, cameras, world),
            haze=scenario.sky.haze,
            mark=mark,
        ),
    )


def _sheet(sky: Sky, cameras: Cameras, world: World) -> Sheet | None:
    """The clouds over a picture's four corners."""
    if sky.clouds is None:
        return None
    height = cameras.middle[2] + sky.clouds.above_m
    rows, cols = cameras.pan.shape
    col, row = np.array([0.0, cols, cols, 0.0]), np.array([0.0, 0.0, rows, rows])
    lon, lat = cameras.pan.locate(col, row, np.full(4, height))
    return sheet(sky.clouds, height, world.relief.plane.from_lonlat(lon, lat), world.seed)


def dimap_images(shot: Shot) -> tuple[DimapImage, DimapImage]:
    """A picture as a product's two images, with angles and times.

    Raises:
        UsageError: The picture does not carry the mark: it is not for files.
    """
    if not shot.exposure.mark:
        raise UsageError(
            "a picture without the mark SIMULATED must not be written",
            subject=shot.scenario.name,
            remedy="take it with its mark, or use its arrays in memory",
        )
    return (
        _image("P", (PAN_ARRAY,), shot.cameras.pan, shot.pan_rpc, shot.scenario),
        _image("MS", MS_ARRAYS, shot.cameras.ms, shot.ms_rpc, shot.scenario),
    )


def _image(
    kind: str, arrays: tuple[Array, ...], camera: Camera, rpc: FittedRPC, scenario: Scenario
) -> DimapImage:
    height = rpc.model.height_off
    rows, cols = camera.shape
    return DimapImage(
        kind=kind,
        shape=camera.shape,
        bands=tuple(
            DimapBand(
                id=a.id,
                band=a.band,
                gain=a.gain / scenario.brighter,
                bias=0.0,
                irradiance=a.irradiance,
            )
            for a in arrays
        ),
        model=rpc.model,
        pixel_m=camera.step * ALTITUDE_M,
        views=tuple(
            _view(
                where,
                camera,
                arrays[0],
                (0.5 + right * (cols - 1), 0.5 + down * (rows - 1)),
                height,
                scenario.instant,
            )
            for where, down, right in _CORNERS
        ),
    )


def _view(
    where: str,
    camera: Camera,
    array: Array,
    pixel: tuple[float, float],
    height_m: float,
    middle: datetime,
) -> DimapView:
    """Angles in DIMAP's senses: across positive to the left, azimuth that of the scan."""
    col, row = pixel
    lon, lat = camera.locate(
        np.array([col, col + 1, col]), np.array([row, row, row + 1]), np.full(3, height_m)
    )
    places = geocentric(lon, lat, np.full(3, height_m))
    across, along = np.linalg.norm(places[1:] - places[0], axis=-1)
    native = array.native_m / (camera.step * ALTITUDE_M)
    east = (lon[2] - lon[0]) * np.cos(np.radians(lat[0]))
    scan = float(np.degrees(np.arctan2(east, lat[2] - lat[0])) % 360)
    time = middle + timedelta(seconds=float(camera.time_s(np.array(row))))
    sun = sun_at(time, float(lon[0]), float(lat[0]))
    angle = view_angles(camera, col, row, height_m)
    # The satellite's bearing is told against the direction of scan.
    bearing = np.radians(angle["azimuth_deg"] - scan)
    slant = np.tan(np.radians(angle["incidence_deg"]))
    return DimapView(
        where=where,
        col=col,
        row=row,
        lon=float(lon[0]),
        lat=float(lat[0]),
        time=time,
        values=(
            ("AZIMUTH_ANGLE", scan),
            ("VIEWING_ANGLE_ACROSS_TRACK", -angle["viewing_across_deg"]),
            ("VIEWING_ANGLE_ALONG_TRACK", angle["viewing_along_deg"]),
            ("VIEWING_ANGLE", angle["viewing_deg"]),
            ("INCIDENCE_ANGLE_ALONG_TRACK", _part(np.cos(bearing) * slant)),
            ("INCIDENCE_ANGLE_ACROSS_TRACK", _part(-np.sin(bearing) * slant)),
            ("INCIDENCE_ANGLE", angle["incidence_deg"]),
        ),
        sun_azimuth=sun.azimuth_deg,
        sun_elevation=sun.elevation_deg,
        gsd_m=(float(across * native), float(along * native)),
    )


def _part(tangent: float) -> float:
    return float(np.degrees(np.arctan(tangent)))
