"""A few bad points of many: an affine correction in image space that they cannot pull away.

The start is the minimal sample with the least median of distances (P. J. Rousseeuw, J. Am. Stat.
Assoc. 79 (1984) 871–880); then comes weighted least squares with Tukey's biweight, which gives far
points no weight at all; what lies within `CUT` standard deviations is used, and the answer is the
plain least-squares fit of the points used. A bad point far outside the others can bend that fit to
itself: each point used is held against the fit to the others too. Nothing is random from run to
run, and the order of the points plays no part.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from satdesk.core.sensor import FloatArray

__all__ = ["COEFFICIENTS", "CUT", "Fit", "Frame", "cut", "design", "least_squares", "robust_fit"]

COEFFICIENTS = {"shift": 1, "drift": 2, "affine": 3}
"""Coefficients of each kind of correction, for each of the two axes."""

CUT = 3.5
"""No point is bad for being closer than this many of the least standard deviations believed."""

_FALSE_ALARM = 0.01
"""Chance that any good point of a whole set is called bad."""

_CONTRADICTED = 1e-4
"""Chance that the points of a whole set contradict any good one among them."""

_RAYLEIGH = 0.8493
"""1 / sqrt(2 ln 2): one axis' standard deviation over the median distance in two dimensions."""
_MOST_SAMPLES = 3000
_BIWEIGHT = 6.0
_ROUNDS = 30
_PIVOTAL = 1e-6
"""Share of its own that a point leaves to the others, below which they say nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where columns and rows are counted from in a fit, and in which unit: keeps it well posed.

    Attributes:
        middle: ``col, row``.
        scale: Pixels that become 1.
    """

    middle: tuple[float, float]
    scale: float

    @classmethod
    def around(cls, colrow: FloatArray) -> Frame:
        """The frame in which ``(n, 2)`` points lie within ±1."""
        low, high = colrow.min(axis=0), colrow.max(axis=0)
        middle = (low + high) / 2
        reach = float(np.abs(colrow - middle).max())
        return cls(middle=(float(middle[0]), float(middle[1])), scale=max(reach, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """What `robust_fit` found.

    Attributes:
        frame: In which `coefficients` count.
        coefficients: ``(k, 2)``: of 1, row and column (as many as the kind has), for each axis.
        used: ``(n,)`` True = the point agrees and was used.
        residuals: ``(n, 2)`` pixels, measured minus fitted, of every point.
        sigma_px: Standard deviation of one axis over the points used; never below what was
            given as the least.
    """

    frame: Frame
    coefficients: FloatArray
    used: NDArray[np.bool_]
    residuals: FloatArray
    sigma_px: float


def design(colrow: FloatArray, kind: str, frame: Frame) -> FloatArray:
    """``(n, k)``: 1, then the row (drift, affine), then the column (affine), in `frame`."""
    col, row = ((colrow - frame.middle) / frame.scale).T
    return np.column_stack([np.ones_like(col), row, col][: COEFFICIENTS[kind]])


def robust_fit(colrow: FloatArray, offsets: FloatArray, kind: str, least_px: float) -> Fit:
    """Fit ``offsets ≈ design · coefficients`` so that gross errors do not pull.

    Args:
        colrow: ``(n, 2)`` where, pixels; n at least the kind's number of coefficients.
        offsets: ``(n, 2)`` by how much, pixels.
        kind: Of `COEFFICIENTS`.
        least_px: Least standard deviation of one axis that is believed.
    """
    order = np.lexsort((*offsets.T, *colrow.T))
    frame = Frame.around(colrow)
    matrix, values = design(colrow, kind, frame)[order], offsets[order]
    start, sigma = _least_median(matrix, values, least_px)
    settled = _reweighted(matrix, values, start, sigma)
    coefficients, used, sigma = _unanimous(matrix, values, settled, sigma, least_px)
    back = np.argsort(order)
    return Fit(
        frame=frame,
        coefficients=coefficients,
        used=used[back],
        residuals=(values - matrix @ coefficients)[back],
        sigma_px=sigma,
    )


def cut(points: int, coefficients: int) -> float:
    """Standard deviations (of one axis, as `points` tell it) beyond which a point is bad.

    A squared distance in two dimensions over twice the variance follows F(2, ν), whose upper
    quantile has a closed form: P(F > f) = (1 + 2 f / ν)^(−ν / 2). Few points tell it badly
    (ν is small), many have one far off by chance: either way a good point must not be lost.
    """
    return max(_quantile(points, coefficients, _FALSE_ALARM), CUT)


def _quantile(points: int, coefficients: int, chance: float) -> float:
    """Distance that any of `points` exceeds by `chance`; `cut` says how."""
    free = max(2 * (points - coefficients), 1)
    share = chance / max(points, 1)
    return math.sqrt(free * (share ** (-2 / free) - 1))


def least_squares(matrix: FloatArray, values: FloatArray) -> FloatArray:
    """``(k, 2)`` coefficients; where the points do not determine them, the smallest ones."""
    return np.asarray(np.linalg.lstsq(matrix, values, rcond=1e-10)[0], dtype=np.float64)


def _least_median(
    matrix: FloatArray, values: FloatArray, least_px: float
) -> tuple[FloatArray, float]:
    """Coefficients of the best minimal sample, and a first standard deviation of one axis."""
    n, k = matrix.shape
    best: FloatArray = least_squares(matrix, values)
    lowest = math.inf
    rank = min((n + k + 1) // 2, n) - 1
    for sample in _samples(n, k):
        part = matrix[sample]
        if abs(np.linalg.det(part)) < 1e-6:
            continue
        found = np.asarray(np.linalg.solve(part, values[sample]), dtype=np.float64)
        distance = np.hypot(*(values - matrix @ found).T)
        middle = float(np.partition(distance, rank)[rank])
        if middle < lowest:
            best, lowest = found, middle
    if not math.isfinite(lowest):
        lowest = float(np.median(np.hypot(*(values - matrix @ best).T)))
    # Rousseeuw and Leroy's factor for small samples
    return best, max(_RAYLEIGH * lowest * (1 + 5 / max(n - k, 1)), least_px)


def _samples(n: int, k: int) -> list[NDArray[np.intp]]:
    """Every sample of `k` of `n`, or as many as time allows; the same in every run."""
    if math.comb(n, k) <= _MOST_SAMPLES:
        return [np.array(chosen) for chosen in combinations(range(n), k)]
    chance = np.random.default_rng(n)
    return [chance.choice(n, k, replace=False) for _ in range(_MOST_SAMPLES)]


def _reweighted(
    matrix: FloatArray, values: FloatArray, start: FloatArray, sigma: float
) -> FloatArray:
    """Tukey's biweight from `start`, with the spread held."""
    found = start
    for _ in range(_ROUNDS):
        distance = np.hypot(*(values - matrix @ found).T)
        weight = np.clip(1 - (distance / (_BIWEIGHT * sigma)) ** 2, 0, None)
        better = least_squares(matrix * weight[:, None], values * weight[:, None])
        if np.abs(better - found).max() < 1e-9:
            return better
        found = better
    return found


def _unanimous(
    matrix: FloatArray, values: FloatArray, start: FloatArray, sigma: float, least_px: float
) -> tuple[FloatArray, NDArray[np.bool_], float]:
    """What `_trimmed` finds, without points that the others used contradict, the worst first."""
    allowed = np.ones(len(values), dtype=bool)
    while True:
        found, used, spread = _trimmed(matrix, values, (start, sigma), least_px, allowed)
        worst = _contradicted(matrix, values, used, least_px)
        if worst is None:
            return found, used, spread
        allowed[worst] = False
        others = used & allowed
        start = least_squares(matrix[others], values[others])
        sigma = _sigma(values[others] - matrix[others] @ start, matrix.shape[1], least_px)


def _contradicted(
    matrix: FloatArray, values: FloatArray, used: NDArray[np.bool_], least_px: float
) -> int | None:
    """The point used that lies furthest off the fit to the others used, if too far; else None.

    Its squared distance over twice the variance of such predictions follows F(2, ν) as in `cut`,
    with the variance of the others (externally studentised residuals: D. A. Belsley, E. Kuh,
    R. E. Welsch, Regression Diagnostics, 1980, section 2.1).
    """
    n, k = int(used.sum()), matrix.shape[1]
    if n < k + 2:
        return None
    part = matrix[used]
    residuals = values[used] - part @ least_squares(part, values[used])
    free = 1 - np.einsum("ij,ji->i", part, np.linalg.pinv(part))
    known = free > _PIVOTAL
    square = np.where(known, (residuals**2).sum(axis=1) / np.where(known, free, 1), 0)
    others = ((residuals**2).sum() - square) / (2 * (n - 1 - k))
    far = np.sqrt(square / np.maximum(others, least_px**2))
    worst = int(far.argmax())
    if far[worst] <= _quantile(n - 1, k, _CONTRADICTED):
        return None
    return int(np.flatnonzero(used)[worst])


def _trimmed(
    matrix: FloatArray,
    values: FloatArray,
    start: tuple[FloatArray, float],
    least_px: float,
    allowed: NDArray[np.bool_],
) -> tuple[FloatArray, NDArray[np.bool_], float]:
    """Least squares over what lies within the cut, until the choice of points stands still."""
    found, sigma = start
    used = np.zeros(len(values), dtype=bool)
    for _ in range(_ROUNDS):
        distance = np.hypot(*(values - matrix @ found).T)
        # the first spread is already enlarged for few points
        limit = cut(int(used.sum()), matrix.shape[1]) if used.any() else CUT
        chosen = allowed & (distance <= max(limit * sigma, CUT * least_px))
        if chosen.sum() < matrix.shape[1] or (chosen == used).all():
            break
        used = chosen
        found = least_squares(matrix[used], values[used])
        sigma = _sigma(values[used] - matrix[used] @ found, matrix.shape[1], least_px)
    return found, used, sigma


def _sigma(residuals: FloatArray, coefficients: int, least_px: float) -> float:
    free = 2 * (len(residuals) - coefficients)
    if free <= 0:
        return least_px
    return max(math.sqrt(float((residuals**2).sum()) / free), least_px)
