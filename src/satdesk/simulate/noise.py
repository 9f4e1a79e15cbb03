"""Noise that is fixed to the ground: the same place has the same value in whichever window.

Random numbers sit on a lattice, each a hash of its own place and the seed; between them runs a
cubic B-spline. Windows are axis-parallel, so the spline is two products with sparse matrices.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["Axes", "hashed", "noise", "spline_rows"]

Floats = NDArray[np.floating]
Axes = tuple[NDArray[np.float64], NDArray[np.float64]]
"""The x of a window's columns (ascending) and the y of its rows (descending), metres."""

# Standard deviation of a uniform lattice after the B-spline has smoothed it in two dimensions.
_SPREAD = np.sqrt(1 / 12) * 0.4793


def hashed(ix: NDArray[np.int64], iy: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Uniform numbers in [0, 1), one a place (SplitMix64's finaliser, Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        z = ix.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z ^= iy.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
        z += np.uint64(seed % 2**32) * np.uint64(0x165667B19E3779F9)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


def noise(axes: Axes, wavelength_m: float, seed: int, *, stretch: float = 1.0) -> Floats:
    """Smooth noise ``(y, x)`` float32, mean 0, standard deviation 1, about within ±2.5.

    Args:
        axes: The window.
        wavelength_m: Distance between lattice places.
        seed: Another seed, another field.
        stretch: Lattice distance along x relative to that along y.
    """
    x, y = axes[0] / (wavelength_m * stretch), axes[1] / wavelength_m
    wx, ix = _weights(x)
    wy, iy = _weights(y)
    grid_x, grid_y = np.meshgrid(ix, iy)
    lattice = hashed(grid_x, grid_y, seed).astype(np.float32)
    field = wx @ (wy @ lattice).T
    return np.asarray((field.T - np.float32(0.5)) / np.float32(_SPREAD))


def spline_rows(position: NDArray[np.float64], count: int) -> sparse.csr_matrix:
    """Weights ``(positions, count)`` of a cubic B-spline over places 0 … count − 1, clamped."""
    first = np.floor(position).astype(np.int64)
    weights = _cubic(position - first)
    column = np.clip(first[:, None] + np.arange(-1, 3), 0, count - 1).astype(np.int32)
    ends = np.arange(0, 4 * len(position) + 1, 4, dtype=np.int32)
    entries = (weights.astype(np.float32).ravel(), column.ravel(), ends)
    return sparse.csr_matrix(entries, shape=(len(position), count))


def _weights(position: NDArray[np.float64]) -> tuple[sparse.csr_matrix, NDArray[np.int64]]:
    low = int(np.floor(position.min())) - 1
    high = int(np.floor(position.max())) + 2
    return spline_rows(position - low, high - low + 1), np.arange(low, high + 1)


def _cubic(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """The four weights of a uniform cubic B-spline, ``(n, 4)``."""
    u = 1 - t
    middle_left = (3 * t**3 - 6 * t**2 + 4) / 6
    middle_right = (3 * u**3 - 6 * u**2 + 4) / 6
    return np.stack([u**3 / 6, middle_left, middle_right, t**3 / 6], axis=-1)
