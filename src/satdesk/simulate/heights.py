"""DEMs written from a relief: the ground itself, coarser ones, and one with a wrong datum."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from satdesk.errors import UsageError
from satdesk.files.dimap_writer import write_heights
from satdesk.files.geoid import open_geoid
from satdesk.simulate.relief import Relief

__all__ = ["DemKind", "write_dem"]

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
    lon, lat = relief.plane.to_lonlat(*np.meshgrid(x, y))
    if not kind.wrong_datum:
        heights = heights - open_geoid("EGM96").grid.undulation_m(lon, lat)
    east, north = relief.plane.metres_a_degree
    step = x[1] - x[0]
    corner = Affine.translation(
        float(lon[0, 0]) - step / east / 2, float(lat[0, 0]) + step / north / 2
    )
    write_heights(path, heights, corner @ Affine.scale(step / east, -step / north), "EGM96")


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
    smooth = Relief(plane=relief.plane, heights=blurred, flow=relief.flow)
    return smooth.at(*np.meshgrid(posts_x, posts_y)), posts_x, posts_y
