"""DEMs written from a relief: the ground itself, coarser ones, and one with a wrong datum."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from satdesk.errors import UsageError
from satdesk.files.dimap_writer import write_height_rows
from satdesk.files.geoid import open_geoid
from satdesk.simulate.relief import Relief
from satdesk.simulate.settle import Building
from satdesk.simulate.standing import solid

__all__ = ["DemKind", "write_dem", "write_surface"]

SURFACE_REACH_M = 2600.0
_SURFACE_M = 2.0
_STRIP = 256

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemKind:
    """Which DEM goes with a picture.

    Attributes:
        spacing_m: Distance between posts; None = the relief's own nodes, which *are* the ground.
            A coarser DEM holds what its cells have on average (a Gaussian of a cell's variance).
        wrong_datum: Heights above the ellipsoid in a file that says EGM96: wrong by the geoid's
            undulation (17–19 m in Kalbajar), as a forgotten conversion is.
    """

    spacing_m: float | None = None
    wrong_datum: bool = False

    def __post_init__(self) -> None:
        if self.spacing_m is not None and not 8 <= self.spacing_m <= 1500:
            raise UsageError(
                "a simulated DEM cannot have this spacing",
                found=f"{self.spacing_m:g} m",
                expected="8 to 1500 m",
            )

    @property
    def file_name(self) -> str:
        """What its file is called: ``dem_egm96.tif`` holds the ground itself."""
        if self == DemKind():
            return "dem_egm96.tif"
        spacing = "" if self.spacing_m is None else f"_{self.spacing_m:g}m"
        return f"dem{spacing}_{'wrong_datum' if self.wrong_datum else 'egm96'}.tif"


def write_dem(relief: Relief, path: Path, kind: DemKind | None = None) -> None:
    """A DEM on longitude and latitude that says EGM96; bilinear between cell centres.

    Without a `kind` it holds the relief's nodes: what a reader adds back is the same undulation at
    the same nodes, and the written DEM *is* the ground of the pictures.
    """
    kind = kind or DemKind()
    heights, x, y = _posts(relief, kind.spacing_m)
    _write_posts(relief, path, (x, y), lambda rows: heights[rows], wrong_datum=kind.wrong_datum)


def write_surface(
    relief: Relief, buildings: tuple[Building, ...], path: Path, reach_m: float = SURFACE_REACH_M
) -> None:
    """What a camera sees first from above: the ground with buildings on it, posts 2 m apart.

    A post that lies under a building has the height of its top; between posts it is bilinear, so
    that a wall is as much as 2 m wide. It covers the middle of the world, where all buildings are.
    """
    near = relief.part(-reach_m, -reach_m, reach_m, reach_m)
    every = round(near.node_m / _SURFACE_M)
    node_x, node_y = near.axes
    x = node_x[0] + _SURFACE_M * np.arange((len(node_x) - 1) * every + 1)
    y = node_y[0] - _SURFACE_M * np.arange((len(node_y) - 1) * every + 1)
    boxes = [solid(building, relief) for building in buildings]

    def rows_of(rows: slice) -> Floats:
        grid = np.meshgrid(x, y[rows])
        surface = near.at(*grid)
        for box in boxes:
            if abs(box.building.y - y[rows].mean()) < np.ptp(y[rows]) + box.building.length_m:
                surface = np.where(box.covers(*grid), np.maximum(surface, box.top_m), surface)
        return surface

    _write_posts(relief, path, (x, y), rows_of)


def _write_posts(
    relief: Relief,
    path: Path,
    axes: tuple[Floats, Floats],
    rows_of: Callable[[slice], Floats],
    *,
    wrong_datum: bool = False,
) -> None:
    """Write heights above the ellipsoid as heights above EGM96, strip by strip."""
    x, y = axes
    geoid = open_geoid("EGM96").grid
    step = x[1] - x[0]
    east, north = relief.plane.metres_a_degree
    left, top = relief.plane.to_lonlat(x[:1], y[:1])
    corner = Affine.translation(float(left[0]) - step / east / 2, float(top[0]) + step / north / 2)

    def strips() -> Iterator[Floats]:
        for first in range(0, len(y), _STRIP):
            rows = slice(first, min(first + _STRIP, len(y)))
            lon, lat = relief.plane.to_lonlat(*np.meshgrid(x, y[rows]))
            yield rows_of(rows) - (0.0 if wrong_datum else geoid.undulation_m(lon, lat))

    affine = corner @ Affine.scale(step / east, -step / north)
    write_height_rows(path, (len(y), len(x)), strips(), affine, "EGM96")


def _posts(relief: Relief, spacing_m: float | None) -> tuple[Floats, Floats, Floats]:
    """Heights ``(y, x)`` above the ellipsoid, x of the columns, y of the rows."""
    x, y = relief.axes
    node = x[1] - x[0]
    if spacing_m is None or spacing_m == node:
        return relief.heights, x, y
    half = np.floor((x[-1] - x[0]) / 2 / spacing_m) * spacing_m
    along = np.arange(-half, half + spacing_m / 2, spacing_m)
    posts_x, posts_y = (x[0] + x[-1]) / 2 + along, (y[0] + y[-1]) / 2 - along
    blurred = gaussian_filter(relief.heights, spacing_m / node / np.sqrt(12), mode="nearest")
    smooth = replace(relief, heights=blurred)
    return smooth.at(*np.meshgrid(posts_x, posts_y)), posts_x, posts_y
