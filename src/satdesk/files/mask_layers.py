"""A provider's own masks as layers of `core.cover.Cover`, on the grid of their image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.features import rasterize

from satdesk.core.bands import Band
from satdesk.core.cover import COVER, Cover
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.scene import ImageTile, MaskFile, SourceImage
from satdesk.core.units import Quantity
from satdesk.errors import BrokenInputError
from satdesk.files.mask_polygons import MaskPolygons, read_mask_polygons
from satdesk.files.rasters import ImageLayer

__all__ = ["MASK_KINDS", "mask_layer"]

_POLYGONS = {"cloud": Cover.CLOUD, "snow": Cover.SNOW, "straylight": Cover.SATURATED}
_SCENE_CLASSES = {
    1: Cover.SATURATED,
    3: Cover.CLOUD_SHADOW,
    8: Cover.CLOUD,
    9: Cover.CLOUD,
    10: Cover.CLOUD,
    11: Cover.SNOW,
}
"""Sentinel-2 Level-2A: saturated or defective, shadow, cloud by medium and high probability and
cirrus, snow; 0 is no data. 2 (dark, topographic) and 7 (unclassified) are no statement of ours."""
_CLASSIFICATION = (Cover.CLOUD, Cover.CLOUD, Cover.SNOW)
"""Planes of Sentinel-2's ``MSK_CLASSI``: opaque cloud, cirrus, snow."""

_PIXEL_QUALITY = {
    1: Cover.CLOUD,
    2: Cover.CLOUD,
    3: Cover.CLOUD,
    4: Cover.CLOUD_SHADOW,
    5: Cover.SNOW,
}
"""Bits of Landsat's ``QA_PIXEL``: dilated cloud, cirrus, cloud, shadow, snow; bit 0 is fill. USGS,
Landsat 8-9 Collection 2 Level 2 Science Product Guide (LSDS-1619), table 6-2."""
_SATURATION = dict.fromkeys(range(9), Cover.SATURATED)
"""Bits of Landsat's ``QA_RADSAT``: bit k for band k + 1; 9 is dropped, 11 hidden by relief."""
_BITS = {"pixel_quality": (_PIXEL_QUALITY, 1), "radiometric_saturation": (_SATURATION, 0)}
"""Flags by bit, and the bits that mean "no data"."""

MASK_KINDS: dict[str, tuple[Cover, ...]] = {
    "cloud": (Cover.CLOUD,),
    "snow": (Cover.SNOW,),
    "straylight": (Cover.SATURATED,),
    "roi": (),
    "pixel_quality": (Cover.CLOUD, Cover.CLOUD_SHADOW, Cover.SNOW),
    "radiometric_saturation": (Cover.SATURATED,),
    "scene_classification": (Cover.CLOUD, Cover.CLOUD_SHADOW, Cover.SNOW, Cover.SATURATED),
}
"""Which flags a kind of mask can set; ``roi`` says what was imaged. Other kinds are not read."""


def mask_layer(mask: MaskFile, image: SourceImage) -> Layer:
    """The mask as a layer on the image's own grid.

    Args:
        mask: Of one of `MASK_KINDS`.
        image: In whose geometry it is drawn.

    Raises:
        InputError: The file is broken, too large, or drawn on another map than the image's.
    """
    if mask.path.suffix.lower() == ".gml":
        return _polygon_layer(mask, image)
    bits = mask.kind in _BITS
    planes = 1 if bits or mask.kind == "scene_classification" else len(_CLASSIFICATION)
    raster = replace(
        image,
        id=mask.kind,
        tiles=(ImageTile(path=mask.path),),
        bands=tuple(Band(name=f"class {k}") for k in range(planes)),
        band_files=False,
        dtype="uint16" if bits else "uint8",
        quantity=Quantity.COUNTS,
        calibration=None,
        nodata=None,
        saturated=None,
    )
    if bits:
        flags, empty = _BITS[mask.kind]
        rule: _Bits | _Classes = _Bits(flags=tuple(flags.items()), empty=empty)
    else:
        rule = _Classes(planes=planes > 1)
    return _RasterLayer(source=ImageLayer(image=raster), rule=rule)


def _polygon_layer(mask: MaskFile, image: SourceImage) -> Layer:
    drawn = read_mask_polygons(mask.path)
    _require_same_map(drawn, image, mask.path)
    on_pixels = drawn.on_pixels or image.grid.crs is None
    shapes: list[dict[str, object]] = [
        {
            "type": "Polygon",
            "coordinates": [
                _on_grid(ring, image.grid) if on_pixels else ring.tolist() for ring in p.rings
            ],
        }
        for p in drawn.polygons
    ]
    return _PolygonLayer(
        grid=image.grid, shapes=shapes, flag=_POLYGONS.get(mask.kind), region=mask.kind == "roi"
    )


def _on_grid(ring: NDArray[np.float64], grid: GeoBox) -> list[tuple[float, float]]:
    """Pixels whose first centre counts 1, 1, as the grid's own coordinates."""
    col, row = ring[:, 0] - 0.5, ring[:, 1] - 0.5
    affine = grid.affine
    x = affine.a * col + affine.b * row + affine.c
    y = affine.d * col + affine.e * row + affine.f
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _require_same_map(drawn: MaskPolygons, image: SourceImage, path: Path) -> None:
    if drawn.epsg is None or drawn.on_pixels:
        return
    epsg = None if image.grid.crs is None else image.grid.crs.epsg
    if epsg != drawn.epsg:
        raise BrokenInputError(
            "the mask is drawn on another map than its image",
            subject=path,
            found=f"EPSG:{drawn.epsg}",
            expected="the pixels of its image" if epsg is None else f"EPSG:{epsg}",
            remedy="leave the provider's masks out",
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _PolygonLayer:
    """Polygons as flags: a pixel has what its centre lies in.

    Attributes:
        shapes: GeoJSON polygons in the coordinates of `grid`.
        flag: Set inside; None = none.
        region: The polygons hold what was imaged: outside nothing is valid.
    """

    grid: GeoBox
    shapes: Sequence[dict[str, object]]
    flag: Cover | None
    region: bool = False

    @property
    def bands(self) -> tuple[Band, ...]:
        return (COVER,)

    @property
    def quantity(self) -> Quantity:
        return Quantity.COVER

    def read(self, grid: GeoBox) -> Raster:
        """Flags of a grid that lies on the image's lattice."""
        shape = (int(grid.shape[0]), int(grid.shape[1]))
        inside = np.zeros(shape, np.uint8)
        if self.shapes:
            inside = rasterize(self.shapes, out_shape=shape, transform=grid.affine, dtype="uint8")
        flags = np.where(inside > 0, np.uint8(self.flag or 0), np.uint8(0))
        valid = inside > 0 if self.region else np.ones(shape, np.bool_)
        return Raster(
            values=flags[None], valid=valid, grid=grid, bands=self.bands, quantity=self.quantity
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _RasterLayer:
    """A raster of bits or classes as flags.

    Attributes:
        rule: Flags ``(y, x)`` of what was read, and where it says anything.
    """

    source: ImageLayer
    rule: _Bits | _Classes

    @property
    def grid(self) -> GeoBox:
        return self.source.grid

    @property
    def bands(self) -> tuple[Band, ...]:
        return (COVER,)

    @property
    def quantity(self) -> Quantity:
        return Quantity.COVER

    def read(self, grid: GeoBox) -> Raster:
        """Flags of a grid that lies on the image's lattice."""
        flags, valid = self.rule(self.source.read(grid))
        return Raster(
            values=flags[None], valid=valid, grid=grid, bands=self.bands, quantity=self.quantity
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bits:
    """Bits of whole numbers.

    Attributes:
        flags: Number of a bit, and what it sets.
        empty: Bits of which any means "no data".
    """

    flags: tuple[tuple[int, Cover], ...]
    empty: int

    def __call__(self, read: Raster) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        bits = read.values[0].astype(np.uint16)
        set_bits = ((bits >> number & 1, flag) for number, flag in self.flags)
        return _joined(set_bits, bits.shape), read.valid & (bits & self.empty == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Classes:
    """Sentinel-2's scene classes, or one plane a class where `planes`."""

    planes: bool

    def __call__(self, read: Raster) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        first = read.values[0]
        if self.planes:
            of_planes = zip(read.values, _CLASSIFICATION, strict=True)
            return _joined(of_planes, first.shape), read.valid
        of_classes = ((first == number, flag) for number, flag in _SCENE_CLASSES.items())
        return _joined(of_classes, first.shape), read.valid & (first > 0)


def _joined(
    told: Iterable[tuple[NDArray[Any], Cover]], shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    """The flags of all places ``(y, x)`` that are not 0."""
    flags = np.zeros(shape, np.uint8)
    for place, flag in told:
        flags |= np.where(place > 0, np.uint8(flag), np.uint8(0))
    return flags
