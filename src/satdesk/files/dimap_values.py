"""What a delivery in DIMAP v2's layout says, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from satdesk.core.bands import Band
from satdesk.geometry.rpc import RPC

__all__ = [
    "CREDIT",
    "MISSION",
    "BandStatistics",
    "DimapBand",
    "DimapImage",
    "DimapProduct",
    "DimapView",
]

MISSION = "SIMULATED"
CREDIT = "SIMULATED by satdesk; no camera took this picture"


@dataclass(frozen=True, slots=True, kw_only=True)
class BandStatistics:
    """Of the counts of one band."""

    low: int
    high: int
    mean: float
    deviation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DimapBand:
    """One band: its BAND_ID, its pass band, and radiance = counts / gain + bias.

    Attributes:
        id: BAND_ID.
        band: With its wavelengths.
        gain: Counts per W m⁻² sr⁻¹ µm⁻¹.
        bias: W m⁻² sr⁻¹ µm⁻¹ at count zero.
        irradiance: Solar irradiance at 1 au, W m⁻² µm⁻¹.
    """

    id: str
    band: Band
    gain: float
    bias: float
    irradiance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DimapView:
    """Angles of one place, in DIMAP's own senses (degrees) and names.

    Attributes:
        where: ``Center``, ``TopLeft`` …
        col: Of our count.
        row: Of our count.
        lon: Degrees.
        lat: Degrees.
        time: Aware UTC instant.
        values: Tag → number below Acquisition_Angles.
        sun_azimuth: Degrees.
        sun_elevation: Degrees.
        gsd_m: Native pixel on the ground across and along the track, metres.
    """

    where: str
    col: float
    row: float
    lon: float
    lat: float
    time: datetime
    values: tuple[tuple[str, float], ...]
    sun_azimuth: float
    sun_elevation: float
    gsd_m: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DimapImage:
    """One image of a product.

    Attributes:
        kind: ``P`` or ``MS``.
        shape: ``rows, cols``.
        bands: One for each plane of uint16 counts (0 = no data), in order.
        model: Its RPC in our count.
        pixel_m: Pixel at nadir, metres.
        views: The centre first, then the corners from the top left clockwise.
    """

    kind: str
    shape: tuple[int, int]
    bands: tuple[DimapBand, ...]
    model: RPC
    pixel_m: float
    views: tuple[DimapView, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DimapProduct:
    """One delivery.

    Attributes:
        name: Of the dataset; letters, digits, ``-`` and ``_``.
        instrument: Name of the camera.
        strip_start: Aware UTC instant at which the strip began.
        images: PAN and MS.
        mission: Must be SIMULATED.
    """

    name: str
    instrument: str
    strip_start: datetime
    images: tuple[DimapImage, ...]
    mission: str = MISSION
