"""The two images of a date: ``image.tif`` for measuring and ``visual.tif`` for eyes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from satdesk.core.layer import Layer
from satdesk.core.units import Quantity
from satdesk.errors import UsageError
from satdesk.files.blocks import Block, Quarter
from satdesk.files.cog import CogForm, parse_codec, write_blocks
from satdesk.products.fused import fused
from satdesk.release.storing import ENCODINGS, Encoding, Measured, Pictured, Tally
from satdesk.scale.encoded import EncodedPart, stream_encoded
from satdesk.scale.run import Executor, Progress

__all__ = ["WrittenImage", "image_form", "write_image", "write_visual"]

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


def write_image(
    layer: Layer,
    path: Path,
    executor: Executor,
    *,
    codec: str = "zstd:1",
    tags: Mapping[str, str] | None = None,
    simulated: bool = False,
    progress: Progress | None = None,
    seen: Callable[[bytes | memoryview], None] | None = None,
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
        seen: Told every byte of the file in turn.

    Raises:
        UsageError: A picture for eyes, an unknown codec, or `path` is there.
        BrokenInputError: Counts that uint16 cannot hold, or values that are no counts.
        MachineError: The disk failed; nothing is left.
    """
    form = image_form(layer, codec=codec, tags=tags, simulated=simulated)
    parts = stream_encoded(Measured(layer=fused(layer)), form, executor, progress)
    return _written(path, form, parts, seen)


def image_form(
    layer: Layer, *, codec: str, tags: Mapping[str, str] | None, simulated: bool
) -> CogForm:
    """Everything about an ``image.tif`` except its pixels; see `write_image`."""
    encoding = ENCODINGS.get(layer.quantity)
    if encoding is None:
        raise UsageError(
            "an analysis image holds measurements",
            found=layer.quantity.value,
            expected=", ".join(quantity.value for quantity in ENCODINGS),
        )
    return CogForm(
        grid=layer.grid,
        bands=layer.bands,
        dtype=encoding.dtype,
        nodata=encoding.nodata,
        codec=parse_codec(codec),
        scale=encoding.scale,
        offset=None if encoding.scale is None else 0.0,
        colorinterp=tuple(_COLOURS.get(band.name, "undefined") for band in layer.bands),
        tags=_measured_tags(layer, encoding) | _all_tags(tags, simulated=simulated),
    )


def write_visual(
    layer: Layer,
    path: Path,
    executor: Executor,
    *,
    codec: str = "deflate:1",
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
    form = CogForm(
        grid=layer.grid,
        bands=layer.bands,
        dtype="uint8",
        codec=parse_codec(codec),
        alpha=True,
        colorinterp=("red", "green", "blue"),
        tags={
            "QUANTITY": Quantity.DISPLAY.value,
            "STORED_AS": "gamma-encoded sRGB for eyes, not for measuring; alpha 0 = no data",
            **_all_tags(tags, simulated=simulated),
        },
    )
    return _written(path, form, stream_encoded(Pictured(layer=layer), form, executor, progress))


def _written(
    path: Path,
    form: CogForm,
    parts: Generator[EncodedPart[Tally], None, None],
    seen: Callable[[bytes | memoryview], None] | None = None,
) -> WrittenImage:
    counter = _Counter()
    with closing(parts):  # whatever happens, no tile is computed in vain
        write_blocks(path, counter.over(parts), form, seen)
    rows, cols = form.grid.shape
    return WrittenImage(path=path, pixels=rows * cols, usable=counter.tally.usable)


class _Counter:
    """Adds up what is told of tiles as they pass by; refuses at the end what storing changed."""

    def __init__(self) -> None:
        self.tally = Tally()

    def over(self, parts: Iterator[EncodedPart[Tally]]) -> Iterator[Block | Quarter]:
        for part in parts:
            self.tally = self.tally.plus((part.told,))
            yield from part.blocks
        self.tally.require_small_change()


def _measured_tags(layer: Layer, encoding: Encoding) -> dict[str, str]:
    return {"QUANTITY": layer.quantity.value, "STORED_AS": encoding.meaning}


def _all_tags(tags: Mapping[str, str] | None, *, simulated: bool) -> dict[str, str]:
    given = dict(tags or {})
    if simulated:
        said = given.get("TIFFTAG_IMAGEDESCRIPTION", "")
        given["TIFFTAG_IMAGEDESCRIPTION"] = f"{_SIMULATED} {said}".strip()
        given["SIMULATED"] = "YES"
    return given
