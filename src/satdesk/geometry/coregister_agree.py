"""Which windows agree on one displacement field, and which do not: changes, shadows, chance.

First those that agree with one plane, then with one stiff lattice. A ground that bends more than
that is followed from window to window: one that lies where a plane through its neighbours leads
joins them. What leads nowhere stays out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from satdesk.core.sensor import FloatArray
from satdesk.geometry.coregister_fit import (
    MIN_AFFINE,
    MIN_LOCAL,
    STIFFNESS,
    Field,
    Fitted,
    fit_field,
    fit_kind,
    misfit,
)

__all__ = ["agreeing", "contradiction", "fit_agreeing", "followed"]

_NEAR_PX = 1.5
"""Matches that differ from the common shift by less speak for it."""
_CANDIDATES = 600
_GROWTHS = 6
"""Rounds in which agreement grows, with a plane and then with a lattice."""
_NEIGHBOURS = 6
"""So many windows must lead to one that joins them."""
_REACH = 2.6
"""Sides of a window within which another is a neighbour."""
_STEPS = 12
_TIGHT_PX, _LOOSE_PX = 0.25, 1.0
_AROUND = 1.6
"""Sides of a window within which others, at most eight, lie around it."""
_FURTHEST_PX = 1.5
"""A window that matched by chance, however far off, speaks with so much against a field."""
_WORTH = 0.6
"""Following is worth it where it leaves at most this share of the error that it came to mend."""

Bools = NDArray[np.bool_]


def agreeing(places: FloatArray, offsets: FloatArray) -> Bools:
    """The matches that agree with one smooth field; the rest are changes and chance.

    The shift that most matches are near is grown to an affine and that to a stiff lattice; what
    lies within the scatter of those that agree joins them, at most a pixel and a half away.
    """
    if len(places) < 3:
        return np.zeros(len(places), np.bool_)
    some = offsets[:: -(-len(offsets) // _CANDIDATES)]
    votes = (np.abs(offsets[None] - some[:, None]).max(axis=2) < _NEAR_PX).sum(axis=1)
    start = some[int(votes.argmax())]
    near = np.hypot(*(offsets - start).T) < _NEAR_PX
    for turn in range(2 * _GROWTHS):
        if near.sum() < 3:
            break
        kind = _growing(int(near.sum()), late=turn >= _GROWTHS)
        distance = misfit(fit_kind(kind, places[near], offsets[near], _ones(near)), places, offsets)
        # 0.8493 = 1 / sqrt(2 ln 2): the median of a two-dimensional Gaussian's distance
        scale = 0.8493 * float(np.median(distance[near]))
        near = distance < float(np.clip(3.5 * scale, 0.2, _NEAR_PX))
    return np.asarray(near)


def _growing(n: int, *, late: bool) -> str:
    """The field through which agreement grows: a plane first, then a stiff lattice."""
    if late and n >= MIN_LOCAL:
        return f"local:{STIFFNESS[1]:g}"
    return "affine" if n >= MIN_AFFINE else "shift"


def _ones(mask: Bools) -> FloatArray:
    return np.ones(int(mask.sum()))


def followed(places: FloatArray, offsets: FloatArray, near: Bools, side: float) -> Bools:
    """`near` and the matches to which it leads from window to window.

    Args:
        places: ``(n, 2)`` ``col, row``.
        offsets: ``(n, 2)`` displacements.
        near: ``(n,)`` those that agree already.
        side: Of a window, pixels.
    """
    found = near.copy()
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    close = (apart < _REACH * side) & (apart > 0)
    for _ in range(_STEPS):
        joining = [
            i for i in np.flatnonzero(~found).tolist() if _leads(i, places, offsets, close & found)
        ]
        if not joining:
            break
        found[joining] = True
    return found


def _leads(i: int, places: FloatArray, offsets: FloatArray, close: Bools) -> bool:
    """Whether a plane through its neighbours leads to match `i`."""
    there = close[i]
    n = int(there.sum())
    if n < _NEIGHBOURS:
        return False
    plane = np.column_stack([np.ones(n), places[there] - places[i]])
    solved = np.linalg.lstsq(plane, offsets[there], rcond=1e-6)[0]
    scatter = np.hypot(*(offsets[there] - plane @ solved).T)
    # 0.8493 = 1 / sqrt(2 ln 2), as in `agreeing`; three coefficients were spent
    scale = 0.8493 * float(np.median(scatter)) * (n / (n - 3)) ** 0.5
    limit = min(max(3.5 * float(scale), _TIGHT_PX), _LOOSE_PX)
    return bool(np.hypot(*(offsets[i] - solved[0])) < limit)


def fit_agreeing(
    places: FloatArray, offsets: FloatArray, weights: FloatArray, near: Bools, side: float
) -> tuple[Bools, Fitted]:
    """The field through `near`, or through what it leads to where that is worth it.

    Args:
        places: ``(n, 2)``.
        offsets: ``(n, 2)``.
        weights: ``(n,)``.
        near: ``(n,)``, at least five.
        side: Of a window, pixels.

    Returns:
        The matches used, and the field.
    """
    first = fit_field(places[near], offsets[near], weights[near])
    wide = followed(places, offsets, near, side)
    if not (wide & ~near).any():
        return near, first
    second = fit_field(places[wide], offsets[wide], weights[wide])
    missed = misfit(first.field, places[wide], offsets[wide])
    share = np.minimum(weights[wide] / np.median(weights[wide]), 3.0)
    before = float(np.sqrt(np.average(missed**2, weights=share)))
    return (wide, second) if second.rmse_px <= _WORTH * before else (near, first)


def contradiction(places: FloatArray, offsets: FloatArray, field: Field, side: float) -> float:
    """What windows beside each other agree on against a field, pixels.

    The misfit of a window, used or not, is averaged with those around it: chance cancels, a bend
    that the field does not follow stays. Of these means the root mean square.

    Args:
        places: ``(n, 2)`` of all matches; at least one.
        offsets: ``(n, 2)``.
        field: Whatever was fitted to some of them.
        side: Of a window, pixels.
    """
    left = offsets - np.stack(field.at(places[:, 0], places[:, 1]), axis=1)
    length = np.hypot(*left.T)
    left *= np.minimum(1.0, _FURTHEST_PX / np.maximum(length, 1e-12))[:, None]
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    around = (apart < _AROUND * side).astype(np.float64)
    mean = around @ left / around.sum(axis=1, keepdims=True)
    return float(np.sqrt((mean**2).sum(axis=1).mean()))
