"""What hangs in the air: clouds at a height that the wind moves, and haze that varies.

A cloud is a thin sheet at one height with an optical thickness for every place, from fractal noise.
It is met twice: by the ray to the camera and, elsewhere, by the ray from the sun to the ground.
Arrays that look at other times and from other places see it at other places.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from satdesk.errors import UsageError
from satdesk.simulate.noise import noise

__all__ = ["CLOUD_DEPTH", "Clouds", "Haze", "Sheet", "Sky", "cloud_light", "haze_depth", "sheet"]

Floats = NDArray[np.floating]

CLOUD_DEPTH = 0.3
"""Optical thickness from which the truth calls a place cloud, or shadow of one."""

_STEP_M = 10.0
_OCTAVES_M = (2400.0, 1150.0, 560.0, 270.0, 130.0, 62.0, 29.0)
_ROUGHNESS = 0.5
_GROWTH = 4.5
_SAMPLES = 160
_SEED = 7000


@dataclass(frozen=True, slots=True, kw_only=True)
class Clouds:
    """A sheet of clouds.

    Attributes:
        share: Of the picture that it hides, 0–1.
        above_m: Height above the ground of the picture's middle.
        thickest: Largest optical thickness.
        wind_m_s: To the east and to the north.

    Raises:
        UsageError: No possible share, or a sheet lower than 500 m.
    """

    share: float
    above_m: float = 2500.0
    thickest: float = 25.0
    wind_m_s: tuple[float, float] = (9.0, 4.0)

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise UsageError(
                "clouds hide a share of a picture",
                found=f"{self.share:g}",
                expected="above 0, at most 1",
            )
        if self.above_m < 500:
            raise UsageError(
                "clouds must hang higher",
                found=f"{self.above_m:g} m above the ground",
                expected="500 m or more",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Haze:
    """Haze near the ground.

    Attributes:
        depth: Mean optical thickness at 550 nm; 0.1 is slight, 0.5 thick.
        unevenness: Standard deviation of the thickness over its mean.
    """

    depth: float
    unevenness: float = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Sky:
    """The weather of a picture: clouds, haze, both or neither."""

    clouds: Clouds | None = None
    haze: Haze | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Clouds of one picture, with the level of the noise at which they begin.

    Attributes:
        clouds: What is wanted.
        height_m: Above the ellipsoid.
        level: The noise from which a place is cloud.
        seed: Of the noise.
    """

    clouds: Clouds
    height_m: float
    level: float
    seed: int = field(default=0)

    def depth(self, x: Floats, y: Floats, time_s: Floats) -> Floats:
        """Vertical optical thickness at places of the plane and times, float32."""
        east, north = self.clouds.wind_m_s
        x, y = x - east * time_s, y - north * time_s
        values, west, top = _raster(self.seed, x, y)
        at = [(top - y) / _STEP_M, (x - west) / _STEP_M]
        level = map_coordinates(values, at, order=1, mode="nearest", output=np.float32)
        thick = np.float32(CLOUD_DEPTH) * np.exp(
            np.float32(_GROWTH) * (level - np.float32(self.level))
        )
        return np.asarray(np.minimum(thick, np.float32(self.clouds.thickest)))


def sheet(clouds: Clouds, height_m: float, corners: tuple[Floats, Floats], seed: int) -> Sheet:
    """Clouds that hide the wanted share of a picture.

    Args:
        clouds: What is wanted.
        height_m: Of the sheet above the ellipsoid.
        corners: ``x, y`` of the picture's four corners on the sheet, clockwise.
        seed: Of the world.
    """
    across = np.linspace(0, 1, _SAMPLES)
    u, v = np.meshgrid(across, across)
    weights = ((1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v)
    x, y = (sum(w * c for w, c in zip(weights, corner, strict=True)) for corner in corners)
    values, west, top = _raster(seed + _SEED, x, y)
    level = map_coordinates(values, [(top - y) / _STEP_M, (x - west) / _STEP_M], order=1)
    return Sheet(
        clouds=clouds,
        height_m=height_m,
        level=float(np.quantile(level, 1 - clouds.share)),
        seed=seed + _SEED,
    )


def cloud_light(
    light: Floats, over: Floats, shading: Floats, share: float
) -> tuple[Floats, Floats, Floats]:
    """The ground's light under clouds, what of it reaches the camera, and the clouds' own light.

    Thin clouds let half of what they scatter through; their own brightness follows a two-stream
    approximation with an asymmetry of 0.85 (Bohren, *Am. J. Phys.* 55, 1987).

    Args:
        light: Reflectance of the ground in the sun.
        over: Optical thickness on the way to the camera.
        shading: Optical thickness on the way from the sun.
        share: Of the light that comes straight from the sun.

    Returns:
        Reflectance of the ground, transmittance, reflectance of the clouds.
    """
    thin = np.float32(0.5)
    # Some of the light that a thick cloud takes comes out of its sides and foot.
    darkened = light * (1 - np.float32(0.8 * share) * (1 - np.exp(-thin * shading)))
    scattered = np.float32(0.075) * over
    return darkened, np.exp(-thin * over), np.float32(0.95) * scattered / (1 + scattered)


def haze_depth(haze: Haze, x: Floats, y: Floats, seed: int) -> Floats:
    """Optical thickness at 550 nm at places of the plane, float32."""
    step = 200.0
    west, top = np.floor(x.min() / step) - 1, np.ceil(y.max() / step) + 1
    cols = int(np.ceil(x.max() / step) - west) + 3
    rows = int(top - np.floor(y.min() / step)) + 3
    axes = (step * (west + np.arange(cols)), step * (top - np.arange(rows)))
    field = 0.8 * noise(axes, 5300.0, seed + _SEED + 50) + 0.6 * noise(
        axes, 1700.0, seed + _SEED + 51
    )
    depth = haze.depth * np.maximum(1 + haze.unevenness * field, 0.1)
    at = [top - y / step, x / step - west]
    return np.asarray(map_coordinates(depth, at, order=1, mode="nearest", output=np.float32))


def _raster(seed: int, x: Floats, y: Floats) -> tuple[Floats, float, float]:
    """Fractal noise around places, its first column's x and first row's y."""
    west, top = np.floor(x.min() / _STEP_M) - 1, np.ceil(y.max() / _STEP_M) + 1
    cols = int(np.ceil(x.max() / _STEP_M) - west) + 3
    rows = int(top - np.floor(y.min() / _STEP_M)) + 3
    axes = (_STEP_M * (west + np.arange(cols)), _STEP_M * (top - np.arange(rows)))
    field = np.zeros((rows, cols), np.float32)
    for number, wavelength in enumerate(_OCTAVES_M):
        strength = np.float32((wavelength / _OCTAVES_M[0]) ** _ROUGHNESS)
        field += strength * noise(axes, wavelength, seed + number)
    return field, float(_STEP_M * west), float(_STEP_M * top)
