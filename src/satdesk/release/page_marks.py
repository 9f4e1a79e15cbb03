"""DRAFT and SIMULATED in the pixels of every tile, at a size that every zoom can be read at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from satdesk.products.stamped import StampPattern
from satdesk.release.content import Content, DatedImage, Status
from satdesk.release.marks import SIMULATED, legible, spread_pattern
from satdesk.release.stamps import stamp_rgba, text_pattern
from satdesk.release.tile_files import Mark
from satdesk.release.tiles import Pyramid

__all__ = ["mark_words", "tile_mark"]

_SMALL_PX, _LARGE_PX = 15, 24
"""Height of a capital letter in tiles; a smaller one cannot be read on a phone."""
_DENSE_BELOW, _SMALL_BELOW = 448, 1024
"""Extents in pixels below which the word stands densely (or none would be whole), and small."""


def mark_words(content: Content, image: DatedImage, *, own: bool = True) -> str | None:
    """What must be burned into the pixels of a date; None where nothing must.

    Args:
        content: The release.
        image: The date.
        own: Whether SIMULATED counts, which ``visual.tif`` carries at its own pixel size.
    """
    words = [SIMULATED] if image.simulated and own else []
    words += ["DRAFT"] if content.status is Status.DRAFT else []
    return " · ".join(words) or None


def tile_mark(content: Content, image: DatedImage, pyramid: Pyramid) -> Mark | None:
    """Burns `mark_words` into tiles.

    Every zoom gets its own mark, small and dense where the whole picture is small, else large.
    The SIMULATED of ``visual.tif`` is left alone as long as it is large enough at that zoom: two
    words on top of each other could not be read.
    """
    patterns = {}
    for zoom in pyramid.zooms:
        own = not legible(image.gsd_m / pyramid.ground_m(zoom))
        words = mark_words(content, image, own=own)
        if words is not None:
            patterns[zoom] = _pattern(words, pyramid.extent_px(zoom))
    if not patterns:
        return None

    def mark(pixels: NDArray[np.uint8], zoom: int, origin: tuple[int, int]) -> NDArray[np.uint8]:
        pattern = patterns.get(zoom)
        return pixels if pattern is None else stamp_rgba(pixels, pattern, origin=origin)

    return mark


def _pattern(words: str, extent_px: float) -> StampPattern:
    if extent_px < _DENSE_BELOW:
        return text_pattern(words, _SMALL_PX)
    return spread_pattern(words, _SMALL_PX if extent_px < _SMALL_BELOW else _LARGE_PX)
