"""DRAFT and SIMULATED in the pixels of every tile, at a size that every zoom can be read at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from satdesk.products.stamped import StampPattern
from satdesk.release.content import Content, DatedImage, Status
from satdesk.release.stamps import stamp_rgba, text_pattern
from satdesk.release.tiles import Mark, Pyramid

__all__ = ["mark_words", "tile_mark"]

_SMALL_PX, _LARGE_PX = 18, 32
_SMALL_BELOW = 1024
_REPEAT = (320, 420)
"""Rows and columns after which a large mark repeats at the latest: no screenful is without one."""


def mark_words(content: Content, image: DatedImage, *, own: bool = True) -> str | None:
    """What must be burned into the pixels of a date; None where nothing must.

    Args:
        content: The release.
        image: The date.
        own: Whether SIMULATED counts, which ``visual.tif`` carries at its own pixel size.
    """
    words = ["SIMULATED"] if image.simulated and own else []
    words += ["DRAFT"] if content.status is Status.DRAFT else []
    return " · ".join(words) or None


def tile_mark(content: Content, image: DatedImage, pyramid: Pyramid) -> Mark | None:
    """Burns `mark_words` into tiles.

    Every zoom gets its own mark, small and dense where the whole picture is small, else large.
    Only the finest zoom, whose pixels are those of ``visual.tif``, shows that file's SIMULATED as
    it is: two words on top of each other could not be read.
    """
    words, finest = mark_words(content, image), mark_words(content, image, own=False)
    if words is None:
        return None
    patterns = {zoom: _pattern(words, pyramid.extent_px(zoom)) for zoom in pyramid.zooms}
    if finest is None:
        del patterns[pyramid.last]
    else:
        patterns[pyramid.last] = _pattern(finest, pyramid.extent_px(pyramid.last))

    def mark(pixels: NDArray[np.uint8], zoom: int, origin: tuple[int, int]) -> NDArray[np.uint8]:
        pattern = patterns.get(zoom)
        return pixels if pattern is None else stamp_rgba(pixels, pattern, origin=origin)

    return mark


def _pattern(words: str, extent_px: float) -> StampPattern:
    if extent_px < _SMALL_BELOW:
        return text_pattern(words, _SMALL_PX)
    return _spread(text_pattern(words, _LARGE_PX))


def _spread(pattern: StampPattern) -> StampPattern:
    """The same letters further apart, so that the picture can be seen between them."""
    rows, cols = pattern.shape
    margins = [(0, max(0, _REPEAT[0] - rows)), (0, max(0, _REPEAT[1] - cols))]
    light, dark = (
        np.pad(np.frombuffer(plane, np.uint8).reshape(pattern.shape), margins)
        for plane in (pattern.light, pattern.dark)
    )
    return StampPattern.from_arrays(pattern.text, light, dark, pattern.opacity)
