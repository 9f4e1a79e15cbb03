"""Blocks of an image, compressed once, each where it was computed, with the overviews above it.

A `BlockEncoder` is a value and its work depends on nothing but its arguments: it may run in any
thread or on another machine. An `Ascent` takes blocks of one level, compresses them and halves them
into the level above, as far up as it is told; what is ready to go higher it hands on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import deflate
import numpy as np
import zstandard
from numpy.typing import NDArray

from satdesk.files.codecs import Codec
from satdesk.files.cog_template import gdal_block
from satdesk.files.predictor import filled, predicted
from satdesk.files.pyramid import Levels
from satdesk.files.reduction import halved

__all__ = ["Ascent", "Block", "BlockEncoder", "Compress", "Pixels", "Quarter"]

Compress = Callable[[NDArray[Any]], bytes]
_MASK_LEVEL = 6
"""Of DEFLATE for masks, as in GDAL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A compressed block.

    Attributes:
        level: 0 is the full resolution.
        row: Row of blocks in its level.
        col: Column of blocks in its level.
        data: Compressed pixels.
        mask: Compressed mask (1 bit, 1 = opaque); None where the file has none.
    """

    level: int
    row: int
    col: int
    data: bytes
    mask: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pixels:
    """A block that is still to be compressed.

    Attributes:
        level: 0 is the full resolution.
        row: Row of blocks in its level.
        col: Column of blocks in its level.
        values: ``(y, x, plane)``; smaller than a block at the right and lower edge.
    """

    level: int
    row: int
    col: int
    values: NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quarter:
    """A quarter of a block of an overview: a block of the level below at half the resolution.

    Attributes:
        level: Of the overview.
        row: Row of the block below, in its level.
        col: Column of the block below, in its level.
        values: ``(y, x, plane)``.
    """

    level: int
    row: int
    col: int
    values: NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockEncoder:
    """How pixels become the bytes of a block, and those of the overview above it.

    Attributes:
        codec: How blocks are compressed.
        size: Edge of a block in pixels.
        nodata: Left out of overviews' means; see `satdesk.files.reduction.halved`.
        alpha: The last plane is opacity.
        resampling: ``average`` or ``nearest``.
    """

    codec: Codec
    size: int
    nodata: float | None = None
    alpha: bool = False
    resampling: str = "average"

    @property
    def masked(self) -> bool:
        """Whether opacity is stored as a mask of its own, because the codec cannot hold it."""
        return self.alpha and self.codec.name == "jpeg"

    def compressor(self) -> Compress:
        """A function from ``(y, x, plane)`` to the bytes of a block; one thread at a time."""
        if self.codec.name not in {"zstd", "deflate", "none"}:
            return lambda values: gdal_block(filled(values, self.size), self.codec)
        finish = _finisher(self.codec)
        differences = self.codec.name != "none"

        def compressed(values: NDArray[Any]) -> bytes:
            if _blank(values):
                return _blank_block(self.codec, self.size, values.shape, values.dtype.str)
            return finish(predicted(values, self.size, differences=differences))

        return compressed

    def block(self, pixels: Pixels, compress: Compress) -> Block:
        """`pixels` compressed."""
        values, mask = pixels.values, None
        if self.masked:
            values, mask = values[..., :-1], self._mask(values[..., -1])
        data = compress(values)
        return Block(level=pixels.level, row=pixels.row, col=pixels.col, data=data, mask=mask)

    def halved(self, values: NDArray[Any]) -> NDArray[Any]:
        """`values` at half the resolution."""
        if _blank(values):  # 0 is the mean of zeros, whatever is left out
            rows, cols, planes = values.shape
            return np.zeros(((rows + 1) // 2, (cols + 1) // 2, planes), values.dtype)
        return halved(values, nodata=self.nodata, alpha=self.alpha, resampling=self.resampling)

    def _mask(self, opacity: NDArray[Any]) -> bytes:
        rows, cols = opacity.shape
        opaque = np.zeros((self.size, self.size), np.bool_)
        opaque[:rows, :cols] = opacity > 0
        return bytes(deflate.zlib_compress(np.packbits(opaque, axis=1).tobytes(), _MASK_LEVEL))


@lru_cache(maxsize=64)
def _blank_block(codec: Codec, size: int, shape: tuple[int, ...], dtype: str) -> bytes:
    """A block of zeros, compressed once: a scene lies askew in its grid and leaves many."""
    zeros = predicted(np.zeros(shape, dtype), size, differences=codec.name != "none")
    return _finisher(codec)(zeros)


def _blank(values: NDArray[Any]) -> bool:
    """Whether whole numbers are all 0; a few of its pixels tell most of those that are not."""
    if values.dtype.kind not in "ui" or not values.size:
        return False
    if values[-1, -1].any() or values[::61, ::61].any():
        return False
    return not (values.max() if values.dtype.kind == "u" else values.any())  # max is a vector's


def _finisher(codec: Codec) -> Callable[[NDArray[np.uint8]], bytes]:
    if codec.name == "zstd":
        # One context for many blocks: making one costs half as much as compressing a block.
        context = zstandard.ZstdCompressor(level=codec.strength or 1)
        return lambda raw: context.compress(raw.data)
    if codec.name == "deflate":
        level = codec.strength or 1
        return lambda raw: bytes(deflate.zlib_compress(raw.data, level))
    return lambda raw: raw.tobytes()


@dataclass(slots=True, kw_only=True)
class Ascent:
    """Takes blocks in any order, compresses them, and makes the overviews of them.

    Attributes:
        levels: The levels of the file.
        encoder: What compresses and halves.
        top: The highest level that is compressed here; what belongs above it is handed on.
    """

    levels: Levels
    encoder: BlockEncoder
    top: int
    _compress: Compress = field(init=False, repr=False)
    _open: dict[tuple[int, int, int], _Canvas] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._compress = self.encoder.compressor()

    def add(self, part: Pixels | Quarter) -> Iterator[Block | Quarter]:
        """Blocks that are ready, and quarters of overviews above `top` for another `Ascent`."""
        if isinstance(part, Pixels):
            yield from self._compressed(part)
            return
        at = (part.level, part.row // 2, part.col // 2)
        canvas = self._open.get(at)
        if canvas is None:
            canvas = self._open[at] = _Canvas(self.levels, at, part.values)
        if canvas.put(part.values, (part.row % 2, part.col % 2)):
            del self._open[at]
            whole = Pixels(level=at[0], row=at[1], col=at[2], values=canvas.values)
            yield from self._compressed(whole)

    def _compressed(self, pixels: Pixels) -> Iterator[Block | Quarter]:
        stored = self._stored(pixels)
        if stored is not None:
            yield self.encoder.block(stored, self._compress)
        above = pixels.level + 1
        if above == self.levels.count:
            return
        half = self.encoder.halved(pixels.values)
        quarter = Quarter(level=above, row=pixels.row, col=pixels.col, values=half)
        if above > self.top:
            yield quarter
        else:
            yield from self.add(quarter)

    def _stored(self, pixels: Pixels) -> Pixels | None:
        """Without the last row and column where an overview's size is rounded down."""
        rows, cols = self.levels.shape_of(pixels.level)
        size = self.levels.size
        kept = pixels.values[: max(rows - pixels.row * size, 0)]
        kept = kept[:, : max(cols - pixels.col * size, 0)]
        if not kept.size:
            return None
        return Pixels(level=pixels.level, row=pixels.row, col=pixels.col, values=kept)


class _Canvas:
    """A block of an overview that fills up from below."""

    def __init__(self, levels: Levels, at: tuple[int, int, int], first: NDArray[Any]) -> None:
        self.values = np.empty((*levels.block_shape(*at), first.shape[2]), first.dtype)
        self._half = levels.size // 2
        self._missing = levels.children(*at)

    def put(self, half: NDArray[Any], quarter: tuple[int, int]) -> bool:
        """Put what lies below one quarter; True when nothing is missing."""
        row, col = (self._half * n for n in quarter)
        self.values[row : row + half.shape[0], col : col + half.shape[1]] = half
        self._missing -= 1
        return not self._missing
