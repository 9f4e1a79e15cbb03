"""Peak memory of a mosaic of four wide scenes: each bundle 40,000 PAN pixels wide, masks on.

    python benchmarks/mosaic_memory.py [--rows 4096] [--cols 40000] [--json FILE]

The pictures are invented texture with a few white discs for clouds, on a map, in a folder that is
deleted afterwards. The mosaic is put together and written in a process of its own as ``satdesk issue`` does
it, without page and plates; measured is the resident memory of all its processes together, four
times a second.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from mosaic import plan_of
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from satdesk.release.mosaic_files import write_mosaic
from satdesk.release.recipe import recipe_of
from satdesk.scale.run import Threads

WEST, NORTH, PIXEL_M, OVERLAP = 500_000.0, 4_460_000.0, 1.5, 0.25
PATTERN, DISC = 1024, 120
SCENES, LIMIT_GB = 4, 2.0
GAINS = (1.0, 1.1, 0.9, 1.05)


def texture() -> np.ndarray:
    """``(band, y, x)`` of blue, green, red, near infrared on MS pixels; repeats without a seam."""
    rng = np.random.default_rng(3)
    field = np.zeros((PATTERN, PATTERN))
    for step in (4, 16, 64):
        coarse = rng.standard_normal((PATTERN // step, PATTERN // step))
        field += np.kron(coarse, np.ones((step, step)))
    bands = (0.09, 0.09, 0.08, 0.26)
    return np.stack([level * np.exp(0.15 * field) for level in bands])


def write_scene(folder: Path, number: int, rows: int, cols: int) -> tuple[Path, Path]:
    """PAN and MS of one scene, counts of 1e-4."""
    pattern = texture() * GAINS[number]
    row, col = np.indices((PATTERN, PATTERN))
    # Clouds of their own in every scene
    clouds = np.hypot(row - 200 - 180 * number, col - 500) < DISC
    pattern[:, clouds] = 0.6
    top = NORTH - number * rows * (1 - OVERLAP) * PIXEL_M
    paths = []
    for name, factor in (("pan", 1), ("ms", 4)):
        planes = pattern.mean(axis=0, keepdims=True) if name == "pan" else pattern
        block = np.rint(1e4 * planes).astype(np.uint16)
        block = np.kron(block, np.ones((1, 4 // factor, 4 // factor), np.uint16))
        path = folder / f"{name}_{number}.tif"
        with rasterio.open(
            path, "w", driver="GTiff", dtype="uint16", count=len(block), nodata=0, tiled=True,
            blockxsize=512, blockysize=512, compress="zstd", zstd_level=1, BIGTIFF="YES",
            height=rows // factor, width=cols // factor, crs="EPSG:32638",
            transform=Affine(PIXEL_M * factor, 0, WEST, 0, -PIXEL_M * factor, top),
        ) as file:  # fmt: skip
            size = block.shape[1]
            for y in range(0, rows // factor, size):
                for x in range(0, cols // factor, size):
                    high, wide = min(size, rows // factor - y), min(size, cols // factor - x)
                    file.write(block[:, :high, :wide], window=Window(x, y, wide, high))
        paths.append(path)
    return paths[0], paths[1]


def recipe_document(scenes: list[tuple[Path, Path]], rows: int, cols: int) -> dict[str, object]:
    """All scenes as one date, masks told by the rules and networks."""
    height = rows * (1 + (SCENES - 1) * (1 - OVERLAP)) * PIXEL_M
    edges = (WEST, NORTH - height, WEST + cols * PIXEL_M, NORTH)
    box = transform_bounds("EPSG:32638", "EPSG:4326", *edges)
    return {
        "release": {"id": "wide", "title": "wide", "publisher": "nobody"},
        "district": {"box": list(box), "title": "Box", "source": "drawn"},
        "sites": {"none": True},
        "accept": {"pan-ms-residual": "invented", "pan-ms-unmeasured": "invented"},
        "masks": {"method": "classical"},
        "mosaic": {"balance": "display"},
        "scenes": [
            {
                "pan": pan.name, "ms": ms.name, "bands": ["B", "G", "R", "NIR"],
                "at": f"2020-06-0{k + 1}T07:30:00Z", "counts_per_reflectance": 10_000,
                "group": "all",
            }
            for k, (pan, ms) in enumerate(scenes)
        ],
    }  # fmt: skip


def put_together_in(folder: Path, rows: int, cols: int) -> None:
    """What the measured process does."""
    scenes = [(folder / f"pan_{k}.tif", folder / f"ms_{k}.tif") for k in range(SCENES)]
    document = recipe_document(scenes, rows, cols)
    plan, made = plan_of(recipe_of(document, folder=folder, sha256="0" * 64))
    write_mosaic(
        plan.layer(0), made.mosaic, (folder / "image.tif", folder / "source.tif"), Threads(2),
        scene_ids=made.scene_ids, codec="zstd:1", tags={}, simulated=True,
    )  # fmt: skip
    print(json.dumps({"grid": [int(size) for size in plan.grid.shape]}))


def resident_bytes(process: int) -> int:
    """Of a process and all below it."""
    total, ahead = 0, [process]
    while ahead:
        one = ahead.pop()
        try:
            total += int(Path(f"/proc/{one}/statm").read_text().split()[1])
            for task in Path(f"/proc/{one}/task").iterdir():
                ahead += [int(c) for c in (task / "children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--cols", type=int, default=40_000)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.inside:
        put_together_in(chosen.inside, chosen.rows, chosen.cols)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for number in range(SCENES):
            write_scene(folder, number, chosen.rows, chosen.cols)
        command = [sys.executable, __file__, "--inside", str(folder)]
        command += ["--rows", str(chosen.rows), "--cols", str(chosen.cols)]
        start, peak = time.perf_counter(), 0
        environment = os.environ | {"GDAL_CACHEMAX": "128"}  # as the command line sets it
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            while process.poll() is None:
                peak = max(peak, resident_bytes(process.pid))
                time.sleep(0.25)
            told = process.stdout.read() if process.stdout else ""
        if process.returncode:
            raise SystemExit(f"the mosaic failed with {process.returncode}")
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=True
    ).stdout.strip()
    figures = {
        "scenes": SCENES, "scene_px": [chosen.rows, chosen.cols], "peak_gb": round(peak / 1e9, 3),
        "limit_gib": LIMIT_GB, "wall_s": round(time.perf_counter() - start), "commit": commit,
        **json.loads(told.splitlines()[-1]),
    }  # fmt: skip
    print(json.dumps(figures))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
