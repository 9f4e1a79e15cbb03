"""A KMZ for globes: the pictures of the dates, the boundary and the places."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from PIL import Image
from shapely.geometry import LinearRing, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from satdesk.core.place import Site
from satdesk.files.xml_text import leaf, leaves, tag
from satdesk.release.captions import caption
from satdesk.release.content import Artifact, Content, DatedImage
from satdesk.release.descriptions import source_line
from satdesk.release.marks import spread_pattern
from satdesk.release.page_html import printable
from satdesk.release.page_marks import mark_words
from satdesk.release.page_panel import date_title
from satdesk.release.plate_picture import picture_on
from satdesk.release.stamps import stamp_rgba

__all__ = ["KMZ_TYPE", "write_kmz"]

KMZ_TYPE = "application/vnd.google-earth.kmz"
_LONGEST_PX = 2048
_METRES_PER_DEGREE = 111_320.0
_DRAFT_PX = 24
_EFFORT = 2
"""zlib's level: 6 takes four times as long for 7 % fewer bytes."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can tell: no clock enters the file."""
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">\n'
_STYLE = (
    '<Style id="boundary"><LineStyle><color>ffffffff</color><width>2</width></LineStyle>'
    "<PolyStyle><fill>0</fill></PolyStyle></Style>"
)


def write_kmz(content: Content, folder: Path) -> tuple[Artifact, ...]:
    """Write ``ID.kmz`` below `folder`, with every date whose licence allows tiles; none if none.

    The pictures are on longitude and latitude, at most 2048 pixels along: a globe stretches them.
    SIMULATED and DRAFT are in their pixels. The first date is switched on, since a globe draws all
    that are on over each other. The same content gives the same bytes.
    """
    shown = [image for image in content.dates if image.licence.tiles is not False]
    if not shown:
        return ()
    path = f"{content.id}.kmz"
    with zipfile.ZipFile(folder / path, "w") as archive:
        _add(archive, "doc.kml", _document(content, shown).encode("utf-8"))
        for image in shown:
            _add(archive, _file_name(image), _png(_pixels(content, image)))
    title = "The pictures for a globe"
    return (Artifact(path=path, role="globe", media_type=KMZ_TYPE, title=title),)


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """What is compressed already is stored."""
    entry = zipfile.ZipInfo(name, date_time=_EPOCH)
    kind = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data, compress_type=kind, compresslevel=9)


def _file_name(image: DatedImage) -> str:
    return f"pictures/{image.id}.png"


def _globe_grid(content: Content) -> GeoBox:
    """Longitude and latitude over the district, pixels about square on the ground."""
    west, south, east, north = content.district.geometry.bounds
    squeeze = math.cos(math.radians((south + north) / 2))
    finest = min(image.gsd_m for image in content.dates) / _METRES_PER_DEGREE
    longest = max((east - west) * squeeze, north - south)
    step = max(finest, longest / _LONGEST_PX)
    cols = max(1, round((east - west) * squeeze / step))
    rows = max(1, round((north - south) / step))
    affine = Affine((east - west) / cols, 0, west, 0, -(north - south) / rows, north)
    return GeoBox((rows, cols), affine, "EPSG:4326")


def _pixels(content: Content, image: DatedImage) -> NDArray[np.uint8]:
    rgba = picture_on(image, _globe_grid(content))
    words = mark_words(content, image, own=False)
    return rgba if words is None else stamp_rgba(rgba, spread_pattern(words, _DRAFT_PX))


def _png(rgba: NDArray[np.uint8]) -> bytes:
    target = io.BytesIO()
    Image.fromarray(rgba).save(target, format="PNG", compress_level=_EFFORT)
    return target.getvalue()


def _document(content: Content, shown: Iterable[DatedImage]) -> str:
    marks = ["SIMULATED"] if content.simulated else []
    marks += ["DRAFT"] if content.status.value == "draft" else []
    document = tag(
        "Document",
        _words("name", " · ".join([*marks, content.title, content.publisher])),
        _words("description", source_line(content)),
        _STYLE,
        *(_overlay(content, image, first=number == 0) for number, image in enumerate(shown)),
        _boundary(content),
        *(_place(site, site.geometry) for site in content.sites if site.geometry is not None),
    )
    return f"{_HEAD}{document}\n</kml>\n"


def _words(name: str, text: str) -> str:
    """Text that nobody has checked: XML cannot hold control characters at all."""
    return leaf(name, printable(text))


def _overlay(content: Content, image: DatedImage, *, first: bool) -> str:
    west, south, east, north = content.district.geometry.bounds
    at = image.acquisition
    when = at.day.isoformat() if at.instant is None else f"{at.instant:%Y-%m-%dT%H:%M:%SZ}"
    return tag(
        "GroundOverlay",
        _words("name", date_title(content, image)),
        leaf("visibility", str(int(first))),
        _words("description", caption(content, image)),
        tag("TimeStamp", leaf("when", when)),
        tag("Icon", leaf("href", _file_name(image))),
        tag(
            "LatLonBox",
            *leaves(("north", north), ("south", south), ("east", east), ("west", west)),
        ),
    )


def _boundary(content: Content) -> str:
    """KML knows no dashed line, so that a boundary is contested is said in words."""
    name = content.district.title
    words = f"{name} (contested boundary)" if content.district.contested else name
    shape = _shape(content.district.geometry)
    return tag("Placemark", _words("name", words), leaf("styleUrl", "#boundary"), shape)


def _shape(geometry: BaseGeometry) -> str:
    parts = geometry.geoms if isinstance(geometry, MultiPolygon) else [geometry]
    polygons = (_polygon(part) for part in parts if isinstance(part, Polygon))
    return tag("MultiGeometry", *polygons)


def _polygon(polygon: Polygon) -> str:
    inner = (tag("innerBoundaryIs", _ring(ring)) for ring in polygon.interiors)
    outer = tag("outerBoundaryIs", _ring(polygon.exterior))
    return tag("Polygon", leaf("tessellate", "1"), outer, *inner)


def _ring(ring: LinearRing) -> str:
    corners = " ".join(f"{x:.7f},{y:.7f}" for x, y, *_ in ring.coords)
    return tag("LinearRing", leaf("coordinates", corners))


def _place(site: Site, geometry: BaseGeometry) -> str:
    """A place with all its names."""
    point = geometry.representative_point()
    lines = [site.kind]
    lines += [n.text if n.language is None else f"{n.text} ({n.language})" for n in site.names]
    lines += ["Position coarsened on purpose."] if site.sensitivity == "coarse" else []
    at = tag("Point", leaf("coordinates", f"{point.x:.6f},{point.y:.6f}"))
    return tag("Placemark", _words("name", site.title), _words("description", "\n".join(lines)), at)
