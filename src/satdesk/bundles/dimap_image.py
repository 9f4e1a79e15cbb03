"""DIMAP v2: files, tiles, bands, place and special values of one dataset."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.bundles.format import inside
from satdesk.core.bands import Band
from satdesk.core.scene import ImageTile
from satdesk.errors import BrokenInputError
from satdesk.files.rasters import describe_file, image_state
from satdesk.files.xml import Node

__all__ = ["BandPlan", "band_plan", "bands", "grid", "sample_type", "special_value", "tiles"]

_NAMES = {
    "B0": "B",
    "B1": "G",
    "B2": "R",
    "B3": "NIR",
    "P": "PAN",
    "PAN": "PAN",
    "BLUE": "B",
    "GREEN": "G",
    "RED": "R",
}
_CHANNELS = ("RED_CHANNEL", "GREEN_CHANNEL", "BLUE_CHANNEL", "ALPHA_CHANNEL")


class BandPlan:
    """Which band every plane of every group of files carries.

    Attributes:
        groups: One ``Data_Files`` element each, with the provider's band ids in the order of its
            files' planes.
        notices: What the metadata left open or says in an odd way.
    """

    def __init__(
        self, groups: tuple[tuple[Node, tuple[str, ...]], ...], notices: tuple[str, ...]
    ) -> None:
        self.groups = groups
        self.notices = notices

    @property
    def ids(self) -> tuple[str, ...]:
        """All band ids, group after group."""
        return tuple(name for _, names in self.groups for name in names)


def band_plan(raster: Node, measured: tuple[str, ...]) -> BandPlan:
    """The order of planes: ``Raster_Index_List`` where it is there, else ``Band_Display_Order``.

    SPOT 6/7 and Pléiades declare no index list; their files carry the planes in the order red,
    green, blue, alpha of the display, which is B2 B1 B0 B3 (Pléiades and SPOT 6/7 Imagery User
    Guides). Histograms and gains are listed in any order and say nothing about planes.

    Args:
        raster: ``Raster_Data``.
        measured: Ids that have a calibration, to complete a display order that is short by one,
            and to name the only plane where the order names several.
    """
    count = raster.count("Raster_Dimensions/NBANDS", least=1, most=64)
    files = list(raster.all("Data_Access/Data_Files"))
    if not files or count is None:
        raise BrokenInputError(
            "the DIMAP names no image files or bands", subject=raster.path, expected="Data_Files"
        )
    notices: list[str] = []
    groups = []
    for group in files:
        display = group.find("Raster_Display") or raster.find("Raster_Display")
        expected = count if len(files) == 1 else None
        names = _indexed(display, notices) or _displayed(display)
        if expected is not None and len(names) == expected - 1:
            names += tuple(sorted(set(measured) - set(names)))
            notices.append(f"the display order names {expected - 1} of {expected} bands")
        elif expected is not None and len(names) > expected:
            notices.append(f"the display order names {len(names)} bands of {expected} planes")
            # PeruSat's PAN repeats the display of its MS; one plane is the one band with a gain.
            names = measured if expected == len(measured) == 1 else names[:expected]
        groups.append((group, names))
    plan = BandPlan(tuple(groups), tuple(notices))
    if len(plan.ids) != count or len(set(plan.ids)) != count:
        raise BrokenInputError(
            "the bands of the image cannot be told from its metadata",
            subject=raster.path,
            found=", ".join(plan.ids) or "none",
            expected=f"{count} different band ids",
        )
    return plan


def bands(plan: BandPlan, ranges: dict[str, tuple[float, float]]) -> tuple[Band, ...]:
    """The bands by our names, in the order of the planes."""
    return tuple(
        Band(name=_NAMES.get(name.upper(), name), provider_id=name, wavelength_nm=ranges.get(name))
        for name in plan.ids
    )


def tiles(root: Path, raster: Node, plan: BandPlan) -> tuple[ImageTile, ...]:
    """Every file of the image and where it lies in it."""
    rows = raster.count("Raster_Dimensions/NROWS", least=1)
    cols = raster.count("Raster_Dimensions/NCOLS", least=1)
    if rows is None or cols is None:
        raise BrokenInputError("the DIMAP states no size", subject=raster.path, expected="NROWS")
    found: list[ImageTile] = []
    first = 0
    for group, names in plan.groups:
        planes = tuple(range(first, first + len(names))) if len(plan.groups) > 1 else None
        found.extend(_group_tiles(root, raster, group, (rows, cols), planes))
        first += len(names)
    return tuple(found)


def grid(document: Node) -> GeoBox:
    """Place of the image: the sensor's pixel plane, or the map grid of an ORTHO product."""
    rows = document.count("Raster_Data/Raster_Dimensions/NROWS", least=1)
    cols = document.count("Raster_Data/Raster_Dimensions/NCOLS", least=1)
    if rows is None or cols is None:
        raise BrokenInputError("the DIMAP states no size", subject=document.path, expected="NROWS")
    place = document.find("Geoposition/Geoposition_Insert")
    geometry = document.text("Geoposition/Raster_CRS/RASTER_GEOMETRY")
    if place is None or geometry == "SENSOR":
        return GeoBox((rows, cols), Affine.identity(), None)
    x_step, y_step = place.required_number("XDIM"), place.required_number("YDIM")
    x, y = place.required_number("ULXMAP"), place.required_number("ULYMAP")
    if x_step <= 0 or y_step <= 0:
        raise BrokenInputError(
            "the pixel size must be positive", subject=document.path, found=f"{x_step} × {y_step}"
        )
    if document.text("Geoposition/Raster_CRS/PIXEL_ORIENTATION") == "CENTER":
        x, y = x - x_step / 2, y + y_step / 2
    return GeoBox((rows, cols), Affine(x_step, 0, x, 0, -y_step, y), _crs(document))


def sample_type(raster: Node) -> str | None:
    """NumPy's name for DATA_TYPE, NBITS and SIGN; None where they do not say."""
    bits = raster.count("Raster_Encoding/NBITS", least=1, most=64)
    if bits not in {8, 16, 32}:
        return None
    if raster.text("Raster_Encoding/DATA_TYPE") == "FLOAT":
        return "float32" if bits == 32 else None
    signed = (raster.text("Raster_Encoding/SIGN") or "UNSIGNED") == "SIGNED"
    return f"{'' if signed else 'u'}int{bits}"


def special_value(raster: Node, plan: BandPlan, text: str) -> float | None:
    """The count that means NODATA or SATURATED; BrokenInputError where files contradict."""
    displays = [raster.find("Raster_Display"), *(g.find("Raster_Display") for g, _ in plan.groups)]
    values = {
        value.required_number("SPECIAL_VALUE_COUNT")
        for display in displays
        if display is not None
        for value in display.all("Special_Value")
        if value.text("SPECIAL_VALUE_TEXT") == text
    }
    if len(values) > 1:
        raise BrokenInputError(
            f"the files of one image declare different counts for {text}",
            subject=raster.path,
            found=", ".join(f"{value:g}" for value in sorted(values)),
            expected="one",
        )
    return values.pop() if values else None


def _indexed(display: Node | None, notices: list[str]) -> tuple[str, ...]:
    entries = [] if display is None else list(display.all("Raster_Index_List/Raster_Index"))
    numbered = [(entry.count("BAND_INDEX"), entry.required("BAND_ID")) for entry in entries]
    indexes = [index for index, _ in numbered]
    if sorted(i for i in indexes if i is not None) in (
        list(range(1, len(numbered) + 1)),
        list(range(len(numbered))),
    ):
        return tuple(name for _, name in sorted(numbered, key=lambda pair: pair[0] or 0))
    if numbered:
        notices.append(f"band indexes {indexes} do not count the planes; the listed order is used")
    return tuple(name for _, name in numbered)


def _displayed(display: Node | None) -> tuple[str, ...]:
    """Channels in the order red, green, blue, alpha, each band once (PAN is named thrice)."""
    order = None if display is None else display.find("Band_Display_Order")
    if order is None:
        return ()
    return tuple(dict.fromkeys(name for c in _CHANNELS if (name := order.text(c)) is not None))


def _group_tiles(
    root: Path, raster: Node, group: Node, size: tuple[int, int], planes: tuple[int, ...] | None
) -> Iterator[ImageTile]:
    files = list(group.all("Data_File"))
    paths = [_path(root, file) for file in files]
    if len(files) == 1:
        yield ImageTile(path=paths[0], shape=size, bands=planes)
        return
    step, shape = _tiling(raster, paths)
    for file, path in zip(files, paths, strict=True):
        row = _tile_number(file, "tile_R") * step[0]
        col = _tile_number(file, "tile_C") * step[1]
        if row >= size[0] or col >= size[1]:
            raise BrokenInputError(
                "a tile lies outside its image", subject=path, found=f"column {col}, row {row}"
            )
        rest = (min(shape[0], size[0] - row), min(shape[1], size[1] - col))
        yield ImageTile(path=path, origin=(col, row), shape=rest, bands=planes)


def _tiling(raster: Node, paths: list[Path]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Step from tile to tile and size of a whole tile, ``rows, cols``."""
    regular = raster.find("Raster_Dimensions/Tile_Set/Regular_Tiling")
    size = None if regular is None else regular.find("NTILES_SIZE")
    if regular is not None and size is not None:
        shape = (_attribute(size, "nrows"), _attribute(size, "ncols"))
        overlap = _overlap(regular)
        if overlap[0] >= shape[0] or overlap[1] >= shape[1]:
            raise BrokenInputError(
                "tiles overlap by more than their size", subject=raster.path, found=str(overlap)
            )
        return (shape[0] - overlap[0], shape[1] - overlap[1]), shape
    if image_state(paths[0]) == "present":
        shape = describe_file(paths[0]).shape
        return shape, shape
    raise BrokenInputError(
        "the DIMAP names several tiles but not their size",
        subject=raster.path,
        expected="Regular_Tiling",
    )


def _overlap(regular: Node) -> tuple[int, int]:
    """Rows and columns that neighbours share, in either of the two ways in which it is written."""
    node = regular.find("NTILES_OVERLAP")
    if node is None:
        return regular.count("OVERLAP_ROW") or 0, regular.count("OVERLAP_COL") or 0
    texts = [node.attribute(name) or "0" for name in ("nrows", "ncols")]
    if not all(re.fullmatch(r"\d{1,6}", text) for text in texts):
        raise BrokenInputError("the tiles' overlap is no size", subject=node.path, found=str(texts))
    return int(texts[0]), int(texts[1])


def _attribute(node: Node, name: str) -> int:
    text = node.attribute(name) or ""
    if not re.fullmatch(r"[1-9]\d{0,6}", text):
        raise BrokenInputError(
            f"{node.tag}/{name} is not a size", subject=node.path, found=repr(text)
        )
    return int(text)


def _tile_number(file: Node, name: str) -> int:
    return _attribute(file, name) - 1


def _path(root: Path, file: Node) -> Path:
    node = file.find("DATA_FILE_PATH")
    reference = None if node is None else node.attribute("href")
    if reference is None:
        raise BrokenInputError(
            "a Data_File names no file", subject=file.path, expected="DATA_FILE_PATH/@href"
        )
    return inside(root, file.path.parent, reference)


def _crs(document: Node) -> str:
    """``urn:ogc:def:crs:EPSG::32749`` and its older spellings as ``EPSG:32749``."""
    system = document.find("Coordinate_Reference_System")
    code = None
    if system is not None:
        code = system.text("Projected_CRS/PROJECTED_CRS_CODE") or system.text(
            "Geodetic_CRS/GEODETIC_CRS_CODE"
        )
    match = re.search(r"(?:EPSG:[\d.]*:?:?|epsg:)?(\d{4,6})$", code or "")
    if match is None:
        raise BrokenInputError(
            "the ORTHO product names no CRS that can be read",
            subject=document.path,
            found=repr(code),
            expected="an EPSG code",
        )
    return f"EPSG:{match[1]}"
