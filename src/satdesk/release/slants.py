"""How the sun and the satellite stand over the grid of a job."""

from __future__ import annotations

import math

import numpy as np
from odc.geo.geobox import GeoBox

from satdesk.core.scene import Scene, SourceImage
from satdesk.core.sensor import SensorModel
from satdesk.core.slant import Slant
from satdesk.geometry.affine import mapped
from satdesk.geometry.frames import crs_of, from_lonlat, pixel_size_m, to_lonlat, true_north_deg
from satdesk.radiometry.calibrate import sun_position
from satdesk.release.scenes import image_center

__all__ = ["pixel_slants", "sun_angles", "sun_slant", "view_angles", "view_slant"]

_RISE_M = 100.0
_EARTH_M = 6_371_000.0


def sun_slant(scene: Scene, grid: GeoBox) -> Slant | None:
    """The way to the sun as the provider states it, else from the instant; None = not known."""
    angles = sun_angles(scene, *_middle(grid))
    return None if angles is None else _slant(*angles, grid)


def sun_angles(scene: Scene, lon: float, lat: float) -> tuple[float, float] | None:
    """Azimuth and elevation in degrees; None = not known, or below the horizon."""
    stated = scene.center
    elevation = None if stated is None else stated.sun_elevation_deg
    azimuth = None if stated is None else stated.sun_azimuth_deg
    instant = None if scene.acquisition is None else scene.acquisition.instant
    if (elevation is None or azimuth is None) and instant is not None:
        elevation, azimuth = sun_position(instant, lon, lat)
    if elevation is None or azimuth is None or elevation <= 0:
        return None
    return azimuth, elevation


def view_slant(scene: Scene, image: SourceImage, grid: GeoBox) -> Slant | None:
    """The way to the satellite: from the image's own camera, else as stated; None = not known."""
    if image.model is not None:
        return _seen_along(image, image.model, grid)
    stated = scene.center
    if stated is None or stated.incidence_deg is None or stated.view_azimuth_deg is None:
        return None
    return _slant(stated.view_azimuth_deg, 90 - stated.incidence_deg, grid)


def view_angles(scene: Scene, image: SourceImage) -> tuple[float, float] | None:
    """Zenith angle of the satellite at the image's centre, and its azimuth from there, degrees.

    From the image's own camera, else as stated; None = not known.
    """
    if image.model is None:
        stated = scene.center
        if stated is None or stated.incidence_deg is None:
            return None
        return stated.incidence_deg, stated.view_azimuth_deg or 0.0
    rows, cols = image.grid.shape
    col, row = mapped(image.grid.affine, np.array([cols / 2]), np.array([rows / 2]))
    low = float(getattr(image.model, "height_off", 0.0))
    heights = np.array([low, low + _RISE_M])
    lon, lat = image.model.locate(np.repeat(col, 2), np.repeat(row, 2), heights)
    east = math.radians(lon[1] - lon[0]) * math.cos(math.radians(lat[0])) * _EARTH_M
    north = math.radians(lat[1] - lat[0]) * _EARTH_M
    zenith = math.degrees(math.atan2(math.hypot(east, north), _RISE_M))
    return zenith, math.degrees(math.atan2(east, north)) % 360


def _seen_along(image: SourceImage, model: SensorModel, grid: GeoBox) -> Slant:
    """What a hundred metres up move the place that the image's centre shows."""
    rows, cols = image.grid.shape
    col, row = mapped(image.grid.affine, np.array([cols / 2]), np.array([rows / 2]))
    low = float(getattr(model, "height_off", 0.0))
    lon, lat = model.locate(np.repeat(col, 2), np.repeat(row, 2), np.array([low, low + _RISE_M]))
    x, y = from_lonlat(crs_of(grid), lon, lat)
    at_col, at_row = mapped(~grid.affine, x, y)
    return Slant(
        col=float(at_col[1] - at_col[0]) / _RISE_M, row=float(at_row[1] - at_row[0]) / _RISE_M
    )


def pixel_slants(scene: Scene, image: SourceImage) -> tuple[Slant, Slant] | None:
    """The ways to the sun and to the satellite in the pixels of an image in sensor geometry.

    The ground is taken as level at the height of the camera model's middle. None = no sun or no
    camera is known.
    """
    model = image.model
    sun = sun_angles(scene, *image_center(image))
    if model is None or sun is None:
        return None
    azimuth, elevation = np.radians(sun)
    rows, cols = image.grid.shape
    col, row = mapped(image.grid.affine, np.array([cols / 2]), np.array([rows / 2]))
    low = np.array([float(getattr(model, "height_off", 0.0))])
    lon, lat = model.locate(col, row, low)
    reach = _RISE_M / np.tan(elevation)
    east = lon + np.degrees(reach * np.sin(azimuth) / (_EARTH_M * np.cos(np.radians(lat))))
    north = lat + np.degrees(reach * np.cos(azimuth) / _EARTH_M)
    sunward = model.project(east, north, low)
    above = model.project(lon, lat, low + _RISE_M)
    # What hangs over a place is seen where it is, shifted; the ground below is seen unshifted.
    return (
        Slant(
            col=float(sunward[0][0] - col[0]) / _RISE_M,
            row=float(sunward[1][0] - row[0]) / _RISE_M,
        ),
        Slant(
            col=float(col[0] - above[0][0]) / _RISE_M,
            row=float(row[0] - above[1][0]) / _RISE_M,
        ),
    )


def _slant(azimuth: float, elevation: float, grid: GeoBox) -> Slant:
    north = true_north_deg(crs_of(grid), *_middle(grid))
    across, down = pixel_size_m(grid)
    return Slant.towards(azimuth, elevation, pixel_m=float(np.sqrt(across * down)), north_deg=north)


def _middle(grid: GeoBox) -> tuple[float, float]:
    rows, cols = grid.shape
    x, y = mapped(grid.affine, np.array([cols / 2]), np.array([rows / 2]))
    lon, lat = to_lonlat(crs_of(grid), x, y)
    return float(lon[0]), float(lat[0])
