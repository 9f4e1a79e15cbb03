"""How far the pictures of the flows lie from the definition, and from ours.

Geometry: PAN is orthorectified by the definition (one PROJ transformation, one height and one RPC a
pixel) on windows spread over the scene, and each flow's picture, the mean of its bands, is matched
with it. Counts: differences from our own picture, band by band, over the middle of the scene.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import rasterio
from flows import Scene
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from satdesk.bundles.formats import open_bundle
from satdesk.core.units import Quantity
from satdesk.files.dem import open_terrain
from satdesk.files.rasters import ImageLayer
from satdesk.geometry.grids import subgrid
from satdesk.geometry.register import measure_shift
from satdesk.products.ortho import Ortho
from satdesk.release.scenes import pan_and_ms

SIDE = 256
ACROSS = 7
REACH_PX = 32
MIDDLE = 4096
BUNDLE_BANDS = ("R", "G", "B", "NIR")


def exact_windows(scene: Scene) -> list[tuple[Window, np.ndarray]]:
    """PAN by the definition on windows that the image fills, ``(y, x)`` float."""
    pan, _ = pan_and_ms(open_bundle(scene.bundle))
    terrain = open_terrain([scene.dem], vertical=None).terrain
    grid = GeoBox.from_bbox(scene.bounds, crs=scene.crs, shape=scene.shape, tight=True)
    layer = Ortho(
        source=ImageLayer(image=replace(pan, quantity=Quantity.COUNTS)),
        model=pan.model, terrain=terrain, grid=grid, kernel="cubic", exact=True,
    )  # fmt: skip
    rows, cols = scene.shape
    found = []
    for row in np.linspace(0, rows - SIDE, ACROSS + 2).astype(int)[1:-1].tolist():
        for col in np.linspace(0, cols - SIDE, ACROSS + 2).astype(int)[1:-1].tolist():
            seen = layer.read(subgrid(grid, row, col, (SIDE, SIDE)))
            if seen.valid.all():
                found.append((Window(col, row, SIDE, SIDE), seen.values[0].astype(float)))
    return found


def geometric_error(path: Path, windows: list[tuple[Window, np.ndarray]]) -> dict[str, float]:
    """Distance of a picture from the definition, pixels: median and largest of the windows."""
    off = []
    with rasterio.open(path) as picture:
        for window, exact in windows:
            mean = picture.read(window=window).astype(float).mean(axis=0)
            shift = measure_shift(exact, mean, max_shift=REACH_PX)
            if shift.dcol is not None:
                off.append(float(np.hypot(shift.dcol, shift.drow)))
    if not off:
        return {"windows": len(windows), "matched": 0}
    return {
        "median_px": float(np.median(off)),
        "largest_px": max(off),
        "windows": len(windows),
        "matched": len(off),
    }


def comparable(path: Path, scene: Scene) -> bool:
    """Whether a flow wrote the grid that was asked for."""
    if not path.exists():
        return False
    with rasterio.open(path) as picture:
        return picture.shape == scene.shape and picture.count == len(BUNDLE_BANDS)


def counts(path: Path, ours: Path, scene: Scene) -> dict[str, float]:
    """Differences in counts from ours over the middle of the scene, all bands."""
    rows, cols = scene.shape
    side = min(MIDDLE, rows, cols)
    window = Window((cols - side) // 2, (rows - side) // 2, side, side)
    with rasterio.open(ours) as own:
        names, mine = own.descriptions, own.read(window=window)
    with rasterio.open(path) as theirs:
        other = theirs.read([BUNDLE_BANDS.index(n) + 1 for n in names], window=window)
    both = (mine > 0).all(axis=0) & (other > 0).all(axis=0)
    off = other[:, both].astype(np.float32) - mine[:, both]
    return {
        "mean_absolute": float(np.abs(off).mean()),
        "root_mean_square": float((off**2).mean() ** 0.5),
    }
