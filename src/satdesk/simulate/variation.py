"""What somebody wants otherwise than a named scenario has it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from satdesk.simulate.bias import RpcBias
from satdesk.simulate.camera import Attitude
from satdesk.simulate.heights import DemKind
from satdesk.simulate.landscape import Landscape
from satdesk.simulate.scenario import Scenario
from satdesk.simulate.season import Season
from satdesk.simulate.sky import Clouds, Haze, Sky
from satdesk.simulate.world import State

__all__ = ["Variation"]

T = TypeVar("T")

_HIGH_M = 2500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """Changes to every picture of a scenario; None leaves what the scenario says.

    Attributes:
        landscape: How high the relief is.
        roll_deg: Of the camera, positive to the right of the flight, at most 30.
        pitch_deg: Of the camera, positive forward, at most 30.
        drift_urad_s: Linear drift of roll and pitch, µrad a second.
        jitter_urad: Amplitude of a 35 Hz sine on roll, pitch and yaw, µrad.
        rpc_shift_px: ``col, row`` error of the written RPC, PAN pixels.
        rpc_drift_px: ``col, row`` by which that grows from the first row to the last.
        season: How the land looks.
        snow_line_m: Height above the ellipsoid from which snow lies.
        instant: When the middle is imaged, aware UTC: the sun stands as it stood then.
        dem_spacing_m: A coarser DEM goes with the pictures.
        wrong_datum: A DEM that says EGM96 and is not goes with the pictures.
        cloud_share: Of the picture that clouds hide; 0 takes them away.
        cloud_height_m: Of the clouds above the ground of the picture's middle.
        haze: Optical thickness of haze at 550 nm; 0 takes it away.
        size_km: Width and height of the picture; the world grows with it.
    """

    landscape: Landscape | None = None
    roll_deg: float | None = None
    pitch_deg: float | None = None
    drift_urad_s: float | None = None
    jitter_urad: float | None = None
    rpc_shift_px: tuple[float, float] | None = None
    rpc_drift_px: tuple[float, float] | None = None
    season: Season | None = None
    snow_line_m: float | None = None
    instant: datetime | None = None
    dem_spacing_m: float | None = None
    wrong_datum: bool = False
    cloud_share: float | None = None
    cloud_height_m: float | None = None
    haze: float | None = None
    size_km: float | None = None

    def applied(self, scenario: Scenario) -> Scenario:
        """The scenario as it is wanted.

        Raises:
            UsageError: The result is no possible scenario.
        """
        changed = replace(
            scenario,
            landscape=_or(self.landscape, scenario.landscape),
            attitude=self._attitude(scenario.attitude),
            state=self._state(scenario.state),
            instant=_or(self.instant, scenario.instant),
            rpc_bias=self._bias(scenario.rpc_bias),
            dem=DemKind(
                spacing_m=_or(self.dem_spacing_m, scenario.dem.spacing_m),
                wrong_datum=self.wrong_datum or scenario.dem.wrong_datum,
            ),
            sky=self._sky(scenario.sky),
        )
        return changed if self.size_km is None else changed.sized(self.size_km)

    def _sky(self, held: Sky) -> Sky:
        clouds, haze = held.clouds, held.haze
        if self.haze is not None:
            haze = Haze(depth=self.haze) if self.haze > 0 else None
        if self.cloud_share == 0:
            return Sky(haze=haze)
        share = _or(self.cloud_share, None if clouds is None else clouds.share)
        if share is None:
            return Sky(haze=haze)
        above = _or(self.cloud_height_m, _HIGH_M if clouds is None else clouds.above_m)
        return Sky(clouds=Clouds(share=share, above_m=above), haze=haze)

    def _attitude(self, held: Attitude) -> Attitude:
        drift, jitter = self.drift_urad_s, self.jitter_urad
        return replace(
            held,
            roll_deg=_or(self.roll_deg, held.roll_deg),
            pitch_deg=_or(self.pitch_deg, held.pitch_deg),
            drift_urad_s=held.drift_urad_s if drift is None else (drift, drift, 0.0),
            jitter_urad=held.jitter_urad if jitter is None else (jitter, jitter, jitter),
        )

    def _state(self, held: State) -> State:
        seasonal = held if self.season is None else self.season.applied(held)
        return replace(seasonal, snow_line_m=_or(self.snow_line_m, seasonal.snow_line_m))

    def _bias(self, held: RpcBias) -> RpcBias:
        shift = _or(self.rpc_shift_px, (held.col_px, held.row_px))
        drift = _or(self.rpc_drift_px, (held.col_drift_px, held.row_drift_px))
        return RpcBias(
            col_px=shift[0], row_px=shift[1], col_drift_px=drift[0], row_drift_px=drift[1]
        )


def _or(wanted: T | None, held: T) -> T:
    return held if wanted is None else wanted
