"""Output grids: which CRS, where the edges lie, how one grid lies within another."""

from __future__ import annotations

import math

from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.errors import UsageError

__all__ = ["offset", "require_grid", "same_lattice", "snapped_grid", "subgrid", "utm_crs"]

_TOLERANCE_PX = 1e-3
"""Grids of one lattice may differ by this much, which float64 origins in metres never reach."""

_LARGEST_SIDE = 1 << 20


def utm_crs(lon: float, lat: float) -> str:
    """The UTM zone of a place as ``EPSG:326zz`` (north) or ``EPSG:327zz`` (south).

    The plain six-degree zones: the exceptions around Norway and Svalbard are not applied.

    Args:
        lon: Degrees; any multiple of 360 may be added.
        lat: Degrees, −80 to 84.

    Raises:
        UsageError: The place lies outside UTM.
    """
    if not (math.isfinite(lon) and -80 <= lat <= 84):
        raise UsageError(
            "UTM ends at 80 S and 84 N",
            found=f"longitude {lon:g}, latitude {lat:g}",
            expected="a latitude from -80 to 84",
            remedy="name a CRS with --crs",
        )
    zone = int((lon + 180) % 360 // 6) + 1
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


def snapped_grid(bounds: tuple[float, float, float, float], crs: str, gsd_m: float) -> GeoBox:
    """The smallest grid that covers `bounds` with its edges on whole multiples of the pixel.

    Two grids of one CRS and pixel made by this function lie on one lattice, whatever their bounds.

    Args:
        bounds: ``xmin, ymin, xmax, ymax`` in units of the CRS.
        crs: Anything that pyproj reads.
        gsd_m: Pixel in units of the CRS (metres for a projected one).

    Raises:
        UsageError: Bounds that do not ascend, a pixel that is not positive, or a grid of more
            than a million pixels a side.
    """
    xmin, ymin, xmax, ymax = bounds
    if not (all(map(math.isfinite, bounds)) and xmin < xmax and ymin < ymax):
        raise UsageError("bounds must ascend", found=str(bounds), expected="XMIN YMIN XMAX YMAX")
    if not (math.isfinite(gsd_m) and gsd_m > 0):
        raise UsageError("a pixel must have a size", found=repr(gsd_m), expected="more than 0")
    left, top = _floor(xmin / gsd_m), -_floor(-ymax / gsd_m)
    right, bottom = -_floor(-xmax / gsd_m), _floor(ymin / gsd_m)
    shape = (top - bottom, right - left)
    if max(shape) > _LARGEST_SIDE:
        raise UsageError(
            "the grid would be too large",
            found=f"{shape[1]} x {shape[0]} pixels",
            expected=f"at most {_LARGEST_SIDE} a side",
            remedy="take a larger pixel or smaller bounds",
        )
    return GeoBox(shape, Affine(gsd_m, 0, left * gsd_m, 0, -gsd_m, top * gsd_m), crs)


def offset(outer: GeoBox, inner: GeoBox) -> tuple[int, int]:
    """``row, col`` of the first pixel of `inner` in `outer`; negative where it starts before.

    Raises:
        UsageError: Another CRS, another pixel, a shift that is not whole, or no grid at all.
    """
    require_grid(inner, "grid")
    if outer.crs != inner.crs:
        raise UsageError(
            "two grids must share a CRS", found=str(inner.crs), expected=str(outer.crs)
        )
    relative = ~outer.affine @ inner.affine
    col, row = round(relative.c), round(relative.f)
    # What a slightly different pixel adds up to over the whole grid counts, not the ratio.
    drift = max(
        abs(relative.a - 1) * inner.shape[1],
        abs(relative.b) * inner.shape[0],
        abs(relative.d) * inner.shape[1],
        abs(relative.e - 1) * inner.shape[0],
        abs(relative.c - col),
        abs(relative.f - row),
    )
    if not drift <= _TOLERANCE_PX:
        raise UsageError(
            "two grids must lie on one lattice of pixels",
            found=f"pixel and origin {tuple(inner.affine)[:6]}",
            expected=f"a shift by whole pixels of {tuple(outer.affine)[:6]}",
        )
    return row, col


def require_grid(value: object, name: str) -> None:
    """Refuse what is no GeoBox: a path, bounds, a shape.

    Raises:
        UsageError: It is something else.
    """
    if not isinstance(value, GeoBox):
        raise UsageError(
            "an argument is of another kind",
            subject=name,
            found=f"{type(value).__name__}: {str(value)[:60]}",
            expected="a GeoBox, such as layer.grid",
            remedy="see docs/reference/python.md",
        )


def same_lattice(a: GeoBox, b: GeoBox) -> bool:
    """True where `offset` would answer."""
    try:
        offset(a, b)
    except UsageError:
        return False
    return True


def subgrid(grid: GeoBox, row: int, col: int, shape: tuple[int, int]) -> GeoBox:
    """The grid of `shape` whose first pixel is ``row, col`` of `grid`; may reach outside it."""
    return GeoBox(shape, grid.affine @ Affine.translation(col, row), grid.crs)


def _floor(value: float) -> int:
    """Floor that forgives the last bits: 0.3 / 0.1 lies on the third line, not before it."""
    nearest = round(value)
    return nearest if math.isclose(value, nearest, rel_tol=0, abs_tol=1e-6) else math.floor(value)
