"""Which scene is wanted where: a coarse map, drawn once, and read at any pixel.

Between the centres of cells the shares of the scenes are interpolated linearly, and the largest
wins: a smooth line instead of steps. A pixel's answer depends on its place alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.errors import UsageError
from satdesk.geometry.grids import offset

__all__ = ["SeamMap"]

Labels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeamMap:
    """The wanted scene of each cell.

    Attributes:
        labels: ``(y, x)`` uint8: number of a scene from 1; 0 = none is wanted.
        cell_px: Edge of a cell in pixels of `grid`.
        grid: Of the picture; the first cell begins at its first pixel.

    Raises:
        UsageError: The cells do not cover the grid.
    """

    labels: Labels
    cell_px: int
    grid: GeoBox

    def __post_init__(self) -> None:
        expected = tuple(-(-int(size) // self.cell_px) for size in self.grid.shape)
        if self.labels.shape != expected or self.labels.dtype != np.uint8:
            raise UsageError(
                "a seam map's cells must cover its grid",
                found=f"{self.labels.shape} {self.labels.dtype}",
                expected=f"{expected} uint8",
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SeamMap) and self.lineage_digest() == other.lineage_digest()

    def __hash__(self) -> int:
        return hash(self.lineage_digest())

    def lineage_digest(self) -> str:
        """Short form of all of it."""
        head = f"{self.labels.shape} {self.cell_px} {self.grid}".encode()
        return hashlib.sha256(head + np.ascontiguousarray(self.labels).tobytes()).hexdigest()

    def at(self, grid: GeoBox) -> Labels:
        """The wanted scene of each pixel of `grid`; outside, that of the nearest cell."""
        row0, col0 = offset(self.grid, grid)
        rows, cols = (int(size) for size in grid.shape)
        up, down, below = self._between(row0 + np.arange(rows), self.labels.shape[0])
        left, right, beside = self._between(col0 + np.arange(cols), self.labels.shape[1])
        corners = [self.labels[np.ix_(r, c)] for r in (up, down) for c in (left, right)]
        if all((corner == corners[0][0, 0]).all() for corner in corners):
            return corners[0]
        shares = [y[:, None] * x[None, :] for y in (1 - below, below) for x in (1 - beside, beside)]
        return _largest(corners, shares)

    def _between(
        self, pixel: NDArray[np.intp], cells: int
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
        """The two cells whose centres a pixel's centre lies between, and how far from the first."""
        place = (pixel + 0.5) / self.cell_px - 0.5
        lower = np.floor(place)
        first = np.clip(lower, 0, cells - 1).astype(np.intp)
        second = np.clip(lower + 1, 0, cells - 1).astype(np.intp)
        return first, second, place - lower


def _largest(corners: list[Labels], shares: list[NDArray[np.float64]]) -> Labels:
    """The label of the largest share at each pixel; of equal ones that with the lowest number."""
    best = np.zeros(corners[0].shape)
    chosen = np.zeros(corners[0].shape, np.uint8)
    for label in np.unique(np.stack(corners)):
        if label == 0:
            continue
        parts = [np.where(c == label, s, 0.0) for c, s in zip(corners, shares, strict=True)]
        share = parts[0] + parts[1] + parts[2] + parts[3]
        better = share > best
        best[better] = share[better]
        chosen[better] = label
    return chosen
