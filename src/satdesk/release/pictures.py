"""The pictures of one date: ``image.tif``, and ``visual.tif`` made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.layer import Layer
from satdesk.core.scene import BandCalibration, ImageTile, SourceImage
from satdesk.core.units import REFLECTANCE_SCALE, Quantity
from satdesk.errors import UsageError
from satdesk.files.decoded import DecodedBlocks
from satdesk.files.rasters import ImageLayer
from satdesk.products.calibrated import Calibrated
from satdesk.products.displayed import Displayed
from satdesk.products.selected import Selected
from satdesk.products.stamped import Stamped
from satdesk.radiometry.tone import ToneCurve, fit_tone
from satdesk.release.marks import PICTURE_LETTER_PX, SIMULATED, spread_pattern
from satdesk.release.samples import sample_windows, sampled

__all__ = ["Progress", "channels_of", "displayed", "shared_tone", "stored_layer", "tone_facts"]

Progress = Callable[[str, int, int], None]
"""Told the step's name, how many of its parts are done, and how many there are."""

_TONE_WINDOW = 128
_TONE_WINDOWS = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A written ``image.tif``."""

    path: Path
    grid: GeoBox
    bands: tuple[Band, ...]
    quantity: Quantity


def stored_layer(stored: Stored) -> Layer:
    """A written image as the layer that it was written from, up to the rounding of uint16."""
    reflectance = stored.quantity in {Quantity.TOA, Quantity.BOA}
    calibration = (BandCalibration(quantification=REFLECTANCE_SCALE),) * len(stored.bands)
    image = SourceImage(
        id="image",
        tiles=(ImageTile(path=stored.path),),
        grid=stored.grid,
        bands=stored.bands,
        dtype="uint16",
        quantity=stored.quantity,
        calibration=calibration if reflectance else None,
        nodata=0,
    )
    layer = ImageLayer(image=image, blocks=DecodedBlocks())
    return Calibrated(source=layer, calibration=calibration) if reflectance else layer


def channels_of(bands: tuple[Band, ...]) -> tuple[str, ...]:
    """The bands that are shown as red, green and blue, or the single one.

    Raises:
        UsageError: Several bands, and not all of R, G and B among them.
    """
    names = [band.name for band in bands]
    if len(names) == 1:
        return (names[0],)
    if not {"R", "G", "B"} <= set(names):
        raise UsageError(
            "a natural-colour picture needs the bands R, G and B",
            found=", ".join(names),
            remedy='name the bands in the file\'s order with bands = ["B", "G", "R", "NIR"]',
        )
    return ("R", "G", "B")


def shared_tone(layers: tuple[Layer, ...]) -> ToneCurve:
    """One display curve for all dates, so that no difference comes from the display.

    Raises:
        UsageError: The dates carry different quantities, or different channels.
        DisjointInputError: No date has a usable pixel.
    """
    quantities = {layer.quantity for layer in layers}
    if len(quantities) > 1:
        raise UsageError(
            "the dates of a release must carry one quantity",
            found=", ".join(sorted(q.value for q in quantities)),
            remedy='set quantity = "counts" in [grid], or state the missing calibration',
        )
    samples = []
    for layer in layers:
        shown = Selected(source=layer, names=channels_of(layer.bands))
        windows = sample_windows(layer.grid, size=_TONE_WINDOW, most=_TONE_WINDOWS)
        values, valid = sampled(shown, windows)
        samples.append((values[:, None, :], valid[None, :]))
    return fit_tone(samples, quantity=quantities.pop())


def tone_facts(tone: ToneCurve, layer: Layer) -> dict[str, object]:
    """The curve that all dates share, JSON-ready; see `radiometry.tone.ToneCurve`."""
    names = channels_of(layer.bands)
    return {
        "curve": "light is straight from low to the knee, then a shoulder up to top; then sRGB",
        "low": {name: round(low, 6) for name, low in zip(names, tone.low, strict=False)},
        "white": round(tone.white, 6),
        "top": round(tone.top, 6),
        "knee": tone.knee,
        "shared_by": "all dates, all bands, every pixel",
    }


def displayed(layer: Layer, tone: ToneCurve, *, simulated: bool) -> Layer:
    """What ``visual.tif`` shows; a simulated picture says so in its pixels."""
    channels = channels_of(layer.bands)
    shown = Displayed(
        source=layer, tone=tone, channels=channels if len(channels) > 1 else ("R", "G", "B")
    )
    if not simulated:
        return shown
    return Stamped(source=shown, pattern=spread_pattern(SIMULATED, PICTURE_LETTER_PX))
