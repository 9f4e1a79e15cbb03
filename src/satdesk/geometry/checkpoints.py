"""How exact is a refined model? Every point checks the model that was fitted without it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from satdesk.core.sensor import FloatArray, SensorModel
from satdesk.geometry.robust import COEFFICIENTS, Frame, design

__all__ = [
    "CheckFigures",
    "LeaveOneOut",
    "ce90",
    "check_figures",
    "ground_per_pixel",
    "in_metres",
    "leave_one_out",
    "left_out_errors",
]

_A_M = 6_378_137.0
_E2 = 6.694379990141317e-3
_DRAWS = 2000
_INDISPENSABLE = 1e-6
_RISK = 0.005
_LE90 = 1.6449
"""Standard deviations of one axis that 90 % of normal errors along it do not exceed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFigures:
    """What the errors of independent points say about all the others, metres on the ground.

    Attributes:
        n: Points.
        rmse_m: Root mean square distance.
        ce90_m: Distance that 90 % do not exceed; with fewer than ten points, the largest one.
        interval_95_m: Smoothed bootstrap interval of `ce90_m`.
        upper_m: What is printed: the CE90 of the whole picture is below it in 19 of 20 cases, as
            far as the points speak for the whole picture; see `check_figures`.
    """

    n: int
    rmse_m: float
    ce90_m: float
    interval_95_m: tuple[float, float]
    upper_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveOneOut:
    """Errors of points that the model did not see.

    Attributes:
        n: Points, each left out once.
        rmse_px: Root mean square distance, pixels.
        rmse_m: The same on the ground, metres.
        ce90_m: Distance on the ground that 90 % do not exceed; with fewer than ten points, the
            largest one.
        interval_95_m: Smoothed bootstrap interval of `ce90_m`.
    """

    n: int
    rmse_px: float
    rmse_m: float
    ce90_m: float
    interval_95_m: tuple[float, float]


def leave_one_out(
    predicted: FloatArray, measured: FloatArray, kind: str, per_pixel: FloatArray
) -> LeaveOneOut | None:
    """Leave each point out, fit the others by least squares, and measure it.

    A fit linear in its coefficients needs no fitting n times: the error of a point left out is its
    residual over one minus its leverage (R. D. Cook and S. Weisberg, Residuals and Influence in
    Regression, 1982, section 2.2).

    Args:
        predicted: ``(n, 2)`` pixels by the model: the points used, bad ones gone.
        measured: ``(n, 2)`` pixels in the image.
        kind: ``shift``, ``drift`` or ``affine``.
        per_pixel: ``(n, 2, 2)`` of `ground_per_pixel` at the points.

    Returns:
        None where a point cannot be left out: the others would not determine the model.
    """
    errors = left_out_errors(predicted, measured, kind)
    if errors is None:
        return None
    figures = check_figures(np.hypot(*in_metres(per_pixel, errors).T))
    return LeaveOneOut(
        n=figures.n,
        rmse_px=math.sqrt(float((errors**2).sum(axis=1).mean())),
        rmse_m=figures.rmse_m,
        ce90_m=figures.ce90_m,
        interval_95_m=figures.interval_95_m,
    )


def left_out_errors(predicted: FloatArray, measured: FloatArray, kind: str) -> FloatArray | None:
    """``(n, 2)`` pixels: each point, measured minus what the fit to the others says.

    Args and None as for `leave_one_out`.
    """
    if len(predicted) <= COEFFICIENTS[kind]:
        return None
    matrix = design(predicted, kind, Frame.around(predicted))
    basis, _ = np.linalg.qr(matrix)
    free = 1 - (basis**2).sum(axis=1)
    if np.linalg.cond(matrix) > 1e6 or free.min() < _INDISPENSABLE:
        return None
    values = measured - predicted
    return np.asarray((values - basis @ (basis.T @ values)) / free[:, None])


def check_figures(distances: FloatArray) -> CheckFigures:
    """What ``(n,)`` errors of independent points, metres, say; n is 1 or more.

    The printed limit is the larger of two. The bootstrap interval's upper end knows the shape of
    the errors, and too little where they are few. The other takes them as normal along one line,
    the widest that errors of one size can spread (a drift, a slanting view of a wrong terrain),
    and their mean square as that of n such errors: 1.645 times its upper limit, rmse·√(n/χ²),
    with χ² the 0.5 % quantile for n degrees of freedom: with the 5 % quantile it held in 77 % of
    sets of ten points on a twisted camera. Of one point it makes 262 times its error.
    """
    n = len(distances)
    rmse = math.sqrt(float((distances**2).mean()))
    interval = _interval(distances)
    normal = _LE90 * rmse * math.sqrt(n / (2 * float(special.gammaincinv(n / 2, _RISK))))
    return CheckFigures(
        n=n,
        rmse_m=rmse,
        ce90_m=ce90(distances),
        interval_95_m=interval,
        upper_m=max(normal, interval[1]),
    )


def ce90(distances: FloatArray) -> float:
    """The 90th percentile at rank 0.9 (n + 1): cautious, and the largest of fewer than ten."""
    return float(np.quantile(distances, 0.9, method="weibull"))


def _interval(distances: FloatArray) -> tuple[float, float]:
    """95 % percentile interval of a smoothed bootstrap; repeats, and no order plays a part.

    Resampling alone never sees beyond the largest of few points, and its interval holds the true
    value in 57 % (8 points) to 91 % (40) of cases. Drawn from a kernel estimate (B. W. Silverman
    and G. A. Young, Biometrika 74 (1987) 469–479; bandwidth s n^(-1/5)) it holds in 92 to 97 %
    of Gaussian ones.
    """
    ordered = np.sort(distances)
    n = len(ordered)
    if n == 1:
        return float(ordered[0]), float(ordered[0])
    chance = np.random.default_rng(n)
    draws = ordered[chance.integers(0, n, (_DRAWS, n))]
    width = float(ordered.std(ddof=1)) * n**-0.2
    smooth = np.abs(draws + chance.normal(0, 1, draws.shape) * width)
    low, high = np.quantile(np.quantile(smooth, 0.9, axis=1, method="weibull"), [0.025, 0.975])
    return float(low), float(high)


def ground_per_pixel(
    model: SensorModel, colrow: FloatArray, height: FloatArray
) -> NDArray[np.float64]:
    """``(n, 2, 2)``: metres east and north (first index) for a pixel of col and row (second).

    Taken from the model at each point, at its own height: a slanting view has other pixels at its
    far edge, and none of them is square on the ground. NaN outside the model's domain.

    Args:
        model: The camera.
        colrow: ``(n, 2)`` pixels.
        height: ``(n,)`` metres above the ellipsoid.
    """
    columns = []
    for step in (np.array([0.5, 0.0]), np.array([0.0, 0.5])):
        there, back = (colrow + step).T, (colrow - step).T
        ahead = model.locate(there[0], there[1], height)
        behind = model.locate(back[0], back[1], height)
        east, north = _metres_a_degree((ahead[1] + behind[1]) / 2)
        columns.append([(ahead[0] - behind[0]) * east, (ahead[1] - behind[1]) * north])
    return np.transpose(np.array(columns), (2, 1, 0))


def in_metres(per_pixel: FloatArray, offsets: FloatArray) -> FloatArray:
    """``(n, 2)`` metres east and north of ``(n, 2)`` pixels col and row."""
    return np.asarray(np.einsum("nij,nj->ni", per_pixel, offsets))


def _metres_a_degree(lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Metres of a degree east and of a degree north, WGS 84: radii of curvature × π / 180."""
    phi = np.radians(lat)
    w2 = 1 - _E2 * np.sin(phi) ** 2
    normal = _A_M / np.sqrt(w2)
    meridian = _A_M * (1 - _E2) / w2**1.5
    return np.radians(normal * np.cos(phi)), np.radians(meridian)
