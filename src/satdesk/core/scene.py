"""What any provider's bundle becomes: a scene, its images, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path

from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.sensor import SensorModel
from satdesk.core.units import Quantity
from satdesk.errors import UsageError

__all__ = [
    "GEOMETRIES",
    "Acquisition",
    "Angles",
    "BandCalibration",
    "ImageTile",
    "MaskFile",
    "Precision",
    "Problem",
    "Scene",
    "SourceImage",
    "require_acquisition",
]

GEOMETRIES = ("map", "model")
"""What may be chosen of an image that has a map and an RPC: which of them says where it lies."""


class Precision(Enum):
    """How exactly an acquisition's time is known."""

    INSTANT = "instant"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """When a scene was taken: an aware UTC instant, or a calendar day.

    Attributes:
        instant: Aware, UTC; None where only the day is known.
        day: The calendar day in UTC; always there.

    Raises:
        UsageError: A naive or non-UTC instant, or a day that contradicts it.
    """

    day: date
    instant: datetime | None = None

    def __post_init__(self) -> None:
        if isinstance(self.day, datetime) or not isinstance(self.day, date):
            raise UsageError(
                "an acquisition's day is a date without a time",
                found=repr(self.day),
                remedy="take Acquisition.at for an instant",
            )
        if self.instant is None:
            return
        if self.instant.utcoffset() != timedelta(0):
            raise UsageError(
                "an acquisition's instant must be in UTC", found=self.instant.isoformat()
            )
        if self.instant.date() != self.day:
            raise UsageError(
                "an acquisition's day must be that of its instant",
                found=f"{self.day} and {self.instant.isoformat()}",
            )

    @classmethod
    def at(cls, instant: datetime) -> Acquisition:
        """From an aware instant in UTC."""
        if not isinstance(instant, datetime):
            raise UsageError(
                "an acquisition's instant is a datetime in UTC",
                found=repr(instant),
                remedy="take Acquisition.on for a day, datetime.fromisoformat for a text",
            )
        return cls(day=instant.date(), instant=instant)

    @classmethod
    def on(cls, day: date) -> Acquisition:
        """From a calendar day whose time is not known."""
        return cls(day=day)

    @property
    def precision(self) -> Precision:
        """Whether the instant is known or the day alone."""
        return Precision.DAY if self.instant is None else Precision.INSTANT


def require_acquisition(value: object) -> None:
    """Refuse what is no acquisition, such as a datetime; None passes."""
    if value is not None and not isinstance(value, Acquisition):
        raise UsageError(
            "the time of a scene is an Acquisition",
            found=repr(value),
            remedy="write Acquisition.at(instant) or Acquisition.on(day)",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Angles:
    """View and sun as the provider states them, in degrees; None = not stated.

    Attributes:
        where: ``center``, ``top_left``, ``top_right``, ``bottom_right``, ``bottom_left`` …
        incidence_deg: Between the ray and the ellipsoid's normal at the target (0 = overhead).
        view_azimuth_deg: Azimuth clockwise from north *from the target towards the satellite*;
            None where the provider's definition is another or unknown.
        viewing_deg: At the satellite, off nadir.
        sun_elevation_deg: Above the horizon at the target.
        sun_azimuth_deg: Clockwise from north, towards the sun.
        time: Aware UTC instant at which this place was imaged.
    """

    where: str
    incidence_deg: float | None = None
    view_azimuth_deg: float | None = None
    viewing_deg: float | None = None
    sun_elevation_deg: float | None = None
    sun_azimuth_deg: float | None = None
    time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BandCalibration:
    """How the counts of one band become radiance or reflectance.

    Either ``radiance = counts / gain + bias`` (DIMAP, W m⁻² sr⁻¹ µm⁻¹) with `irradiance` E0, or
    ``reflectance = (counts + offset) / quantification`` (Sentinel-2).

    Attributes:
        gain: Counts per unit of radiance; None where reflectance is stated directly.
        bias: Radiance at count zero.
        irradiance: Solar irradiance E0 at 1 au, W m⁻² µm⁻¹; None = not stated.
        quantification: Counts per unit of reflectance; None where radiance is stated.
        offset: Counts added before division by `quantification` (−1000 from baseline 04.00).
    """

    gain: float | None = None
    bias: float = 0.0
    irradiance: float | None = None
    quantification: float | None = None
    offset: float = 0.0

    def __post_init__(self) -> None:
        for name in ("gain", "irradiance", "quantification"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise UsageError(f"a calibration's {name} must be positive", found=repr(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTile:
    """One file of an image and where its first pixel lies in it.

    Attributes:
        path: The file.
        origin: ``col, row`` of the tile's outer corner in the image's own pixel plane.
        shape: ``rows, cols`` as the metadata states; None = read it from the file.
        bands: For each plane of the file, the index of its band in the image's `bands`; None =
            all bands in order, or the one of `band_files` (Pléiades Neo: two files of 3 bands).
    """

    path: Path
    origin: tuple[int, int] = (0, 0)
    shape: tuple[int, int] | None = None
    bands: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceImage:
    """One image of a scene, described and not yet opened.

    Attributes:
        id: ``pan``, ``ms``, ``pms``, or the provider's.
        tiles: The files that carry it, each with all bands; or, if `band_files`, one a band.
        band_files: True where ``tiles[i]`` carries the single band ``bands[i]`` (Sentinel-2).
        grid: Shape and place. ``crs=None`` is the sensor's pixel plane; then the affine is a
            translation by the crop's origin in the full image.
        bands: In the order of the file's planes.
        dtype: NumPy name of the file's sample type; None until a file says so.
        quantity: What the file's numbers are.
        model: The camera for an image in sensor geometry, else None.
        model_source: The file that the model came from.
        calibration: One for each band, in the order of `bands`; None = cannot be calibrated.
        nodata: The count that means "no data"; None = none declared.
        saturated: The count that means "saturated"; None = none declared.
        bits: Significant bits (12 for SPOT 7); None = not stated.
        gsd_m: Pixel size as the product states it, metres, ``x, y``; None = not stated.
        native_gsd_m: What the sensor really resolved before resampling; None = not stated.
    """

    id: str
    tiles: tuple[ImageTile, ...]
    grid: GeoBox
    bands: tuple[Band, ...]
    band_files: bool = False
    dtype: str | None = None
    quantity: Quantity = Quantity.COUNTS
    model: SensorModel | None = None
    model_source: Path | None = None
    calibration: tuple[BandCalibration, ...] | None = None
    nodata: float | None = None
    saturated: float | None = None
    bits: int | None = None
    gsd_m: tuple[float, float] | None = None
    native_gsd_m: float | None = None

    def __post_init__(self) -> None:
        if self.calibration is not None and len(self.calibration) != len(self.bands):
            raise UsageError(
                "an image needs one calibration a band",
                subject=self.id,
                found=str(len(self.calibration)),
                expected=str(len(self.bands)),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskFile:
    """A provider's own mask.

    Attributes:
        kind: ``cloud``, ``snow``, ``detector``, ``quality``, ``roi``, ``straylight``,
            ``visibility``, ``terrain``, ``scene_classification`` …
        path: The file.
        image_id: The image in whose geometry it is drawn.
        features: Number of polygons that it holds; None where it is a raster or was not read.
    """

    kind: str
    path: Path
    image_id: str
    features: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that is wrong with a delivery, told without stopping.

    Attributes:
        code: Stable, hyphenated (``image-absent``, ``image-empty``, ``time-zone-missing``).
        file: The file at fault, relative to the bundle where it lies inside.
        found: What is there.
        expected: What should be there.
        remedy: What to do.
        blocks: True where the images cannot be processed because of it.
    """

    code: str
    file: str
    found: str
    expected: str
    remedy: str
    blocks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One acquisition by one satellite.

    Attributes:
        id: The provider's name of the product.
        mission: ``SPOT 7``, ``Pléiades 1B``, ``Sentinel-2A``, ``SIMULATED …``; None = not stated.
        instrument: Camera name; None = not stated.
        profile: The format's profile (``S7_ORTHO``, ``MSI L1C``), for `inspect`.
        level: Processing level as stated.
        acquisition: When; None where nobody says (issuing then refuses).
        images: In delivery order.
        angles: Centre first where it is known; may be empty.
        masks: The provider's masks that are there.
        credit: The copyright line that the provider demands; None = not stated.
        cloud_percent: As the provider states; None = not stated.
        snow_percent: As the provider states; None = not stated.
        facts: Further facts of the format as ``(name, value)`` text pairs, in order.
        problems: What is wrong with the delivery.
        simulated: True for pictures that no camera took.
        files: Every file of the bundle that the scene depends on (metadata, models, images).
    """

    id: str
    mission: str | None
    images: tuple[SourceImage, ...]
    acquisition: Acquisition | None
    instrument: str | None = None
    profile: str | None = None
    level: str | None = None
    angles: tuple[Angles, ...] = ()
    masks: tuple[MaskFile, ...] = ()
    credit: str | None = None
    cloud_percent: float | None = None
    snow_percent: float | None = None
    facts: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    simulated: bool = False
    files: tuple[Path, ...] = ()

    def image(self, image_id: str) -> SourceImage:
        """The image called `image_id`; UsageError names those that are there."""
        for image in self.images:
            if image.id == image_id:
                return image
        raise UsageError(
            f"the scene has no image {image_id!r}",
            subject=self.id,
            found=", ".join(image.id for image in self.images) or "no image",
        )

    @property
    def center(self) -> Angles | None:
        """The angles at the scene's centre, or None."""
        return next((a for a in self.angles if a.where == "center"), None)
