"""Writing a mosaic: ``image.tif``, and beside it ``source.tif``, which tells what gave each pixel.

Both come from one pass: whoever computes a tile of the image packs its sources too, which are a few
hundred bytes, and they are written once the image is.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.layer import Layer
from satdesk.core.scene import ImageTile, SourceImage
from satdesk.core.sighting import SOURCE, STATE, State
from satdesk.core.units import Quantity
from satdesk.files.blocks import Block, Quarter
from satdesk.files.cog import CogForm, parse_codec, write_blocks
from satdesk.files.decoded import DecodedBlocks
from satdesk.files.rasters import ImageLayer
from satdesk.geometry.grids import offset
from satdesk.products.clipped import Clipped, inside
from satdesk.products.numbers import chosen_numbers
from satdesk.products.seamed import Choice, Seamed
from satdesk.release.cog import WrittenImage, image_form
from satdesk.release.storing import Tally, stored_tile
from satdesk.scale.encoded import EncodedPart, StoredTile, stream_encoded
from satdesk.scale.run import Executor, Progress

__all__ = ["MosaicWritten", "read_sights", "sightings_layer", "write_mosaic"]

_STATES = len(State)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MosaicWritten:
    """What was written.

    Attributes:
        image: As for any image.
        pixels: ``(scene, state)``: pixels of the district by number of the scene (0 = none) and
            `State`.
    """

    image: WrittenImage
    pixels: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Told:
    """Of one part of the image."""

    tally: Tally
    at: tuple[int, int]
    packed: bytes
    pixels: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """Reads parts of a clipped mosaic as they are stored, with their sources."""

    layer: Clipped
    mosaic: Seamed

    def __call__(self, grid: GeoBox) -> StoredTile[_Told]:
        keep = inside(self.layer.polygon, self.layer.grid, grid, crs=self.layer.crs)
        sights = np.zeros((*keep.shape, 2), np.uint8)
        if keep.any():
            stored, choice = self._stored(grid, keep)
            sights[..., 0] = np.where(keep, choice.source, 0)
            sights[..., 1] = np.where(keep, choice.state, State.NOT_IMAGED)
        else:
            stored = stored_tile(self.layer, grid)
        told = _Told(
            tally=stored.told,
            at=offset(self.layer.grid, grid),
            packed=zlib.compress(sights.tobytes(), 1),
            pixels=_counted(sights, keep, len(self.mosaic.scenes)),
        )
        return StoredTile(values=stored.values, told=told)

    def _stored(self, grid: GeoBox, keep: NDArray[np.bool_]) -> tuple[StoredTile[Tally], Choice]:
        whole = self.mosaic.quantity in {Quantity.TOA, Quantity.BOA}
        choice = chosen_numbers(self.mosaic, grid) if whole else None
        if choice is not None:
            usable = keep & (choice.source > 0)
            values = np.where(usable[..., None], choice.values, 0).astype(np.uint16)
            tally = Tally(usable=int(np.count_nonzero(usable)))
            return StoredTile(values=values, told=tally), choice
        choice = self.mosaic.chosen(grid, self.mosaic.pixels(grid))
        raster = self.mosaic.raster_of(choice, grid)
        cut = raster.with_values(
            np.where(keep, raster.values, np.zeros((), raster.values.dtype)),
            valid=raster.valid & keep,
        )
        return stored_tile(cut, grid), choice


def _counted(sights: NDArray[np.uint8], keep: NDArray[np.bool_], scenes: int) -> NDArray[np.int64]:
    codes = sights[..., 0][keep].astype(np.int64) * _STATES + sights[..., 1][keep]
    counts = np.bincount(codes, minlength=(scenes + 1) * _STATES)
    return np.asarray(counts.reshape(scenes + 1, _STATES))


class _Kept:
    """Adds up what is told of parts as they pass by, and keeps their sources."""

    def __init__(self, scenes: int) -> None:
        self.tally = Tally()
        self.pixels = np.zeros((scenes + 1, _STATES), np.int64)
        self.packed: dict[tuple[int, int], bytes] = {}

    def over(self, parts: Iterator[EncodedPart[_Told]]) -> Iterator[Block | Quarter]:
        for part in parts:
            self.tally = self.tally.plus((part.told.tally,))
            self.pixels += part.told.pixels
            self.packed[part.told.at] = part.told.packed
            yield from part.blocks
        self.tally.require_small_change()


@dataclass(frozen=True, slots=True)
class _Packed:
    """Reads the packed sources of the parts of a grid."""

    parts: Mapping[tuple[int, int], bytes]
    grid: GeoBox

    def __call__(self, grid: GeoBox) -> StoredTile[None]:
        raw = zlib.decompress(self.parts[offset(self.grid, grid)])
        shape = (int(grid.shape[0]), int(grid.shape[1]), 2)
        return StoredTile(values=np.frombuffer(raw, np.uint8).reshape(shape), told=None)


def write_mosaic(  # noqa: PLR0913 - the wishes of one job, keyword-only
    layer: Clipped,
    mosaic: Seamed,
    paths: tuple[Path, Path],
    executor: Executor,
    *,
    scene_ids: tuple[str, ...],
    codec: str,
    tags: Mapping[str, str],
    simulated: bool,
    progress: Progress | None = None,
) -> MosaicWritten:
    """Write a clipped mosaic and what gave each of its pixels.

    Args:
        layer: `mosaic`, clipped.
        mosaic: What is under the clipping.
        paths: Of the image, and of the sources; neither may be there.
        executor: How to evaluate it.
        scene_ids: Names of the scenes by number, for the tags.
        codec: Of the image.
        tags: Of both files.
        simulated: Says in the tags that no camera took the picture.
        progress: Told after each tile of the image.

    Raises:
        UsageError: A file is there.
        BrokenInputError: Counts that uint16 cannot hold.
        MachineError: The disk failed.
    """
    form = image_form(layer, codec=codec, tags=tags, simulated=simulated)
    kept = _Kept(len(mosaic.scenes))
    parts = stream_encoded(_Reading(layer=layer, mosaic=mosaic), form, executor, progress)
    with closing(parts):
        write_blocks(paths[0], kept.over(parts), form)
    _write_sources(kept, form, paths[1], executor, scene_ids)
    rows, cols = form.grid.shape
    image = WrittenImage(path=paths[0], pixels=rows * cols, usable=kept.tally.usable)
    return MosaicWritten(image=image, pixels=kept.pixels)


def _write_sources(
    kept: _Kept, image: CogForm, path: Path, executor: Executor, scene_ids: tuple[str, ...]
) -> None:
    tags = {key: value for key, value in image.tags.items() if key not in {"STORED_AS", "QUANTITY"}}
    legend = {f"SOURCE_{number}": name for number, name in enumerate(scene_ids, start=1)}
    states = ", ".join(f"{state.value} {_word(state)}" for state in State)
    form = replace(
        image,
        bands=(SOURCE, STATE),
        dtype="uint8",
        nodata=0,
        codec=parse_codec("deflate:6"),
        scale=None,
        offset=None,
        colorinterp=("undefined", "undefined"),
        resampling="nearest",
        tags={
            **tags,
            **legend,
            "QUANTITY": Quantity.SIGHTING.value,
            "STORED_AS": f"band 1: number of the scene, 0 = none; band 2: {states}",
        },
    )
    parts = stream_encoded(_Packed(kept.packed, image.grid), form, executor)
    with closing(parts):
        write_blocks(path, (block for part in parts for block in part.blocks), form)


def _word(state: State) -> str:
    return state.name.lower().replace("_", " ")


def sightings_layer(path: Path, grid: GeoBox) -> Layer:
    """A written ``source.tif`` as a layer."""
    image = SourceImage(
        id="source",
        tiles=(ImageTile(path=path),),
        grid=grid,
        bands=(SOURCE, STATE),
        dtype="uint8",
        quantity=Quantity.SIGHTING,
        calibration=None,
        nodata=0,
    )
    return ImageLayer(image=image, blocks=DecodedBlocks())


def read_sights(layer: Layer, grid: GeoBox) -> NDArray[Any]:
    """``(2, y, x)``: source and state; 0 where there is none."""
    raster = layer.read(grid)
    return np.where(raster.valid, raster.values, 0)
