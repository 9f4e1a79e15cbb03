"""The pixels of one date on any grid, marked where they are simulated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.files.pictures import read_picture
from satdesk.release.content import DatedImage
from satdesk.release.marks import SIMULATED, legible, spread_pattern
from satdesk.release.stamps import stamp_rgba

__all__ = ["picture_on"]

_LETTER_SHARE = 42
"""Height of the picture over that of the stamp's letters: legible, and not in the way."""


def picture_on(image: DatedImage, grid: GeoBox) -> NDArray[np.uint8]:
    """``(y, x, 4)`` uint8 of `image` on `grid`; SIMULATED is in the pixels where it must be.

    ``visual.tif`` carries the mark already, but at its own scale: brought to another pixel size it
    may no longer be legible, and then it is set again in the pixels that will be seen.
    """
    rgba = read_picture(image.visual, grid)
    if not image.simulated or legible(image.gsd_m / abs(grid.affine.a)):
        return rgba
    letter_px = max(15, min(grid.shape) // _LETTER_SHARE)
    return stamp_rgba(rgba, spread_pattern(SIMULATED, letter_px))
