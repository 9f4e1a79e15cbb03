"""Polygons and points from the files in which people keep them.

GeoJSON, GeoPackage, shapefile (a ``.shp`` with its siblings, or a zip), WKT text and CSV points all
become the same value: a `Feature` in longitude/latitude on WGS 84. A coordinate system is only ever
the one that the file declares; GeoJSON is WGS 84 by its standard (RFC 7946, section 4), WKT and CSV
by our own rule unless EWKT says ``SRID=…;``. A shapefile without ``.prj`` declares nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from satdesk.errors import (
    BrokenInputError,
    MissingInputError,
    UnreadableInputError,
    UnsafeInputError,
)
from satdesk.files.archives import is_archive
from satdesk.files.vector_feature import Feature
from satdesk.files.vector_tables import read_tables, read_zipped
from satdesk.files.vector_texts import read_geojson, read_points, read_wkt

__all__ = ["MAX_BYTES", "MAX_FEATURES", "MAX_VERTICES", "Feature", "read_features"]

MAX_BYTES = 256 * 1024**2
"""Largest vector file, bytes; the districts of a whole country take some hundred kilobytes."""
MAX_FEATURES = 100_000
MAX_VERTICES = 5_000_000

_AREAS = {"Polygon", "MultiPolygon"}


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
        return _checked(path, read_zipped(path))
    readers = {
        ".geojson": read_geojson,
        ".json": read_geojson,
        ".gpkg": read_tables,
        ".shp": read_tables,
        ".wkt": read_wkt,
        ".txt": read_wkt,
        ".csv": read_points,
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
    geometry = _areas(geometry)
    if shapely.is_valid(geometry):
        return Feature(properties=feature.properties, geometry=geometry, id=feature.id)
    return Feature(
        properties=feature.properties,
        geometry=_repaired(path, number, geometry),
        id=feature.id,
        repaired=True,
    )


def _areas(geometry: BaseGeometry) -> BaseGeometry:
    """The polygons of a collection, into which tools put lines and points that touch them."""
    if geometry.geom_type != "GeometryCollection":
        return geometry
    areas = [part for part in _singles(geometry) if part.geom_type in _AREAS]
    return shapely.union_all(shapely.make_valid(areas)) if areas else geometry


def _singles(geometry: BaseGeometry) -> list[BaseGeometry]:
    """What a collection holds, and the collections in it, however deep."""
    parts = [geometry]
    while any(part.geom_type == "GeometryCollection" for part in parts):
        parts = shapely.get_parts(parts).tolist()
    return parts


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
