"""Means over the usable surroundings of each pixel, near and far."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from satdesk.radiometry.fixed_point import bell, rounded, smoothed

__all__ = ["Surroundings", "mean_around"]

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

_FINE_PX = 8.0
_COARSE_PX = 2.0
_LEAST_WEIGHT = 1e-3
_LEAST_SHARE = 1e-3
_STRIP_PX = 262_144
_MOST_UNITS = 64
_MOST_STEP = 250


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
    """Exact means around the same usable pixels of many planes of whole numbers.

    What they weigh is summed once a width. Wide means are taken of blocks, two to a standard
    deviation, and interpolated. Numbers are summed by strips of rows that overlap: the same as at
    once, since no sum is rounded (`fixed_point`).

    Args:
        usable: ``(y, x)``, True = counts.
        pixel_m: Of the grid.
    """

    def __init__(self, usable: Bools, pixel_m: float) -> None:
        """Nothing is summed yet."""
        self._usable = usable
        self._pixel_m = pixel_m
        self._weights: dict[float, NDArray[np.float32]] = {}

    def mean(self, plane: NDArray[np.integer], sigma_m: float) -> NDArray[np.int16]:
        """Gaussian mean of a plane's usable pixels, rounded; 0 where there is hardly any in reach.

        Args:
            plane: ``(y, x)`` of whole numbers that an int16 holds.
            sigma_m: Standard deviation.
        """
        sigma_px = sigma_m / self._pixel_m
        step = max(int(sigma_px / _COARSE_PX), 1)
        weight = self._weight(sigma_m, sigma_px / step, step)
        units = max(step * step // _MOST_UNITS, 1)
        sums = _block_sums(plane, self._usable, step, units)
        few = np.empty(weight.shape, np.int16)
        for rows, total in _strips_smoothed(sums, sigma_px / step):
            few[rows] = rounded(total * units / weight[rows])
        return few if step == 1 else _between(few, step, plane.shape)

    def _weight(self, sigma_m: float, sigma_px: float, step: int) -> NDArray[np.float32]:
        if sigma_m not in self._weights:
            counts = _block_sums(np.ones(self._usable.shape, np.int8), self._usable, step)
            weight = np.empty(counts.shape, np.float32)
            least = _LEAST_SHARE * step**2 * sum(bell(sigma_px)) ** 2
            for rows, total in _strips_smoothed(counts, sigma_px):
                weight[rows] = np.where(total > least, total, np.inf)
            self._weights[sigma_m] = weight
        return self._weights[sigma_m]


def _block_sums(
    plane: NDArray[np.integer], usable: Bools, step: int, units: int = 1
) -> NDArray[np.int32]:
    """``(y, x)`` int32 sums of the usable pixels of blocks of `step` × `step`, in `units`."""
    if step == 1:
        return np.where(usable, plane, 0).astype(np.int32)
    rows, cols = (-(-size // step) for size in plane.shape)
    sums = np.empty((rows, cols), np.int32)
    deep = max(_STRIP_PX // (step * plane.shape[1]), 1)
    wide = np.int32 if step <= _MOST_STEP else np.int64
    for top in range(0, rows, deep):
        part = slice(top * step, (top + deep) * step)
        counted = np.where(usable[part], plane[part], 0)
        firsts = (np.arange(0, size, step) for size in counted.shape)
        counted = np.add.reduceat(counted, next(firsts), axis=0, dtype=wide)
        counted = np.add.reduceat(counted, next(firsts), axis=1, dtype=wide)
        sums[top : top + deep] = counted // units
    return sums


def _strips_smoothed(
    sums: NDArray[np.int32], sigma_px: float
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Rows, and what `smoothed` gives there."""
    reach, count = len(bell(sigma_px)) // 2, sums.shape[0]
    deep = max(_STRIP_PX // sums.shape[1], 4 * reach)
    for top in range(0, count, deep):
        low, end = max(top - reach, 0), min(top + deep, count)
        part = smoothed(sums[low : end + reach], sigma_px)
        yield slice(top, end), part[top - low : end - low]


def _between(few: NDArray[np.int16], step: int, shape: tuple[int, ...]) -> NDArray[np.int16]:
    """Between the middles of blocks, bilinear; beyond the outermost, the nearest."""
    (low, high, part), (left, right, across) = (
        _neighbours(size, step, count) for size, count in zip(shape, few.shape, strict=True)
    )
    wide = few.astype(np.float32)
    first = np.take(wide, left, 1)
    wide = first + across * (np.take(wide, right, 1) - first)
    result = np.empty(shape, np.int16)
    deep = max(_STRIP_PX // shape[1], 1)
    for top in range(0, shape[0], deep):
        rows = slice(top, top + deep)
        first = np.take(wide, low[rows], 0)
        last = np.take(wide, high[rows], 0)
        last -= first
        last *= part[rows, None]
        last += first
        result[rows] = np.rint(last, out=last)
    return result


def _neighbours(
    size: int, step: int, count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Of every pixel the block before, the block after, and how far it is on the way."""
    at = (np.arange(size, dtype=np.float32) + 0.5) / step - 0.5
    low = np.clip(np.floor(at), 0, max(count - 2, 0)).astype(np.int64)
    return low, np.minimum(low + 1, count - 1), np.clip(at - low, 0, 1).astype(np.float32)


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
