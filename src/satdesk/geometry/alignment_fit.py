"""One pair of PAN and MS windows: where MS has to lie so that it explains PAN best.

PAN, low-passed to what MS resolves and sampled at the centres of the MS pixels, is a weighted sum
of the MS bands wherever the two are aligned. Offsets in whole PAN pixels are tried first; from the
best one on, weights and offset are solved for together (Gauss and Newton), each pixel bounded by
Huber's rule, so that clouds, cars and waves that moved between the exposures do not steer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from satdesk.core.sensor import FloatArray
from satdesk.geometry.register import Shift, measure_shift

__all__ = ["Fit", "PairArrays", "fit_pair", "r_squared", "robust_mean"]

_PSF = (0.25, 0.32, 0.4, 0.5, 0.62, 0.75)
"""Standard deviations that are tried for MS's point spread, in MS pixels."""
_FIRST_PSF = 0.4
_HUBER = 1.345
_ROUNDS = 12
_FIRST_ROUNDS = 3
"""Near enough to tell the point spreads apart."""
_NEAR_PX = 0.1
"""Over so short a step PAN's slopes stay what they are."""
_SETTLED_PX = 1e-3
_BLOCK = 12
_REPLICATES = 300
_MIN_POINTS = 400
_COARSE_POINTS = 12_000
_GOOD_R2 = 0.6
"""Below this the sample may hold clouds or waves, and its parts are measured apart."""
_MIN_R2 = 0.2
_MAX_HALF_PX = 1.0
_PARTS = 3
_MIN_PARTS = 3
_MAX_PARTS_APART_PX = 0.5
_SQUARE = 0.01
"""How far an MS pixel's edges may differ from whole PAN pixels, as a share of them, to be taken for
them: over half a pixel of MS that is a hundredth of a PAN pixel."""


@dataclass(frozen=True, slots=True)
class PairArrays:
    """PAN ``(y, x)`` and MS ``(band, y, x)`` with masks; `to_pan` (3×3) takes MS array to PAN's.

    Both positions count from the outer corner of the array's first pixel.
    """

    pan: FloatArray
    pan_valid: NDArray[np.bool_]
    ms: FloatArray
    ms_valid: NDArray[np.bool_]
    to_pan: FloatArray
    ratio: float
    max_shift: int


@dataclass(frozen=True, slots=True)
class Fit:
    """What one window says.

    Attributes:
        shift: MS against the prediction, PAN pixels, ``col, row``.
        half_95: Half-widths of its 95 % interval (bootstrap over blocks of 12×12 MS pixels).
        psf_px: The point spread that explained PAN best, PAN pixels.
        check: Independent matching of the pair once it is aligned, in MS pixels.
        used: ``(y, x)`` of MS, True where its pixels were used.
        r2: Share of low-passed PAN that the bands explain.
        spline: Coefficients of PAN's cubic spline, as sharp as it is.
    """

    shift: FloatArray
    half_95: FloatArray
    psf_px: float
    check: Shift
    used: NDArray[np.bool_]
    r2: float
    spline: FloatArray


@dataclass(frozen=True, slots=True)
class _Points:
    """The usable MS pixels: index in the MS array, bands with a constant, place in PAN.

    `basis` spans the same as `design`, ``(k, n)`` and orthonormal.
    """

    index: NDArray[np.intp]
    design: FloatArray
    basis: FloatArray
    place: FloatArray
    shape: tuple[int, int]


def fit_pair(pair: PairArrays) -> Fit | str:
    """Measure one pair; a sentence says why where it cannot be measured.

    A cloud is so much brighter than the ground that it rules a whole sample, and it moves between
    the exposures. A sample that is poorly explained is therefore measured in nine parts as well,
    and those that agree replace it.
    """
    seen = _Blurs(pair)
    whole = _fit_whole(pair, seen)
    if isinstance(whole, Fit) and whole.r2 >= _GOOD_R2:
        return whole
    parts = _fit_parts(pair, seen)
    if parts is not None:
        return parts
    return _doubt(whole) or whole if isinstance(whole, Fit) else whole


def _doubt(fit: Fit) -> str | None:
    if fit.r2 < _MIN_R2:
        return "the MS bands do not explain PAN here"
    if max(fit.half_95) > _MAX_HALF_PX:
        return "too little texture for a measurement"
    return None


def _fit_whole(pair: PairArrays, seen: _Blurs) -> Fit | str:
    points = _points(pair)
    if len(points.index) < _MIN_POINTS:
        return "too few usable pixels in common"
    start = _coarse(seen.spline(_FIRST_PSF), points, pair.max_shift)
    if np.abs(start).max() >= pair.max_shift:
        return "no best offset within the largest shift that was looked for"
    shift, _ = _refine(seen.spline(_FIRST_PSF), points, start, _FIRST_ROUNDS)
    psf = _best_psf(seen, points, shift)
    smooth = seen.spline(psf)
    shift, robust = _refine(smooth, points, shift, _ROUNDS)
    if not np.isfinite(shift).all() or np.abs(shift).max() > pair.max_shift:
        return "the offset does not settle"
    target = _sampled(smooth, points.place - shift[:, None])
    design = np.vstack([points.design, _slopes(smooth, points, shift)])
    used = np.zeros(points.shape[0] * points.shape[1], dtype=bool)
    used[points.index] = True
    return Fit(
        shift=shift,
        half_95=_bootstrap(design, target, points, robust),
        psf_px=psf * pair.ratio,
        check=_check(target, points, pair.ratio),
        used=used.reshape(points.shape),
        r2=_r2(points.basis, target),
        spline=seen.sharp,
    )


class _Blurs:
    """PAN seen through several point spreads of MS (Gaussians), each computed once, if at all.

    Filters of one image may change places, so it is the coefficients of PAN's spline that are
    blurred: one spline serves all point spreads.
    """

    def __init__(self, pair: PairArrays) -> None:
        self._pair = pair
        self._blurred: dict[float, FloatArray] = {}

    @cached_property
    def sharp(self) -> FloatArray:
        """Spline coefficients of PAN as it is."""
        filled = _filled(self._pair.pan, self._pair.pan_valid)
        return np.asarray(ndimage.spline_filter(filled, order=3, mode="mirror"))

    def spline(self, psf_ms_px: float) -> FloatArray:
        """Spline coefficients of PAN; `psf_ms_px` is a standard deviation in MS pixels."""
        if psf_ms_px not in self._blurred:
            sigma = psf_ms_px * self._pair.ratio
            found = ndimage.gaussian_filter(self.sharp, sigma, mode="mirror")
            self._blurred[psf_ms_px] = np.asarray(found)
        return self._blurred[psf_ms_px]


def _best_psf(seen: _Blurs, points: _Points, shift: FloatArray) -> float:
    """The point spread that explains PAN best: uphill from the first one on."""
    found: dict[int, float] = {}

    def explained(number: int) -> float:
        if number not in found:
            found[number] = _explained(seen.spline(_PSF[number]), points, shift)
        return found[number]

    best = _PSF.index(_FIRST_PSF)
    while True:
        near = [n for n in (best, best - 1, best + 1) if 0 <= n < len(_PSF)]
        higher = max(near, key=explained)
        if higher == best:
            return _PSF[best]
        best = higher


def _fit_parts(pair: PairArrays, seen: _Blurs) -> Fit | None:
    """The parts of a sample that can be measured and agree, as one; None if there are too few."""
    good = []
    for row in np.array_split(np.arange(pair.ms.shape[1]), _PARTS):
        for col in np.array_split(np.arange(pair.ms.shape[2]), _PARTS):
            inside = np.zeros_like(pair.ms_valid)
            inside[np.ix_(row, col)] = True
            fit = _fit_whole(replace(pair, ms_valid=pair.ms_valid & inside), seen)
            if isinstance(fit, Fit) and _doubt(fit) is None:
                good.append(fit)
    if len(good) < _MIN_PARTS:
        return None
    shifts, halves = np.array([f.shift for f in good]), np.array([f.half_95 for f in good])
    center, _, _ = robust_mean(shifts, halves)
    near = np.hypot(*(shifts - center).T) <= _MAX_PARTS_APART_PX
    if near.sum() < max(_MIN_PARTS, len(good) / 2):
        return None
    shift, half, _ = robust_mean(shifts[near], halves[near])
    agreeing = [f for f, n in zip(good, near, strict=True) if n]
    used = np.logical_or.reduce([f.used for f in agreeing])
    psf = float(np.median([f.psf_px for f in agreeing]))
    points = _points(replace(pair, ms_valid=used))
    target = _sampled(seen.spline(psf / pair.ratio), points.place - shift[:, None])
    check = _check(target, points, pair.ratio)
    return Fit(shift, half, psf, check, used, _r2(points.basis, target), seen.sharp)


def robust_mean(offsets: FloatArray, halves: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Robust mean of offsets, half-widths of its 95 % interval, typical distance from it.

    The interval is the wider of what the offsets' own intervals promise and what their spread
    shows.

    Args:
        offsets: ``(n, 2)``.
        halves: ``(n, 2)``, half-widths of the 95 % interval of each.
    """
    sigma = np.maximum(halves / 1.96, 0.01)
    if len(offsets) == 1:
        return offsets[0], halves[0], 0.0
    center = np.median(offsets, axis=0)
    for _ in range(10):
        distance = np.hypot(*(offsets - center).T)
        scale = max(1.4826 * float(np.median(distance)), 1e-6)
        bounded = np.minimum(1.0, _HUBER * scale / np.maximum(distance, 1e-12))
        weights = bounded[:, None] / sigma**2
        center = (weights * offsets).sum(axis=0) / weights.sum(axis=0)
    promised = 1.96 / np.sqrt((1 / sigma**2).sum(axis=0))
    n = len(offsets)
    variance = ((weights * (offsets - center)) ** 2).sum(axis=0) / weights.sum(axis=0) ** 2
    shown = float(special.stdtrit(n - 1, 0.975)) * np.sqrt(variance * n / (n - 1))
    return center, np.maximum(promised, shown), float(np.median(distance))


def r_squared(
    pair: PairArrays, to_pans: tuple[FloatArray, ...], spline: FloatArray
) -> tuple[float, ...]:
    """Share of PAN's variance that the MS bands explain under each of several mappings.

    PAN is averaged over the plain footprint of the MS pixels, so that a mapping by whole blocks
    gives the R² of block means; all mappings are judged on the same MS pixels.

    Args:
        pair: What is judged.
        to_pans: 3 × 3 each, MS array to PAN's.
        spline: Of PAN, as `Fit` has it.
    """
    points = _points(pair)
    seen = _Footprints(spline)
    return tuple(_r2(points.basis, seen.means(points, to_pan)) for to_pan in to_pans)


class _Footprints:
    """Means of PAN over the footprints of MS pixels, of one spline of PAN."""

    def __init__(self, spline: FloatArray) -> None:
        self._spline = spline
        self._whole: dict[int, FloatArray] = {}

    def means(self, points: _Points, to_pan: FloatArray) -> FloatArray:
        """Over k × k places in each MS pixel, k PAN pixels being nearest to one of MS."""
        k = max(1, round(math.sqrt(abs(float(np.linalg.det(to_pan[:2, :2]))))))
        if np.abs(to_pan[:2, :2] / k - np.eye(2)).max() < _SQUARE:
            # The places lie a PAN pixel apart: the mean of the splines is the spline of the mean.
            middle = 0.5 * (k % 2 == 0)  # where SciPy puts the middle of an even number of pixels
            place = _places(points.index, points.shape, to_pan) + middle
            return _sampled(self._mean(k), place)
        steps = (np.arange(k) + 0.5) / k - 0.5
        total = np.zeros(len(points.index))
        for row in steps:
            for col in steps:
                place = _places(points.index, points.shape, to_pan, col, row)
                total += _sampled(self._spline, place)
        return total / k**2

    def _mean(self, k: int) -> FloatArray:
        if k not in self._whole:
            found = ndimage.uniform_filter(self._spline, k, mode="mirror")
            self._whole[k] = np.asarray(found)
        return self._whole[k]


def _points(pair: PairArrays) -> _Points:
    """MS pixels that stay on usable PAN for every offset that may be tried."""
    shape = (pair.ms.shape[1], pair.ms.shape[2])
    index = np.flatnonzero(pair.ms_valid & np.isfinite(pair.ms).all(axis=0))
    place = _places(index, shape, pair.to_pan)
    margin = pair.max_shift + int(np.ceil(2 * pair.ratio))
    col, row = np.floor(place).astype(np.intp)
    rows, cols = pair.pan.shape
    inside = (col >= margin) & (col < cols - margin) & (row >= margin) & (row < rows - margin)
    if not pair.pan_valid.all():
        usable = ndimage.minimum_filter(pair.pan_valid, 2 * margin + 1, mode="constant", cval=False)
        inside[inside] = usable[row[inside], col[inside]]
    index, place = index[inside], place[:, inside]
    bands = pair.ms.reshape(len(pair.ms), -1)[:, index]
    center = bands.mean(axis=1, keepdims=True) if bands.size else 0.0
    design = np.vstack([bands - center, np.ones((1, len(index)))])
    return _Points(index, design, _basis(design), place, shape)


def _basis(design: FloatArray) -> FloatArray:
    """Orthonormal rows that span what the rows of `design` span."""
    if not design.shape[1]:
        return design
    gram = design @ design.T
    scale = np.sqrt(gram.diagonal())
    scale = np.where(scale > 0, scale, 1)
    values, vectors = np.linalg.eigh(gram / np.outer(scale, scale))
    kept = values > values[-1] * 1e-10
    turned = vectors[:, kept].T / scale / np.sqrt(values[kept])[:, None]
    return np.asarray(turned @ design)


def _places(
    index: NDArray[np.intp],
    shape: tuple[int, int],
    to_pan: FloatArray,
    col: float = 0.0,
    row: float = 0.0,
) -> FloatArray:
    """``(2, n)`` col, row in PAN of the centres of MS pixels, moved by parts of an MS pixel."""
    rows, cols = np.divmod(index, shape[1])
    centers = np.stack([cols + 0.5 + col, rows + 0.5 + row, np.ones(len(index))])
    return np.asarray((to_pan @ centers)[:2])


def _filled(values: FloatArray, valid: NDArray[np.bool_]) -> FloatArray:
    usable = valid & np.isfinite(values)
    mean = values[usable].mean() if usable.any() else 0.0
    return np.asarray(np.where(usable, values, mean))


def _sampled(spline: FloatArray, place: FloatArray) -> FloatArray:
    """PAN at corner-based ``col, row``; half a pixel lies between that and SciPy's count."""
    return np.asarray(
        ndimage.map_coordinates(spline, place[::-1] - 0.5, order=3, prefilter=False, mode="mirror")
    )


def _r2(basis: FloatArray, target: FloatArray) -> float:
    """Share of a target's variance that a basis with the constant in it explains."""
    varying = target - target.mean()
    explained = basis @ varying
    return float(explained @ explained / max(float(varying @ varying), 1e-300))


def _explained(spline: FloatArray, points: _Points, shift: FloatArray) -> float:
    return _r2(points.basis, _sampled(spline, points.place - shift[:, None]))


def _coarse(blurred: FloatArray, points: _Points, reach: int) -> FloatArray:
    """The best offset in whole PAN pixels; a blurred spline's coefficients stand for its values."""
    some = slice(None, None, -(-len(points.index) // _COARSE_POINTS))
    basis = _basis(points.design[:, some])
    col, row = np.floor(points.place[:, some]).astype(np.intp)
    steps = np.arange(-reach, reach + 1)
    lines, at = blurred.ravel(), row * blurred.shape[1] + col - steps[:, None]
    best, where = -np.inf, (0, 0)
    for down in steps:
        targets = lines.take(at - down * blurred.shape[1])
        targets -= targets.mean(axis=1, keepdims=True)
        spread = np.maximum((targets**2).sum(axis=1), 1e-300)
        scores = ((targets @ basis.T) ** 2).sum(axis=1) / spread
        across = int(scores.argmax())
        if scores[across] > best:
            best, where = float(scores[across]), (int(steps[across]), int(down))
    return np.array(where, dtype=np.float64)


def _slopes(spline: FloatArray, points: _Points, shift: FloatArray) -> FloatArray:
    """PAN's slopes ``(2, n)`` where an offset places the points: over a pixel, half to each side.

    The difference of a spline and itself a pixel further is the spline of the differences.
    """
    place = points.place - shift[:, None]
    across, down = (np.diff(spline, axis=axis, prepend=0.0) for axis in (1, 0))
    return np.stack([
        _sampled(differences, place + half[:, None])
        for differences, half in zip((across, down), np.eye(2) / 2, strict=True)
    ])  # fmt: skip


def _refine(
    spline: FloatArray, points: _Points, shift: FloatArray, rounds: int
) -> tuple[FloatArray, FloatArray]:
    """Offset, and each point's Huber weight.

    ``PAN(p − s − ds) ≈ PAN(p − s) − slope · ds`` is to equal ``w · MS + c`` (Gauss and Newton).
    """
    robust = np.ones(len(points.index))
    design, known = points.design, None
    for _ in range(rounds):
        if known is None or np.abs(shift - known).max() > _NEAR_PX:
            design, known = np.vstack([points.design, _slopes(spline, points, shift)]), shift
        target = _sampled(spline, points.place - shift[:, None])
        weighted = design * robust
        solution = np.linalg.lstsq(weighted @ design.T, weighted @ target, rcond=None)[0]
        residual = target - solution @ design
        scale = 1.4826 * float(np.median(np.abs(residual)))
        robust = np.minimum(1.0, _HUBER * scale / np.maximum(np.abs(residual), 1e-300))
        step = np.clip(solution[-2:], -1.0, 1.0)
        shift = shift + step
        if np.abs(step).max() < _SETTLED_PX:
            break
    return shift, robust


def _bootstrap(
    design: FloatArray, target: FloatArray, points: _Points, robust: FloatArray
) -> FloatArray:
    """Half-widths of the 95 % interval of the offset: whole blocks are drawn with replacement.

    Args:
        design: Bands, constant and PAN's slopes, ``(k, n)``.
        target: PAN where the offset places the points.
        points: Where they lie.
        robust: Their Huber weights.
    """
    rows, cols = np.divmod(points.index, points.shape[1])
    across = -(-points.shape[1] // _BLOCK)
    _, block = np.unique(rows // _BLOCK * across + cols // _BLOCK, return_inverse=True)
    order = np.argsort(block, kind="stable")
    edges = np.flatnonzero(np.diff(block[order])) + 1
    parts = np.split(order, edges)
    grams = np.array([(design[:, p] * robust[p]) @ design[:, p].T for p in parts])
    moments = np.array([(design[:, p] * robust[p]) @ target[p] for p in parts])
    generator = np.random.default_rng(0)  # fixed: the same pair gives the same interval
    draws = generator.integers(0, len(parts), (_REPLICATES, len(parts)))
    times = np.array([np.bincount(d, minlength=len(parts)) for d in draws], dtype=np.float64)
    inverses = np.linalg.pinv(np.einsum("dp,pij->dij", times, grams), hermitian=True)
    fits = np.einsum("dij,dj->di", inverses, times @ moments)[:, -2:]
    low, high = np.quantile(fits, [0.025, 0.975], axis=0)
    return np.asarray((high - low) / 2)


def _check(target: FloatArray, points: _Points, ratio: float) -> Shift:
    """Match the weighted sum of MS and the aligned PAN as two pictures on MS's grid.

    `target` is PAN where the offset places the points.
    """
    solution = np.linalg.lstsq(points.design.T, target, rcond=None)[0]
    pictures = np.zeros((2, points.shape[0] * points.shape[1]))
    pictures[:, points.index] = solution @ points.design, target
    valid = np.zeros(pictures.shape[1], dtype=bool)
    valid[points.index] = True
    rows, cols = _bounds(valid.reshape(points.shape))
    fixed, moving = (picture.reshape(points.shape)[rows, cols] for picture in pictures)
    usable = valid.reshape(points.shape)[rows, cols]
    side = int(np.clip(min(usable.shape) // 6, 12, 48))
    reach = max(2, round(8 / ratio))
    return measure_shift(
        fixed, moving, fixed_valid=usable, moving_valid=usable, max_shift=reach, window=side
    )


def _bounds(valid: NDArray[np.bool_]) -> tuple[slice, slice]:
    rows, cols = np.flatnonzero(valid.any(axis=1)), np.flatnonzero(valid.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1)
