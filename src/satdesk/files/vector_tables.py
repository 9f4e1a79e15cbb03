"""Vector files that are tables: GeoPackage and shapefile, loose or zipped, read through GDAL."""

from __future__ import annotations

import math
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import shapely
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from satdesk.errors import UndeclaredInputError, UnreadableInputError, UnsafeInputError
from satdesk.files.archives import opened
from satdesk.files.vector_feature import Feature, moved, to_lonlat

__all__ = ["MAX_ZIP_BYTES", "read_tables", "read_zipped"]

MAX_ZIP_BYTES = 1024**3
"""Largest zipped shapefile after unpacking, bytes."""


def read_tables(path: Path) -> Iterator[Feature]:
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
        shift = to_lonlat(path, _declared(path, name, meta["crs"]))
        identifiers = range(len(shapes)) if fids is None else fids
        for row, (number, geometry) in enumerate(zip(identifiers, shapes, strict=True)):
            values = (_scalar(column[row]) for column in columns)
            yield Feature(
                properties=tuple(zip(map(str, meta["fields"]), values, strict=True)),
                geometry=moved(path, _from_wkb(path, geometry), shift),
                id=str(number),
            )


def read_zipped(path: Path) -> Iterator[Feature]:
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
        yield from read_tables(inside[0])


def _check_unpacked(path: Path) -> None:
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
