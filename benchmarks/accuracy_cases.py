"""Cases of known geometry: a rigorous camera over a ground that is known everywhere.

No picture is drawn. What is rectified is a picture of coordinates: its two bands hold the column
and the row of each pixel's centre, so that every pixel of an orthoimage says from where in the
source it was taken. Camera and ground say from where it should have been.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio import rpc as rasterio_rpc

from satdesk.files.geoid import open_geoid
from satdesk.geometry.frames import from_lonlat, lonlat_of_grid
from satdesk.simulate.camera import Attitude, Camera
from satdesk.simulate.rays import ground_of
from satdesk.simulate.rpcfit import fit_rpc
from satdesk.simulate.scenarios import Scenario
from satdesk.simulate.take import cameras_of, demo_world
from satdesk.simulate.world import State

UTM = "EPSG:32638"
OFFSET = 1.0
"""Added to the coordinates, so that no picture value is 0 and none is taken for nodata."""
EDGE_PX = 3.0
"""Pixels next to the source's edge are left out: kernels differ there."""
ARC_SECOND = 1 / 3600
_CHUNK = 20_000


@dataclass(frozen=True, kw_only=True)
class Case:
    """One camera, one ground, and what a program is told of both.

    Attributes:
        roll_deg: Off-nadir angle across the flight.
        ground: ``mountain`` (the shipped world, 1137–2536 m) or ``flat`` (1600 m).
        size: Pixels a side of the image.
        pixel_m: Of the output.
        dem: ``exact`` (the ground's own nodes), or posts in arc seconds (``1``, ``30``).
        heights: ``ellipsoid``; ``declared`` (above EGM96, and the file says so); ``mistaken``
            (above EGM96, and the file says nothing: taken for ellipsoidal).
        shift_px: By how much the RPC is wrong, col and row.
        drift_px: By how much more it is wrong at the last row than at the first.
    """

    name: str
    roll_deg: float = 0.0
    pitch_deg: float = 0.0
    ground: str = "mountain"
    size: int = 600
    pixel_m: float = 1.5
    dem: str = "exact"
    heights: str = "ellipsoid"
    shift_px: tuple[float, float] = (0.0, 0.0)
    drift_px: tuple[float, float] = (0.0, 0.0)
    drift_urad_s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    jitter_urad: float = 0.0

    @cached_property
    def relief(self):
        relief = demo_world(1).relief
        if self.ground == "flat":
            return replace(relief, heights=np.full_like(relief.heights, 1600.0))
        return relief

    @cached_property
    def camera(self) -> Camera:
        jitter = (self.jitter_urad,) * 3
        scenario = Scenario(
            name="case",
            role="case",
            instant=datetime(2018, 9, 5, 7, 31, tzinfo=UTC),
            attitude=Attitude(
                roll_deg=self.roll_deg,
                pitch_deg=self.pitch_deg,
                drift_urad_s=self.drift_urad_s,
                jitter_urad=jitter,
            ),
            state=State(),
            pan_shape=(self.size, self.size),
            middle_m=(300.0, 760.0),
        )
        return cameras_of(scenario, replace(demo_world(1), relief=self.relief)).pan

    @cached_property
    def fitted(self):
        """The RPC of the camera, without what is put in."""
        return fit_rpc(self.camera, (self.size, self.size), (1000.0, 2650.0))

    @cached_property
    def rpc(self):
        """What is delivered: shifted, and drifting with the row."""
        model = self.fitted.model
        across, down = (slope / self.size for slope in self.drift_px)
        if not (across or down):
            return replace(
                model,
                samp_off=model.samp_off + self.shift_px[0],
                line_off=model.line_off + self.shift_px[1],
            )
        return fit_rpc(
            _Drifting(model, self.shift_px, (across, down)), (self.size,) * 2, (1000.0, 2650.0)
        ).model

    @cached_property
    def grid(self) -> GeoBox:
        """The output: what the image sees, on whole multiples of the pixel."""
        edge = np.linspace(0, self.size, 5)
        col, row = np.meshgrid(edge, edge)
        lon, lat, _ = ground_of(self.camera, self.relief, col, row)
        x, y = from_lonlat(UTM, lon, lat)
        p = self.pixel_m
        left, top = np.floor(x.min() / p) * p, np.ceil(y.max() / p) * p
        shape = (int((top - y.min()) / p) + 1, int((x.max() - left) / p) + 1)
        return GeoBox(shape, Affine(p, 0, left, 0, -p, top), UTM)

    @cached_property
    def truth(self) -> Truth:
        return truth_of(self)


@dataclass(frozen=True)
class _Drifting:
    """A model whose positions are wrong by a shift that grows with the row."""

    model: object
    shift: tuple[float, float]
    slope: tuple[float, float]

    def locate(self, col, row, height):
        own = (row - self.shift[1]) / (1 + self.slope[1])
        return self.model.locate(col - self.shift[0] - self.slope[0] * own, own, height)

    def project(self, lon, lat, height):
        col, row = self.model.project(lon, lat, height)
        return (
            col + self.shift[0] + self.slope[0] * row,
            row + self.shift[1] + self.slope[1] * row,
        )


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Of every pixel of a case's grid.

    Attributes:
        col: Where the camera sees the ground; NaN outside the image.
        row: Likewise.
        hidden: Ground that the camera does not see.
        metres: ``(2, 2)`` metres east and north for a pixel of col and row, in the middle.
    """

    col: np.ndarray
    row: np.ndarray
    hidden: np.ndarray
    metres: np.ndarray


def truth_of(case: Case) -> Truth:
    shape = tuple(case.grid.shape)
    lon, lat = lonlat_of_grid(case.grid, 0, 0, shape)
    height = case.relief.height(lon, lat)
    col, row = case.fitted.model.project(lon, lat, height)
    near = (np.abs(col - case.size / 2) < case.size / 2 + 2) & (
        np.abs(row - case.size / 2) < case.size / 2 + 2
    )
    place = lon[near], lat[near], height[near]
    exact = seen(case.camera, *place, row[near])
    inside = np.all([(v > EDGE_PX) & (v < case.size - EDGE_PX) for v in exact], axis=0)
    out = np.full((2, *shape), np.nan)
    out[:, near] = np.where(inside, exact, np.nan)
    hidden = np.zeros(shape, bool)
    if can_hide(case):
        hidden[near] = behind(case, exact, place[2])
    return Truth(col=out[0], row=out[1], hidden=hidden, metres=metres_a_pixel(case))


def seen(camera: Camera, lon, lat, height, row) -> np.ndarray:
    """``(2, n)`` where the rigorous camera sees points; `row` is known to a few pixels.

    `Camera.project` starts from anywhere and takes eight steps of Newton's method; a start that is
    as good as this needs three, and pieces that stay in the processor's cache.
    """
    from satdesk.simulate.earth import geocentric  # noqa: PLC0415 - beside its one use

    out = np.empty((2, len(lon)))
    for k in range(0, len(lon), _CHUNK):
        s = slice(k, k + _CHUNK)
        point = geocentric(lon[s], lat[s], height[s])
        time, delta = camera.time_s(row[s]), camera.line_period_s
        for _ in range(3):
            here = camera._tangents(point, time)[0] - camera.look_along  # noqa: SLF001 - see above
            ahead = camera._tangents(point, time + delta)[0] - camera.look_along  # noqa: SLF001
            time = time - here * delta / (ahead - here)
        along, across = camera._tangents(point, time)  # noqa: SLF001
        assert np.abs(along - camera.look_along).max() < 1e-11
        out[0, s] = camera.shape[1] / 2 - across / camera.step
        out[1, s] = camera.shape[0] / 2 + (time - camera.middle_s) / camera.line_period_s
    return out


def can_hide(case: Case) -> bool:
    """Whether any slope of the world is steeper than the view: else every ground is seen."""
    lean = np.tan(np.radians(abs(case.roll_deg) + abs(case.pitch_deg)) * 1.15)  # the earth is round
    x, y = case.relief.axes
    near = np.ix_(np.abs(y - 760.0) < 2 * case.size, np.abs(x - 300.0) < 2 * case.size)
    heights, node = case.relief.heights[near], abs(x[1] - x[0])
    steepest = [np.abs(np.diff(heights, axis=k)).max() / node for k in (0, 1)]
    return bool(np.hypot(*steepest) * lean >= 1)


def behind(case: Case, colrow, height):
    """Whether the ray through the pixel that shows a place meets other ground first."""
    good = np.isfinite(colrow[0])
    hidden = np.zeros(len(height), bool)
    first = ground_of(case.camera, case.relief, colrow[0][good], colrow[1][good])
    hidden[good] = first[2] > height[good] + 0.5
    return hidden


def metres_a_pixel(case: Case) -> np.ndarray:
    middle = case.size / 2
    col, row = (
        np.array([middle - 1, middle + 1, middle, middle]),
        np.array([middle, middle, middle - 1, middle + 1]),
    )
    x, y = from_lonlat(UTM, *case.camera.locate(col, row, np.full(4, 1700.0)))
    return np.array([[x[1] - x[0], x[3] - x[2]], [y[1] - y[0], y[3] - y[2]]]) / 2


def errors(case: Case, path: Path) -> np.ndarray:
    """``(2, y, x)`` error in px of what `path` shows, on the case's grid; NaN where not valid."""
    rows, cols = case.grid.shape
    out = np.full((2, rows, cols), np.nan)
    with rasterio.open(path) as file:
        offset = ~case.grid.affine @ file.transform
        left, top = round(offset.c), round(offset.f)
        assert np.allclose([offset.a, offset.c, offset.f], [1, left, top], rtol=0, atol=1e-4), (
            offset
        )
        values = file.read([1, 2], masked=True).astype("float64").filled(np.nan)
    values = np.where(values > OFFSET / 2, values - OFFSET, np.nan)
    r0, c0 = max(top, 0), max(left, 0)
    r1, c1 = min(top + values.shape[1], rows), min(left + values.shape[2], cols)
    out[:, r0:r1, c0:c1] = values[:, r0 - top : r1 - top, c0 - left : c1 - left]
    return out - np.stack([case.truth.col, case.truth.row])


def write_coordinates(case: Case, path: Path) -> None:
    """The picture of coordinates, with its RPC in the tags."""
    col, row = np.meshgrid(np.arange(case.size) + 0.5, np.arange(case.size) + 0.5)
    write_picture(path, np.stack([col, row]) + OFFSET, case.rpc)


def write_picture(path: Path, values: np.ndarray, rpc) -> None:
    """``(2, y, x)`` in sensor geometry, with its RPC in the tags."""
    bands, rows, cols = values.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(
            path, "w", driver="GTiff", height=rows, width=cols, count=bands, dtype="float64"
        ) as file:
            file.write(values)
            file.rpcs = tagged(rpc)


def tagged(m) -> rasterio_rpc.RPC:
    """GDAL's RPC counts its offsets from the first pixel's centre."""
    return rasterio_rpc.RPC(
        height_off=m.height_off, height_scale=m.height_scale, lat_off=m.lat_off, lat_scale=m.lat_scale,
        line_den_coeff=list(m.line_den), line_num_coeff=list(m.line_num), line_off=m.line_off - 0.5,
        line_scale=m.line_scale, long_off=m.lon_off, long_scale=m.lon_scale,
        samp_den_coeff=list(m.samp_den), samp_num_coeff=list(m.samp_num), samp_off=m.samp_off - 0.5,
        samp_scale=m.samp_scale, err_bias=None, err_rand=None,
    )  # fmt: skip


def write_dem(case: Case, path: Path) -> None:
    """The DEM that every program gets."""
    relief = case.relief
    east, north = relief.plane.metres_a_degree
    if case.dem == "exact":
        x, y = relief.axes
        lon, lat = relief.plane.to_lonlat(x, y)
        heights = relief.heights
    else:
        step = float(case.dem) * ARC_SECOND
        reach = [3500 / east, 3500 / north]
        lon = (
            relief.plane.lon_deg + np.arange(-int(reach[0] / step), int(reach[0] / step) + 1) * step
        )
        lat = (
            relief.plane.lat_deg - np.arange(-int(reach[1] / step), int(reach[1] / step) + 1) * step
        )
        heights = averaged(relief, lon, lat, step)
    dx, dy = lon[1] - lon[0], lat[1] - lat[0]
    if case.heights != "ellipsoid":
        heights = heights - open_geoid("EGM96").grid.undulation_m(*np.meshgrid(lon, lat))
    crs = "EPSG:4326+5773" if case.heights == "declared" else "EPSG:4326"
    affine = Affine(dx, 0, lon[0] - dx / 2, 0, dy, lat[0] - dy / 2)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=len(lat),
        width=len(lon),
        count=1,
        dtype="float64",
        crs=crs,
        transform=affine,
    ) as file:
        file.write(heights, 1)


def averaged(relief, lon, lat, step):
    """Mean heights of cells of `step` degrees, as elevation models of that posting have them."""
    n = 9
    part = (np.arange(n) - (n - 1) / 2) / n * step
    fine = relief.height(*np.meshgrid((lon[:, None] + part).ravel(), (lat[:, None] + part).ravel()))
    low, high = float(relief.heights.min()), float(relief.heights.max())
    fine = np.where(np.isfinite(fine), fine, (low + high) / 2)
    return fine.reshape(len(lat), n, len(lon), n).mean(axis=(1, 3))
