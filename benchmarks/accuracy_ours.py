"""One image laid onto a grid by satdesk, as a process of its own: what the peers are timed against.

    python accuracy_ours.py IMAGE DEM VERTICAL CRS PIXEL XMIN YMIN XMAX YMAX OUT [REFINEMENT]

``satdesk ortho`` writes whole counts; here the positions are wanted, so the layers that it is made
of are run and the values are written as they are.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.bundles.formats import open_images
from satdesk.files.dem import open_terrain
from satdesk.files.rasters import ImageLayer
from satdesk.geometry.occlusion import seen_terrain
from satdesk.products.ortho import Ortho
from satdesk.release.refinement_use import refined
from satdesk.scale.run import Threads, run


def main(image, dem, vertical, crs, pixel, *rest):
    bounds, (out, *refinement) = [float(v) for v in rest[:4]], rest[4:]
    scene = open_images(image=Path(image), bands=("R", "NIR"))
    if refinement:
        scene = refined(scene, Path(refinement[0]))
    source = scene.images[0]
    declared = None if vertical == "declared" else vertical
    loaded = open_terrain([Path(dem)], vertical=declared)
    terrain, _ = seen_terrain(loaded.terrain, source.model)
    p = float(pixel)
    left, bottom, right, top = bounds
    shape = round((top - bottom) / p), round((right - left) / p)
    layer = Ortho(
        source=ImageLayer(image=replace(source)),
        model=source.model,
        terrain=terrain,
        grid=GeoBox(shape, Affine(p, 0, left, 0, -p, top), crs),
        kernel="bilinear",
    )
    raster = run(layer, Threads(os.cpu_count() or 1))
    with rasterio.open(
        out, "w", driver="GTiff", height=shape[0], width=shape[1], count=2, dtype="float64",
        crs=crs, transform=layer.grid.affine, nodata=0,
    ) as file:  # fmt: skip
        file.write(raster.values * raster.valid)


if __name__ == "__main__":
    main(*sys.argv[1:])
