"""The locator map: the country around the district, so that a reader knows where on Earth it is."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from shapely import transform
from shapely.geometry import Point, box, shape
from shapely.geometry.base import BaseGeometry

from satdesk.release.plate_sheet import Rect, Sheet
from satdesk.release.typography import Face, measure

__all__ = ["Country", "LocatorView", "draw_locator", "locator_view", "world"]

_LEAST_SPAN_DEG, _MOST_SPAN_DEG = 4.0, 36.0
_WATER, _LAND, _HERE_COUNTRY, _BORDER = "#dfe7ec", "#f7f5ef", "#fffdf4", "#a9a79f"
_GRID = 32
_RED, _QUIET = "#b3261e", "#5b6068"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Country:
    """A country's outline as the world map draws it: longitude, latitude.

    Attributes:
        name: As Natural Earth spells it.
        named: Whether the locator prints the name: only of areas with a code of their own in UN
            M49 (ISO 3166-1 numeric). To label any other would be an opinion on its status.
    """

    name: str
    geometry: BaseGeometry
    named: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatorView:
    """What the locator shows, in degrees: bounds, and how a degree of longitude is shortened."""

    west: float
    south: float
    east: float
    north: float
    cos_lat: float


@cache
def world() -> tuple[Country, ...]:
    """The countries of the world that ship with the package (Natural Earth, public domain)."""
    text = resources.files("satdesk").joinpath("data", "world_countries.geojson").read_text("utf-8")
    features = json.loads(text)["features"]
    return tuple(
        Country(
            name=str(f["properties"].get("name", "")),
            geometry=shape(f["geometry"]),
            named=bool(f["properties"].get("code")),
        )
        for f in features
    )


def locator_view(
    district: BaseGeometry, countries: tuple[Country, ...], aspect: float
) -> LocatorView:
    """Bounds around the country that holds the district, of the given `aspect` (width : height).

    Of a country in several parts, the part around the district counts: overseas territories would
    shrink it to nothing. Where that is too large or wraps around the globe, a window around the
    district.
    """
    here = district.representative_point()
    cos_lat = max(math.cos(math.radians(here.y)), 0.1)
    home = _homeland(here, countries)
    west, south, east, north = district.bounds if home is None else home.bounds
    span_x, span_y = (east - west) * cos_lat * 1.15, (north - south) * 1.15
    height = max(span_y, span_x / aspect, _LEAST_SPAN_DEG, (district.bounds[3] - here.y) * 3)
    lon, lat = (west + east) / 2, (south + north) / 2
    if height > _MOST_SPAN_DEG or home is None:
        height = min(max(height, 8.0), _MOST_SPAN_DEG)
        lon, lat = here.x, here.y
    half_y, half_x = height / 2, height * aspect / 2 / cos_lat
    return LocatorView(
        west=lon - half_x,
        south=lat - half_y,
        east=lon + half_x,
        north=lat + half_y,
        cos_lat=cos_lat,
    )


def draw_locator(
    sheet: Sheet,
    rect: Rect,
    district: BaseGeometry,
    countries: tuple[Country, ...],
    order: float = 1,
) -> None:
    """Draw the locator into `rect`: land, borders, names of countries, the district in red.

    All of it lies at `order` and less than one above.
    """
    view = locator_view(district, countries, rect.width / rect.height)
    window = box(view.west, view.south, view.east, view.north)
    here = district.representative_point()
    sheet.box(rect, fill=_WATER, order=order)
    shown = [(c, c.geometry.intersection(window)) for c in countries if _near(c, window)]
    for country, part in shown:
        fill = _HERE_COUNTRY if country.geometry.contains(here) else _LAND
        placed = _on_sheet(part, view, rect)
        sheet.shape(placed, fill=fill, edge=_BORDER, width_pt=0.35, clip=rect, order=order + 0.1)
    at = _on_sheet(here, view, rect)
    _draw_names(sheet, rect, shown, view, (at.x, at.y), order)
    _draw_here(sheet, rect, _on_sheet(district, view, rect), (at.x, at.y), order)
    sheet.box(rect, edge=_QUIET, width_pt=0.5, order=order + 0.4)


def _homeland(here: Point, countries: tuple[Country, ...]) -> BaseGeometry | None:
    """The part of a country that `here` lies in; None at sea."""
    for country in countries:
        for part in getattr(country.geometry, "geoms", [country.geometry]):
            if part.contains(here):
                return part
    return None


def _near(country: Country, window: BaseGeometry) -> bool:
    return bool(country.geometry.intersects(window))


def _on_sheet(geometry: BaseGeometry, view: LocatorView, rect: Rect) -> BaseGeometry:
    scale = np.array(
        [rect.width / (view.east - view.west), rect.height / (view.north - view.south)]
    )
    return transform(geometry, lambda p: (p - (view.west, view.south)) * scale + (rect.x, rect.y))


def _draw_here(
    sheet: Sheet, rect: Rect, outline: BaseGeometry, at: tuple[float, float], order: float
) -> None:
    """The district's shape, and a ring around it where the shape is too small to be found."""
    sheet.shape(outline, fill=_RED, alpha=0.45, width_pt=0, clip=rect, order=order + 0.15)
    sheet.shape(outline, edge=_RED, width_pt=0.7, clip=rect, order=order + 0.3)
    xmin, ymin, xmax, ymax = outline.bounds
    if max(xmax - xmin, ymax - ymin) < 4.0:
        turn = np.linspace(0, 2 * math.pi, 73)
        ring = [(at[0] + 2.6 * math.cos(t), at[1] + 2.6 * math.sin(t)) for t in turn]
        sheet.line(ring, color=_RED, width_pt=0.9, clip=rect, order=order + 0.3)


def _draw_names(
    sheet: Sheet,
    rect: Rect,
    shown: list[tuple[Country, BaseGeometry]],
    view: LocatorView,
    here: tuple[float, float],
    order: float,
) -> None:
    """Names of countries where they have room: the district's own first, then the largest."""
    face = sheet.setting.face(Face(size_pt=5))
    keep_clear = [Rect(x=here[0] - 3, y=here[1] - 3, width=6, height=6)]
    named = [pair for pair in shown if pair[0].named]
    at = Point(here)
    parts = [(country, _on_sheet(part, view, rect)) for country, part in named]
    parts.sort(key=lambda pair: (not pair[1].contains(at), -pair[1].area, pair[0].name))
    for country, placed in parts:
        width = measure(country.name, face)
        if not country.name or width >= (placed.bounds[2] - placed.bounds[0]) * 1.3:
            continue
        for x, y in _spots(placed, home=placed.contains(at)):
            low = y - 0.35 * face.leading_mm
            taken = Rect(x=x - width / 2, y=low, width=width, height=face.leading_mm)
            if rect.inset(0.8).holds(taken) and not any(taken.meets(o) for o in keep_clear):
                sheet.text(
                    (x, low), country.name, face, color=_QUIET, align="center", order=order + 0.2
                )
                keep_clear.append(taken)
                break


def _spots(part: BaseGeometry, *, home: bool) -> Iterator[tuple[float, float]]:
    """Where the middle of a country's name may stand on the sheet, the best first.

    The district's own country is named wherever it has room, for its middle may lie under the ring.
    """
    middle = part.representative_point()
    yield middle.x, middle.y
    if not home:
        return
    west, south, east, north = part.bounds
    grid = [
        Point(west + (east - west) * i / _GRID, south + (north - south) * j / _GRID)
        for i in range(1, _GRID)
        for j in range(1, _GRID)
    ]
    inside = [point for point in grid if part.contains(point)]
    # The farther from borders, the better it reads as the name of that country.
    for point in sorted(inside, key=lambda p: -part.boundary.distance(p)):
        yield point.x, point.y
