"""A large image's blocks written where they belong as they come, and only the overviews copied.

The overviews come first in the file and are known last. So the full resolution is written behind
more room than they can need, row by row as far as its blocks have come, and when all is there the
room that is left is taken out of the file (`files.gap`). Nothing of it is written twice.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from satdesk.files.blocks import Block
from satdesk.files.cog_layout import Layout
from satdesk.files.gap import close_gap
from satdesk.files.pyramid import Levels
from satdesk.files.spool import Spool, framed

__all__ = ["Straight"]

_BEHIND_BYTES = 32 << 20
"""So much is written before the system is asked to bring it to the disk."""
_HELD_BYTES = 128 << 20
"""Of blocks that wait for those before them in memory; what is more waits on disk. Where parts come
row by row, that is one row of blocks of an image of some 60,000 pixels."""


class Straight:
    """A file in which the full resolution lies from its first block on; `close` it in the end.

    Args:
        path: The file; must not be there.
        folder: Of what waits; must not be there.
        levels: Of the image.
        parts: As `Spool`.
        room: Bytes ahead of the full resolution, a multiple of `gap.ALIGNMENT`; a hole at first.
    """

    def __init__(self, path: Path, folder: Path, levels: Levels, parts: int, room: int) -> None:
        self._waiting = Spool(folder, levels, parts)
        self._file = path.open("x+b")
        self._file.seek(room)
        self._room = self._end = self._behind = room
        self._cols = levels.blocks(0)[1]
        self._done = 0
        self._held: dict[tuple[int, int], tuple[bytes, ...]] = {}
        self._held_bytes = 0
        self.sizes = self._waiting.sizes
        """As `Spool`."""

    def add(self, block: Block) -> None:
        """Write a block of the full resolution if it is the next, else keep it.

        Raises:
            UsageError: It has come before.
            OSError: The disk is full.
        """
        at = (block.row, block.col)
        if block.level:
            self._waiting.add(block)
        elif at == self._next():
            self._waiting.note(block)
            self._write(framed(block))
            while (found := self._taken(self._next())) is not None:
                self._write(found)
        elif self._held_bytes < _HELD_BYTES:
            self._waiting.note(block)
            self._held[at] = framed(block)
            self._held_bytes += sum(map(len, self._held[at]))
        else:
            self._waiting.add(block)

    def _taken(self, at: tuple[int, int]) -> tuple[bytes, ...] | None:
        """A block that has waited; None if it has not come yet."""
        held = self._held.pop(at, None)
        if held is not None:
            self._held_bytes -= sum(map(len, held))
            return held
        found = self._waiting.taken(*at)
        return None if found is None else (found,)

    def require_whole(self) -> None:
        """UsageError if a block is missing."""
        self._waiting.require_whole()

    def finish(self, layout: Layout) -> None:
        """Everything ahead of the full resolution, and the rest of the room taken out.

        Raises:
            OSError: The disk is full or failed.
        """
        if layout.full_resolution > self._room:
            raise AssertionError("there was less room than the overviews need")
        self._file.seek(0)
        self._file.write(layout.head)
        self._waiting.moved(self._file, layout.overviews)
        self._file.write(bytes(layout.padding))
        start = layout.full_resolution
        close_gap(self._file, start, self._room - start)
        self._file.flush()

    def _next(self) -> tuple[int, int]:
        """Row and column of the block that comes next."""
        return divmod(self._done, self._cols)

    def _write(self, pieces: tuple[bytes, ...]) -> None:
        for piece in pieces:
            self._file.write(piece)
            self._end += len(piece)
        self._done += 1
        if self._end - self._behind > _BEHIND_BYTES:
            self._bring_to_disk()

    def _bring_to_disk(self) -> None:
        """Begin to write what is new, and let go of what is written; else it fills the memory."""
        self._file.flush()
        start = max(self._behind - 4 * _BEHIND_BYTES, self._room)
        if hasattr(os, "posix_fadvise"):
            size = self._end - start
            os.posix_fadvise(self._file.fileno(), start, size, os.POSIX_FADV_DONTNEED)
        self._behind = self._end

    def close(self) -> None:
        """Close what is still open, the file too; a full disk was told by what was writing."""
        self._waiting.close()
        with suppress(OSError):
            self._file.close()
