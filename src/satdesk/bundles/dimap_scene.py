"""DIMAP v2: who took it, when, under which angles, with which masks; and all that is told besides.

**Which instant.** IMAGING_TIME is when the *strip* began, the centre's TIME when this product's
middle was imaged; they differ by seconds. The scene's acquisition is the centre's TIME, because the
sun's and the view's angles belong to it; both stand in the facts.

**AZIMUTH_ANGLE** has two meanings: in Pléiades sensor products it is the azimuth in which the
image's rows advance, in the SPOT 7 ORTHO at hand the azimuth from the target to the satellite
(`view_azimuth` tells them apart by how the scene was scanned).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from satdesk.bundles.format import inside, relative_name
from satdesk.core.scene import Acquisition, Angles, MaskFile, Problem
from satdesk.errors import BrokenInputError, UnreadableInputError
from satdesk.files.xml import Node, read_xml

__all__ = ["Strip", "acquisition", "angles", "facts", "masks", "strip", "view_azimuth"]

_MISSIONS = {"SPOT": "SPOT", "PHR": "Pléiades", "PNEO": "Pléiades Neo"}
_MASKS = {
    "CLD": "cloud",
    "SNW": "snow",
    "DET": "detector",
    "QTE": "quality",
    "ROI": "roi",
    "SLT": "straylight",
    "VIS": "visibility",
    "DTM": "terrain",
    "UTI": "usable",
}
_AGREEMENT_DEG = 30.0
_FACTS = (
    ("profile", "Metadata_Identification/METADATA_PROFILE"),
    ("dataset_name", "Dataset_Identification/DATASET_NAME"),
    ("dataset_type", "Dataset_Identification/DATASET_TYPE"),
    ("licence", "Dataset_Identification/Legal_Constraints/LICENSE"),
    ("surface_area_km2", "Dataset_Content/SURFACE_AREA"),
    ("producer", "Product_Information/Producer_Information/PRODUCER_NAME"),
    ("production_date", "Product_Information/Delivery_Identification/PRODUCTION_DATE"),
    ("job_id", "Product_Information/Delivery_Identification/JOB_ID"),
    ("product_code", "Product_Information/Delivery_Identification/PRODUCT_CODE"),
    ("product_info", "Product_Information/Delivery_Identification/PRODUCT_INFO"),
    (
        "customer_reference",
        "Product_Information/Delivery_Identification/Order_Identification/CUSTOMER_REFERENCE",
    ),
    (
        "internal_reference",
        "Product_Information/Delivery_Identification/Order_Identification/INTERNAL_REFERENCE",
    ),
    (
        "commercial_reference",
        "Product_Information/Delivery_Identification/Order_Identification/COMMERCIAL_REFERENCE",
    ),
    (
        "commercial_item",
        "Product_Information/Delivery_Identification/Order_Identification/COMMERCIAL_ITEM",
    ),
    (
        "order_comment",
        "Product_Information/Delivery_Identification/Order_Identification/COMMENT",
    ),
    ("crs_name", "Coordinate_Reference_System/Projected_CRS/PROJECTED_CRS_NAME"),
    ("geodetic_crs_name", "Coordinate_Reference_System/Geodetic_CRS/GEODETIC_CRS_NAME"),
    ("temporal_crs", "Coordinate_Reference_System/Temporal_CRS/TEMPORAL_CRS_NAME"),
    ("raster_geometry", "Geoposition/Raster_CRS/RASTER_GEOMETRY"),
    ("pixel_origin", "Geoposition/Raster_CRS/PIXEL_ORIGIN"),
    ("processing_level", "Processing_Information/Product_Settings/PROCESSING_LEVEL"),
    ("spectral_processing", "Processing_Information/Product_Settings/SPECTRAL_PROCESSING"),
    (
        "geometric_processing",
        "Processing_Information/Product_Settings/Geometric_Settings/GEOMETRIC_PROCESSING",
    ),
    (
        "height_source",
        "Processing_Information/Product_Settings/Geometric_Settings/VERTICAL_DESC",
    ),
    (
        "radiometric_processing",
        "Processing_Information/Product_Settings/Radiometric_Settings/RADIOMETRIC_PROCESSING",
    ),
    (
        "resampling_spacing_m",
        "Processing_Information/Product_Settings/Sampling_Settings/RESAMPLING_SPACING",
    ),
    (
        "resampling_kernel",
        "Processing_Information/Product_Settings/Sampling_Settings/RESAMPLING_KERNEL",
    ),
    ("rows", "Raster_Data/Raster_Dimensions/NROWS"),
    ("columns", "Raster_Data/Raster_Dimensions/NCOLS"),
    ("bands", "Raster_Data/Raster_Dimensions/NBANDS"),
    ("file_format", "Raster_Data/Data_Access/DATA_FILE_FORMAT"),
    ("compression", "Raster_Data/Raster_Encoding/COMPRESSION_TYPE"),
    ("bits_stored", "Raster_Data/Raster_Encoding/NBITS"),
    ("acquisition_range_bits", "Radiometric_Data/Dynamic_Range/ACQUISITION_RANGE"),
    ("product_range_bits", "Radiometric_Data/Dynamic_Range/PRODUCT_RANGE"),
    ("adjustment", "Radiometric_Data/Dynamic_Adjustment/ADJUSTMENT_TYPE"),
)


class Strip:
    """The data strip that a product was cut from.

    Attributes:
        source_id: The provider's name of the strip.
        mission: ``SPOT 7``, ``Pléiades 1A``; None = not stated.
        instrument: Camera; None = not stated.
        day: IMAGING_DATE.
        time: IMAGING_TIME as written.
        simulated: Some name of the strip or the product says SIMULATED.
    """

    def __init__(self, document: Node) -> None:
        nodes = list(document.all("Dataset_Sources/Source_Identification"))
        node = next((n for n in nodes if n.find("Strip_Source") is not None), None)
        source = None if node is None else node.find("Strip_Source")
        self.source_id = None if node is None else node.text("SOURCE_ID")
        self.mission = None if source is None else _mission(source)
        self.instrument = None if source is None else _named(source, "INSTRUMENT")
        self.day = None if source is None else source.text("IMAGING_DATE")
        self.time = None if source is None else source.text("IMAGING_TIME")
        name = document.text("Dataset_Identification/DATASET_NAME")
        words = (self.source_id, self.mission, self.instrument, name)
        self.simulated = any("SIMULATED" in (word or "").upper() for word in words)


def strip(document: Node) -> Strip:
    """The strip of a product; every field may be None."""
    return Strip(document)


def acquisition(
    document: Node, taken: Strip, name: str
) -> tuple[Acquisition | None, tuple[Problem, ...]]:
    """When the product's centre was imaged, else when its strip began, else its day."""
    zone = document.text("Coordinate_Reference_System/Temporal_CRS/TEMPORAL_CRS_NAME")
    in_utc = zone == "UTC"
    problems: list[Problem] = []
    if taken.time is not None and not _has_zone(taken.time):
        problems.append(_zone_missing(name, taken.time, zone))
    center = next((n for n in _located(document) if _where(n) == "center"), None)
    written = None if center is None else center.text("TIME")
    instant = None if written is None else _instant(document.path, written, in_utc=in_utc)
    if instant is None and taken.day and taken.time:
        instant = _instant(document.path, f"{taken.day}T{taken.time}", in_utc=in_utc)
    if instant is not None:
        return Acquisition.at(instant), tuple(problems)
    if taken.day is None:
        return None, tuple(problems)
    return Acquisition.on(_day(document.path, taken.day)), tuple(problems)


def angles(document: Node, scan_deg: float | None) -> tuple[Angles, ...]:
    """Every place with stated angles, the centre first.

    Args:
        document: The DIM file.
        scan_deg: Azimuth in which the image's rows advance, as the camera model says; None = take
            it from the times of a map-oriented (north-up) image.
    """
    nodes = list(_located(document))
    if scan_deg is None and document.find("Geoposition/Geoposition_Insert") is not None:
        scan_deg = _scan_of_map(document.path, nodes)
    found = [_angles(node, scan_deg) for node in nodes]
    return tuple(sorted(found, key=lambda one: one.where != "center"))


def view_azimuth(
    stated: float | None, across: float | None, along: float | None, scan_deg: float | None
) -> float | None:
    """Azimuth from the target to the satellite, or None where it cannot be told.

    The incidence's two components give the satellite's bearing against the direction of scan,
    δ = atan2(−tan across, tan along). Either AZIMUTH_ANGLE is the scan's azimuth, then the answer
    is AZIMUTH_ANGLE + δ; or it is the answer itself, then AZIMUTH_ANGLE − δ is the scan's. Which
    of the two, the true direction of scan decides. Checked against the rays of two Pléiades RPCs.

    Args:
        stated: AZIMUTH_ANGLE, degrees.
        across: INCIDENCE_ANGLE_ACROSS_TRACK, degrees.
        along: INCIDENCE_ANGLE_ALONG_TRACK, degrees.
        scan_deg: Azimuth in which the rows advance, degrees.
    """
    if stated is None or across is None or along is None or scan_deg is None:
        return None
    bearing = math.degrees(
        math.atan2(-math.tan(math.radians(across)), math.tan(math.radians(along)))
    )
    answers = [
        answer % 360
        for answer, scan in ((stated + bearing, stated), (stated, stated - bearing))
        if _apart(scan, scan_deg) <= _AGREEMENT_DEG
    ]
    if not answers or _apart(answers[0], answers[-1]) > 1:
        return None
    return answers[0]


def masks(
    root: Path, document: Node, image_id: str
) -> tuple[tuple[MaskFile, ...], tuple[Problem, ...]]:
    """The GML masks that are there with their numbers of polygons, and those that are not."""
    found: list[MaskFile] = []
    problems: list[Problem] = []
    path = "Quality_Assessment/Imaging_Quality_Measurement/Quality_Mask/Component/COMPONENT_PATH"
    for node in document.all(path):
        reference = node.attribute("href")
        if reference is None:
            continue
        file = inside(root, document.path.parent, reference)
        kind = _MASKS.get(file.name[:3].upper(), file.name.split("_", 1)[0].lower())
        if not file.is_file():
            problems.append(_mask_absent(relative_name(root, file)))
            continue
        features = _features(file)
        found.append(MaskFile(kind=kind, path=file, image_id=image_id, features=features))
    return tuple(found), tuple(problems)


def facts(document: Node, taken: Strip) -> Iterator[tuple[str, str]]:
    """Everything else that the DIM states, as text."""
    for name, path in _FACTS:
        value = document.text(path)
        if value is not None and value != "NA":
            yield name, value
    stated = (
        ("strip_id", taken.source_id),
        ("imaging_date", taken.day),
        ("imaging_time", taken.time),
    )
    yield from ((name, value) for name, value in stated if value is not None)
    for node in _located(document):
        where = _where(node)
        for name, path in (
            ("time", "TIME"),
            ("azimuth_angle_as_stated", "Acquisition_Angles/AZIMUTH_ANGLE"),
            ("gsd_across_track_m", "Ground_Sample_Distance/GSD_ACROSS_TRACK"),
            ("gsd_along_track_m", "Ground_Sample_Distance/GSD_ALONG_TRACK"),
        ):
            value = node.text(path)
            if value is not None:
                yield f"{where}_{name}", value
    yield from _stated_accuracy(document)
    for node in document.all("Radiometric_Data/Histogram_Band_List/Histogram_Band"):
        band = node.text("BAND_ID")
        for name in ("MIN", "MAX", "MEAN", "STDV"):
            value = node.text(name)
            if band is not None and value is not None:
                yield f"histogram_{band}_{name.lower()}", value


def _stated_accuracy(document: Node) -> Iterator[tuple[str, str]]:
    """CE90 of the absolute horizontal accuracy (AHA); relative ones (RHA) say nothing of places."""
    for node in document.all("Quality_Assessment/Planimetric_Accuracy_Measurement"):
        value = node.text("Quality_Values/ACCURACY_CE90")
        if value is not None and node.text("MEASURE_ID") in {None, "AHA"}:
            yield "horizontal_accuracy_ce90_m", value
            return


def _located(document: Node) -> Iterator[Node]:
    yield from document.all("Geometric_Data/Use_Area/Located_Geometric_Values")


def _where(node: Node) -> str:
    """``Top Center``, ``TopCenter`` → ``top_center``."""
    name = (node.text("LOCATION_TYPE") or "unknown").replace(" ", "")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _angles(node: Node, scan_deg: float | None) -> Angles:
    time = node.text("TIME")
    return Angles(
        where=_where(node),
        incidence_deg=node.number("Acquisition_Angles/INCIDENCE_ANGLE"),
        view_azimuth_deg=view_azimuth(
            node.number("Acquisition_Angles/AZIMUTH_ANGLE"),
            node.number("Acquisition_Angles/INCIDENCE_ANGLE_ACROSS_TRACK"),
            node.number("Acquisition_Angles/INCIDENCE_ANGLE_ALONG_TRACK"),
            scan_deg,
        ),
        viewing_deg=node.number("Acquisition_Angles/VIEWING_ANGLE"),
        sun_elevation_deg=node.number("Solar_Incidences/SUN_ELEVATION"),
        sun_azimuth_deg=node.number("Solar_Incidences/SUN_AZIMUTH"),
        time=None if time is None else _instant(node.path, time, in_utc=True),
    )


def _scan_of_map(path: Path, nodes: list[Node]) -> float | None:
    """180° where the north of a map-oriented image was imaged first, 0° where the south was."""
    times = {
        _where(node): _instant(path, time, in_utc=True)
        for node in nodes
        if (time := node.text("TIME"))
    }
    top, bottom = times.get("top_center"), times.get("bottom_center")
    if top is None or bottom is None or top == bottom:
        return None
    return 180.0 if top < bottom else 0.0


def _apart(a: float, b: float) -> float:
    return abs((a - b + 180) % 360 - 180)


def _has_zone(time: str) -> bool:
    return re.search(r"(Z|[+-]\d\d:?\d\d)$", time) is not None


def _instant(path: Path, text: str, *, in_utc: bool) -> datetime | None:
    """Aware UTC instant; None where no zone is stated and UTC was not declared either."""
    # datetime knows six decimals of a second at most; DIMAP writes up to seven.
    shorter = re.sub(r"(\.\d{6})\d+", r"\1", text.strip())
    try:
        instant = datetime.fromisoformat(shorter)
    except ValueError:
        raise BrokenInputError(
            "a time in the metadata does not exist", subject=path, found=repr(text[:60])
        ) from None
    if instant.tzinfo is None:
        return instant.replace(tzinfo=UTC) if in_utc else None
    return instant.astimezone(UTC)


def _day(path: Path, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BrokenInputError(
            "a date in the metadata does not exist", subject=path, found=repr(text[:60])
        ) from None


def _mission(source: Node) -> str | None:
    mission, index = source.text("MISSION"), source.text("MISSION_INDEX")
    if mission is None:
        return None
    return " ".join(part for part in (_MISSIONS.get(mission, mission), index) if part)


def _named(source: Node, tag: str) -> str | None:
    name, index = source.text(tag), source.text(f"{tag}_INDEX")
    return None if name is None else " ".join(part for part in (name, index) if part)


def _features(path: Path) -> int | None:
    try:
        return sum(1 for _ in read_xml(path).all(".//MaskFeature"))
    except UnreadableInputError:
        return None


def _mask_absent(name: str) -> Problem:
    return Problem(
        code="mask-absent",
        file=name,
        found="no such file",
        expected="the mask that the metadata names",
        remedy="copy the delivery again from its source",
    )


def _zone_missing(name: str, time: str, zone: str | None) -> Problem:
    return Problem(
        code="time-zone-missing",
        file=name,
        found=f"IMAGING_TIME {time} without a zone",
        expected="a time ending in Z",
        remedy=(
            "taken as UTC, because TEMPORAL_CRS_NAME says UTC"
            if zone == "UTC"
            else "not taken as any zone's, for the file declares none"
        ),
    )
