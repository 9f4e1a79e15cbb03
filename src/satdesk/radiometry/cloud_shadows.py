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

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from satdesk.core.slant import Slant

__all__ = ["Sighting", "cast_from", "darkness", "found_height"]

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

_STEPS = 4
_LEAST_SCORE = 0.12
_LEAST_PIXELS = 60


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

    def thinned(self, step: int) -> Sighting:
        """The same over every `step`-th row and column."""
        return Sighting(
            heights=self.heights[::step, ::step],
            sun=Slant(col=self.sun.col / step, row=self.sun.row / step),
            view=Slant(col=self.view.col / step, row=self.view.row / step),
        )


def cast_from(clouds: NDArray[np.generic], sighting: Sighting, height_m: float) -> Floats:
    """What the picture shows of clouds at `height_m` on the ray from each place to the sun.

    Args:
        clouds: ``(y, x)`` bool, or numbers.
        sighting: Ground, sun and view.
        height_m: Of the clouds, on the scale of the ground's heights.

    Returns:
        ``(y, x)`` float32 of the nearest pixel; NaN where the place looked at lies outside the
        picture, or the ground reaches above the clouds.
    """
    row, col = _cloud_places(sighting, height_m)
    rise = height_m - sighting.heights
    rows, cols = clouds.shape
    r, c = np.rint(row).astype(np.int64), np.rint(col).astype(np.int64)
    inside = (r >= 0) & (c >= 0) & (r < rows) & (c < cols) & (rise > 0)
    found = clouds[np.clip(r, 0, rows - 1), np.clip(c, 0, cols - 1)].astype(np.float32)
    return np.where(inside, found, np.float32(np.nan))


def _cloud_places(sighting: Sighting, height_m: float) -> tuple[Floats, Floats]:
    """Row and column at which the picture shows what hangs over each place towards the sun."""
    heights, sun, view = sighting.heights, sighting.sun, sighting.view
    rise = height_m - heights
    row, col = np.indices(heights.shape, dtype=np.float32)
    up_row, up_col = row + sun.row * rise, col + sun.col * rise
    seen_row, seen_col = up_row - view.row * rise, up_col - view.col * rise
    for _ in range(_STEPS if view.length else 0):
        ground = ndimage.map_coordinates(heights, [seen_row, seen_col], order=1, mode="nearest")
        seen_row = up_row - view.row * (height_m - ground)
        seen_col = up_col - view.col * (height_m - ground)
    return seen_row, seen_col


def darkness(planes: Mapping[str, Floats], usable: Bools, pixel_m: float) -> Floats:
    """How dark each place is against the ground around it: log of mean over own, smoothed.

    Path radiance is taken off first, as the darkest thousandth of each band (Chavez 1988).

    Args:
        planes: ``(y, x)`` reflectance by band.
        usable: True where ground is seen.
        pixel_m: Of the grid.

    Returns:
        ``(y, x)``; positive = darker than around; 0 where not usable.
    """
    total = np.zeros(usable.shape, np.float32)
    names: list[str] = [name for name in ("G", "R", "NIR") if name in planes] or list(planes)
    for name in names:
        plane = planes[name]
        path = np.percentile(plane[usable], 0.1) if usable.any() else 0.0
        total += np.log(np.maximum(plane - 0.9 * path, 0.004)).astype(np.float32)
    total /= len(names)
    level = _mean(total, usable, 700.0 / pixel_m)
    smooth = _mean(total, usable, 15.0 / pixel_m)
    return np.where(usable, level - smooth, np.float32(0))


def found_height(
    clouds: Bools, dark: Floats, usable: Bools, sighting: Sighting, heights_m: Floats
) -> tuple[float | None, tuple[float, ...]]:
    """The height of the clouds at which their shadows are darkest.

    Args:
        clouds: ``(y, x)``.
        dark: From `darkness`.
        usable: True where ground is seen: no cloud.
        sighting: Ground, sun and view.
        heights_m: To try, ascending, on the scale of the ground's heights.

    Returns:
        The height and the score of each that was tried; None where no would-be shadow is clearly
        darker than the ground around: then nothing may be called shadow.
    """
    scores = tuple(_score(clouds, dark, usable, sighting, float(h)) for h in heights_m)
    best = int(np.argmax(scores)) if scores else 0
    if not scores or scores[best] < _LEAST_SCORE:
        return None, scores
    return float(heights_m[best]), scores


def _score(clouds: Bools, dark: Floats, usable: Bools, sighting: Sighting, height: float) -> float:
    """Correlation of would-be shadow with darkness."""
    cast = cast_from(clouds, sighting, height)
    known = usable & np.isfinite(cast)
    shaded = known & (cast > 0.5)
    if shaded.sum() < _LEAST_PIXELS or (known & ~shaded).sum() < _LEAST_PIXELS:
        return 0.0
    inside, outside = dark[shaded].mean(), dark[known & ~shaded].mean()
    spread = dark[known].std()
    share = shaded.sum() / known.sum()
    told = np.sqrt(known.sum() / usable.sum())  # a small piece of the picture agrees by chance
    return float(told * (inside - outside) * np.sqrt(share * (1 - share)) / max(spread, 1e-6))


def _mean(plane: Floats, usable: Bools, sigma_px: float) -> Floats:
    weight = ndimage.gaussian_filter(usable.astype(np.float32), sigma_px, truncate=3.0)
    total = ndimage.gaussian_filter(
        np.where(usable, plane, 0).astype(np.float32), sigma_px, truncate=3.0
    )
    return np.asarray(total / np.maximum(weight, 1e-3))
