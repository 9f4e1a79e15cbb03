"""How the cost of an orthoimage grows with its pixels and falls with workers.

    python benchmarks/scaling.py BUNDLE-FOLDER [--json FILE] [--sizes 1e7 1e8 1e9] [--fresh]
                                 [--cores 1 2] [--home .bench]

BUNDLE-FOLDER is what ``satdesk simulate bench --uncompressed --size-km 60`` wrote. Squares of so many
pixels in the middle of the scene, and the whole of it (size 0), are written by whole processes; what
starting and preparing cost is what the smallest square, of a hundred thousand pixels, takes. Adds
to the JSON file, so that it can be run in pieces, and prints what the file holds.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
from dataclasses import asdict
from pathlib import Path

import numpy as np
from bench import SATDESK, scene_of
from flows import Scene
from processes import run

LEAST = 1e5


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--home", type=Path, default=Path(".bench"))
    parser.add_argument("--json", type=Path, default=Path(".bench/scaling.json"))
    parser.add_argument("--sizes", type=float, nargs="*", default=[LEAST, 1e7, 3e7, 1e8, 3e8, 1e9])
    parser.add_argument("--cores", type=int, nargs="*", default=[os.cpu_count() or 1])
    parser.add_argument("--fresh", action="store_true")
    chosen = parser.parse_args()
    chosen.home.mkdir(exist_ok=True)
    scene = scene_of(chosen.folder, chosen.home)
    runs = [] if chosen.fresh or not chosen.json.exists() else json.loads(chosen.json.read_text())
    for size in chosen.sizes:
        for cores in chosen.cores:
            runs.append(measured(scene, size, cores, chosen.home))
            chosen.json.write_text(json.dumps(runs, indent=1) + "\n")
            print(runs[-1], flush=True)
    report(runs)


def measured(scene: Scene, size: float, cores: int, home: Path) -> dict:
    """One process; `size` pixels, 0 = the whole grid."""
    out = home / "scaled.tif"
    out.unlink(missing_ok=True)
    os.sync()
    bounds, pixels = square(scene, size) if size else (scene.bounds, math.prod(scene.shape))
    command = [
        "taskset", "-c", f"0-{cores - 1}", *SATDESK, "ortho", str(scene.bundle), "--dem", str(scene.dem),
        "--crs", scene.crs, "--gsd", "1.5", "--bounds", *map(str, bounds), "--codec", "zstd:1",
        "--quantity", "counts", "--out", str(out), "--json",
    ]  # fmt: skip
    cost = run(command, {})
    out.unlink()
    return {"size": size, "pixels": pixels, "cores": cores, **asdict(cost)}


def square(scene: Scene, size: float) -> tuple[tuple[float, ...], int]:
    """Bounds of a square in the middle of the grid, on its pixels, and how many it has."""
    side = round(math.sqrt(size))
    west, _, _, north = scene.bounds
    rows, cols = scene.shape
    left, top = west + (cols - side) // 2 * 1.5, north - (rows - side) // 2 * 1.5
    return (left, top - side * 1.5, left + side * 1.5, top), side * side


def report(runs: list[dict]) -> None:
    for cores in sorted({r["cores"] for r in runs}):
        told = {
            pixels: {
                key: statistics.median(
                    r[key] for r in runs if (r["pixels"], r["cores"]) == (pixels, cores)
                )
                for key in ("wall_s", "cpu_s", "peak_mb", "written_mb")
            }
            for pixels in sorted({r["pixels"] for r in runs if r["cores"] == cores})
        }
        for pixels, cost in told.items():
            print(cores, "cores", pixels, {key: round(value, 2) for key, value in cost.items()})
        exponents(told)


def exponents(told: dict[int, dict]) -> None:
    """The power of the pixels by which time grows beyond that of the least square."""
    least = min(told)
    some = [pixels for pixels in told if 5e6 < pixels < 1.5e9]
    if least > 2 * LEAST or len(some) < 2:
        return
    for key in ("wall_s", "cpu_s"):
        beyond = [told[pixels][key] - told[least][key] for pixels in some]
        slope = np.polyfit(np.log(some), np.log(beyond), 1)[0]
        print(f"{key}: exponent {slope:.3f}; starting and preparing {told[least][key]:.2f} s")


if __name__ == "__main__":
    main()
