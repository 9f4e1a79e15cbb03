"""Grids on one lattice of pixels: how far one is shifted against another, in whole pixels."""

from __future__ import annotations

from odc.geo.geobox import GeoBox

from satdesk.errors import UsageError

__all__ = ["offset_in", "same_lattice"]

_TOLERANCE_PX = 0.01


def offset_in(outer: GeoBox, inner: GeoBox) -> tuple[int, int]:
    """``row, col`` of the first pixel of `inner`, counted in `outer`; may be negative.

    Counting in whole pixels of one fixed grid is what makes a computation independent of tiles:
    coordinates taken from each tile's own affine differ in their last bits.

    Raises:
        UsageError: Another CRS or pixel size, or a shift that is not a whole number of pixels.
    """
    col, row = ~outer.affine * (inner.affine.c, inner.affine.f)
    if not same_lattice(outer, inner):
        raise UsageError(
            "the grids do not lie on one lattice of pixels",
            found=f"{inner.crs} {tuple(inner.affine)[:6]}",
            expected=f"{outer.crs} {tuple(outer.affine)[:6]} shifted by whole pixels",
        )
    return round(row), round(col)


def same_lattice(one: GeoBox, other: GeoBox) -> bool:
    """True where CRS and pixel size agree and the shift is whole to 0.01 px."""
    if one.crs != other.crs or not _same_pixel(one, other):
        return False
    shift = ~one.affine * (other.affine.c, other.affine.f)
    return all(abs(value - round(value)) <= _TOLERANCE_PX for value in shift)


def _same_pixel(one: GeoBox, other: GeoBox) -> bool:
    # Over the whole of the wider grid the pixels may drift apart by the tolerance, not more.
    a, b = one.affine, other.affine
    reach = max(*one.shape, *other.shape, 1)
    size = max(abs(a.a), abs(a.b), abs(a.d), abs(a.e))
    drift = max(abs(a.a - b.a), abs(a.b - b.b), abs(a.d - b.d), abs(a.e - b.e))
    return bool(drift * reach <= _TOLERANCE_PX * size)
