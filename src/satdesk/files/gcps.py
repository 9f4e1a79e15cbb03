"""Ground control points from CSV and GeoJSON: where they are, and where the image shows them.

Image positions are ``col, row`` counted from the outer corner of the first pixel, as everywhere
here; ``ji`` (orthority's GCP files) counts columns ``j`` and rows ``i`` from the *centre* of the
first pixel, so half a pixel is added. Ground positions are longitude and latitude, or x and y of a
CRS that is named; heights are above the ellipsoid unless another datum is named. Whatever is wrong
is told with the line, or the number of the feature, where it stands.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from satdesk.errors import (
    BrokenInputError,
    MissingInputError,
    UndeclaredInputError,
    UnreadableInputError,
    UnsafeInputError,
    UsageError,
)
from satdesk.files.dem import VERTICALS
from satdesk.files.geoid import open_geoid
from satdesk.geometry.frames import to_lonlat

__all__ = ["ControlPoint", "LoadedPoints", "read_gcps"]

_MAX_BYTES = 50_000_000
_MAX_POINTS = 100_000
_DELIMITERS = (";", "\t", ",")
_LONLAT_CRS = ("CRS84", "EPSG::4326", "EPSG:4326", "EPSG::4979", "EPSG:4979", "CRS84h")
_ALIASES = {
    "id": ("id", "name", "point", "gcp"),
    "lon": ("lon", "longitude", "lng"),
    "lat": ("lat", "latitude"),
    "x": ("x", "easting", "east"),
    "y": ("y", "northing", "north"),
    "height": ("height", "z", "h", "elevation", "alt", "altitude"),
    "col": ("col", "column", "sample"),
    "row": ("row", "line"),
    "j": ("j",),
    "i": ("i",),
    "filename": ("filename", "image"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPoint:
    """One point that is known on the ground and seen in an image.

    Attributes:
        id: Unique within its file; its number where the file names none.
        lon: Degrees, WGS 84.
        lat: Degrees, WGS 84.
        height_m: Above the WGS 84 ellipsoid; None = the file states none.
        col: In the image file, from the outer corner of its first pixel.
        row: Likewise.
        filename: The image that the file says it was measured in; None = not stated.
    """

    id: str
    lon: float
    lat: float
    height_m: float | None
    col: float
    row: float
    filename: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPoints:
    """The points of a file.

    Attributes:
        points: In its order.
        notices: What must be said of their heights (a stand-in geoid).
    """

    points: tuple[ControlPoint, ...]
    notices: tuple[str, ...] = ()


def read_gcps(
    path: Path,
    *,
    crs: str | None = None,
    vertical: str = "ellipsoid",
    geoid: Path | None = None,
) -> LoadedPoints:
    """The points of a file, their heights above the ellipsoid.

    Args:
        path: ``.geojson``/``.json``: point features, heights as third coordinate or as a property;
            else CSV with a header (``,``, ``;`` or tab): id, lon, lat or x, y, height, and col,
            row or j, i; other columns are left alone.
        crs: Of x and y (and of a GeoJSON's coordinates, where it does not name its own).
        vertical: Of the heights: ``ellipsoid``, ``EGM96``, ``EGM2008`` or ``MSL``.
        geoid: File of the geoid, instead of the one that `vertical` names.

    Raises:
        MissingInputError: There is no such file.
        UnreadableInputError: It is neither CSV nor GeoJSON.
        BrokenInputError: A column or a number is missing or impossible; the line is named.
        UndeclaredInputError: x and y without a CRS.
        UsageError: An unknown vertical datum, a geoid for ellipsoidal heights, an unknown CRS.
    """
    _check(path, vertical, geoid)
    rows = _geojson_rows(path) if path.suffix.lower() in {".json", ".geojson"} else _csv_rows(path)
    points = tuple(_point(path, number, row, crs) for number, row in enumerate(rows, start=1))
    if not points:
        raise BrokenInputError("the file holds no points", subject=path, expected="at least one")
    _refuse_repeated(path, points)
    if vertical == "ellipsoid":
        return LoadedPoints(points=points)
    return _above_ellipsoid(points, vertical, geoid)


def _check(path: Path, vertical: str, geoid: Path | None) -> None:
    if vertical not in VERTICALS:
        raise UsageError("unknown vertical datum", found=vertical, expected=", ".join(VERTICALS))
    if vertical == "ellipsoid" and geoid is not None:
        raise UsageError("heights above the ellipsoid need no geoid", found=str(geoid))
    if not path.is_file():
        raise MissingInputError("there is no such file of points", subject=path)
    if path.stat().st_size > _MAX_BYTES:
        raise UnsafeInputError(
            "too large to be a file of points",
            subject=path,
            found=f"{path.stat().st_size} bytes",
            expected=f"at most {_MAX_BYTES}",
        )


@dataclass(frozen=True, slots=True)
class _Row:
    """Fields by our names, as text or number, and where they stand."""

    where: str
    fields: Mapping[str, Any]
    planar: bool = False
    crs: str | None = None


def _csv_rows(path: Path) -> Iterator[_Row]:
    lines = _text(path).splitlines()
    numbered = [(n, line) for n, line in enumerate(lines, start=1) if _means(line)]
    if not numbered:
        raise UnreadableInputError("the file is empty", subject=path, expected="CSV with a header")
    header_line = numbered[0][1]
    delimiter = next((d for d in _DELIMITERS if d in header_line), ",")
    header = [_ours(name) for name in _split(path, numbered[0], delimiter)]
    _require_columns(path, header, header_line)
    for number, line in numbered[1:]:
        values = _split(path, (number, line), delimiter)
        if len(values) < len(header):
            raise BrokenInputError(
                f"line {number} has too few fields",
                subject=path,
                found=str(len(values)),
                expected=str(len(header)),
            )
        found = {name: v for name, v in zip(header, values, strict=False) if name and v}
        if delimiter == ";":
            found = {k: v if k == "id" else v.replace(",", ".") for k, v in found.items()}
        yield _Row(f"line {number}", found)


def _means(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _split(path: Path, numbered: tuple[int, str], delimiter: str) -> list[str]:
    try:
        found = next(csv.reader([numbered[1]], delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:
        raise UnreadableInputError(
            f"line {numbered[0]} is not CSV", subject=path, found=str(error)
        ) from error
    return [value.strip() for value in found]


def _ours(name: str) -> str | None:
    plain = name.strip().strip("\ufeff").lower()
    return next((ours for ours, names in _ALIASES.items() if plain in names), None)


def _require_columns(path: Path, header: Sequence[str | None], line: str) -> None:
    there = set(header)
    ground = {"lon", "lat"} <= there or {"x", "y"} <= there
    image = {"col", "row"} <= there or {"j", "i"} <= there
    repeated = [name for name in header if name and list(header).count(name) > 1]
    if not ground or not image or repeated:
        raise BrokenInputError(
            "the points' header lacks a column"
            if not repeated
            else "two columns of the points mean the same",
            subject=path,
            found=f"{line.strip()} ({', '.join(sorted(set(repeated)))})" if repeated else line,
            expected="id, lon, lat (or x, y), height, and col, row (or j, i)",
        )


def _geojson_rows(path: Path) -> Iterator[_Row]:
    try:
        document = json.loads(_text(path), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise UnreadableInputError(
            "the GeoJSON cannot be decoded", subject=path, found=str(error)[:200]
        ) from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise UnreadableInputError(
            "the JSON is no FeatureCollection", subject=path, expected="GeoJSON points"
        )
    declared = _declared_crs(path, document)
    for number, feature in enumerate(features, start=1):
        yield _feature_row(path, f"feature {number}", feature, declared)


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


def _declared_crs(path: Path, document: Mapping[str, Any]) -> str | None:
    member = document.get("crs")
    if member is None:
        return None
    stated = member.get("properties") if isinstance(member, dict) else None
    name = stated.get("name") if isinstance(stated, dict) else None
    if not isinstance(name, str):
        raise UndeclaredInputError(
            "the GeoJSON's crs member names no coordinate system", subject=path, found=str(member)
        )
    return None if name.endswith(_LONLAT_CRS) else name


def _feature_row(path: Path, where: str, feature: object, declared: str | None) -> _Row:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        raise BrokenInputError(f"{where} is not a point", subject=path, expected="Point features")
    at = geometry.get("coordinates")
    if not isinstance(at, list) or len(at) not in {2, 3}:
        raise BrokenInputError(
            f"{where} has no position", subject=path, found=str(at), expected="lon, lat, height"
        )
    stated = feature.get("properties") if isinstance(feature, dict) else None
    fields: dict[str, Any] = {}
    for name, value in (stated if isinstance(stated, dict) else {}).items():
        ours = _ours(str(name))
        if ours in {"id", "height", "col", "row", "j", "i", "filename"} and value is not None:
            fields[ours] = value
        elif name == "ji":
            fields |= _ji(path, where, value)
    if isinstance(feature, dict) and feature.get("id") is not None:
        fields.setdefault("id", feature["id"])
    fields |= dict(zip(("x", "y", "height"), at, strict=False))
    return _Row(where, fields, planar=True, crs=declared)


def _ji(path: Path, where: str, value: object) -> dict[str, Any]:
    if not isinstance(value, list) or len(value) != 2:
        raise BrokenInputError(
            f"{where} has a ji that is not a pair", subject=path, found=str(value), expected="j, i"
        )
    return {"j": value[0], "i": value[1]}


def _point(path: Path, number: int, row: _Row, crs: str | None) -> ControlPoint:
    lon, lat = _ground(path, row, crs)
    col, line = _seen(path, row)
    named = row.fields.get("filename")
    return ControlPoint(
        id=str(row.fields.get("id", number)),
        lon=lon,
        lat=lat,
        height_m=_number(path, row, "height") if "height" in row.fields else None,
        col=col,
        row=line,
        filename=None if named is None else str(named),
    )


def _ground(path: Path, row: _Row, crs: str | None) -> tuple[float, float]:
    if "lon" in row.fields:
        lon, lat = _number(path, row, "lon"), _number(path, row, "lat")
    else:
        x, y = _number(path, row, "x"), _number(path, row, "y")
        lon, lat = _unprojected(path, row, (x, y), row.crs or crs)
    if -180 <= lon <= 360 and -90 <= lat <= 90:
        return lon, lat
    raise BrokenInputError(
        f"{row.where} lies nowhere on the Earth",
        subject=path,
        found=f"{lon:g}, {lat:g}",
        expected="longitude, latitude in degrees",
        remedy="if these are x and y of a map, name its --crs",
    )


def _unprojected(
    path: Path, row: _Row, at: tuple[float, float], crs: str | None
) -> tuple[float, float]:
    if crs is None and row.planar:
        return at
    if crs is None:
        raise UndeclaredInputError(
            "the points have x and y, and nobody says of which CRS",
            subject=path,
            expected="lon and lat, or a CRS",
            remedy="name it with --crs EPSG:…",
        )
    lon, lat = to_lonlat(crs, *at)
    if math.isfinite(float(lon)):
        return float(lon), float(lat)
    raise BrokenInputError(
        f"{row.where} lies outside its CRS", subject=path, found=f"{at[0]:g}, {at[1]:g} in {crs}"
    )


def _seen(path: Path, row: _Row) -> tuple[float, float]:
    ours, theirs = {"col", "row"} & set(row.fields), {"j", "i"} & set(row.fields)
    if ours and theirs:
        raise BrokenInputError(
            f"{row.where} has its pixel position twice",
            subject=path,
            found="col, row and j, i",
            expected="one of them: they count from different places",
        )
    if theirs:
        return _number(path, row, "j") + 0.5, _number(path, row, "i") + 0.5
    return _number(path, row, "col"), _number(path, row, "row")


def _number(path: Path, row: _Row, name: str) -> float:
    value = row.fields.get(name)
    try:
        number = math.nan if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if math.isfinite(number):
        return number
    raise BrokenInputError(
        f"{row.where} has no usable {name}",
        subject=path,
        found="nothing" if value is None else repr(value)[:60],
        expected="a number",
    )


def _refuse_repeated(path: Path, points: Sequence[ControlPoint]) -> None:
    if len(points) > _MAX_POINTS:
        raise UnsafeInputError(
            "too many points", subject=path, found=str(len(points)), expected=str(_MAX_POINTS)
        )
    seen: set[tuple[str, str | None]] = set()
    for point in points:
        if (point.id, point.filename) in seen:
            raise BrokenInputError(
                "two points have one id",
                subject=path,
                found=point.id,
                remedy="give each an id of its own",
            )
        seen.add((point.id, point.filename))


def _above_ellipsoid(
    points: tuple[ControlPoint, ...], vertical: str, geoid: Path | None
) -> LoadedPoints:
    name = geoid or ("EGM96" if vertical == "MSL" else vertical)
    lon, lat = np.array([p.lon for p in points]), np.array([p.lat for p in points])
    bounds = (float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max()))
    loaded = open_geoid(name, bounds)
    undulation = loaded.grid.undulation_m(lon, lat)
    moved = tuple(
        point if point.height_m is None else replace(point, height_m=point.height_m + float(above))
        for point, above in zip(points, undulation, strict=True)
    )
    return LoadedPoints(points=moved, notices=(loaded.statement,) if loaded.statement else ())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableInputError(
            "the points are not UTF-8 text", subject=path, found=str(error)[:100]
        ) from error
