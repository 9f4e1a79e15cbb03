"""The pixels of one date on any grid, marked where they are simulated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.files.pictures import read_picture
from satdesk.release.content import DatedImage
from satdesk.release.stamps import stamp_rgba, text_pattern

__all__ = ["picture_on"]

_STAMP_SHARE = 42
"""Height of the picture over that of the stamp's letters: legible, and not in the way."""


def picture_on(image: DatedImage, grid: GeoBox) -> NDArray[np.uint8]:
    """``(y, x, 4)`` uint8 of `image` on `grid`; SIMULATED is in the pixels where it must be.

    ``visual.tif`` carries the mark already, but at its own scale: brought to another pixel size it
    may no longer be legible, so the mark is set again in the pixels that will be seen.
    """
    rgba = read_picture(image.visual, grid)
    if not image.simulated:
        return rgba
    height_px = max(10, min(grid.shape) // _STAMP_SHARE)
    return stamp_rgba(rgba, text_pattern("SIMULATED", height_px))
