"""Bright white ground: snow, or a cloud that cannot be told from it.

Ice absorbs a little near infrared and none of the visible light, and the water of a cloud's small
droplets neither: at 0.8 µm snow is darker than in the red (Warren, *Rev. Geophys.* 20, 1982). It
takes a short-wave infrared band to be sure, so what is found is named "snow or cloud".
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["white_ground"]

Floats = NDArray[np.floating]

_NIR_OVER_RED = 0.94


def white_ground(planes: Mapping[str, Floats]) -> NDArray[np.bool_]:
    """Where what is bright and white is darker in the near infrared than in the red, as snow is.

    Args:
        planes: ``(y, x)`` reflectance by band.

    Returns:
        ``(y, x)``; False everywhere where R or NIR is missing: then all that is white is "cloud".
    """
    first = next(iter(planes.values()))
    if not {"R", "NIR"} <= planes.keys():
        return np.zeros(first.shape, np.bool_)
    return np.asarray(planes["NIR"] < _NIR_OVER_RED * planes["R"])
