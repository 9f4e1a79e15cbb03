"""The tables of docs/explanation/masks.md: cover told by the rules, against what is known.

    python benchmarks/masks.py [--scenes FOLDER] [--real FOLDER] [--pictures FOLDER] [--write PAGE]

Simulated scenes with known truth, their seeds used for nothing else (they are made in ``--scenes``
where they do not lie there as this simulator would make them); told by the product's own code on a grid of MS pixels and compared
pixel by pixel. ``--real`` is the folder of test data with Sentinel-2 crops without clouds: whatever
is called cloud there is a false alarm. ``--write`` puts the tables between the page's markers.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import rasterio
from kept_scenes import kept
from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.cover import HIDING, Cover
from satdesk.core.raster import Raster
from satdesk.core.scene import ImageTile
from satdesk.core.units import Quantity
from satdesk.files.cover_networks import cover_networks
from satdesk.radiometry.cover_found import find_cover
from satdesk.radiometry.picture import Picture
from satdesk.release.composition import Parts, parts_of, placed
from satdesk.release.cover_picture import picture_of
from satdesk.release.covers import scene_cover
from satdesk.release.ground import Ground, grid_over, ground_under, image_outline
from satdesk.release.recipe import GridChoice, SceneChoice, TerrainChoice
from satdesk.release.scenes import open_scene
from satdesk.simulate.render import CLOUD, CLOUD_SHADOW, SHADOW

START, END = "<!-- scores: benchmarks/masks.py -->", "<!-- end of scores -->"
SIZE_KM, PIXEL_M, METRES_A_DEGREE = "5", 6.0, 111_320.0
BARS = {"clear": 0.95, "cloud": 0.93, "shadow": 0.85}
MOST_FALSE = 0.005


@dataclass(frozen=True, kw_only=True)
class Case:
    """A scene to be judged on: its name, seed, and options of ``satdesk simulate mountain``."""

    name: str
    seed: int
    words: str
    options: str


CASES = (
    Case(name="j1", seed=9801, words="mountains, summer", options="--clouds 0.2 --season summer"),
    Case(
        name="j2",
        seed=9802,
        words="hills, autumn, clouds at 1500 m",
        options="--terrain gentle --clouds 0.4 --cloud-height 1500 --roll -12 "
        "--at 2018-09-25T07:30:00Z --season autumn",
    ),
    Case(
        name="j3",
        seed=9803,
        words="mountains, March, snow above 1800 m",
        options="--clouds 0.15 --snow-line 1800 --roll 10 --at 2018-03-20T07:30:00Z",
    ),
    Case(
        name="j4",
        seed=9804,
        words="mountains, December, snow above 1600 m, no cloud",
        options="--snow-line 1600 --at 2018-12-10T07:30:00Z",
    ),
    Case(
        name="j5",
        seed=9805,
        words="plain, summer, clouds at 2000 m",
        options="--terrain plain --clouds 0.3 --cloud-height 2000 --roll 8 --season summer",
    ),
)


def made(case: Case, folder: Path) -> Path:
    """The folder of a simulated scene; simulated where it is not there as this would make it."""
    told = ["simulate", "mountain", "--size-km", SIZE_KM, "--seed", str(case.seed)]
    more = ["--uncompressed", *case.options.split()]

    def simulated(home: Path) -> None:
        command = [sys.executable, "-m", "satdesk", *told, *more, "--out", str(home)]
        subprocess.run(command, check=True)

    return kept(folder / case.name, (told, more), simulated)


def laid_out(home: Path) -> tuple[Parts, GeoBox, Ground]:
    """A simulated scene with the grid of MS pixels on which it is told, and its ground."""
    scene = open_scene(SceneChoice(bundle=home / "SIMULATED_mountain"))
    parts = parts_of(scene, GridChoice(product="ms"))
    terrain = TerrainChoice(dem=(home / "dem_egm96.tif",), vertical="EGM96")
    ground = ground_under(image_outline(parts.finest, None), terrain, parts.images)
    return parts, grid_over(image_outline(parts.finest, ground.terrain), gsd_m=PIXEL_M), ground


def truth_of(home: Path, parts: Parts, grid: GeoBox, ground: Ground) -> Raster:
    """Bits of the truth on `grid`."""
    image = replace(
        parts.finest,
        tiles=(ImageTile(path=home / "truth_mountain_ms_mask.tif"),),
        bands=(Band(name="truth"),),
        dtype="uint8",
        calibration=None,
        nodata=None,
        saturated=None,
    )
    plain = replace(parts, quantity=Quantity.COUNTS)
    return placed(image, plain, grid, ground, "nearest").read(grid)


def pictured(home: Path) -> tuple[Picture, np.ndarray, np.ndarray]:
    """A scene as the finders see it, bits of its truth, and where they are known."""
    parts, grid, ground = laid_out(home)
    truth = truth_of(home, parts, grid, ground)
    return picture_of(parts.finest, parts, grid, ground), truth.values[0], truth.valid


def told_and_true(
    home: Path, methods: tuple[str, ...] = ("classical",)
) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, object]]:
    """Flags that were told, bits of the truth, where both are known, and the facts."""
    parts, grid, ground = laid_out(home)
    cover = scene_cover(parts, grid, ground, methods)
    if cover.layer is None:
        raise SystemExit(f"{home}: {cover.facts}")
    found, truth = cover.layer.read(grid), truth_of(home, parts, grid, ground)
    return found.values[0], truth.values[0], found.valid & truth.valid, cover.facts


def balanced(told: np.ndarray, true: np.ndarray) -> float:
    """Mean of the share of what is there that is told, and of what is not there that is not."""
    if true.all() or not true.any():
        return float("nan")
    return float((told[true].mean() + (~told[~true]).mean()) / 2)


def scores(flags: np.ndarray, bits: np.ndarray, known: np.ndarray) -> dict[str, float]:
    """Balanced accuracies over all pixels, and the share of the clear ground called hidden.

    What is not told is not called shadow: as clear ground it is right, as shadow it is missed.
    """
    told, true = flags[known], bits[known]
    cloud, hides = (told & Cover.CLOUD) > 0, (told & HIDING) > 0
    is_cloud, is_hidden = (true & CLOUD) > 0, (true & (CLOUD | CLOUD_SHADOW)) > 0
    return {
        "share": float(is_cloud.mean()),
        "clear": balanced(~hides, ~is_hidden),
        "cloud": balanced(cloud, is_cloud),
        "shadow": balanced(hides & ~cloud, is_hidden & ~is_cloud),
        "terrain": balanced((told & Cover.TERRAIN_SHADOW) > 0, (true & SHADOW) > 0),
        "false": float(hides[~is_hidden].mean()),
        "missed": float((~hides[is_hidden]).mean()) if is_hidden.any() else float("nan"),
        "untold": float(((told & Cover.SHADOW_NOT_TOLD) > 0).mean()),
    }


def real_crops(folder: Path) -> list[tuple[str, float]]:
    """Share called cloud of each Sentinel-2 crop without cloud; its sun is not known: no shadow."""
    found = []
    for path in sorted(folder.glob("change/oscd/*/imgs_*_B02B03B04B08.tif")):
        with rasterio.open(path) as opened:
            planes = opened.read().astype(np.float32) / 1e4
            pixel = abs(opened.transform.e) * METRES_A_DEGREE
        valid = (planes > 0).all(axis=0)
        named = dict(zip(("B", "G", "R", "NIR"), planes, strict=True))
        flags = find_cover(
            Picture(planes=named, valid=valid, pixel_m=pixel), cover_networks()
        ).flags
        hidden = float(((flags & HIDING) > 0)[valid].mean())
        found.append((f"{path.parent.name} {path.name.split('_')[1]}", hidden))
    return found


def picture(home: Path, flags: np.ndarray, bits: np.ndarray, known: np.ndarray) -> None:
    """Told and true beside each other: cloud white, shadow blue, snow cyan, relief brown."""
    shown = []
    for cloud, shadow, snow, relief in (
        (flags & Cover.CLOUD, flags & Cover.CLOUD_SHADOW, flags & Cover.SNOW,
         flags & Cover.TERRAIN_SHADOW),
        (bits & CLOUD, bits & CLOUD_SHADOW, bits & 0, bits & SHADOW),
    ):  # fmt: skip
        drawn = np.full((3, *flags.shape), 90, np.uint8)
        for where, colour in (
            (relief, (120, 70, 30)),
            (snow, (120, 230, 230)),
            (shadow, (40, 60, 220)),
            (cloud, (255, 255, 255)),
        ):
            drawn[:, where > 0] = np.array(colour, np.uint8)[:, None]
        drawn[:, ~known] = 0
        shown.append(drawn)
    both = np.concatenate(shown, axis=2)
    profile = {"driver": "PNG", "count": 3, "dtype": "uint8"}
    with rasterio.open(home, "w", height=both.shape[1], width=both.shape[2], **profile) as out:
        out.write(both)


def _figure(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.3f}"


def simulated_table(folder: Path, pictures: Path | None) -> list[str]:
    """One row a case, and the bars."""
    lines = [
        "| scene | cloud | clear | cloud | shadow | relief | clear hidden | hidden missed | untold |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for case in CASES:
        flags, bits, known, facts = told_and_true(made(case, folder))
        print(case.name, facts, flush=True)
        got = scores(flags, bits, known)
        if pictures is not None:
            picture(pictures / f"{case.name}.png", flags, bits, known)
        told = " | ".join(_figure(got[name]) for name in ("clear", "cloud", "shadow", "terrain"))
        missed = "–" if np.isnan(got["missed"]) else f"{got['missed']:.1%}"
        lines.append(
            f"| {case.name}: {case.words} | {got['share']:.0%} | {told} "
            f"| {got['false']:.2%} | {missed} | {got['untold']:.1%} |"
        )
        print(lines[-1], flush=True)
    bars = " | ".join(f"{BARS[name]:.2f}" for name in ("clear", "cloud", "shadow"))
    return [*lines, f"| *wanted, at least* | | {bars} | | | | |"]


def network_table(folder: Path) -> list[str]:
    """The network alone, and with the rules: mean balanced accuracies of the clouded scenes."""
    lines = ["| method | clear | cloud | shadow | clear called hidden |", "|---|---|---|---|---|"]
    clouded = [case for case in CASES if "--clouds" in case.options]
    for methods in (("learned",), ("classical", "learned")):
        got = [scores(*told_and_true(made(case, folder), methods)[:3]) for case in clouded]
        mean = {name: float(np.mean([each[name] for each in got])) for name in (*BARS, "false")}
        told = " | ".join(_figure(mean[name]) for name in BARS)
        lines.append(f"| {' + '.join(methods)} | {told} | {mean['false']:.2%} |")
        print(lines[-1], flush=True)
    return lines


def real_table(folder: Path) -> list[str]:
    """Worst first."""
    crops = sorted(real_crops(folder), key=lambda row: -row[1])
    above = sum(share > MOST_FALSE for _, share in crops)
    return [
        f"{len(crops)} Sentinel-2 crops without clouds: {above} above {MOST_FALSE:.1%}.",
        "",
        "| crop | called cloud |",
        "|---|---|",
        *(f"| {name} | {share:.2%} |" for name, share in crops if share > 0),
        f"| the other {sum(share == 0 for _, share in crops)} | 0 |",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=Path, default=Path("demo-scenes/masks"))
    parser.add_argument("--real", type=Path)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args(arguments)
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=True
    ).stdout.strip()
    lines = simulated_table(chosen.scenes, chosen.pictures)
    if find_spec("ukis_csmask") is not None:
        lines += ["", "Means over the clouded scenes, with the network:", ""]
        lines += network_table(chosen.scenes)
    if chosen.real is not None:
        lines += ["", *real_table(chosen.real)]
    lines += ["", f"Commit {commit}, {platform.machine()}, Python {platform.python_version()}."]
    print("\n".join(lines))
    if chosen.write is not None:
        page = chosen.write.read_text(encoding="utf-8")
        head, rest = page.split(START)
        table = "\n".join(lines)
        chosen.write.write_text(
            f"{head}{START}\n\n{table}\n\n{END}{rest.split(END)[1]}", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
