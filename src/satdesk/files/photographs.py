"""Pictures of anybody's making as plain RGB arrays, with limits: what `identify` looks at."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

from satdesk.errors import (
    BrokenInputError,
    MissingInputError,
    UnreadableInputError,
    UnsafeInputError,
)
from satdesk.files.rasters import opened_raster

__all__ = ["Photograph", "pixels_digest", "read_photograph"]

_DRIVERS = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"II*\0", "GTiff"),
    (b"MM\0*", "GTiff"),
    (b"II+\0", "GTiff"),
    (b"MM\0+", "GTiff"),
    (b"RIFF", "WEBP"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
)
"""First bytes of the formats that are opened, and GDAL's names of them."""
_MOST_PIXELS = 600_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Photograph:
    """A decoded picture.

    Attributes:
        rgb: ``(y, x, 3)`` uint8; transparent pixels are black.
        affine: Pixel to `crs`, outer corner; None where the file has no place on the ground.
        crs: WKT; None likewise.
    """

    rgb: NDArray[np.uint8]
    affine: Affine | None
    crs: str | None


def read_photograph(path: Path) -> Photograph:
    """Decode a JPEG, PNG, WebP, GIF, BMP or TIFF picture of 8 bits.

    Raises:
        MissingInputError: The file is not there.
        UnreadableInputError: It is none of these formats, or cannot be decoded.
        UnsafeInputError: It has more than 600 megapixels.
        BrokenInputError: It is no picture of 8 bits.
    """
    with opened_raster(path, siblings=False, driver=_driver(path)) as dataset:
        _require_modest(dataset, path)
        placed = dataset.crs is not None
        return Photograph(
            rgb=_rgb(dataset, path),
            affine=dataset.transform if placed else None,
            crs=dataset.crs.to_wkt() if placed else None,
        )


def _driver(path: Path) -> str:
    if not path.is_file():
        raise MissingInputError("no such file", subject=path)
    with path.open("rb") as file:
        head = file.read(8)
    for start, driver in _DRIVERS:
        if head.startswith(start):
            return driver
    raise UnreadableInputError(
        "not a picture",
        subject=path,
        found=f"first bytes {head!r}",
        expected="JPEG, PNG, WebP, GIF, BMP or TIFF",
    )


def pixels_digest(rgb: NDArray[np.uint8]) -> str:
    """SHA-256 (hex) over the shape and the decoded pixels ``(y, x, 3)``, whatever the container."""
    rows, cols = rgb.shape[:2]
    digest = hashlib.sha256(f"{rows} {cols}\n".encode())
    digest.update(np.ascontiguousarray(rgb).tobytes())
    return digest.hexdigest()


def _require_modest(dataset: Any, path: Path) -> None:  # noqa: ANN401 - rasterio is untyped
    pixels = dataset.width * dataset.height
    if pixels > _MOST_PIXELS:
        raise UnsafeInputError(
            "the picture is too large",
            subject=path,
            found=f"{dataset.width} x {dataset.height} pixels",
            expected=f"at most {_MOST_PIXELS // 1_000_000} megapixels",
            remedy="cut or shrink it first",
        )
    if set(dataset.dtypes) != {"uint8"}:
        raise BrokenInputError(
            "not a picture for eyes",
            subject=path,
            found=f"{dataset.count} planes of {dataset.dtypes[0]}",
            expected="8 bits a colour",
        )


def _rgb(dataset: Any, path: Path) -> NDArray[np.uint8]:  # noqa: ANN401 - as above
    kinds = dataset.colorinterp
    if kinds[0] is ColorInterp.palette:
        table = np.zeros((256, 4), np.uint8)
        for index, colour in dataset.colormap(1).items():
            table[index] = colour
        rgba = table[dataset.read(1)]
        return np.where(rgba[..., 3:] > 0, rgba[..., :3], 0).astype(np.uint8)
    planes = dataset.read()
    opacity = [kind is ColorInterp.alpha for kind in kinds]
    colours = [plane for plane, alpha in zip(planes, opacity, strict=True) if not alpha]
    if len(colours) not in {1, 3}:
        raise BrokenInputError(
            "not a picture for eyes",
            subject=path,
            found=f"{len(colours)} colours",
            expected="one or three, with or without alpha",
        )
    rgb = np.stack(colours * (3 // len(colours)), axis=-1)
    for plane, alpha in zip(planes, opacity, strict=True):
        if alpha:
            rgb[plane == 0] = 0
    return rgb
