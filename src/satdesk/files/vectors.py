"""Polygons and points from the files in which people keep them.

GeoJSON, GeoPackage, shapefile (a ``.shp`` with its siblings, or a zip), WKT text and CSV points all
become the same value: a `Feature` in longitude/latitude on WGS 84. A coordinate system is only ever
the one that the file declares; GeoJSON is WGS 84 by its standard (RFC 7946, section 4), WKT and CSV
by our own rule unless EWKT says ``SRID=…;``. A shapefile without ``.prj`` declares nothing.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from shapely.errors import GEOSException
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from satdesk.errors import (
    BrokenInputError,
    MissingInputError,
    UndeclaredInputError,
    UnreadableInputError,
    UnsafeInputError,
)
from satdesk.files.archives import is_archive, opened

__all__ = ["MAX_BYTES", "MAX_FEATURES", "MAX_VERTICES", "Feature", "read_features"]

MAX_BYTES = 256 * 1024**2
"""Largest vector file, bytes; the districts of a whole country take some hundred kilobytes."""
MAX_FEATURES = 100_000
MAX_VERTICES = 5_000_000
MAX_ZIP_BYTES = 1024**3
"""Largest zipped shapefile after unpacking, bytes."""

_AREAS = {"Polygon", "MultiPolygon"}
_LON_NAMES = ("lon", "longitude", "lng", "x")
_LAT_NAMES = ("lat", "latitude", "y")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One feature of a vector file.

    Attributes:
        properties: ``(name, value)`` pairs in the file's order; values are JSON scalars or, from
            GeoJSON, lists and objects.
        geometry: Longitude/latitude degrees on WGS 84, two-dimensional; None where the feature has
            none.
        id: The feature's own id where the format has one.
        repaired: True where an invalid polygon was made valid, which whoever uses it should say.
    """

    properties: tuple[tuple[str, Any], ...]
    geometry: BaseGeometry | None
    id: str | None = None
    repaired: bool = False

    def get(self, name: str) -> Any:  # noqa: ANN401 - whatever the file holds
        """The property `name`, compared without case; None where there is none."""
        lowered = name.casefold()
        return next((v for k, v in self.properties if k.casefold() == lowered), None)


def read_features(path: Path) -> tuple[Feature, ...]:
    """Read every feature of the file, in its order.

    Args:
        path: ``.geojson``/``.json``, ``.gpkg``, ``.shp``, ``.zip`` (with one shapefile inside),
            ``.wkt``/``.txt``, ``.csv``. A zip is known by its content, the rest by the suffix.

    Raises:
        MissingInputError: There is no such file.
        UnreadableInputError: A foreign suffix, or the content cannot be decoded.
        UndeclaredInputError: No coordinate system is declared (a shapefile without ``.prj``).
        BrokenInputError: Positions that no place on earth has, or a polygon beyond repair.
        UnsafeInputError: The file is larger than the limits, or a zip that leaves its folder.
    """
    if not path.is_file():
        raise MissingInputError(
            "the vector file does not exist", subject=path, remedy="check the path"
        )
    _check_size(path)
    if is_archive(path):
        return _checked(path, _zipped(path))
    readers = {
        ".geojson": _geojson,
        ".json": _geojson,
        ".gpkg": _tables,
        ".shp": _tables,
        ".wkt": _wkt,
        ".txt": _wkt,
        ".csv": _points,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UnreadableInputError(
            "not a vector file that satdesk reads",
            subject=path,
            found=path.suffix or "no suffix",
            expected="GeoJSON, GeoPackage, shapefile (.shp or .zip), .wkt or .csv",
        )
    return _checked(path, reader(path))


def _check_size(path: Path) -> None:
    size = path.stat().st_size
    if size == 0:
        raise UnreadableInputError("the vector file is empty", subject=path, found="0 bytes")
    if size > MAX_BYTES:
        raise UnsafeInputError(
            "the vector file is too large",
            subject=path,
            found=f"{size} bytes",
            expected=f"at most {MAX_BYTES} bytes",
            remedy="cut it down to the area that you need",
        )


def _checked(path: Path, features: Iterator[Feature]) -> tuple[Feature, ...]:
    """Drain `features` within the limits; repair and check each geometry."""
    result: list[Feature] = []
    vertices = 0
    for number, feature in enumerate(features, start=1):
        if feature.geometry is not None:
            vertices += int(shapely.get_num_coordinates(feature.geometry))
        if number > MAX_FEATURES or vertices > MAX_VERTICES:
            raise UnsafeInputError(
                "the vector file holds too much",
                subject=path,
                found=f"more than {MAX_FEATURES} features or {MAX_VERTICES} vertices",
                remedy="cut it down to the area that you need",
            )
        result.append(_sound(path, number, feature))
    if not result:
        raise UnreadableInputError("the vector file holds no feature", subject=path)
    return tuple(result)


def _sound(path: Path, number: int, feature: Feature) -> Feature:
    """The feature with a two-dimensional, valid geometry somewhere on earth."""
    if feature.geometry is None or feature.geometry.is_empty:
        return Feature(properties=feature.properties, geometry=None, id=feature.id)
    geometry = shapely.force_2d(feature.geometry)
    west, south, east, north = geometry.bounds
    on_earth = -180 <= west <= east <= 360 and -90 <= south <= north <= 90
    if not on_earth or not math.isfinite(west + south + east + north):
        raise BrokenInputError(
            f"feature {number} lies nowhere on earth",
            subject=path,
            found=f"longitude {west:g} to {east:g}, latitude {south:g} to {north:g}",
            expected="degrees, longitude before latitude",
            remedy="declare the coordinate system that the positions are in",
        )
    if shapely.is_valid(geometry):
        return Feature(properties=feature.properties, geometry=geometry, id=feature.id)
    return Feature(
        properties=feature.properties,
        geometry=_repaired(path, number, geometry),
        id=feature.id,
        repaired=True,
    )


def _repaired(path: Path, number: int, geometry: BaseGeometry) -> BaseGeometry:
    """`make_valid`, of which the parts of the same dimension are kept."""
    why = shapely.is_valid_reason(geometry)
    sound = shapely.make_valid(geometry)
    if geometry.geom_type in _AREAS:
        parts = shapely.get_parts(shapely.get_parts(sound))
        sound = shapely.union_all([part for part in parts if part.geom_type in _AREAS])
    if sound.is_empty:
        raise BrokenInputError(
            f"the polygon of feature {number} cannot be repaired",
            subject=path,
            found=why,
            expected="a ring that encloses an area and does not cross itself",
        )
    return sound


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableInputError(
            "the file is not UTF-8 text", subject=path, found=str(error), remedy="save it as UTF-8"
        ) from error


def _geojson(path: Path) -> Iterator[Feature]:
    try:
        document = json.loads(_text(path), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise UnreadableInputError(
            "the GeoJSON cannot be decoded", subject=path, found=str(error)
        ) from error
    items = _geojson_items(path, document)
    to_lonlat = _geojson_crs(path, document)
    for number, item in enumerate(items, start=1):
        geometry = _geojson_geometry(path, number, item.get("geometry"))
        identifier = item.get("id")
        yield Feature(
            properties=tuple((item.get("properties") or {}).items()),
            geometry=_moved(path, geometry, to_lonlat),
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
    except (
        ValueError, TypeError, KeyError, IndexError, AttributeError, GEOSException,
    ) as error:  # fmt: skip
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
    return _transformer(path, name)


def _tables(path: Path) -> Iterator[Feature]:
    """GeoPackage and shapefile, through pyogrio."""
    import pyogrio.raw  # noqa: PLC0415 - GDAL is loaded only where it is needed
    from pyogrio.errors import DataLayerError, DataSourceError  # noqa: PLC0415 - as above

    # A field type that NumPy lacks (a list) is read as text and warned of; neither matters here.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
            tables = [pyogrio.raw.read(path, layer=name, force_2d=True) for name in layers]
        except (DataSourceError, DataLayerError, ValueError) as error:
            raise UnreadableInputError(
                "the vector file cannot be opened", subject=path, found=str(error)
            ) from error
    for name, (meta, fids, shapes, columns) in zip(layers, tables, strict=True):
        to_lonlat = _transformer(path, _declared(path, name, meta["crs"]))
        identifiers = range(len(shapes)) if fids is None else fids
        for row, (number, geometry) in enumerate(zip(identifiers, shapes, strict=True)):
            values = (_scalar(column[row]) for column in columns)
            yield Feature(
                properties=tuple(zip(map(str, meta["fields"]), values, strict=True)),
                geometry=_moved(path, _from_wkb(path, geometry), to_lonlat),
                id=str(number),
            )


def _declared(path: Path, layer: str, crs: str | None) -> str:
    if crs:
        return crs
    raise UndeclaredInputError(
        f"layer {layer!r} declares no coordinate system",
        subject=path,
        found="no .prj file" if path.suffix.lower() == ".shp" else "an undefined system",
        expected="a declared coordinate system",
        remedy="put the .prj beside the .shp, or save the file with its coordinate system",
    )


def _from_wkb(path: Path, wkb: bytes | None) -> BaseGeometry | None:
    try:
        return None if wkb is None else shapely.from_wkb(wkb)
    except GEOSException as error:
        raise UnreadableInputError(
            "a geometry cannot be decoded", subject=path, found=str(error)
        ) from error


def _scalar(value: Any) -> Any:  # noqa: ANN401 - any column of any table
    """A JSON-ready scalar: NumPy numbers unwrapped, NaN and NaT become None."""
    plain = value.item() if hasattr(value, "item") else value
    if plain is None or (isinstance(plain, float) and math.isnan(plain)):
        return None
    return plain if isinstance(plain, str | int | float | bool) else str(plain)


def _zipped(path: Path) -> Iterator[Feature]:
    """The one shapefile or GeoPackage inside a zip."""
    _check_unpacked(path)
    with opened(path) as folder:
        inside = sorted(
            p for p in folder.rglob("*") if p.suffix.lower() in {".shp", ".gpkg"} and p.is_file()
        )
        if len(inside) != 1:
            raise UnreadableInputError(
                "the zip must hold one shapefile",
                subject=path,
                found=", ".join(p.name for p in inside) or "none",
                expected="one .shp with its .shx, .dbf and .prj",
            )
        yield from _tables(inside[0])


def _check_unpacked(path: Path) -> None:
    import zipfile  # noqa: PLC0415 - only a zip needs it

    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        raise UnreadableInputError("the zip is damaged", subject=path, found=str(error)) from error
    if size > MAX_ZIP_BYTES:
        raise UnsafeInputError(
            "the zip unpacks to too much",
            subject=path,
            found=f"{size} bytes",
            expected=f"at most {MAX_ZIP_BYTES} bytes",
        )


def _wkt(path: Path) -> Iterator[Feature]:
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
    return _moved(path, geometry, _transformer(path, f"EPSG:{srid[1]}") if srid else None)


def _points(path: Path) -> Iterator[Feature]:
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


def _transformer(path: Path, declared: str) -> Transformer | None:
    """To longitude/latitude on WGS 84; None where the file is in it already."""
    try:
        crs = CRS.from_user_input(declared)
    except CRSError as error:
        raise UndeclaredInputError(
            "the declared coordinate system is not known", subject=path, found=declared[:120]
        ) from error
    # traditional order (x = longitude) is what vector files store, whatever the authority says
    if crs.equals(CRS.from_epsg(4326), ignore_axis_order=True):
        return None
    return Transformer.from_crs(crs, "OGC:CRS84", always_xy=True)


def _moved(
    path: Path, geometry: BaseGeometry | None, to_lonlat: Transformer | None
) -> BaseGeometry | None:
    if geometry is None or to_lonlat is None:
        return geometry
    flat = shapely.force_2d(geometry)
    moved = shapely.transform(flat, to_lonlat.transform, interleaved=False)
    if not all(map(math.isfinite, moved.bounds)) and not moved.is_empty:
        raise BrokenInputError(
            "positions lie outside their own coordinate system",
            subject=path,
            found=", ".join(f"{value:g}" for value in geometry.bounds),
        )
    return moved
