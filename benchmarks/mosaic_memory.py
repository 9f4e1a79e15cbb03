"""Peak memory of a mosaic of four wide scenes: each bundle 40,000 PAN pixels wide, masks on.

    python benchmarks/mosaic_memory.py [--rows 4096] [--cols 40000] [--share 0.3] [--json FILE]

The pictures are invented texture with a few white discs for clouds, on a map, in a folder that is
deleted afterwards. The mosaic is put together and written in a process of its own as ``satdesk issue`` does
it, without page and plates; measured is the resident memory of all its processes together, ten
times a second, and which step it was in. With ``--share`` the district is a band from corner to corner
that covers this share of the scenes' common rectangle: grid, previews and masks are as large, and less is
written, so that scenes of full height are done in minutes. ``--allocator`` says how freed memory is kept:
as the command line has it, as the C library does by itself, or with one arena for all threads.
"""

from __future__ import annotations

import argparse
import ctypes
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
from rasterio.warp import transform, transform_bounds
from rasterio.windows import Window

from satdesk.cli.allocator import keep_freed_memory
from satdesk.release.assembly import put_together
from satdesk.release.mosaic_files import write_mosaic
from satdesk.release.plan import planned
from satdesk.release.recipe import recipe_of
from satdesk.release.scenes import open_scene
from satdesk.scale.run import Threads

WEST, NORTH, PIXEL_M, OVERLAP = 500_000.0, 4_460_000.0, 1.5, 0.25
PATTERN, DISC = 1024, 120
SCENES, LIMIT_GIB = 4, 2.0
GAINS = (1.0, 1.1, 0.9, 1.05)
ALLOCATORS = ("kept", "default", "one-arena")
ARENA_MAX = -8
"""Parameter of ``mallopt`` in glibc's malloc.h."""


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


def district(rows: int, cols: int, share: float | None) -> list[tuple[float, float]]:
    """Corners in longitude/latitude: of the rectangle of all scenes, or of a band across it."""
    height = rows * (1 + (SCENES - 1) * (1 - OVERLAP)) * PIXEL_M
    east, south = WEST + cols * PIXEL_M, NORTH - height
    wide = (east - WEST) * (share or 1.0)
    corners = [(WEST, NORTH), (WEST + wide, NORTH), (east, south), (east - wide, south)]
    if share is None:
        box = transform_bounds("EPSG:32638", "EPSG:4326", WEST, south, east, NORTH)
        corners = [(box[0], box[3]), (box[2], box[3]), (box[2], box[1]), (box[0], box[1])]
        return [*corners, corners[0]]
    lon, lat = transform("EPSG:32638", "EPSG:4326", *zip(*corners, strict=True))
    return [*zip(lon, lat, strict=True), (lon[0], lat[0])]


def recipe_document(folder: Path, rows: int, cols: int, share: float | None) -> dict[str, object]:
    """All scenes as one date, masks told by the rules and networks."""
    ring = district(rows, cols, share)
    geometry = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "geometry": geometry, "properties": {}}
    text = json.dumps({"type": "FeatureCollection", "features": [feature]})
    (folder / "district.geojson").write_text(text, encoding="utf-8")
    return {
        "release": {"id": "wide", "title": "wide", "publisher": "nobody"},
        "district": {"file": "district.geojson", "title": "Area", "source": "drawn"},
        "sites": {"none": True},
        "accept": {"pan-ms-residual": "invented", "pan-ms-unmeasured": "invented"},
        "masks": {"method": "classical"},
        "mosaic": {"balance": "display"},
        "scenes": [
            {
                "pan": f"pan_{k}.tif", "ms": f"ms_{k}.tif", "bands": ["B", "G", "R", "NIR"],
                "at": f"2020-06-0{k + 1}T07:30:00Z", "counts_per_reflectance": 10_000,
                "group": "all",
            }
            for k in range(SCENES)
        ],
    }  # fmt: skip


def put_together_in(folder: Path, rows: int, cols: int, share: float | None, kept: str) -> None:
    """What the measured process does; tells when each step began."""
    if kept != "default":
        keep_freed_memory()
    if kept == "one-arena":
        ctypes.CDLL(None).mallopt(ARENA_MAX, 1)
    steps = [("plan", time.monotonic())]

    def told(step: str, done: int, total: int) -> None:
        if step == "measure" and done == total:
            steps.append(("masks", time.monotonic()))

    wish = recipe_of(recipe_document(folder, rows, cols, share), folder=folder, sha256="0" * 64)
    plan = planned(wish, [open_scene(choice) for choice in wish.scenes], told)
    steps.append(("order, balance, seams", time.monotonic()))
    plan, (made,) = put_together(plan, Threads(2), lambda *_: None)
    if made is None:
        raise SystemExit("one scene is no mosaic")
    steps.append(("write", time.monotonic()))
    write_mosaic(
        plan.layer(0), made.mosaic, (folder / "image.tif", folder / "source.tif"), Threads(2),
        scene_ids=made.scene_ids, codec="zstd:1", tags={}, simulated=True,
    )  # fmt: skip
    grid = [int(size) for size in plan.grid.shape]
    image_gb = round((folder / "image.tif").stat().st_size / 1e9, 2)
    print(json.dumps({"steps": steps, "grid": grid, "image_gb": image_gb}))


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


def watched(command: list[str]) -> tuple[list[tuple[float, int]], str]:
    """Resident bytes over time while a command runs, and what it told."""
    samples = []
    environment = os.environ | {"GDAL_CACHEMAX": "128"}  # as the command line sets it
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        while process.poll() is None:
            samples.append((time.monotonic(), resident_bytes(process.pid)))
            time.sleep(0.1)
        told = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise SystemExit(f"the mosaic failed with {process.returncode}")
    return samples, told.splitlines()[-1]


def by_step(
    samples: list[tuple[float, int]], steps: list[tuple[str, float]]
) -> dict[str, dict[str, float]]:
    """Seconds and peak in GB of each step."""
    ends = [start for _, start in steps[1:]] + [samples[-1][0]]
    found = {}
    for (name, start), end in zip(steps, ends, strict=True):
        peak = max((size for at, size in samples if start <= at <= end), default=0)
        found[name] = {"s": round(end - start), "peak_gb": round(peak / 1e9, 3)}
    return found


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--cols", type=int, default=40_000)
    parser.add_argument("--share", type=float, help="of the rectangle that the district covers")
    parser.add_argument("--allocator", choices=ALLOCATORS, default=ALLOCATORS[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.inside:
        put_together_in(chosen.inside, chosen.rows, chosen.cols, chosen.share, chosen.allocator)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for number in range(SCENES):
            write_scene(folder, number, chosen.rows, chosen.cols)
        command = [sys.executable, __file__, "--inside", str(folder)]
        command += ["--rows", str(chosen.rows), "--cols", str(chosen.cols)]
        command += ["--allocator", chosen.allocator]
        command += [] if chosen.share is None else ["--share", str(chosen.share)]
        samples, line = watched(command)
    told = json.loads(line)
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=True
    ).stdout.strip()
    figures = {
        "scenes": SCENES, "scene_px": [chosen.rows, chosen.cols], "grid": told["grid"],
        "share": chosen.share, "image_gb": told["image_gb"], "allocator": chosen.allocator,
        "peak_gib": round(max(size for _, size in samples) / 2**30, 3), "limit_gib": LIMIT_GIB,
        "steps": by_step(samples, told["steps"]), "commit": commit,
    }  # fmt: skip
    print(json.dumps(figures))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
