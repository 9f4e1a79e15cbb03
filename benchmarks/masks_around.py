"""The table of docs/explanation/masks.md for districts: clouds outside of them throw shadows too.

    python benchmarks/masks_around.py [--scenes FOLDER] [--write PAGE]

The clouded scenes of `masks.py` (5 x 5 km) are cut into districts of 1.5 x 1.5 km. Each is told three
times: from its own area alone, from what lies around it too, as reports and mosaics do, and cut out of
the mask of the whole scene. All are compared with the truth, pixel by pixel.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from masks import CASES, laid_out, made, truth_of
from odc.geo.geobox import GeoBox

from satdesk.core.cover import HIDING, Cover
from satdesk.release.covers import scene_cover
from satdesk.release.recipe import TerrainChoice
from satdesk.release.scene_cover import SceneCover
from satdesk.simulate.render import CLOUD, CLOUD_SHADOW

START, END = "<!-- districts: benchmarks/masks_around.py -->", "<!-- end of districts -->"
SIDE, MARGIN = 250, 100
LEAST_IMAGED = 0.9
WAYS = ("its own area", "and what lies around", "whole scene")


def districts(grid: GeoBox, imaged: np.ndarray) -> Iterator[tuple[slice, slice]]:
    """Squares that the scene shows nearly whole."""
    rows, cols = (int(size) for size in grid.shape)
    for row in range(MARGIN, rows - SIDE - MARGIN + 1, SIDE):
        for col in range(MARGIN, cols - SIDE - MARGIN + 1, SIDE):
            part = slice(row, row + SIDE), slice(col, col + SIDE)
            if imaged[part].mean() >= LEAST_IMAGED:
                yield part


def counted(flags: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Pixels: shadow, of it found, of it not told; clear, of it called hidden, of it not told."""
    cloud, shadow = (bits & CLOUD) > 0, (bits & CLOUD_SHADOW) > 0
    shadow, clear = shadow & ~cloud, ~shadow & ~cloud
    hidden = (flags & HIDING) > 0
    untold = ((flags & Cover.SHADOW_NOT_TOLD) > 0) & ~hidden
    groups = [part for true in (shadow, clear) for part in (true, true & hidden, true & untold)]
    return np.array([np.count_nonzero(each) for each in groups])


def told(home: Path) -> tuple[int, dict[str, np.ndarray], dict[str, float]]:
    """Districts, counts by way, and CPU seconds by way."""
    parts, grid, ground = laid_out(home)
    truth = truth_of(home, parts, grid, ground)
    terrain = TerrainChoice(dem=(home / "dem_egm96.tif",), vertical="EGM96")
    seconds = dict.fromkeys(WAYS, 0.0)

    def timed(way: str, work: Callable[[], SceneCover]) -> SceneCover:
        start = time.process_time()
        cover = work()
        seconds[way] += time.process_time() - start
        return cover

    whole = timed(WAYS[2], lambda: scene_cover(parts, grid, ground)).layer.read(grid).values[0]
    sums = {way: np.zeros(6, np.int64) for way in WAYS}
    squares = list(districts(grid, truth.valid))
    for part in squares:
        square = grid[part]
        for way, around in ((WAYS[0], None), (WAYS[1], terrain)):
            cover = timed(way, lambda: scene_cover(parts, square, ground, ("classical",), around))  # noqa: B023 - called at once
            known = truth.valid[part]
            sums[way] += counted(
                cover.layer.read(square).values[0][known], truth.values[0][part][known]
            )
        sums[WAYS[2]] += counted(whole[part][known], truth.values[0][part][known])
    return len(squares), sums, seconds


def table(folder: Path) -> list[str]:
    """A row a scene and way."""
    lines = [
        "| scene, districts | told from | shadow found | not told | called clear | clear called hidden | CPU s a district |",
        "|---|---|---|---|---|---|---|",
    ]
    for case in (case for case in CASES if "--clouds" in case.options):
        number, sums, seconds = told(made(case, folder))
        for way, (shadow, found, untold, clear, hidden, _) in sums.items():
            each = "–" if way == WAYS[2] else f"{seconds[way] / number:.1f}"
            lines.append(
                f"| {case.name}, {number} | {way} | {found / shadow:.1%} | {untold / shadow:.1%} "
                f"| {1 - (found + untold) / shadow:.1%} | {hidden / clear:.2%} | {each} |"
            )
            print(lines[-1], flush=True)
    return lines


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=Path, default=Path("demo-scenes/masks"))
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args()
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=True
    ).stdout.strip()
    lines = [*table(chosen.scenes), "", f"Commit {commit}, {platform.machine()}."]
    if chosen.write is not None:
        page = chosen.write.read_text(encoding="utf-8")
        head, rest = page.split(START)
        written = "\n".join([START, "", *lines, "", END])
        chosen.write.write_text(f"{head}{written}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
