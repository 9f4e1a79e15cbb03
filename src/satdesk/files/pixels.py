"""Whether two files show the same: decoded pixels of pictures, moving or not, rasters and pages."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image, ImageSequence, UnidentifiedImageError
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from rasterio.errors import RasterioError

__all__ = ["same_pixels"]

_MAX_PIXELS = 400_000_000


def same_pixels(one: Path, other: Path) -> bool:
    """Whether both decode to the same numbers; False where either cannot be decoded.

    The first is a stranger's file: a picture of more than 400 million pixels counts as different.
    """
    compare = {".pdf": _same_pages, ".tif": _same_raster, ".tiff": _same_raster}
    try:
        return compare.get(other.suffix.lower(), _same_picture)(one, other)
    except (
        OSError, ValueError, UnidentifiedImageError, RasterioError, PyPdfError,
        Image.DecompressionBombError, Image.DecompressionBombWarning,
    ):  # fmt: skip
        return False


def _same_picture(one: Path, other: Path) -> bool:
    with Image.open(one) as first, Image.open(other) as second:
        facts = [(p.size, p.mode, p.format) for p in (first, second)]
        if facts[0] != facts[1] or first.width * first.height > _MAX_PIXELS:
            return False
        frames = zip_longest(_frames(first), _frames(second))  # of the first one too many at most
        return all(a is not None and b is not None and a == b for a, b in frames)


def _frames(picture: Image.Image) -> Iterator[tuple[str, object, bytes]]:
    """Of each frame its mode, for how long it is shown, and its colours."""
    for frame in ImageSequence.Iterator(picture):
        shown = frame.convert("RGBA") if frame.mode == "P" else frame
        yield frame.mode, frame.info.get("duration"), shown.tobytes()


def _same_raster(one: Path, other: Path) -> bool:
    with rasterio.open(one) as first, rasterio.open(other) as second:
        facts = [
            (r.shape, r.count, r.dtypes, r.transform, r.crs, r.nodata) for r in (first, second)
        ]
        if facts[0] != facts[1]:
            return False
        windows = [window for _, window in second.block_windows(1)]
        return all(np.array_equal(first.read(window=w), second.read(window=w)) for w in windows)


def _same_pages(one: Path, other: Path) -> bool:
    first, second = (PdfReader(path).pages for path in (one, other))
    if len(first) != len(second):
        return False
    pairs = zip(first, second, strict=True)
    return all(_content(a) == _content(b) for a, b in pairs)


def _content(page: object) -> tuple[object, ...]:
    drawn = page.get_contents()  # type: ignore[attr-defined]  # pypdf's PageObject
    images = [image.data for image in page.images]  # type: ignore[attr-defined]  # as above
    box = [float(number) for number in page.mediabox]  # type: ignore[attr-defined]  # as above
    return (box, None if drawn is None else drawn.get_data(), images)
