"""Where everything lies in a COG: directories first, then the overviews, the full resolution last.

The header, GDAL's ghost area (which promises this order, and that each block's size stands before
it and its last bytes are repeated behind it) and the directories of all levels come first, then the
blocks of each level row by row, coarse levels first. See GDAL's documentation of the COG driver.
The full resolution of a large image begins at a multiple of `ALIGNMENT`, so that it can be written
before the room ahead of it is known (`files.straight`), and lies there however it was written.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.files.gap import ALIGNMENT
from satdesk.files.pyramid import Levels
from satdesk.files.spool import LEADER_BYTES, TRAILER_BYTES
from satdesk.files.tiff_tags import Tag, directory_bytes, directory_size, numbers

__all__ = ["Layout", "file_head", "layout_of", "needs_big", "room_for_overviews"]

_CLASSIC_END = (1 << 32) - (1 << 26)
"""Beyond it a file is a BigTIFF: 64 MiB short of what 32 bits reach, so that a manifest still
fits."""

_SUBFILE, _WIDTH, _LENGTH, _OFFSETS, _COUNTS = 254, 256, 257, 324, 325
_TILE = (322, 323)
_SHORT, _LONG, _LONG8 = 3, 4, 16
_OVERVIEW, _MASK = 1, 4
_OVERVIEW_TAGS = frozenset({258, 259, 262, 277, 284, 317, 320, 338, 339, 347, 530, 532, 42113})
"""What an overview repeats of the main image: everything that is needed to decode it, and
nodata."""

_GHOST = (
    "LAYOUT=IFDS_BEFORE_DATA\nBLOCK_ORDER=ROW_MAJOR\nBLOCK_LEADER=SIZE_AS_UINT4\n"
    "BLOCK_TRAILER=LAST_4_BYTES_REPEATED\nKNOWN_INCOMPATIBLE_EDITION=NO\n "
)
_GHOST_MASK = "MASK_INTERLEAVED_WITH_IMAGERY=YES\n"

Sizes = Sequence[NDArray[np.uint32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A file's bytes but for its blocks, and where these lie.

    Attributes:
        head: Everything ahead of the first block.
        overviews: Levels in their order; the full resolution follows them.
        padding: Zeros between the overviews and the full resolution.
        full_resolution: Where the leader of its first block lies.
        size: Of the file.
    """

    head: bytes
    overviews: tuple[int, ...]
    padding: int
    full_resolution: int
    size: int


def layout_of(levels: Levels, sizes: Sizes, tags: dict[int, Tag], *, aligned: bool) -> Layout:
    """Where everything lies; arguments as those of `file_head`."""
    big = needs_big(levels, sizes, tags)
    head = file_head(levels, sizes, tags, big=big, aligned=aligned)
    overviews = len(head) + sum(_bytes_of(level) for level in sizes[1:])
    start = _start_of_full_resolution(overviews, aligned=aligned)
    return Layout(
        head=head,
        overviews=tuple(range(levels.count - 1, 0, -1)),
        padding=start - overviews,
        full_resolution=start,
        size=start + _bytes_of(sizes[0]),
    )


def room_for_overviews(levels: Levels, parts: int, block: int, tags: dict[int, Tag]) -> int:
    """More bytes than all that comes before the full resolution can take.

    Args:
        levels: Of the image.
        parts: Streams a block.
        block: Bytes of a block before it is compressed; no codec doubles them.
        tags: Of the main image.
    """
    none = [np.zeros((*levels.blocks(level), parts), np.uint32) for level in range(levels.count)]
    most = [np.full(sizes.shape, 2 * block + (1 << 16), np.uint32) for sizes in none[1:]]
    head = _Plan(levels, none, tags, big=True).head_bytes
    return -(-(head + sum(_bytes_of(sizes) for sizes in most)) // ALIGNMENT) * ALIGNMENT


def needs_big(levels: Levels, sizes: Sizes, tags: dict[int, Tag]) -> bool:
    """Whether the file needs BigTIFF's offsets; decided by its true size.

    Args:
        levels: Of the image.
        sizes: Of each level, ``(row, col, part)``: bytes of each block.
        tags: Of the main image.
    """
    head = _Plan(levels, sizes, tags, big=False).head_bytes
    return head + sum(_bytes_of(level) for level in sizes) > _CLASSIC_END


def file_head(
    levels: Levels, sizes: Sizes, tags: dict[int, Tag], *, big: bool, aligned: bool = False
) -> bytes:
    """Everything ahead of the first block.

    Args:
        levels: As those of `needs_big`.
        sizes: As those of `needs_big`.
        tags: As those of `needs_big`.
        big: With BigTIFF's offsets.
        aligned: The full resolution begins at a multiple of `ALIGNMENT`.
    """
    return _Plan(levels, sizes, tags, big=big).head(aligned=aligned)


class _Plan:
    """The directories of a file and where they lie."""

    def __init__(self, levels: Levels, sizes: Sizes, tags: dict[int, Tag], *, big: bool) -> None:
        self._big = big
        self._masked = sizes[0].shape[-1] == 2
        self._opening = _opening(big=big, masked=self._masked)
        self._levels, self._sizes, self._tags = levels, sizes, tags
        unplaced = [np.zeros(level.shape, np.int64) for level in sizes]
        sized = [directory_size(ifd, big=big) for ifd in self._directories(unplaced)]
        self._places = np.cumsum([len(self._opening), *sized]).tolist()
        self.head_bytes: int = self._places[-1]

    def head(self, *, aligned: bool) -> bytes:
        following = [*self._places[1:-1], 0]
        directories = self._directories(_offsets(self._sizes, self.head_bytes, aligned=aligned))
        placed = zip(directories, self._places, following, strict=False)
        return self._opening + b"".join(
            directory_bytes(ifd, at, after, big=self._big) for ifd, at, after in placed
        )

    def _directories(self, offsets: Sequence[NDArray[np.int64]]) -> list[tuple[Tag, ...]]:
        """Of the image, its mask, the overviews and their masks: GDAL's order."""
        images = [self._image(level, offsets[level]) for level in range(self._levels.count)]
        if not self._masked:
            return images
        masks = [self._mask(level, offsets[level]) for level in range(self._levels.count)]
        return [images[0], masks[0], *images[1:], *masks[1:]]

    def _image(self, level: int, offsets: NDArray[np.int64]) -> tuple[Tag, ...]:
        kept = {c: t for c, t in self._tags.items() if level == 0 or c in _OVERVIEW_TAGS}
        if level:
            kept[_SUBFILE] = numbers(_SUBFILE, _OVERVIEW)
        return self._with_blocks(kept, level, 0, offsets)

    def _mask(self, level: int, offsets: NDArray[np.int64]) -> tuple[Tag, ...]:
        # Bits a sample, DEFLATE, transparency mask, one sample, contiguous, unsigned.
        plain = {258: 1, 259: 8, 262: 4, 277: 1, 284: 1, 339: 1}
        kept = {code: numbers(code, value, kind=_SHORT) for code, value in plain.items()}
        kept[_SUBFILE] = numbers(_SUBFILE, _MASK | (_OVERVIEW if level else 0))
        return self._with_blocks(kept, level, 1, offsets)

    def _with_blocks(
        self, kept: dict[int, Tag], level: int, part: int, offsets: NDArray[np.int64]
    ) -> tuple[Tag, ...]:
        rows, cols = self._levels.shape_of(level)
        kept[_WIDTH], kept[_LENGTH] = numbers(_WIDTH, cols), numbers(_LENGTH, rows)
        kept |= {code: numbers(code, self._levels.size, kind=_SHORT) for code in _TILE}
        wide = _LONG8 if self._big else _LONG
        kept[_OFFSETS] = numbers(_OFFSETS, *offsets[..., part].ravel().tolist(), kind=wide)
        kept[_COUNTS] = numbers(_COUNTS, *self._sizes[level][..., part].ravel().tolist())
        return tuple(kept[code] for code in sorted(kept))


def _opening(*, big: bool, masked: bool) -> bytes:
    """The header and the ghost area, up to the first directory."""
    promise = _GHOST + (_GHOST_MASK if masked else "")
    ghost = f"GDAL_STRUCTURAL_METADATA_SIZE={len(promise):06d} bytes\n{promise}".encode()
    length = (16 if big else 8) + len(ghost)
    first = length + length % 2
    header = (
        struct.pack("<2sHHHQ", b"II", 43, 8, 0, first)
        if big
        else struct.pack("<2sHI", b"II", 42, first)
    )
    return (header + ghost).ljust(first, b"\0")


def _bytes_of(sizes: NDArray[np.uint32]) -> int:
    return int(sizes.sum(dtype=np.int64)) + sizes.size * (LEADER_BYTES + TRAILER_BYTES)


def _start_of_full_resolution(end: int, *, aligned: bool) -> int:
    """Where it begins when what is ahead of it ends at `end`."""
    return -(-end // ALIGNMENT) * ALIGNMENT if aligned else end


def _offsets(sizes: Sizes, start: int, *, aligned: bool) -> list[NDArray[Any]]:
    """Where the bytes of each block begin, coarse levels first; shaped like `sizes`."""
    placed = []
    for number in reversed(range(len(sizes))):
        level = sizes[number]
        start = start if number else _start_of_full_resolution(start, aligned=aligned)
        whole = level.ravel().astype(np.int64) + LEADER_BYTES + TRAILER_BYTES
        ends = start + np.cumsum(whole)
        placed.append((ends - whole + LEADER_BYTES).reshape(level.shape))
        start = int(ends[-1])
    return placed[::-1]
