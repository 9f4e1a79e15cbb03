"""The geoid: how far mean sea level lies above the WGS 84 ellipsoid."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import ArrayLike, NDArray

from satdesk.core.sensor import FloatArray
from satdesk.errors import BrokenInputError
from satdesk.geometry.resample import bilinear_at

__all__ = ["GeoidGrid"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GeoidGrid:
    """Undulation N on a grid of longitude and latitude, bilinear between the cells' centres.

    ``height above the ellipsoid = height above the geoid + N``.

    Attributes:
        name: ``EGM96``, ``EGM2008``, or a file's name.
        undulation: ``(y, x)`` metres, geoid above the ellipsoid; NaN = unknown.
        affine: Outer corner of the first cell and the cell's size in degrees; a grid whose posts
            lie on whole quarters of a degree has its corner an eighth outside of them.

    Raises:
        BrokenInputError: Not a plane of plausible undulations (they lie within ±110 m).
    """

    name: str
    undulation: NDArray[np.floating]
    affine: Affine

    def __post_init__(self) -> None:
        known = self.undulation[np.isfinite(self.undulation)]
        if self.undulation.ndim != 2 or not known.size or self.affine.is_degenerate:
            raise BrokenInputError(
                "a geoid must be a plane of numbers",
                subject=self.name,
                found=f"shape {self.undulation.shape}, {known.size} known",
            )
        if abs(known).max() > 150:
            raise BrokenInputError(
                "these are not undulations of a geoid",
                subject=self.name,
                found=f"{known.min():g} to {known.max():g}",
                expected="metres within about -107 and 86",
            )

    @property
    def wraps(self) -> bool:
        """True where the grid goes around the Earth."""
        return bool(abs(abs(self.affine.a) * self.undulation.shape[1] - 360) < 1e-6)

    def undulation_m(self, lon: ArrayLike, lat: ArrayLike) -> FloatArray:
        """N in metres at ``lon, lat`` (degrees); NaN outside the grid."""
        x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
        middle = self.affine.c + self.affine.a * self.undulation.shape[1] / 2
        x = x - 360 * np.round((x - middle) / 360)
        col, row = (x - self.affine.c) / self.affine.a, (y - self.affine.f) / self.affine.e
        return bilinear_at(self.undulation, col, row, wraps=self.wraps)

    def lineage_digest(self) -> str:
        """Name and SHA-256 over values and place."""
        digest = hashlib.sha256(np.ascontiguousarray(self.undulation).tobytes())
        digest.update(repr((self.undulation.dtype.str, tuple(self.affine)[:6])).encode())
        return f"{self.name}:{digest.hexdigest()}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GeoidGrid) and self.lineage_digest() == other.lineage_digest()

    def __hash__(self) -> int:
        return hash((self.name, self.undulation.shape, tuple(self.affine)[:6]))
