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


def mark_words(content: Content, image: DatedImage) -> str | None:
    """What must stand in the pixels of a date; None where nothing must."""
    words = ["SIMULATED"] if image.simulated else []
    words += ["DRAFT"] if content.status is Status.DRAFT else []
    return " · ".join(words) or None


def tile_mark(content: Content, image: DatedImage, pyramid: Pyramid) -> Mark | None:
    """Burns `mark_words` into tiles.

    ``visual.tif`` carries SIMULATED at its own pixel size, where no shrunken tile could be read;
    so every zoom gets its own: small and dense where the whole picture is small, else large.
    """
    words = mark_words(content, image)
    if words is None:
        return None
    small = text_pattern(words, _SMALL_PX)
    large = _spread(text_pattern(words, _LARGE_PX))

    def mark(pixels: NDArray[np.uint8], zoom: int, origin: tuple[int, int]) -> NDArray[np.uint8]:
        pattern = small if pyramid.extent_px(zoom) < _SMALL_BELOW else large
        return stamp_rgba(pixels, pattern, origin=origin)

    return mark


def _spread(pattern: StampPattern) -> StampPattern:
    """The same letters further apart, so that the picture can be seen between them."""
    rows, cols = pattern.shape
    margins = [(0, max(0, _REPEAT[0] - rows)), (0, max(0, _REPEAT[1] - cols))]
    light, dark = (
        np.pad(np.frombuffer(plane, np.uint8).reshape(pattern.shape), margins)
        for plane in (pattern.light, pattern.dark)
    )
    return StampPattern.from_arrays(pattern.text, light, dark, pattern.opacity)
