"""The tables of a recipe as values: what a job is asked to do, and with which files.

Programs make them too, so they check what TOML's schema checks where a wrong word would be taken
for another wish.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from satdesk.core.arguments import keep_paths, require_one_of, require_size
from satdesk.core.scene import GEOMETRIES, Acquisition, require_acquisition
from satdesk.core.statement import Statement
from satdesk.errors import UsageError
from satdesk.release.content import Licence

__all__ = [
    "PRODUCTS",
    "QUANTITIES",
    "DisplayChoice",
    "DistrictChoice",
    "GridChoice",
    "HoldsChoice",
    "MasksChoice",
    "MosaicChoice",
    "RegistrationChoice",
    "SceneChoice",
    "SitesChoice",
    "StatedAccuracy",
    "StatementsChoice",
    "TerrainChoice",
]

PRODUCTS = ("pan", "ms", "sharpened")
QUANTITIES = ("toa", "boa", "counts")
_UNSTATED = Licence()


@dataclass(frozen=True, slots=True, kw_only=True)
class DistrictChoice:
    """Which district, by exactly one of name, code, file and box; the rest states facts."""

    name: str | None = None
    code: str | None = None
    file: Path | None = None
    feature: str | None = None
    box: tuple[float, float, float, float] | None = None
    title: str | None = None
    source: str | None = None
    source_date: str | None = None
    viewpoint: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    contested: bool | None = None
    country: str | None = None

    def __post_init__(self) -> None:
        keep_paths(self, "file")


@dataclass(frozen=True, slots=True, kw_only=True)
class SitesChoice:
    """Which sites: a register (None = the one that ships) and, optionally, ids from it."""

    register: Path | None = None
    include: tuple[str, ...] | None = None
    none: bool = False

    def __post_init__(self) -> None:
        keep_paths(self, "register")


@dataclass(frozen=True, slots=True, kw_only=True)
class GridChoice:
    """Output grid and product; None leaves the choice to the rules in the reference.

    Attributes:
        accuracy_m: CE90 in metres that every picture must print at most; None = not asked.
    """

    crs: str | None = None
    gsd_m: float | None = None
    product: str | None = None
    quantity: str | None = None
    sharpening: str = "brovey"
    resampling: str = "cubic"
    accuracy_m: float | None = None
    codec: str = "zstd:9"

    def __post_init__(self) -> None:
        require_one_of(self.product, "product", PRODUCTS)
        require_one_of(self.quantity, "quantity", QUANTITIES)
        require_size(self.gsd_m, "gsd_m")
        require_size(self.accuracy_m, "accuracy_m")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedAccuracy:
    """How exact a DEM's heights are, as somebody states.

    Attributes:
        le90_m: Error that 90 % of the heights do not exceed, metres.
        source: Who says so.
    """

    le90_m: float
    source: str

    def __post_init__(self) -> None:
        if not (0 < self.le90_m < math.inf and self.source.strip()):
            raise UsageError(
                "a terrain's accuracy is a number of metres with its source",
                found=f"{self.le90_m:g} m, {self.source!r}",
                expected="LE90 above 0 and who states it",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class TerrainChoice:
    """DEM files with their vertical datum, or one ellipsoidal height in metres.

    Attributes:
        accuracy: Of the DEM's heights; None = nobody states it.
    """

    dem: tuple[Path, ...] = ()
    vertical: str | None = None
    geoid: Path | None = None
    height_m: float | None = None
    accuracy: StatedAccuracy | None = None

    def __post_init__(self) -> None:
        if isinstance(self.dem, str | PathLike):
            object.__setattr__(self, "dem", (self.dem,))
        keep_paths(self, "dem", "geoid")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationChoice:
    """How the dates are laid on each other.

    Attributes:
        reference: Id of the date that stays; None = the first.
        method: ``auto`` (measure, move where it is due, refuse what cannot be measured) or
            ``none``.
    """

    reference: str | None = None
    method: str = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldsChoice:
    """How strict the rules are that hold a release back.

    Attributes:
        conflict_area: People could be harmed by what a fresh picture shows.
        scene_age_hours: How old a scene of such an area must be.
    """

    conflict_area: bool = False
    scene_age_hours: float = 72.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MasksChoice:
    """How cloud, shadow and snow are found.

    Attributes:
        method: ``none``, or some of ``classical`` (brightness, and shadows where the sun puts
            them), ``provider`` (the delivery's own masks) and ``learned`` (a network, from the
            extra ``satdesk[masks]``), joined by ``+``.
    """

    method: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class MosaicChoice:
    """How several scenes of one date are put together.

    Attributes:
        order: Rules by which the scenes are ordered, the first decides; see `mosaic_order.RULES`.
        seams: ``cost`` (lines of least cost) or ``order`` (each scene over the next).
        contradictions: Where one scene looks as if under a cloud or its shadow beside another:
            ``older`` (an older one gives way, a newer one counts as not told), ``avoid`` (either
            gives way) or ``ignore``.
        balance: ``display`` (the picture for eyes is balanced, ``image.tif`` stays as measured),
            ``image`` (both are balanced) or ``none``.
        feather_m: Half the width in metres of the band in which the picture for eyes is mixed
            across a seam; 0 = none.
        dates: Whether the dates are balanced to each other for display, on stable ground.
    """

    order: tuple[str, ...] = ("cloud", "date", "view", "sun")
    seams: str = "cost"
    contradictions: str = "older"
    balance: str = "display"
    feather_m: float | None = None
    dates: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayChoice:
    """What is done to pictures for eyes alone.

    Attributes:
        dehaze: Whether each date's own even haze is taken off; captions say so.
    """

    dehaze: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementsChoice:
    """Sentences of a text about the district, which analysts answer.

    Attributes:
        file: Where they stand; no result may replace it. None = in the recipe itself, or none.
        listed: The statements.
    """

    file: Path | None = None
    listed: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneChoice:
    """One scene: where it lies and what its files do not say.

    Attributes:
        at: The acquisition as the recipe states it; None = the files say.
        bands: Our names in the file's order; None = the files say.
        counts_per_reflectance: Counts that mean reflectance 1.0; None = the files say.
        refinement: What ``satdesk refine --out`` wrote; None = the models as they are.
        group: Scenes of one group make one date; None = a date of its own.
        geometry: Of images that lie on a map and have an RPC: ``map`` = they are orthorectified,
            ``model`` = the RPC is their camera; None = the numbers tell.
    """

    bundle: Path | None = None
    pan: Path | None = None
    ms: Path | None = None
    image: Path | None = None
    rpc: Path | None = None
    ms_rpc: Path | None = None
    at: Acquisition | None = None
    bands: tuple[str, ...] | None = None
    mission: str | None = None
    instrument: str | None = None
    credit: str | None = None
    counts_per_reflectance: float | None = None
    nodata: float | None = None
    refinement: Path | None = None
    group: str | None = None
    geometry: str | None = None
    licence: Licence = _UNSTATED

    def __post_init__(self) -> None:
        keep_paths(self, "bundle", "pan", "ms", "image", "rpc", "ms_rpc", "refinement")
        require_one_of(self.geometry, "geometry", GEOMETRIES)
        require_acquisition(self.at)
