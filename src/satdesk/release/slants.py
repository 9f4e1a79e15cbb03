"""How the sun and the satellite stand over the grid of a job."""

from __future__ import annotations

import numpy as np
from odc.geo.geobox import GeoBox

from satdesk.core.scene import Scene, SourceImage
from satdesk.core.sensor import SensorModel
from satdesk.core.slant import Slant
from satdesk.geometry.affine import mapped
from satdesk.geometry.frames import crs_of, from_lonlat, pixel_size_m, to_lonlat, true_north_deg
from satdesk.radiometry.calibrate import sun_position

__all__ = ["sun_slant", "view_slant"]

_RISE_M = 100.0


def sun_slant(scene: Scene, grid: GeoBox) -> Slant | None:
    """The way to the sun as the provider states it, else from the instant; None = not known."""
    stated = scene.center
    elevation = None if stated is None else stated.sun_elevation_deg
    azimuth = None if stated is None else stated.sun_azimuth_deg
    lon, lat = _middle(grid)
    instant = None if scene.acquisition is None else scene.acquisition.instant
    if (elevation is None or azimuth is None) and instant is not None:
        elevation, azimuth = sun_position(instant, lon, lat)
    if elevation is None or azimuth is None or elevation <= 0:
        return None
    return _slant(azimuth, elevation, grid)


def view_slant(scene: Scene, image: SourceImage, grid: GeoBox) -> Slant | None:
    """The way to the satellite: from the image's own camera, else as stated; None = not known."""
    if image.model is not None:
        return _seen_along(image, image.model, grid)
    stated = scene.center
    if stated is None or stated.incidence_deg is None or stated.view_azimuth_deg is None:
        return None
    return _slant(stated.view_azimuth_deg, 90 - stated.incidence_deg, grid)


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


def _slant(azimuth: float, elevation: float, grid: GeoBox) -> Slant:
    north = true_north_deg(crs_of(grid), *_middle(grid))
    across, down = pixel_size_m(grid)
    return Slant.towards(azimuth, elevation, pixel_m=float(np.sqrt(across * down)), north_deg=north)


def _middle(grid: GeoBox) -> tuple[float, float]:
    rows, cols = grid.shape
    x, y = mapped(grid.affine, np.array([cols / 2]), np.array([rows / 2]))
    lon, lat = to_lonlat(crs_of(grid), x, y)
    return float(lon[0]), float(lat[0])
