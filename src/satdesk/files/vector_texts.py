"""Vector files that are text: GeoJSON, WKT and CSV points."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import shapely
from pyproj import Transformer
from shapely.errors import GEOSException, ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from satdesk.errors import BrokenInputError, UndeclaredInputError, UnreadableInputError
from satdesk.files.vector_feature import Feature, moved, to_lonlat

__all__ = ["read_geojson", "read_points", "read_wkt"]

_UNDECODABLE = (
    AttributeError,
    IndexError,
    KeyError,
    OverflowError,
    RecursionError,
    ShapelyError,
    TypeError,
    ValueError,
)
"""What shapely raises for a geometry that is none, depending on where it notices."""
_LON_NAMES = ("lon", "longitude", "lng", "x")
_LAT_NAMES = ("lat", "latitude", "y")


def read_geojson(path: Path) -> Iterator[Feature]:
    """Features of a GeoJSON document, in its order."""
    try:
        document = json.loads(_text(path), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise UnreadableInputError(
            "the GeoJSON cannot be decoded", subject=path, found=str(error)
        ) from error
    items = _geojson_items(path, document)
    shift = _geojson_crs(path, document)
    for number, item in enumerate(items, start=1):
        geometry = _geojson_geometry(path, number, item.get("geometry"))
        identifier = item.get("id")
        yield Feature(
            properties=tuple((item.get("properties") or {}).items()),
            geometry=moved(path, geometry, shift),
            id=None if identifier is None else str(identifier),
        )


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


def _geojson_items(path: Path, document: object) -> list[dict[str, Any]]:
    """Features of a collection, of a single feature, or of a bare geometry."""
    if isinstance(document, dict):
        kind = document.get("type")
        features = document.get("features")
        if kind == "FeatureCollection" and isinstance(features, list):
            if all(_is_feature(item) for item in features):
                return features
        elif kind == "Feature" and _is_feature(document):
            return [document]
        elif "coordinates" in document or "geometries" in document:
            return [{"geometry": document}]
    raise UnreadableInputError(
        "the JSON is not GeoJSON",
        subject=path,
        expected="a FeatureCollection, a Feature or a geometry (RFC 7946)",
    )


def _is_feature(item: object) -> bool:
    return isinstance(item, dict) and isinstance(item.get("properties") or {}, dict)


def _geojson_geometry(path: Path, number: int, value: object) -> BaseGeometry | None:
    if value is None:
        return None
    try:
        return shape(value)
    except _UNDECODABLE as error:
        raise UnreadableInputError(
            f"the geometry of feature {number} cannot be decoded", subject=path, found=str(error)
        ) from error


def _geojson_crs(path: Path, document: dict[str, Any]) -> Transformer | None:
    """A declared ``crs`` member (the 2008 format) is obeyed; without one it is WGS 84."""
    member = document.get("crs")
    if member is None:
        return None
    stated = member.get("properties") if isinstance(member, dict) else None
    name = stated.get("name") if isinstance(stated, dict) else None
    if not isinstance(name, str):
        raise UndeclaredInputError(
            "the GeoJSON's crs member names no coordinate system", subject=path, found=str(member)
        )
    return to_lonlat(path, name)


def read_wkt(path: Path) -> Iterator[Feature]:
    """One geometry for the whole file, or one a line; ``SRID=4326;`` before it is obeyed."""
    text = _text(path).strip()
    whole = _wkt_geometry(path, text, quiet=True)
    if whole is not None:
        yield Feature(properties=(), geometry=whole)
        return
    for line in filter(None, map(str.strip, text.splitlines())):
        yield Feature(properties=(), geometry=_wkt_geometry(path, line, quiet=False))


def _wkt_geometry(path: Path, text: str, *, quiet: bool) -> BaseGeometry | None:
    srid = re.match(r"SRID=(\d{1,6});", text, re.IGNORECASE)
    body = text[srid.end() :] if srid else text
    try:
        geometry = shapely.from_wkt(body)
    except GEOSException as error:
        if quiet:
            return None
        raise UnreadableInputError(
            "the WKT cannot be decoded",
            subject=path,
            found=f"{body[:60]!r}: {error}",
            expected="POLYGON ((lon lat, …))",
        ) from error
    return moved(path, geometry, to_lonlat(path, f"EPSG:{srid[1]}") if srid else None)


def read_points(path: Path) -> Iterator[Feature]:
    """A CSV with a header, a longitude and a latitude column; empty cells have no geometry."""
    rows = csv.DictReader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        names = [name.strip().casefold() for name in rows.fieldnames or ()]
        lon, lat = _column(path, names, _LON_NAMES), _column(path, names, _LAT_NAMES)
        for number, row in enumerate(rows, start=2):
            cells = [(name, value) for name, value in row.items() if name is not None]
            if len(cells) != len(names) or any(value is None for _, value in cells):
                raise UnreadableInputError(
                    f"line {number} has another number of cells than the header", subject=path
                )
            yield Feature(
                properties=tuple(cells),
                geometry=_point(path, number, cells[lon][1], cells[lat][1]),
            )
    except csv.Error as error:
        raise UnreadableInputError(
            "the CSV cannot be decoded", subject=path, found=str(error)
        ) from error


def _column(path: Path, names: list[str], wanted: tuple[str, ...]) -> int:
    for name in wanted:
        if name in names:
            return names.index(name)
    raise UnreadableInputError(
        f"the CSV has no column {wanted[0]}",
        subject=path,
        found=", ".join(names) or "no header",
        expected=" or ".join(wanted),
    )


def _point(path: Path, number: int, lon: str, lat: str) -> BaseGeometry | None:
    if not lon.strip() and not lat.strip():
        return None
    try:
        point = shapely.Point(float(lon), float(lat))
    except ValueError as error:
        raise UnreadableInputError(
            f"line {number} has no position", subject=path, found=f"{lon!r}, {lat!r}"
        ) from error
    if not math.isfinite(point.x) or not math.isfinite(point.y):
        raise BrokenInputError(
            f"line {number} has no position", subject=path, found=f"{lon!r}, {lat!r}"
        )
    return point


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableInputError(
            "the file is not UTF-8 text", subject=path, found=str(error), remedy="save it as UTF-8"
        ) from error
