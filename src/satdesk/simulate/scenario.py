"""What one simulated picture is: a frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from satdesk.errors import UsageError
from satdesk.simulate.bias import RpcBias
from satdesk.simulate.camera import Attitude
from satdesk.simulate.heights import DemKind
from satdesk.simulate.landscape import Landscape
from satdesk.simulate.world import State

__all__ = ["Scenario"]

_MIDDLE_M = (600.0, 0.0)
_STEEPEST_DEG = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One picture to be taken.

    Attributes:
        name: Its own, ``[a-z0-9_]``.
        role: Folder below the output (``before``, ``after``).
        instant: When its middle is imaged, aware UTC.
        attitude: How the satellite looks.
        state: What is there.
        pan_shape: ``rows, cols`` of the PAN product; multiples of four.
        middle_m: Middle of the picture on the world's plane.
        landscape: How high the world's relief is.
        rpc_bias: Error of the written RPC; the truth keeps the camera.
        dem: Which DEM goes with the picture.

    Raises:
        UsageError: It looks further aside than the camera can, or its size does not divide by 4.
    """

    name: str
    role: str
    instant: datetime
    attitude: Attitude
    state: State
    pan_shape: tuple[int, int] = (2704, 2704)
    middle_m: tuple[float, float] = _MIDDLE_M
    landscape: Landscape = Landscape.MOUNTAIN
    rpc_bias: RpcBias = field(default_factory=RpcBias)
    dem: DemKind = field(default_factory=DemKind)

    def __post_init__(self) -> None:
        if max(abs(self.attitude.roll_deg), abs(self.attitude.pitch_deg)) > _STEEPEST_DEG:
            raise UsageError(
                "the simulated camera does not look so far aside",
                subject=self.name,
                found=f"roll {self.attitude.roll_deg:g}°, pitch {self.attitude.pitch_deg:g}°",
                expected=f"at most {_STEEPEST_DEG:g}° each",
            )
        if any(size % 4 or size < 64 for size in self.pan_shape):
            raise UsageError(
                "a picture's size must be a multiple of four pixels, at least 64",
                subject=self.name,
                found=str(self.pan_shape),
            )
