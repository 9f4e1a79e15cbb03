"""Pieces of a map of yes and no: what is too small to be mapped, and how long its edges are."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["edge_px", "sieved"]

_ALL_AROUND = np.ones((3, 3), np.bool_)
Mask = NDArray[np.bool_]


def sieved(where: Mask, least_px: int) -> Mask:
    """`where` without pieces of fewer than `least_px` pixels, and without such holes.

    Pieces hold together over corners, holes only over edges. A hole that reaches the border of the
    map is none.

    Args:
        where: ``(y, x)``.
        least_px: 1 = everything stays.
    """
    if least_px <= 1:
        return where
    kept = where & ~_small(where, least_px, _ALL_AROUND)
    holes = ~kept
    return kept | (_small(holes, least_px, None) & ~_at_border(holes))


def _small(where: Mask, least_px: int, around: Mask | None) -> Mask:
    labels, count = ndimage.label(where, structure=around)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    few = sizes < least_px
    few[0] = False
    return np.asarray(few[labels])


def _at_border(where: Mask) -> Mask:
    labels, count = ndimage.label(where)
    touching = np.zeros(count + 1, np.bool_)
    for line in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        touching[line] = True
    touching[0] = False
    return np.asarray(touching[labels])


def edge_px(where: Mask, known: Mask) -> float:
    """Length of the edges of `where` against known ground, pixels.

    The number of sides of pixels times π/4, which is right on average over all directions
    (Cauchy–Crofton).

    Args:
        where: ``(y, x)``.
        known: ``(y, x)``; an edge against the unknown moves nothing that is counted.
    """
    sides = 0
    for axis in (0, 1):
        first, second = (_without(axis, last=last) for last in (True, False))
        differ = where[first] != where[second]
        sides += int((differ & known[first] & known[second]).sum())
    return sides * math.pi / 4


def _without(axis: int, *, last: bool) -> tuple[slice, slice]:
    cut = slice(None, -1) if last else slice(1, None)
    return (cut, slice(None)) if axis == 0 else (slice(None), cut)
