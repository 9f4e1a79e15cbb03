"""Where the time of a release goes, and one scene against GDAL's own flow.

    python benchmarks/flow.py [--runs 3] [--json flow.json]

Makes the simulated demo once in a temporary folder, then runs in turn, each as a whole process:

* ``satdesk issue``: two scenes into the sample release;
* ``satdesk ortho``: one scene, PAN and MS, sharpened, ZSTD level 1;
* GDAL: gdalwarp -rpc of PAN and of MS onto the same grid with the same heights and codec, exact
  (``-et 0``) and with its default approximation. GDAL's pansharpening is left out (its command
  needs GDAL's Python binding), so GDAL does less here than satdesk.

Prints medians and ratios within this run; a ratio holds for this codec and this machine only.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SATDESK = [sys.executable, "-m", "satdesk"]


def timed(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def warp(image: Path, dem: Path, out: Path, grid: dict, *, exact: bool) -> list[str]:
    xmin, ymin, xmax, ymax = grid["bounds"]
    pixel = grid["affine"][0]
    return [
        "gdalwarp", "-q", "-overwrite", "-rpc", "-to", f"RPC_DEM={dem}", "-r", "cubic",
        "-t_srs", grid["crs"], "-te", *(str(v) for v in (xmin, ymin, xmax, ymax)),
        "-tr", str(pixel), str(pixel), "-wm", "512", "-multi", "-wo", "NUM_THREADS=ALL_CPUS",
        *(["-et", "0"] if exact else []), "-of", "COG", "-co", "COMPRESS=ZSTD", "-co", "LEVEL=1",
        "-co", "PREDICTOR=YES", "-co", "NUM_THREADS=ALL_CPUS", str(image), str(out),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), chosen.runs)
    for name, seconds in figures["median_s"].items():
        print(f"{name:<28} {seconds:8.2f} s")
    print(json.dumps(figures["about"]))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")


def measure(home: Path, runs: int) -> dict:
    scenes = home / "scenes"
    timed([*SATDESK, "simulate", "demo", "--out", str(scenes)])
    bundle, dem = scenes / "SIMULATED_demo_before", scenes / "dem_egm96.tif"
    ortho = [
        *SATDESK, "ortho", str(bundle), "--dem", str(dem), "--out", str(home / "o.tif"),
        "--codec", "zstd:1", "--overwrite", "--json",
    ]  # fmt: skip
    grid = json.loads(subprocess.run(ortho, check=True, capture_output=True).stdout)["grid"]
    dims = sorted(bundle.glob("IMG_*/DIM_*.XML"))
    ms, pan = sorted(dims, key=lambda path: "_P_" in path.name)
    commands = {
        "satdesk issue (2 scenes)": [
            [
                *SATDESK,
                "issue",
                str(scenes / "recipe.toml"),
                "--out",
                str(home / "r"),
                "--overwrite",
            ]
        ],
        "satdesk ortho, sharpened": [ortho],
        "gdalwarp PAN + MS": [warp(i, dem, home / "g.tif", grid, exact=False) for i in (pan, ms)],
        "gdalwarp PAN + MS, -et 0": [
            warp(i, dem, home / "g.tif", grid, exact=True) for i in (pan, ms)
        ],
    }
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, parts in commands.items():
            taken[name].append(sum(timed(part) for part in parts))
    return {
        "median_s": {n: statistics.median(t) for n, t in taken.items()},
        "about": about(runs, grid),
    }


def about(runs: int, grid: dict) -> dict:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    gdal = subprocess.run(["gdalinfo", "--version"], capture_output=True, text=True, check=True)
    rows, cols = grid["shape"]
    return {
        "commit": commit.stdout.strip(), "gdal": gdal.stdout.strip(), "machine": platform.processor() or platform.machine(),
        "python": platform.python_version(), "runs": runs, "megapixels": round(rows * cols / 1e6, 2), "codec": "ZSTD 1",
    }  # fmt: skip


if __name__ == "__main__":
    main()
