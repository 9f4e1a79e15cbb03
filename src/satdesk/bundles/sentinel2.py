"""Sentinel-2 SAFE folders, Level-1C and Level-2A, of any processing baseline.

``reflectance = (counts + offset) / quantification``; the offset (−1000 from baseline 04.00 on) and
the quantification are read from the product's metadata, never supposed. Source: Sentinel-2
Products Specification Document (S2-PDGS-TAS-DI-PSD), sections on the user product metadata.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.bundles.checks import image_problems
from satdesk.bundles.format import inside, relative_name
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
from satdesk.errors import BrokenInputError, UsageError
from satdesk.files.xml import Node, read_xml

__all__ = ["Sentinel2"]

_ROOTS = (b"Level-1C_User_Product", b"Level-2A_User_Product")
_IDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
"""Physical bands in the order of ``band_id`` 0 to 12."""
_NAMES = {"B02": "B", "B03": "G", "B04": "R", "B08": "NIR"}
_IMAGES = (
    ("ms", 10, ("B02", "B03", "B04", "B08")),
    ("ms-20m", 20, ("B05", "B06", "B07", "B8A", "B11", "B12")),
    ("ms-60m", 60, ("B01", "B09", "B10")),
)
_OFFSET_SINCE = (4, 0)
_FACTS = ("PRODUCT_URI", "PRODUCT_TYPE", "PROCESSING_BASELINE", "GENERATION_TIME", "PRODUCT_DOI")
_TAKE_FACTS = ("DATATAKE_SENSING_START", "SENSING_ORBIT_NUMBER", "SENSING_ORBIT_DIRECTION")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentinel2:
    """The format of the Copernicus Sentinel-2 mission."""

    name: str = "sentinel-2"

    def matches(self, path: Path) -> bool:
        """Whether `path` is a SAFE folder, a folder of such, or a product metadata file."""
        return bool(_product_files(path))

    def open(self, path: Path) -> Scene:
        """Describe the scene of one SAFE product with one tile."""
        file = _only_product(path)
        root = file.parent
        product = read_xml(file)
        tile = _tile_metadata(root, product)
        level = "L2A" if product.tag.startswith("Level-2A") else "L1C"
        files = _band_files(root, product)
        problems: list[Problem] = []
        images = tuple(_images(product, tile, level, files))
        if not any(image.id == "ms" for image in images):
            raise BrokenInputError(
                "the product lists no 10 m bands",
                subject=file,
                found=", ".join(sorted(one for one, _ in files)),
            )
        for image in images:
            problems.extend(image_problems(root, image))
        problems.extend(_baseline_problem(root, product, level))
        info = _info(product)
        taken = _acquisition(product, tile)
        masks = tuple(_masks(root, tile, files))
        return Scene(
            id=(info.text("PRODUCT_URI") or root.name).removesuffix(".SAFE"),
            mission=info.text("Datatake/SPACECRAFT_NAME"),
            instrument="MSI",
            profile=f"MSI {level}",
            level=info.text("PROCESSING_LEVEL") or level,
            acquisition=taken,
            images=images,
            angles=_angles(tile),
            masks=masks,
            # The line that the Copernicus legal notice demands of whoever publishes.
            credit=f"Contains modified Copernicus Sentinel data {taken.day.year}",
            cloud_percent=product.measured(".//Cloud_Coverage_Assessment"),
            snow_percent=_snow(product),
            facts=tuple(_facts(info, tile)),
            problems=tuple(problems),
            files=(
                file,
                tile.path,
                *(t.path for image in images for t in image.tiles),
                *(mask.path for mask in masks),
            ),
        )


def _only_product(path: Path) -> Path:
    files = _product_files(path)
    if not files:
        raise UsageError("not a Sentinel-2 product", subject=path)
    if len(files) > 1:
        raise UsageError(
            "the folder holds several products",
            subject=path,
            found=", ".join(file.parent.name for file in files[:8]),
            expected="one SAFE folder",
            remedy="name the one that you mean",
        )
    return files[0]


def _product_files(path: Path) -> tuple[Path, ...]:
    """The product's metadata file: `path`, or in it; or those of the SAFE folders in it."""
    if path.is_file():
        return (path,) if _is_product(path) else ()
    here = _metadata_in(path)
    inner = (_metadata_in(folder) for folder in sorted(path.glob("*.SAFE")))
    return here or tuple(file for files in inner for file in files)


def _metadata_in(folder: Path) -> tuple[Path, ...]:
    """The product's metadata file in `folder`, of one product the first; or none."""
    found = (f for f in sorted(folder.glob("*.xml")) if "MTD" in f.name and _is_product(f))
    return tuple(found)[:1]


def _is_product(path: Path) -> bool:
    if path.suffix.lower() != ".xml":
        return False
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    return any(root in head for root in _ROOTS)


def _info(product: Node) -> Node:
    info = product.find("General_Info/Product_Info") or product.find(
        "General_Info/L2A_Product_Info"
    )
    if info is None:
        raise BrokenInputError("the product has no Product_Info", subject=product.path)
    return info


def _tile_metadata(root: Path, product: Node) -> Node:
    """The granule's own metadata; a product of several granules is not one scene on one grid."""
    folders = {
        "/".join(text.split("/")[:2])
        for node in product.all(".//Granule/IMAGE_FILE")
        if (text := node.text())
    }
    if len(folders) != 1:
        raise BrokenInputError(
            "a product of exactly one granule is needed",
            subject=product.path,
            found=", ".join(sorted(folders)) or "no granule",
            expected="one granule, as in every product since December 2016",
            remedy="take the product of the one tile that you need",
        )
    return read_xml(inside(root, root, f"{folders.pop()}/MTD_TL.xml"))


def _band_files(root: Path, product: Node) -> dict[tuple[str, int | None], Path]:
    """Files by what they show and, in L2A, at which resolution: ``("B02", 10)``."""
    files: dict[tuple[str, int | None], Path] = {}
    for node in product.all(".//Granule/IMAGE_FILE"):
        text = node.required()
        match = re.search(r"_(B\d\d|B8A|SCL)(?:_(\d\d)m)?$", text)
        if match:
            resolution = None if match[2] is None else int(match[2])
            files[match[1], resolution] = inside(root, root, f"{text}.jp2")
    return files


def _images(
    product: Node, tile: Node, level: str, files: dict[tuple[str, int | None], Path]
) -> Iterator[SourceImage]:
    calibrations = _calibrations(product, level)
    ranges = _ranges(product)
    for name, resolution, wanted in _IMAGES:
        key = resolution if level == "L2A" else None
        ids = [one for one in wanted if (one, key) in files]
        if not ids:
            continue
        grid = _grid(tile, resolution)
        shape = (grid.shape[0], grid.shape[1])
        yield SourceImage(
            id=name,
            tiles=tuple(ImageTile(path=files[one, key], shape=shape) for one in ids),
            band_files=True,
            grid=grid,
            bands=tuple(
                Band(name=_NAMES.get(one, one), provider_id=one, wavelength_nm=ranges.get(one))
                for one in ids
            ),
            dtype="uint16",
            quantity=Quantity.BOA if level == "L2A" else Quantity.COUNTS,
            calibration=tuple(calibrations[one] for one in ids),
            nodata=_special(product, "NODATA"),
            saturated=_special(product, "SATURATED"),
            gsd_m=(float(resolution), float(resolution)),
            native_gsd_m=float(resolution),
        )


def _grid(tile: Node, resolution: int) -> GeoBox:
    geocoding = tile.find("Geometric_Info/Tile_Geocoding")
    if geocoding is None:
        raise BrokenInputError("the granule states no place", subject=tile.path)
    size = next((n for n in geocoding.all("Size") if _resolution(n) == resolution), None)
    place = next((n for n in geocoding.all("Geoposition") if _resolution(n) == resolution), None)
    if size is None or place is None:
        raise BrokenInputError(
            "the granule states no grid", subject=tile.path, expected=f"one of {resolution} m"
        )
    rows, cols = size.count("NROWS", least=1), size.count("NCOLS", least=1)
    code = geocoding.required("HORIZONTAL_CS_CODE").upper()
    if rows is None or cols is None or not re.fullmatch(r"EPSG:\d{4,6}", code):
        raise BrokenInputError("the granule's grid is incomplete", subject=tile.path, found=code)
    x_step, y_step = place.required_number("XDIM"), place.required_number("YDIM")
    x, y = place.required_number("ULX"), place.required_number("ULY")
    return GeoBox((rows, cols), Affine(x_step, 0, x, 0, y_step, y), code)


def _resolution(node: Node) -> int | None:
    text = node.attribute("resolution") or ""
    return int(text) if re.fullmatch(r"\d{1,4}", text) else None


def _calibrations(product: Node, level: str) -> dict[str, BandCalibration]:
    image = ".//Product_Image_Characteristics"
    paths = (
        (
            f"{image}/QUANTIFICATION_VALUES_LIST/BOA_QUANTIFICATION_VALUE",
            ".//L1C_L2A_Quantification_Values_List/L2A_BOA_QUANTIFICATION_VALUE",
        )
        if level == "L2A"
        else (f"{image}/QUANTIFICATION_VALUE",)
    )
    value = next((number for path in paths if (number := product.number(path)) is not None), None)
    if value is None or value <= 0:
        raise BrokenInputError(
            "the product states no quantification",
            subject=product.path,
            found=str(value),
            expected="a positive QUANTIFICATION_VALUE",
        )
    offsets = dict(_offsets(product, level))
    return {
        one: BandCalibration(quantification=value, offset=offsets.get(one, 0.0)) for one in _IDS
    }


def _offsets(product: Node, level: str) -> Iterator[tuple[str, float]]:
    tag = "BOA_ADD_OFFSET" if level == "L2A" else "RADIO_ADD_OFFSET"
    for node in product.all(f".//{tag}"):
        index = node.attribute("band_id") or ""
        if not re.fullmatch(r"\d{1,2}", index) or int(index) >= len(_IDS):
            raise BrokenInputError(
                f"{tag} names an unknown band", subject=product.path, found=repr(index)
            )
        yield _IDS[int(index)], node.required_number()


def _ranges(product: Node) -> dict[str, tuple[float, float]]:
    ranges = {}
    for node in product.all(".//Spectral_Information_List/Spectral_Information"):
        index = node.attribute("bandId") or ""
        low, high = node.number("Wavelength/MIN"), node.number("Wavelength/MAX")
        known = re.fullmatch(r"\d{1,2}", index) and int(index) < len(_IDS)
        if known and low is not None and high is not None and 0 < low < high:
            ranges[_IDS[int(index)]] = (low, high)
    return ranges


def _special(product: Node, text: str) -> float | None:
    for node in product.all(".//Special_Values"):
        if node.text("SPECIAL_VALUE_TEXT") == text:
            return node.required_number("SPECIAL_VALUE_INDEX")
    return None


def _baseline_problem(root: Path, product: Node, level: str) -> Iterator[Problem]:
    """From baseline 04.00 on an offset must be stated; without it reflectance is 0.1 too high."""
    baseline = _info(product).text("PROCESSING_BASELINE") or ""
    match = re.fullmatch(r"(\d\d)\.(\d\d)", baseline)
    if match and (int(match[1]), int(match[2])) >= _OFFSET_SINCE and baseline != "99.99":
        stated = {one for one, _ in _offsets(product, level)}
        wanted = {one for _, _, ids in _IMAGES[:1] for one in ids}
        if not wanted <= stated:
            yield Problem(
                code="offset-missing",
                file=relative_name(root, product.path),
                found=f"baseline {baseline} without offsets for {', '.join(wanted - stated)}",
                expected="an offset for every band",
                remedy="copy the product again from its source",
                blocks=True,
            )


def _acquisition(product: Node, tile: Node) -> Acquisition:
    """When the granule was sensed, else when the product begins."""
    text = tile.text("General_Info/SENSING_TIME") or _info(product).required("PRODUCT_START_TIME")
    try:
        instant = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        raise BrokenInputError(
            "a time in the metadata does not exist", subject=tile.path, found=repr(text[:60])
        ) from None
    if instant.tzinfo is None:
        return Acquisition.on(instant.date())
    return Acquisition.at(instant.astimezone(UTC))


def _angles(tile: Node) -> tuple[Angles, ...]:
    """Means over the tile; the view's over the four 10 m bands."""
    node = tile.find("Geometric_Info/Tile_Angles")
    if node is None:
        return ()
    ten_metre = {str(_IDS.index(one)) for one in _IMAGES[0][2]}
    path = "Mean_Viewing_Incidence_Angle_List/Mean_Viewing_Incidence_Angle"
    views = [view for view in node.all(path) if view.attribute("bandId") in ten_metre]
    zeniths = [z for view in views if (z := view.measured("ZENITH_ANGLE")) is not None]
    azimuths = [a for view in views if (a := view.measured("AZIMUTH_ANGLE")) is not None]
    sun_zenith = node.measured("Mean_Sun_Angle/ZENITH_ANGLE")
    return (
        Angles(
            where="center",
            incidence_deg=sum(zeniths) / len(zeniths) if zeniths else None,
            view_azimuth_deg=_circular_mean(azimuths),
            sun_elevation_deg=None if sun_zenith is None else 90 - sun_zenith,
            sun_azimuth_deg=node.measured("Mean_Sun_Angle/AZIMUTH_ANGLE"),
        ),
    )


def _snow(product: Node) -> float | None:
    """Level-2A counts snow or ice by class; later Level-1C products assess it."""
    counted = product.measured(".//SNOW_ICE_PERCENTAGE")
    return product.measured(".//Snow_Coverage_Assessment") if counted is None else counted


def _circular_mean(degrees: list[float]) -> float | None:
    if not degrees:
        return None
    east = sum(math.sin(math.radians(one)) for one in degrees)
    north = sum(math.cos(math.radians(one)) for one in degrees)
    return math.degrees(math.atan2(east, north)) % 360


def _masks(root: Path, tile: Node, files: dict[tuple[str, int | None], Path]) -> Iterator[MaskFile]:
    classes = files.get(("SCL", 20))
    if classes is not None and classes.is_file():
        yield MaskFile(kind="scene_classification", path=classes, image_id="ms-20m")
    for name, kind in (("MSK_CLASSI_B00.jp2", "cloud"), ("MSK_CLOUDS_B00.gml", "cloud")):
        path = inside(root, tile.path.parent, f"QI_DATA/{name}")
        if path.is_file():
            yield MaskFile(kind=kind, path=path, image_id="ms-60m")


def _facts(info: Node, tile: Node) -> Iterator[tuple[str, str]]:
    for name in _FACTS:
        value = info.text(name)
        if value is not None:
            yield name.lower(), value
    for name in _TAKE_FACTS:
        value = info.text(f"Datatake/{name}")
        if value is not None:
            yield name.lower(), value
    for name in ("TILE_ID", "SENSING_TIME"):
        value = tile.text(f"General_Info/{name}")
        if value is not None:
            yield name.lower(), value
