"""Every way in which an RPC reaches us, with its counting rule.

`read_rpc` reads one file; `find_rpc` looks where an image's own RPC may lie and refuses two that
disagree. The rules of counting stand in `rpc_dialects`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.errors import BrokenInputError, UndeclaredInputError, UnreadableInputError
from satdesk.files.rasters import FileFacts, image_state, opened_raster
from satdesk.files.rpc_dialects import (
    PAM_RPC,
    Written,
    from_dimap,
    from_keywords,
    from_ossim,
    from_pam,
    from_rpb,
    from_worldview,
)
from satdesk.files.xml import read_bounded, read_xml
from satdesk.geometry.rpc import RPC, max_difference

__all__ = ["MAX_DISAGREEMENT_PX", "RpcFile", "find_rpc", "pixel_grid", "read_image_rpc", "read_rpc"]

MAX_DISAGREEMENT_PX = 0.1
"""Two RPCs of one image may differ by this much.

Wrong counts differ by 0.5 or 1, wrong files by far more; rounding on the way through NITF's fixed
columns stays some hundredths.
"""

_PAN_PER_MS = 4
"""Pixels of PAN along one of MS, in which Airbus's world files of MS are written."""

_TILE = re.compile(r"img_(.+)_r(\d+)c(\d+)")
_SIGNS = (b"RFM_Validity", b"LINEOFFSET", b"line_num_coeff_00", b'domain="RPC"')
_MAX_TEXT_BYTES = 4 * 1024 * 1024
_IMAGE_MAGIC = (
    b"II*\0",
    b"MM\0*",
    b"II+\0",
    b"MM\0+",
    b"\0\0\0\x0cjP  ",
    b"\xff\x4f\xff\x51",
    b"NITF",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcFile:
    """An RPC and where it came from.

    Attributes:
        model: Offsets in our count (outer corner = 0).
        path: The file that it was read from: an RPC file, or the image itself for tags.
        profile: Dialect or DIMAP profile (see `rpc_dialects`).
        counts_from: How the file counts its first pixel's centre: ``"0"`` or ``"1"``.
        notices: What had to be set right or left out, as sentences.
    """

    model: RPC
    path: Path
    profile: str
    counts_from: str
    notices: tuple[str, ...] = ()


def read_rpc(path: Path) -> RpcFile:
    """Read a bare RPC file, or the tags of an image, by its content and not by its name.

    Raises:
        MissingInputError: No such file.
        UnreadableInputError: Empty, malformed, or no RPC in any known dialect.
        UnsafeInputError: Too large, or XML with entities.
        BrokenInputError: An RPC with missing, zero or impossible numbers.
    """
    if _head(path).startswith(_IMAGE_MAGIC):
        found = read_image_rpc(path)
        if found is None:
            raise UnreadableInputError("the image carries no RPC in its tags", subject=path)
        return found
    data = read_bounded(path, _MAX_TEXT_BYTES)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _filed(path, _from_xml(path))
    text = data.decode("latin-1")
    if re.search(r"\blineOffset\s*=", text, re.IGNORECASE):
        return _filed(path, from_rpb(path, text))
    keywords = _keywords(text)
    if "LINE_NUM_COEFF_00" in keywords:
        return _filed(path, from_ossim(path, keywords))
    if "LINE_OFF" in keywords:
        return _filed(path, from_keywords(path, keywords, "rpc-text"))
    raise UnreadableInputError(
        "the file holds no RPC in any known dialect",
        subject=path,
        found=repr(text[:60]),
        expected="DIMAP or WorldView XML, _RPC.TXT, .RPB, OSSIM .geom, or an image with tags",
    )


def read_image_rpc(path: Path) -> RpcFile | None:
    """The RPC in an image's own tags (GeoTIFF's RPCCoefficientTag, NITF's RPC00B), or None.

    GDAL would also report a sidecar's as the image's: it is kept from seeing the folder.
    """
    with opened_raster(path, siblings=False) as dataset:
        tags = dataset.tags(ns="RPC")
    if not tags:
        return None
    keywords = {key.upper(): value for key, value in tags.items()}
    return _filed(path, from_keywords(path, keywords, "tags"))


def find_rpc(
    image: Path,
    *,
    explicit: Path | None = None,
    dimap_ref: Path | None = None,
    tags: bool = True,
) -> RpcFile | None:
    """The RPC of an image, or None.

    In this order: the file named by the user, the image's tags, a sidecar of the same stem, what
    the DIMAP refers to. "The only RPC in the folder" is never taken. All that are there are read.

    Args:
        image: The image; it may be absent.
        explicit: The file that the user names.
        dimap_ref: The file that the DIMAP refers to.
        tags: False where the image is known not to open.

    Raises:
        UndeclaredInputError: The image is a later tile of a DIMAP product, whose RPC counts in the
            whole product.
        BrokenInputError: Two of them put the same ground more than `MAX_DISAGREEMENT_PX` apart.
    """
    found: list[RpcFile] = []
    if explicit is not None:
        found.append(read_rpc(explicit))
    if tags and image_state(image) == "present":
        tagged = read_image_rpc(image)
        found.extend([] if tagged is None else [tagged])
    _require_first_tile(image)
    paths = [*_sidecars(image), *([] if dimap_ref is None else [dimap_ref])]
    known = {rpc.path.resolve() for rpc in found if rpc.profile != "tags"}
    for path in paths:
        if path.resolve() not in known:
            known.add(path.resolve())
            found.append(read_rpc(path))
    if not found:
        return None
    for other in found[1:]:
        _require_agreement(image, found[0], other)
    return found[0]


def pixel_grid(facts: FileFacts, rpc: RpcFile | None = None) -> GeoBox:
    """The grid of an image in sensor geometry: no CRS, its crop's origin as a translation.

    An RPC in the image's own tags, or in the ``.aux.xml`` that stands for them, counts in that very
    file: GDAL moves its offsets when it cuts an image, and moves the geotransform too. The grid
    then starts at 0, 0 whatever the geotransform says, or the crop's origin would be added twice.

    A geotransform without CRS states where a crop lies in the full image in one of three ways; no
    geotransform, or its mirror image, means the full image.

    * Pixels of 1 × 1, a whole origin, rows downwards: the corner, counted from 0.
    * The same with rows upwards (−1), which is cut from an image whose rows are counted so.
    * Rows upwards, the *centre* of the first pixel counted from 1 as DIMAP does. Airbus's world
      files of PRIMARY products are written so, those of MS in pixels of PAN: 4 × 4.

    Raises:
        BrokenInputError: A geotransform without CRS that is none of them.
    """
    tagged = rpc is not None and rpc.profile in {"tags", "gdal-pam"}
    origin = (0.0, 0.0) if tagged else _whole_origin(facts.affine)
    if origin is None:
        raise BrokenInputError(
            "the image states a place without saying in which CRS",
            subject=facts.path,
            found=str(tuple(facts.affine)[:6]),
            expected="a CRS, or a crop's whole origin with pixels of 1 × 1",
            remedy="write the CRS into the file (gdal_edit.py -a_srs)",
        )
    return GeoBox(facts.shape, Affine.translation(*origin), None)


def _whole_origin(affine: Affine) -> tuple[float, float] | None:
    """Column and row of a crop in its full image, or None where the geotransform states none."""
    step, upwards = affine.a, affine.e < 0
    if (affine.b, affine.d) != (0.0, 0.0) or abs(affine.e) != step:
        return None
    from_corner = (affine.c, 0.0 - affine.f if upwards else affine.f)
    ways = [from_corner] if step == 1 else []
    if upwards and step in {1, _PAN_PER_MS}:
        ways.append(((from_corner[0] - 1) / step + 0.5, (from_corner[1] - 1) / step + 0.5))
    return next((way for way in ways if _is_origin(way)), None)


def _is_origin(way: tuple[float, float]) -> bool:
    return all(math.isfinite(x) and x >= 0 and x == int(x) for x in way)


def _filed(path: Path, written: Written) -> RpcFile:
    return RpcFile(
        model=written.model,
        path=path,
        profile=written.profile,
        counts_from=written.counts_from,
        notices=written.notices,
    )


def _from_xml(path: Path) -> Written:
    root = read_xml(path)
    if root.find(".//RFM_Validity") is not None:
        return from_dimap(root)
    if root.find(".//RPB") is not None:
        return from_worldview(root)
    if root.find(PAM_RPC) is not None:
        return from_pam(root)
    raise UnreadableInputError(
        "the XML holds no RPC",
        subject=path,
        found=f"a {root.tag}",
        expected="a DIMAP Rational_Function_Model, an RPB block or GDAL's metadata of RPC",
    )


def _keywords(text: str) -> dict[str, str]:
    """``KEY: value``, ``KEY = value`` or ``KEY value`` a line; ``#`` starts a comment."""
    keywords: dict[str, str] = {}
    for line in text.splitlines():
        match = re.match(r"\s*([A-Za-z][\w.]*)\s*[:=\s]\s*(\S.*)", line.split("#", 1)[0])
        if match:
            keywords.setdefault(match[1].upper(), match[2].strip())
    return keywords


def _sidecars(image: Path) -> Iterator[Path]:
    """Files of the image's own stem that hold an RPC, in a fixed order."""
    stem = image.stem.lower()
    names = [
        f"{stem}_rpc.txt",
        f"{stem}.rpc",
        f"{stem}.rpb",
        f"{stem}_rpc.xml",
        f"{stem}.xml",
        f"{stem}.geom",
        f"{image.name.lower()}.aux.xml",
    ]
    product = _TILE.fullmatch(stem)
    if product:
        names.append(f"rpc_{product[1]}.xml")
    lying = _neighbours(image)
    for name in names:
        path = lying.get(name)
        if path is not None and path.is_file() and _holds_rpc(path):
            yield path


def _neighbours(image: Path) -> dict[str, Path]:
    """The files of the image's folder by their names in lower case."""
    if not image.parent.is_dir():
        return {}
    return {entry.name.lower(): entry for entry in sorted(image.parent.iterdir())}


def _require_first_tile(image: Path) -> None:
    """Where a later tile begins in its product, its own file does not say."""
    tile = _TILE.fullmatch(image.stem.lower())
    first = tile is None or tile.group(2, 3) == ("1", "1")
    if tile is not None and not first and f"rpc_{tile[1]}.xml" in _neighbours(image):
        raise UndeclaredInputError(
            "the image is a later tile of a product, whose RPC counts in the whole",
            subject=image,
            found=f"row {tile[2]}, column {tile[3]} of the tiles",
            expected="the whole product",
            remedy=f"open its metadata file, DIM_{tile[1]}.XML, or its folder",
        )


def _holds_rpc(path: Path) -> bool:
    """``stem.xml`` and ``stem.geom`` may be about anything else."""
    if path.suffix.lower() not in {".xml", ".geom"}:
        return True
    data = path.read_bytes()[:_MAX_TEXT_BYTES]
    return any(word in data for word in _SIGNS)


def _require_agreement(image: Path, first: RpcFile, other: RpcFile) -> None:
    apart = max_difference(first.model, other.model)
    if apart > MAX_DISAGREEMENT_PX:
        names = f"{first.path.name} ({first.profile}) and {other.path.name} ({other.profile})"
        how = f"differ by {apart:.2f} px" if math.isfinite(apart) else "see different ground"
        raise BrokenInputError(
            "two RPCs of one image disagree",
            subject=image,
            found=f"{names} {how} after their counting rules",
            expected=f"at most {MAX_DISAGREEMENT_PX:g} px",
            remedy="find out which one is the image's own and remove the other",
        )


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(12)
    except OSError:
        return b""
