"""From heights above a geoid to heights above the ellipsoid: the one place where that is done."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from satdesk.errors import DisjointInputError, UsageError
from satdesk.files.cores import usable_cores
from satdesk.files.geoid import LoadedGeoid, open_geoid
from satdesk.geometry.affine import mapped
from satdesk.geometry.frames import to_lonlat

__all__ = ["above_ellipsoid", "geoid_for"]


def geoid_for(
    datum: str, geoid: Path | None, shape: tuple[int, ...], affine: Affine, crs: str
) -> LoadedGeoid | None:
    """The geoid that heights above `datum` need; None above the ellipsoid.

    Args:
        datum: One of `satdesk.files.dem.VERTICALS`.
        geoid: Its file; None = the one that `datum` names.
        shape: ``rows, cols`` of the heights.
        affine: Of the heights.
        crs: Horizontal CRS.

    Raises:
        UsageError: A geoid for heights above the ellipsoid.
        InputError: As `satdesk.files.geoid.open_geoid`.
    """
    if datum == "ellipsoid":
        if geoid is not None:
            raise UsageError(
                "heights above the ellipsoid need no geoid",
                found=str(geoid),
                remedy="leave --geoid out, or name the true vertical datum with --vertical",
            )
        return None
    col, row = np.meshgrid(np.linspace(0, shape[1], 9), np.linspace(0, shape[0], 9))
    lon, lat = to_lonlat(crs, *mapped(affine, col, row))
    around = (
        float(np.nanmin(lon)),
        float(np.nanmin(lat)),
        float(np.nanmax(lon)),
        float(np.nanmax(lat)),
    )
    return open_geoid(geoid or ("EGM96" if datum == "MSL" else datum), around)


def above_ellipsoid(
    heights: NDArray[Any], affine: Affine, crs: str, loaded: LoadedGeoid
) -> NDArray[np.float32]:
    """Heights ``(y, x)`` in metres above the geoid as float32 above the ellipsoid; NaN = unknown.

    Raises:
        DisjointInputError: The geoid knows none of the place.
    """
    shifted = np.empty(heights.shape, dtype=np.float32)
    col = np.arange(heights.shape[1]) + 0.5

    def shift(start: int) -> None:
        piece = slice(start, min(start + 64, heights.shape[0]))
        row: NDArray[np.float64] = (np.arange(piece.start, piece.stop) + 0.5)[:, None]
        lon, lat = _cells_lonlat(affine, crs, col, row)
        shifted[piece] = heights[piece] + loaded.grid.undulation_m(lon, lat)

    with ThreadPoolExecutor(usable_cores()) as pool:
        list(pool.map(shift, range(0, heights.shape[0], 64)))
    if np.isnan(shifted).all():
        raise DisjointInputError(
            "the geoid does not cover the terrain", subject=loaded.source, found="no common area"
        )
    return shifted


def _cells_lonlat(
    affine: Affine, crs: str, col: NDArray[Any], row: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``lon, lat`` of cells: a row and a column of them where that says it all."""
    if crs == "EPSG:4326" and affine.b == affine.d == 0:
        return mapped(affine, col, 0 * col)[0], mapped(affine, 0 * row, row)[1]
    return to_lonlat(crs, *mapped(affine, *np.broadcast_arrays(col, row)))
