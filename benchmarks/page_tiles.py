"""The page's tiles of one picture: this commit's against GDAL's own way to the same tiles.

python benchmarks/page_tiles.py VISUAL.TIF [--rounds 5]

In turn, in one run: `write_tiles`; the same pyramid with every tile warped by GDAL (one
``WarpedVRT`` a tile, the picture's overviews, as satdesk did before); ``gdal2tiles.py`` where it is
installed. All of them write WebP of quality 82 from one picture, with as many threads or processes
as there are cores. gdal2tiles makes tiles of 512 pixels too, bilinear from zoom to zoom.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
from odc.geo.geobox import GeoBox
from rasterio.enums import Resampling

from satdesk.files.pictures import Picture
from satdesk.release.tile_files import encode, write_tiles
from satdesk.release.tiles import Pyramid, plan_pyramid, tile_grid


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    told = parser.parse_args()
    with rasterio.open(told.picture) as dataset:
        grid = GeoBox(dataset.shape, dataset.transform, dataset.crs.to_wkt())
    pyramid = plan_pyramid(grid, abs(grid.affine.a))
    ways: dict[str, Callable[[Path], object]] = {
        "satdesk": lambda folder: write_tiles(partial(Picture, told.picture), folder, pyramid),
        "GDAL's warper, tile by tile": lambda folder: by_gdal(told.picture, pyramid, folder),
    }
    if shutil.which("gdal2tiles.py"):
        ways["gdal2tiles"] = lambda folder: by_gdal2tiles(told.picture, pyramid, folder)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(told.rounds):
        for name, way in ways.items():
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                way(Path(folder))
                seconds[name].append(time.perf_counter() - start)
                files = [f for f in Path(folder).rglob("*") if f.suffix == ".webp"]
                print(f"{name}: {len(files)} tiles, {sum(f.stat().st_size for f in files):,} bytes")
    ours = statistics.median(seconds["satdesk"])
    for name, taken in seconds.items():
        middle = statistics.median(taken)
        print(f"{name}: {middle:.1f} s (median of {len(taken)}), {middle / ours:.1f} x ours")


def by_gdal(picture: Path, pyramid: Pyramid, folder: Path) -> None:
    """Every tile of every zoom out of the file, by GDAL's cubic."""
    tiles = [
        (zoom, x, y)
        for zoom in pyramid.zooms
        for y in pyramid.rows(zoom)
        for x in pyramid.columns(zoom)
    ]

    def write(tile: tuple[int, int, int]) -> None:
        with Picture(picture) as opened:
            planes = opened._levels.warped(  # noqa: SLF001 - what is compared
                tile_grid(*tile), Resampling.cubic, add_alpha=False
            )
        pixels = np.ascontiguousarray(np.moveaxis(planes, 0, -1))
        if pixels[..., 3].any():
            path = folder / f"{tile[0]}" / f"{tile[1]}" / f"{tile[2]}.webp"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode(pixels))

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(write, tiles))


def by_gdal2tiles(picture: Path, pyramid: Pyramid, folder: Path) -> None:
    """The program that comes with GDAL."""
    command = [
        "gdal2tiles.py", "-q", "--xyz", "--tilesize=512", "--tiledriver=WEBP", "--webp-quality=82",
        "-r", "cubic", "-w", "none", "-x", f"--processes={os.cpu_count()}",
        "-z", f"{pyramid.first}-{pyramid.last}", str(picture), str(folder),
    ]  # fmt: skip
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
