"""The word SIMULATED on the ground of every written picture.

It is laid on the ground, not on the picture: it stays in place through orthorectification, agrees
between PAN and MS and between dates, and so neither helps nor hinders a registration. Light and
dark beside each other keep it readable on any ground, after JPEG, in every crop of 250 PAN pixels.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

__all__ = ["PERIOD_M", "marked"]

Floats = NDArray[np.floating]

PERIOD_M = 360.0
"""The word repeats every 240 PAN pixels along a line; lines follow every 120, shifted by half."""

_PIXEL_M = 1.5
_LIGHT, _DARK, _VEIL = 0.22, 0.13, 0.010
_GLYPHS = {
    "S": "01111 10000 10000 01110 00001 00001 11110",
    "I": "111 010 010 010 010 010 111",
    "M": "10001 11011 10101 10101 10001 10001 10001",
    "U": "10001 10001 10001 10001 10001 10001 01110",
    "L": "10000 10000 10000 10000 10000 10000 11111",
    "A": "01110 10001 10001 11111 10001 10001 10001",
    "T": "11111 00100 00100 00100 00100 00100 00100",
    "E": "11111 10000 10000 11110 10000 10000 11111",
    "D": "11110 10001 10001 10001 10001 10001 11110",
}
_UNITS = 56
_UNIT_HEIGHT_PX = 5


def marked(reflectance: Floats, x: Floats, y: Floats, detector_m: float) -> Floats:
    """Reflectance at places of the plane (metres), with the word on it.

    Args:
        reflectance: Any shape.
        x: Metres of the plane, of that shape.
        y: Likewise.
        detector_m: Width of ground that a detector sees: finer edges would alias into colours.
    """
    tile = _tile(detector_m)
    size = tile.shape[0]
    col = np.floor(x / _PIXEL_M).astype(np.int32) % size
    row = np.floor(-y / _PIXEL_M).astype(np.int32) % size
    strength = tile[row, col]
    veil = np.float32(_VEIL / _LIGHT) * np.maximum(strength, 0)
    return np.asarray(reflectance * (1 + strength) + veil)


@cache
def _tile(detector_m: float) -> Floats:
    """One period of the pattern, ``(y, x)``: what is added to 1 as a factor."""
    size = round(PERIOD_M / _PIXEL_M)
    word = _word()
    high, wide = word.shape
    tile = np.zeros((size, size), np.float32)
    for top, shift in ((0, 0), (size // 2, size // 2)):
        line = np.zeros((high, size), np.float32)
        line[:, :wide] = word
        tile[top + 20 : top + 20 + high] = np.roll(line, shift, axis=1)
    shadow = np.roll(tile, (4, 4), axis=(0, 1)) * (1 - tile)
    # A box of one detector has the variance of a Gaussian of width / √12.
    sigma = detector_m / _PIXEL_M / np.sqrt(12)
    return np.asarray(gaussian_filter(_LIGHT * tile - _DARK * shadow, sigma, mode="wrap"))


def _word() -> Floats:
    rows: list[list[int]] = [[] for _ in range(7)]
    for letter in "SIMULATED":
        for row, bits in zip(rows, _GLYPHS[letter].split(), strict=True):
            row.extend([*map(int, bits), 0])
    bitmap = np.array(rows, np.float32)
    width_px = PERIOD_M / _PIXEL_M / _UNITS
    col = (np.arange(int(bitmap.shape[1] * width_px)) / width_px).astype(int)
    return np.repeat(bitmap[:, col], _UNIT_HEIGHT_PX, axis=0)
