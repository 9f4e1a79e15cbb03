"""What one simulated picture is: a frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from satdesk.errors import UsageError
from satdesk.simulate.bias import RpcBias
from satdesk.simulate.camera import Attitude
from satdesk.simulate.heights import DemKind
from satdesk.simulate.landscape import Landscape
from satdesk.simulate.relief import HALF_M
from satdesk.simulate.sky import Sky
from satdesk.simulate.world import State

__all__ = ["Scenario"]

_MIDDLE_M = (600.0, 0.0)
_STEEPEST_DEG = 30.0
_LARGEST_KM = 60.0
_PAN_M = 1.5
_TURNED = 1.25
_SPARE_M = 1500.0


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
        sky: Clouds and haze.
        world_half_m: From the world's middle to its edges.
        brighter: By which factor the written calibration makes every band too bright.

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
    sky: Sky = field(default_factory=Sky)
    world_half_m: float = HALF_M
    brighter: float = 1.0

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

    def sized(self, size_km: float) -> Scenario:
        """The same picture, so wide and high at nadir, of a world that holds all of its ground.

        Raises:
            UsageError: Not between 0.1 and 60 km.
        """
        if not 0.1 <= size_km <= _LARGEST_KM:
            raise UsageError(
                "a simulated picture cannot be so large",
                subject=self.name,
                found=f"{size_km:g} km",
                expected=f"0.1 to {_LARGEST_KM:g} km",
            )
        pixels = round(size_km * 1000 / _PAN_M / 4) * 4
        roll, pitch = np.radians([self.attitude.roll_deg, self.attitude.pitch_deg])
        # Pixels grow with the angle; the picture is turned by the orbit's tilt and the steered yaw.
        stretch = _TURNED / (np.cos(roll) ** 2 * np.cos(pitch) ** 2)
        half = 500 * size_km * stretch + max(map(abs, self.middle_m)) + _SPARE_M
        return replace(self, pan_shape=(pixels, pixels), world_half_m=max(HALF_M, float(half)))
