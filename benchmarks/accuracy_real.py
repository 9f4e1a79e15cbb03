"""A real camera's RPC over real relief: Pléiades at Mont Ventoux, on SRTM.

Nobody knows the ground's truth there. What can be held is that an orthoimage follows its RPC and its DEM:
each pixel's place is looked up in the DEM (bilinear) and put through the provider's rational functions,
one by one, and the programs are compared with that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import rasterio
from accuracy_cases import OFFSET, Truth, write_picture
from accuracy_programs import Job
from affine import Affine
from odc.geo.geobox import GeoBox
from scipy.ndimage import map_coordinates

from satdesk.files.dem import open_terrain
from satdesk.files.rpcs import read_rpc
from satdesk.geometry.frames import from_lonlat, lonlat_of_grid, on_terrain

__all__ = ["RealCase", "prepared_real", "real_cases"]

UTM = "EPSG:32631"
EDGE_PX = 3.0
FIRST = 4600.0
"""Row and column at which the part begins; the delivered crop lies in its middle."""
SIZE = 1300
BOUNDS = (5.1, 44.1, 5.3, 44.3)


@dataclass(frozen=True, kw_only=True)
class RealCase:
    """A part of a real image's plane, and what is known of it.

    Attributes:
        name: In the table.
        folder: Of the delivery: its RPC and its terrain.
        pixel_m: Of the output.
    """

    name: str
    folder: Path
    pixel_m: float = 0.7

    @cached_property
    def rpc(self):
        (path,) = self.folder.glob("RPC_*.XML")
        model = read_rpc(path).model
        return replace(model, samp_off=model.samp_off - FIRST, line_off=model.line_off - FIRST)

    @cached_property
    def terrain(self):
        """SRTM, its heights above the ellipsoid."""
        tile = self.folder / "N44E005.hgt"
        return open_terrain([tile], vertical="EGM96", bounds=BOUNDS).terrain

    @cached_property
    def grid(self) -> GeoBox:
        edge = np.linspace(0, SIZE, 5)
        col, row = (axis.ravel() for axis in np.meshgrid(edge, edge))
        lon, lat, _ = on_terrain(self.rpc, col, row, self.terrain, start_m=1200.0)
        x, y = from_lonlat(UTM, lon, lat)
        p = self.pixel_m
        left, top = np.floor(x.min() / p) * p, np.ceil(y.max() / p) * p
        shape = (int((top - y.min()) / p) + 1, int((x.max() - left) / p) + 1)
        return GeoBox(shape, Affine(p, 0, left, 0, -p, top), UTM)

    @cached_property
    def truth(self) -> Truth:
        """The rational functions, pixel by pixel, on the DEM's own bilinear heights."""
        shape = tuple(self.grid.shape)
        lon, lat = lonlat_of_grid(self.grid, 0, 0, shape)
        col, row = ~self.terrain.affine * (lon, lat)
        height = map_coordinates(
            self.terrain.heights.astype("float64"), [row - 0.5, col - 0.5], order=1
        )
        place = np.stack(self.rpc.project(lon, lat, height))
        inside = ((place > EDGE_PX) & (place < SIZE - EDGE_PX)).all(axis=0)
        place[:, ~inside] = np.nan
        return Truth(
            col=place[0], row=place[1], hidden=np.zeros(shape, bool), metres=self._metres()
        )

    def _metres(self) -> np.ndarray:
        middle = SIZE / 2
        col = middle + np.array([-1.0, 1.0, 0.0, 0.0])
        row = middle + np.array([0.0, 0.0, -1.0, 1.0])
        x, y = from_lonlat(UTM, *self.rpc.locate(col, row, np.full(4, 1200.0)))
        return np.array([[x[1] - x[0], x[3] - x[2]], [y[1] - y[0], y[3] - y[2]]]) / 2


def real_cases(data: Path | None) -> tuple[RealCase, ...]:
    """Those whose delivery is there."""
    folder = None if data is None else data / "phr_ventoux"
    if folder is None or not folder.is_dir():
        return ()
    return (RealCase(name="Mont Ventoux: Pléiades RPC, SRTM", folder=folder),)


def prepared_real(case: RealCase, folder: Path) -> Job:
    """The picture of coordinates and the DEM that every program gets."""
    middles = np.arange(SIZE) + 0.5
    write_picture(folder / "case.tif", np.stack(np.meshgrid(middles, middles)) + OFFSET, case.rpc)
    heights = case.terrain.heights
    with rasterio.open(
        folder / "dem.tif", "w", driver="GTiff", height=heights.shape[0], width=heights.shape[1],
        count=1, dtype="float64", crs="EPSG:4326", transform=case.terrain.affine,
    ) as file:  # fmt: skip
        file.write(heights, 1)
    return Job(
        image=folder / "case.tif",
        dem=folder / "dem.tif",
        vertical="ellipsoid",
        crs=UTM,
        pixel_m=case.pixel_m,
        bounds=tuple(case.grid.boundingbox.bbox),
    )
