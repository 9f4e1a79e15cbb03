"""What lies within a distance of a mask, and what of a mask is wide: discs laid on pixels."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["around", "wide_parts"]

Bools = NDArray[np.bool_]


def around(mask: Bools, radius_px: float) -> Bools:
    """`mask` and everything within `radius_px` of it, from middle to middle."""
    if radius_px < 0.5 or not mask.any():
        return mask
    return _within(mask, radius_px)


def wide_parts(mask: Bools, radius_px: float) -> Bools:
    """`mask` without what is narrower than twice `radius_px` (an opening by a disc)."""
    if radius_px < 1 or not mask.any():
        return mask
    inner = ~_within(~mask, radius_px)
    return around(inner, radius_px) & mask


def _within(mask: Bools, radius_px: float) -> Bools:
    """By rows: a disc is as wide in each row as its circle is there."""
    reach = math.floor(radius_px)
    far = _along_rows(mask, reach)
    result = np.zeros_like(mask)
    rows = len(mask)
    tall = min(reach, rows - 1)
    for down in range(-tall, tall + 1):
        wide = far.dtype.type(math.floor(math.sqrt(radius_px**2 - down**2)))
        below, above = max(down, 0), max(-down, 0)
        result[below : rows - above] |= far[above : rows - below] <= wide
    return result


def _along_rows(mask: Bools, reach: int) -> NDArray[np.uint16]:
    """How far the next pixel of the mask in the same row is; more than `reach` where too far."""
    cols = mask.shape[1]
    col = np.arange(cols, dtype=np.int32)
    before = np.maximum.accumulate(np.where(mask, col, np.int32(-reach - 1 - cols)), axis=1)
    far = col - before
    last = np.int32(2 * cols + reach + 1)
    after = np.minimum.accumulate(np.where(mask, col, last)[:, ::-1], axis=1)[:, ::-1]
    np.minimum(far, after - col, out=far)
    return np.minimum(far, reach + 1).astype(np.uint16)
