"""The two images of a date: ``image.tif`` for measuring and ``visual.tif`` for eyes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.units import REFLECTANCE_SCALE, Quantity
from satdesk.errors import BrokenInputError, UsageError
from satdesk.files.cog import write_cog
from satdesk.radiometry.calibrate import encode_reflectance
from satdesk.scale.run import Executor, Progress, stream

__all__ = ["WrittenImage", "write_image", "write_visual"]

_TILE = 512
_UINT16_TOP = 65_535
_MOST_ROUNDING = 0.2
"""Share of the mean value by which whole counts may change a picture on average: 10 counts lose
2.5 %, reflectances from 0 to 1 lose everything."""
_COLOURS = {"B": "blue", "G": "green", "R": "red", "PAN": "gray"}
_SIMULATED = "SIMULATED: no camera took this picture."


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenImage:
    """What was written.

    Attributes:
        path: The file.
        pixels: Number of pixels of the grid.
        usable: Number of usable pixels.
    """

    path: Path
    pixels: int
    usable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Encoding:
    """How a quantity is stored."""

    dtype: str
    nodata: float
    scale: float | None
    meaning: str


_REFLECTANCE = _Encoding(
    dtype="uint16",
    nodata=0,
    scale=1 / REFLECTANCE_SCALE,
    meaning=f"reflectance x {REFLECTANCE_SCALE}; 0 = no data",
)
_ENCODINGS = {
    Quantity.TOA: _REFLECTANCE,
    Quantity.BOA: _REFLECTANCE,
    Quantity.COUNTS: _Encoding(
        dtype="uint16", nodata=0, scale=None, meaning="counts, not calibrated; 0 = no data"
    ),
    Quantity.RADIANCE: _Encoding(
        dtype="float32",
        nodata=float("nan"),
        scale=None,
        meaning="spectral radiance, W m-2 sr-1 um-1; NaN = no data",
    ),
}


def write_image(
    layer: Layer,
    path: Path,
    executor: Executor,
    *,
    codec: str = "zstd:1",
    tags: Mapping[str, str] | None = None,
    simulated: bool = False,
    progress: Progress | None = None,
) -> WrittenImage:
    """Evaluate a layer of measurements and write it as a COG.

    Reflectance becomes reflectance × 10 000 in uint16 with its scale in the tags; counts stay
    counts in uint16 and the tags say so; radiance stays float32. Where the layer is not valid,
    every band is nodata (0, or NaN in floats); a usable pixel is at least 1, so that a count or a
    reflectance of zero is not mistaken for nodata.

    Args:
        layer: What to write.
        path: Where; must not be there.
        executor: How to evaluate it.
        codec: As `satdesk.files.cog.parse_codec` reads it.
        tags: Further metadata of the file.
        simulated: Says in the tags that no camera took the picture.
        progress: Told after each tile.

    Raises:
        UsageError: A picture for eyes, an unknown codec, or `path` is there.
        BrokenInputError: Counts that uint16 cannot hold, or values that are no counts.
        MachineError: The disk failed; nothing is left.
    """
    encoding = _ENCODINGS.get(layer.quantity)
    if encoding is None:
        raise UsageError(
            "an analysis image holds measurements",
            found=layer.quantity.value,
            expected=", ".join(quantity.value for quantity in _ENCODINGS),
        )
    counter = _Counter()
    write_cog(
        path,
        _encoded(counter.over(_parts(layer, executor, progress))),
        grid=layer.grid,
        bands=layer.bands,
        dtype=encoding.dtype,
        nodata=encoding.nodata,
        codec=codec,
        scale=encoding.scale,
        offset=None if encoding.scale is None else 0.0,
        colorinterp=tuple(_COLOURS.get(band.name, "undefined") for band in layer.bands),
        blocksize=_TILE,
        tags=_measured_tags(layer, encoding) | _all_tags(tags, simulated=simulated),
    )
    return counter.written(path, layer)


def write_visual(
    layer: Layer,
    path: Path,
    executor: Executor,
    *,
    codec: str = "deflate:6",
    tags: Mapping[str, str] | None = None,
    simulated: bool = False,
    progress: Progress | None = None,
) -> WrittenImage:
    """Evaluate a picture for eyes and write it as an 8-bit sRGB COG with alpha.

    Where the layer is not valid, colours and alpha are 0. Deflate, because many programs for
    pictures cannot read anything newer.

    Args:
        layer: Three bands of ``Quantity.DISPLAY``, uint8, red, green, blue.
        path: Where; must not be there.
        executor: How to evaluate it.
        codec: As `satdesk.files.cog.parse_codec` reads it.
        tags: Further metadata of the file.
        simulated: Says in the tags that no camera took the picture. The mark in the pixels is
            `satdesk.products.stamped.Stamped`'s.
        progress: Told after each tile.

    Raises:
        UsageError: Not a picture for eyes, an unknown codec, or `path` is there.
        MachineError: The disk failed; nothing is left.
    """
    if layer.quantity is not Quantity.DISPLAY or len(layer.bands) != 3:
        raise UsageError(
            "a picture for eyes has three bands",
            found=f"{len(layer.bands)} of {layer.quantity.value}",
            expected=f"3 of {Quantity.DISPLAY.value}",
        )
    counter = _Counter()
    write_cog(
        path,
        ((at, _rgba(raster)) for at, raster in counter.over(_parts(layer, executor, progress))),
        grid=layer.grid,
        bands=layer.bands,
        dtype="uint8",
        codec=codec,
        alpha=True,
        colorinterp=("red", "green", "blue"),
        blocksize=_TILE,
        tags={
            "QUANTITY": Quantity.DISPLAY.value,
            "STORED_AS": "gamma-encoded sRGB for eyes, not for measuring; alpha 0 = no data",
            **_all_tags(tags, simulated=simulated),
        },
    )
    return counter.written(path, layer)


def _measured_tags(layer: Layer, encoding: _Encoding) -> dict[str, str]:
    return {"QUANTITY": layer.quantity.value, "STORED_AS": encoding.meaning}


class _Counter:
    """Counts usable pixels as tiles pass by."""

    def __init__(self) -> None:
        self.usable = 0

    def over(
        self, parts: Iterable[tuple[tuple[int, int], Raster]]
    ) -> Iterator[tuple[tuple[int, int], Raster]]:
        for at, raster in parts:
            self.usable += int(np.count_nonzero(raster.valid))
            yield at, raster

    def written(self, path: Path, layer: Layer) -> WrittenImage:
        rows, cols = layer.grid.shape
        return WrittenImage(path=path, pixels=rows * cols, usable=self.usable)


def _parts(
    layer: Layer, executor: Executor, progress: Progress | None
) -> Iterator[tuple[tuple[int, int], Raster]]:
    return stream(layer, executor, _TILE, progress)


def _all_tags(tags: Mapping[str, str] | None, *, simulated: bool) -> dict[str, str]:
    given = dict(tags or {})
    if simulated:
        said = given.get("TIFFTAG_IMAGEDESCRIPTION", "")
        given["TIFFTAG_IMAGEDESCRIPTION"] = f"{_SIMULATED} {said}".strip()
        given["SIMULATED"] = "YES"
    return given


def _encoded(
    parts: Iterable[tuple[tuple[int, int], Raster]],
) -> Iterator[tuple[tuple[int, int], NDArray[Any]]]:
    """The stored numbers of every part; refuses at the end what storing has changed too much."""
    loss = _Loss()
    for at, raster in parts:
        if raster.quantity is Quantity.COUNTS:
            loss.add(raster)
        yield at, _encode(raster)
    loss.require_small()


class _Loss:
    """What whole counts from 0 to 65 535 make of the values that they are to hold."""

    def __init__(self) -> None:
        self.total = 0.0
        self.changed = 0.0
        self.lowest = np.inf
        self.highest = -np.inf

    def add(self, raster: Raster) -> None:
        values = raster.values[:, raster.valid].astype(np.float64)
        if values.size == 0:
            return
        self.total += float(np.abs(values).sum())
        whole = np.clip(np.rint(values), 0, _UINT16_TOP)
        self.changed += float(np.abs(values - whole).sum())
        self.lowest = min(self.lowest, float(values.min()))
        self.highest = max(self.highest, float(values.max()))

    def require_small(self) -> None:
        if self.highest > _UINT16_TOP:
            expected, remedy = f"at most {_UINT16_TOP}", "rescale the source"
        elif self.changed > _MOST_ROUNDING * self.total or self.lowest < -0.5 * abs(self.highest):
            # A cubic kernel swings below 0 beside bright edges, but never by half of the brightest.
            expected = "whole counts above 0, or reflectance with its scale"
            remedy = (
                "state counts_per_reflectance (1 where the values are reflectance), "
                "and nodata where a value means none"
            )
        else:
            return
        raise BrokenInputError(
            "the picture's values cannot be stored as counts in 16 bits",
            found=f"values from {self.lowest:g} to {self.highest:g}",
            expected=expected,
            remedy=remedy,
        )


def _encode(raster: Raster) -> NDArray[Any]:
    if raster.quantity is Quantity.COUNTS:
        return _encoded_counts(raster)
    if raster.quantity is Quantity.RADIANCE:
        return np.where(raster.valid, raster.values, np.nan).astype(np.float32)
    return encode_reflectance(raster.values, raster.valid)


def _encoded_counts(raster: Raster) -> NDArray[np.uint16]:
    usable = np.where(raster.valid, raster.values, 0)
    whole = usable if usable.dtype.kind in "ui" else np.rint(usable)
    kept = np.where(raster.valid, np.clip(whole, 1, _UINT16_TOP), 0)
    return kept.astype(np.uint16, copy=False)


def _rgba(raster: Raster) -> NDArray[np.uint8]:
    if raster.values.dtype != np.uint8:
        raise UsageError("a picture for eyes has 8 bits", found=str(raster.values.dtype))
    alpha = np.where(raster.valid, 255, 0).astype(np.uint8)
    return np.concatenate([np.where(raster.valid, raster.values, 0), alpha[np.newaxis]])
