"""Bytes that are written once and read once, in files that go away as soon as they were read.

What is put into a large file in one order and copied out in another would need its room twice until
the end. In files of a limited size, each of which can be removed when its last byte was read, it
needs little more than once, and what is gone in time is never written to the disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["Segments"]

_BYTES = 128 << 20


class Segments:
    """Files that are one sequence of bytes.

    Args:
        folder: Where; it is made and must not be there.
        size: A file that holds as much or more is not added to any more.
    """

    def __init__(self, folder: Path, size: int = _BYTES) -> None:
        folder.mkdir()
        self._folder = folder
        self._size = size
        self._starts: list[int] = []
        self._unread: list[int] = []
        self._files: dict[int, BinaryIO] = {}
        self.end = 0
        """Bytes so far."""

    def add(self, pieces: tuple[bytes, ...]) -> int:
        """Append bytes that stay together in one file; where they begin.

        Raises:
            OSError: The disk is full.
        """
        start = self.end
        number = len(self._starts) - 1
        if number not in self._files or start - self._starts[-1] >= self._size:
            self._begin()  # the last one may have been read to its end, and be gone
            number += 1
        self._files[number].seek(start - self._starts[number])  # it may have been read between
        for piece in pieces:
            self._files[number].write(piece)
            self.end += len(piece)
        self._unread[number] += self.end - start
        return start

    def runs(self, order: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
        """Starts and ends, ``(n, 2)``, with neighbours in one file that stay neighbours joined."""
        if not len(order):
            return
        files = np.searchsorted(self._starts, order[:, 0], side="right")
        apart = (order[1:, 0] != order[:-1, 1]) | (files[1:] != files[:-1])
        breaks = np.flatnonzero(apart) + 1
        firsts = order[np.concatenate([[0], breaks]), 0].tolist()
        lasts = order[np.concatenate([breaks - 1, [len(order) - 1]]), 1].tolist()
        yield from zip(firsts, lasts, strict=True)

    def read(self, start: int, into: memoryview) -> int | None:
        """Read bytes of one file, each once.

        Returns the number of the file if all of it has been read, for `remove`; else None.

        Raises:
            OSError: Not all of them are there.
        """
        number = int(np.searchsorted(self._starts, start, side="right")) - 1
        file = self._files[number]
        file.seek(start - self._starts[number])
        if file.readinto(into) != len(into):  # type: ignore[attr-defined] # BinaryIO lacks it
            raise OSError("what was written before is not there any more")
        self._unread[number] -= len(into)
        return None if self._unread[number] else number

    def remove(self, number: int) -> None:
        """Give the room of a file back; another thread may go on reading other files."""
        with suppress(OSError):  # the folder goes with all that is in it
            self._files.pop(number).close()
            (self._folder / str(number)).unlink()

    def close(self) -> None:
        """Close what is still open; a full disk was told by what was writing."""
        for file in self._files.values():
            with suppress(OSError):
                file.close()

    def _begin(self) -> None:
        number = len(self._starts)
        self._files[number] = (self._folder / str(number)).open("x+b")
        self._starts.append(self.end)
        self._unread.append(0)
