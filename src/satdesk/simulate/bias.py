"""An error that is put into a written RPC while the truth keeps the camera."""

from __future__ import annotations

from dataclasses import dataclass, replace

from affine import Affine

from satdesk.core.sensor import SensorModel
from satdesk.geometry.affine import Adjusted
from satdesk.simulate.camera import Camera

__all__ = ["RpcBias"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcBias:
    """Where the written RPC puts ground points, minus where the camera images them.

    All in PAN pixels; MS receives the same error on the ground, a quarter in its pixels.

    Attributes:
        col_px: Shift along columns in the middle row.
        row_px: Shift along rows there.
        col_drift_px: By how much `col_px` grows from the first row to the last.
        row_drift_px: By how much `row_px` grows from the first row to the last.
    """

    col_px: float = 0.0
    row_px: float = 0.0
    col_drift_px: float = 0.0
    row_drift_px: float = 0.0

    @property
    def none(self) -> bool:
        """Whether it is no error at all."""
        return self == RpcBias()

    def matrix(self, rows: int, scale: float = 1.0) -> Affine:
        """``(col, row)`` of the camera → that of the biased RPC, both corner-based.

        Args:
            rows: Of the image.
            scale: Pixels of the image in a PAN pixel: 1, or 1/4 for MS.
        """
        a, b = scale * self.col_drift_px / rows, scale * self.row_drift_px / rows
        return Affine(
            1.0,
            a,
            scale * self.col_px - a * rows / 2,
            0.0,
            1.0 + b,
            scale * self.row_px - b * rows / 2,
        )

    def applied(self, camera: Camera, scale: float = 1.0) -> SensorModel:
        """The camera that a biased RPC is fitted to; the same camera without a bias."""
        if self.none:
            return camera
        reach = sum(map(abs, (self.col_px, self.row_px, self.col_drift_px, self.row_drift_px)))
        wide = replace(camera, margin_px=camera.margin_px + reach)
        return Adjusted(model=wide, matrix=self.matrix(camera.shape[0], scale))
