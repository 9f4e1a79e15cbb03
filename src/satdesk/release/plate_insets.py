"""Small maps of a plate: where on Earth the district lies, and how the scene was taken over it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import transform, wkt
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from satdesk.core.scene import Angles
from satdesk.release.language import Language
from satdesk.release.locator import Country, draw_locator
from satdesk.release.plate_map import INK, MARK
from satdesk.release.plate_sheet import Rect, Sheet
from satdesk.release.setting import Setting
from satdesk.release.typography import Face, fit_line, measure

__all__ = ["Acquisition", "Locator"]

_KEY = Face(size_pt=5.4)
_NORTH = Face(size_pt=5.4, bold=True)
_GROUND, _SCENE, _DISTRICT = "#f7f5ef", "#cfd6dc", "#b3261e"
_RING = 0.86
"""Radius of the ring of directions, of half the inset."""
_REACH = 0.62
"""Farthest corner of the scene, of half the inset: the ring stays clear of it."""
_APART_DEG = 22
_SIGN_MM = 3.6
"""Sun and satellite stand so far from each other on the ring, or the satellite moves inwards."""
_LEAST_MM = 1.1
"""A district that would be drawn smaller than this gets a ring around it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locator:
    """The locator map."""

    district: BaseGeometry
    countries: tuple[Country, ...]
    aspect: float = 1.55

    def height(self, width: float, factor: float) -> float:
        """See `Block`."""
        return width / self.aspect * (1 - 1.2 * (1 - factor))

    def least(self, width: float, factor: float) -> float:
        """See `Block`."""
        return self.height(width, factor)

    def draw(self, sheet: Sheet, rect: Rect, factor: float) -> None:
        """See `Block`."""
        height = self.height(rect.width, factor)
        room = Rect(x=rect.x, y=rect.top - height, width=rect.width, height=height)
        draw_locator(sheet, room, self.district, self.countries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """Outline of the scene over the district, and from where sun and satellite stood.

    North is up. The outline is true in shape and in its place to the district; on the ring only
    directions are true: how high sun and satellite stood is said in words.

    Attributes:
        heading: Which date it shows; empty where there is one alone.
        district: Longitude, latitude.
        outlines: Of the scenes, longitude/latitude WKT; empty = not known.
        angles: Of the (first) scene; None = not stated.
        words: Language of the sheet.
        setting: Its type.
        aspect: Width over height of the map.
        keyed: Whether its signs are explained below it; a card has no room for that.
    """

    heading: str
    district: BaseGeometry
    outlines: tuple[str, ...]
    angles: Angles | None
    words: Language
    setting: Setting
    aspect: float = 1.0
    keyed: bool = True

    def height(self, width: float, factor: float) -> float:
        """See `Block`."""
        face = self.setting.face(_KEY)
        head = face.leading_mm if self.heading else 0.0
        keys = len(self._key_lines(width)) * face.leading_mm
        return width / self.aspect * (1 - 1.2 * (1 - factor)) + head + keys + 1.0

    def least(self, width: float, factor: float) -> float:
        """See `Block`."""
        return self.height(width, factor)

    def draw(self, sheet: Sheet, rect: Rect, factor: float) -> None:
        """See `Block`."""
        face, palette = sheet.setting.face(_KEY), sheet.setting.palette
        lines = self._key_lines(rect.width)
        top = rect.top
        if self.heading:
            heading = fit_line(self.heading, face, rect.width)
            sheet.begin(rect, top - face.ascent_mm, heading, face, color=palette.ink)
            top -= face.leading_mm + 0.3
        head = rect.top - top
        high = self.height(rect.width, factor) - head - len(lines) * face.leading_mm - 1.0
        room = Rect(x=rect.x, y=top - high, width=rect.width, height=high)
        self._draw_map(sheet, room)
        y = room.y - 0.7
        for line in lines:
            y -= face.leading_mm
            self._draw_keys(sheet, rect, y + face.descent_mm, line, face)

    def _draw_map(self, sheet: Sheet, room: Rect) -> None:
        sheet.box(room, fill=_GROUND, edge=INK, width_pt=0.4, order=1)
        half = min(room.width, room.height) / 2
        known = [wkt.loads(each) for each in self.outlines]
        place = _placing([*known, self.district], room.center, half * _REACH)
        if known:
            scene = transform(unary_union(known), place)
            sheet.shape(scene, fill=_SCENE, edge="#7b8794", width_pt=0.5, clip=room, order=2)
        here = transform(self.district, place)
        sheet.shape(here, fill=_DISTRICT, alpha=0.35, width_pt=0, clip=room, order=2.5)
        sheet.shape(here, edge=_DISTRICT, width_pt=0.7, clip=room, order=3)
        x0, y0, x1, y1 = here.bounds
        if max(x1 - x0, y1 - y0) < _LEAST_MM:
            ring = Point((x0 + x1) / 2, (y0 + y1) / 2).buffer(_LEAST_MM)
            sheet.shape(ring, edge=_DISTRICT, width_pt=0.8, order=3)
        self._draw_ring(sheet, room.center, half * _RING)

    def _draw_ring(self, sheet: Sheet, center: tuple[float, float], radius: float) -> None:
        circle = Point(center).buffer(radius, quad_segs=32)
        sheet.shape(circle, edge="#8a8f98", width_pt=0.4, dashes=(3, 2), order=3.5)
        face = sheet.setting.face(_NORTH)
        top = (center[0], center[1] + radius - face.cap_mm / 2)
        room = Rect(
            x=top[0] - 1.1 * face.cap_mm,
            y=top[1] - 0.3,
            width=2.2 * face.cap_mm,
            height=face.cap_mm + 0.6,
        )
        sheet.box(room, fill=_GROUND, order=3.6)
        sheet.text(top, "N", face, color=INK, align="center")
        sun, view = _azimuths(self.angles)
        if sun is not None:
            _draw_sun(sheet, _on_ring(center, radius, sun))
        if view is not None:
            least = max(_APART_DEG, math.degrees(_SIGN_MM / radius))
            near = sun is not None and abs((sun - view + 180) % 360 - 180) < least
            at = _on_ring(center, radius * (0.72 if near else 1.0), view)
            sheet.line([at, center], color=INK, width_pt=0.5, dashes=(2, 2), order=3.7)
            _draw_satellite(sheet, at)

    def _keys(self) -> list[tuple[str, str]]:
        if not self.keyed:
            return []
        sun, view = _azimuths(self.angles)
        keys = [("district", self.words.say("key_district"))]
        keys += [("scene", self.words.say("key_scene"))] if self.outlines else []
        keys += [("sun", self.words.say("key_sun"))] if sun is not None else []
        keys += [("satellite", self.words.say("key_satellite"))] if view is not None else []
        return keys

    def _key_lines(self, width: float) -> list[list[tuple[str, str]]]:
        """Signs with their words, broken into lines of `width`."""
        face, lines, used = self.setting.face(_KEY), [[]], 0.0  # type: ignore[var-annotated]  # of pairs
        for sign, text in self._keys():
            need = self._sign_mm + measure(text, face) + 2.0
            if lines[-1] and used + need - 2.0 > width:
                lines.append([])
                used = 0.0
            lines[-1].append((sign, text))
            used += need
        return lines

    @property
    def _sign_mm(self) -> float:
        return 3.2 * self.setting.scale

    def _draw_keys(
        self, sheet: Sheet, rect: Rect, y: float, keys: list[tuple[str, str]], face: Face
    ) -> None:
        x = 0.0
        color = sheet.setting.palette.quiet
        for sign, text in keys:
            swatch = Rect(x=rect.x + x, y=y - 0.1, width=2.2 * self.setting.scale, height=1.6)
            _draw_sign(sheet, sheet.facing(swatch, rect), sign)
            shown = fit_line(text, face, rect.width - x - self._sign_mm)
            sheet.begin(rect, y, shown, face, color=color, indent=x + self._sign_mm)
            x += self._sign_mm + measure(text, face) + 2.0


def _azimuths(angles: Angles | None) -> tuple[float | None, float | None]:
    """Towards the sun and towards the satellite, clockwise from north; None = not stated."""
    return (None, None) if angles is None else (angles.sun_azimuth_deg, angles.view_azimuth_deg)


def _placing(
    shapes: list[BaseGeometry], center: tuple[float, float], reach: float
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """From longitude and latitude to the sheet: true in shape at the middle of `shapes`."""
    west, south, east, north = unary_union(shapes).bounds
    lon, lat = (west + east) / 2, (south + north) / 2
    squeeze = max(math.cos(math.radians(lat)), 0.05)
    corner = math.hypot((east - west) / 2 * squeeze, (north - south) / 2)
    scale = reach / max(corner, 1e-9)

    def place(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((points - (lon, lat)) * (scale * squeeze, scale) + center)

    return place


def _on_ring(center: tuple[float, float], radius: float, azimuth_deg: float) -> tuple[float, float]:
    turn = math.radians(azimuth_deg)
    return center[0] + radius * math.sin(turn), center[1] + radius * math.cos(turn)


def _draw_sun(sheet: Sheet, at: tuple[float, float], size: float = 1.25) -> None:
    for k in range(8):
        turn = k * math.pi / 4
        ray = (math.cos(turn), math.sin(turn))
        ends = [(at[0] + r * ray[0], at[1] + r * ray[1]) for r in (size * 0.95, size * 1.45)]
        sheet.line(ends, color=INK, width_pt=0.6, order=4)
    sheet.shape(Point(at).buffer(size * 0.72), fill=MARK, edge=INK, width_pt=0.6, order=4.1)


def _draw_satellite(sheet: Sheet, at: tuple[float, float], size: float = 1.25) -> None:
    """A body between two panels."""
    x, y = at
    half, wing = size * 0.42, size * 1.35
    body = [(x - half, y - half * 1.4), (x + half, y - half * 1.4), (x + half, y + half * 1.4),
            (x - half, y + half * 1.4)]  # fmt: skip
    panels = [(x - wing, y - half * 0.8), (x + wing, y - half * 0.8), (x + wing, y + half * 0.8),
              (x - wing, y + half * 0.8)]  # fmt: skip
    sheet.shape(Polygon(panels), fill="#ffffff", edge=INK, width_pt=0.6, order=4.1)
    sheet.shape(Polygon(body), fill=INK, edge=INK, width_pt=0.6, order=4.2)


def _draw_sign(sheet: Sheet, rect: Rect, sign: str) -> None:
    if sign == "sun":
        _draw_sun(sheet, rect.center, 0.75)
    elif sign == "satellite":
        _draw_satellite(sheet, rect.center, 0.75)
    elif sign == "scene":
        sheet.box(rect, fill=_SCENE, edge="#7b8794", width_pt=0.5, order=4)
    else:
        sheet.box(rect, fill="#e3b9b6", edge=_DISTRICT, width_pt=0.6, order=4)
