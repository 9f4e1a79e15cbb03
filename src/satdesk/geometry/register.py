"""By how much one picture is shifted against another: sub-pixel image matching.

Windows over the whole picture are matched by normalised cross-correlation, which no linear change
of brightness moves. What every window finds is combined robustly, the moving picture is resampled
by it, and the windows are matched again until nothing is left: the peak is then symmetric about
zero, where fitting a paraboloid to it has no bias (B. Pan et al., Meas. Sci. Technol. 20 (2009)
062001, reviews that bias).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import fft
from numpy.typing import NDArray
from scipy import ndimage, special

from satdesk.core.sensor import FloatArray
from satdesk.errors import UsageError

__all__ = ["Shift", "measure_shift"]

_FINE, _COARSE = 0.8, 6.0
"""Standard deviations in pixels of the band-pass that the pictures are matched in."""
_REACH = 2
_MIN_SCORE = 0.3
_MIN_WINDOWS = 4
_MIN_USABLE = 0.6
_ROUNDS = 6
_SETTLED_PX = 1e-3
_MAX_SPREAD_PX = 1.0
_HUBER = 1.345


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """What image matching found.

    What `fixed` shows at ``(col, row)``, `moving` shows at ``(col + dcol, row + drow)``.

    Attributes:
        dcol: Pixels; None where nothing could be measured.
        drow: Likewise.
        interval_95_px: Half-widths of the 95 % intervals of `dcol` and `drow`; None likewise.
        score: Median correlation of the windows used, −1 to 1; 0 where there is none.
        n_windows: Windows used.
        residual_rms_px: Robust spread of the windows about the shift; None where not measured.
        reason: Why nothing could be measured; None where it was.
    """

    dcol: float | None
    drow: float | None
    interval_95_px: tuple[float, float] | None
    score: float
    n_windows: int
    residual_rms_px: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Matches:
    """Per window, one row each: ``dcol, drow``; weight; correlation at the peak."""

    offsets: FloatArray
    weights: FloatArray
    scores: FloatArray


def measure_shift(
    fixed: NDArray[Any],
    moving: NDArray[Any],
    *,
    fixed_valid: NDArray[np.bool_] | None = None,
    moving_valid: NDArray[np.bool_] | None = None,
    max_shift: int = 8,
    window: int | None = None,
) -> Shift:
    """Measure the shift between two pictures on equal grids.

    Args:
        fixed: ``(y, x)``.
        moving: ``(y, x)``, same shape.
        fixed_valid: True = usable; None = wherever finite.
        moving_valid: Likewise.
        max_shift: Largest shift that is looked for, pixels, in each direction.
        window: Side of a window in pixels; None = a fifth of the picture, 16 to 64.

    Returns:
        The shift, or the reason why there is none (no texture, no agreement, no overlap).

    Raises:
        UsageError: The shapes differ.
    """
    if fixed.shape != moving.shape or fixed.ndim != 2:
        raise UsageError(
            "pictures to be matched must have one shape",
            found=f"{fixed.shape} and {moving.shape}",
        )
    side = window or int(np.clip(min(fixed.shape) // 5, 16, 64))
    still, still_ok = _prepared(fixed, fixed_valid)
    other, other_ok = _prepared(moving, moving_valid)
    if (still_ok & other_ok).sum() < _MIN_WINDOWS * side * side:
        return _nothing("too few usable pixels in common")
    if not (still[still_ok].any() and other[other_ok].any()):
        return _nothing("no texture")
    start = _coarse(still * still_ok, other * other_ok, still_ok, other_ok, max_shift)
    if start is None:
        return _nothing("no agreement within the largest shift that was looked for")
    return _refined((still, still_ok), (other, other_ok), start, side)


def _nothing(reason: str, *, score: float = 0.0, n_windows: int = 0) -> Shift:
    return Shift(
        dcol=None,
        drow=None,
        interval_95_px=None,
        score=score,
        n_windows=n_windows,
        residual_rms_px=None,
        reason=reason,
    )


def _prepared(
    picture: NDArray[Any], valid: NDArray[np.bool_] | None
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Band-passed picture, scaled to unit spread, and where it is not touched by a mask."""
    usable = np.isfinite(picture) if valid is None else np.isfinite(picture) & valid
    values = np.where(usable, picture, 0.0).astype(np.float64)
    values -= values[usable].mean() if usable.any() else 0.0
    values *= usable
    passed = _smoothed(values, usable, _FINE) - _smoothed(values, usable, _COARSE)
    if not usable.all():
        usable = ndimage.binary_erosion(usable, iterations=2, border_value=1)
    spread = passed[usable].std() if usable.any() else 0.0
    # rounding in a constant picture is not texture
    floor = 1e-9 * float(np.abs(picture[usable]).max(initial=0.0))
    return (passed / spread if spread > floor else np.zeros_like(passed)), usable


def _smoothed(values: FloatArray, usable: NDArray[np.bool_], sigma: float) -> FloatArray:
    """Gaussian mean of the usable pixels."""
    smooth = ndimage.gaussian_filter(values, sigma)
    if usable.all():  # everywhere the weight that one pixel has, to the last bit
        return np.asarray(smooth / ndimage.gaussian_filter(np.ones((1, 1)), sigma))
    weight = ndimage.gaussian_filter(usable.astype(np.float64), sigma)
    return np.asarray(np.divide(smooth, weight, out=np.zeros_like(smooth), where=weight > 1e-3))


def _coarse(
    fixed: FloatArray,
    moving: FloatArray,
    fixed_ok: NDArray[np.bool_],
    moving_ok: NDArray[np.bool_],
    max_shift: int,
) -> tuple[int, int] | None:
    """Whole-pixel shift ``dcol, drow`` of the best correlation of the whole pictures.

    Source: D. Padfield, IEEE Trans. Image Process. 21 (2012) 2706–2718 (masked correlation by
    FFT; the means are zero here, because the pictures are band-passed).
    """
    reach = min(max_shift, min(fixed.shape) // 2)
    shape = tuple(n + reach for n in fixed.shape)

    def correlate(a: FloatArray, b: FloatArray) -> FloatArray:
        full = fft.irfft2(np.conj(fft.rfft2(a, shape)) * fft.rfft2(b, shape), shape)
        steps = np.arange(-reach, reach + 1)
        return np.asarray(full[np.ix_(steps, steps)])

    ok, other_ok = fixed_ok.astype(np.float64), moving_ok.astype(np.float64)
    power = correlate(fixed**2, other_ok) * correlate(ok, moving**2)
    floor = max(1e-12 * float(power.max()), 1e-30)
    score = correlate(fixed, moving) / np.sqrt(np.maximum(power, floor))
    row, col = np.unravel_index(int(np.argmax(score)), score.shape)
    if score[row, col] < _MIN_SCORE / 3:
        return None
    return int(col) - reach, int(row) - reach


def _refined(
    fixed: tuple[FloatArray, NDArray[np.bool_]],
    moving: tuple[FloatArray, NDArray[np.bool_]],
    start: tuple[int, int],
    side: int,
) -> Shift:
    total = np.array(start, dtype=np.float64)
    spline = ndimage.spline_filter(moving[0], order=3, mode="mirror")
    for _ in range(_ROUNDS):
        matches = _match(fixed, _moved(spline, moving[1], total), side)
        if len(matches.scores) < _MIN_WINDOWS:
            return _nothing("too few windows with texture that agrees")
        step, half, spread = _combined(matches)
        total = total + step
        if np.abs(step).max() < _SETTLED_PX:
            break
    score = float(np.median(matches.scores))
    if spread > _MAX_SPREAD_PX:
        return _nothing("the windows do not agree", score=score, n_windows=len(matches.scores))
    return Shift(
        dcol=float(total[0]),
        drow=float(total[1]),
        interval_95_px=(float(half[0]), float(half[1])),
        score=score,
        n_windows=len(matches.scores),
        residual_rms_px=spread,
    )


def _moved(
    spline: FloatArray, ok: NDArray[np.bool_], total: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """The moving picture drawn where the fixed one would have it."""
    by = (-total[1], -total[0])
    values = ndimage.shift(spline, by, order=3, mode="constant", cval=0.0, prefilter=False)
    usable = ndimage.shift(ok.astype(np.float64), by, order=1, mode="constant", cval=0.0)
    return np.asarray(values), np.asarray(usable > 0.999)


def _match(
    fixed: tuple[FloatArray, NDArray[np.bool_]],
    moved: tuple[FloatArray, NDArray[np.bool_]],
    side: int,
) -> _Matches:
    """Match every window on its own; those without texture or with a peak at the edge fall out."""
    steps = range(-_REACH, _REACH + 1)
    inner = tuple(slice(_REACH, size - _REACH) for size in fixed[0].shape)
    still = fixed[0][inner], fixed[1][inner]
    whole = tuple(_sums(p, side) for p in (np.ones_like(still[0]), still[0], still[0] ** 2))
    planes = [[_correlation(still, whole, _part(moved, c, r), side) for c in steps] for r in steps]
    surface = np.array(planes)  # (row, col, window)
    width = surface.shape[0]
    flat = surface.reshape(width * width, -1)
    best = np.argmax(flat, axis=0)
    row, col = np.divmod(best, width)
    inside = (row > 0) & (row < width - 1) & (col > 0) & (col < width - 1)
    inside &= flat.max(axis=0) >= _MIN_SCORE
    which = np.flatnonzero(inside)
    return _peaks(surface, row[which], col[which], which)


def _part(
    moved: tuple[FloatArray, NDArray[np.bool_]], col: int, row: int
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """The moved picture, and its mask, a whole step further, without the reach at its edges."""
    rows, cols = moved[0].shape
    outer = (
        slice(_REACH + row, rows - _REACH + row),
        slice(_REACH + col, cols - _REACH + col),
    )
    return moved[0][outer], moved[1][outer]


def _correlation(
    fixed: tuple[FloatArray, NDArray[np.bool_]],
    whole: tuple[FloatArray, ...],
    moved: tuple[FloatArray, NDArray[np.bool_]],
    side: int,
) -> FloatArray:
    """Correlation of each window of two pictures; −1 where masked.

    `whole` are the sums over windows of one, of `fixed` and of its square where nothing is masked.
    """
    both = fixed[1] & moved[1]
    (f, m), (n, sf, sff) = (fixed[0], moved[0]), whole
    if not both.all():
        known = both.astype(np.float64)
        f, m = f * known, m * known
        n, sf, sff = (_sums(p, side) for p in (known, f, f * f))
    sm, smm, sfm = (_sums(p, side) for p in (m, m * m, f * m))
    count = np.maximum(n, 1.0)
    covariance = sfm - sf * sm / count
    power = (sff - sf**2 / count) * (smm - sm**2 / count)
    # a window a hundred times flatter than the picture holds noise
    textured = (n >= _MIN_USABLE * side * side) & (power > (1e-4 * count) ** 2)
    return np.where(textured, covariance / np.sqrt(np.where(textured, power, 1.0)), -1.0)


def _sums(plane: FloatArray, side: int) -> FloatArray:
    """Sums over windows of `side` pixels, centred in the picture, flattened."""
    rows, cols = (n // side for n in plane.shape)
    top, left = ((n - k * side) // 2 for n, k in zip(plane.shape, (rows, cols), strict=True))
    part = plane[top : top + rows * side, left : left + cols * side]
    down = part.reshape(rows, side, cols * side).sum(axis=1)
    return np.asarray(down.reshape(rows * cols, side).sum(axis=1))


def _peaks(
    surface: FloatArray, row: NDArray[np.intp], col: NDArray[np.intp], which: NDArray[np.intp]
) -> _Matches:
    """Vertex of the paraboloid through the nine correlations about each peak (least squares)."""
    nine = np.array(
        [[surface[row + i, col + j, which] for j in (-1, 0, 1)] for i in (-1, 0, 1)]
    ).reshape(3, 3, len(which))
    gx = (nine[:, 2] - nine[:, 0]).sum(axis=0) / 6
    gy = (nine[2] - nine[0]).sum(axis=0) / 6
    xx = (nine[:, 2] + nine[:, 0] - 2 * nine[:, 1]).sum(axis=0) / 3
    yy = (nine[2] + nine[0] - 2 * nine[1]).sum(axis=0) / 3
    xy = (nine[2, 2] + nine[0, 0] - nine[2, 0] - nine[0, 2]) / 4
    determinant = xx * yy - xy**2
    peaked = (determinant > 1e-9) & (xx < 0)
    safe = np.where(peaked, determinant, 1.0)
    vertex = np.stack([(xy * gy - yy * gx) / safe, (xy * gx - xx * gy) / safe], axis=1)
    good = peaked & (np.abs(vertex) <= 1.0).all(axis=1)
    offsets = np.stack([col, row], axis=1)[good] - _REACH + vertex[good]
    scores = nine[1, 1][good]
    sharpness = np.sqrt(determinant[good])
    # variance of a peak's place: (1 − ρ) over its curvature; bounded, so that none rules alone
    return _Matches(offsets, sharpness / np.maximum(1 - scores, 0.02), scores)


def _combined(matches: _Matches) -> tuple[FloatArray, FloatArray, float]:
    """Robust mean ``dcol, drow``, half-widths of its 95 % interval, robust spread."""
    center = np.median(matches.offsets, axis=0)
    for _ in range(10):
        distance = np.hypot(*(matches.offsets - center).T)
        # 0.8493 = 1 / sqrt(2 ln 2): the median of a two-dimensional Gaussian's distance
        scale = max(float(np.median(distance)) * 0.8493, 1e-6)
        bounded = np.minimum(1.0, _HUBER * 1.5 * scale / np.maximum(distance, 1e-12))
        weights = matches.weights * np.where(distance > 6 * scale, 0.0, bounded)
        center = weights @ matches.offsets / weights.sum()
    residual = matches.offsets - center
    n = int((weights > 0).sum())
    variance = (weights[:, None] ** 2 * residual**2).sum(axis=0) / weights.sum() ** 2
    student = float(special.stdtrit(max(n - 1, 1), 0.975))
    half = student * np.sqrt(variance * n / max(n - 1, 1))
    return center, half, math.sqrt(2) * scale
