"""Cloud Optimized GeoTIFF from a stream of tiles: the same input gives the same bytes.

Each block is compressed once; overviews are made of the pixels while they are at hand. They lie
ahead of the full resolution, as a COG wants them, and are known last: blocks wait in a spool beside
the target until all are there and the file is put together by copying (`files.copied`). Of a large
image the full resolution is written where it belongs at once, where the file system lets the room
ahead of it be cut to size (`files.straight`). Memory stays bounded for any size, and nothing in the
file depends on the clock, on paths, on the order of the tiles, on the file system or on who
computed them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from odc.geo.geobox import GeoBox
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError

from satdesk.core.bands import Band
from satdesk.errors import MachineError, UsageError
from satdesk.files.blocks import Ascent, Block, BlockEncoder, Pixels, Quarter
from satdesk.files.codecs import Codec, check_codec, parse_codec
from satdesk.files.cog_layout import layout_of, room_for_overviews
from satdesk.files.cog_template import CogForm, image_tags
from satdesk.files.copied import Copied, Seen
from satdesk.files.gap import gaps_can_be_closed
from satdesk.files.gathering import Tiles, whole_blocks
from satdesk.files.pyramid import Levels
from satdesk.files.reduction import RESAMPLINGS
from satdesk.files.store import check_target, machine_errors, scratch_beside
from satdesk.files.straight import Straight
from satdesk.files.tiff_tags import Tag

__all__ = [
    "Codec",
    "CogForm",
    "block_encoder",
    "image_levels",
    "parse_codec",
    "write_blocks",
    "write_cog",
]

_LARGE_BYTES = 4 << 30
"""Of pixels before they are compressed."""
_REMEDY = "free space or choose another place, then run it again; nothing was left behind"


def write_cog(  # noqa: PLR0913 - one file has that many properties, all by keyword
    path: Path,
    tiles: Tiles,
    *,
    grid: GeoBox,
    bands: tuple[Band, ...],
    dtype: str,
    nodata: float | None = None,
    codec: str = "zstd:1",
    tags: Mapping[str, str] | None = None,
    scale: float | None = None,
    offset: float | None = None,
    alpha: bool = False,
    colorinterp: tuple[str, ...] | None = None,
    blocksize: int = 512,
    overview_resampling: str = "average",
) -> Path:
    """Write a Cloud Optimized GeoTIFF that appears whole or not at all.

    Args:
        path: Where; must not be there, its folder must.
        tiles: ``(row0, col0), values (band, y, x)``; each pixel of `grid` once, in any order. Tiles
            that are no whole blocks are kept until their blocks are full.
        grid: See `CogForm`, as for all that follows.
        bands: Of the planes apart from alpha.
        dtype: NumPy name of the stored type.
        nodata: The number that stands for "no data".
        codec: As `parse_codec` reads it.
        tags: Metadata of the file.
        scale: Physical value = stored × scale + offset; None = not stated.
        offset: See `scale`.
        alpha: The last plane is opacity.
        colorinterp: One of GDAL's colour names a band.
        blocksize: Edge of a block in pixels.
        overview_resampling: ``average`` or ``nearest``.

    Returns `path`.

    Raises:
        UsageError: Unknown codec or resampling, or a codec that cannot hold these bands; `path` is
            there; the tiles do not cover the grid once.
        MachineError: The disk is full or not writable; nothing is left.
    """
    form = CogForm(
        grid=grid,
        bands=bands,
        dtype=dtype,
        nodata=nodata,
        codec=parse_codec(codec),
        tags=tags or {},
        scale=scale,
        offset=offset,
        alpha=alpha,
        colorinterp=colorinterp,
        blocksize=blocksize,
        resampling=overview_resampling,
    )
    _check(form)  # before the first tile is asked for
    write_blocks(path, whole_blocks(tiles, image_levels(form)), form)
    return path


def write_blocks(
    path: Path,
    parts: Iterable[Block | Pixels | Quarter],
    form: CogForm,
    seen: Seen | None = None,
) -> None:
    """Write a Cloud Optimized GeoTIFF of blocks, compressed already or not.

    Args:
        path: Where; must not be there, its folder must.
        parts: Each block of the full resolution once, in any order; what an `Ascent` with this
            form's `image_levels` and `block_encoder` gives, or `Pixels` of level 0.
        form: Everything but the pixels.
        seen: Told every byte of the file in turn, as it is put together: a digest's ``update``.

    Raises:
        UsageError, MachineError: As `write_cog`.
    """
    _check(form)
    target = check_target(path, overwrite=False, folder=False)
    levels = image_levels(form)
    with scratch_beside(target) as scratch:
        with _gdal_errors(target):
            tags = image_tags(form)
        encoder = block_encoder(form)
        ascent = Ascent(levels=levels, encoder=encoder, top=levels.count - 1)
        path_so_far = scratch / "whole.tif"
        with _assembly(path_so_far, form, tags, seen, target) as assembly:
            for part in parts:  # what the tiles raise is theirs and passes as it is
                _add(assembly, ascent, part, target)
            assembly.require_whole()
            with machine_errors(target):
                layout = layout_of(levels, assembly.sizes, tags, aligned=_is_large(form))
                assembly.finish(layout)
        _require_size(path_so_far, layout.size, target)
        path_so_far.rename(path)


def image_levels(form: CogForm) -> Levels:
    """The levels of a file of this form."""
    rows, cols = form.grid.shape
    return Levels(shape=(rows, cols), size=form.blocksize)


def block_encoder(form: CogForm) -> BlockEncoder:
    """What compresses the blocks of a file of this form."""
    return BlockEncoder(
        codec=form.codec,
        size=form.blocksize,
        nodata=form.nodata,
        alpha=form.alpha,
        resampling=form.resampling,
    )


def _check(form: CogForm) -> None:
    check_codec(form.codec, form.planes, alpha=form.alpha, dtype=form.dtype)
    if form.resampling not in RESAMPLINGS:
        raise UsageError(
            "unknown resampling of overviews",
            found=form.resampling,
            expected=" or ".join(RESAMPLINGS),
        )
    if form.blocksize < 16 or form.blocksize % 16:
        raise UsageError(
            "the blocks of a TIFF have a multiple of 16 pixels a side", found=str(form.blocksize)
        )


def _is_large(form: CogForm) -> bool:
    """Whether copying all of the image once more would cost more than asking the file system."""
    rows, cols = form.grid.shape
    return int(rows) * int(cols) * form.planes * np.dtype(form.dtype).itemsize >= _LARGE_BYTES


@contextmanager
def _assembly(
    path: Path, form: CogForm, tags: dict[int, Tag], seen: Seen | None, target: Path
) -> Iterator[Copied | Straight]:
    """How the file is put together; its bytes are the same either way."""
    levels, parts, waiting = (
        image_levels(form),
        1 + block_encoder(form).masked,
        path.parent / "blocks",
    )
    assembly: Copied | Straight
    with machine_errors(target):
        if _is_large(form) and seen is None and gaps_can_be_closed(path.parent):
            block = form.blocksize**2 * form.planes * np.dtype(form.dtype).itemsize
            room = room_for_overviews(levels, parts, block, tags)
            assembly = Straight(path, waiting, levels, parts, room)
        else:
            assembly = Copied(path, waiting, levels, parts, seen)
    with closing(assembly):
        yield assembly


def _add(
    assembly: Copied | Straight, ascent: Ascent, part: Block | Pixels | Quarter, target: Path
) -> None:
    with _gdal_errors(target), machine_errors(target):
        ready = (part,) if isinstance(part, Block) else ascent.add(part)
        for block in ready:
            if isinstance(block, Block):  # nothing is above the top of this ascent
                assembly.add(block)


def _require_size(path: Path, size: int, target: Path) -> None:
    if path.stat().st_size != size:
        raise MachineError("could not be written to its end", subject=target, remedy=_REMEDY)


@contextmanager
def _gdal_errors(target: Path) -> Iterator[None]:
    # What GDAL is given was checked before, so what fails here is the machine.
    try:
        yield
    except (RasterioError, CPLE_BaseError) as error:
        raise MachineError(
            "could not be written",
            subject=target,
            found=str(error.__cause__ or error) or type(error).__name__,
            remedy=_REMEDY,
        ) from error
