"""Landsat 4 to 9 in Collection 2, Level-1 and Level-2, as folders of bands with their MTL.

Level 1: ``reflectance = (mult · counts + add) / sin(sun's elevation)``; Level 2: surface
reflectance ``mult · counts + add``. All numbers are read from the product. Source: USGS, Landsat
8-9 Level 1 Data Format Control Book (LSDS-1822) and Level 2 (LSDS-1328).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.bundles.checks import image_problems
from satdesk.bundles.format import inside, relative_name
from satdesk.bundles.landsat_metadata import Metadata, metadata_file, read_metadata
from satdesk.core.bands import Band
from satdesk.core.scene import (
    Acquisition,
    Angles,
    BandCalibration,
    ImageTile,
    MaskFile,
    Problem,
    Scene,
    SourceImage,
)
from satdesk.core.units import Quantity
from satdesk.errors import BrokenInputError, InputError, UsageError
from satdesk.files.rasters import describe_file, image_state

__all__ = ["Landsat"]

_CONTENTS, _TAKEN, _MAP = "PRODUCT_CONTENTS", "IMAGE_ATTRIBUTES", "PROJECTION_ATTRIBUTES"
_SCALES = {1: "LEVEL1_RADIOMETRIC_RESCALING", 2: "LEVEL2_SURFACE_REFLECTANCE_PARAMETERS"}
_PIXELS = {1: "LEVEL1_MIN_MAX_PIXEL_VALUE", 2: "LEVEL2_SURFACE_REFLECTANCE_PARAMETERS"}
_OLI = {
    "8": ("PAN", 500, 680), "2": ("B", 450, 510), "3": ("G", 530, 590), "4": ("R", 640, 670),
    "5": ("NIR", 850, 880), "6": ("SWIR1", 1570, 1650), "7": ("SWIR2", 2110, 2290),
}  # fmt: skip
_ETM = {
    "8": ("PAN", 520, 900), "1": ("B", 450, 520), "2": ("G", 520, 600), "3": ("R", 630, 690),
    "4": ("NIR", 770, 900), "5": ("SWIR1", 1550, 1750), "7": ("SWIR2", 2090, 2350),
}  # fmt: skip
_TM = {
    "1": ("B", 450, 520), "2": ("G", 520, 600), "3": ("R", 630, 690),
    "4": ("NIR", 760, 900), "5": ("SWIR1", 1550, 1750), "7": ("SWIR2", 2080, 2350),
}  # fmt: skip
_BANDS: Mapping[str, Mapping[str, tuple[str, int, int]]] = {
    "LANDSAT_9": _OLI, "LANDSAT_8": _OLI, "LANDSAT_7": _ETM, "LANDSAT_5": _TM, "LANDSAT_4": _TM,
}  # fmt: skip
"""Number of a band: our name, edges in nm (USGS, Landsat band designations)."""
_IMAGES = (
    ("pan", "PANCHROMATIC", ("PAN",)),
    ("ms", "REFLECTIVE", ("B", "G", "R", "NIR")),
    ("swir", "REFLECTIVE", ("SWIR1", "SWIR2")),
)
_MASKS = (
    ("pixel_quality", "FILE_NAME_QUALITY_L1_PIXEL"),
    ("radiometric_saturation", "FILE_NAME_QUALITY_L1_RADIOMETRIC_SATURATION"),
)
_FACTS = (
    (_CONTENTS, "COLLECTION_CATEGORY"),
    (_CONTENTS, "DIGITAL_OBJECT_IDENTIFIER"),
    (_TAKEN, "WRS_PATH"),
    (_TAKEN, "WRS_ROW"),
    (_TAKEN, "EARTH_SUN_DISTANCE"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Landsat:
    """The format of USGS's Collection 2."""

    name: str = "landsat"

    def matches(self, path: Path) -> bool:
        """Whether `path` is the metadata of a product, or a folder that holds it."""
        return metadata_file(path) is not None

    def open(self, path: Path) -> Scene:
        """Describe the scene of one product."""
        file = metadata_file(path)
        if file is None:
            raise UsageError("not a Landsat product", subject=path)
        data, root = read_metadata(file), file.parent
        level = _level(data)
        satellite = data.required(_TAKEN, "SPACECRAFT_ID")
        images = tuple(_images(data, root, level, _numbers(data, satellite)))
        if not any(image.id == "ms" for image in images):
            raise BrokenInputError("the product lists no visible bands", subject=file)
        masks = tuple(_masks(data, root))
        return Scene(
            id=data.required(_CONTENTS, "LANDSAT_PRODUCT_ID"),
            mission=satellite.replace("_", " ").title(),
            instrument=data.text(_TAKEN, "SENSOR_ID"),
            profile=f"Landsat C2 L{level}",
            level=data.text(_CONTENTS, "PROCESSING_LEVEL"),
            acquisition=_acquisition(data),
            images=images,
            angles=_angles(data),
            masks=masks,
            credit=data.text(_CONTENTS, "ORIGIN"),
            cloud_percent=_cloud(data),
            facts=tuple(_facts(data)),
            problems=tuple(_problems(root, images)),
            files=(
                file,
                *(t.path for image in images for t in image.tiles),
                *(mask.path for mask in masks),
            ),
        )


def _level(data: Metadata) -> int:
    text = data.required(_CONTENTS, "PROCESSING_LEVEL")
    if not re.fullmatch(r"L[12][A-Z]{2}", text):
        raise BrokenInputError(
            "an unknown processing level",
            subject=data.path,
            found=repr(text[:20]),
            expected="L1TP, L1GT, L1GS, L2SP or L2SR",
        )
    return int(text[1])


def _numbers(data: Metadata, satellite: str) -> dict[str, tuple[str, Band]]:
    """Number and band by our name."""
    bands = _BANDS.get(satellite)
    if bands is None:
        raise BrokenInputError(
            "the bands of this satellite are not known",
            subject=data.path,
            found=satellite[:40],
            expected=", ".join(_BANDS),
            remedy="name its files with --ms and --bands",
        )
    return {
        name: (number, Band(name=name, provider_id=f"B{number}", wavelength_nm=(low, high)))
        for number, (name, low, high) in bands.items()
    }


def _images(
    data: Metadata, root: Path, level: int, numbers: Mapping[str, tuple[str, Band]]
) -> Iterator[SourceImage]:
    for image_id, kind, names in _IMAGES:
        wanted = [numbers[n] for n in names if n in numbers]
        files = {
            number: text
            for number, _ in wanted
            if (text := data.text(_CONTENTS, f"FILE_NAME_BAND_{number}")) is not None
        }
        listed = [(number, band) for number, band in wanted if number in files]
        if not listed:
            continue
        grid = _grid(data, kind)
        shape = (int(grid.shape[0]), int(grid.shape[1]))
        pixel = abs(grid.affine.a)
        yield SourceImage(
            id=image_id,
            tiles=tuple(
                ImageTile(path=inside(root, root, files[number]), shape=shape)
                for number, _ in listed
            ),
            band_files=True,
            grid=grid,
            bands=tuple(band for _, band in listed),
            dtype=_dtype(data, listed[0][0]),
            quantity=Quantity.BOA if level == 2 else Quantity.COUNTS,
            calibration=_calibrations(data, level, [number for number, _ in listed]),
            nodata=0.0,
            saturated=data.number(_PIXELS[level], f"QUANTIZE_CAL_MAX_BAND_{listed[0][0]}"),
            gsd_m=(pixel, pixel),
            native_gsd_m=pixel,
        )


def _dtype(data: Metadata, number: str) -> str | None:
    text = data.text(_CONTENTS, f"DATA_TYPE_BAND_{number}")
    return text.lower() if text in {"UINT8", "UINT16"} else None


def _calibrations(
    data: Metadata, level: int, numbers: list[str]
) -> tuple[BandCalibration, ...] | None:
    """``(mult · counts + add) / s`` as ``(counts + add / mult) / (s / mult)``; s = 1 in Level 2.

    None where the sun of a Level-1 product stands below the horizon, or nothing is stated.
    """
    elevation = data.number(_TAKEN, "SUN_ELEVATION")
    divisor = 1.0
    if level == 1:
        if elevation is None or not 0 < elevation <= 90:
            return None
        divisor = math.sin(math.radians(elevation))
    made = []
    for number in numbers:
        mult = data.number(_SCALES[level], f"REFLECTANCE_MULT_BAND_{number}")
        add = data.number(_SCALES[level], f"REFLECTANCE_ADD_BAND_{number}")
        if mult is None or add is None:
            return None
        if mult <= 0:
            raise BrokenInputError(
                f"REFLECTANCE_MULT_BAND_{number} must be positive",
                subject=data.path,
                found=f"{mult:g}",
            )
        made.append(BandCalibration(quantification=divisor / mult, offset=add / mult))
    return tuple(made)


def _grid(data: Metadata, kind: str) -> GeoBox:
    """The corner in the metadata is the *centre* of the first pixel, one for all pixel sizes."""
    projection = data.required(_MAP, "MAP_PROJECTION")
    zone = data.number(_MAP, "UTM_ZONE")
    if projection != "UTM" or zone is None or not 1 <= zone <= 60:
        raise BrokenInputError(
            "the product lies on another map",
            subject=data.path,
            found=projection[:40],
            expected="UTM with its zone",
            remedy="name its files with --ms and --bands",
        )
    shape = _count(data, f"{kind}_LINES"), _count(data, f"{kind}_SAMPLES")
    step = data.required_number(_MAP, f"GRID_CELL_SIZE_{kind}")
    if not 1 <= step <= 1000:
        raise BrokenInputError("no possible pixel", subject=data.path, found=f"{step:g} m")
    x = data.required_number(_MAP, "CORNER_UL_PROJECTION_X_PRODUCT") - step / 2
    y = data.required_number(_MAP, "CORNER_UL_PROJECTION_Y_PRODUCT") + step / 2
    # Southern zones are written as northern ones with negative northings.
    return GeoBox(shape, Affine(step, 0, x, 0, -step, y), f"EPSG:{32600 + int(zone)}")


def _count(data: Metadata, name: str) -> int:
    value = data.required_number(_MAP, name)
    if not (value.is_integer() and 1 <= value <= 100_000):
        raise BrokenInputError(f"{name} is no size", subject=data.path, found=f"{value:g}")
    return int(value)


def _acquisition(data: Metadata) -> Acquisition:
    day = data.required(_TAKEN, "DATE_ACQUIRED")
    clock = data.text(_TAKEN, "SCENE_CENTER_TIME")
    try:
        if clock is None:
            return Acquisition.on(datetime.fromisoformat(day).date())
        short = re.sub(r"(\.\d{6})\d+", r"\1", clock)
        instant = datetime.fromisoformat(f"{day}T{short}")
    except ValueError:
        raise BrokenInputError(
            "a time in the metadata does not exist",
            subject=data.path,
            found=repr(f"{day} {clock}"[:60]),
        ) from None
    if instant.tzinfo is None:
        return Acquisition.on(instant.date())
    return Acquisition.at(instant.astimezone(UTC))


def _angles(data: Metadata) -> tuple[Angles, ...]:
    azimuth = data.number(_TAKEN, "SUN_AZIMUTH")
    roll = data.number(_TAKEN, "ROLL_ANGLE")
    return (
        Angles(
            where="center",
            viewing_deg=None if roll is None else abs(roll),
            sun_elevation_deg=data.number(_TAKEN, "SUN_ELEVATION"),
            sun_azimuth_deg=None if azimuth is None else azimuth % 360,
        ),
    )


def _cloud(data: Metadata) -> float | None:
    """−1 means that nobody counted."""
    value = data.number(_TAKEN, "CLOUD_COVER")
    return None if value is None or value < 0 else value


def _masks(data: Metadata, root: Path) -> Iterator[MaskFile]:
    for kind, name in _MASKS:
        text = data.text(_CONTENTS, name)
        path = None if text is None else inside(root, root, text)
        if path is not None and path.is_file():
            yield MaskFile(kind=kind, path=path, image_id="ms")


def _problems(root: Path, images: tuple[SourceImage, ...]) -> Iterator[Problem]:
    for image in images:
        yield from image_problems(root, image)
        for tile in image.tiles:
            yield from _misplaced(root, image, tile.path)
        if image.calibration is None:
            yield Problem(
                code="calibration-missing",
                file=relative_name(root, image.tiles[0].path),
                found="no scale of reflectance, or a sun below the horizon",
                expected="REFLECTANCE_MULT_BAND_x, REFLECTANCE_ADD_BAND_x and SUN_ELEVATION",
                remedy="keep counts",
            )


def _misplaced(root: Path, image: SourceImage, path: Path) -> Iterator[Problem]:
    """The file's own place, where it has one, is that of the metadata."""
    if image_state(path) != "present":
        return
    try:
        facts = describe_file(path)
    except InputError:
        return  # told by `image_problems`
    wanted = tuple(image.grid.affine)[:6]
    if facts.crs is not None and not all(
        math.isclose(a, b, abs_tol=0.01)
        for a, b in zip(tuple(facts.affine)[:6], wanted, strict=True)
    ):
        yield Problem(
            code="image-misplaced",
            file=relative_name(root, path),
            found=f"upper left corner {facts.affine.c:g}, {facts.affine.f:g}",
            expected=f"{image.grid.affine.c:g}, {image.grid.affine.f:g}, as the metadata say",
            remedy="copy the delivery again from its source",
            blocks=True,
        )


def _facts(data: Metadata) -> Iterator[tuple[str, str]]:
    for group, name in _FACTS:
        value = data.text(group, name)
        if value is not None:
            yield name.lower(), value
