"""Polygons of a provider's GML mask, read with limits.

Airbus's masks (DIMAP v2) are polygons of an image's pixels, whose first centre counts 1, 1, or of
its map; Sentinel-2's older cloud masks are polygons of its map. Which of the two stands in
``srsName``; a mask that states none is drawn on pixels where its image has no map.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from satdesk.errors import BrokenInputError, UnsafeInputError
from satdesk.files.xml import Node, read_xml

__all__ = ["MaskPolygon", "MaskPolygons", "read_mask_polygons"]

Floats = NDArray[np.float64]

_MAX_VERTICES = 5_000_000
_MAX_BYTES = 256 * 1024 * 1024
_EPSG = re.compile(r"(?:^|EPSG\D*(?:[\d.]*:)?)(\d{4,5})\b")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MaskPolygon:
    """One polygon.

    Attributes:
        kind: What the mask calls it (``CLOUD``, ``SATURATION_AND_GHOSTS_B0`` …).
        rings: ``(n, 2)`` each, x and y; the outer one first, then holes.
    """

    kind: str
    rings: tuple[Floats, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MaskPolygons:
    """What a mask holds.

    Attributes:
        polygons: Of all its features; none is an answer too.
        epsg: Of the map on which they are drawn; None = none is stated.
        on_pixels: Whether the mask says that it counts its image's pixels.
    """

    polygons: tuple[MaskPolygon, ...]
    epsg: int | None
    on_pixels: bool


def read_mask_polygons(path: Path) -> MaskPolygons:
    """Every polygon of a GML mask.

    Raises:
        MissingInputError, UnreadableInputError, UnsafeInputError: As `files.xml.read_xml`, or more
            than five million corners.
        BrokenInputError: Corners that are no finite numbers, an open or too short ring.
    """
    document = read_xml(path, max_bytes=_MAX_BYTES)
    polygons: list[MaskPolygon] = []
    corners = 0
    for polygon in _polygons(document):
        corners += sum(len(ring) for ring in polygon.rings)
        if corners > _MAX_VERTICES:
            raise UnsafeInputError(
                "the mask has more corners than any of its kind",
                subject=path,
                found=f"more than {_MAX_VERTICES}",
                expected=f"at most {_MAX_VERTICES}",
            )
        polygons.append(polygon)
    stated = _frame(document)
    return MaskPolygons(
        polygons=tuple(polygons), epsg=_epsg(stated), on_pixels="image" in stated.lower()
    )


def _frame(document: Node) -> str:
    for where in (".//Envelope", ".//Polygon"):
        node = document.find(where)
        stated = None if node is None else node.attribute("srsName")
        if stated is not None:
            return stated
    return ""


def _epsg(stated: str) -> int | None:
    found = None if "image" in stated.lower() else _EPSG.search(stated)
    return None if found is None else int(found.group(1))


def _polygons(document: Node) -> Iterator[MaskPolygon]:
    for feature in document.all(".//MaskFeature"):
        kind = feature.text("maskType") or ""
        for polygon in feature.all(".//Polygon"):
            outer = polygon.find("exterior/LinearRing/posList")
            if outer is None:
                raise BrokenInputError("a polygon has no outer ring", subject=document.path)
            holes = polygon.all("interior/LinearRing/posList")
            yield MaskPolygon(kind=kind, rings=tuple(_ring(ring) for ring in (outer, *holes)))


def _ring(node: Node) -> Floats:
    """``(n, 2)``; a third coordinate is dropped where it is declared."""
    try:
        numbers = np.array(node.required().split(), dtype=np.float64)
    except ValueError:
        numbers = np.array([np.nan])
    width = 3 if node.attribute("srsDimension") == "3" else 2
    if numbers.size % width or numbers.size < 4 * width or not np.isfinite(numbers).all():
        raise BrokenInputError(
            "the corners of a mask cannot be read",
            subject=node.path,
            found=f"{numbers.size} numbers in a ring",
            expected=f"at least 4 corners of {width} finite numbers",
            remedy="leave the provider's masks out, or copy the delivery again",
        )
    return np.asarray(numbers.reshape(-1, width)[:, :2])
