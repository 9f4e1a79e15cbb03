"""The scenes of a date in small: what their balance and their seams are found on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from shapely.geometry.base import BaseGeometry

from satdesk.core.layer import Layer
from satdesk.core.sensor import FloatArray
from satdesk.core.sighting import Doubt, State
from satdesk.products.clipped import inside
from satdesk.products.seamed import Sighted
from satdesk.products.selected import Selected
from satdesk.release.composition import Composition, placed
from satdesk.release.ground import Ground, seen_ground
from satdesk.scale.run import Executor, stream

__all__ = ["Cells", "Preview", "areas", "cells_over", "preview", "sighted"]

Bools = NDArray[np.bool_]

_MOST_CELLS = 4_000_000
_MOST_NUMBERS = 64_000_000
"""Of all previews of a date together: 256 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """A grid of cells over a finer one.

    Attributes:
        grid: Of the cells; may reach beyond the finer grid.
        cell_px: Edge of a cell in pixels of the finer grid.
    """

    grid: GeoBox
    cell_px: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Preview:
    """A scene in small.

    Attributes:
        values: ``(band, y, x)`` float32, bands as the scene's picture has them; NaN = not imaged,
            or outside the district.
        hidden: ``(y, x)``, True = cloud or shadow.
        doubt: ``(y, x)`` uint8 of `core.sighting.Doubt`; None = nobody compared.
    """

    values: FloatArray
    hidden: Bools
    doubt: NDArray[np.uint8] | None = None

    @property
    def imaged(self) -> Bools:
        """``(y, x)``."""
        return np.asarray(np.isfinite(self.values[0]))

    @property
    def clear(self) -> Bools:
        """``(y, x)``, True = imaged, and nothing speaks against it."""
        return self.imaged & ~self.unclear

    @property
    def unclear(self) -> Bools:
        """``(y, x)``, True = hidden or doubted."""
        return self.hidden if self.doubt is None else self.hidden | (self.doubt != Doubt.NONE)

    @property
    def avoided(self) -> Bools:
        """``(y, x)``, True = not to be shown where another scene sees clear ground."""
        return self.hidden if self.doubt is None else self.hidden | (self.doubt == Doubt.AVOIDED)

    @property
    def doubted(self) -> Bools:
        """``(y, x)``, True = another scene contradicts what is shown."""
        return np.zeros(self.hidden.shape, bool) if self.doubt is None else self.doubt != Doubt.NONE

    @property
    def hidden_share(self) -> float:
        """Of what is imaged, the share that is hidden."""
        return self._share(self.hidden)

    @property
    def avoided_share(self) -> float:
        """Of what is imaged, the share that is hidden, or gives way to another scene."""
        return self._share(self.avoided)

    @property
    def unclear_share(self) -> float:
        """Of what is imaged, the share that is hidden or doubted."""
        return self._share(self.unclear)

    def _share(self, cells: Bools) -> float:
        seen = int(np.count_nonzero(self.imaged))
        return int(np.count_nonzero(cells & self.imaged)) / max(seen, 1)


def cells_over(grid: GeoBox, *, scenes: int, bands: int, least_px: int) -> Cells:
    """Cells for all scenes of a date: as fine as memory allows, never finer than `least_px`."""
    rows, cols = (int(size) for size in grid.shape)
    most = min(_MOST_CELLS, _MOST_NUMBERS // max(scenes * bands, 1))
    cell_px = max(least_px, math.ceil(math.sqrt(rows * cols / most)), 1)
    shape = (-(-rows // cell_px), -(-cols // cell_px))
    return Cells(grid=GeoBox(shape, grid.affine @ Affine.scale(cell_px), grid.crs), cell_px=cell_px)


def sighted(made: Composition) -> Sighted:
    """The scene's picture with what hides its ground, where that was measured."""
    cover = None if made.cover is None else made.cover.layer
    return Sighted(layer=made.layer, cover=cover)


def preview(
    made: Composition, cells: Cells, district: BaseGeometry, ground: Ground, executor: Executor
) -> Preview:
    """A scene on `cells`: the multispectral image where it has one, averaged by a wider kernel."""
    parts = made.parts
    source = placed(parts.images[-1], parts, cells.grid, seen_ground(ground, parts.finest), "cubic")
    layer = Selected(source=source, names=tuple(band.name for band in made.layer.bands))
    values = _evaluated(layer, executor)
    values[:, ~inside(district, cells.grid, cells.grid)] = np.nan
    return Preview(values=values, hidden=_hidden(sighted(made), cells))


def _evaluated(layer: Layer, executor: Executor) -> FloatArray:
    values = np.full((len(layer.bands), *layer.grid.shape), np.nan, np.float32)
    for (row, col), raster in stream(layer, executor, 256):
        rows, cols = raster.valid.shape
        part = values[:, row : row + rows, col : col + cols]
        np.copyto(part, raster.values, where=raster.valid, casting="same_kind")
    return values


def _hidden(scene: Sighted, cells: Cells) -> Bools:
    """Cells whose middle pixel is hidden; row by row of cells, which needs no pixel beside."""
    rows, cols = (int(size) for size in cells.grid.shape)
    hidden = np.zeros((rows, cols), bool)
    if scene.cover is None:
        return hidden
    grid, size = scene.grid, cells.cell_px
    row, col = (
        np.minimum(np.arange(count) * size + size // 2, int(whole) - 1)
        for count, whole in zip((rows, cols), grid.shape, strict=True)
    )
    for number, at in enumerate(row.tolist()):
        line = grid[at : at + 1, :]
        found = scene.states(line, np.ones(tuple(line.shape), bool))[0, col]
        hidden[number] = (found == State.CLOUD) | (found == State.SHADOW)
    return hidden


def areas(previews: Sequence[Preview]) -> list[float]:
    """Cells that each scene shows clear, at least 1."""
    return [max(float(np.count_nonzero(each.clear)), 1.0) for each in previews]
