"""A file put together by copying: all blocks wait in a spool until each has its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from satdesk.files.blocks import Block
from satdesk.files.cog_layout import Layout
from satdesk.files.pyramid import Levels
from satdesk.files.spool import Spool

__all__ = ["Copied", "Seen"]

Seen = Callable[[bytes | memoryview], None]


class Copied:
    """A file that is written when all of its blocks are known; `close` it in the end.

    Args:
        path: The file; must not be there.
        folder: Of what waits; must not be there.
        levels: Of the image.
        parts: As `Spool`.
        seen: Told every byte of the file in turn; None = nobody.
    """

    def __init__(
        self, path: Path, folder: Path, levels: Levels, parts: int, seen: Seen | None
    ) -> None:
        self._path, self._seen = path, seen
        self._spool = Spool(folder, levels, parts)
        self.sizes = self._spool.sizes
        """As `Spool`."""

    def add(self, block: Block) -> None:
        """As `Spool.add`."""
        self._spool.add(block)

    def require_whole(self) -> None:
        """UsageError if a block is missing."""
        self._spool.require_whole()

    def finish(self, layout: Layout) -> None:
        """Directories, then all blocks in their order.

        Raises:
            OSError: The disk is full or failed.
        """
        padding = bytes(layout.padding)
        with self._path.open("xb") as out:
            self._tell(out.write, layout.head)
            self._spool.moved(out, layout.overviews, self._seen)
            self._tell(out.write, padding)
            self._spool.moved(out, (0,), self._seen)

    def _tell(self, write: Callable[[bytes], int], data: bytes) -> None:
        write(data)
        if self._seen is not None:
            self._seen(data)

    def close(self) -> None:
        """As `Spool.close`."""
        self._spool.close()
