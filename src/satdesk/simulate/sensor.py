"""The invented instrument: its arrays, its numbers, and how light becomes counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from satdesk.core.bands import BLUE, GREEN, NIR, PAN, RED, Band
from satdesk.simulate.camera import ALTITUDE_M, Attitude, Camera, Orbit
from satdesk.simulate.sun import Sun

__all__ = [
    "ARRAYS",
    "MS_ARRAYS",
    "PAN_ARRAY",
    "Array",
    "array_camera",
    "counts",
    "grain",
    "product_camera",
]

Floats = NDArray[np.floating]

_SQUARE = 256
GROUND_SPEED_M_S = 6780.0
SATURATED = 4095
MTF_SIGMA_PX = 0.42
"""Gaussian between detectors: sampled on them, it leaves 0.79 at their Nyquist frequency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Array:
    """One line of detectors.

    Attributes:
        id: The name in the metadata (``P``, ``B0`` …).
        band: Ours, with its pass band.
        look_along: Tangent of its forward look: its place on the focal plane.
        native_m: Pixel at nadir, metres.
        gain: Counts per W m⁻² sr⁻¹ µm⁻¹.
        irradiance: Sunlight at 1 au in the band, W m⁻² µm⁻¹.
        path_share: Reflectance that clear mountain air adds.
        clearness: Share of the ground's light that reaches the camera.
        plane: Plane of the ground's map that it sees (B, G, R, NIR = 0 … 3; PAN = −1).
    """

    id: str
    band: Band
    look_along: float
    native_m: float
    gain: float
    irradiance: float
    path_share: float
    clearness: float
    plane: int

    def haze(self, depth: Floats, sun: Sun) -> tuple[Floats, Floats]:
        """What haze adds as reflectance, and the share of the ground's light that it lets through.

        Single scattering, an eighth of it backwards, thickness falling with wavelength to the power
        of 1.3 (Ångström).

        Args:
            depth: Optical thickness at 550 nm.
            sun: Where it stands.
        """
        low, high = self.band.wavelength_nm or (550.0, 550.0)
        thick = depth * np.float32((550 / ((low + high) / 2)) ** 1.3)
        slant = np.float32(1 / np.sin(np.radians(sun.elevation_deg)))
        return np.float32(0.125) * slant * thick, np.exp(np.float32(-0.3) * (1 + slant) * thick)


def _band(band: Band, provider_id: str, low: float, high: float) -> Band:
    return Band(name=band.name, provider_id=provider_id, wavelength_nm=(low, high))


PAN_ARRAY = Array(
    id="P",
    band=_band(PAN, "P", 450, 745),
    look_along=0.0,
    native_m=2.0,
    gain=9.4,
    irradiance=1690.0,
    path_share=0.028,
    clearness=0.91,
    plane=-1,
)
MS_ARRAYS = (
    Array(
        id="B2",
        band=_band(RED, "B2", 625, 695),
        look_along=4.0e-3,
        native_m=8.0,
        gain=11.0,
        irradiance=1535.0,
        path_share=0.021,
        clearness=0.93,
        plane=2,
    ),
    Array(
        id="B1",
        band=_band(GREEN, "B1", 530, 590),
        look_along=4.5e-3,
        native_m=8.0,
        gain=10.0,
        irradiance=1825.0,
        path_share=0.033,
        clearness=0.90,
        plane=1,
    ),
    Array(
        id="B0",
        band=_band(BLUE, "B0", 455, 525),
        look_along=5.0e-3,
        native_m=8.0,
        gain=8.0,
        irradiance=1970.0,
        path_share=0.058,
        clearness=0.85,
        plane=0,
    ),
    Array(
        id="B3",
        band=_band(NIR, "B3", 760, 890),
        look_along=5.5e-3,
        native_m=8.0,
        gain=17.0,
        irradiance=1090.0,
        path_share=0.010,
        clearness=0.96,
        plane=3,
    ),
)
ARRAYS = (PAN_ARRAY, *MS_ARRAYS)
"""In the order in which they lie on the focal plane; MS planes are written in this order."""


def product_camera(
    orbit: Orbit, attitude: Attitude, shape: tuple[int, int], pixel_m: float, look_along: float
) -> Camera:
    """The virtual camera of a product's pixel grid, not yet centred."""
    return Camera(
        orbit=orbit,
        attitude=attitude,
        shape=shape,
        step=pixel_m / ALTITUDE_M,
        line_period_s=pixel_m / GROUND_SPEED_M_S,
        look_along=look_along,
    )


def array_camera(array: Array, product: Camera, margin_px: int) -> Camera:
    """The native camera of an array that covers a product, with a margin on each side."""
    scale = product.step * ALTITUDE_M / array.native_m
    rows, cols = (int(np.ceil(size * scale)) + 2 * margin_px for size in product.shape)
    return product_camera(
        product.orbit, product.attitude, (rows, cols), array.native_m, array.look_along
    )


def counts(array: Array, at_top: Floats, sun: Sun, chance: Floats) -> Floats:
    """Counts of an array, with blur, noise and quantisation, saturated at `SATURATED`.

    Args:
        array: The array.
        at_top: ``(y, x)`` reflectance at the top of the air, native pixels.
        sun: Of the scene's middle.
        chance: ``(y, x)`` standard normal numbers.
    """
    blurred = gaussian_filter(at_top.astype(np.float32), MTF_SIGMA_PX)
    cosine = np.sin(np.radians(sun.elevation_deg))
    radiance = np.float32(array.irradiance * cosine / (np.pi * sun.distance_au**2))
    signal = blurred * (radiance * np.float32(array.gain))
    # Shot noise of the light and a floor of the electronics; ratio near 150 at a mid grey.
    sigma = np.sqrt(np.float32(1.2**2) + np.float32(0.012) * np.maximum(signal, 0))
    return np.asarray(np.clip(np.rint(signal + sigma * chance), 1, SATURATED))


def grain(array: Array, rows: slice, cols: slice, seed: int) -> Floats:
    """Standard normal numbers ``(y, x)`` float32 of an array's detectors, fixed to its pixels.

    A detector's number is the same in whichever window it is asked for: numbers are drawn by
    squares of 256 pixels, each with a generator of its own.
    """
    drawn = np.empty((rows.stop - rows.start, cols.stop - cols.start), np.float32)
    number = [each.id for each in ARRAYS].index(array.id)
    for top in range(rows.start // _SQUARE, (rows.stop - 1) // _SQUARE + 1):
        for left in range(cols.start // _SQUARE, (cols.stop - 1) // _SQUARE + 1):
            # Windows may begin before the first detector: indices are lifted above zero.
            key = [seed, number, top + 4096, left + 4096]
            square = np.random.Generator(np.random.Philox(key)).standard_normal(
                (_SQUARE, _SQUARE), dtype=np.float32
            )
            to_rows, from_rows = _shared(rows, top)
            to_cols, from_cols = _shared(cols, left)
            drawn[to_rows, to_cols] = square[from_rows, from_cols]
    return drawn


def _shared(wanted: slice, index: int) -> tuple[slice, slice]:
    """Where a square lies in a window, and which part of the square that is."""
    first, last = max(wanted.start, index * _SQUARE), min(wanted.stop, (index + 1) * _SQUARE)
    return (
        slice(first - wanted.start, last - wanted.start),
        slice(first - index * _SQUARE, last - index * _SQUARE),
    )
