"""Shadows of clouds: dark ground that lies where the sun puts the shadow of a cloud that is seen.

A cloud's height is not known. For each of many heights every place on the ground looks up along
the sun's ray to that height, and from there down along the line of sight to where the picture shows
what hangs there. If that is a cloud, the place would be in its shadow. The height at which the
would-be shadows are darkest against the ground around is the clouds' height; only there is shadow
accepted. Water and shaded slopes are dark too, but not at a cloud's distance along the sun's ray.

The idea is that of Fmask (Zhu, Woodcock, *Remote Sens. Environ.* 118, 2012); here it knows the
relief and the line of sight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satdesk.core.slant import Slant
from satdesk.radiometry.fixed_point import products, solution

__all__ = ["Sighting", "cast_from", "cloud_places", "found_height", "height_at", "without_path"]

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

_STEPS = 4
_EVERY = 2
_LEAST_SCORE = 0.12
_LEAST_PIXELS = 60
_WHOLE = 2048
_RIDGE = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sighting:
    """How a picture sees clouds and the sun over its ground.

    Attributes:
        heights: ``(y, x)`` of the ground, metres; no NaN.
        sun: The way to the sun.
        view: The way to the satellite; zero where it looks straight down.
    """

    heights: Floats
    sun: Slant
    view: Slant

    @property
    def level_m(self) -> float:
        """The mean height of the ground to a metre: the same however it is summed."""
        return float(round(float(self.heights.mean(dtype=np.float64))))

    def thinned(self, step: int, *, heights: bool = True) -> Sighting:
        """The same over every `step`-th row and column; without `heights` only its slants."""
        return Sighting(
            heights=self.heights[::step, ::step] if heights else self.heights,
            sun=Slant(col=self.sun.col / step, row=self.sun.row / step),
            view=Slant(col=self.view.col / step, row=self.view.row / step),
        )


def cast_from(
    clouds: NDArray[np.generic], imaged: Bools, sighting: Sighting, height_m: float
) -> Floats:
    """What the picture shows of clouds at `height_m` on the ray from each place to the sun.

    Args:
        clouds: ``(y, x)`` bool, or numbers.
        imaged: ``(y, x)``, True = the picture shows something there.
        sighting: Ground, sun and view.
        height_m: Of the clouds, on the scale of the ground's heights.

    Returns:
        ``(y, x)`` float32 of the nearest pixel; NaN where the place looked at is not imaged, or the
        ground reaches above the clouds: whether a cloud hangs there is not known.
    """
    row, col = cloud_places(sighting, height_m)
    rise = height_m - sighting.heights
    rows, cols = clouds.shape
    r, c = np.rint(row).astype(np.int64), np.rint(col).astype(np.int64)
    inside = (r >= 0) & (c >= 0) & (r < rows) & (c < cols) & (rise > 0)
    at = np.clip(r, 0, rows - 1), np.clip(c, 0, cols - 1)
    found = clouds[at].astype(np.float32)
    return np.where(inside & imaged[at], found, np.float32(np.nan))


def cloud_places(sighting: Sighting, height_m: float) -> tuple[Floats, Floats]:
    """Row and column at which the picture shows what hangs over each place towards the sun."""
    heights, sun, view = sighting.heights, sighting.sun, sighting.view
    rise = height_m - heights
    row, col = np.indices(heights.shape, dtype=np.float32)
    up_row, up_col = row + sun.row * rise, col + sun.col * rise
    seen_row, seen_col = up_row - view.row * rise, up_col - view.col * rise
    for _ in range(_STEPS if view.length else 0):
        ground = height_at(heights, seen_row, seen_col)
        seen_row = up_row - view.row * (height_m - ground)
        seen_col = up_col - view.col * (height_m - ground)
    return seen_row, seen_col


def height_at(heights: Floats, row: Floats, col: Floats) -> Floats:
    """Heights between pixels, bilinear; beyond the edges, the nearest. Single operations only."""
    rows, cols = heights.shape
    row, col = np.clip(row, 0, rows - 1), np.clip(col, 0, cols - 1)
    top = np.minimum(row.astype(np.int32), max(rows - 2, 0))
    left = np.minimum(col.astype(np.int32), max(cols - 2, 0))
    down, across = row - top, col - left
    first = top * np.int32(cols) + left
    right = np.int32(min(cols - 1, 1))
    below = np.int32(cols * min(rows - 1, 1))
    flat = np.ascontiguousarray(heights).ravel()
    upper, lower = flat[first], flat[first + below]
    upper = upper + across * (flat[first + right] - upper)
    lower = lower + across * (flat[first + right + below] - lower)
    return np.asarray(upper + down * (lower - upper))


def without_path(plane: Floats, usable: Bools) -> NDArray[np.float32]:
    """Logarithm of a band less its path radiance, the darkest thousandth (Chavez 1988)."""
    path = np.percentile(plane[usable], 0.1) if usable.any() else 0.0
    return np.asarray(np.log(np.maximum(plane - 0.9 * path, 0.004)), dtype=np.float32)


def found_height(
    clouds: Bools,
    imaged: Bools,
    features: Floats,
    contrast: Floats,
    usable: Bools,
    sighting: Sighting,
    heights_m: Floats,
) -> tuple[float | None, float]:
    """The height of the clouds at which their shadows are best told from the ground.

    Args:
        clouds: ``(y, x)``.
        imaged: True where the picture shows something.
        features: ``(n, y, x)`` by which shadow differs from light.
        contrast: ``(y, x)``, positive = brighter than the ground around.
        usable: True where ground is seen: no cloud.
        sighting: Ground, sun and view.
        heights_m: To try, ascending, on the scale of the ground's heights.

    Returns:
        The height and its score; None where no would-be shadow is clearly darker than the ground
        around: then nothing may be called shadow. Every second height is tried, then those beside
        the best of them.
    """
    found: dict[int, float] = {}

    def score(number: int) -> float:
        if number not in found:
            cast = cast_from(clouds, imaged, sighting, float(heights_m[number]))
            found[number] = _score(cast, features, contrast, usable)
        return found[number]

    coarse = [score(number) for number in range(0, len(heights_m), _EVERY)]
    if not coarse:
        return None, 0.0
    best = _EVERY * int(np.argmax(coarse))
    near = range(max(best - _EVERY + 1, 0), min(best + _EVERY, len(heights_m)))
    best = max(near, key=score)
    return (float(heights_m[best]) if score(best) >= _LEAST_SCORE else None), score(best)


def _score(cast: Floats, features: Floats, contrast: Floats, usable: Bools) -> float:
    """Multiple correlation of would-be shadow with the features; 0 where it is the brighter."""
    known = usable & np.isfinite(cast)
    shaded = cast[known] > 0.5
    if shaded.sum() < _LEAST_PIXELS or (~shaded).sum() < _LEAST_PIXELS:
        return 0.0
    against = np.rint(contrast[known] * np.float32(_WHOLE)).astype(np.int32)
    if _mean(against, shaded) >= _mean(against, ~shaded):
        return 0.0
    values = np.rint(features[:, known] * np.float32(_WHOLE)).astype(np.int32)
    apart = [_mean(row, shaded) - _mean(row, ~shaded) for row in values]
    share = int(shaded.sum()) / shaded.size
    spread = products(values)
    for k, row in enumerate(spread):
        row[k] += _RIDGE * _WHOLE**2
    solved = solution(spread, apart)
    explained = share * (1 - share) * sum(a * b for a, b in zip(apart, solved, strict=True))
    told = math.sqrt(int(known.sum()) / int(usable.sum()))  # a small piece agrees by chance
    return told * math.sqrt(min(max(explained, 0.0), 1.0))


def _mean(values: NDArray[np.int32], where: Bools) -> float:
    """Exact but for one rounding."""
    return int(values[where].sum(dtype=np.int64)) / int(where.sum())
