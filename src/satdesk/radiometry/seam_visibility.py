"""How much a seam shows: what changes across it, against what changes beside it.

Two ratios, both 1 where a seam cannot be told from its neighbourhood. The *gradient* is the mean
absolute difference of two pixels that stand on the two sides, over that of two neighbours beside
the seam. The *step* is the same for the means of `reach` pixels on either side: it finds a
difference in brightness that feathering has spread.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from satdesk.core.sensor import FloatArray

__all__ = ["SeamSums", "Visibility", "seam_sums", "visibility"]

_LEAST_PAIRS = 50
_FARTHEST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SeamSums:
    """Sums over the pairs of one window: number, and total of absolute differences.

    Attributes:
        gradient_seam: Pairs that a seam divides.
        gradient_beside: Pairs beside it.
        step_seam: Means on either side of a seam.
        step_beside: Means on either side of other places near it.
    """

    gradient_seam: tuple[int, float]
    gradient_beside: tuple[int, float]
    step_seam: tuple[int, float]
    step_beside: tuple[int, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visibility:
    """Of all seams that were looked at.

    Attributes:
        pairs: Pairs of pixels that a seam divides.
        gradient_ratio: Across over beside; None = too few pairs.
        step_ratio: Likewise of steps.
    """

    pairs: int
    gradient_ratio: float | None
    step_ratio: float | None


def seam_sums(
    brightness: FloatArray,
    source: NDArray[np.uint8],
    reach: int,
    beside: NDArray[np.bool_] | None = None,
) -> SeamSums:
    """Sum up one window.

    Args:
        brightness: ``(y, x)``; NaN where the ground is not seen clear.
        source: ``(y, x)``, number of the scene; 0 = none.
        reach: Pixels on either side over which a step is measured.
        beside: ``(y, x)``, True = a seam counts if one of its sides is such a pixel; None = all do.
    """
    wanted = np.ones(source.shape, np.bool_) if beside is None else beside
    parts = [
        _along(brightness, source, reach, wanted),
        _along(brightness.T, source.T, reach, wanted.T),
    ]
    sums = [
        (sum(part[k][0] for part in parts), sum(part[k][1] for part in parts)) for k in range(4)
    ]
    return SeamSums(
        gradient_seam=sums[0], gradient_beside=sums[1], step_seam=sums[2], step_beside=sums[3]
    )


def _along(
    brightness: FloatArray, source: NDArray[np.uint8], reach: int, wanted: NDArray[np.bool_]
) -> list[tuple[int, float]]:
    """The four sums of the pairs of neighbours in rows."""
    known = np.isfinite(brightness) & (source > 0)
    pair = known[:, 1:] & known[:, :-1]
    border = pair & (source[:, 1:] != source[:, :-1])
    seam = border & (wanted[:, 1:] | wanted[:, :-1])
    if not seam.any():
        return [(0, 0.0)] * 4
    beside = pair & ~border & _near(seam, 2, _FARTHEST * reach)
    gradient = np.abs(np.diff(brightness, axis=1))
    step, whole = _steps(brightness, reach)
    far = pair & ~border & _near(seam, reach + 1, (_FARTHEST + 1) * reach)
    return [
        _total(gradient, seam),
        _total(gradient, beside),
        _total(step, seam & whole),
        _total(step, far & whole),
    ]


def _near(seam: NDArray[np.bool_], least: int, most: int) -> NDArray[np.bool_]:
    away = distance_transform_edt(~seam)
    return np.asarray((away >= least) & (away <= most))


def _steps(brightness: FloatArray, reach: int) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Difference of the means of `reach` pixels right and left of each gap between two pixels."""
    rows, cols = brightness.shape
    known = np.isfinite(brightness)
    light = np.cumsum(np.where(known, brightness, 0.0), axis=1)
    sums = np.concatenate([np.zeros((rows, 1)), light], axis=1)
    unknown = np.concatenate([np.zeros((rows, 1)), np.cumsum(~known, axis=1)], axis=1)
    step = np.full((rows, cols - 1), np.nan)
    inner = sums[:, reach:-reach]
    if inner.shape[1] > 2:
        right, left = sums[:, 2 * reach :] - inner, inner - sums[:, : -2 * reach]
        gaps = unknown[:, 2 * reach :] - unknown[:, : -2 * reach]
        step[:, reach - 1 : cols - reach] = np.where(gaps > 0, np.nan, np.abs(right - left) / reach)
    return step, np.isfinite(step)


def _total(values: FloatArray, where: NDArray[np.bool_]) -> tuple[int, float]:
    chosen = values[where]
    return int(chosen.size), float(chosen.sum())


def visibility(windows: Iterable[SeamSums]) -> Visibility:
    """The ratios of many windows together."""
    every = list(windows)

    def ratio(seam: str, beside: str) -> float | None:
        across = [getattr(each, seam) for each in every]
        around = [getattr(each, beside) for each in every]
        number, total = sum(a[0] for a in across), sum(a[1] for a in across)
        others, level = sum(a[0] for a in around), sum(a[1] for a in around)
        if number < _LEAST_PAIRS or others < _LEAST_PAIRS or level <= 0:
            return None
        return float((total / number) / (level / others))

    return Visibility(
        pairs=sum(each.gradient_seam[0] for each in every),
        gradient_ratio=ratio("gradient_seam", "gradient_beside"),
        step_ratio=ratio("step_seam", "step_beside"),
    )
