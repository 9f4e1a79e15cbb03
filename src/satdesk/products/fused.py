"""One pass in place of many: orthorectified, calibrated and sharpened tile by tile, in registers.

The composition of layers stays the definition. `fused` recognises ::

    [Selected(] [Sharpened(] Ortho([Calibrated(] image [)]) … [)] [)]

with cubic kernels of the source's own width, and returns a layer that gives the same picture many
times faster: positions to far below 0.01 px, values to within one stored count, the same
masks. What it does not recognise it returns as it is. The lineage is the composition's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.units import REFLECTANCE_SCALE, Quantity
from satdesk.errors import UsageError
from satdesk.geometry.grids import offset, subgrid
from satdesk.geometry.onepass import FASTEST, PATCH, Tone, render
from satdesk.geometry.patches import (
    Patches,
    Relief,
    out_of_sight,
    patches_under,
    relief_under,
    sight_of,
)
from satdesk.products.calibrated import Calibrated
from satdesk.products.ortho import Ortho
from satdesk.products.selected import Selected
from satdesk.products.sharpened import Sharpened
from satdesk.radiometry.sharpen import SharpenWeights

__all__ = ["Fused", "fused"]

_TILE = 8 * PATCH
"""Larger tiles share the work on nodes; twice this no longer fits a processor's cache."""
_MOST_BANDS = 32
_SAMPLES = ("uint8", "uint16", "int16", "float32")

Loss = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recipe:
    """What `fused` has recognised: images, weights, and the order of the bands."""

    pan: Ortho | None
    ms: Ortho | None
    weights: SharpenWeights | None
    order: tuple[int, ...]

    @property
    def images(self) -> tuple[Ortho, ...]:
        return tuple(image for image in (self.pan, self.ms) if image is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """A composition of layers, evaluated in one pass.

    Attributes:
        definition: What it computes; see `fused`.

    Raises:
        UsageError: A composition that is not recognised.
    """

    definition: Layer

    def __post_init__(self) -> None:
        if _recipe(self.definition) is None:
            raise UsageError(
                "only an orthorectified, perhaps sharpened image can be fused",
                found=type(self.definition).__name__,
                remedy="use satdesk.products.fused.fused, which leaves the others as they are",
            )

    @property
    def grid(self) -> GeoBox:
        """The definition's."""
        return self.definition.grid

    @property
    def bands(self) -> tuple[Band, ...]:
        """The definition's."""
        return self.definition.bands

    @property
    def quantity(self) -> Quantity:
        """The definition's."""
        return self.definition.quantity

    def read(self, grid: GeoBox) -> Raster:
        """Pixels of `grid`, float32 ``(band, y, x)``, 0 where they are not valid."""
        shape = tuple(int(size) for size in grid.shape)
        values = np.zeros((len(self.bands), *shape), np.float32)
        valid = np.zeros(shape, np.bool_)
        self._fill(grid, values, valid, None)
        return Raster(
            values=values, valid=valid, grid=grid, bands=self.bands, quantity=self.quantity
        )

    def stored(
        self, grid: GeoBox, loss: Loss | None = None
    ) -> tuple[NDArray[np.uint16], NDArray[np.bool_]]:
        """Pixels of `grid` as they are stored, ``(y, x, band)``, and which are usable.

        Reflectance × 10 000, or counts; 0 where not usable, else from 1 to 65 535.

        Args:
            grid: On the layer's lattice.
            loss: As `onepass.Tone`; what storing counts changes is added to it.
        """
        shape = tuple(int(size) for size in grid.shape)
        made = np.empty if self._holds(grid) else np.zeros
        numbers, valid = made((*shape, len(self.bands)), np.uint16), made(shape, np.bool_)
        self._fill(grid, numbers, valid, loss)
        return numbers, valid

    def _holds(self, grid: GeoBox) -> bool:
        """Whether all of `grid` lies in the layer, so that `_fill` fills all of it."""
        starts = offset(self.grid, grid)
        return all(
            0 <= start <= whole - part
            for start, part, whole in zip(starts, grid.shape, self.grid.shape, strict=True)
        )

    def _fill(
        self, grid: GeoBox, out: NDArray[Any], valid: NDArray[np.bool_], loss: Loss | None
    ) -> None:
        """Fill what of `grid` lies in the layer, by tiles counted from the layer's first pixel."""
        recipe = _recipe(self.definition)
        if recipe is None:
            raise AssertionError("refused in __post_init__")
        row, col = offset(self.grid, grid)
        tone = _tone(recipe, self.quantity, loss)
        for top, rows in _cuts(row, len(valid), self.grid.shape[0]):
            for left, cols in _cuts(col, valid.shape[1], self.grid.shape[1]):
                here = np.s_[top - row : top - row + rows, left - col : left - col + cols]
                part = out[here] if out.dtype == np.uint16 else out[(slice(None), *here)]
                if not _tile(recipe, (top, left), part, valid[here], tone):
                    part[...], valid[here] = 0, False


def fused(layer: Layer) -> Layer:
    """`layer` as one pass where it is recognised, or with its images so, or itself.

    A picture that is sharpened by a method that looks at neighbours is no single pass, but its two
    images are one each.
    """
    if _recipe(layer) is not None:
        return Fused(definition=layer)
    if isinstance(layer, Selected):
        return replace(layer, source=fused(layer.source))
    if isinstance(layer, Sharpened):
        return replace(layer, pan=fused(layer.pan), ms=fused(layer.ms))
    return layer


def _recipe(layer: Layer) -> _Recipe | None:
    names = [band.name for band in layer.bands]
    inner = layer.source if isinstance(layer, Selected) else layer
    order = tuple([band.name for band in inner.bands].index(name) for name in names)
    if isinstance(inner, Ortho):
        single = len(inner.bands) == 1
        made = _Recipe(
            pan=inner if single else None, ms=None if single else inner, weights=None, order=order
        )
    elif isinstance(inner, Sharpened) and isinstance(inner.weights, SharpenWeights):
        if not (isinstance(inner.pan, Ortho) and isinstance(inner.ms, Ortho)):
            return None
        if inner.pan.terrain is not inner.ms.terrain and inner.pan.terrain != inner.ms.terrain:
            return None
        made = _Recipe(pan=inner.pan, ms=inner.ms, weights=inner.weights, order=order)
    else:
        return None
    return made if all(_plain(image) for image in made.images) else None


def _plain(image: Ortho) -> bool:
    return (
        image.kernel == "cubic"
        and image.widen == (1.0, 1.0)
        and not image.exact
        and len(image.bands) <= _MOST_BANDS
    )


def _cuts(first: int, length: int, size: int) -> list[tuple[int, int]]:
    """Start and length of the tiles along one axis, within the layer's `size`."""
    begin, end = max(first, 0), min(first + length, size)
    if begin >= end:
        return []
    starts = [begin, *range((begin // _TILE + 1) * _TILE, end, _TILE)]
    return [(a, b - a) for a, b in zip(starts, [*starts[1:], end], strict=True)]


def _tone(recipe: _Recipe, quantity: Quantity, loss: Loss | None) -> Tone:
    scale = 1.0 if quantity in {Quantity.COUNTS, Quantity.RADIANCE} else float(REFLECTANCE_SCALE)
    if recipe.weights is None:
        return Tone(scale=scale, loss=loss)
    weights = np.array(recipe.weights.weights, np.float32)
    return Tone(
        weights=weights[list(_all_bands(recipe))],
        offset=recipe.weights.offset,
        floor=recipe.weights.floor,
        scale=scale,
        loss=loss,
    )


def _all_bands(recipe: _Recipe) -> tuple[int, ...]:
    """The wished bands first, then those that only the weights need."""
    count = len(recipe.images[-1].bands)
    return (*recipe.order, *(k for k in range(count) if k not in recipe.order))


def _tile(
    recipe: _Recipe,
    at: tuple[int, int],
    out: NDArray[Any],
    valid: NDArray[np.bool_],
    tone: Tone,
) -> bool:
    """Fill one tile; False, and nothing filled, where an image does not see it at all."""
    patches = patches_under(recipe.images[0].grid, *at, valid.shape)
    unseen = _missed(recipe.images[0], patches)
    if unseen.all():
        return False
    relief = relief_under(recipe.images[0].terrain, patches, unseen)
    looked = [_looked(recipe, image, patches, relief) for image in recipe.images]
    if any(image is None for image in looked):
        return False
    fine = None if recipe.pan is None else looked[0]
    coarse = None if recipe.ms is None else looked[-1]
    start, extent = (at[0] - patches.row, at[1] - patches.col), (patches.down, patches.across)
    render(out, valid, *start, *extent, relief.heights, fine, coarse, tone.numbers(), FASTEST)
    return True


def _missed(image: Ortho, patches: Patches) -> NDArray[np.bool_]:
    rows, cols = image.source.grid.shape
    place = image.source.grid.affine
    return out_of_sight(image.model, image.terrain, patches, place, (int(rows), int(cols)))


def _looked(
    recipe: _Recipe, image: Ortho, patches: Patches, relief: Relief
) -> tuple[Any, ...] | None:
    """What `onepass.render` takes of one image; None where no patch sees it."""
    grid = image.source.grid
    size = int(grid.shape[0]), int(grid.shape[1])
    sight = sight_of(image.model, image.terrain, patches, relief, grid.affine, size)
    if sight.window is None:
        return None
    left, top, right, bottom = sight.window
    raw = image.source.source if isinstance(image.source, Calibrated) else image.source
    window = raw.read(subgrid(grid, top, left, (bottom - top, right - left)))
    bands = _all_bands(recipe) if image is recipe.images[-1] else (0,)
    slope, intercept = _linear(image.source, bands)
    return (
        _samples(window.values, bands),
        None if window.valid.all() else np.ascontiguousarray(window.valid),
        slope,
        intercept,
        sight.base - np.array([left, top], np.int32),
        sight.terms,
        sight.middle,
        sight.inverse,
        sight.kind,
        sight.exact,
    )


def _samples(values: NDArray[Any], bands: tuple[int, ...]) -> NDArray[Any]:
    """The samples that the pass takes, band by band; types that it does not know as float32."""
    chosen = values if bands == tuple(range(len(values))) else values[list(bands)]
    return np.ascontiguousarray(
        chosen, dtype=chosen.dtype if chosen.dtype.name in _SAMPLES else np.float32
    )


def _linear(
    source: Layer, bands: tuple[int, ...]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Slope and intercept of the calibration of each band: value = count · slope + intercept."""
    if not isinstance(source, Calibrated):
        return np.ones(len(bands), np.float32), np.zeros(len(bands), np.float32)
    lines = [source.line(band) for band in bands]
    slope, intercept = np.array(lines, np.float64).T
    return slope.astype(np.float32), intercept.astype(np.float32)
