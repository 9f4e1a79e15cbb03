"""A first step from the top of the atmosphere towards the ground: Rayleigh, and what is dark.

What this is not: surface reflectance. Aerosol is known only as far as the darkest pixels tell it,
gases do not absorb here, the ground is flat and its light does not spill over from its neighbours.
It takes the veil off, evenly over a scene; two dates do not become comparable by it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from satdesk.errors import UsageError

__all__ = [
    "ANGSTROM",
    "DARK_REFLECTANCE",
    "dark_object",
    "haze_path",
    "pressure_hpa",
    "rayleigh_depth",
    "rayleigh_reflectance",
    "unveiled",
]

SEA_LEVEL_HPA = 1013.25
DARK_REFLECTANCE = 0.01
"""What the darkest ground reflects (Chavez 1996, Photogramm. Eng. Remote Sens. 62, 1025–1036)."""
ANGSTROM = 1.3
"""How haze fades with wavelength: ``λ^−1.3`` (Ångström 1929, Geogr. Ann. 11, 156–166)."""
_DARK_PERCENT = 0.1
_LEAST_PIXELS = 1000


def pressure_hpa(height_m: ArrayLike) -> NDArray[np.float64]:
    """Pressure at a height above mean sea level, hPa.

    Source: ISO 2533:1975, standard atmosphere up to 11 km.

    Args:
        height_m: Above mean sea level, any shape; NaN stays NaN.
    """
    return np.asarray(
        SEA_LEVEL_HPA * (1 - 0.0065 * np.asarray(height_m, dtype=np.float64) / 288.15) ** 5.25588
    )


def rayleigh_depth(wavelength_nm: float, pressure: float = SEA_LEVEL_HPA) -> float:
    """Optical depth of clean air above a place with `pressure` (hPa).

    Source: J. E. Hansen, L. D. Travis, Space Sci. Rev. 16 (1974) 527–610, equation 2.30.
    """
    squared = (wavelength_nm / 1000) ** -2
    return (
        0.008569 * squared**2 * (1 + 0.0113 * squared + 0.00013 * squared**2)
        * pressure / SEA_LEVEL_HPA
    )  # fmt: skip


def rayleigh_reflectance(
    wavelength_nm: float,
    *,
    sun_zenith_deg: float,
    view_zenith_deg: float,
    relative_azimuth_deg: float,
    pressure: float = SEA_LEVEL_HPA,
) -> float:
    """Reflectance that clean air adds, in single scattering: ``τ P(Θ) / (4 cos θs cos θv)``.

    ``P = 3/4 (1 + cos² Θ)``. Single scattering is within a tenth of the whole where τ is below 0.1
    (red, near infrared) and up to a quarter too low in the blue.

    Args:
        wavelength_nm: Middle of the band.
        sun_zenith_deg: 0 = overhead, below 80.
        view_zenith_deg: Likewise.
        relative_azimuth_deg: Between the sun and the satellite as seen from the target; 0 = same
            side, where light is scattered backwards.
        pressure: At the ground, hPa.

    Raises:
        UsageError: A zenith angle of 80° or more, where a flat atmosphere does not hold.
    """
    for angle in (sun_zenith_deg, view_zenith_deg):
        if not 0 <= angle < 80:
            raise UsageError(
                "a flat atmosphere needs sun and satellite well above the horizon",
                found=f"{angle:g} degrees from the zenith",
                expected="at least 0, below 80 degrees",
            )
    sun, view = math.radians(sun_zenith_deg), math.radians(view_zenith_deg)
    turned = math.cos(math.radians(relative_azimuth_deg))
    cosine = -(math.cos(sun) * math.cos(view) + math.sin(sun) * math.sin(view) * turned)
    phase = 0.75 * (1 + cosine**2)
    depth = rayleigh_depth(wavelength_nm, pressure)
    return depth * phase / (4 * math.cos(sun) * math.cos(view))


def dark_object(reflectance: NDArray[np.floating], valid: NDArray[np.bool_]) -> float:
    """Reflectance of the darkest thousandth of usable pixels, which path radiance explains at most.

    Source: P. S. Chavez, Remote Sens. Environ. 24 (1988) 459–479.

    Args:
        reflectance: ``(y, x)`` of one band.
        valid: ``(y, x)``, True = usable.

    Raises:
        UsageError: Fewer than 1000 usable pixels: nothing can be called dark among them.
    """
    known = np.asarray(reflectance, dtype=np.float64)[valid & np.isfinite(reflectance)]
    if known.size < _LEAST_PIXELS:
        raise UsageError(
            "a dark object needs a scene",
            found=f"{known.size} usable pixels",
            expected=f"at least {_LEAST_PIXELS}",
        )
    return float(np.percentile(known, _DARK_PERCENT))


def unveiled(
    reflectance: ArrayLike,
    *,
    path: ArrayLike,
    depth: ArrayLike,
    sun_zenith_deg: float,
    view_zenith_deg: float,
) -> NDArray[np.float64]:
    """``(ρ − path) / T``: less what the air adds, over what it lets through both ways.

    ``T = exp(−τ/2 / cos θs) · exp(−τ/2 / cos θv)``: half of what clean air scatters still arrives.

    Args:
        reflectance: At the top of the atmosphere, any shape; NaN stays NaN.
        path: From `rayleigh_reflectance` and `haze_path`; broadcast against `reflectance`.
        depth: From `rayleigh_depth`; likewise.
        sun_zenith_deg: 0 = overhead.
        view_zenith_deg: Likewise.
    """
    slant = 1 / math.cos(math.radians(sun_zenith_deg)) + 1 / math.cos(math.radians(view_zenith_deg))
    seen, added, thick = (np.asarray(v, dtype=np.float64) for v in (reflectance, path, depth))
    return np.asarray((seen - added) / np.exp(-thick / 2 * slant))


def haze_path(darkest: Sequence[float], wavelengths_nm: Sequence[float]) -> tuple[float, ...]:
    """Reflectance that haze adds to each band, from its darkest ground once clean air is off.

    The darkest ground reflects `DARK_REFLECTANCE` and the rest is haze; but no band has more of it
    than the band of the shortest wavelength has by ``(λ₀/λ)^1.3``, so that a near infrared without
    anything dark in it is not taken for haze. A band whose darkest ground lies below nothing had
    less air above it than the standard one: that much is given back.

    Source: P. S. Chavez, Remote Sens. Environ. 24 (1988) 459–479 (one band speaks for the others).

    Args:
        darkest: From `dark_object`, of reflectance less `rayleigh_reflectance`; one a band.
        wavelengths_nm: Middles of the bands.
    """
    first = min(range(len(wavelengths_nm)), key=lambda band: wavelengths_nm[band])
    most = max(darkest[first] - DARK_REFLECTANCE, 0.0)
    return tuple(
        min(dark, 0.0) + min(max(dark - DARK_REFLECTANCE, 0.0), most * faded)
        for dark, wavelength in zip(darkest, wavelengths_nm, strict=True)
        for faded in ((wavelengths_nm[first] / wavelength) ** ANGSTROM,)
    )
