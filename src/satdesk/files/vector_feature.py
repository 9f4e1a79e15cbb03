"""A feature of a vector file, and its way from a declared coordinate system to WGS 84."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError
from shapely.geometry.base import BaseGeometry

from satdesk.errors import BrokenInputError, UndeclaredInputError

__all__ = ["Feature", "moved", "to_lonlat"]


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


def to_lonlat(path: Path, declared: str) -> Transformer | None:
    """To longitude/latitude on WGS 84; None where the file is in it already.

    A transformation that PROJ could only guess (no known shift between the datums) is refused.
    """
    try:
        crs = CRS.from_user_input(declared)
    except CRSError as error:
        raise UndeclaredInputError(
            "the declared coordinate system is not known", subject=path, found=declared[:120]
        ) from error
    # traditional order (x = longitude) is what vector files store, whatever the authority says
    if crs.equals(CRS.from_epsg(4326), ignore_axis_order=True):
        return None
    try:
        return Transformer.from_crs(crs, "OGC:CRS84", always_xy=True, allow_ballpark=False)
    except ProjError as error:
        raise UndeclaredInputError(
            "no shift is known from the declared datum to WGS 84",
            subject=path,
            found=crs.name,
            expected="a coordinate system with a known datum",
            remedy="save the file in WGS 84",
        ) from error


def moved(
    path: Path, geometry: BaseGeometry | None, transformer: Transformer | None
) -> BaseGeometry | None:
    """The geometry in longitude/latitude; BrokenInputError where its positions make no sense."""
    if geometry is None or transformer is None:
        return geometry
    flat = shapely.force_2d(geometry)
    result = shapely.transform(flat, transformer.transform, interleaved=False)
    if not all(map(math.isfinite, result.bounds)) and not result.is_empty:
        raise BrokenInputError(
            "positions lie outside their own coordinate system",
            subject=path,
            found=", ".join(f"{value:g}" for value in geometry.bounds),
        )
    return result
