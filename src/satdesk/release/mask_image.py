"""The mask of one scene as one file: a class a pixel, with its legend."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk._version import __version__
from satdesk.core.bands import Band
from satdesk.core.layer import Layer
from satdesk.core.scene import Scene, SourceImage
from satdesk.errors import DisjointInputError, UsageError
from satdesk.files.cog import CogForm, image_levels, parse_codec, write_blocks
from satdesk.files.gathering import whole_blocks
from satdesk.files.store import new_file
from satdesk.products.covered import Covered, CoverMap
from satdesk.release.composition import Parts, parts_of
from satdesk.release.cover_halo import cover_grid
from satdesk.release.cover_picture import picture_in_pixels, picture_of
from satdesk.release.cover_sources import ToldCover, told_cover
from satdesk.release.ground import Ground, grid_over, ground_under, image_outline, source_gsd_m
from satdesk.release.inputs import scene_files, terrain_files
from satdesk.release.mask_classes import CLASSES, NOT_IMAGED, class_shares, classified
from satdesk.release.plain_facts import grid_facts, notice_facts
from satdesk.release.recipe import GridChoice, TerrainChoice
from satdesk.release.scenes import can_calibrate, pan_and_ms

__all__ = ["MaskWish", "write_mask"]

_MOST_CELLS = 8_000_000
_TILE = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskWish:
    """How a mask is wanted.

    Attributes:
        methods: Of `cover_sources.METHODS`, at least one.
        crs: Of the output; None = the scene's UTM zone, or the image's own map.
        gsd_m: Output pixel; None = the multispectral image's.
        bounds: ``xmin, ymin, xmax, ymax`` in the output CRS; None = the whole scene.
    """

    methods: tuple[str, ...]
    crs: str | None = None
    gsd_m: float | None = None
    bounds: tuple[float, float, float, float] | None = None

    @property
    def on_a_map(self) -> bool:
        """Whether a grid of its own is wanted."""
        return self.crs is not None or self.gsd_m is not None or self.bounds is not None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Mask:
    """A mask before it is written, on its grid."""

    layer: Layer
    told: ToldCover


def write_mask(
    scene: Scene,
    out: Path,
    *,
    wish: MaskWish,
    terrain: TerrainChoice,
    overwrite: bool = False,
    given: tuple[Path, ...] = (),
) -> dict[str, Any]:
    """Write the classes of `scene` as a COG at `out` and answer as ``mask.schema.json`` says.

    Args:
        scene: What to look at.
        out: Must not exist, unless `overwrite` replaces it in one step.
        wish: Who tells, and on which grid.
        terrain: The ground. Without one, an image in sensor geometry keeps its own pixels, and
            nothing is told of the shadow of relief.
        overwrite: Replace what is there.
        given: What the caller named as the scene: `out` may not lie inside it.

    Raises:
        UsageError: No multispectral image, no calibration, a map wanted without a terrain.
        InputError: An input cannot be used, or no source can tell anything.
    """
    inputs = (*scene_files(scene), *terrain_files(terrain), *given)
    with new_file(out, overwrite, inputs=inputs) as path:
        image = _image(scene, wish)
        parts = parts_of(scene, GridChoice(product="ms"))
        made = _made(image, parts, wish, terrain)
        counts = np.zeros(len(CLASSES), np.int64)
        tags = _tags(scene, made.told)
        _write(path, made.layer, counts, tags)
        if counts.sum() == counts[NOT_IMAGED]:
            raise DisjointInputError(
                "the mask would be empty",
                subject=scene.id,
                found="no usable pixel of the scene on the grid",
                remedy="check --bounds and --crs",
            )
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {
        "path": str(out),
        "scene": scene.id,
        "grid": _grid_facts(made.layer.grid),
        "classes": [
            {"number": each.number, "name": each.name, "colour": list(each.colour)}
            for each in CLASSES
        ],
        "shares": class_shares(counts),
        "cover": made.told.facts,
        "provider_cloud_percent": scene.cloud_percent,
        "sha256": digest,
        "notices": notice_facts(made.told.notices),
    }


def _image(scene: Scene, wish: MaskWish) -> SourceImage:
    image = pan_and_ms(scene)[1]
    if image is None:
        raise UsageError(
            "clouds are told in a multispectral image",
            subject=scene.id,
            found=", ".join(each.id for each in scene.images) or "no image",
            expected="two bands of B, G and R at least",
        )
    parts = parts_of(scene, GridChoice(product="ms"))
    if wish.methods != ("provider",) and not can_calibrate(image, parts.light):
        raise UsageError(
            "clouds are told by reflectance",
            subject=scene.id,
            found="counts that cannot become reflectance",
            remedy="state --counts-per-reflectance, or take the method provider",
        )
    return image


def _made(image: SourceImage, parts: Parts, wish: MaskWish, terrain: TerrainChoice) -> _Mask:
    slanted = image.grid.crs is None
    if slanted and terrain == TerrainChoice():
        if wish.on_a_map:
            raise UsageError(
                "an image in sensor geometry comes onto a map by a terrain",
                subject=image.id,
                expected="--dem FILE or --height METRES with --crs, --gsd and --bounds",
            )
        return _in_pixels(image, parts, wish)
    ground = ground_under(image_outline(image, None), terrain, (image,))
    grid = image.grid
    if slanted or wish.on_a_map:
        gsd_m = source_gsd_m(image) if wish.gsd_m is None else wish.gsd_m
        area = image_outline(image, ground.terrain)
        crs = wish.crs or (None if image.grid.crs is None else str(image.grid.crs))
        grid = grid_over(area, gsd_m=gsd_m, crs=crs, bounds=wish.bounds)
    ratio, cells = cover_grid(grid, source_gsd_m(image))
    picture = picture_of(image, parts, cells, ground)
    told = told_cover(picture, wish.methods, image=image, parts=parts, cells=cells, ground=ground)
    return _Mask(layer=_layer(told, ratio, grid), told=told)


def _in_pixels(image: SourceImage, parts: Parts, wish: MaskWish) -> _Mask:
    """On the image's own pixels, or on blocks of them where there are very many."""
    grid = image.grid
    ratio = max(math.ceil(math.sqrt(math.prod(grid.shape) / _MOST_CELLS)), 1)
    rows, cols = (-(-int(size) // ratio) for size in grid.shape)
    cells = GeoBox((rows, cols), grid.affine @ Affine.scale(ratio), None)
    picture = picture_in_pixels(image, parts, ratio)
    told = told_cover(
        picture,
        wish.methods,
        image=image,
        parts=parts,
        cells=cells,
        ground=Ground(terrain=None, facts=(), notices=()),
    )
    return _Mask(layer=_layer(told, ratio, grid), told=told)


def _layer(told: ToldCover, ratio: int, grid: GeoBox) -> Covered:
    cover = CoverMap(flags=told.answer.flags, known=told.answer.known)
    return Covered(cover=cover, ratio=ratio, grid=grid)


def _write(path: Path, layer: Layer, counts: NDArray[np.int64], tags: Mapping[str, str]) -> None:
    form = CogForm(
        grid=layer.grid,
        bands=(Band(name="class"),),
        dtype="uint8",
        nodata=NOT_IMAGED,
        codec=parse_codec("deflate:6"),
        palette={each.number: each.colour for each in CLASSES},
        resampling="nearest",
        tags=tags,
    )
    write_blocks(path, whole_blocks(_tiles(layer, counts), image_levels(form)), form)


def _tiles(
    layer: Layer, counts: NDArray[np.int64]
) -> Iterator[tuple[tuple[int, int], NDArray[np.uint8]]]:
    rows, cols = layer.grid.shape
    for row in range(0, rows, _TILE):
        for col in range(0, cols, _TILE):
            window = layer.grid[row : min(row + _TILE, rows), col : min(col + _TILE, cols)]
            raster = layer.read(window)
            numbers = classified(raster.values[0], raster.valid)
            counts += np.bincount(numbers.ravel(), minlength=len(CLASSES))
            yield (row, col), numbers[np.newaxis]


def _tags(scene: Scene, told: ToldCover) -> dict[str, str]:
    legend = {f"CLASS_{each.number}": each.words for each in CLASSES}
    when = scene.acquisition
    simulated = {"SIMULATED": "YES"} if scene.simulated else {}
    mark = "SIMULATED: no camera took this picture. " if scene.simulated else ""
    return {
        "TIFFTAG_IMAGEDESCRIPTION": f"{mark}Cloud, shadow and snow of {scene.id}",
        "TIFFTAG_COPYRIGHT": scene.credit or "credit not stated",
        "TIFFTAG_SOFTWARE": f"satdesk {__version__}",
        "TOLD_BY": str(told.facts["method"]),
        **legend,
        **simulated,
        **({} if when is None else {"ACQUISITION": (when.instant or when.day).isoformat()}),
    }


def _grid_facts(grid: GeoBox) -> dict[str, Any]:
    if grid.crs is not None:
        return grid_facts(grid)
    return {
        "crs": None,
        "shape": [int(size) for size in grid.shape],
        "affine": list(tuple(grid.affine)[:6]),
    }
