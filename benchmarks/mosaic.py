"""How well strips are put together where the truth is known; other programs on the same strips.

    python benchmarks/mosaic.py [--seeds 21 22 23] [--chain 3] [--json FILE] [--write PAGE]

Each case is simulated, orthorectified and put together as ``satdesk issue`` does it, without page
and plates. *Gain error* is the largest difference between the ratio of the gains of two neighbouring
strips and the true ratio of their calibrations. *Seam* is the ratio of gradients across the seams
to those beside them, *step* that of the means on either side (1 = a seam that cannot be told from
its neighbourhood). ``otbcli_Mosaic`` and ``gdal_merge.py`` get the same orthoimages and are measured
along the seams that they make: the edges of the strip that lies on top.

Seeds below 10 are for development; the tables are made with others. With ``--keep`` the worlds stay
in a folder and are used again, unless this simulator would make others. ``--write`` puts the tables
between the page's markers.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import rasterio
from kept_scenes import kept

from satdesk.core.bands import Band
from satdesk.core.scene import ImageTile
from satdesk.core.units import Quantity
from satdesk.products.covered import Covered, CoverMap
from satdesk.radiometry.seam_visibility import seam_sums, visibility
from satdesk.release.assembly import Assembly, put_together
from satdesk.release.composition import Composition, placed
from satdesk.release.cover_halo import cover_grid
from satdesk.release.display import blended, seams_seen
from satdesk.release.ground import source_gsd_m
from satdesk.release.mosaic_files import sightings_layer, write_mosaic
from satdesk.release.pictures import Stored, stored_layer
from satdesk.release.plan import Plan, planned
from satdesk.release.recipe import Recipe, recipe_of
from satdesk.release.scene_cover import SceneCover
from satdesk.release.scenes import open_scene
from satdesk.scale.run import Threads
from satdesk.simulate.render import CLOUD, CLOUD_SHADOW
from satdesk.simulate.scenario import Scenario
from satdesk.simulate.sky import Clouds, Sky
from satdesk.simulate.strips import strips
from satdesk.simulate.write import Making, simulate_pictures

REACH = 14
START, END = "<!-- mosaic: benchmarks/mosaic.py -->", "<!-- end of mosaic -->"
CASES = ("equal", "gains", "gains-clouds")
"""Of the table; ``wide-clouds`` takes as long as all of them."""
GAINS = {
    "equal": (1.0, 1.0, 1.0, 1.0),
    "gains": (1.0, 1.1, 0.9, 1.05),
    "gains-clouds": (1.0, 1.1, 0.9, 1.05),
    "wide-clouds": (1.0, 1.1, 0.9, 1.05),
}
WIDE_PX, WIDE_STEP_M, WIDE_SHIFT_M = (1600, 1400), 1400.0, -1500.0
MAKING = Making(threads=2, compressed=False)
WIDE_SKY = Sky(clouds=Clouds(share=0.12, above_m=1200.0))


@dataclass(frozen=True, kw_only=True)
class Row:
    """One case of one seed."""

    case: str
    seed: int
    gain_error: float | None
    gradient: float | None
    step: float | None
    others: dict[str, tuple[float | None, float | None]]


def recipe(
    folder: Path, scenes: tuple[Scenario, ...], balance: str, feather_m: float, masks: str
) -> Recipe:
    names = sorted(folder.glob("SIMULATED_*"))
    first, last = scenes[0].middle_m[0], scenes[-1].middle_m[0]
    rows, cols = scenes[0].pan_shape
    west = 46.13 + (first - 0.6 * cols) / 85_140
    east = 46.13 + (last + 0.6 * cols) / 85_140
    south, north = (40.2 + (760 + sign * 0.5 * rows) / 111_000 for sign in (-1, 1))
    document = {
        "release": {"id": "strips", "title": "strips", "publisher": "nobody"},
        "district": {"box": [west, south, east, north], "title": "Box", "source": "drawn"},
        "sites": {"none": True},
        "terrain": {"dem": ["dem_egm96.tif"], "vertical": "EGM96"},
        "accept": {"pan-ms-residual": "clouds move", "pan-ms-unmeasured": "clouds"},
        "masks": {"method": masks},
        "mosaic": {"balance": balance, "feather_m": feather_m},
        "scenes": [{"bundle": name.name, "group": "all"} for name in names if name.is_dir()],
    }
    return recipe_of(document, folder=folder, sha256="0" * 64)


def scenes_of(case: str, chain: int) -> tuple[Scenario, ...]:
    """The strips of a case; of the wide ones the second and the last are under low clouds."""
    if case != "wide-clouds":
        clouded = (chain - 1,) if case == "gains-clouds" else ()
        return strips(chain, brighter=GAINS[case], clouded=clouded)
    plain = strips(chain, shape=WIDE_PX, step_m=WIDE_STEP_M, brighter=GAINS[case], clouded=())
    return tuple(
        replace(
            each,
            middle_m=(each.middle_m[0] + WIDE_SHIFT_M, each.middle_m[1]),
            sky=WIDE_SKY if number in (1, chain - 1) else each.sky,
        )
        for number, each in enumerate(plain)
    )


def plan_of(wish: Recipe, world: Path | None = None) -> tuple[Plan, Assembly]:
    """Put a recipe's scenes together; with the true masks of `world` in place of told ones."""
    scenes = [open_scene(choice) for choice in wish.scenes]
    plan = planned(wish, scenes, lambda *_: None)
    if world is not None:
        group = tuple(truly_covered(each, plan, world) for each in plan.compositions[0])
        plan = replace(plan, compositions=(group,))
    plan, made = put_together(plan, Threads(2), lambda *_: None)
    if made[0] is None:
        raise SystemExit("one scene is no mosaic")
    return plan, made[0]


def truly_covered(made: Composition, plan: Plan, world: Path) -> Composition:
    """A scene with the cloud and shadow that the simulator knows of."""
    name = made.parts.scene.id.partition("_strip_")[2]
    image = replace(
        made.parts.images[-1],
        tiles=(ImageTile(path=world / f"truth_strip_{name}_ms_mask.tif"),),
        bands=(Band(name="truth"),),
        dtype="uint8",
        calibration=None,
        nodata=None,
        saturated=None,
    )
    ratio, cells = cover_grid(plan.grid, source_gsd_m(made.parts.images[-1]))
    parts = replace(made.parts, quantity=Quantity.COUNTS)
    truth = placed(image, parts, cells, plan.ground, "nearest").read(cells)
    flags = (truth.values[0] & np.uint8(CLOUD | CLOUD_SHADOW)).astype(np.uint8)
    cover = Covered(cover=CoverMap(flags=flags, known=truth.valid), ratio=ratio, grid=plan.grid)
    return replace(made, cover=SceneCover(layer=cover, facts={"method": "truth"}))


def measured(plan: Plan, made: Assembly, folder: Path) -> tuple[float | None, float | None]:
    image, source = folder / "image.tif", folder / "source.tif"
    for path in (image, source):
        path.unlink(missing_ok=True)
    write_mosaic(
        plan.layer(0),
        made.mosaic,
        (image, source),
        Threads(2),
        scene_ids=made.scene_ids,
        codec="zstd:1",
        tags={},
        simulated=True,
    )
    layer = plan.layer(0)
    stored = Stored(path=image, grid=plan.grid, bands=layer.bands, quantity=layer.quantity)
    sights = sightings_layer(source, plan.grid)
    seen = seams_seen(blended(stored_layer(stored), sights, made), sights, made)
    return seen.gradient_ratio, seen.step_ratio


def gain_error(scenes: tuple[Scenario, ...], made: Assembly) -> float:
    """Largest relative error of the ratio of neighbours; a gain undoes what was too bright."""
    gains = dict(zip(made.scene_ids, made.gains, strict=True))
    named = [next(g for n, g in gains.items() if n.endswith(s.name)) for s in scenes]
    errors = [
        abs((b / a) / (one.brighter / two.brighter) - 1)
        for one, two, first, second in zip(scenes, scenes[1:], named, named[1:], strict=False)
        for a, b in zip(first, second, strict=True)
    ]
    return max(errors)


def orthoimages(plan: Plan, made: Assembly, folder: Path) -> list[Path]:
    paths = []
    for number, scene in enumerate(made.mosaic.scenes, start=1):
        raster = scene.read(plan.grid)
        numbers = np.where(raster.valid, np.clip(raster.values * 1e4, 1, 65535), 0)
        path = folder / f"ortho_{number}.tif"
        with rasterio.open(
            path, "w", driver="GTiff", dtype="uint16", count=len(numbers), nodata=0,
            height=plan.grid.shape[0], width=plan.grid.shape[1],
            crs=str(plan.grid.crs), transform=plan.grid.affine,
        ) as file:  # fmt: skip
            file.write(np.rint(numbers).astype(np.uint16))
        paths.append(path)
    return paths


def others(paths: list[Path], folder: Path) -> Iterator[tuple[str, Path]]:
    """Later files lie on top."""
    if shutil.which("gdal_merge.py"):
        out = folder / "gdal.tif"
        _run(["gdal_merge.py", "-q", "-n", "0", "-a_nodata", "0", "-o", out, *paths])
        yield "gdal_merge", out
    if shutil.which("otbcli_Mosaic"):
        for name, options in (
            ("OTB", ["-comp.feather", "none", "-harmo.method", "none"]),
            ("OTB harmonised", ["-comp.feather", "none", "-harmo.method", "band"]),
            (
                "OTB harmonised, feathered",
                ["-comp.feather", "slim", "-comp.feather.slim.length", "15",
                 "-harmo.method", "band"],
            ),
        ):  # fmt: skip
            out = folder / f"{name.replace(' ', '_').replace(',', '')}.tif"
            _run(["otbcli_Mosaic", "-il", *paths, *options, "-nodata", "0", "-out", out, "uint16"])
            yield name, out


def _run(command: list[object]) -> None:
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


def stacked(paths: list[Path], picture: Path) -> tuple[float | None, float | None]:
    """How the seams of a stack show in another program's picture."""
    with rasterio.open(paths[0]) as whole, rasterio.open(picture) as file:
        # some programs cut off what is empty, or add a margin
        part = file.window(*whole.bounds).round_offsets().round_lengths()
        values = file.read(window=part, boundless=True, fill_value=0).astype(np.float64)
    source = np.zeros(values.shape[1:], np.uint8)
    for number, path in enumerate(paths, start=1):
        with rasterio.open(path) as file:
            source[(file.read() > 0).all(axis=0)] = number
    light = np.where((values > 0).all(axis=0), values.mean(axis=0), np.nan)
    seen = visibility([seam_sums(light, source, REACH)])
    return seen.gradient_ratio, seen.step_ratio


def row(case: str, seed: int, chain: int, keep: Path | None) -> Row:
    clouded = case.endswith("clouds")
    masks = "classical" if clouded else "none"
    scenes = scenes_of(case, chain)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        world = kept(
            (keep or folder) / f"{case}_{seed}_{chain}",
            (scenes, seed),
            lambda home: simulate_pictures(scenes, home, seed, making=MAKING),
        )
        plan, made = plan_of(recipe(world, scenes, "display", 15.0, masks))
        gradient, step = measured(plan, made, folder)
        bare_plan, bare = plan_of(recipe(world, scenes, "none", 0.0, masks))
        found = {"satdesk, not balanced, not feathered": measured(bare_plan, bare, folder)}
        if clouded:
            wish = recipe(world, scenes, "display", 15.0, masks)
            found["satdesk, true masks"] = measured(*plan_of(wish, world), folder)
        paths = orthoimages(plan, made, folder)
        found |= {name: stacked(paths, out) for name, out in others(paths, folder)}
    error = None if clouded else gain_error(scenes, made)
    return Row(case=case, seed=seed, gain_error=error, gradient=gradient, step=step, others=found)


def _told(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def table(rows: list[Row]) -> str:
    lines = [
        "| case | program | seam | step | largest gain error |",
        "|---|---|---|---|---|",
    ]
    for case in dict.fromkeys(each.case for each in rows):
        here = [each for each in rows if each.case == case]
        worst = max((e.gain_error for e in here if e.gain_error is not None), default=None)
        seam = f"{_told(_median([e.gradient for e in here]))}"
        most = max((e.gradient for e in here if e.gradient is not None), default=None)
        step = _told(_median([e.step for e in here]))
        lines.append(f"| {case} | satdesk | {seam} (worst {_told(most)}) | {step} | "
                     f"{_told(worst)} |")  # fmt: skip
        for name in here[0].others:
            seams = _told(_median([e.others[name][0] for e in here]))
            steps = _told(_median([e.others[name][1] for e in here]))
            lines.append(f"| {case} | {name} | {seams} | {steps} | – |")
    seeds = ", ".join(str(seed) for seed in dict.fromkeys(each.seed for each in rows))
    return "\n".join([*lines, "", f"Medians over the seeds {seeds}; commit {commit()}."])


def by_seed(rows: list[Row]) -> str:
    """Seam, in brackets step, of every seed: a median hides the worst."""
    names = ("satdesk, true masks", "OTB harmonised, feathered")
    lines = [
        "| case, seed | satdesk | true masks | OTB harmonised, feathered |",
        "|---|---|---|---|",
    ]
    for each in rows:
        ours = (each.gradient, each.step)
        cells = [ours, *(each.others.get(name, (None, None)) for name in names)]
        told = " | ".join(
            "–" if seam is None else f"{seam:.3f} ({_told(step)})" for seam, step in cells
        )
        lines.append(f"| {each.case} {each.seed} | {told} |")
    return "\n".join(lines)


def commit() -> str:
    return subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=True
    ).stdout.strip()


def write_tables(page: Path, rows: list[Row]) -> None:
    """Replace what stands between the page's markers."""
    text = page.read_text(encoding="utf-8")
    if text.count(START) != 1 or text.count(END) != 1:
        raise SystemExit(f"{page}: expected {START} and {END}, each once")
    head, rest = text.split(START)
    tables = f"{table(rows)}\n\n{by_seed(rows)}"
    written = f"{head}{START}\n\n{tables}\n\n{END}{rest.split(END)[1]}"
    page.write_text(written, encoding="utf-8", newline="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[21, 22, 23])
    parser.add_argument("--cases", nargs="+", default=CASES)
    parser.add_argument("--chain", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", type=Path, help="page whose table is replaced")
    parser.add_argument("--keep", type=Path, help="folder for the simulated worlds")
    arguments = parser.parse_args()
    rows = []
    if arguments.write is not None and not arguments.write.is_file():
        parser.error(f"no page {arguments.write}")
    for case in arguments.cases:
        for seed in arguments.seeds:
            rows.append(row(case, seed, arguments.chain, arguments.keep))
            print(rows[-1], flush=True)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps([vars(each) for each in rows], indent=1))
    print(table(rows), by_seed(rows), sep="\n\n")
    if arguments.write is not None:
        write_tables(arguments.write, rows)


if __name__ == "__main__":
    main()
