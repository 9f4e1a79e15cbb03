"""Take a scenario's picture: cameras, RPCs, counts and angles, all in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from satdesk.errors import UsageError
from satdesk.files.dem import open_terrain
from satdesk.files.dimap_documents import DimapBand, DimapImage, DimapView
from satdesk.simulate.camera import ALTITUDE_M, Camera, Orbit, aim, view_angles
from satdesk.simulate.earth import geocentric
from satdesk.simulate.landscape import Landscape
from satdesk.simulate.render import Exposure, expose
from satdesk.simulate.rpcfit import FittedRPC, fit_rpc
from satdesk.simulate.scenario import Scenario
from satdesk.simulate.scenarios import PLANE
from satdesk.simulate.scene_map import draw_map
from satdesk.simulate.sensor import MS_ARRAYS, PAN_ARRAY, Array, product_camera
from satdesk.simulate.sun import sun_at
from satdesk.simulate.world import World, make_world

__all__ = [
    "Cameras",
    "Picture",
    "cameras_of",
    "demo_world",
    "dimap_images",
    "render",
    "take",
    "world_of",
]

_PAN_M, _MS_M = 1.5, 6.0
_TERRAIN_BOUNDS = (45.9, 39.95, 46.4, 40.45)
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
class Picture:
    """A picture in memory.

    Attributes:
        cameras: Rigorous truth.
        pan_rpc: Fitted to the PAN camera, with the scenario's error of the RPC.
        ms_rpc: Fitted to the MS camera, likewise.
        pan: ``(1, y, x)`` uint16 counts.
        ms: ``(4, y, x)`` uint16 counts, B2 B1 B0 B3.
        mark: Whether SIMULATED stands in the pixels.
    """

    cameras: Cameras
    pan_rpc: FittedRPC
    ms_rpc: FittedRPC
    pan: NDArray[np.uint16]
    ms: NDArray[np.uint16]
    mark: bool


def demo_world(seed: int) -> World:
    """The shipped world of a seed: GLOBE terrain that comes with the package, detail invented."""
    return _world(seed, Landscape.MOUNTAIN)


def world_of(scenario: Scenario, seed: int) -> World:
    """The world that a scenario is taken of; made once for a seed and landscape."""
    return _world(seed, scenario.landscape)


@cache
def _world(seed: int, landscape: Landscape) -> World:
    shipped = resources.files("satdesk") / "data" / "terrain_kalbajar.tif"
    with resources.as_file(shipped) as path:
        loaded = open_terrain([path], vertical=None, bounds=_TERRAIN_BOUNDS)
    # Made around the middle of the pictures, so that their hamlets lie inside them.
    return make_world(loaded.terrain, PLANE, seed, (600.0, 0.0), landscape)


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
    low, high = float(relief.heights.min()), float(relief.heights.max())
    return Cameras(
        pan=pan,
        ms=ms.centred(lon, lat, height),
        middle=(lon, lat, height),
        heights_m=(float(np.floor(low / 50) * 50 - 100), float(np.ceil(high / 50) * 50 + 100)),
    )


def render(scenario: Scenario, seed: int = 1) -> Picture:
    """A picture *without* the mark, for tests; it stays in memory (`dimap_images` refuses it)."""
    return take(scenario, world_of(scenario, seed), seed, mark=False)


def take(scenario: Scenario, world: World, seed: int, *, mark: bool = True) -> Picture:
    """Take a scenario's picture of a world; the same arguments give the same counts."""
    cameras = cameras_of(scenario, world)
    lon, lat, _ = cameras.middle
    sun = sun_at(scenario.instant, lon, lat)
    exposure = Exposure(
        world=world,
        scene=draw_map(world, scenario.state, sun, _window(cameras, world)),
        sun=sun,
        middle=cameras.middle,
        seed=seed,
        mark=mark,
    )
    bias = scenario.rpc_bias
    return Picture(
        cameras=cameras,
        pan_rpc=fit_rpc(bias.applied(cameras.pan), cameras.pan.shape, cameras.heights_m),
        ms_rpc=fit_rpc(bias.applied(cameras.ms, 0.25), cameras.ms.shape, cameras.heights_m),
        pan=expose(exposure, PAN_ARRAY, cameras.pan)[None],
        ms=np.stack([expose(exposure, array, cameras.ms) for array in MS_ARRAYS]),
        mark=mark,
    )


def dimap_images(picture: Picture, scenario: Scenario) -> tuple[DimapImage, DimapImage]:
    """A picture as a product's two images, with angles and times.

    Raises:
        UsageError: The picture does not carry the mark: it is not for files.
    """
    if not picture.mark:
        raise UsageError(
            "a picture without the mark SIMULATED must not be written",
            subject=scenario.name,
            remedy="take it with its mark, or use its arrays in memory",
        )
    return (
        _image("P", picture.pan, (PAN_ARRAY,), picture.cameras.pan, picture.pan_rpc, scenario),
        _image("MS", picture.ms, MS_ARRAYS, picture.cameras.ms, picture.ms_rpc, scenario),
    )


def _image(
    kind: str,
    counts: NDArray[np.uint16],
    arrays: tuple[Array, ...],
    camera: Camera,
    rpc: FittedRPC,
    scenario: Scenario,
) -> DimapImage:
    height = rpc.model.height_off
    rows, cols = camera.shape
    return DimapImage(
        kind=kind,
        counts=counts,
        bands=tuple(
            DimapBand(id=a.id, band=a.band, gain=a.gain, bias=0.0, irradiance=a.irradiance)
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


def _window(cameras: Cameras, world: World) -> tuple[float, float, float, float]:
    """The part of the plane that any ray of the two products may meet, with a margin."""
    x, y = [], []
    for camera in (cameras.pan, cameras.ms):
        rows, cols = camera.shape
        col, row, height = np.meshgrid([-20, cols + 20], [-20, rows + 20], cameras.heights_m)
        wide = replace(camera, margin_px=1e6)
        places = world.relief.plane.from_lonlat(*wide.locate(col, row, height))
        x.append(places[0])
        y.append(places[1])
    margin = 60.0
    return (
        float(np.min(x) - margin),
        float(np.min(y) - margin),
        float(np.max(x) + margin),
        float(np.max(y) + margin),
    )
