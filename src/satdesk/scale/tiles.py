"""Cutting a grid into tiles."""

from __future__ import annotations

from dataclasses import dataclass

from odc.geo.geobox import GeoBox

from satdesk.core.arguments import require_count
from satdesk.errors import UsageError

__all__ = ["Tile", "tiles"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A part of a grid.

    Attributes:
        row0: First row of the tile in the whole grid.
        col0: First column of the tile in the whole grid.
        grid: The tile's own grid.
    """

    row0: int
    col0: int
    grid: GeoBox


def tiles(grid: GeoBox, size: int = 512) -> tuple[Tile, ...]:
    """Cut `grid` into tiles of `size` × `size` pixels, row by row from the top left.

    The lattice hangs on the grid's first pixel, so that tiles of 512 are also the blocks of the
    file that they are written to; tiles at the right and lower edge may be smaller.

    Raises:
        UsageError: `size` is below 1, or not whole.
    """
    require_count(size, "tile")
    if size < 1:
        raise UsageError("a tile needs at least one pixel", found=str(size))
    rows, cols = grid.shape
    return tuple(
        Tile(
            row0=row,
            col0=col,
            grid=grid[row : min(row + size, rows), col : min(col + size, cols)],
        )
        for row in range(0, rows, size)
        for col in range(0, cols, size)
    )
