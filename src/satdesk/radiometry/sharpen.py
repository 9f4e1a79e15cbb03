"""Pansharpening: weights fitted once for a scene, then applied as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from satdesk.core.sensor import FloatArray
from satdesk.errors import BrokenInputError, DisjointInputError, UsageError

__all__ = ["SharpenWeights", "SharpeningMethod", "fit_weights", "guarded_ratio", "weighted_brovey"]

_MIN_PIXELS = 64
_MAX_PIXELS = 250_000
_HUBER = 1.345
"""Huber's tuning constant: 95 % efficient where the errors are Gaussian."""
_FLOOR_SHARE = 0.05
"""Below this share of the scene's median brightness a ratio is mostly noise."""
_TINY = 1e-30
_BLOCKS = 64
_REPLICATES = 200
_SOUND = 1e-10
"""Bands that say nearly the same are left to the bounded solution."""


@runtime_checkable
class SharpeningMethod(Protocol):
    """What every pansharpening method is: fitted numbers and one pure function.

    An implementation is a frozen dataclass, so that it appears in the lineage.
    """

    @property
    def halo(self) -> int:
        """Pixels around a tile that `sharpen` needs to compute its edge."""

    def sharpen(self, pan: NDArray[Any], ms: NDArray[Any]) -> NDArray[np.float32]:
        """``(band, y, x)`` from `pan` ``(y, x)`` and `ms` ``(band, y, x)`` on one grid.

        A pixel that is not usable is NaN where the method has a halo; it takes no part in what its
        neighbours become, and becomes 0 itself.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class SharpenWeights:
    """PAN as a sum of the MS bands: ``PAN ≈ Σ weights · MS + offset``; weighted Brovey's numbers.

    Attributes:
        weights: One for each MS band, in its order; none negative; their sum is free.
        offset: In the quantity of the images.
        floor: Brightness below which the ratio gives way to a difference, same quantity; > 0.
        r2: Share of PAN's variance, at MS resolution, that the sum explains; 1 = all.
        interval_95: Low and high of each weight (block bootstrap).
        pixels: Number of MS pixels that the fit used.
    """

    weights: tuple[float, ...]
    offset: float = 0.0
    floor: float
    r2: float
    interval_95: tuple[tuple[float, float], ...] = ()
    pixels: int = 0

    def __post_init__(self) -> None:
        if not self.weights or min(self.weights) < 0 or not sum(self.weights) > 0:
            raise UsageError("sharpening weights must not be negative", found=str(self.weights))
        if not self.floor > 0:
            raise UsageError("the floor of sharpening must be positive", found=repr(self.floor))

    @property
    def halo(self) -> int:
        """No neighbours are needed."""
        return 0

    def sharpen(self, pan: NDArray[Any], ms: NDArray[Any]) -> NDArray[np.float32]:
        """See `weighted_brovey`."""
        return weighted_brovey(pan, ms, self)


def weighted_brovey(
    pan: NDArray[Any], ms: NDArray[Any], weights: SharpenWeights
) -> NDArray[np.float32]:
    """Multiply every MS band by ``(PAN − offset) / Σ w·MS``.

    One ratio serves all bands of a pixel, so hue and saturation are those of MS: water and haze
    keep their colour. The weighted sum of the result is PAN again. Where ``Σ w·MS`` falls below
    ``weights.floor`` the ratio goes over, continuously, into ``1 + (PAN − offset − Σ w·MS) /
    floor``, which stays finite down to zero.

    Source: A. R. Gillespie, A. B. Kahle, R. E. Walker, Remote Sens. Environ. 22 (1987) 343–365;
    weights as in B. Aiazzi, S. Baronti, M. Selva, IEEE TGRS 45 (2007) 3230–3239.

    Args:
        pan: ``(y, x)``, in the quantity in which the weights were fitted.
        ms: ``(band, y, x)`` on the same grid, same quantity.
        weights: Of the scene.

    Returns:
        ``(band, y, x)`` float32; never negative; finite wherever both inputs are, 0 elsewhere.

    Raises:
        UsageError: Number of bands or shapes do not agree.
    """
    if ms.shape != (len(weights.weights), *pan.shape):
        raise UsageError(
            "PAN, MS and weights do not agree",
            found=f"PAN {pan.shape}, MS {ms.shape}",
            expected=f"{len(weights.weights)} bands on one grid",
        )
    single = ms.astype(np.float32, copy=False)
    intensity = np.zeros(pan.shape, dtype=np.float32)
    for weight, plane in zip(weights.weights, single, strict=True):
        intensity += np.float32(weight) * plane
    detail = pan.astype(np.float32) - np.float32(weights.offset)
    ratio = guarded_ratio(detail, intensity, np.float32(weights.floor))
    sharpened = np.maximum(single * ratio, np.float32(0))
    return np.where(np.isfinite(sharpened), sharpened, np.float32(0))


def guarded_ratio(
    detail: NDArray[np.float32], intensity: NDArray[np.float32], floor: np.float32
) -> NDArray[np.float32]:
    """``detail / intensity``, never negative; below `floor` ``1 + (detail − intensity) / floor``.

    The two meet without a step where `intensity` is `floor`, and the second stays finite.
    """
    dark = intensity < floor
    ratio = detail / np.where(dark, floor, intensity)
    ratio[dark] = 1 + (detail[dark] - intensity[dark]) / floor
    return np.maximum(ratio, np.float32(0))


def fit_weights(
    pan_lowres: NDArray[Any], ms: NDArray[Any], valid: NDArray[np.bool_]
) -> SharpenWeights:
    """Explain PAN by the MS bands: non-negative least squares, robust to outliers.

    Huber weights (iterated) keep clouds that moved between the two exposures, and glints, from
    steering the fit. The interval is a bootstrap over 64 blocks of neighbouring pixels, because
    neighbours are not independent.

    Args:
        pan_lowres: ``(y, x)``, PAN averaged over the footprints of the MS pixels.
        ms: ``(band, y, x)`` on the same grid, same quantity.
        valid: ``(y, x)``, True = usable in both.

    Returns:
        The weights in the quantity that was given, and how well they explain PAN.

    Raises:
        DisjointInputError: Fewer than 64 usable pixels in common.
        BrokenInputError: PAN is constant, or no band explains it.
    """
    usable = valid & np.isfinite(pan_lowres) & np.isfinite(ms).all(axis=0)
    target = pan_lowres[usable].astype(np.float64)
    if target.size < _MIN_PIXELS:
        raise DisjointInputError(
            "PAN and MS share too few usable pixels",
            found=str(target.size),
            expected=f"at least {_MIN_PIXELS}",
        )
    # whole rows of neighbours stay together; the stride only bounds the memory
    step = -(-target.size // _MAX_PIXELS)
    target, bands = target[::step], ms[:, usable].astype(np.float64)[:, ::step]
    design = np.vstack([bands, np.ones_like(target), -np.ones_like(target)])
    if target.std() <= 1e-12 * max(1.0, abs(target.mean())):
        raise BrokenInputError("PAN is constant, so no weights can be fitted")
    robust, solution = _iterate(design, target)
    return _described(design, target, robust, solution)


def _described(
    design: FloatArray, target: FloatArray, robust: FloatArray, solution: FloatArray
) -> SharpenWeights:
    weights = solution[:-2]
    if not weights.sum() > 0:
        raise BrokenInputError(
            "no MS band explains PAN",
            found="every weight is zero",
            expected="PAN that grows with at least one band",
            remedy="check that PAN and MS show the same place and date",
        )
    residual = target - solution @ design
    intensity = weights @ design[:-2]
    return SharpenWeights(
        weights=tuple(float(w) for w in weights),
        offset=float(solution[-2] - solution[-1]),
        floor=max(float(np.median(intensity)) * _FLOOR_SHARE, _TINY),
        r2=float(1 - residual.var() / target.var()),
        interval_95=_interval(design, target, robust),
        pixels=int(target.size),
    )


def _iterate(design: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Huber weights and solution, from the plain solution on."""
    robust = np.ones_like(target)
    solution = _solve(*_normal(design, target, robust))
    for _ in range(8):
        residual = target - solution @ design
        scale = 1.4826 * float(np.median(np.abs(residual - np.median(residual))))
        if scale <= 1e-9 * float(target.std()):  # an exact fit has no outliers to weigh down
            break
        robust = np.minimum(1.0, _HUBER * scale / np.maximum(np.abs(residual), 1e-300))
        solution = _solve(*_normal(design, target, robust))
    return robust, solution


def _normal(
    design: FloatArray, target: FloatArray, robust: FloatArray
) -> tuple[FloatArray, FloatArray]:
    weighted = design * robust
    return weighted @ design.T, weighted @ target


def _solve(gram: FloatArray, moment: FloatArray) -> FloatArray:
    """Non-negative solution of the normal equations, by a square root of the Gram matrix.

    The last two columns are the constant and its negative. Where the plain solution has no negative
    weight it is the one that is sought; it nearly always is.
    """
    scale = 1 / np.sqrt(np.diag(gram).clip(min=np.finfo(np.float64).tiny))
    even = gram * np.outer(scale, scale)
    values, vectors = np.linalg.eigh(even[:-1, :-1])
    if values[0] > values[-1] * _SOUND:
        plain = vectors @ ((vectors.T @ (moment * scale)[:-1]) / values) * scale[:-1]
        if plain[:-1].min() >= 0:
            ends = [max(plain[-1], 0.0), max(-plain[-1], 0.0)]
            return np.asarray(np.append(plain[:-1], ends), dtype=np.float64)
    bounded: FloatArray = _bounded(even, moment * scale) * scale
    return bounded


def _bounded(gram: FloatArray, moment: FloatArray) -> FloatArray:
    from scipy.optimize import nnls  # noqa: PLC0415 - slow to load, and seldom wanted

    values, vectors = np.linalg.eigh(gram)
    keep = values > values[-1] * 1e-13
    root = (vectors[:, keep] * np.sqrt(values[keep])).T
    right = (vectors[:, keep] / np.sqrt(values[keep])).T @ moment
    solution, _ = nnls(root, right)
    return np.asarray(solution, dtype=np.float64)


def _interval(
    design: FloatArray, target: FloatArray, robust: FloatArray
) -> tuple[tuple[float, float], ...]:
    blocks = [
        _normal(design[:, part], target[part], robust[part])
        for part in np.array_split(np.arange(target.size), min(_BLOCKS, target.size // 8))
    ]
    grams = np.array([gram for gram, _ in blocks])
    moments = np.array([moment for _, moment in blocks])
    generator = np.random.default_rng(0)  # a fixed seed: the same scene gives the same interval
    draws = generator.integers(0, len(blocks), (_REPLICATES, len(blocks)))
    fits = np.array([_solve(grams[d].sum(axis=0), moments[d].sum(axis=0)) for d in draws])
    low, high = np.quantile(fits[:, :-2], [0.025, 0.975], axis=0)
    return tuple((float(a), float(b)) for a, b in zip(low, high, strict=True))
