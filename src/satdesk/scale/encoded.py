"""Evaluating a layer into compressed blocks: each tile is compressed where it was computed.

A part is the square of four tiles below one block of the first overview. Whoever computes it also
compresses its tiles and that block, while they are in the processor's cache, and hands on bytes and
a sixteenth of the pixels, for the overviews above.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from itertools import product
from typing import Any, Generic, TypeVar

from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.files.blocks import Ascent, Block, BlockEncoder, Pixels, Quarter
from satdesk.files.cog import CogForm, block_encoder, image_levels
from satdesk.files.pyramid import Levels
from satdesk.scale.run import Executor, Progress, close
from satdesk.scale.tiles import Tile, tiles

__all__ = ["EncodedPart", "Reading", "StoredTile", "stream_encoded"]

Told = TypeVar("Told")

_TOP = 1
"""The overview that is compressed together with the tiles below it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredTile(Generic[Told]):
    """A tile as it is to be stored.

    Attributes:
        values: ``(y, x, plane)`` of the file's type.
        told: What is to be known of the tile apart from its pixels, such as how many are usable.
    """

    values: NDArray[Any]
    told: Told


Reading = Callable[[GeoBox], StoredTile[Told]]
"""Computes the pixels of a grid. Pure; pickles where an executor sends it elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EncodedPart(Generic[Told]):
    """What became of four tiles.

    Attributes:
        blocks: Compressed, and quarters of the overviews above; see
        `satdesk.files.cog.write_blocks`.
        told: Of all four.
    """

    blocks: tuple[Block | Quarter, ...]
    told: Told


def stream_encoded(
    read: Reading[Told], form: CogForm, executor: Executor, progress: Progress | None = None
) -> Generator[EncodedPart[Told], None, None]:
    """Compute the pixels of a file part by part.

    Args:
        read: Computes the square of four tiles; tiles are blocks of the file.
        form: Of the file.
        executor: How.
        progress: Told after each part the number of tiles done and of all; in the calling thread.

    Raises:
        SatdeskError: Whatever the first failing tile raised.
    """
    work = _Encode(read=read, levels=image_levels(form), encoder=block_encoder(form))
    side = form.blocksize << _TOP
    parts = tiles(form.grid, side)
    encoded = executor.map(work, parts)
    rows, cols = work.levels.blocks(0)
    done = 0
    try:
        for part in encoded:
            yield part
            done += sum(isinstance(block, Block) and block.level == 0 for block in part.blocks)
            if progress is not None:
                progress(done, rows * cols)
    finally:
        close(encoded)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Encode(Generic[Told]):
    """The work of one part."""

    read: Reading[Told]
    levels: Levels
    encoder: BlockEncoder

    def __call__(self, part: Tile) -> EncodedPart[Told]:
        size = self.levels.size
        ascent = Ascent(levels=self.levels, encoder=self.encoder, top=_TOP)
        blocks: list[Block | Quarter] = []
        stored = self.read(part.grid)
        rows, cols, _ = stored.values.shape
        for top, left in product(range(0, rows, size), range(0, cols, size)):
            values = stored.values[top : top + size, left : left + size]
            row, col = (part.row0 + top) // size, (part.col0 + left) // size
            blocks += ascent.add(Pixels(level=0, row=row, col=col, values=values))
        return EncodedPart(blocks=tuple(blocks), told=stored.told)
