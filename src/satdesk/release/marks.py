"""SIMULATED in the pixels: once, legible at the size in which a picture is seen, and discreet.

``visual.tif`` carries the word at its own pixel size. Whatever is drawn from it at another size
sets the word again only where the first can no longer be read: two on top of each other hide the
picture and each other.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from satdesk.products.stamped import StampPattern
from satdesk.release.stamps import text_pattern

__all__ = ["PICTURE_LETTER_PX", "SIMULATED", "legible", "spread_pattern"]

SIMULATED = "SIMULATED"
PICTURE_LETTER_PX = 26
"""Height of a capital letter in ``visual.tif``, in its own pixels."""

_LEAST_PX = 15
"""Smaller letters cannot be read on a phone."""
_OPACITY = 0.45
_REPEAT = (10, 15)
"""Rows and columns after which the word comes again, in heights of its letters."""


def legible(scale: float) -> bool:
    """Whether the mark of ``visual.tif`` can be read where one of its pixels becomes `scale`."""
    return scale * PICTURE_LETTER_PX >= _LEAST_PX


@lru_cache(maxsize=16)
def spread_pattern(words: str, letter_px: int) -> StampPattern:
    """The slanted word with room around it, so that the picture can be seen between.

    The shortest side of any press crop (1080 pixels) holds it several times.
    """
    pattern = text_pattern(words, letter_px, _OPACITY)
    rows, cols = pattern.shape
    margins = [
        (0, max(0, _REPEAT[0] * letter_px - rows)),
        (0, max(0, _REPEAT[1] * letter_px - cols)),
    ]
    light, dark = (
        np.pad(np.frombuffer(plane, np.uint8).reshape(pattern.shape), margins)
        for plane in (pattern.light, pattern.dark)
    )
    return StampPattern.from_arrays(pattern.text, light, dark, pattern.opacity)
