"""Scenes balanced in brightness by one robust least squares over all their overlaps.

The unknowns are one gain a scene and band. In logarithms an overlap of the scenes i and j says
``a_i − a_j = log v_j − log v_i`` for each of its samples, which is linear. Samples that contradict
the rest (what was built, cut, flooded, or lies under an unseen cloud) are weighted down to nothing
by Tukey's biweight [Beaton and Tukey, Technometrics 16 (1974) 147], which starts from medians, so
that less than half of an overlap may have changed. Where scenes hang together only their ratios are
known: in each such group the mean of the logarithms, weighted by area, is kept at 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from satdesk.core.sensor import FloatArray
from satdesk.errors import UsageError

__all__ = ["Balance", "Overlap", "PairFit", "balance"]

_LEAST_SAMPLES = 30
_TUKEY = 4.685
"""95 % efficiency at the normal distribution."""
_FLOOR = 1e-3
"""Spread of log ratios below which no sample is called changed: 0.1 %."""
_ROUNDS = 30
_STILL = 1e-10
_MAD = 1.4826


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overlap:
    """What two scenes show of the same places.

    Attributes:
        first: Number of a scene, from 0.
        second: Number of another.
        values: ``(2, band, n)``: the first scene's and the second's, linear in light. A sample that
            is not finite and above 0 everywhere is left out.

    Raises:
        UsageError: A scene with itself, or another shape.
    """

    first: int
    second: int
    values: FloatArray

    def __post_init__(self) -> None:
        if self.first == self.second or self.values.ndim != 3 or len(self.values) != 2:
            raise UsageError(
                "an overlap holds samples of two scenes",
                found=f"{self.first}, {self.second}, {self.values.shape}",
                expected="two numbers and (2, band, n)",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFit:
    """How well an overlap is explained.

    Attributes:
        first: Number of a scene.
        second: Number of another.
        samples: That were used at all.
        stable_share: Weight that they kept, 0–1: 1 minus the share that changed.
        before: Root mean square of the log ratios of the stable samples without gains.
        after: The same with them.
    """

    first: int
    second: int
    samples: int
    stable_share: float
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What was found.

    Attributes:
        gains: For each scene, the factor of each band; 1 where nothing is known.
        groups: For each scene, the number of the group of scenes that it hangs together with.
        pairs: One an overlap with enough samples.
    """

    gains: tuple[tuple[float, ...], ...]
    groups: tuple[int, ...]
    pairs: tuple[PairFit, ...]


def balance(overlaps: Sequence[Overlap], areas: Sequence[float], bands: int) -> Balance:
    """The gains that make overlapping scenes equally bright.

    Args:
        overlaps: Any number, in any order; a pair may appear once.
        areas: Of each scene, in any unit; its weight in what is kept.
        bands: Number of bands.

    Raises:
        UsageError: An overlap of other bands or of scenes that there are not.
    """
    kept = _usable(overlaps, len(areas), bands)
    groups = _groups([each.ends for each in kept], len(areas))
    logs, weights = _solved(kept, np.asarray(areas, float), groups, bands)
    return Balance(
        gains=tuple(tuple(float(v) for v in row) for row in np.exp(logs)),
        groups=tuple(int(group) for group in groups),
        pairs=tuple(_fit(each, logs, w) for each, w in zip(kept, weights, strict=True)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Ratios:
    """``log first − log second`` of the samples of an overlap, ``(band, n)``."""

    ends: tuple[int, int]
    logs: FloatArray

    def residuals(self, solution: FloatArray) -> FloatArray:
        first, second = self.ends
        return np.asarray(self.logs + (solution[first] - solution[second])[:, np.newaxis])


def _usable(overlaps: Sequence[Overlap], scenes: int, bands: int) -> list[_Ratios]:
    """Those with enough samples, in an order that does not depend on how they came."""
    found = []
    for overlap in overlaps:
        if overlap.values.shape[1] != bands or not (
            0 <= overlap.first < scenes and 0 <= overlap.second < scenes
        ):
            raise UsageError(
                "an overlap of other scenes or bands",
                found=f"{overlap.first}, {overlap.second}, {overlap.values.shape[1]} bands",
                expected=f"scenes below {scenes}, {bands} bands",
            )
        values = overlap.values.astype(np.float64)
        good = np.isfinite(values).all(axis=(0, 1)) & (values > 0).all(axis=(0, 1))
        if np.count_nonzero(good) >= _LEAST_SAMPLES:
            logs = np.log(values[:, :, good])
            found.append(_Ratios((overlap.first, overlap.second), logs[0] - logs[1]))
    return sorted(found, key=lambda each: each.ends)


def _groups(ends: Sequence[tuple[int, int]], scenes: int) -> FloatArray:
    rows, cols = zip(*ends, strict=True) if ends else ((), ())
    graph = coo_array((np.ones(len(ends)), (rows, cols)), shape=(scenes, scenes))
    return np.asarray(connected_components(graph, directed=False)[1])


def _solved(
    kept: Sequence[_Ratios], areas: FloatArray, groups: FloatArray, bands: int
) -> tuple[FloatArray, list[FloatArray]]:
    """Logarithms ``(scene, band)``, and for each overlap the weights ``(n,)`` of its samples."""
    middles = [np.median(each.logs, axis=1) for each in kept]
    counts = [float(each.logs.shape[1]) for each in kept]
    logs = _least_squares(kept, middles, counts, areas, groups, bands)
    weights = [_weights(each, logs) for each in kept]
    for _ in range(_ROUNDS):
        middles = [
            np.average(each.logs, axis=1, weights=w) if w.any() else m
            for each, w, m in zip(kept, weights, middles, strict=True)
        ]
        counts = [float(w.sum()) for w in weights]
        better = _least_squares(kept, middles, counts, areas, groups, bands)
        moved = float(np.abs(better - logs).max(initial=0.0))
        logs, weights = better, [_weights(each, better) for each in kept]
        if moved < _STILL:
            break
    return logs, weights


def _least_squares(
    kept: Sequence[_Ratios],
    middles: Sequence[FloatArray],
    counts: Sequence[float],
    areas: FloatArray,
    groups: FloatArray,
    bands: int,
) -> FloatArray:
    """Minimal ``Σ count · (a_i − a_j + middle)²``, and in each group ``Σ area · a = 0``."""
    if not kept:
        return np.zeros((len(areas), bands))
    design = np.zeros((len(kept), len(areas)))
    root = np.sqrt(np.maximum(np.array(counts), 1e-9))
    for row, each in enumerate(kept):
        design[row, list(each.ends)] = 1.0, -1.0
    target = -np.array(middles)
    found = np.linalg.lstsq(design * root[:, None], target * root[:, None], rcond=None)[0]
    for group in np.unique(groups):
        here = groups == group
        found[here] -= np.average(found[here], axis=0, weights=areas[here])
    return np.asarray(found)


def _weights(each: _Ratios, solution: FloatArray) -> FloatArray:
    """Tukey's biweight of the worst band: what changed in one has changed."""
    residuals = each.residuals(solution)
    middle = np.median(residuals, axis=1, keepdims=True)
    spread = _MAD * np.median(np.abs(residuals - middle), axis=1, keepdims=True)
    u = np.abs(residuals / (_TUKEY * np.maximum(spread, _FLOOR))).max(axis=0)
    return np.asarray(np.where(u < 1, (1 - u**2) ** 2, 0.0))


def _fit(each: _Ratios, solution: FloatArray, weights: FloatArray) -> PairFit:
    return PairFit(
        first=each.ends[0],
        second=each.ends[1],
        samples=int(weights.size),
        stable_share=float(weights.mean()),
        before=_rms(each.logs, weights),
        after=_rms(each.residuals(solution), weights),
    )


def _rms(logs: FloatArray, weights: FloatArray) -> float:
    if not weights.any():
        return float("nan")
    return float(np.sqrt(np.average(logs**2, axis=1, weights=weights).mean()))
