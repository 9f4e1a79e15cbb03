"""DIMAP v2: SPOT 6/7, Pléiades, Pléiades Neo; sensor and ORTHO products; PAN + MS and PMS.

A delivery is a folder of volumes (``VOL_*.XML``, ``SPOT_VOL.XML`` …) that list datasets
(``DIM_*.XML``), each with its images. The datasets are what is read; the volumes tell whether one
is missing.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from satdesk.bundles import dimap_image, dimap_radiometry, dimap_scene
from satdesk.bundles.checks import different_acquisitions, image_problems
from satdesk.bundles.format import inside, relative_name
from satdesk.core.scene import (
    Acquisition,
    Angles,
    ImageTile,
    MaskFile,
    Problem,
    Scene,
    SourceImage,
)
from satdesk.core.sensor import SensorModel
from satdesk.errors import BrokenInputError, InputError, UnsafeInputError, UsageError
from satdesk.files.rpcs import RpcFile, find_rpc
from satdesk.files.xml import Node, read_xml

__all__ = ["Dimap"]

_SKIPPED = {"lineage", "library", "masks", "masking"}
_MAX_DEPTH = 6
_SAME_ACQUISITION_S = 60.0
_IDS = {"P": "pan", "PAN": "pan"}
_PAN_PER_MS = 4
"""Detectors of one MS pixel to PAN's, on SPOT 6/7, Pléiades and Pléiades Neo alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimap:
    """The format of Airbus's optical satellites."""

    name: str = "dimap"

    def matches(self, path: Path) -> bool:
        """Whether `path` is a DIMAP document or a folder that holds one."""
        if path.is_file():
            return _is_dimap(path)
        return any(True for _ in _documents(path))

    def open(self, path: Path) -> Scene:
        """Describe the scene of a delivery's folder, volume or dataset file."""
        root = path if path.is_dir() else path.parent
        documents = [read_xml(found) for found in _documents(path)]
        products = [one for one in documents if one.find("Raster_Data/Data_Access") is not None]
        if path.is_file() and not products:
            products, root = _of_volume(path)
        if not products:
            raise BrokenInputError(
                "the delivery lists no dataset with images",
                subject=path,
                found=f"{len(documents)} DIMAP document(s)",
                expected="a DIM file with Raster_Data",
                remedy="copy the delivery again from its source",
            )
        read = (_dataset(root, product) for product in products)
        datasets = tuple(sorted(read, key=lambda one: one.image.id != "pan"))
        missing = tuple(_missing_components(root, documents))
        return _scene(root, datasets, missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dataset:
    """One DIM file, read."""

    document: Node
    image: SourceImage
    taken: dimap_scene.Strip
    acquisition: Acquisition | None
    angles: tuple[Angles, ...]
    masks: tuple[MaskFile, ...]
    problems: tuple[Problem, ...]
    facts: tuple[tuple[str, str], ...]


def _documents(path: Path) -> Iterator[Path]:
    """The DIMAP documents of a folder, sorted by name, or the file itself."""
    if path.is_file():
        yield path
        return
    start = len(path.parts)
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(f for f in folders if f.lower() not in _SKIPPED)
        if len(Path(folder).parts) - start >= _MAX_DEPTH:
            folders.clear()
        for name in sorted(files):
            file = Path(folder, name)
            if name.lower().endswith(".xml") and _is_dimap(file):
                yield file


def _is_dimap(path: Path) -> bool:
    """A DIMAP v2 document other than an RPC; told from its first bytes."""
    if path.suffix.lower() not in {".xml", ".dim"}:
        return False
    head = _head(path)
    return b"<Dimap_Document" in head and b"<METADATA_SUBPROFILE>RPC<" not in head


def _head(path: Path) -> bytes:
    """The first bytes of a file; none where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(4096)
    except OSError:
        return b""


def _of_volume(path: Path) -> tuple[list[Node], Path]:
    """The datasets that a volume lists, directly or through volumes of its own."""
    products: list[Node] = []
    waiting = [path]
    seen: set[Path] = set()
    while waiting and len(seen) < 1000:
        file = waiting.pop(0)
        if file.resolve() in seen or not file.is_file():
            continue
        seen.add(file.resolve())
        document = read_xml(file)
        if document.find("Raster_Data/Data_Access") is not None:
            products.append(document)
        else:
            waiting.extend(_components(path.parent, document))
    return products, path.parent


def _components(root: Path, document: Node) -> Iterator[Path]:
    for component in document.all(".//Dataset_Components/Component"):
        reference = component.find("COMPONENT_PATH")
        href = None if reference is None else reference.attribute("href")
        if component.text("COMPONENT_TYPE") == "DIMAP" and href and "://" not in href:
            yield inside(root, document.path.parent, href)


def _missing_components(root: Path, documents: list[Node]) -> Iterator[Problem]:
    for document in documents:
        for path in _components(root, document):
            there = path.is_file()
            if there and _head(path).strip():
                continue
            yield Problem(
                code="component-empty" if there else "component-absent",
                file=relative_name(root, path),
                found="an empty file" if there else "no such file",
                expected=f"a component that {document.path.name} lists",
                remedy="copy the delivery again from its source",
                blocks=there,
            )


def _dataset(root: Path, document: Node) -> _Dataset:
    name = relative_name(root, document.path)
    taken = dimap_scene.strip(document)
    image, rpc, problems = _image(root, document, name)
    scan = None if image.model is None else _scan_azimuth(image.model, tuple(image.grid.shape))
    acquisition, time_problems = dimap_scene.acquisition(document, taken, name)
    masks, mask_problems = dimap_scene.masks(root, document, image.id)
    facts = list(dimap_scene.facts(document, taken))
    if rpc is not None:
        facts.append(("rpc_profile", rpc.profile))
        facts.append(("rpc_counts_from", rpc.counts_from))
    return _Dataset(
        document=document,
        image=image,
        taken=taken,
        acquisition=acquisition,
        angles=dimap_scene.angles(document, scan),
        masks=masks,
        problems=(*problems, *time_problems, *mask_problems),
        facts=tuple(facts),
    )


def _image(
    root: Path, document: Node, name: str
) -> tuple[SourceImage, RpcFile | None, tuple[Problem, ...]]:
    raster = document.find("Raster_Data")
    if raster is None:
        raise BrokenInputError("the DIM holds no Raster_Data", subject=document.path)
    plan = dimap_image.band_plan(raster, dimap_radiometry.measured_ids(document))
    tiles = dimap_image.tiles(root, raster, plan)
    calibration, reason = dimap_radiometry.calibration(document, plan.ids)
    saturated = dimap_image.special_value(raster, plan, "SATURATED")
    bits = _bits(document)
    image = SourceImage(
        id=_image_id(document),
        tiles=tiles,
        grid=dimap_image.grid(document),
        bands=dimap_image.bands(plan, dimap_radiometry.spectral_ranges(document)),
        dtype=dimap_image.sample_type(raster),
        calibration=calibration,
        nodata=dimap_image.special_value(raster, plan, "NODATA"),
        saturated=saturated,
        bits=bits,
        gsd_m=_spacing(document),
        native_gsd_m=_native_gsd(document),
    )
    problems = list(image_problems(root, image))
    rpc = None
    if image.grid.crs is None:
        sound = not any(problem.blocks for problem in problems)
        rpc, model_problems = _model(root, document, _first(tiles), tags=sound)
        problems += model_problems
    if rpc is not None:
        image = replace(image, model=rpc.model, model_source=rpc.path)
    problems += [_notice("band-order", name, text) for text in plan.notices]
    if reason is not None:
        problems.append(_notice("calibration-missing", name, reason))
    problems += dimap_radiometry.range_problems(document, name, saturated, bits)
    return image, rpc, tuple(problems)


def _first(tiles: tuple[ImageTile, ...]) -> Path:
    """The tile at the image's origin: the model counts from there."""
    return min(tiles, key=lambda tile: (tile.origin[1], tile.origin[0])).path


def _model(
    root: Path, document: Node, first: Path, *, tags: bool
) -> tuple[RpcFile | None, list[Problem]]:
    """The camera of a sensor product, or the problem that stands in its way."""
    name = relative_name(root, document.path)
    node = document.find(
        "Geoposition/Geoposition_Models/Rational_Function_Model/Component/COMPONENT_PATH"
    )
    href = None if node is None else node.attribute("href")
    reference = None if href is None else inside(root, document.path.parent, href)
    try:
        rpc = find_rpc(first, dimap_ref=reference, tags=tags)
    except UnsafeInputError:
        raise
    except InputError as error:
        return None, [_model_problem(root, "model-unusable", error, name)]
    if rpc is None:
        nothing = BrokenInputError("the product has no model", found="none", expected="an RPC")
        return None, [_model_problem(root, "model-missing", nothing, name)]
    return rpc, [_notice("rpc-notice", relative_name(root, rpc.path), text) for text in rpc.notices]


def _model_problem(root: Path, code: str, error: InputError, name: str) -> Problem:
    return Problem(
        code=code,
        file=name if error.subject is None else relative_name(root, Path(error.subject)),
        found=": ".join(part for part in (error.what, error.found) if part),
        expected=error.expected or "a usable RPC",
        remedy=error.remedy or "copy the delivery again from its source",
        blocks=True,
    )


def _scene(root: Path, datasets: tuple[_Dataset, ...], missing: tuple[Problem, ...]) -> Scene:
    ids = [one.image.id for one in datasets]
    if len(set(ids)) != len(ids):
        raise UsageError(
            "the delivery holds several scenes",
            subject=root,
            found=", ".join(one.document.path.name for one in datasets),
            expected="one scene: at most one PAN, one MS and one PMS",
            remedy="name the folder or the DIM file of the one that you mean",
        )
    first = datasets[0]
    many = len(datasets) > 1
    facts = [
        (f"{one.image.id}.{name}" if many else name, value)
        for one in datasets
        for name, value in one.facts
    ]
    document = first.document
    return Scene(
        id=document.text("Dataset_Identification/DATASET_NAME") or document.path.stem,
        mission=first.taken.mission,
        instrument=first.taken.instrument,
        profile=document.text("Metadata_Identification/METADATA_PROFILE"),
        level=document.text("Processing_Information/Product_Settings/PROCESSING_LEVEL"),
        acquisition=first.acquisition,
        images=tuple(one.image for one in datasets),
        angles=first.angles,
        masks=tuple(mask for one in datasets for mask in one.masks),
        credit=document.text("Dataset_Identification/Legal_Constraints/COPYRIGHT"),
        cloud_percent=document.number("Dataset_Content/CLOUD_COVERAGE"),
        snow_percent=document.number("Dataset_Content/SNOW_COVERAGE"),
        facts=tuple(facts),
        problems=(
            *(problem for one in datasets for problem in one.problems),
            *missing,
            *_pairing(root, datasets),
        ),
        simulated=any(one.taken.simulated for one in datasets),
        files=_files(datasets),
    )


def _pairing(root: Path, datasets: tuple[_Dataset, ...]) -> Iterator[Problem]:
    """PAN and MS must be of one satellite and one moment."""
    first = datasets[0]
    for other in datasets[1:]:
        told, wanted = _moment(other), _moment(first)
        taken = [one.acquisition for one in (first, other) if one.acquisition is not None]
        days = {one.day for one in taken}
        instants = [one.instant for one in taken if one.instant is not None]
        apart = (max(instants) - min(instants)).total_seconds() if instants else 0.0
        # Two parts of one acquisition around midnight have two days and seconds between them.
        another_day = len(days) > 1 and len(instants) < 2
        if other.taken.mission != first.taken.mission or another_day or apart > _SAME_ACQUISITION_S:
            yield different_acquisitions(root, other.document.path, told, wanted)


def _moment(dataset: _Dataset) -> str:
    taken = dataset.acquisition
    when = "unknown time" if taken is None else str(taken.instant or taken.day)
    return f"{dataset.taken.mission}, {when}"


def _files(datasets: tuple[_Dataset, ...]) -> tuple[Path, ...]:
    found: list[Path] = []
    for one in datasets:
        found.append(one.document.path)
        found.extend([] if one.image.model_source is None else [one.image.model_source])
        found.extend(tile.path for tile in one.image.tiles)
        found.extend(mask.path for mask in one.masks)
    return tuple(dict.fromkeys(found))


def _image_id(document: Node) -> str:
    spectral = document.text("Processing_Information/Product_Settings/SPECTRAL_PROCESSING")
    if spectral is None:
        bands = document.count("Raster_Data/Raster_Dimensions/NBANDS")
        return "pan" if bands == 1 else "ms"
    kind = spectral.split("-", 1)[0].upper()
    return _IDS.get(kind, "pms" if kind == "PMS" else "ms")


def _bits(document: Node) -> int | None:
    node = "Radiometric_Data/Dynamic_Range"
    product = document.count(f"{node}/PRODUCT_RANGE", least=1, most=64)
    return product or document.count(f"{node}/ACQUISITION_RANGE", least=1, most=64)


def _spacing(document: Node) -> tuple[float, float] | None:
    """Pixel in metres: of a map grid in metres its own, else the stated spacing."""
    insert = document.find("Geoposition/Geoposition_Insert")
    projected = document.find("Coordinate_Reference_System/Projected_CRS") is not None
    if insert is not None and projected:
        return insert.required_number("XDIM"), insert.required_number("YDIM")
    spacing = document.number(
        "Processing_Information/Product_Settings/Sampling_Settings/RESAMPLING_SPACING"
    )
    # ORTHO products in degrees repeat their degrees here under the unit m.
    return None if spacing is None or spacing < 0.01 else (spacing, spacing)


def _native_gsd(document: Node) -> float | None:
    """The larger ground sample distance at the centre.

    MS datasets of Pléiades print PAN's: where the value is far below the dataset's own pixel it is
    taken four times, as the detectors are.
    """
    for node in document.all("Geometric_Data/Use_Area/Located_Geometric_Values"):
        if (node.text("LOCATION_TYPE") or "").replace(" ", "") != "Center":
            continue
        across = node.number("Ground_Sample_Distance/GSD_ACROSS_TRACK")
        along = node.number("Ground_Sample_Distance/GSD_ALONG_TRACK")
        if across is None or along is None:
            return None
        native = max(across, along)
        spacing = _spacing(document)
        of_pan = _image_id(document) == "ms" and spacing is not None and native < 0.6 * min(spacing)
        return native * _PAN_PER_MS if of_pan else native
    return None


def _scan_azimuth(model: SensorModel, shape: tuple[int, ...]) -> float | None:
    """Azimuth in which the rows of a sensor image advance at its centre, degrees."""
    height = np.full(2, getattr(model, "height_off", 0.0))
    lon, lat = model.locate(
        np.full(2, shape[1] / 2), np.array([shape[0] / 2, shape[0] / 2 + 10.0]), height
    )
    if not np.isfinite(lon).all():
        return None
    east = (lon[1] - lon[0]) * math.cos(math.radians(lat[0]))
    return math.degrees(math.atan2(east, lat[1] - lat[0])) % 360


def _notice(code: str, name: str, text: str) -> Problem:
    return Problem(
        code=code,
        file=name,
        found=text,
        expected="metadata that leave nothing open",
        remedy="check the result against the provider's preview",
    )
