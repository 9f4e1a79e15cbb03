"""Writing features: GeoJSON and CSV by our own hand (same bytes each time), GeoPackage by GDAL."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry import mapping

from satdesk.errors import MachineError, UsageError
from satdesk.files.vectors import Feature

__all__ = ["write_features"]

_DECIMALS = 40
"""Decimals of WKT: GEOS stops at the shortest text that reads back equal, if allowed that many."""


def write_features(path: Path, features: Sequence[Feature]) -> None:
    """Write `features`, which must share their property names, as the suffix of `path` says.

    The file appears whole, by rename. A CSV holds ``lon, lat`` of points and the WKT of anything
    else in a column ``wkt``.

    Args:
        path: ``.geojson``/``.json``, ``.gpkg`` or ``.csv``.
        features: At least one; property values are strings, numbers or None.

    Raises:
        UsageError: Another suffix, or nothing to write.
        MachineError: The disk refuses.
    """
    writers = {".geojson": _geojson, ".json": _geojson, ".csv": _csv, ".gpkg": _geopackage}
    writer = writers.get(path.suffix.lower())
    if writer is None or not features:
        raise UsageError(
            "cannot write the features",
            subject=path,
            found=path.suffix if features else "no feature",
            expected="at least one feature and .geojson, .gpkg or .csv",
        )
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        part.unlink(missing_ok=True)
        writer(part, features)
        os.replace(part, path)  # noqa: PTH105 - atomic on both systems, and says so
    except OSError as error:
        part.unlink(missing_ok=True)
        raise MachineError("the file cannot be written", subject=path, found=str(error)) from error


def _geojson(path: Path, features: Sequence[Feature]) -> None:
    items = [
        {
            "type": "Feature",
            "id": feature.id,
            "properties": dict(feature.properties),
            "geometry": None if feature.geometry is None else mapping(feature.geometry),
        }
        for feature in features
    ]
    document = {"type": "FeatureCollection", "features": items}
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _csv(path: Path, features: Sequence[Feature]) -> None:
    names = [name for name, _ in features[0].properties]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*names, "lon", "lat", "wkt"])
    for feature in features:
        values = dict(feature.properties)
        writer.writerow([*(values[name] for name in names), *_cells(feature)])
    path.write_text(buffer.getvalue(), encoding="utf-8", newline="")


def _cells(feature: Feature) -> tuple[object, object, object]:
    geometry = feature.geometry
    if geometry is None:
        return "", "", ""
    if geometry.geom_type == "Point":
        return repr(geometry.x), repr(geometry.y), ""
    return "", "", shapely.to_wkt(geometry, rounding_precision=_DECIMALS)


def _geopackage(path: Path, features: Sequence[Feature]) -> None:
    from pyogrio import raw  # noqa: PLC0415 - GDAL is loaded only where it is needed
    from pyogrio.errors import DataSourceError  # noqa: PLC0415 - as above

    names = [name for name, _ in features[0].properties]
    shapes = [None if f.geometry is None else shapely.to_wkb(f.geometry) for f in features]
    columns = [_column([dict(f.properties)[name] for f in features]) for name in names]
    try:
        raw.write(
            path,
            geometry=np.array(shapes, dtype=object),
            field_data=columns,
            fields=names,
            geometry_type="Unknown",
            crs="EPSG:4326",
            driver="GPKG",
            layer="places",
        )
    except DataSourceError as error:
        raise MachineError("GDAL cannot write it", subject=path, found=str(error)) from error


def _column(values: list[object]) -> np.ndarray:
    """Numbers as float with NaN for None, everything else as text."""
    if all(v is None or isinstance(v, float) for v in values):
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    return np.array([None if v is None else str(v) for v in values], dtype=object)
