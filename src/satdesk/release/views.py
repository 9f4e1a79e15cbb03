"""Pieces in which a picture of any size is described: overlapping tiles, halved repeatedly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satdesk.release.fingerprint import EDGE_PX

__all__ = ["View", "halved", "views"]

_STEP_PX = EDGE_PX * 3 // 4
_SMALLEST_PX = 32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """A piece of a picture.

    Attributes:
        grey: ``(y, x)`` uint8, at most `EDGE_PX` a side.
        col: Of its left edge, in pixels of the whole picture.
        row: Of its upper edge, likewise.
        shrink: Pixels of the whole picture that one of its pixels spans; a power of two.
    """

    grey: NDArray[np.uint8]
    col: int
    row: int
    shrink: int


def views(grey: NDArray[np.uint8]) -> Iterator[View]:
    """Pieces of a grey picture ``(y, x)``: the full resolution in tiles, then every half of it.

    Tiles overlap by a quarter, so that a crop of up to a quarter of their edge lies within one.
    Empty pieces (of one grey) are left out.
    """
    shrink = 1
    while min(grey.shape) >= _SMALLEST_PX:
        for row in _starts(grey.shape[0]):
            for col in _starts(grey.shape[1]):
                piece = grey[row : row + EDGE_PX, col : col + EDGE_PX]
                if np.ptp(piece):
                    yield View(grey=piece, col=col * shrink, row=row * shrink, shrink=shrink)
        if max(grey.shape) <= EDGE_PX:
            return
        grey, shrink = halved(grey), shrink * 2


def halved(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Half the size, by the mean of 2 × 2 pixels; an odd last row or column falls away."""
    rows, cols = (size // 2 for size in grey.shape)
    cut = grey[: rows * 2, : cols * 2].astype(np.uint16)
    total = cut[::2, ::2] + cut[1::2, ::2] + cut[::2, 1::2] + cut[1::2, 1::2]
    return ((total + 2) // 4).astype(np.uint8)


def _starts(size: int) -> range:
    return range(0, max(size - EDGE_PX + _STEP_PX, 1), _STEP_PX)
