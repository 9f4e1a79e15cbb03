"""Refinement by a reference orthoimage of another date: how far off is it, and does what it prints hold?

The image's RPC is biased by a known shift. The reference is an orthoimage of another date by the
exact camera and relief, so that its own error is nothing.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import rasterio
from accuracy_cases import tagged
from accuracy_programs import ran
from coregistration import UTM, Held, at, grid_of, scenario

from satdesk.products.ortho import Ortho
from satdesk.simulate.sky import Clouds, Sky
from satdesk.simulate.take import demo_world, take
from satdesk.simulate.world import State

__all__ = ["reference_rows"]

SIZE = 600
BIAS = (20.3, -11.7)
SUMMER = State(dryness=0.35)


def references():
    """The reference's date, and how it differs from the image's (a July morning)."""
    autumn = State(dryness=0.6, autumn=0.6)
    snow = State(changed=True, dryness=0.6, autumn=0.4, snow_line_m=2080.0)
    yield "the same day", scenario("s", at(7, 7), SUMMER, size=SIZE)
    yield "two months later", scenario("s", at(9, 7), autumn, size=SIZE)
    yield "low November sun", scenario("s", at(11, 7), autumn, size=SIZE)
    yield "snow, changes, other view", scenario("s", at(10, 7), snow, roll=12.0, size=SIZE)
    base = scenario("s", at(7, 7), SUMMER, size=SIZE)
    for share in (0.2, 0.5):
        yield f"{share:.0%} cloud", replace(base, sky=Sky(clouds=Clouds(share=share)))


def write_image(path: Path, values: np.ndarray, rpc) -> None:
    """In sensor geometry, with its RPC in the tags."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with opened(path, values, None, None) as file:
            file.write(counts(values), 1)
            file.rpcs = tagged(rpc)


def write_map(path: Path, values: np.ndarray, grid) -> None:
    """On its grid."""
    with opened(path, values, UTM, grid.affine) as file:
        file.write(counts(values), 1)


def opened(path: Path, values: np.ndarray, crs, transform):
    rows, cols = values.shape
    return rasterio.open(
        path, "w", driver="GTiff", height=rows, width=cols, count=1, dtype="uint16", nodata=0,
        crs=crs, transform=transform,
    )  # fmt: skip


def counts(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 4095).astype("uint16")


def write_dem(path: Path) -> None:
    relief = demo_world(1).relief
    lon, lat = relief.plane.to_lonlat(*relief.axes)
    dx, dy = lon[1] - lon[0], lat[1] - lat[0]
    place = rasterio.Affine(dx, 0, lon[0] - dx / 2, 0, dy, lat[0] - dy / 2)
    rows, cols = relief.heights.shape
    profile = {"driver": "GTiff", "height": rows, "width": cols, "count": 1, "dtype": "float64"}
    with rasterio.open(path, "w", crs="EPSG:4326", transform=place, **profile) as file:
        file.write(relief.heights, 1)


def orthoimage(scene, grid) -> np.ndarray:
    taken = take(scene, demo_world(1), 2, mark=False)
    layer = Ortho(
        source=Held(counts=taken.pan),
        model=taken.shot.cameras.pan,
        terrain=demo_world(1).relief,
        grid=grid,
    )
    raster = layer.read(grid)
    return np.where(raster.valid, raster.values[0], 0)


def refined(folder: Path):
    words = ["--reference", "reference.tif", "--dem", "dem.tif", "--vertical", "ellipsoid"]
    command = [sys.executable, "-m", "satdesk", "refine", "image.tif", *words, "--json"]
    start = time.perf_counter()
    _, wrong = ran([*command, "--out", "r.json", "--overwrite"], folder)
    return time.perf_counter() - start, wrong


def reference_rows(folder: Path, *, quick: bool):
    """One row a reference."""
    base = scenario("summer", at(7, 7), SUMMER, size=SIZE)
    image = take(base, demo_world(1), 1, mark=False)
    model = image.pan_rpc.model
    biased = replace(model, samp_off=model.samp_off + BIAS[0], line_off=model.line_off + BIAS[1])
    write_image(folder / "image.tif", image.pan[0], biased)
    write_dem(folder / "dem.tif")
    grid = grid_of(base, SIZE - 120)
    for name, scene in references():
        picture = orthoimage(scene, grid)
        write_map(folder / "reference.tif", picture, grid)
        (folder / "r.json").unlink(missing_ok=True)
        seconds, wrong = refined(folder)
        yield judged(name, folder / "r.json", seconds, wrong)
        if quick:
            return


def judged(name: str, path: Path, seconds: float, wrong: str | None) -> dict:
    row = {"case": name, "seconds": round(seconds, 1)}
    if wrong is not None:
        return row | {"refused": wrong}
    found = json.loads(path.read_text(encoding="utf-8"))
    a, b, c, d, e, f = found["model"]["matrix"]
    col, row_ = np.array([0, SIZE, SIZE, 0]), np.array([0, 0, SIZE, SIZE])
    x, y = col + BIAS[0], row_ + BIAS[1]
    off = np.hypot(a * x + b * y + c - col, d * x + e * y + f - row_)
    return row | {
        "worst_px": float(off.max()),
        "matches": found["points_used"],
        "rms_px": found["rms_px"],
        "printed_m": found["leave_one_out"]["upper_m"],
    }
