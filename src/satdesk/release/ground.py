"""The ground of a job: which terrain, and the grid on which everything is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from odc.geo.geobox import GeoBox
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely import segmentize, transform
from shapely.affinity import translate
from shapely.geometry import MultiPoint, box
from shapely.geometry.base import BaseGeometry

from satdesk.core.scene import SourceImage
from satdesk.core.sensor import FloatArray, SensorModel, Terrain
from satdesk.errors import DisjointInputError, UndeclaredInputError, UsageError
from satdesk.files.dem import open_terrain
from satdesk.geometry.affine import mapped
from satdesk.geometry.frames import (
    footprint,
    from_lonlat,
    geodesic_m,
    pixel_size_m,
    to_lonlat,
    unwrapped,
)
from satdesk.geometry.grids import snapped_grid, utm_crs
from satdesk.geometry.occlusion import seen_terrain
from satdesk.geometry.terrain import ConstantTerrain
from satdesk.release.content import Notice
from satdesk.release.recipe import TerrainChoice

__all__ = [
    "Ground",
    "grid_outline",
    "grid_over",
    "ground_under",
    "image_outline",
    "measured_pixel_m",
    "require_metres",
    "seen_ground",
    "source_gsd_m",
]

_MARGIN_DEG = 0.01
"""About a kilometre of terrain around what is drawn, for rays that come in at a slant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Terrain with what has to be said of it.

    Attributes:
        terrain: Heights above the ellipsoid; None where no image needs them.
        facts: JSON-ready ``(name, value)`` pairs.
        notices: What must stand on the product (a stand-in geoid, one height for all).
    """

    terrain: Terrain | None
    facts: tuple[tuple[str, object], ...] = ()
    notices: tuple[Notice, ...] = ()


def ground_under(
    area: BaseGeometry,
    choice: TerrainChoice | None,
    images: tuple[SourceImage, ...],
    *,
    wanted: bool = False,
) -> Ground:
    """The terrain under `area` (longitude/latitude), if any of `images` looks at it aslant.

    Args:
        area: Longitude/latitude.
        choice: The terrain that was named.
        images: That are to be drawn.
        wanted: Heights are needed whatever the images are.

    Raises:
        UndeclaredInputError: An image in sensor geometry, and nobody named a terrain.
        InputError: The DEM cannot be used; see `files.dem.open_terrain`.
    """
    slanted = [image for image in images if image.grid.crs is None]
    named = choice is not None and (choice.dem or choice.height_m is not None)
    if not slanted and not (wanted and named):
        return Ground(terrain=None)
    if choice is None or not named:
        raise UndeclaredInputError(
            "an image in sensor geometry needs the height of the ground",
            subject=slanted[0].id,
            found="no DEM",
            expected="a DEM with its vertical datum, or one height",
            remedy="name it with --dem FILE --vertical DATUM, or --height METRES",
        )
    if choice.dem and choice.height_m is not None:
        raise UsageError("a terrain is a DEM or one height", found="both", expected="one of them")
    if choice.height_m is not None:
        return _flat(choice.height_m)
    west, south, east, north = area.bounds
    bounds = (west - _MARGIN_DEG, south - _MARGIN_DEG, east + _MARGIN_DEG, north + _MARGIN_DEG)
    loaded = open_terrain(choice.dem, vertical=choice.vertical, geoid=choice.geoid, bounds=bounds)
    notices = tuple(Notice(code="terrain", text=text) for text in loaded.notices)
    return Ground(terrain=loaded.terrain, facts=loaded.facts, notices=notices)


def seen_ground(ground: Ground, image: SourceImage) -> Ground:
    """`ground` without what relief hides from the camera of `image`, and what has to be said."""
    if ground.terrain is None or image.model is None:
        return ground
    terrain, share = seen_terrain(ground.terrain, image.model)
    if not share:
        return ground
    text = (
        f"Ground hidden behind relief is left empty ({100 * share:.2g} % of the terrain in and "
        "around the picture)."
    )
    return replace(
        ground,
        terrain=terrain,
        facts=(*ground.facts, ("terrain_hidden_share", round(share, 6))),
        notices=(*ground.notices, Notice(code="hidden-ground", text=text)),
    )


def _flat(height_m: float) -> Ground:
    notice = Notice(
        code="one-height",
        text=(
            f"Rectified with one height of {height_m:g} m above the ellipsoid: "
            "relief displaces the picture."
        ),
    )
    return Ground(
        terrain=ConstantTerrain(height_m=height_m),
        facts=(("terrain", "one height"), ("height_m", height_m)),
        notices=(notice,),
    )


def image_outline(image: SourceImage, terrain: Terrain | None) -> BaseGeometry:
    """Outline of `image` on the ground, longitude/latitude degrees.

    Without a terrain (it has yet to be read, for these very bounds) the outline covers the whole
    range of heights that the sensor model knows.
    """
    if image.grid.crs is not None:
        return grid_outline(image.grid)
    model = _model(image)
    if terrain is not None:
        start = float(getattr(model, "height_off", 0.0))
        return footprint(model, image.grid, terrain, start_m=start)
    return _outline_of_all_heights(model, image.grid)


def grid_outline(grid: GeoBox, beside: BaseGeometry | None = None) -> BaseGeometry:
    """Outline of a grid that has a CRS, longitude/latitude degrees, in one piece.

    Args:
        grid: With a CRS.
        beside: Its longitudes are by that turn round the Earth which lies nearest to this.
    """
    edge = box(*grid.boundingbox.bbox)
    step = max(edge.length / 80, 1e-12)
    outline = _to_lonlat(segmentize(edge, step), str(grid.crs))
    if beside is None or beside.is_empty:
        return outline
    turns = round((beside.centroid.x - outline.centroid.x) / 360)
    return translate(outline, xoff=360.0 * turns)


def _model(image: SourceImage) -> SensorModel:
    if image.model is None:
        raise UndeclaredInputError(
            "the image has neither a CRS nor a sensor model",
            subject=image.id,
            expected="georeferencing, or an RPC",
            remedy="name the RPC with --rpc FILE",
        )
    return image.model


def _outline_of_all_heights(model: SensorModel, grid: GeoBox) -> BaseGeometry:
    rows, cols = grid.shape
    corners = np.array([[0, 0], [cols, 0], [cols, rows], [0, rows]], dtype=float)
    x, y = mapped(grid.affine, corners[:, 0], corners[:, 1])
    middle = float(getattr(model, "height_off", 0.0))
    spread = abs(float(getattr(model, "height_scale", 0.0)))
    found = [model.locate(x, y, np.full(4, h)) for h in (middle - spread, middle, middle + spread)]
    points = np.concatenate([np.stack(pair, axis=1) for pair in found])
    known = points[np.isfinite(points).all(axis=1)]
    known[:, 0] = unwrapped(known[:, 0])
    if len(known) < 3:
        raise DisjointInputError(
            "the sensor model does not reach the ground at this image's corners",
            found=f"{len(known)} of {len(points)} rays",
            remedy="check that RPC and image belong together",
        )
    return MultiPoint(known).convex_hull


def _to_lonlat(geometry: BaseGeometry, crs: str) -> BaseGeometry:
    def placed(xy: FloatArray) -> FloatArray:
        lon, lat = to_lonlat(crs, xy[:, 0], xy[:, 1])
        return np.column_stack((unwrapped(lon), lat))

    return transform(geometry, placed)


def _from_lonlat(geometry: BaseGeometry, crs: str) -> BaseGeometry:
    return transform(geometry, lambda xy: np.column_stack(from_lonlat(crs, xy[:, 0], xy[:, 1])))


def grid_over(
    area: BaseGeometry,
    *,
    gsd_m: float,
    crs: str | None = None,
    bounds: tuple[float, float, float, float] | None = None,
) -> GeoBox:
    """The output grid over `area` (longitude/latitude), edges on whole multiples of the pixel.

    Args:
        area: What the grid must cover.
        gsd_m: Pixel in units of the CRS.
        crs: Output CRS; None = UTM zone of the area's middle.
        bounds: ``xmin, ymin, xmax, ymax`` in the output CRS instead of the area's own.
    """
    west, south, east, north = area.bounds
    if crs is not None:
        _known_crs(crs)
    chosen = crs or utm_crs((west + east) / 2, (south + north) / 2)
    if bounds is None:
        step = max(east - west, north - south) / 100
        bounds = _from_lonlat(segmentize(area, step), chosen).bounds
    if not all(map(math.isfinite, bounds)):
        raise UsageError(
            "the area lies outside the output CRS", found=chosen, remedy="name another"
        )
    return snapped_grid(bounds, chosen, gsd_m)


def source_gsd_m(image: SourceImage) -> float:
    """Pixel of `image` in metres: as stated, else measured on the ground at its centre.

    A measured pixel is rounded to 0.1 m: it names a product, and hides no precision. So is a stated
    pixel that is not square: somebody measured it too.
    """
    if image.gsd_m is not None and math.isclose(*image.gsd_m, rel_tol=1e-3):
        return image.gsd_m[0]
    if image.gsd_m is not None:
        return max(round(math.sqrt(image.gsd_m[0] * image.gsd_m[1]), 1), 0.1)
    return max(round(measured_pixel_m(image), 1), 0.1)


def _known_crs(crs: str) -> CRS:
    try:
        found = CRS.from_user_input(crs)
    except CRSError as error:
        raise UsageError(
            "nobody knows this output CRS", found=crs, expected="a code such as EPSG:32638"
        ) from error
    if not found.axis_info:
        raise UsageError("the output CRS has no axes", found=crs, expected="EPSG:32638 or the like")
    return found


def require_metres(crs: str | None) -> None:
    """Refuse an output CRS in which a pixel of so many metres is no such pixel.

    Raises:
        UsageError: `crs` counts in degrees, feet or any other unit, or nobody knows it; None = UTM,
            which is metric.
    """
    if crs is None:
        return
    axis = _known_crs(crs).axis_info[0]
    if axis.unit_name not in {"metre", "meter", "m"}:
        raise UsageError(
            "the pixel is in metres, the output CRS is not",
            found=f"{crs} counts in {axis.unit_name}",
            expected="a projected CRS in metres",
            remedy="name another CRS, or none for the UTM zone; satdesk ortho also takes --gsd in "
            "units of the CRS",
        )


def measured_pixel_m(image: SourceImage) -> float:
    """Edge in metres of a square as large on the ground as the pixel at the image's centre."""
    if image.grid.crs is not None:
        x_m, y_m = pixel_size_m(image.grid)
    else:
        x_m, y_m = _sensor_pixel_m(image)
    return math.sqrt(x_m * y_m)


def _sensor_pixel_m(image: SourceImage) -> tuple[float, float]:
    model = _model(image)
    rows, cols = image.grid.shape
    x, y = mapped(image.grid.affine, np.array([cols / 2]), np.array([rows / 2]))
    height = float(getattr(model, "height_off", 0.0))
    col, row = x + np.array([0, 1, 0]), y + np.array([0, 0, 1])
    lon, lat = model.locate(col, row, np.full(3, height))
    along = geodesic_m(lon[:1], lat[:1], lon[1:], lat[1:])
    return float(along[0]), float(along[1])
