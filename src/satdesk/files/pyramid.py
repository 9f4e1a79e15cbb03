"""The levels of an image file: the full resolution and its overviews, cut into blocks."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Levels"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Level 0 is the full resolution; each further one has half of it, down to a single block.

    An overview's pixel stands for exactly 2^level pixels a side. Readers take its width to be that
    of the
    whole image, so that its size is rounded: the edges never disagree by more than half a pixel of
    it.

    Attributes:
        shape: Rows and columns of level 0.
        size: Edge of a block in pixels.
    """

    shape: tuple[int, int]
    size: int

    @property
    def count(self) -> int:
        """How many levels there are, the full resolution included."""
        level = 0
        while max(self.shape_of(level)) > self.size:
            level += 1
        return level + 1

    def shape_of(self, level: int) -> tuple[int, int]:
        """Rows and columns of a level as they are stored: rounded, halves down, at least 1."""
        rows, cols = (max((n + (1 << level >> 1) - (level > 0)) >> level, 1) for n in self.shape)
        return rows, cols

    def covering(self, level: int) -> tuple[int, int]:
        """Rows and columns of a level that cover all pixels of level 0."""
        rows, cols = (-(-n >> level) for n in self.shape)
        return rows, cols

    def blocks(self, level: int) -> tuple[int, int]:
        """Rows and columns of blocks of a level as they are stored."""
        rows, cols = (-(-n // self.size) for n in self.shape_of(level))
        return rows, cols

    def block_shape(self, level: int, row: int, col: int) -> tuple[int, int]:
        """Rows and columns of a block that cover level 0, without what fills it up."""
        rows, cols = self.covering(level)
        height, width = rows - row * self.size, cols - col * self.size
        return min(height, self.size), min(width, self.size)

    def children(self, level: int, row: int, col: int) -> int:
        """How many blocks of the next finer level lie below a block."""
        rows, cols = (-(-n // self.size) for n in self.covering(level - 1))
        return min(rows - 2 * row, 2) * min(cols - 2 * col, 2)
