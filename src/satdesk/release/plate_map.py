"""The map on a plate or a press image: picture, boundary, sites, graticule, neatline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import CRS
from shapely import transform
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from satdesk.core.place import District, Site
from satdesk.geometry.grids import utm_crs
from satdesk.release.content import Content
from satdesk.release.furniture import Tick, edge_ticks, graticule, ground_metres, to_map
from satdesk.release.house_style import ALARM
from satdesk.release.language import Language, spoken
from satdesk.release.plate_labels import Label, PlacedLabel, make_label, place_labels
from satdesk.release.plate_sheet import Rect, Sheet
from satdesk.release.typography import Face, measure

__all__ = [
    "INK",
    "MARK",
    "OUTSIDE",
    "QUIET",
    "MapFrame",
    "ReadPicture",
    "district_bounds",
    "draw_boundary",
    "draw_graticule",
    "draw_map",
    "draw_marker",
    "draw_marks",
    "draw_simulated",
    "draw_sites",
    "fit_frame",
    "map_crs",
    "site_anchors",
]

INK, QUIET, OUTSIDE, MARK = "#1b1d20", "#5b6068", "#e7e6e1", "#ffd34d"
"""Of what lies on the picture: it stands on white or on a casing, whatever the paper."""
_TICK_MM, _TICK_GAP_MM = 1.2, 1.9
_CASING = "#1b1d20"

ReadPicture = Callable[[Path, GeoBox], NDArray[np.uint8]]
"""``(path, grid) -> uint8 (y, x, 4)``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapFrame:
    """A map's place on the sheet and on the ground.

    Attributes:
        rect: On the sheet, millimetres.
        grid: The pixels that fill it, in the map's CRS.
    """

    rect: Rect
    grid: GeoBox

    @property
    def mm_per_unit(self) -> float:
        """Millimetres on the sheet of one unit of the map's CRS."""
        box = self.grid.boundingbox
        return float(self.rect.width / (box.right - box.left))

    @property
    def scale_denominator(self) -> float:
        """N of 1 : N at the centre of the map, on the ellipsoid, printed at true size."""
        box = self.grid.boundingbox
        return ground_metres(self.grid, box.right - box.left) * 1000 / self.rect.width

    def to_sheet(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points ``(n, 2)`` of the map's CRS in millimetres on the sheet."""
        box = self.grid.boundingbox
        offset = np.asarray(points, dtype=float) - (box.left, box.bottom)
        return np.asarray(offset * self.mm_per_unit + (self.rect.x, self.rect.y))

    def lonlat_to_sheet(self, geometry: BaseGeometry) -> BaseGeometry:
        """A geometry in longitude and latitude, in millimetres on the sheet."""
        forward = to_map(str(self.grid.crs))

        def place(points: NDArray[np.float64]) -> NDArray[np.float64]:
            return self.to_sheet(np.column_stack(forward.transform(points[:, 0], points[:, 1])))

        return transform(geometry, place)


def map_crs(content: Content) -> str:
    """The release's own CRS where it is projected in metres, else the district's UTM zone."""
    crs = CRS.from_user_input(str(content.grid.crs))
    if crs.is_projected and crs.axis_info[0].unit_conversion_factor == 1:
        return str(content.grid.crs)
    middle = content.district.geometry.representative_point()
    return utm_crs(middle.x, middle.y)


def district_bounds(district: District, crs: str) -> tuple[float, float, float, float]:
    """``xmin, ymin, xmax, ymax`` of the district in `crs`."""
    forward = to_map(crs)
    dense = district.geometry.segmentize(_segment(district.geometry))
    placed = transform(dense, lambda p: np.column_stack(forward.transform(p[:, 0], p[:, 1])))
    xmin, ymin, xmax, ymax = placed.bounds
    return float(xmin), float(ymin), float(xmax), float(ymax)


def fit_frame(
    sheet: Sheet, rect: Rect, bounds: tuple[float, float, float, float], crs: str, margin: float
) -> MapFrame:
    """A frame that fills `rect` and shows all of `bounds` in its middle.

    `margin` is the share of the larger side that stays free around the bounds.
    """
    rect = sheet.pixel_aligned(rect)
    rows, cols = sheet.pixel_shape(rect)
    width, height = bounds[2] - bounds[0], bounds[3] - bounds[1]
    free = margin * max(width, height)
    pixel = max((width + 2 * free) / cols, (height + 2 * free) / rows)
    x = (bounds[0] + bounds[2]) / 2 - pixel * cols / 2
    y = (bounds[1] + bounds[3]) / 2 + pixel * rows / 2
    return MapFrame(rect=rect, grid=GeoBox((rows, cols), Affine(pixel, 0, x, 0, -pixel, y), crs))


def draw_map(sheet: Sheet, frame: MapFrame, rgba: NDArray[np.uint8], district: District) -> None:
    """Ground tone, hatching where the district was not imaged, the picture, the boundary.

    Not imaged is what shows through: the hatched district lies below the picture, whose alpha
    opens it wherever there are no usable pixels.
    """
    outline = frame.lonlat_to_sheet(district.geometry.segmentize(_segment(district.geometry)))
    sheet.box(frame.rect, fill=OUTSIDE, order=1)
    sheet.shape(
        outline, fill="#f7f6f2", edge="#8a8f98", hatch="////", width_pt=0, clip=frame.rect, order=1
    )
    sheet.image(rgba, frame.rect, order=2)
    draw_boundary(sheet, outline, frame.rect, contested=district.contested)


def draw_boundary(sheet: Sheet, outline: BaseGeometry, clip: Rect, *, contested: bool) -> None:
    """White on a dark casing, so that it reads on any ground; dashed where it is contested."""
    dashes = (5.0, 3.0) if contested else None
    sheet.shape(outline, edge=_CASING, width_pt=1.9, alpha=0.55, clip=clip, order=3)
    sheet.shape(outline, edge="#ffffff", width_pt=1.1, dashes=dashes, clip=clip, order=3.1)


def draw_graticule(sheet: Sheet, frame: MapFrame, face: Face) -> None:
    """Fine lines over the map, ticks and degrees outside it, and the neatline."""
    across = max(2, min(6, int(frame.rect.width / 24)))
    down = max(2, min(6, int(frame.rect.height / 24)))
    lines = graticule(frame.grid, (across, down))
    color = sheet.setting.palette.quiet
    for line in lines:
        points = [(float(x), float(y)) for x, y in frame.to_sheet(line.points)]
        sheet.line(points, color="#ffffff", width_pt=0.5, alpha=0.45, clip=frame.rect, order=2.5)
        sheet.line(points, color=INK, width_pt=0.25, alpha=0.4, clip=frame.rect, order=2.6)
    meridians = tuple(line.value_arcsec for line in lines if line.is_meridian)
    parallels = tuple(line.value_arcsec for line in lines if not line.is_meridian)
    for edge in ("bottom", "top", "left", "right"):
        values = meridians if edge in {"bottom", "top"} else parallels
        _draw_ticks(sheet, frame, edge, values, face, color)
    sheet.box(frame.rect, edge=INK, width_pt=0.8, order=5)


def draw_sites(
    sheet: Sheet,
    frame: MapFrame,
    sites: tuple[Site, ...],
    face: Face,
    taken: tuple[Rect, ...],
    *,
    words: Language | None = None,
) -> tuple[PlacedLabel, ...]:
    """Markers, circles of uncertainty and labels; returns what was placed, for the legend."""
    labels = []
    for site in sites:
        label = _label(frame, site, face, spoken(words))
        if label is not None:
            labels.append(label)
            _draw_uncertainty(sheet, frame, site, label.anchor)
    room = frame.rect.inset(1.0)
    placed = place_labels(tuple(labels), room, taken)
    for one in placed:
        _draw_label(sheet, one)
    return placed


def site_anchors(frame: MapFrame, sites: tuple[Site, ...]) -> tuple[tuple[float, float], ...]:
    """Where the markers of `sites` stand, in millimetres; of those that lie in the frame."""
    found = (_anchor(frame, site) for site in sites)
    return tuple(anchor for anchor in found if anchor is not None)


def draw_marks(sheet: Sheet, rect: Rect, *, draft: bool) -> None:
    """DRAFT written across the picture, below markers and labels.

    SIMULATED is not drawn here: it stands in the pixels themselves.
    """
    if draft:
        sheet.banner(rect.inset(6), "DRAFT", color=ALARM, alpha=0.30, angle=28)


def draw_simulated(sheet: Sheet, rect: Rect) -> None:
    """SIMULATED in the upper left corner of a picture that stands on empty ground.

    Its pixels carry the mark too; where a district is narrower than a word nobody can read it.
    """
    face = Face(size_pt=10, bold=True)
    width = measure("SIMULATED", face) + 4
    plate = Rect(x=rect.x + 3, y=rect.top - 3 - 6.4, width=width, height=6.4)
    sheet.box(plate, fill="#ffffff", alpha=0.9, edge=ALARM, order=5)
    sheet.text((plate.x + 2, plate.y + 1.8), "SIMULATED", face, color=ALARM)


def _label(frame: MapFrame, site: Site, face: Face, words: Language) -> Label | None:
    """The label of a site that lies in the frame; None for one outside it."""
    anchor = _anchor(frame, site)
    if anchor is None:
        return None
    widest = min(42.0, frame.rect.width * 0.36)
    return make_label(site, anchor, width_mm=widest, title_face=face, words=words)


def _anchor(frame: MapFrame, site: Site) -> tuple[float, float] | None:
    if site.geometry is None:
        return None
    point = frame.lonlat_to_sheet(site.geometry.representative_point())
    place = Rect(x=point.x, y=point.y, width=0, height=0)
    return (point.x, point.y) if frame.rect.inset(0.8).holds(place) else None


def _draw_uncertainty(
    sheet: Sheet, frame: MapFrame, site: Site, anchor: tuple[float, float]
) -> None:
    """The circle within which the place lies, where it is large enough to be seen."""
    radius_m = max(site.uncertainty_m or 0.0, site.coarse_m if site.sensitivity == "coarse" else 0)
    radius = radius_m * 1000 / frame.scale_denominator
    if radius < 1.6:
        return
    turn = np.linspace(0, 2 * np.pi, 97)
    circle = [
        (float(anchor[0] + radius * np.cos(t)), float(anchor[1] + radius * np.sin(t))) for t in turn
    ]
    sheet.line(circle, color=_CASING, width_pt=1.3, alpha=0.5, clip=frame.rect, order=4)
    sheet.line(circle, color=MARK, width_pt=0.7, dashes=(3, 2), clip=frame.rect, order=4.1)


def _draw_label(sheet: Sheet, placed: PlacedLabel) -> None:
    label = placed.label
    if placed.leader is not None:
        sheet.line(placed.leader, color=_CASING, width_pt=1.6, alpha=0.8, order=4.5)
        sheet.line(placed.leader, color="#ffffff", width_pt=0.7, order=4.6)
    on_marker = placed.rect is None and placed.number is not None
    _draw_marker(sheet, label.anchor, large=on_marker)
    if on_marker:
        small = Face(size_pt=5.5, bold=True)
        low = label.anchor[1] - small.cap_mm / 2
        sheet.text((label.anchor[0], low), str(placed.number), small, color=INK, align="center")
    if placed.rect is not None:
        _draw_words(sheet, label, placed.rect)


def _draw_words(sheet: Sheet, label: Label, rect: Rect) -> None:
    sheet.box(rect, fill="#ffffff", edge="#33373d", width_pt=0.3, alpha=0.88, order=5.5)
    y = rect.top - (rect.height - _lines_height(label)) / 2
    x = rect.x + (rect.width - _lines_width(label)) / 2
    for lines, face, color in (
        (label.title, label.title_face, INK),
        (label.others, label.others_face, QUIET),
    ):
        for line in lines:
            y -= face.leading_mm
            sheet.text((x, y + 0.3 * (face.leading_mm)), line, face, color=color)


def _lines_height(label: Label) -> float:
    return (
        len(label.title) * label.title_face.leading_mm
        + len(label.others) * label.others_face.leading_mm
    )


def _lines_width(label: Label) -> float:
    widths = [measure(line, label.title_face) for line in label.title]
    return max([*widths, *(measure(line, label.others_face) for line in label.others)])


def draw_marker(sheet: Sheet, at: tuple[float, float]) -> None:
    """A site's marker, as the legend explains it."""
    _draw_marker(sheet, at, large=False)


def _draw_marker(sheet: Sheet, at: tuple[float, float], *, large: bool) -> None:
    """A diamond in yellow with a dark rim: no meaning beyond 'here'."""
    half = 1.9 if large else 1.25
    x, y = at
    diamond = [(x, y + half), (x + half, y), (x, y - half), (x - half, y)]
    sheet.shape(Polygon(diamond), fill=MARK, edge=_CASING, width_pt=0.8, order=5)


def _draw_ticks(
    sheet: Sheet,
    frame: MapFrame,
    edge: str,
    values: tuple[float, ...],
    face: Face,
    color: str,
) -> None:
    rect = frame.rect
    for tick in edge_ticks(frame.grid, edge, values):
        if edge in {"bottom", "top"}:
            _draw_longitude(sheet, rect, tick, face, color, above=edge == "top")
        else:
            _draw_latitude(sheet, rect, tick, face, color, right=edge == "right")


def _draw_longitude(
    sheet: Sheet, rect: Rect, tick: Tick, face: Face, color: str, *, above: bool
) -> None:
    y, out = (rect.top, 1) if above else (rect.y, -1)
    x = rect.x + tick.share * rect.width
    sheet.line([(x, y), (x, y + out * _TICK_MM)], color=color, width_pt=0.5)
    low = y + _TICK_GAP_MM if above else y - _TICK_GAP_MM - face.cap_mm
    if _has_room(tick, rect.width, face):
        sheet.text((x, low), tick.label, face, color=color, align="center")


def _draw_latitude(
    sheet: Sheet, rect: Rect, tick: Tick, face: Face, color: str, *, right: bool
) -> None:
    x, out = (rect.right, 1) if right else (rect.x, -1)
    y = rect.y + tick.share * rect.height
    sheet.line([(x, y), (x + out * _TICK_MM, y)], color=color, width_pt=0.5)
    base = x + _TICK_GAP_MM + face.cap_mm if right else x - _TICK_GAP_MM
    if _has_room(tick, rect.height, face):
        sheet.text((base, y), tick.label, face, color=color, align="center", upright=False)


def _has_room(tick: Tick, edge_mm: float, face: Face) -> bool:
    """Whether the label stays beside the map; one in the corner would stick out beyond it."""
    half = measure(tick.label, face) / 2 + 0.5
    return half <= tick.share * edge_mm <= edge_mm - half


def _segment(geometry: BaseGeometry) -> float:
    """Longest straight piece in degrees, so that long edges bend with the projection."""
    xmin, ymin, xmax, ymax = geometry.bounds
    return max(float(max(xmax - xmin, ymax - ymin)) / 100, 1e-9)
