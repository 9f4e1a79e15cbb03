"""Bright white ground: snow, or a cloud that cannot be told from it.

Ice absorbs a little near infrared and none of the visible light, and the water of a cloud's small
droplets neither: at 0.8 µm snow is darker than in the red (Warren, *Rev. Geophys.* 20, 1982). It
takes a short-wave infrared band to be sure, so what is found is named "snow or cloud".
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

__all__ = ["white_ground"]

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

_NIR_OVER_RED = 0.95
_SIGMA_M = 40.0


def white_ground(planes: Mapping[str, Floats], white: NDArray[np.bool_], pixel_m: float) -> Bools:
    """Which of the bright white places are darker in the near infrared than in the red, as snow is.

    Both bands are averaged over the white places around first: patches of bare ground and single
    pixels do not decide.

    Args:
        planes: ``(y, x)`` reflectance by band.
        white: ``(y, x)``, True = bright and white.
        pixel_m: Of the grid.

    Returns:
        ``(y, x)``; False everywhere where R or NIR is missing: then all that is white is "cloud".
    """
    if not {"R", "NIR"} <= planes.keys():
        return np.zeros(white.shape, np.bool_)
    red, infrared = (
        gaussian_filter(np.where(white, planes[name], 0).astype(np.float32), _SIGMA_M / pixel_m)
        for name in ("R", "NIR")
    )
    return np.asarray(white & (infrared < _NIR_OVER_RED * red))
