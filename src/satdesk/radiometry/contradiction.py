"""Where two scenes of nearly one day contradict each other as a cloud, or its shadow, does.

A scene alone cannot tell the shadow of a cloud that hangs outside of it, nor a thin cloud; a second
look at the same ground can. What differs is judged by its colours. The shadow of a cloud keeps the
light of the sky and that of the air above it, so blue darkens least and the near infrared most
[Simpson and Stitt, IEEE TGRS 36 (1998) 880]. A cloud adds the same light to all bands, which
brightens the visible, dark by nature, and does little to the near infrared of vegetation, or dims
it.

That is evidence against a place of one of the scenes, and no proof: ground that burns between the
two days darkens like a shadow. So it decides which scene is *shown* where another saw the place
too, and what it shows all the same is called not told; it never says that there is a cloud.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label, uniform_filter

from satdesk.core.sensor import FloatArray

__all__ = ["Contradiction", "contradiction", "densest"]

Bools = NDArray[np.bool_]

_BANDS = ("B", "G", "R", "NIR")
_MOST_LOG = float(np.log(1.5))
"""Beyond this ratio of two scenes nothing is a calibration."""
_MOST_SAMPLES, _LEAST_SAMPLES = 2000, 30
_SHARE = 0.1
"""Of the samples, those that the densest place holds: as much has to be clear in both."""
_WIDEST = 0.1
"""Half the width of the densest place, beyond which the clear ground of the two is not found."""
_WINDOW_M = 30.0
"""Width of what is averaged: shadows of trees and misfits of a pixel go, clouds stay."""
_DARKER_NIR, _DARKER_R, _BRIGHTER, _BRIGHTER_B = 0.12, 0.04, 0.08, 0.04
"""Differences of the logarithms from which a place contradicts; 0.1 is 10 %."""
_STEEPER, _FLATTER = 1.5, 0.6
"""What the near infrared changes over what the visible does: more, a shadow; less, a cloud."""
_SURE = 2.0
"""A piece counts where some of it differs so many times more ..."""
_LEAST_M2 = 1500.0
"""... on so much ground."""
_LEAST_CELLS = 4
_BEYOND = _MOST_LOG / _DARKER_NIR
"""Times that a place has to differ where nothing is clear in both: more than calibrations may."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contradiction:
    """What two scenes say against each other.

    Attributes:
        first: ``(y, x)``, True = the first scene's place looks like cloud or shadow beside the
            second's.
        second: The other way round. Never both.
    """

    first: Bools
    second: Bools


def contradiction(
    first: FloatArray,
    second: FloatArray,
    clear: Bools,
    names: Sequence[str],
    pixel_m: float,
    *,
    calibrated: bool = False,
) -> Contradiction | None:
    """Places where one of two scenes looks as if under a cloud or its shadow.

    Args:
        first: ``(band, y, x)``, linear in light; NaN = not imaged. Not balanced: the ratio of what
            both see clear is found here, as the densest place of all ratios.
        second: Likewise.
        clear: ``(y, x)``, True = nobody says that either is hidden; there that ratio is sought.
        names: Of the bands.
        pixel_m: Edge of a cell.
        calibrated: Both are reflectance. Where no tenth of the common ground agrees on a ratio, one
            of them may lie in shadow or under cloud as a whole: the ratio is then taken for 1, and
            what differs by more than calibrations may is judged.

    Returns:
        None where it cannot be told: blue, green, red or near infrared is missing, or no tenth of
            the common ground agrees on one ratio and the scenes are not `calibrated`.
    """
    if not set(_BANDS) <= set(names):
        return None
    chosen = [list(names).index(name) for name in _BANDS]
    with np.errstate(all="ignore"):
        logs = np.log(first[chosen], dtype=np.float32) - np.log(second[chosen], dtype=np.float32)
    seen = np.isfinite(logs).all(axis=0)
    common, sure, possible = densest(logs[:, seen & clear]), _SURE, 1.0
    if common is None:
        if not calibrated:
            return None
        common, sure, possible = np.zeros(len(logs)), _BEYOND, _BEYOND
    size = 2 * round(_WINDOW_M / (2 * pixel_m)) + 1
    apart = _means(logs - common[:, np.newaxis, np.newaxis].astype(np.float32), seen, size)
    least = max(round(_LEAST_M2 / pixel_m**2), _LEAST_CELLS)
    return Contradiction(
        first=_pieces(_against(apart, sure), _against(apart, possible), least),
        second=_pieces(_against(-apart, sure), _against(-apart, possible), least),
    )


def densest(logs: FloatArray) -> FloatArray | None:
    """Where a tenth of the samples lie closest together, among the ratios that a gain may have.

    A mode by nearest neighbours [Sager, Ann. Statist. 7 (1979) 1031]: unlike a median it is found
    though most samples are contaminated, as long as they scatter and the others do not.

    Args:
        logs: ``(band, n)`` of finite logarithms of ratios.

    Returns:
        ``(band,)``; None = too few samples, or they lie nowhere together.
    """
    some = logs[:, :: max(1, -(-logs.shape[1] // _MOST_SAMPLES))]
    middles = some[:, (np.abs(some) < _MOST_LOG).all(axis=0)]
    within = max(int(_SHARE * some.shape[1]), _LEAST_SAMPLES)
    if middles.shape[1] <= within:
        return None
    away = np.zeros((middles.shape[1], some.shape[1]), np.float32)
    for centre, band in zip(middles, some, strict=True):
        np.maximum(away, np.abs(centre[:, np.newaxis] - band), out=away)
    radius = np.partition(away, within, axis=1)[:, within]
    best = int(np.argmin(radius))
    if radius[best] > _WIDEST:
        return None
    return np.asarray(np.median(some[:, away[best] <= radius[best]], axis=1), np.float64)


def _means(logs: FloatArray, seen: Bools, size: int) -> FloatArray:
    """Means of what is seen in the window about each place; NaN where it is not seen itself."""
    weight = np.maximum(uniform_filter(seen.astype(np.float32), size), 1e-6)
    planes = [uniform_filter(np.where(seen, band, 0), size) / weight for band in logs]
    return np.where(seen, np.stack(planes), np.float32(np.nan))


def _against(apart: FloatArray, times: float) -> Bools:
    """Where the scene in the numerator is the one that looks hidden."""
    blue, green, red, infrared = apart
    visible = (blue + green + red) / 3
    shaded = (infrared <= -times * _DARKER_NIR) & (red <= -times * _DARKER_R)
    veiled = (visible >= times * _BRIGHTER) & (blue >= times * _BRIGHTER_B)
    shadow = shaded & (infrared <= _STEEPER * visible)
    return np.asarray(shadow | (veiled & (infrared <= _FLATTER * visible)))


def _pieces(sure: Bools, possible: Bools, least: int) -> Bools:
    """Pieces of what is possible that hold at least so many sure cells."""
    numbers, count = label(possible, np.ones((3, 3)))
    held = np.bincount(numbers[sure & possible], minlength=count + 1) >= least
    held[0] = False
    return np.asarray(held[numbers])
