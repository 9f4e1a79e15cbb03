"""What hides the ground of a picture, from all that is known of it: flags, and how they came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satdesk.core.cover import Cover
from satdesk.radiometry.cloud_shadows import Sighting, cast_from, darkness, found_height
from satdesk.radiometry.clouds import around, bright_white, grown_clouds
from satdesk.radiometry.snow import white_ground

__all__ = ["CoverFound", "Picture", "find_cover"]

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

_CLOUD_HEIGHTS_M = np.arange(400.0, 12_001.0, 200.0)
"""Above the mean of the ground."""
_BUFFER_M = 30.0
_SNOW_REACH_M = 150.0
_CLEARANCE_M = 30.0
_SEARCHED_CELLS = 120_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """A scene on the grid on which its cover is told.

    Attributes:
        planes: ``(y, x)`` reflectance by band; numbers where not valid mean nothing.
        valid: ``(y, x)``, True = imaged.
        pixel_m: Of the grid.
        saturated: ``(y, x)``, True = a band is at the end of its range; None = nobody states it.
        shaded: ``(y, x)``, True = relief stands before the sun; None = sun or relief unknown.
        sighting: Ground, sun and view; None = the sun is not known: no shadow can be checked.
        clouds: ``(y, x)``, what others call cloud (a network, the provider); None = nobody.
    """

    planes: Mapping[str, Floats]
    valid: Bools
    pixel_m: float
    saturated: Bools | None = None
    shaded: Bools | None = None
    sighting: Sighting | None = None
    clouds: Bools | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoverFound:
    """The cover of a picture.

    Attributes:
        flags: ``(y, x)`` uint8 of `core.cover.Cover`; 0 where not valid.
        cloud_height_m: Of the clouds above the mean ground, from their shadows; None = no cloud,
            no sun, or no shadow that fits.
        score: Of the fit of clouds to shadows at that height; 0 without.
    """

    flags: NDArray[np.uint8]
    cloud_height_m: float | None = None
    score: float = 0.0


def find_cover(picture: Picture) -> CoverFound:
    """Flags of a picture by the classical rules, with what others know.

    Raises:
        UsageError: The picture has fewer than two visible bands, and nobody else names its clouds.
    """
    white = bright_white(picture.planes, picture.valid, picture.pixel_m)
    snow = white_ground(picture.planes, white, picture.pixel_m)
    cores = white & ~snow
    if picture.clouds is not None:
        cores |= picture.clouds & picture.valid
    # What is bright beside snow is more snow: nothing tells a thin cloud there.
    open_ground = picture.valid & ~around(snow, _SNOW_REACH_M / picture.pixel_m)
    clouds = grown_clouds(cores, picture.planes, open_ground, picture.pixel_m)
    clouds = around(clouds, _BUFFER_M / picture.pixel_m) & picture.valid
    shadow, height, score = _shadows(picture, clouds)
    flags = np.zeros(clouds.shape, np.uint8)
    for mask, flag in (
        (clouds, Cover.CLOUD),
        (shadow & ~clouds, Cover.CLOUD_SHADOW),
        (snow & ~clouds, Cover.SNOW),
        (picture.shaded, Cover.TERRAIN_SHADOW),
        (picture.saturated, Cover.SATURATED),
    ):
        if mask is not None:
            flags |= np.where(mask & picture.valid, np.uint8(flag), np.uint8(0))
    return CoverFound(flags=flags, cloud_height_m=height, score=score)


def _shadows(picture: Picture, clouds: Bools) -> tuple[Bools, float | None, float]:
    """Shadows of clouds, the clouds' height above the mean ground, and the score of the fit."""
    nothing = np.zeros(clouds.shape, np.bool_)
    sighting = picture.sighting
    if sighting is None or not clouds.any():
        return nothing, None, 0.0
    ground = picture.valid & ~around(clouds, _CLEARANCE_M / picture.pixel_m)
    if picture.shaded is not None:
        ground &= ~picture.shaded
    dark = darkness(picture.planes, ground, picture.pixel_m)
    mean = float(sighting.heights.mean())
    k = max(int(np.sqrt(clouds.size / _SEARCHED_CELLS)), 1)
    height, scores = found_height(
        clouds[::k, ::k],
        dark[::k, ::k],
        ground[::k, ::k],
        sighting.thinned(k),
        mean + _CLOUD_HEIGHTS_M,
    )
    if height is None:
        return nothing, None, 0.0
    return cast_from(clouds, sighting, height) > 0.5, height - mean, max(scores)
