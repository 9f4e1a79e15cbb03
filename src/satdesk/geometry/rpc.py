"""Rational polynomial camera models (RPC): ground to image, and its exact inverse.

The model is the one of NIMA's *The Compendium of Controlled Extensions for the National Imagery
Transmission Format*, appendix E, RPC00B: normalised line and sample are each a ratio of two
cubics in normalised longitude L, latitude P and height H, their 20 terms in the order ::

    1  L  P  H  LP  LH  PH  L²  P²  H²  PLH  L³  LP²  LH²  L²P  P³  PH²  L²H  P²H  H³

Only this direction (ground to image) is used. A provider's second set of coefficients for the
way back is another fit with errors of its own; `RPC.locate` inverts this one instead.

Everything is elementwise arithmetic: no matrix product, whose order of summation may depend on
the array's length, so that a pixel's value does not depend on the tile that it is computed in.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from satdesk.core.sensor import FloatArray
from satdesk.errors import BrokenInputError

__all__ = ["RPC", "Domain", "max_difference"]

DOMAIN_MARGIN = 0.5
"""Positions are accepted up to this share of the domain's half-width outside of it."""

HEIGHT_MARGIN_M = 500.0
"""Heights are accepted at least this far outside the domain (IKONOS states ±82 m in places)."""

_CHUNK = 1 << 16
_NEWTON_STEPS = 30
_NEWTON_PX = 1e-8
_ACCEPTED_PX = 1e-6
_SMALLEST_DENOMINATOR = 1e-3

Cubic = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """Where a provider declares a model valid.

    Attributes:
        lon_min: Western edge, degrees.
        lon_max: Eastern edge, degrees; less than `lon_min` where it crosses the antimeridian.
        lat_min: Southern edge, degrees.
        lat_max: Northern edge, degrees.
        height_min: Lowest height above the ellipsoid, metres.
        height_max: Highest height above the ellipsoid, metres.

    Raises:
        BrokenInputError: An edge is not finite, or the edges do not ascend.
    """

    lon_min: float
    lon_max: float
    lat_min: float
    lat_max: float
    height_min: float
    height_max: float

    def __post_init__(self) -> None:
        edges = tuple(getattr(self, f.name) for f in fields(self))
        ascends = self.lat_min < self.lat_max and self.height_min <= self.height_max
        if not all(map(math.isfinite, edges)) or not ascends or self.lon_min == self.lon_max:
            raise BrokenInputError(
                "an RPC's domain must be finite and ascend", found=str(edges), expected="min < max"
            )

    @property
    def center(self) -> tuple[float, float]:
        """Longitude and latitude of the middle, degrees."""
        return self.lon_min + self.half_width[0], (self.lat_min + self.lat_max) / 2

    @property
    def half_width(self) -> tuple[float, float]:
        """Half the extent in longitude and in latitude, degrees."""
        return (self.lon_max - self.lon_min) % 360 / 2, (self.lat_max - self.lat_min) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RPC:
    """One RPC: a frozen `SensorModel`.

    Offsets are in our count (outer corner of the full image = 0, first pixel's centre = 0.5);
    whoever reads a file adds what its own count lacks. Scales may be negative.

    A result is NaN where the position lies outside the domain: beyond the declared `domain` (else
    beyond offset ± scale) by more than `DOMAIN_MARGIN` of its half-width, in height by more than
    one half-height or `HEIGHT_MARGIN_M`, whichever is larger; where a denominator has lost its
    sign or nearly vanished; and where Newton's method does not settle.

    Attributes:
        line_off: Row of the normalisation's centre, pixels.
        samp_off: Column of the normalisation's centre, pixels.
        lat_off: Latitude of the centre, degrees.
        lon_off: Longitude of the centre, degrees.
        height_off: Height of the centre, metres above the ellipsoid.
        line_scale: Rows per normalised unit.
        samp_scale: Columns per normalised unit.
        lat_scale: Degrees per normalised unit.
        lon_scale: Degrees per normalised unit.
        height_scale: Metres per normalised unit.
        line_num: 20 coefficients, RPC00B order.
        line_den: As above.
        samp_num: As above.
        samp_den: As above.
        domain: As the provider declares it; None = not declared.

    Raises:
        BrokenInputError: A number is not finite, a scale is zero, a polynomial has not 20 terms,
            vanishes, or does not move with the ground.
    """

    line_off: float
    samp_off: float
    lat_off: float
    lon_off: float
    height_off: float
    line_scale: float
    samp_scale: float
    lat_scale: float
    lon_scale: float
    height_scale: float
    line_num: Cubic
    line_den: Cubic
    samp_num: Cubic
    samp_den: Cubic
    domain: Domain | None = None

    def __post_init__(self) -> None:
        for name in _OFFSETS + _SCALES:
            _check_number(name, getattr(self, name), zero_allowed=name in _OFFSETS)
        for name in _CUBICS:
            # lists and arrays would neither compare nor hash
            object.__setattr__(self, name, tuple(float(c) for c in getattr(self, name)))
            _check_cubic(name, getattr(self, name))
        if abs(self.lat_off) > 90 or abs(self.lon_off) > 360:
            raise BrokenInputError(
                "an RPC's centre must lie on the Earth",
                found=f"longitude {self.lon_off:g}, latitude {self.lat_off:g}",
                expected="degrees",
            )
        _check_moves(self)
        if self.domain is not None and not self._contains_center(self.domain):
            raise BrokenInputError(
                "an RPC's declared domain must contain its own centre",
                found=f"{self.domain} and the centre {self.lon_off:g} {self.lat_off:g}",
                expected="longitudes and latitudes around the centre (are they swapped?)",
            )

    def project(
        self, lon: ArrayLike, lat: ArrayLike, height: ArrayLike
    ) -> tuple[FloatArray, FloatArray]:
        """Ground to image.

        Args:
            lon: Longitude in degrees; any multiple of 360 may be added.
            lat: Latitude in degrees.
            height: Metres above the WGS 84 ellipsoid.

        Returns:
            ``col, row`` of the broadcast shape; NaN outside the domain.
        """
        return _chunked(self._project, lon, lat, height)

    def locate(
        self, col: ArrayLike, row: ArrayLike, height: ArrayLike
    ) -> tuple[FloatArray, FloatArray]:
        """Image to ground, by Newton's method on `project` until 1e-8 px.

        Args:
            col: Column from the outer corner of the full image.
            row: Row, likewise.
            height: Metres above the WGS 84 ellipsoid at which the ray is to stop.

        Returns:
            ``lon, lat`` in degrees, longitude in [−180, 180); NaN where the answer would lie
            outside the domain or `project` does not return to it within 1e-6 px.
        """
        return _chunked(self._locate, col, row, height)

    def _contains_center(self, domain: Domain) -> bool:
        (lon, lat), (half_lon, half_lat) = domain.center, domain.half_width
        near_lon = abs((self.lon_off - lon + 180) % 360 - 180) <= half_lon
        return near_lon and abs(self.lat_off - lat) <= half_lat

    @property
    def height_range(self) -> tuple[float, float]:
        """Lowest and highest height that the model is declared for, metres."""
        if self.domain is not None and self.domain.height_min < self.domain.height_max:
            return self.domain.height_min, self.domain.height_max
        half = abs(self.height_scale)
        return self.height_off - half, self.height_off + half

    def _project(
        self, lon: FloatArray, lat: FloatArray, height: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        with np.errstate(all="ignore"):
            L = _wrapped(lon - self.lon_off) / self.lon_scale
            P = (lat - self.lat_off) / self.lat_scale
            H = (height - self.height_off) / self.height_scale
            col = self.samp_off + self.samp_scale * _ratio(self.samp_num, self.samp_den, L, P, H)
            row = self.line_off + self.line_scale * _ratio(self.line_num, self.line_den, L, P, H)
            inside = self._inside(lon, lat, height) & np.isfinite(col + row)
        return np.where(inside, col, np.nan), np.where(inside, row, np.nan)

    def _locate(
        self, col: FloatArray, row: FloatArray, height: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        with np.errstate(all="ignore"):
            H = (height - self.height_off) / self.height_scale
            aim_col = (col - self.samp_off) / self.samp_scale
            aim_row = (row - self.line_off) / self.line_scale
            L, P = self._newton(aim_col, aim_row, H)
            lon = _wrapped(self.lon_off + L * self.lon_scale)
            lat = self.lat_off + P * self.lat_scale
            there_col, there_row = self._project(lon, lat, height)
            settled = (abs(there_col - col) <= _ACCEPTED_PX) & (
                abs(there_row - row) <= _ACCEPTED_PX
            )
        return np.where(settled, lon, np.nan), np.where(settled, lat, np.nan)

    def _newton(
        self, aim_col: FloatArray, aim_row: FloatArray, H: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        L, P = np.zeros_like(H), np.zeros_like(H)
        goal_col, goal_row = _NEWTON_PX / abs(self.samp_scale), _NEWTON_PX / abs(self.line_scale)
        for _ in range(_NEWTON_STEPS):
            below_s, below_t = _cubic(self.samp_den, L, P, H), _cubic(self.line_den, L, P, H)
            s = _cubic(self.samp_num, L, P, H) / below_s
            t = _cubic(self.line_num, L, P, H) / below_t
            miss_s, miss_t = aim_col - s, aim_row - t
            # What has settled stays: an answer must not depend on its neighbours in the array.
            moving = (abs(miss_s) > goal_col) | (abs(miss_t) > goal_row)
            if not moving.any():
                break
            s_L, s_P = _gradient(self.samp_num, self.samp_den, s, below_s, (L, P, H))
            t_L, t_P = _gradient(self.line_num, self.line_den, t, below_t, (L, P, H))
            determinant = s_L * t_P - s_P * t_L
            step_L = (miss_s * t_P - miss_t * s_P) / determinant
            step_P = (miss_t * s_L - miss_s * t_L) / determinant
            # A step of at most one domain keeps a poor start from leaping behind a pole.
            L = np.where(moving, L + np.clip(step_L, -1, 1), L)
            P = np.where(moving, P + np.clip(step_P, -1, 1), P)
        return L, P

    def _inside(self, lon: FloatArray, lat: FloatArray, height: FloatArray) -> np.ndarray:
        center_lon, center_lat = self.lon_off, self.lat_off
        half_lon, half_lat = abs(self.lon_scale), abs(self.lat_scale)
        if self.domain is not None:
            (center_lon, center_lat), (half_lon, half_lat) = (
                self.domain.center,
                self.domain.half_width,
            )
        reach = 1 + DOMAIN_MARGIN
        lowest, highest = self.height_range
        margin_m = max((highest - lowest) / 2, HEIGHT_MARGIN_M)
        inside: np.ndarray = (
            (abs(_wrapped(lon - center_lon)) <= reach * half_lon)
            & (abs(lat - center_lat) <= reach * half_lat)
            & (height >= lowest - margin_m)
            & (height <= highest + margin_m)
        )
        return inside


def max_difference(a: RPC, b: RPC) -> float:
    """Largest distance in pixels between two models of one image.

    Rays through a 9 × 9 grid of each model's image, at five heights of its domain, are taken to
    the ground by that model and back into the image by the other.

    Returns:
        Pixels; infinite where one model sees ground that the other does not.
    """
    return max(_one_way_difference(a, b), _one_way_difference(b, a))


_OFFSETS = ("line_off", "samp_off", "lat_off", "lon_off", "height_off")
_SCALES = ("line_scale", "samp_scale", "lat_scale", "lon_scale", "height_scale")
_CUBICS = ("line_num", "line_den", "samp_num", "samp_den")


def _one_way_difference(a: RPC, b: RPC) -> float:
    steps = np.linspace(-1, 1, 9)
    heights = np.linspace(*a.height_range, 5)
    row, col, height = np.meshgrid(
        a.line_off + a.line_scale * steps, a.samp_off + a.samp_scale * steps, heights
    )
    lon, lat = a.locate(col, row, height)
    seen = np.isfinite(lon)
    if not seen.any():
        return math.inf
    b_col, b_row = b.project(lon[seen], lat[seen], height[seen])
    distance = np.hypot(b_col - col[seen], b_row - row[seen])
    return float(np.where(np.isnan(distance), math.inf, distance).max())


def _check_number(name: str, value: float, *, zero_allowed: bool) -> None:
    if not math.isfinite(value) or (value == 0 and not zero_allowed):
        raise BrokenInputError(
            f"an RPC's {name} cannot be used",
            found=repr(value),
            expected="a finite number" if zero_allowed else "a finite number other than 0",
        )


def _check_cubic(name: str, cubic: Cubic) -> None:
    if len(cubic) != 20 or not all(map(math.isfinite, cubic)):
        raise BrokenInputError(
            f"an RPC's {name} cannot be used", found=str(cubic), expected="20 finite numbers"
        )
    if not any(cubic) or (name.endswith("_den") and cubic[0] == 0):
        raise BrokenInputError(
            f"an RPC's {name} vanishes at its centre",
            found="zeros" if not any(cubic) else "a first coefficient of 0",
            expected="coefficients of a camera",
        )


def _check_moves(rpc: RPC) -> None:
    zero = np.zeros(1)
    s_L, s_P = _gradient_at(rpc.samp_num, rpc.samp_den, (zero, zero, zero))
    t_L, t_P = _gradient_at(rpc.line_num, rpc.line_den, (zero, zero, zero))
    if (s_L * t_P - s_P * t_L).item() == 0:
        raise BrokenInputError(
            "an RPC's image does not move with the ground",
            found="a singular derivative at the centre",
            expected="line and sample that depend on longitude and latitude",
        )


def _wrapped(degrees: FloatArray) -> FloatArray:
    """Into [−180, 180); values already there stay as they are, to the last bit."""
    wrapped: FloatArray = np.where(
        (degrees >= -180) & (degrees < 180), degrees, (degrees + 180) % 360 - 180
    )
    return wrapped


def _cubic(c: Cubic, L: FloatArray, P: FloatArray, H: FloatArray) -> FloatArray:
    """The cubic by Horner's rule, first in H, then in P, then in L."""
    h0 = (
        c[0]
        + L * (c[1] + L * (c[7] + L * c[11]))
        + P * (c[2] + L * (c[4] + L * c[14]) + P * (c[8] + L * c[12] + P * c[15]))
    )
    h1 = c[3] + L * (c[5] + L * c[17]) + P * (c[6] + L * c[10] + P * c[18])
    h2 = c[9] + L * c[13] + P * c[16]
    value: FloatArray = h0 + H * (h1 + H * (h2 + H * c[19]))
    return value


def _slopes(c: Cubic, L: FloatArray, P: FloatArray, H: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Derivatives of the cubic with respect to L and P."""
    by_L = (
        c[1]
        + L * (2 * c[7] + L * (3 * c[11]))
        + P * (c[4] + L * (2 * c[14]) + P * c[12])
        + H * (c[5] + L * (2 * c[17]) + P * c[10] + H * c[13])
    )
    by_P = (
        c[2]
        + L * (c[4] + L * c[14])
        + P * (2 * c[8] + L * (2 * c[12]) + P * (3 * c[15]))
        + H * (c[6] + L * c[10] + P * (2 * c[18]) + H * c[16])
    )
    return by_L, by_P


def _ratio(num: Cubic, den: Cubic, L: FloatArray, P: FloatArray, H: FloatArray) -> FloatArray:
    below = _cubic(den, L, P, H)
    ratio: FloatArray = np.where(
        below / den[0] > _SMALLEST_DENOMINATOR, _cubic(num, L, P, H) / below, np.nan
    )
    return ratio


def _gradient(
    num: Cubic,
    den: Cubic,
    ratio: FloatArray,
    below: FloatArray,
    at: tuple[FloatArray, FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """Derivatives of `ratio`, whose denominator is `below`, with respect to L and P."""
    above_L, above_P = _slopes(num, *at)
    below_L, below_P = _slopes(den, *at)
    return (above_L - ratio * below_L) / below, (above_P - ratio * below_P) / below


def _gradient_at(
    num: Cubic, den: Cubic, at: tuple[FloatArray, FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Derivatives of the ratio with respect to L and P."""
    below = _cubic(den, *at)
    return _gradient(num, den, _cubic(num, *at) / below, below, at)


def _chunked(
    evaluate: Callable[[FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]],
    *arguments: ArrayLike,
) -> tuple[FloatArray, FloatArray]:
    """Evaluate in pieces that stay in the processor's cache, whatever the array's size."""
    x, y, z = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in arguments))
    shape = x.shape
    x, y, z = x.ravel(), y.ravel(), z.ravel()
    first, second = np.empty(x.size), np.empty(x.size)
    for start in range(0, x.size, _CHUNK):
        piece = slice(start, start + _CHUNK)
        first[piece], second[piece] = evaluate(x[piece], y[piece], z[piece])
    return first.reshape(shape), second.reshape(shape)
