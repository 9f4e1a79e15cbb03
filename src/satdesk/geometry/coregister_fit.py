"""A displacement field through matches, as simple as held-out matches allow.

Three kinds are tried: one shift, an affine, and an affine with a regularised lattice of bilinear
nodes on it. Matches are left out in turn. A shift stays unless an affine takes away a good part of
its error on those left out, and what was taken so far stays unless a lattice does: another sun
moves edges as the relief lies, many windows alike, and leaving windows out cannot tell that from a
displacement. Of lattices the simplest within one standard error of the best is taken (Hastie,
Tibshirani and Friedman, The Elements of Statistical Learning, 2nd ed., section 7.10).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satdesk.core.sensor import FloatArray

__all__ = [
    "KINDS",
    "MIN_AFFINE",
    "MIN_LOCAL",
    "STIFFNESS",
    "Field",
    "Fitted",
    "Lattice",
    "fit_field",
    "fit_kind",
    "misfit",
]

KINDS = ("shift", "affine", "local")
"""From the simplest on."""

_WORTH = {"affine": 0.7, "local": 0.6}
"""A kind is worth its freedom where its held-out error is at most this share of the simpler kind's.

True deformations left 0.05 to 0.54 of it, shading by another sun and season 0.65 to 0.85
(benchmarks/coregistration.py).
"""
_FOLDS = 5
STIFFNESS = (100.0, 10.0, 1.0, 0.1)
"""Weights of the lattice's bending against its matches, the stiffest first."""
_MOST_NODES = 9
_MATCHES_A_NODE = 2
_BEYOND = 0.06
MIN_AFFINE, MIN_LOCAL = 12, 40
_HUBER = 1.345
_BOOTSTRAPS = 400

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lattice:
    """What is left after the affine, bilinear between nodes and constant beyond the outer ones.

    Attributes:
        origin: ``col, row`` of the first node.
        step: Pixels between nodes, ``col, row``.
        dcol: Rows of nodes, pixels.
        drow: Likewise.
    """

    origin: tuple[float, float]
    step: tuple[float, float]
    dcol: tuple[tuple[float, ...], ...]
    drow: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A displacement at every place: ``d = matrix · (1, col, row)``, plus the lattice's.

    Attributes:
        matrix: ``dcol`` and ``drow``, each as constant, per column, per row.
        lattice: None for a shift and an affine.
    """

    matrix: tuple[tuple[float, float, float], tuple[float, float, float]]
    lattice: Lattice | None = None

    def at(self, col: FloatArray, row: FloatArray) -> tuple[FloatArray, FloatArray]:
        """``dcol, drow`` in pixels at places counted from the grid's outer corner."""
        (a, b, c), (d, e, f) = self.matrix
        dcol, drow = a + b * col + c * row, d + e * col + f * row
        if self.lattice is None:
            return dcol, drow
        basis = _Basis.of(self.lattice)
        first, second = np.array(self.lattice.dcol), np.array(self.lattice.drow)
        return dcol + basis.between(first, col, row), drow + basis.between(second, col, row)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """The field that was chosen, and how well it says what it was not shown.

    Attributes:
        kind: Of `KINDS`.
        held_out_px: ``(n,)`` distance of each match from the field without its fold.
        rmse_px: Weighted root mean square of `held_out_px`.
        interval_95_px: Its 95 % bootstrap interval.
        spread_px: Robust spread of the matches about the field.
        worth: Error of each kind on held-out matches, where it could be tried.
        shift_interval_95_px: Half-widths of the 95 % interval of the mean displacement.
    """

    kind: str
    field: Field
    held_out_px: FloatArray
    rmse_px: float
    interval_95_px: tuple[float, float]
    spread_px: float
    worth: tuple[tuple[str, float], ...]
    shift_interval_95_px: tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Basis:
    """Bilinear weights of a lattice's nodes."""

    origin: tuple[float, float]
    step: tuple[float, float]
    shape: tuple[int, int]

    @classmethod
    def of(cls, lattice: Lattice) -> _Basis:
        return cls(lattice.origin, lattice.step, (len(lattice.dcol), len(lattice.dcol[0])))

    def place(self, col: FloatArray, row: FloatArray) -> tuple[FloatArray, ...]:
        """Row and column of the node before, and how far behind it."""
        rows, cols = self.shape
        across = np.clip((col - self.origin[0]) / self.step[0], 0, cols - 1)
        down = np.clip((row - self.origin[1]) / self.step[1], 0, rows - 1)
        i = np.minimum(down.astype(np.int64), rows - 2)
        j = np.minimum(across.astype(np.int64), cols - 2)
        return i, j, down - i, across - j

    def between(self, nodes: FloatArray, col: FloatArray, row: FloatArray) -> FloatArray:
        i, j, v, u = self.place(col, row)
        upper = nodes[i, j] * (1 - u) + nodes[i, j + 1] * u
        lower = nodes[i + 1, j] * (1 - u) + nodes[i + 1, j + 1] * u
        return np.asarray(upper * (1 - v) + lower * v)

    def matrix(self, places: FloatArray) -> FloatArray:
        """``(n, nodes)`` weights."""
        i, j, v, u = self.place(places[:, 0], places[:, 1])
        each, width = np.arange(len(places)), self.shape[1]
        out = np.zeros((len(places), self.shape[0] * width))
        out[each, i * width + j] = (1 - u) * (1 - v)
        out[each, i * width + j + 1] = u * (1 - v)
        out[each, (i + 1) * width + j] = (1 - u) * v
        out[each, (i + 1) * width + j + 1] = u * v
        return out

    def bending(self) -> FloatArray:
        """Second differences of the nodes along rows and columns, and a little of the nodes."""
        rows, cols = self.shape
        index = np.arange(rows * cols).reshape(rows, cols)
        triples = [*zip(*(index[:, k : cols - 2 + k].ravel() for k in range(3)), strict=True)]
        triples += [*zip(*(index[k : rows - 2 + k].ravel() for k in range(3)), strict=True)]
        out = np.zeros((len(triples) + rows * cols, rows * cols))
        for line, (a, b, c) in enumerate(triples):
            out[line, [a, b, c]] = 1.0, -2.0, 1.0
        out[len(triples) :] = 0.1 * np.eye(rows * cols)
        return out


def fit_field(places: FloatArray, offsets: FloatArray, weights: FloatArray) -> Fitted:
    """The simplest field that held-out matches cannot tell from the best.

    Args:
        places: ``(n, 2)`` ``col, row``; n at least 5.
        offsets: ``(n, 2)`` displacements.
        weights: ``(n,)``.
    """
    weights = np.minimum(weights / np.median(weights), 3.0)
    tried = {}
    for name in _possible(len(places)):
        tried[name] = _held_out(name, places, offsets, weights)
    error = {name: _mean_square(d, weights) for name, d in tried.items()}
    kind = _chosen(error)
    field = fit_kind(kind, places, offsets, weights)
    return Fitted(
        kind=kind.split(":")[0],
        field=field,
        held_out_px=tried[kind],
        rmse_px=float(np.sqrt(error[kind][0])),
        interval_95_px=_bootstrapped(tried[kind], weights),
        spread_px=0.8493 * float(np.median(misfit(field, places, offsets))),
        worth=tuple((name, float(np.sqrt(value[0]))) for name, value in error.items()),
        shift_interval_95_px=_mean_interval(places, offsets, weights, field),
    )


def _chosen(error: Mapping[str, tuple[float, float]]) -> str:
    """The kind to take, of mean squares and their standard errors on what was held out."""
    taken = "shift"
    if "affine" in error and _worth("affine", taken, error):
        taken = "affine"
    lattices = [name for name in error if name.startswith("local")]
    if not lattices:
        return taken
    best = min(lattices, key=lambda name: error[name][0])
    bound = error[best][0] + error[best][1]
    simplest = next(name for name in lattices if error[name][0] <= bound)
    return simplest if _worth(simplest, taken, error) else taken


def _worth(kind: str, simpler: str, error: Mapping[str, tuple[float, float]]) -> bool:
    share = _WORTH[kind.split(":", maxsplit=1)[0]]
    return error[kind][0] <= share**2 * error[simpler][0]


def _possible(n: int) -> tuple[str, ...]:
    kinds = ["shift"]
    if n >= MIN_AFFINE:
        kinds.append("affine")
    if n >= MIN_LOCAL:
        kinds += [f"local:{stiffness:g}" for stiffness in STIFFNESS]
    return tuple(kinds)


def _mean_square(distance: FloatArray, weights: FloatArray) -> tuple[float, float]:
    """Weighted mean of squares and its standard error."""
    share = weights / weights.sum()
    mean = float(share @ distance**2)
    return mean, float(np.sqrt((share**2) @ (distance**2 - mean) ** 2))


def _held_out(
    kind: str, places: FloatArray, offsets: FloatArray, weights: FloatArray
) -> FloatArray:
    """Distance of every match from the field that was fitted without its fold."""
    fold = _folds(places)
    distance = np.empty(len(places))
    for number in range(_FOLDS):
        out = fold == number
        field = fit_kind(kind, places[~out], offsets[~out], weights[~out])
        distance[out] = misfit(field, places[out], offsets[out])
    return distance


def _folds(places: FloatArray) -> NDArray[np.int64]:
    """Blocks of the area, so that neighbours, which err alike, are held out together.

    Few matches may all lie in two or three blocks: they are dealt out in turn.
    """
    low, high = places.min(axis=0), places.max(axis=0)
    block = np.minimum((places - low) / np.maximum(high - low, 1.0) * _FOLDS, _FOLDS - 1)
    fold = (block[:, 0].astype(np.int64) + 2 * block[:, 1].astype(np.int64)) % _FOLDS
    if np.bincount(fold, minlength=_FOLDS).max() > len(places) // 2:
        fold = np.arange(len(places)) % _FOLDS
    return np.asarray(fold)


def misfit(field: Field, places: FloatArray, offsets: FloatArray) -> FloatArray:
    """``(n,)`` distance of matches from a field, pixels."""
    dcol, drow = field.at(places[:, 0], places[:, 1])
    return np.asarray(np.hypot(offsets[:, 0] - dcol, offsets[:, 1] - drow))


def fit_kind(kind: str, places: FloatArray, offsets: FloatArray, weights: FloatArray) -> Field:
    """The field of one kind: ``shift``, ``affine``, or ``local:STIFFNESS``."""
    name, _, stiffness = kind.partition(":")
    if name == "local":
        return _local(places, offsets, weights, float(stiffness))
    return _plane(places, offsets, weights, affine=name == "affine")


def _plane(places: FloatArray, offsets: FloatArray, weights: FloatArray, *, affine: bool) -> Field:
    middle = places.mean(axis=0)
    size = max(float(np.abs(places - middle).max()), 1.0)
    columns = [np.ones(len(places))]
    if affine:
        columns += [*((places - middle) / size).T]
    design = np.stack(columns, axis=1)
    solved = _robust(lambda w: _solve(design, offsets, w), design, offsets, weights)
    slopes = (solved[1:] / size).T if affine else np.zeros((2, 2))
    rows = [
        (float(solved[0, k] - slopes[k] @ middle), float(slopes[k, 0]), float(slopes[k, 1]))
        for k in (0, 1)
    ]
    return Field(matrix=(rows[0], rows[1]))


def _local(places: FloatArray, offsets: FloatArray, weights: FloatArray, stiffness: float) -> Field:
    plane = _plane(places, offsets, weights, affine=True)
    left = offsets - np.stack(plane.at(places[:, 0], places[:, 1]), axis=1)
    basis = _lattice_over(places)
    design, bending = basis.matrix(places), np.sqrt(stiffness) * basis.bending()
    zeros = np.zeros((len(bending), 2))

    def solve(w: FloatArray) -> FloatArray:
        return _solve(
            np.concatenate([design, bending]),
            np.concatenate([left, zeros]),
            np.concatenate([w, np.ones(len(bending))]),
        )

    nodes = _robust(solve, design, left, weights).reshape(*basis.shape, 2)
    lattice = Lattice(
        origin=basis.origin,
        step=basis.step,
        dcol=tuple(tuple(line) for line in nodes[..., 0].tolist()),
        drow=tuple(tuple(line) for line in nodes[..., 1].tolist()),
    )
    return Field(matrix=plane.matrix, lattice=lattice)


def _lattice_over(places: FloatArray) -> _Basis:
    """Nodes a little beyond the matches' extent, as square as they come; two matches a node."""
    low, high = places.min(axis=0), places.max(axis=0)
    beyond = _BEYOND * (high - low)
    low, high = low - beyond, high + beyond
    width, height = (max(float(size), 1.0) for size in high - low)
    most = max(len(places) / _MATCHES_A_NODE, 9.0)
    cols = int(np.clip(round((most * width / height) ** 0.5), 3, _MOST_NODES))
    rows = int(np.clip(round((most * height / width) ** 0.5), 3, _MOST_NODES))
    return _Basis(
        (float(low[0]), float(low[1])), (width / (cols - 1), height / (rows - 1)), (rows, cols)
    )


def _solve(design: FloatArray, wanted: FloatArray, weights: FloatArray) -> FloatArray:
    root = np.sqrt(weights)[:, None]
    return np.asarray(np.linalg.lstsq(design * root, wanted * root, rcond=None)[0])


def _robust(
    solve: Callable[[FloatArray], FloatArray],
    design: FloatArray,
    wanted: FloatArray,
    weights: FloatArray,
) -> FloatArray:
    """Huber's weights, five rounds (P. J. Huber, Robust Statistics, 1981, chapter 7)."""
    solved = solve(weights)
    for _ in range(5):
        distance = np.hypot(*(wanted - design @ solved).T)
        scale = max(0.8493 * float(np.median(distance)), 1e-6)
        solved = solve(weights * np.minimum(1.0, _HUBER * scale / np.maximum(distance, 1e-12)))
    return solved


def _bootstrapped(distance: FloatArray, weights: FloatArray) -> tuple[float, float]:
    draws = np.random.default_rng(0).integers(0, len(distance), (_BOOTSTRAPS, len(distance)))
    w = weights[draws]
    values = np.sqrt((w * distance[draws] ** 2).sum(axis=1) / w.sum(axis=1))
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def _mean_interval(
    places: FloatArray, offsets: FloatArray, weights: FloatArray, field: Field
) -> tuple[float, float]:
    """Half-widths ``dcol, drow`` of the 95 % interval of the mean displacement."""
    residual = offsets - np.stack(field.at(places[:, 0], places[:, 1]), axis=1)
    share = weights / weights.sum()
    half = 1.96 * np.sqrt((share[:, None] ** 2 * residual**2).sum(axis=0))
    return float(half[0]), float(half[1])
