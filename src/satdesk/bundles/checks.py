"""What can be wrong with a delivery's images, told without decoding them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from satdesk.bundles.format import relative_name
from satdesk.core.scene import ImageTile, Problem, SourceImage
from satdesk.errors import InputError
from satdesk.files.rasters import describe_file, image_state
from satdesk.files.truncation import missing_end

__all__ = ["different_acquisitions", "image_problems"]

_COPY = "copy the delivery again from its source"


def image_problems(root: Path, image: SourceImage) -> tuple[Problem, ...]:
    """Absent, empty, truncated, undecodable or contradicting files of one image."""
    return tuple(problem for tile in image.tiles for problem in _tile_problems(root, image, tile))


def different_acquisitions(root: Path, first: Path, found: str, expected: str) -> Problem:
    """PAN and MS that were not taken together cannot be merged."""
    return Problem(
        code="pan-ms-different-acquisition",
        file=relative_name(root, first),
        found=found,
        expected=expected,
        remedy="put PAN and MS of one acquisition together",
        blocks=True,
    )


def _tile_problems(root: Path, image: SourceImage, tile: ImageTile) -> Iterator[Problem]:
    name = relative_name(root, tile.path)
    state = image_state(tile.path)
    if state == "absent":
        yield _blocking("image-absent", name, "no such file", "the image that the metadata names")
        return
    if state == "empty":
        size = tile.path.stat().st_size
        yield _blocking("image-empty", name, f"{size} byte(s)", "pixels")
        return
    missing = missing_end(tile.path)
    if missing is not None:
        yield _blocking("image-truncated", name, missing, "a whole file")
        return
    try:
        facts = describe_file(tile.path)
    except InputError as error:
        yield _blocking("image-unreadable", name, error.found or error.what, "a whole image")
        return
    expected = tile.shape or (tuple(image.grid.shape) if len(image.tiles) == 1 else facts.shape)
    if facts.shape != expected:
        found, wanted = (f"{cols} × {rows} pixels" for rows, cols in (facts.shape, expected))
        yield _blocking("image-size", name, found, wanted)
    planes = len(tile.bands) if tile.bands else 1 if image.band_files else len(image.bands)
    if facts.count < planes:
        yield _blocking("image-planes", name, f"{facts.count} plane(s)", f"{planes} plane(s)")
    if image.dtype is not None and facts.dtype != image.dtype:
        yield Problem(
            code="image-sample-type",
            file=name,
            found=facts.dtype,
            expected=image.dtype,
            remedy="the file's own sample type is used; ask the provider which is right",
        )


def _blocking(code: str, name: str, found: str, expected: str) -> Problem:
    return Problem(code=code, file=name, found=found, expected=expected, remedy=_COPY, blocks=True)
