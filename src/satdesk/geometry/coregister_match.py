"""Windows of two pictures matched one by one, to a fraction of a pixel.

What is compared is not brightness but three planes that sun and season change little: texture,
divided by its local contrast, and the direction of edges as a double angle, which does not care
whether an edge goes from dark to bright or back (after the orientation correlation of Fitch et
al., BMVC 2002, 133–142, with the angle doubled). Every window is cut again at the place that was
found, until its peak is symmetric about zero: there the paraboloid through it has no bias.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from satdesk.core.sensor import FloatArray
from satdesk.errors import UsageError

__all__ = ["Matches", "PicturePair", "match_windows", "window_side"]

_FINE, _COARSE = 0.8, 5.0
"""Standard deviations in pixels of the band-pass of the texture."""
_EDGE = 1.0
"""Standard deviation of the Gaussian whose gradient gives the direction of edges."""
_CONTRAST = 12.0
"""Standard deviation of the neighbourhood that contrast is divided by."""
_CLIP = 3.0
_REACH = 6
"""Pixels about the common shift in which a window is searched."""
_ROUNDS = 4
_MIN_USABLE = 0.5
_FLAT = 0.05
"""Contrast below this share of the picture's own is not texture but noise."""
_MIN_SCORE = 0.15
_BATCH = 128

Planes = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PicturePair:
    """One place on two dates, on one grid.

    Attributes:
        fixed: ``(y, x)``, the date that stays.
        moving: ``(y, x)``, the other.
        fixed_usable: ``(y, x)``, False where nothing is to be matched.
        moving_usable: Likewise.
        col: Column of the first pixel in the whole grid.
        row: Its row.

    Raises:
        UsageError: The shapes differ.
    """

    fixed: NDArray[Any]
    moving: NDArray[Any]
    fixed_usable: Bools
    moving_usable: Bools
    col: int = 0
    row: int = 0

    def __post_init__(self) -> None:
        planes = (self.fixed, self.moving, self.fixed_usable, self.moving_usable)
        shapes = {plane.shape for plane in planes}
        if len(shapes) != 1 or self.fixed.ndim != 2:
            raise UsageError("pictures to be matched must have one shape", found=str(shapes))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matches:
    """What the windows found.

    Attributes:
        places: ``(n, 2)`` centres ``col, row`` of the windows in the whole grid.
        offsets: ``(n, 2)``: what `fixed` shows at a place, `moving` shows at place + offset.
        scores: ``(n,)`` correlation at the peak.
        weights: ``(n,)`` inverse variance of the peak's place, up to a factor.
        ground: ``(m, 2)`` centres of all windows with usable ground on both dates.
        side: Of a window, pixels.
    """

    places: FloatArray
    offsets: FloatArray
    scores: FloatArray
    weights: FloatArray
    ground: FloatArray
    side: int


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    fixed: Planes
    moving: Planes
    spline: Planes
    fixed_ok: Bools
    moving_ok: Bools
    col: int
    row: int


def window_side(pairs: Sequence[PicturePair]) -> int:
    """Side of a window: about a hundred of them, 32 to 64 pixels."""
    area = sum(pair.fixed.size for pair in pairs)
    return int(np.clip(8 * round((area / 100) ** 0.5 / 8), 32, 64))


def match_windows(
    pairs: Sequence[PicturePair], *, max_shift: int, spread: Callable[..., Iterable[Any]] = map
) -> Matches:
    """Match every window of every pair with usable ground; nothing is judged here.

    Args:
        pairs: Samples of one grid; a window never crosses from one to the next.
        max_shift: Largest common shift that is looked for, pixels.
        spread: Applies a function to each sample, in order; ``ThreadPoolExecutor.map`` does so on
            several cores.
    """
    side = window_side(pairs)
    ready = list(spread(_prepared, pairs))
    start = _common_shift(ready, max_shift)
    found = list(spread(lambda each: _matched(each, start, side), ready))
    places, offsets, scores, weights, ground = (
        np.concatenate([part[k] for part in found]) for k in range(5)
    )
    return Matches(
        places=places, offsets=offsets, scores=scores, weights=weights, ground=ground, side=side
    )


def _prepared(pair: PicturePair) -> _Prepared:
    fixed, fixed_ok = _planes(pair.fixed, pair.fixed_usable)
    moving, moving_ok = _planes(pair.moving, pair.moving_usable)
    spline = np.stack([ndimage.spline_filter(p, 3, np.float32, mode="mirror") for p in moving])
    return _Prepared(fixed, moving, spline, fixed_ok, moving_ok, pair.col, pair.row)


def _planes(picture: NDArray[Any], usable: Bools) -> tuple[Planes, Bools]:
    """``(3, y, x)`` texture and direction of edges, 0 where masked; where they are not touched."""
    usable = usable & np.isfinite(picture)
    if not usable.any():
        return np.zeros((3, *picture.shape), np.float32), usable
    values = np.where(usable, picture, 0).astype(np.float64)
    # the mask's edge must not become an edge of the picture
    values = np.where(
        usable, values, _mean_about(values, usable, _COARSE, float(values[usable].mean()))
    )
    texture = ndimage.gaussian_filter(values, _FINE) - ndimage.gaussian_filter(values, _COARSE)
    power = _mean_about(texture**2 * usable, usable, _CONTRAST, 0.0)
    contrast = np.sqrt(np.maximum(power, 0))
    typical = float(np.median(contrast[usable]))
    textured = contrast > max(_FLAT * typical, 1e-9 * float(np.abs(values).max()))
    texture = np.clip(texture / np.maximum(contrast, _FLAT * typical + 1e-30), -_CLIP, _CLIP)
    gx = ndimage.gaussian_filter(values, _EDGE, order=(0, 1))
    gy = ndimage.gaussian_filter(values, _EDGE, order=(1, 0))
    strength = gx**2 + gy**2
    local = _mean_about(strength * usable, usable, _CONTRAST, 0.0)
    scale = strength + 0.5 * local + 1e-30
    planes = np.stack([texture, (gx**2 - gy**2) / scale, 2 * gx * gy / scale])
    ok = ndimage.binary_erosion(usable, iterations=2, border_value=1) & textured
    return (planes * ok).astype(np.float32), ok


def _mean_about(values: FloatArray, usable: Bools, sigma: float, otherwise: float) -> FloatArray:
    """Gaussian mean of the usable pixels; `otherwise` where there are none near."""
    weight = ndimage.gaussian_filter(usable.astype(np.float64), sigma)
    smooth = ndimage.gaussian_filter(np.where(usable, values, 0.0), sigma)
    out = np.full_like(smooth, otherwise)
    return np.asarray(np.divide(smooth, weight, out=out, where=weight > 1e-3))


def _common_shift(ready: Sequence[_Prepared], max_shift: int) -> tuple[int, int]:
    """Whole-pixel shift ``dcol, drow`` at which the samples together agree best.

    Source: D. Padfield, IEEE Trans. Image Process. 21 (2012) 2706–2718 (masked correlation).
    """
    reach = min(max_shift, *(min(each.fixed_ok.shape) // 2 for each in ready))
    total = np.zeros((2 * reach + 1, 2 * reach + 1))
    power = np.zeros_like(total)
    for each in ready:
        agreed, energy = _whole(each, reach)
        total += agreed
        power += energy
    score = total / np.sqrt(np.maximum(power, 1e-3 * float(power.max()) + 1e-30))
    row, col = np.unravel_index(int(np.argmax(score)), score.shape)
    return int(col) - reach, int(row) - reach


def _whole(each: _Prepared, reach: int) -> tuple[FloatArray, FloatArray]:
    """Correlation of two whole pictures at all whole shifts, and its normalisation squared."""
    shape = [fft.next_fast_len(n + reach, real=True) for n in each.fixed_ok.shape]
    steps = np.arange(-reach, reach + 1)

    def correlate(a: NDArray[Any], b: NDArray[Any]) -> FloatArray:
        full = fft.irfft2(np.conj(fft.rfft2(a, shape)) * fft.rfft2(b, shape), shape)
        summed = full.sum(axis=0) if full.ndim == 3 else full
        return np.asarray(summed[np.ix_(steps, steps)], dtype=np.float64)

    ok, other = each.fixed_ok.astype(np.float32), each.moving_ok.astype(np.float32)
    energy = correlate((each.fixed**2).sum(axis=0), other)
    energy = energy * correlate(ok, (each.moving**2).sum(axis=0))
    return correlate(each.fixed, each.moving), energy


def _matched(each: _Prepared, start: tuple[int, int], side: int) -> tuple[FloatArray, ...]:
    """``places, offsets, scores, weights, ground`` of the windows of one pair."""
    corners = _corners(each.fixed_ok, side)
    corners = corners[_share(each.fixed_ok, corners, side) >= _MIN_USABLE]
    shifted = corners + np.array(start[::-1])
    corners = corners[_share(each.moving_ok, shifted, side) >= _MIN_USABLE]
    origin = np.array([each.col, each.row])
    ground = corners[:, ::-1] + side / 2 + origin
    parts = [
        _followed(each, corners[k : k + _BATCH], start, side)
        for k in range(0, len(corners), _BATCH)
    ]
    if not parts:
        return np.empty((0, 2)), np.empty((0, 2)), np.empty(0), np.empty(0), ground
    kept = np.concatenate([p[0] for p in parts])
    offsets, scores, weights = (np.concatenate([p[k] for p in parts])[kept] for k in (1, 2, 3))
    return ground[kept], offsets, scores, weights, ground


def _corners(ok: Bools, side: int) -> NDArray[np.int64]:
    """``(n, 2)`` first row and column of windows that tile the picture, centred in it."""
    starts = [(size % side) // 2 + side * np.arange(size // side) for size in ok.shape]
    rows, cols = np.meshgrid(*starts, indexing="ij")
    return np.stack([rows.ravel(), cols.ravel()], axis=1).astype(np.int64)


def _share(ok: Bools, corners: NDArray[np.int64], side: int) -> FloatArray:
    """Usable share of each window; what lies outside the picture is not usable."""
    sums = np.pad(np.cumsum(np.cumsum(ok, axis=0), axis=1), ((1, 0), (1, 0)))
    low = [np.clip(corners[:, k], 0, ok.shape[k]) for k in (0, 1)]
    high = [np.clip(corners[:, k] + side, 0, ok.shape[k]) for k in (0, 1)]
    inside = (
        sums[high[0], high[1]]
        - sums[low[0], high[1]]
        - sums[high[0], low[1]]
        + sums[low[0], low[1]]
    )
    return np.asarray(inside / (side * side), dtype=np.float64)


def _followed(
    each: _Prepared, corners: NDArray[np.int64], start: tuple[int, int], side: int
) -> tuple[Bools, FloatArray, FloatArray, FloatArray]:
    """Which windows found a peak; ``dcol, drow``, score and weight of all."""
    fixed = _cut(each.fixed, corners, side)
    weight = _cut(each.fixed_ok[None].astype(np.float32), corners, side)[:, 0] * _taper(side)
    offsets = np.tile(np.array(start, dtype=np.float64), (len(corners), 1))
    alive = np.ones(len(corners), np.bool_)
    reach = _REACH
    scores = sharpness = np.zeros(len(corners))
    for _ in range(_ROUNDS):
        moving = _moved(each.spline, corners, offsets, side, reach)
        surface = _surface(fixed, weight, moving)
        step, scores, sharpness, peaked = _peaks(surface)
        alive &= peaked & (scores >= _MIN_SCORE)
        offsets = offsets + np.where(alive[:, None], step, 0.0)
        reach = 2
    settled = np.abs(step).max(axis=1, initial=0.0) < 0.1
    return alive & settled, offsets, scores, sharpness / np.maximum(1 - scores, 0.05)


def _taper(side: int) -> NDArray[np.float32]:
    """Weights that fall to the window's edge: what enters or leaves there counts little."""
    line = np.sin(np.pi * (np.arange(side) + 0.5) / side)
    return (line[:, None] * line).astype(np.float32)


def _cut(planes: NDArray[Any], corners: NDArray[np.int64], side: int) -> NDArray[Any]:
    """``(n, plane, side, side)`` windows."""
    views = np.lib.stride_tricks.sliding_window_view(planes, (side, side), axis=(1, 2))
    return np.ascontiguousarray(views[:, corners[:, 0], corners[:, 1]].transpose(1, 0, 2, 3))


def _moved(
    spline: Planes, corners: NDArray[np.int64], offsets: FloatArray, side: int, reach: int
) -> Planes:
    """``(n, plane, side + 2 reach, …)`` windows of the moving picture at fractional places."""
    line = np.arange(-reach, side + reach)
    rows = (corners[:, 0] + offsets[:, 1])[:, None] + line
    cols = (corners[:, 1] + offsets[:, 0])[:, None] + line
    at = np.stack(np.broadcast_arrays(rows[:, :, None], cols[:, None, :]))
    parts = [ndimage.map_coordinates(p, at, order=3, prefilter=False) for p in spline]
    return np.stack(parts, axis=1)


def _surface(fixed: Planes, weight: Planes, moving: Planes) -> FloatArray:
    """``(n, d, d)`` weighted normalised correlation at every whole step of the moving window."""
    size, steps = moving.shape[-1], moving.shape[-1] - fixed.shape[-1] + 1
    weight = weight[:, None]
    total = weight.sum(axis=(2, 3), keepdims=True) + 1e-9
    centred = fixed - (weight * fixed).sum(axis=(2, 3), keepdims=True) / total

    def spectrum(planes: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(fft.rfft2(planes, (size, size)))

    def back(spectra: NDArray[Any]) -> FloatArray:
        return np.asarray(fft.irfft2(spectra, (size, size)))[..., :steps, :steps]

    w, m = np.conj(spectrum(weight)), spectrum(moving)
    agreed = back((np.conj(spectrum(weight * centred)) * m).sum(axis=1))
    square = back((w * spectrum(moving**2)).sum(axis=1))
    mean = (back(w * m) ** 2 / total).sum(axis=1)
    energy = (weight * centred**2).sum(axis=(1, 2, 3))[:, None, None] * (square - mean)
    return np.where(energy > 1e-6, agreed / np.sqrt(np.maximum(energy, 1e-6)), -1.0)


def _peaks(surface: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, Bools]:
    """Steps ``dcol, drow`` to each peak, its height, its sharpness, and whether it is one.

    The vertex of the paraboloid through the nine values about it (least squares).
    """
    n, size = surface.shape[0], surface.shape[1]
    best = surface.reshape(n, -1).argmax(axis=1)
    row, col = np.divmod(best, size)
    inside = (row > 0) & (row < size - 1) & (col > 0) & (col < size - 1)
    row, col = np.clip(row, 1, size - 2), np.clip(col, 1, size - 2)
    each = np.arange(n)
    nine = np.array([[surface[each, row + i, col + j] for j in (-1, 0, 1)] for i in (-1, 0, 1)])
    gx = (nine[:, 2] - nine[:, 0]).sum(axis=0) / 6
    gy = (nine[2] - nine[0]).sum(axis=0) / 6
    xx = (nine[:, 2] + nine[:, 0] - 2 * nine[:, 1]).sum(axis=0) / 3
    yy = (nine[2] + nine[0] - 2 * nine[1]).sum(axis=0) / 3
    xy = (nine[2, 2] + nine[0, 0] - nine[2, 0] - nine[0, 2]) / 4
    determinant = xx * yy - xy**2
    peaked = inside & (determinant > 1e-9) & (xx < 0)
    safe = np.where(peaked, determinant, 1.0)
    vertex = np.stack([(xy * gy - yy * gx) / safe, (xy * gx - xx * gy) / safe], axis=1)
    peaked &= (np.abs(vertex) <= 1.0).all(axis=1)
    steps = np.stack([col, row], axis=1) - (size - 1) / 2 + np.where(peaked[:, None], vertex, 0.0)
    return steps, nine[1, 1], np.sqrt(np.maximum(determinant, 0)), peaked
