"""Refinement of a camera model: a correction in image space, fitted to points on the ground.

``shift`` moves the image; ``drift`` moves it by an amount that grows with the row (with time, for
a pushbroom camera); ``affine`` also lets it grow with the column. More is not needed: over the
narrow field of such cameras, errors of attitude and position look like this (J. Grodecki and
G. Dial, Photogramm. Eng. Remote Sens. 69 (2003) 59–68).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from satdesk.core.sensor import FloatArray
from satdesk.errors import LimitError, UsageError
from satdesk.geometry.checkpoints import left_out_errors
from satdesk.geometry.robust import COEFFICIENTS, CUT, Frame, design, robust_fit

__all__ = [
    "KINDS",
    "LEAST_POINTS",
    "Extent",
    "Refinement",
    "fit_refinement",
    "independent_errors",
    "matrix_of",
    "noise_px",
    "refinement_problems",
]

KINDS = tuple(COEFFICIENTS)
"""``shift``, ``drift``, ``affine``."""

LEAST_POINTS = {"shift": 3, "drift": 4, "affine": 6}
"""Points that agree, below which a bad one among them could not be told."""

MOST_AMPLIFICATION = 2.0
"""At the image's worst corner, an error of the points may count this many times."""

LEAST_REACH = 0.1
"""Share of the image's diagonal that the points of a shift must span."""

DOUBTFUL = 3.0
"""A point not used that is within so many times the cut may be right: it counts as a check."""

_HALF = 0.5
_SIGMA_PX = 0.1

Extent = tuple[float, float, float, float]
"""``left, top, right, bottom`` in the model's pixels."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Refinement:
    """A fitted correction; ``geometry.affine.Adjusted(model, matrix)`` applies it.

    Attributes:
        kind: Of `KINDS`.
        matrix: From the model's ``col, row`` to the image's as it is, full image, outer corner 0.
        predicted: ``(n, 2)`` where the model puts the points, pixels.
        measured: ``(n, 2)`` where the image shows them, pixels.
        used: ``(n,)`` True = the point agrees with the others; False = it is bad, and was not used.
        residuals_px: ``(n, 2)`` measured minus corrected prediction, of every point.
        sigma_px: Standard deviation of one axis, over the points used.
    """

    kind: str
    matrix: Affine
    predicted: FloatArray
    measured: FloatArray
    used: NDArray[np.bool_]
    residuals_px: FloatArray
    sigma_px: float

    @property
    def rms_px(self) -> float:
        """Root mean square distance of the points used."""
        return math.sqrt(float((self.residuals_px[self.used] ** 2).sum(axis=1).mean()))


def fit_refinement(
    predicted: FloatArray, measured: FloatArray, kind: str, sigma_px: float = _SIGMA_PX
) -> Refinement:
    """Fit a correction of `kind` so that gross errors do not pull, and say which points they are.

    Args:
        predicted: ``(n, 2)`` ``col, row`` of the points by the model, finite.
        measured: ``(n, 2)`` ``col, row`` of the points in the image, finite; same count.
        kind: ``shift``, ``drift`` or ``affine``.
        sigma_px: Least standard deviation of one axis of a measurement that is believed: no point
            is called bad for being closer than 3.5 times this.

    Raises:
        UsageError: Unknown kind, wrong shapes, numbers that are not finite.
        LimitError: ``refine-too-few-points``: fewer than the kind has coefficients.
    """
    predicted, measured = (np.asarray(a, dtype=np.float64) for a in (predicted, measured))
    _check(predicted, measured, kind)
    if len(predicted) < COEFFICIENTS[kind]:
        raise _too_few(kind, len(predicted), COEFFICIENTS[kind])
    fit = robust_fit(predicted, measured - predicted, kind, sigma_px)
    return Refinement(
        kind=kind,
        matrix=matrix_of(fit.coefficients, fit.frame),
        predicted=predicted,
        measured=measured,
        used=fit.used,
        residuals_px=fit.residuals,
        sigma_px=fit.sigma_px,
    )


def _check(predicted: FloatArray, measured: FloatArray, kind: str) -> None:
    if kind not in COEFFICIENTS:
        raise UsageError("unknown refinement", found=kind, expected=", ".join(KINDS))
    if predicted.shape != measured.shape or predicted.ndim != 2 or predicted.shape[1] != 2:
        raise UsageError(
            "points come as (n, 2) col, row", found=f"{predicted.shape} and {measured.shape}"
        )
    if not (np.isfinite(predicted).all() and np.isfinite(measured).all()):
        raise UsageError("a refinement needs finite positions", found="NaN or infinity")


def independent_errors(refinement: Refinement) -> FloatArray | None:
    """``(n, 2)`` pixels: each point, measured minus what the fit without it says.

    A point that was not used is measured by the fit as it is, unless it lies more than `DOUBTFUL`
    times beyond the cut: then it is gross, and NaN. Without the doubtful ones the figure would
    know nothing of a camera that errs in a part of the image, whose points the fit calls bad.

    Returns:
        None where a point cannot be left out: the others would not determine the model.
    """
    used = refinement.used
    left = left_out_errors(refinement.predicted[used], refinement.measured[used], refinement.kind)
    if left is None:
        return None
    errors = refinement.residuals_px.copy()
    errors[used] = left
    gross = np.hypot(*errors.T) > DOUBTFUL * CUT * refinement.sigma_px
    errors[gross & ~used] = np.nan
    return errors


def noise_px(refinement: Refinement, extent: Extent) -> float:
    """Standard deviation of one axis of the correction, over the image, from the points' noise.

    The points' own standard deviation times the root of the mean leverage of 11 × 11 places.
    """
    left, top, right, bottom = extent
    across, down = np.meshgrid(np.linspace(left, right, 11), np.linspace(top, bottom, 11))
    places = np.column_stack([across.ravel(), down.ravel()])
    leverage = _leverage(refinement.predicted[refinement.used], places, refinement.kind)
    return refinement.sigma_px * math.sqrt(float(leverage.mean()))


def matrix_of(coefficients: FloatArray, frame: Frame) -> Affine:
    """The affine ``col, row`` → corrected ``col, row`` of ``(k, 2)`` coefficients in `frame`."""
    full = np.zeros((3, 2))
    full[: len(coefficients)] = coefficients
    constant, by_row, by_col = full[0], full[1] / frame.scale, full[2] / frame.scale
    col, row = frame.middle
    moved = constant - by_row * row - by_col * col
    return Affine(
        1 + float(by_col[0]), float(by_row[0]), float(moved[0]),
        float(by_col[1]), 1 + float(by_row[1]), float(moved[1]),
    )  # fmt: skip


def refinement_problems(
    refinement: Refinement, extent: Extent, limit_px: float
) -> tuple[LimitError, ...]:
    """What speaks against a refinement, worst first; empty where nothing does.

    ``refine-too-few-points``: fewer points agree than `LEAST_POINTS`, or less than half of those
    given. ``refine-spread``: at the worst corner of `extent` an error of the points counts more
    than `MOST_AMPLIFICATION` times (the square root of that corner's leverage), or the points of a
    shift lie all in one spot. ``refine-residual``: their root mean square exceeds `limit_px`.
    """
    found = (
        _agreement(refinement),
        _spread(refinement, extent),
        _residual(refinement, limit_px),
    )
    return tuple(error for error in found if error is not None)


def _agreement(refinement: Refinement) -> LimitError | None:
    n, agreeing = len(refinement.used), int(refinement.used.sum())
    if agreeing < LEAST_POINTS[refinement.kind]:
        return _too_few(refinement.kind, agreeing, LEAST_POINTS[refinement.kind])
    if agreeing >= _HALF * n:
        return None
    return LimitError(
        "too few of the points agree with each other",
        rule="refine-too-few-points",
        measured=round(100 * (n - agreeing) / n, 1),
        limit=100 * (1 - _HALF),
        unit="% bad points",
        found=f"{agreeing} of {n} agree",
        expected="at least half of them",
        remedy="check that the points belong to this image and this datum",
    )


def _too_few(kind: str, found: int, needed: int) -> LimitError:
    return LimitError(
        f"too few points agree for the model {kind}",
        rule="refine-too-few-points",
        measured=needed - found,
        limit=0,
        unit="points lacking",
        found=f"{found} that agree" if found else "none that agrees",
        expected=f"at least {needed}",
        remedy="measure more points (a reference: finer, nearer in season, of clear ground), or "
        "choose a simpler --model",
    )


def _spread(refinement: Refinement, extent: Extent) -> LimitError | None:
    points = refinement.predicted[refinement.used]
    if len(points) < COEFFICIENTS[refinement.kind] or len(points) < 2:
        return None
    left, top, right, bottom = extent
    if refinement.kind == "shift":
        reach = float(np.hypot(*np.ptp(points, axis=0))) / math.hypot(right - left, bottom - top)
        measured, limit = 100 * (1 - reach), 100 * (1 - LEAST_REACH)
        unit = "% of the image's diagonal without points"
    else:
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
        measured, limit = _amplification(points, corners, refinement.kind), MOST_AMPLIFICATION
        unit = "times the points' error at the worst corner"
    if measured <= limit:
        return None
    share = _hull_share(points, extent)
    return LimitError(
        f"the points are badly spread: they enclose {100 * share:.0f} % of the image",
        rule="refine-spread",
        measured=round(measured, 2),
        limit=limit,
        unit=unit,
        remedy="measure points towards the image's corners, or choose a simpler --model",
    )


def _amplification(points: FloatArray, corners: FloatArray, kind: str) -> float:
    """Worst corner's standard deviation over that of one point; a million where it is endless."""
    return min(math.sqrt(float(_leverage(points, corners, kind).max())), 1e6)


def _leverage(points: FloatArray, places: FloatArray, kind: str) -> FloatArray:
    """``(m,)`` variance of the fit at `places` over that of a point; 1e12 where it is endless."""
    frame = Frame.around(points)
    normal = design(points, kind, frame)
    normal = normal.T @ normal
    if np.linalg.cond(normal) > 1e10:
        return np.full(len(places), 1e12)
    at = design(places, kind, frame)
    return np.asarray(np.einsum("ij,jk,ik->i", at, np.linalg.inv(normal), at))


def _hull_share(points: FloatArray, extent: Extent) -> float:
    left, top, right, bottom = extent
    try:
        area = float(ConvexHull(points).volume)
    except (QhullError, ValueError):
        return 0.0
    return min(area / ((right - left) * (bottom - top)), 1.0)


def _residual(refinement: Refinement, limit_px: float) -> LimitError | None:
    if not refinement.used.any() or refinement.rms_px <= limit_px:
        return None
    return LimitError(
        "the points do not fit the image after the refinement",
        rule="refine-residual",
        measured=round(refinement.rms_px, 3),
        limit=limit_px,
        unit="px",
        remedy="check heights, datum and the points with the largest residuals, or choose a "
        "--model with more freedom",
    )
