"""A sensor model followed by an affine in image space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import ArrayLike

from satdesk.core.sensor import FloatArray, SensorModel
from satdesk.errors import UsageError

__all__ = ["Adjusted", "fitted", "mapped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """`model`, then `matrix`: a `SensorModel` whose pixels are moved.

    It serves to lay MS onto PAN (a shift) and to hold what a bundle adjustment found. An affine
    in image space absorbs nearly all of a narrow-field camera's error of attitude and position
    (Grodecki and Dial, PE&RS 69(1), 2003, 59–68).

    Attributes:
        model: Ground to image as the provider states it.
        matrix: ``(col, row)`` of `model` → ``(col, row)`` in the image as it is; pixels, both
            counted from the outer corner.

    Raises:
        UsageError: The matrix cannot be inverted.
    """

    model: SensorModel
    matrix: Affine

    def __post_init__(self) -> None:
        if self.matrix.is_degenerate:
            raise UsageError("an adjustment must be invertible", found=str(tuple(self.matrix)[:6]))

    @property
    def height_off(self) -> float:
        """Middle of the heights that the model was made for, metres; 0 where it states none."""
        return float(getattr(self.model, "height_off", 0.0))

    @property
    def height_scale(self) -> float:
        """Half the range of those heights, metres; 0 where it states none."""
        return float(getattr(self.model, "height_scale", 0.0))

    def project(
        self, lon: ArrayLike, lat: ArrayLike, height: ArrayLike
    ) -> tuple[FloatArray, FloatArray]:
        """Ground to image: as the model does, then moved. NaN outside the model's domain."""
        return mapped(self.matrix, *self.model.project(*_arrays(lon, lat, height)))

    def locate(
        self, col: ArrayLike, row: ArrayLike, height: ArrayLike
    ) -> tuple[FloatArray, FloatArray]:
        """Image to ground: moved back, then as the model does. NaN outside its domain."""
        there = mapped(~self.matrix, *_arrays(col, row))
        return self.model.locate(*there, *_arrays(height))


def _arrays(*values: ArrayLike) -> tuple[FloatArray, ...]:
    return tuple(np.asarray(value, dtype=np.float64) for value in values)


def mapped(matrix: Affine, col: FloatArray, row: FloatArray) -> tuple[FloatArray, FloatArray]:
    """An affine applied to arrays, elementwise: ``(a·col + b·row + c, d·col + e·row + f)``.

    A pixel at infinity is nowhere: NaN.
    """
    with np.errstate(invalid="ignore"):
        return (
            matrix.a * col + matrix.b * row + matrix.c,
            matrix.d * col + matrix.e * row + matrix.f,
        )


def fitted(places: FloatArray, found: FloatArray) -> Affine:
    """The affine that takes places nearest to what was found for them (least squares).

    Args:
        places: ``(2, n)`` x, y; three or more that lie on no line.
        found: ``(2, n)``.
    """
    design = np.vstack([places, np.ones(places.shape[1])]).T
    rows = np.linalg.lstsq(design, found.T, rcond=None)[0].T
    return Affine(*rows.ravel().tolist())
