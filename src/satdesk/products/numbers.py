"""Stored numbers of layers that lie above fused ones, without a detour through floats.

Clipping, laying over each other and relabelling choose pixels and compute nothing, so they may as
well choose among pixels that are stored already.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.layer import Layer
from satdesk.geometry.grids import offset, subgrid
from satdesk.products.clipped import Clipped, inside
from satdesk.products.fused import Fused
from satdesk.products.mosaic import Mosaic
from satdesk.products.registered import Relabelled
from satdesk.products.seamed import Choice, Seamed

__all__ = ["chosen_numbers", "stored_numbers"]

Numbers = tuple[NDArray[np.uint16], NDArray[np.bool_]]


def stored_numbers(layer: Layer, grid: GeoBox) -> Numbers | None:
    """Pixels of `grid` as `Fused.stored` gives them; None where `layer` holds others than fused."""
    if isinstance(layer, Fused):
        return layer.stored(grid)
    if isinstance(layer, Clipped):
        return _clipped(layer, grid)
    if isinstance(layer, Relabelled):
        row, col = offset(layer.grid, grid)
        shape = int(grid.shape[0]), int(grid.shape[1])
        return stored_numbers(layer.source, subgrid(layer.source.grid, row, col, shape))
    if isinstance(layer, Seamed):
        choice = chosen_numbers(layer, grid)
        return None if choice is None else (choice.values, choice.source > 0)
    return _laid(layer, grid) if isinstance(layer, Mosaic) else None


def chosen_numbers(mosaic: Seamed, grid: GeoBox) -> Choice | None:
    """The choice of a mosaic among stored numbers; None where it holds others than fused."""
    if any(stored_numbers(each.layer, grid[:0, :0]) is None for each in mosaic.scenes):
        return None

    def pixels(number: int) -> Numbers:
        found = stored_numbers(mosaic.scenes[number - 1].layer, grid)
        if found is None:
            raise AssertionError("asked before")
        return found

    return mosaic.chosen(grid, pixels)


def _clipped(layer: Clipped, grid: GeoBox) -> Numbers | None:
    keep = inside(layer.polygon, layer.source.grid, grid, crs=layer.crs)
    if not keep.any():
        shape = (*keep.shape, len(layer.bands))
        nothing = np.zeros(shape, np.uint16), np.zeros(keep.shape, np.bool_)
        return None if stored_numbers(layer.source, grid[:1, :1]) is None else nothing
    below = stored_numbers(layer.source, grid)
    if below is None or keep.all():
        return below
    numbers, valid = below
    numbers[~keep] = 0
    return numbers, valid & keep


def _laid(layer: Mosaic, grid: GeoBox) -> Numbers | None:
    result = None
    for each in layer.layers:
        below = stored_numbers(each, grid)
        if below is None:
            return None
        if result is None:
            result = below
        else:
            numbers, valid = result
            result = np.where(valid[..., None], numbers, below[0]), valid | below[1]
        if result[1].all():
            break
    return result
