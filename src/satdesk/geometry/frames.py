"""From a CRS to longitude and latitude and back, and what follows from it on the Earth.

Longitude and latitude are WGS 84, degrees, in this order. Datum shifts are those of PROJ; a shift
that PROJ itself calls a ballpark is refused instead of being applied unseen.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyproj
from numpy.typing import ArrayLike
from odc.geo.geobox import GeoBox
from pyproj.exceptions import CRSError, ProjError
from shapely.geometry import Polygon

from satdesk.core.sensor import FloatArray, SensorModel, Terrain
from satdesk.errors import DisjointInputError, UsageError
from satdesk.geometry.affine import mapped

__all__ = [
    "centers",
    "crs_of",
    "footprint",
    "from_lonlat",
    "full_turn",
    "geodesic_m",
    "horizontal",
    "lonlat_bounds",
    "lonlat_of_grid",
    "nearest_turn",
    "on_terrain",
    "pixel_size_m",
    "to_lonlat",
    "true_north_deg",
    "unwrapped",
]

_GEOD = pyproj.Geod(ellps="WGS84")
_SETTLED_M = 0.01
_MOST_STEPS = 50


@lru_cache(maxsize=64)
def horizontal(crs: str) -> pyproj.CRS:
    """The two-dimensional part of a CRS (of a compound one, its first member).

    Raises:
        UsageError: pyproj cannot read it, or it is not a CRS of the Earth's surface.
    """
    try:
        parsed = pyproj.CRS.from_user_input(crs)
    except CRSError as error:
        raise UsageError("unknown CRS", found=crs, expected="such as EPSG:32638") from error
    if parsed.is_compound:
        parsed = parsed.sub_crs_list[0]
    if not (parsed.is_geographic or parsed.is_projected):
        raise UsageError(
            "a CRS of the Earth's surface is needed",
            found=parsed.type_name,
            expected="a geographic or projected CRS",
        )
    return parsed.to_2d()


@lru_cache(maxsize=64)
def full_turn(crs: str) -> float | None:
    """What x grows by on the way round the Earth; None where a CRS does not go round.

    360 of longitudes; the equator's length for Mercator's cylinder.
    """
    parsed = horizontal(crs)
    if parsed.is_geographic:
        return 360.0
    method = parsed.coordinate_operation.method_name if parsed.coordinate_operation else ""
    if "Mercator" not in method or "Transverse" in method or "Oblique" in method:
        return None
    turn, _ = from_lonlat(crs, np.array([-90.0, 90.0]), np.zeros(2))
    return 2 * float(turn[1] - turn[0])


def nearest_turn(crs: str, x: FloatArray, middle: float) -> FloatArray:
    """`x` by that turn round the Earth which lies nearest to `middle`."""
    turn = full_turn(crs)
    return x if turn is None else x - turn * np.round((x - middle) / turn)


def to_lonlat(crs: str, x: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """``lon, lat`` of positions in `crs` (easting or longitude first); NaN where undefined."""
    return _transformed(crs, x, y, inverse=True)


def from_lonlat(crs: str, lon: ArrayLike, lat: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """``x, y`` in `crs` (easting or longitude first); NaN where the CRS has no place for it."""
    return _transformed(crs, lon, lat, inverse=False)


def centers(
    grid: GeoBox, row: int = 0, col: int = 0, shape: tuple[int, int] | None = None
) -> tuple[FloatArray, FloatArray]:
    """``x, y`` (each of `shape`) of pixel centres, counted in `grid` from ``row, col`` on.

    A tile asks with its offset in the whole grid rather than with an affine of its own, whose
    last bits would differ: the same pixel has the same coordinates in every tile.
    """
    rows, cols = tuple(grid.shape) if shape is None else shape
    across = np.arange(col, col + cols, dtype=np.float64) + 0.5
    down = (np.arange(row, row + rows, dtype=np.float64) + 0.5)[:, None]
    return mapped(grid.affine, across, down)


def lonlat_of_grid(
    grid: GeoBox, row: int = 0, col: int = 0, shape: tuple[int, int] | None = None
) -> tuple[FloatArray, FloatArray]:
    """``lon, lat`` (y, x) of pixel centres, exactly: one PROJ transformation a pixel.

    Raises:
        UsageError: The grid has no CRS.
    """
    return to_lonlat(crs_of(grid), *centers(grid, row, col, shape))


def lonlat_bounds(grid: GeoBox, points: int = 21) -> tuple[float, float, float, float]:
    """``lon_min, lat_min, lon_max, lat_max`` of the grid's outline, its edges densified.

    Longitudes are continuous: across the antimeridian `lon_max` exceeds 180. A pole inside the
    grid is not noticed.
    """
    corners = _outline(tuple(grid.shape), points)
    lon, lat = to_lonlat(crs_of(grid), *mapped(grid.affine, *corners))
    if np.isnan(lon).all():
        raise DisjointInputError("the grid lies outside its CRS", found=str(grid.crs))
    lon = unwrapped(lon)
    return (
        float(np.nanmin(lon)),
        float(np.nanmin(lat)),
        float(np.nanmax(lon)),
        float(np.nanmax(lat)),
    )


def unwrapped(lon: FloatArray) -> FloatArray:
    """Longitudes moved by multiples of 360 to within 180 degrees of the first known one."""
    known = lon[np.isfinite(lon)]
    if not known.size:
        return lon
    first = known.flat[0]
    moved: FloatArray = lon - 360 * np.round((lon - first) / 360)
    return moved


def on_terrain(
    model: SensorModel,
    col: FloatArray,
    row: FloatArray,
    terrain: Terrain,
    *,
    start_m: float | FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """``lon, lat, height`` where the rays of pixels meet the terrain.

    Fixed-point iteration from `start_m`, damped after a while: in slopes steeper than the ray it
    would swing. It finds one meeting point and not necessarily the first along the ray, which is
    enough for outlines. Where the terrain is unknown the last known height stays.
    """
    height = np.full(np.broadcast(col, row).shape, start_m, dtype=np.float64)
    for step in range(_MOST_STEPS):
        lon, lat = model.locate(col, row, height)
        ground = terrain.height(lon, lat)
        change = np.where(np.isfinite(ground), ground - height, 0.0)
        height = height + change * (1.0 if step < 5 else 0.5)
        if not (abs(change) > _SETTLED_M).any():
            break
    lon, lat = model.locate(col, row, height)
    return lon, lat, height


def footprint(
    model: SensorModel, grid: GeoBox, terrain: Terrain, *, start_m: float, points: int = 21
) -> Polygon:
    """Outline of an image on the ground.

    Args:
        model: The camera.
        grid: The image's grid in the sensor's pixel plane; its affine carries a crop's origin.
        terrain: Ground; where it is unknown `start_m` is taken.
        start_m: First guess of the height, metres above the ellipsoid.
        points: Number of points on each edge.

    Returns:
        Longitude/latitude polygon; continuous across the antimeridian (beyond 180).

    Raises:
        DisjointInputError: The model sees no ground along the outline.
    """
    col, row = mapped(grid.affine, *_outline(tuple(grid.shape), points))
    lon, lat, height = on_terrain(model, col, row, terrain, start_m=start_m)
    seen = np.isfinite(lon)
    if seen.sum() < 3:
        known = getattr(model, "height_range", None)
        heights = "" if known is None else f" and ground from {known[0]:.0f} to {known[1]:.0f} m"
        raise DisjointInputError(
            "the camera model sees no ground along the image's edge",
            found=f"{int(seen.sum())} of {seen.size} points inside the model's domain, at heights "
            f"from {height.min():.0f} to {height.max():.0f} m above the ellipsoid",
            expected=f"an image that the model belongs to{heights}",
            remedy="check that the RPC belongs to this image and crop, and the terrain's unit, "
            "vertical datum and voids",
        )
    return Polygon(np.column_stack([unwrapped(lon[seen]), lat[seen]]))


def true_north_deg(crs: str, lon: float, lat: float) -> float:
    """Direction of true north on the map, degrees clockwise from the map's +y axis."""
    step = 1e-4 if lat < 89.9 else -1e-4
    x, y = from_lonlat(crs, [lon, lon], [lat, lat + step])
    angle = np.degrees(np.arctan2(x[1] - x[0], y[1] - y[0]))
    return float(angle if step > 0 else (angle + 360) % 360 - 180)


def geodesic_m(lon: ArrayLike, lat: ArrayLike, to_lon: ArrayLike, to_lat: ArrayLike) -> FloatArray:
    """Length of the geodesic on WGS 84 in metres, elementwise (Karney 2013, by PROJ)."""
    a, b, c, d = np.broadcast_arrays(
        *(np.asarray(v, dtype=np.float64) for v in (lon, lat, to_lon, to_lat))
    )
    _, _, length = _GEOD.inv(a, b, c, d)
    return np.asarray(length, dtype=np.float64)


def pixel_size_m(grid: GeoBox) -> tuple[float, float]:
    """Ground length of a pixel of the grid's centre along its columns' and its rows' direction.

    Returns:
        ``x_m, y_m``: geodesic metres, free of the projection's scale.
    """
    row, col = grid.shape[0] / 2, grid.shape[1] / 2
    x, y = mapped(
        grid.affine,
        np.array([col - 0.5, col + 0.5, col, col]),
        np.array([row, row, row - 0.5, row + 0.5]),
    )
    lon, lat = to_lonlat(crs_of(grid), x, y)
    across, down = geodesic_m(lon[::2], lat[::2], lon[1::2], lat[1::2])
    return float(across), float(down)


def crs_of(grid: GeoBox) -> str:
    """The grid's CRS as text that pyproj reads; UsageError where it is the sensor's plane."""
    if grid.crs is None:
        raise UsageError("a grid on the ground needs a CRS", found="none", expected="EPSG:…")
    return str(grid.crs)


def _outline(shape: tuple[int, ...], points: int) -> tuple[FloatArray, FloatArray]:
    along = np.linspace(0, 1, points)[:-1]
    zero, one = np.zeros_like(along), np.ones_like(along)
    col = np.concatenate([along, one, 1 - along, zero]) * shape[1]
    row = np.concatenate([zero, along, one, 1 - along]) * shape[0]
    return col, row


def datum_step(grid: GeoBox) -> tuple[str, float] | None:
    """What PROJ does between WGS 84 and the datum of `grid`, and to how many metres that is right.

    Asked at the middle of the grid, since one CRS has several ways, some of which need a grid file.
    None where nothing need be done, or PROJ states no accuracy.
    """
    transformer = _transformer(crs_of(grid))
    if transformer is None:
        return None
    x, y = mapped(grid.affine, grid.shape[1] / 2, grid.shape[0] / 2)
    transformer.transform(x, y, direction="INVERSE")
    try:
        step = transformer.get_last_used_operation()
    except ProjError:  # the middle of the grid is no place on Earth
        return None
    accuracy = float(step.accuracy)
    return (str(step.description), accuracy) if accuracy > 0 else None


@lru_cache(maxsize=64)
def _transformer(crs: str) -> pyproj.Transformer | None:
    """From longitude and latitude into `crs`; None where that is the identity.

    pyproj rebuilds a Transformer in each thread that uses it, so one may be shared.
    """
    target = horizontal(crs)
    wgs84 = pyproj.CRS.from_epsg(4326)
    if target.equals(wgs84, ignore_axis_order=True):
        return None
    try:
        return pyproj.Transformer.from_crs(wgs84, target, always_xy=True, allow_ballpark=False)
    except ProjError as error:
        raise UsageError(
            "PROJ knows no exact way from WGS 84 into this CRS",
            found=crs,
            expected="a CRS with a known datum",
            remedy="name a CRS on WGS 84, such as its UTM zone",
        ) from error


def _transformed(
    crs: str, first: ArrayLike, second: ArrayLike, *, inverse: bool
) -> tuple[FloatArray, FloatArray]:
    a, b = np.broadcast_arrays(
        np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    )
    transformer = _transformer(crs)
    if transformer is None:
        return a.copy(), b.copy()
    direction = "INVERSE" if inverse else "FORWARD"
    x, y = transformer.transform(a.ravel(), b.ravel(), direction=direction)
    known = np.isfinite(x) & np.isfinite(y)
    return (
        np.where(known, x, np.nan).reshape(a.shape),
        np.where(known, y, np.nan).reshape(a.shape),
    )
