"""Map furniture as numbers: scale bars, true north, the graticule. Drawn elsewhere, true here.

All of it is computed on the WGS 84 ellipsoid (pyproj, after Karney 2013) from the map's CRS, never
from the nominal size of a pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import Geod, Transformer

__all__ = [
    "GraticuleLine",
    "ScaleBar",
    "Tick",
    "angle_label",
    "edge_ticks",
    "graticule",
    "graticule_step",
    "ground_metres",
    "length_label",
    "scale_bar",
    "to_lonlat",
    "to_map",
    "true_north_deg",
]

_GEOD = Geod(ellps="WGS84")
_STEPS_ARCSEC = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30),
    *(60 * minutes for minutes in (1, 2, 5, 10, 15, 20, 30)),
    *(3600 * degrees for degrees in (1, 2, 5, 10, 15, 30)),
)
_SAMPLES = 241
"""Points along an edge or a graticule line: curvature over one sheet is far below a hair line."""
_HALF_TURN_ARCSEC = 180 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleBar:
    """A bar of round length.

    Attributes:
        metres: Length on the ground, along the ellipsoid, at the centre of the map.
        map_units: The same length across the map, in units of its CRS.
        divisions: Equal parts, so that each of them is round as well.
    """

    metres: float
    map_units: float
    divisions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GraticuleLine:
    """A meridian or a parallel across the map: points ``(n, 2)`` in units of the map's CRS."""

    value_arcsec: float
    is_meridian: bool
    points: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Where a meridian or a parallel leaves the map: a share 0–1 of the edge, and its label."""

    share: float
    label: str


def to_lonlat(crs: str) -> Transformer:
    """From the map's CRS to longitude, latitude."""
    return Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


def to_map(crs: str) -> Transformer:
    """From longitude, latitude to the map's CRS."""
    return Transformer.from_crs("EPSG:4326", crs, always_xy=True)


def ground_metres(grid: GeoBox, map_units: float) -> float:
    """Length on the ground of `map_units` across the centre of `grid`, along its rows."""
    box = grid.boundingbox
    x, y = (box.left + box.right) / 2, (box.bottom + box.top) / 2
    lon, lat = to_lonlat(str(grid.crs)).transform([x - map_units / 2, x + map_units / 2], [y, y])
    return float(_GEOD.inv(lon[0], lat[0], lon[1], lat[1])[2])


def scale_bar(grid: GeoBox, longest_map_units: float) -> ScaleBar:
    """The longest bar of 1, 2 or 5 × 10ⁿ metres that takes at most `longest_map_units`."""
    longest = ground_metres(grid, longest_map_units)
    decade = 10.0 ** math.floor(math.log10(longest))
    lead = max(m for m in (1, 2, 5) if m * decade <= longest * (1 + 1e-9))
    metres = lead * decade
    units = longest_map_units * metres / longest
    for _ in range(3):  # length is all but linear in map units: each round gains many digits
        units *= metres / ground_metres(grid, units)
    return ScaleBar(metres=metres, map_units=units, divisions={1: 4, 2: 4, 5: 5}[lead])


def true_north_deg(grid: GeoBox) -> float:
    """Direction of true north at the map's centre, degrees clockwise from the map's upward side.

    This is minus the meridian convergence where upwards is grid north.
    """
    box = grid.boundingbox
    crs = str(grid.crs)
    x, y = (box.left + box.right) / 2, (box.bottom + box.top) / 2
    lon, lat = to_lonlat(crs).transform(x, y)
    step = 1e-4 if lat < 89 else -1e-4
    east, north = to_map(crs).transform([lon, lon], [lat, lat + step])
    sign = math.copysign(1, step)
    return math.degrees(math.atan2(sign * (east[1] - east[0]), sign * (north[1] - north[0])))


def graticule_step(span_deg: float, most: int) -> float:
    """The finest step in arc seconds that draws at most `most` lines over `span_deg`."""
    wanted = span_deg * 3600 / most
    return next((float(step) for step in _STEPS_ARCSEC if step >= wanted), 30 * 3600.0)


def graticule(grid: GeoBox, most: tuple[int, int] = (5, 5)) -> tuple[GraticuleLine, ...]:
    """Meridians and parallels over `grid`: about `most` of each at most, on round values."""
    west, south, east, north = _lonlat_bounds(grid)
    forward = to_map(str(grid.crs))
    lines = []
    for value in _lines(west, east, most[0]):
        lat = np.linspace(south, north, _SAMPLES)
        points = forward.transform(np.full_like(lat, value / 3600), lat)
        lines.append(
            GraticuleLine(value_arcsec=value, is_meridian=True, points=np.column_stack(points))
        )
    for value in _lines(south, north, most[1]):
        lon = np.linspace(west, east, _SAMPLES)
        points = forward.transform(lon, np.full_like(lon, value / 3600))
        lines.append(
            GraticuleLine(value_arcsec=value, is_meridian=False, points=np.column_stack(points))
        )
    return tuple(lines)


def edge_ticks(grid: GeoBox, edge: str, values: tuple[float, ...]) -> tuple[Tick, ...]:
    """Where the graticule's `values` (arc seconds) cross an edge of `grid`.

    `edge` is ``bottom``, ``top`` (longitudes, shares from the left) or ``left``, ``right``
    (latitudes, shares from below).
    """
    box = grid.boundingbox
    share = np.linspace(0, 1, _SAMPLES)
    across = edge in {"bottom", "top"}
    x = box.left + share * (box.right - box.left) if across else getattr(box, edge)
    y = getattr(box, edge) if across else box.bottom + share * (box.top - box.bottom)
    xs, ys = np.broadcast_arrays(x, y)
    lon, lat = _lonlat(grid, xs, ys)
    along = np.asarray(lon if across else lat) * 3600
    ticks = []
    for value in values:
        if along.min() <= value <= along.max():
            place = float(np.interp(value, *_ascending(along, share)))
            fine = any(v % 3600 for v in values)
            label = angle_label(value, is_meridian=across, minutes=fine)
            ticks.append(Tick(share=place, label=label))
    return tuple(ticks)


def angle_label(arcsec: float, *, is_meridian: bool, minutes: bool = False) -> str:
    """``46°05′E``; seconds only where there are some, minutes too unless `minutes` asks."""
    if is_meridian and abs(arcsec) > _HALF_TURN_ARCSEC:
        arcsec -= math.copysign(2 * _HALF_TURN_ARCSEC, arcsec)
    letter = ("E" if arcsec >= 0 else "W") if is_meridian else ("N" if arcsec >= 0 else "S")
    tenths = round(abs(arcsec) * 10)
    degrees, rest = divmod(tenths, 36_000)
    whole, tenths = divmod(rest, 600)
    seconds, tenth = divmod(tenths, 10)
    text = f"{degrees}°"
    if minutes or whole or seconds or tenth:
        text += f"{whole:02d}′"
    if seconds or tenth:
        text += f"{seconds:02d}" + (f".{tenth}″" if tenth else "″")
    return text + (letter if arcsec else "")


def length_label(metres: float) -> str:
    """``500 m``, ``2 km``, ``2.5 km``."""
    return f"{metres:g} m" if metres < 1000 else f"{metres / 1000:g} km"


def _lonlat_bounds(grid: GeoBox) -> tuple[float, float, float, float]:
    box = grid.boundingbox
    edges = np.linspace(0, 1, 41)
    xs = box.left + edges * (box.right - box.left)
    ys = box.bottom + edges * (box.top - box.bottom)
    x = np.concatenate([xs, xs, np.full(41, box.left), np.full(41, box.right)])
    y = np.concatenate([np.full(41, box.bottom), np.full(41, box.top), ys, ys])
    lon, lat = _lonlat(grid, x, y)
    return float(min(lon)), float(min(lat)), float(max(lon)), float(max(lat))


def _lonlat(
    grid: GeoBox, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``lon, lat`` of a map's places; longitudes run on across the antimeridian, beyond 180°."""
    box = grid.boundingbox
    lonlat = to_lonlat(str(grid.crs))
    center, _ = lonlat.transform((box.left + box.right) / 2, (box.bottom + box.top) / 2)
    lon, lat = lonlat.transform(x, y)
    return lon + 360.0 * np.round((center - lon) / 360.0), lat


def _lines(low_deg: float, high_deg: float, most: int) -> list[float]:
    """Round values, at most about `most`; of the next finer step where none of them is well inside.

    One that runs through a corner gives no reader a place.
    """
    step = graticule_step(high_deg - low_deg, most)
    edge = 0.1 * (high_deg - low_deg)
    found = _round_values(low_deg, high_deg, step)
    if any(low_deg + edge <= value / 3600 <= high_deg - edge for value in found):
        return found
    finer = max((each for each in _STEPS_ARCSEC if each < step), default=step)
    return _round_values(low_deg, high_deg, finer)


def _round_values(low_deg: float, high_deg: float, step: float) -> list[float]:
    first = math.ceil(low_deg * 3600 / step - 1e-9)
    last = math.floor(high_deg * 3600 / step + 1e-9)
    return [round(i * step, 1) for i in range(first, last + 1)]


def _ascending(
    along: NDArray[np.float64], share: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    order = np.argsort(along, kind="stable")
    return along[order], share[order]
