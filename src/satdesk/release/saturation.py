"""How much of a picture is saturated, and what must be said of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from odc.geo.geobox import GeoBox

from satdesk.core.layer import Layer
from satdesk.core.sensor import FloatArray
from satdesk.geometry.affine import Adjusted
from satdesk.geometry.camera import project
from satdesk.geometry.frames import crs_of, to_lonlat
from satdesk.geometry.grids import subgrid
from satdesk.products.ortho import Ortho
from satdesk.release.content import Notice
from satdesk.release.samples import Sample, sampled

__all__ = ["MOST", "saturated_shares", "saturation_notice"]

MOST = 0.5
"""An image that is saturated beyond this share has too little left to be fitted on."""


def saturated_shares(
    images: Mapping[str, tuple[Layer, float | None]], windows: tuple[GeoBox, ...]
) -> dict[str, float | None]:
    """Share (0–1) of each image's usable pixels of which a band reaches the end of its range.

    Args:
        images: By id: counts, not interpolated, and the count that means "saturated". None of the
            latter = nobody states it, and None is answered.
        windows: Where to look. Of an image in sensor geometry as many of its own pixels are looked
            at, around the one that shows a window's middle.
    """
    shares: dict[str, float | None] = {}
    for name, (layer, top) in images.items():
        if top is None:
            shares[name] = None
            continue
        values, valid = _counts(layer, windows)
        total = int(np.count_nonzero(valid))
        reached = int(np.count_nonzero((values >= top).any(axis=0) & valid))
        shares[name] = round(reached / total, 6) if total else 0.0
    return shares


def _counts(layer: Layer, windows: tuple[GeoBox, ...]) -> Sample:
    if not isinstance(layer, Ortho):
        return sampled(layer, windows)
    return sampled(layer.source, _windows_of(layer, windows))


def _windows_of(image: Ortho, windows: tuple[GeoBox, ...]) -> tuple[GeoBox, ...]:
    """Windows of the same shapes in the image's own array, within it as far as they fit."""
    grid = image.source.grid
    placed = []
    for window, col, row in zip(windows, *_middles(image, windows), strict=True):
        rows, cols = (
            min(int(n), int(most)) for n, most in zip(window.shape, grid.shape, strict=True)
        )
        if 0 <= col < grid.shape[1] and 0 <= row < grid.shape[0]:  # False for NaN
            top = min(max(int(row) - rows // 2, 0), int(grid.shape[0]) - rows)
            left = min(max(int(col) - cols // 2, 0), int(grid.shape[1]) - cols)
            placed.append(subgrid(grid, top, left, (rows, cols)))
    return tuple(placed) or (grid[:0, :0],)


def _middles(image: Ortho, windows: tuple[GeoBox, ...]) -> tuple[FloatArray, FloatArray]:
    """``col, row`` in the image's array of the middle of each window; NaN = not seen."""
    middles = [w.affine @ (int(w.shape[1]) / 2, int(w.shape[0]) / 2) for w in windows]
    lon, lat = to_lonlat(crs_of(image.grid), *np.array(middles, dtype=np.float64).T)
    seen = Adjusted(model=image.model, matrix=~image.source.grid.affine)
    return project(seen, lon, lat, image.terrain.height(lon, lat))


def saturation_notice(shares: Mapping[str, float | None]) -> tuple[Notice, ...]:
    """Nothing where nothing is saturated, or nobody states what that would be."""
    most = max((share for share in shares.values() if share is not None), default=0.0)
    if not most:
        return ()
    text = (
        f"About {100 * most:.2g} % of the picture is saturated, where a number means at least "
        "that much: nothing was fitted or scored there, and masks tell where it is."
    )
    return (Notice(code="saturated", text=text),)
