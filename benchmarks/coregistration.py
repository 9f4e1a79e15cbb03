"""Accuracy and time of co-registration where the truth is known; AROSICS on the same pairs.

    python benchmarks/coregistration.py DATA [--arosics PYTHON] [--size PIXELS]

PYTHON has AROSICS and GDAL's binding (``python3-gdal`` of Debian, and a venv on it with
``--system-site-packages``). Without it our columns alone are printed. Errors are root mean squares
over a lattice of points, in pixels, of the distance between measured and true displacement.

Simulated pairs are orthoimages through exact cameras and the exact terrain: their displacement is
zero but for the one that is put in. Real pictures are warped against themselves.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox
from scipy import interpolate, ndimage

from satdesk.core.bands import PAN
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.geometry.coregister import PicturePair, coregister, refusal
from satdesk.geometry.coregister_fit import Field
from satdesk.geometry.coregister_ground import levels_of, stable
from satdesk.geometry.frames import from_lonlat
from satdesk.geometry.grids import offset
from satdesk.products.ortho import Ortho
from satdesk.simulate.camera import Attitude
from satdesk.simulate.scenarios import Scenario
from satdesk.simulate.take import demo_world, render
from satdesk.simulate.world import State

UTM = "EPSG:32638"
SHIFT = Field(matrix=((1.37, 0.0, 0.0), (-0.82, 0.0, 0.0)))
AFFINE = Field(matrix=((0.9, 0.002, -0.001), (-1.1, 0.001, 0.003)))


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    limit_px: float
    fixed: np.ndarray
    moving: np.ndarray
    truth: object


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Held:
    """A picture in memory as a layer in its sensor's plane."""

    counts: np.ndarray
    bands = (PAN,)
    quantity = Quantity.COUNTS

    @property
    def grid(self):
        return GeoBox(self.counts.shape[1:], Affine.identity(), None)

    def read(self, grid):
        row, col = offset(self.grid, grid)
        rows, cols = grid.shape
        values = self.counts[:, row : row + rows, col : col + cols].astype("float32")
        valid = np.ones((rows, cols), np.bool_)
        return Raster(
            values=values, valid=valid, grid=grid, bands=self.bands, quantity=self.quantity
        )


def at(month, hour, minute=30):
    return datetime(2018, month, 5, hour, minute, tzinfo=UTC)


def scenario(name, instant, state, roll=-6.0, pitch=3.0, size=560):
    return Scenario(
        name=name,
        role=name,
        instant=instant,
        attitude=Attitude(roll_deg=roll, pitch_deg=pitch),
        state=state,
        pan_shape=(size, size),
        middle_m=(300.0, 760.0),
    )


def simulated(size):
    """Season, sun, snow and view, one at a time and together; each with a known displacement."""
    summer = State(dryness=0.35)
    base = scenario("summer", at(7, 7), summer, size=size)
    autumn = State(dryness=0.6, autumn=0.6)
    others = [
        ("simulated: same day, other noise", 0.1, SHIFT, base, 2),
        (
            "simulated: other view (20° apart)",
            0.1,
            AFFINE,
            replace(base, attitude=Attitude(roll_deg=14.0)),
            2,
        ),
        ("simulated: two months later", 0.3, SHIFT, scenario("s", at(9, 7), autumn, size=size), 2),
        ("simulated: afternoon sun", 0.3, SHIFT, scenario("s", at(7, 12), summer, size=size), 2),
        (
            "simulated: low November sun, autumn",
            0.3,
            AFFINE,
            scenario("s", at(11, 7), autumn, size=size),
            2,
        ),
        (
            "simulated: snow, changes, other view",
            0.3,
            SHIFT,
            scenario(
                "s",
                at(10, 7),
                State(changed=True, dryness=0.6, autumn=0.4, snow_line_m=2080.0),
                roll=12.0,
                size=size,
            ),
            2,
        ),
    ]
    grid = grid_of(base, size - 120)
    fixed = ortho(base, grid, 1)
    for name, limit, field, other, seed in others:
        moving = ortho(other, displaced_grid(grid, field), seed)
        yield Case(name=name, limit_px=limit, fixed=fixed, moving=moving, truth=field.at)


def displaced_grid(grid, field):
    """moving(p + d(p)) shows what fixed(p) does: sample the true ortho at the inverse of that."""
    (a, b, c), (d, e, f) = field.matrix
    forward = Affine(1 + b, c, a, e, 1 + f, d)
    return GeoBox(grid.shape, grid.affine @ ~forward, grid.crs)


def grid_of(taken, size):
    relief = demo_world(1).relief
    lon, lat = relief.plane.to_lonlat(*(np.array(v) for v in taken.middle_m))
    x, y = (float(v) for v in from_lonlat(UTM, np.array(lon), np.array(lat)))
    return GeoBox((size, size), Affine(1.5, 0, x - 0.75 * size, 0, -1.5, y + 0.75 * size), UTM)


def ortho(taken, grid, seed):
    picture = render(taken, seed=1) if seed == 1 else noisy(taken, seed)
    layer = Ortho(
        source=Held(counts=picture.pan),
        model=picture.pan_rpc.model,
        terrain=demo_world(1).relief,
        grid=grid,
    )
    raster = layer.read(grid)
    return np.where(raster.valid, raster.values[0], 0).astype("float32")


def noisy(taken, seed):
    """The same world with another draw of the sensor's noise."""
    from satdesk.simulate.take import take  # noqa: PLC0415 - beside its one use

    return take(taken, demo_world(1), seed, mark=False)


def warped(data):
    """Real pictures against themselves, by a shift, an affine and a bend; other gain, some noise."""

    def bend(col, row):
        return 1.5 * np.sin(col / 150), 1.2 * np.cos(row / 170) + 0.4

    change = data / "change"
    sources = {
        "Mont Ventoux PAN": (data / "phr_ventoux/left_image.tif", 1),
        "Beirut, red": (change / "oscd/beirut/imgs_1_B02B03B04B08.tif", 3),
        "aerial 1.5 m": (change / "sztaki_airchange/Szada_5/im1.png", 1),
    }
    for name, (path, band) in sources.items():
        with rasterio.open(path) as file:
            picture = file.read(band)[-600:, -600:].astype(float)
        for kind, truth in (("shift", SHIFT.at), ("affine", AFFINE.at), ("bend", bend)):
            yield Case(
                name=f"warped: {name}, {kind}",
                limit_px=0.1,
                fixed=picture.astype("float32"),
                moving=displaced(picture, truth),
                truth=truth,
            )


def displaced(picture, truth):
    row, col = np.mgrid[: picture.shape[0], : picture.shape[1]] + 0.5
    dcol, drow = truth(col, row)
    for _ in range(5):
        dcol, drow = truth(col - dcol, row - drow)
    places = [row - drow - 0.5, col - dcol - 0.5]
    moved = ndimage.map_coordinates(picture, places, order=5, mode="constant", cval=0.0)
    noise = np.random.default_rng(1).normal(0, 0.02 * picture.std(), picture.shape)
    return np.where(moved > 0, np.maximum(0.8 * moved + noise, 1), 0).astype("float32")


def points(case):
    """A lattice of places on stable ground: no error is told where there is nothing but sea."""
    rows, cols = case.fixed.shape
    col, row = np.meshgrid(np.linspace(40.3, cols - 41.1, 29), np.linspace(41.2, rows - 40.6, 27))
    land = ndimage.uniform_filter(usable(case.fixed).astype(float), 31) > 0.6
    kept = land[row.astype(int), col.astype(int)]
    return col[kept], row[kept]


def usable(picture):
    planes, valid = {"PAN": picture}, picture > 0
    return stable(planes, valid, levels_of([(planes, valid)]))


def rms(case, measured):
    wanted = case.truth(*points(case))
    off = sum((np.asarray(m) - w) ** 2 for m, w in zip(measured, wanted, strict=True))
    return float(np.sqrt(np.nanmean(off)))


def ours(case):
    start = time.perf_counter()
    pair = PicturePair(
        fixed=case.fixed,
        moving=case.moving,
        fixed_usable=usable(case.fixed),
        moving_usable=usable(case.moving),
    )
    found = coregister([pair], max_shift=24)
    return found, time.perf_counter() - start


def stored(cases, folder):
    for number, case in enumerate(cases):
        for what in ("fixed", "moving"):
            picture = getattr(case, what)
            rows, cols = picture.shape
            affine = Affine(1.0, 0, 500_000, 0, -1.0, 4_440_000)
            with rasterio.open(
                folder / f"{number:02d}_{what}.tif",
                "w",
                driver="GTiff",
                height=rows,
                width=cols,
                count=1,
                dtype="float32",
                crs=UTM,
                transform=affine,
                nodata=0,
            ) as file:
                file.write(picture, 1)


def theirs(cases, python):
    """AROSICS's answers by number of the case."""
    with tempfile.TemporaryDirectory() as name:
        stored(cases, Path(name))
        script = Path(__file__).with_name("coregistration_arosics.py")
        done = subprocess.run(
            [python, str(script), name], capture_output=True, text=True, check=False
        )
    lines = [line[7:] for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    return {int(answer["name"]): answer for answer in map(json.loads, lines)}


def their_errors(case, answer):
    """RMS of the global shift and of the tie points between each other; None where it gave up."""
    shift, ties = answer["global"]["shift"], answer["local"]["points"]
    col, row = points(case)
    # AROSICS tells how to move the target: the sign turns
    whole = None if shift is None else rms(case, (col * 0 - shift[0], col * 0 - shift[1]))
    if not ties or len(ties) < 4:
        return whole, None
    table = np.array(ties)
    field = []
    for column in (2, 3):
        near = interpolate.griddata(table[:, :2] + 0.5, -table[:, column], (col, row), "nearest")
        line = interpolate.griddata(table[:, :2] + 0.5, -table[:, column], (col, row), "linear")
        field.append(np.where(np.isfinite(line), line, near))
    return whole, rms(case, field)


def shown(value, digits=3):
    return "none" if value is None else f"{value:.{digits}f}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--arosics")
    parser.add_argument("--size", type=int, default=560)
    wishes = parser.parse_args()
    cases = [*simulated(wishes.size), *warped(wishes.data)]
    answers = theirs(cases, wishes.arosics) if wishes.arosics else {}
    print(
        "| pair | target px | ours px | held out px | kind | s | AROSICS global px | s | local px | s |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for number, case in enumerate(cases):
        found, seconds = ours(case)
        error = None if refusal(found) else rms(case, found.displacement(*points(case)))
        line = [
            case.name,
            f"{case.limit_px}",
            shown(error),
            shown(found.held_out_rmse_px),
            found.kind,
            f"{seconds:.1f}",
        ]
        if number in answers:
            answer = answers[number]
            whole, local = their_errors(case, answer)
            line += [
                shown(whole),
                f"{answer['global']['seconds']:.1f}",
                shown(local),
                f"{answer['local']['seconds']:.1f}",
            ]
        print("| " + " | ".join(line) + " |", flush=True)


if __name__ == "__main__":
    main()
