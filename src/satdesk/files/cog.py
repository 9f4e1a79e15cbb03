"""Cloud Optimized GeoTIFF from a stream of tiles: the same input gives the same bytes.

Each block is compressed once, into a spool beside the target; overviews are made of the pixels
while they are at hand. When all are there, the directories are known and the file is put together
by
copying: overviews ahead of the full resolution, as a COG wants them. Memory stays bounded for any
size, and nothing in the file depends on the clock, on paths, on the order of the tiles or on who
computed them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from odc.geo.geobox import GeoBox
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError

from satdesk.core.bands import Band
from satdesk.errors import MachineError, UsageError
from satdesk.files.blocks import Ascent, Block, BlockEncoder, Pixels, Quarter
from satdesk.files.codecs import Codec, check_codec, parse_codec
from satdesk.files.cog_layout import file_head, needs_big
from satdesk.files.cog_template import CogForm, image_tags
from satdesk.files.gathering import Tiles, whole_blocks
from satdesk.files.pyramid import Levels
from satdesk.files.reduction import RESAMPLINGS
from satdesk.files.spool import Spool
from satdesk.files.store import check_target, machine_errors, scratch_beside
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
    seen: Callable[[bytes | memoryview], None] | None = None,
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
        with _spool(scratch / "blocks", levels, encoder, target) as spool:
            for part in parts:  # what the tiles raise is theirs and passes as it is
                _spool_part(spool, ascent, part, target)
            spool.require_whole()
            with machine_errors(target):
                whole = _Whole(path=scratch / "whole.tif", target=target, seen=seen)
                whole.assemble(spool, levels, tags)
        (scratch / "whole.tif").rename(path)


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


@contextmanager
def _spool(path: Path, levels: Levels, encoder: BlockEncoder, target: Path) -> Iterator[Spool]:
    with machine_errors(target):
        spool = Spool(path, levels, 1 + encoder.masked)
    with spool:
        yield spool


def _spool_part(spool: Spool, ascent: Ascent, part: Block | Pixels | Quarter, target: Path) -> None:
    with _gdal_errors(target), machine_errors(target):
        ready = (part,) if isinstance(part, Block) else ascent.add(part)
        for block in ready:
            if isinstance(block, Block):  # nothing is above the top of this ascent
                spool.add(block)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whole:
    """The file while it is put together, which will be `target`; `seen` is told its bytes."""

    path: Path
    target: Path
    seen: Callable[[bytes | memoryview], None] | None

    def assemble(self, spool: Spool, levels: Levels, tags: dict[int, Tag]) -> None:
        """Directories, then all blocks in their order."""
        big = needs_big(levels, spool.sizes, tags)
        head = file_head(levels, spool.sizes, tags, big=big)
        if self.seen is not None:
            self.seen(head)
        with self.path.open("xb") as out:
            out.write(head)
            spool.moved(out, self.seen)
        if self.path.stat().st_size != len(head) + spool.end:
            raise MachineError(
                "could not be written to its end", subject=self.target, remedy=_REMEDY
            )


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
