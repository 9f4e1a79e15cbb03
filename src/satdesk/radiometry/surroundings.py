"""Means over the usable surroundings of each pixel, near and far."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["Surroundings", "mean_around"]

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

_FINE_PX = 8.0
_COARSE_PX = 3.0
_LEAST_WEIGHT = 1e-3


def mean_around(plane: Floats, usable: Bools, sigma_px: float) -> NDArray[np.float32]:
    """Gaussian mean of usable pixels; where there is hardly any in reach, that of all of them.

    Wide means are taken of blocks, some eight to a standard deviation, and interpolated.

    Args:
        plane: ``(y, x)``; what is not usable means nothing.
        usable: ``(y, x)``, True = counts.
        sigma_px: Standard deviation in pixels.
    """
    step = max(int(sigma_px / _FINE_PX), 1)
    weight = _reduced(usable.astype(np.float32), step)
    total = _reduced(np.where(usable, plane, 0).astype(np.float32), step)
    weight, total = (
        ndimage.gaussian_filter(each, sigma_px / step, truncate=3.0) for each in (weight, total)
    )
    overall = np.float32(plane[usable].mean()) if usable.any() else np.float32(0)
    mean = np.where(weight > _LEAST_WEIGHT, total / np.maximum(weight, _LEAST_WEIGHT), overall)
    return np.asarray(_expanded(mean.astype(np.float32), step, plane.shape))


class Surroundings:
    """Means around the same usable pixels of many planes: what they weigh is summed once a width.

    Blocks are wider than those of `mean_around`: three to a standard deviation.

    Args:
        usable: ``(y, x)``, True = counts.
        pixel_m: Of the grid.
    """

    def __init__(self, usable: Bools, pixel_m: float) -> None:
        """Nothing is summed yet."""
        self._usable = usable
        self._pixel_m = pixel_m
        self._weights: dict[float, NDArray[np.float32]] = {}

    def mean(self, plane: Floats, sigma_m: float) -> NDArray[np.float32]:
        """Gaussian mean of a plane's usable pixels; 0 where there is hardly any in reach."""
        sigma_px = sigma_m / self._pixel_m
        step = max(int(sigma_px / _COARSE_PX), 1)
        if sigma_m not in self._weights:
            weight = _reduced(self._usable.astype(np.float32), step)
            weight = ndimage.gaussian_filter(weight, sigma_px / step, truncate=3.0)
            self._weights[sigma_m] = np.where(weight > _LEAST_WEIGHT, weight, np.float32(np.inf))
        total = _reduced(np.where(self._usable, plane, np.float32(0)), step)
        total = ndimage.gaussian_filter(total, sigma_px / step, truncate=3.0)
        return _expanded(total / self._weights[sigma_m], step, plane.shape)


def _reduced(plane: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Means of blocks; what a block has beyond the array counts as 0."""
    if step == 1:
        return plane
    rows, cols = (-(-size // step) * step for size in plane.shape)
    padded = np.pad(plane, ((0, rows - plane.shape[0]), (0, cols - plane.shape[1])))
    return np.asarray(padded.reshape(rows // step, step, cols // step, step).mean(axis=(1, 3)))


def _expanded(plane: NDArray[np.float32], step: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Between the middles of blocks, bilinear; beyond the outermost, the nearest."""
    if step == 1:
        return plane
    rows, cols = ((np.arange(size, dtype=np.float32) + 0.5) / step - 0.5 for size in shape)
    for axis, at in ((0, rows), (1, cols)):
        last = plane.shape[axis] - 1
        low = np.clip(np.floor(at), 0, max(last - 1, 0)).astype(np.int64)
        part = np.clip(at - low, 0, 1).astype(np.float32)
        part = part[:, None] if axis == 0 else part[None, :]
        first = np.take(plane, low, axis)
        plane = first + part * (np.take(plane, np.minimum(low + 1, last), axis) - first)
    return plane
