"""Two pictures of one place on one grid, for measuring what changed between them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from satdesk.errors import (
    BrokenInputError,
    DisjointInputError,
    UndeclaredInputError,
    UnsafeInputError,
    UsageError,
)
from satdesk.files.pictures import read_classes, read_values
from satdesk.files.rasters import FileFacts, describe_file
from satdesk.geometry.areas import area_km2
from satdesk.geometry.frames import from_lonlat, horizontal, pixel_size_m
from satdesk.geometry.grids import snapped_grid
from satdesk.products.clipped import inside
from satdesk.radiometry.change_kinds import Kind, Planes
from satdesk.radiometry.relative import Line, common_line
from satdesk.release.ground import grid_outline
from satdesk.release.mask_classes import CLASSES, HIDDEN

__all__ = ["ChangePair", "Strip", "opened_pair"]

_MOST_PIXELS = 100_000_000
_STRIP_PIXELS = 8_000_000
_MOST_SAMPLES, _LEAST_SAMPLES = 1_000_000, 1000
_REFLECTANCE = {"toa", "boa"}
_MOST_MEDIAN = 1.5
"""Sunlit snow reflects somewhat more than 1; the middle of a picture never so much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """Rows of both dates.

    Attributes:
        rows: Which.
        before: Reflectance by band.
        after: Likewise.
        known: ``(y, x)``, True = inside the area and usable on both dates.
        inside: Number of pixels inside the area.
    """

    rows: slice
    before: Planes
    after: Planes
    known: NDArray[np.bool_]
    inside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePair:
    """Two pictures and the grid on which they are compared.

    Attributes:
        before: What the file of the first date says of itself.
        after: Of the second.
        grid: Of the comparison, in the second picture's CRS.
        area: Polygon in longitude/latitude within which is counted.
        beyond_m2: Of the area that was wished for, what the two pictures do not both reach.
        lines: For each of the kind's bands, what carries the second date onto the first.
        masks: Classes of each date, as ``satdesk mask`` writes them; None = nobody looked.
    """

    before: FileFacts
    after: FileFacts
    grid: GeoBox
    area: BaseGeometry
    beyond_m2: float = 0.0
    lines: tuple[tuple[str, Line], ...] = ()
    masks: tuple[Path | None, Path | None] = (None, None)

    @property
    def pixel_m2(self) -> float:
        """Area of a pixel on the ellipsoid, at the middle of the grid."""
        return math.prod(pixel_size_m(self.grid))

    @property
    def simulated(self) -> bool:
        """Whether either picture says that no camera took it."""
        return any(dict(file.tags).get("SIMULATED") == "YES" for file in (self.before, self.after))

    def on_one_scale(self, bands: tuple[str, ...]) -> ChangePair:
        """The pair with the lines that carry the second date onto the first, from samples."""
        cell = max(1, math.ceil(math.sqrt(math.prod(self.grid.shape) / _MOST_SAMPLES)))
        small = self.grid.zoom_out(cell) if cell > 1 else self.grid
        first, seen = _planes(self.before, small, bands)
        second, also = _planes(self.after, small, bands)
        known = seen & also & inside(self.area, small, small) & self._unhidden(small)
        for file, date in ((self.before, first), (self.after, second)):
            _require_reflectance(file, date, known)
        if known.sum() < _LEAST_SAMPLES:
            return self
        lines = [
            (name, common_line(*(date[name][known].astype(np.float64) for date in (first, second))))
            for name in bands
        ]
        return replace(self, lines=tuple(lines))

    def strips(self, bands: tuple[str, ...]) -> Iterator[Strip]:
        """The pictures, some rows at a time, from the top; the second on the scale of the first."""
        rows, cols = (int(size) for size in self.grid.shape)
        step = max(1, _STRIP_PIXELS // cols)
        for top in range(0, rows, step):
            part = self.grid[top : min(top + step, rows), :]
            before, seen = _planes(self.before, part, bands)
            after, also = _planes(self.after, part, bands)
            keep = inside(self.area, self.grid, part)
            yield Strip(
                rows=slice(top, top + len(keep)),
                before=before,
                after=self._scaled(after),
                known=keep & seen & also & self._unhidden(part),
                inside=int(np.count_nonzero(keep)),
            )

    def _unhidden(self, grid: GeoBox) -> NDArray[np.bool_]:
        """``(y, x)`` True where no mask of either date says that the ground was not seen."""
        clear = np.ones((int(grid.shape[0]), int(grid.shape[1])), np.bool_)
        for path in self.masks:
            if path is not None:
                clear &= ~np.isin(read_classes(path, grid), HIDDEN)
        return clear

    def _scaled(self, planes: Planes) -> Planes:
        lines = dict(self.lines)
        return {
            name: lines[name].gain * plane + lines[name].offset if name in lines else plane
            for name, plane in planes.items()
        }


def opened_pair(
    before: Path,
    after: Path,
    kind: Kind,
    *,
    area: BaseGeometry | None,
    pixel_m: float,
    masks: tuple[Path | None, Path | None] = (None, None),
) -> ChangePair:
    """Open two orthorectified pictures of reflectance.

    Args:
        before: The first date, as ``image.tif`` of a release or as `satdesk ortho` writes it.
        after: The second.
        kind: Whose bands must be there.
        area: Polygon in longitude/latitude; None = all that both pictures cover.
        pixel_m: Edge of a pixel of the comparison; never finer than the second picture's own.
        masks: Files of ``satdesk mask`` for each date; None = none.

    Raises:
        InputError: A file that cannot be used, or pictures that share no ground.
        UnsafeInputError: More than 100 million pixels.
    """
    first, second = (_checked(describe_file(path), kind) for path in (before, after))
    for path in masks:
        _require_mask(path)
    common = _outline(first).intersection(_outline(second))
    wanted = common if area is None else common.intersection(area)
    parts = [p for p in getattr(wanted, "geoms", (wanted,)) if p.geom_type == "Polygon"]
    if not parts or not sum(part.area for part in parts):
        raise DisjointInputError(
            "the two pictures share no ground in the area",
            subject=after,
            remedy="check that both pictures and the area are of one place",
        )
    crs = str(second.crs)
    size = pixel_m / _metres_of(second)
    shared = unary_union(parts)
    edge = np.concatenate([np.asarray(part.exterior.coords) for part in parts])
    x, y = from_lonlat(crs, edge[:, 0], edge[:, 1])
    bounds = (float(x.min()), float(y.min()), float(x.max()), float(y.max()))
    grid = _grid(second, bounds, size)
    if math.prod(grid.shape) > _MOST_PIXELS:
        raise UnsafeInputError(
            "the area has too many pixels to be held in memory",
            subject=after,
            found=f"{math.prod(grid.shape):,}",
            expected=f"at most {_MOST_PIXELS:,}",
            remedy="name a smaller area with --within, or a coarser --pixel",
        )
    return ChangePair(
        before=first,
        after=second,
        grid=grid,
        area=shared,
        beyond_m2=0.0 if area is None else _beyond_m2(area, common),
        masks=masks,
    )


def _beyond_m2(wished: BaseGeometry, common: BaseGeometry) -> float:
    missed = wished.difference(common)
    return 0.0 if missed.is_empty else area_km2(missed) * 1e6


def _grid(file: FileFacts, bounds: tuple[float, float, float, float], size: float) -> GeoBox:
    """Pixels of `size`; not finer than the picture's own, and those as they lie: none is mixed."""
    crs, own = str(file.crs), abs(file.affine.a)
    if size > own or file.affine.b or file.affine.d:
        return snapped_grid(bounds, crs, max(size, own))
    x, y = file.affine.c % own, file.affine.f % own
    grid = snapped_grid((bounds[0] - x, bounds[1] - y, bounds[2] - x, bounds[3] - y), crs, own)
    return GeoBox(grid.shape, Affine.translation(x, y) @ grid.affine, crs)


def _require_mask(path: Path | None) -> None:
    """Classes of another maker may mean anything: the file's own legend must be ours."""
    if path is None:
        return
    tags = dict(describe_file(path).tags)
    if any(tags.get(f"CLASS_{each.number}") != each.words for each in CLASSES):
        raise BrokenInputError(
            "the mask has another legend",
            subject=path,
            found=", ".join(sorted(name for name in tags if name.startswith("CLASS_"))) or "none",
            expected="the classes that satdesk mask writes",
            remedy="make it with satdesk mask, with --crs or a terrain as for the picture",
        )


def _outline(file: FileFacts) -> BaseGeometry:
    return grid_outline(GeoBox(file.shape, Affine(*tuple(file.affine)[:6]), file.crs))


def _metres_of(file: FileFacts) -> float:
    """Metres in a unit of the CRS of a picture, on whose pixels the two are compared."""
    axis = horizontal(str(file.crs)).axis_info[0]
    if axis.unit_name == "degree":
        raise UsageError(
            "the second picture's pixels are degrees, in which no area can be gridded",
            subject=file.path,
            found=str(file.crs)[:60],
            expected="a projected CRS",
            remedy="warp it into its UTM zone (gdalwarp -t_srs EPSG:326xx)",
        )
    return float(axis.unit_conversion_factor)


def _checked(file: FileFacts, kind: Kind) -> FileFacts:
    if file.crs is None:
        raise BrokenInputError(
            "the picture has no place on the ground",
            subject=file.path,
            remedy="orthorectify it first with satdesk ortho",
        )
    missing = [name for name in kind.bands if name not in file.descriptions]
    if missing:
        raise UndeclaredInputError(
            f"the kind {kind.name} needs the bands {', '.join(kind.bands)}",
            subject=file.path,
            found=", ".join(text or "?" for text in file.descriptions),
            remedy="describe the file's bands as B, G, R and NIR (gdal_edit or rasterio)",
        )
    hidden = [n for n in kind.bands if file.colours[file.descriptions.index(n)] == "alpha"]
    if hidden:
        raise BrokenInputError(
            f"the file marks its band {', '.join(hidden)} as transparency",
            subject=file.path,
            found="colour interpretation alpha",
            expected="a band of measurements",
            remedy="mark it as undefined (gdal_edit.py -colorinterp_4 undefined)",
        )
    quantity = dict(file.tags).get("QUANTITY", "")
    if quantity not in _REFLECTANCE:
        raise UndeclaredInputError(
            "areas of change are measured on reflectance",
            subject=file.path,
            found=f"QUANTITY={quantity}" if quantity else "no tag QUANTITY",
            expected="QUANTITY=toa or boa, and the scale of the stored numbers",
            remedy="make the picture with satdesk ortho --quantity toa, or state the tag",
        )
    return file


def _require_reflectance(file: FileFacts, planes: Planes, known: NDArray[np.bool_]) -> None:
    """Refuse counts that a tag calls reflectance, such as those × 10000 without their scale."""
    if not known.any():
        return
    middle = max(float(np.median(values[known])) for values in planes.values())
    if middle > _MOST_MEDIAN:
        raise UndeclaredInputError(
            "no ground reflects so much: the scale of the stored numbers is not stated",
            subject=file.path,
            found=f"a median of {middle:g}",
            expected=f"reflectance, mostly below {_MOST_MEDIAN:g}",
            remedy="state the scale in the file (gdal_edit.py -scale 0.0001)",
        )


def _planes(
    file: FileFacts, grid: GeoBox, bands: tuple[str, ...]
) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.bool_]]:
    values, valid = read_values(file.path, grid)
    return {name: values[file.descriptions.index(name)] for name in bands}, valid
