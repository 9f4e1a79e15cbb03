"""Whole blocks out of tiles of any size, in any order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.errors import UsageError
from satdesk.files.blocks import Pixels
from satdesk.files.pyramid import Levels

__all__ = ["Tiles", "whole_blocks"]

Tiles = Iterable[tuple[tuple[int, int], NDArray[Any]]]
"""``(row0, col0), values (plane, y, x)`` of parts of an image."""


def whole_blocks(tiles: Tiles, levels: Levels) -> Iterator[Pixels]:
    """The blocks of the full resolution, each as soon as all of it has come.

    Args:
        tiles: Parts of an image; each pixel once.
        levels: Of the image.

    Raises:
        UsageError: A pixel came twice, or lies outside the image.
    """
    waiting: dict[tuple[int, int], _Gathered] = {}
    for (row0, col0), values in tiles:
        for at, inside, part in _cut(levels, row0, col0, values):
            shape = (*levels.block_shape(0, *at), len(values))
            pixels = np.moveaxis(part, 0, -1)
            if pixels.shape == shape:  # by far the commonest: nothing to gather
                yield Pixels(level=0, row=at[0], col=at[1], values=pixels)
                continue
            gathered = waiting.setdefault(at, _Gathered(shape, values.dtype))
            if gathered.put(inside, pixels):
                yield Pixels(level=0, row=at[0], col=at[1], values=waiting.pop(at).values)


def _cut(
    levels: Levels, row0: int, col0: int, values: NDArray[Any]
) -> Iterator[tuple[tuple[int, int], tuple[int, int], NDArray[Any]]]:
    """Pieces of a tile by blocks: which block, where in it, the pixels."""
    _, rows, cols = values.shape
    if min(row0, col0) < 0 or row0 + rows > levels.shape[0] or col0 + cols > levels.shape[1]:
        raise UsageError(
            "a tile lies outside its image",
            found=f"{rows} x {cols} pixels at row {row0}, column {col0}",
            expected=f"within {levels.shape[0]} x {levels.shape[1]}",
        )
    for row, top, bottom in _steps(row0, rows, levels.size):
        for col, left, right in _steps(col0, cols, levels.size):
            inside = (row0 + top - row * levels.size, col0 + left - col * levels.size)
            yield (row, col), inside, values[:, top:bottom, left:right]


def _steps(start: int, length: int, size: int) -> Iterator[tuple[int, int, int]]:
    """Blocks that a stretch of pixels touches: number, first and last + 1 within the stretch."""
    for block in range(start // size, -(-(start + length) // size)):
        yield block, max(block * size - start, 0), min((block + 1) * size - start, length)


class _Gathered:
    """A block that fills up."""

    def __init__(self, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> None:
        self.values = np.empty(shape, dtype)
        self._there = np.zeros(shape[:2], np.bool_)

    def put(self, inside: tuple[int, int], part: NDArray[Any]) -> bool:
        """Put pixels at ``row, col``; True when the block is full."""
        row, col = inside
        place = np.s_[row : row + part.shape[0], col : col + part.shape[1]]
        if self._there[place].any():
            raise UsageError("a pixel was given twice", found=f"row {row}, column {col} of a block")
        self.values[place] = part
        self._there[place] = True
        return bool(self._there.all())
