"""How well `satdesk area` measures: pairs with a known change, noise, haze and misregistration.

    python benchmarks/area.py [--pairs 60] [--write docs/explanation/change-areas.md]

Pairs are invented: patches of one ground become another, both dates get texture and noise of their
own, the second also a gain, a veil and a shift of up to half a pixel that nobody tells the program.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox
from scipy import ndimage

from satdesk.core.bands import BLUE, GREEN, NIR, RED
from satdesk.files.cog import write_cog
from satdesk.release.change_area import measured_area
from satdesk.release.change_wish import AreaWish

PIXEL, SIZE = 6.0, (400, 420)
GROUND = {
    "forest": (0.04, 0.06, 0.05, 0.34),
    "grass": (0.06, 0.10, 0.09, 0.30),
    "soil": (0.11, 0.14, 0.17, 0.22),
    "water": (0.07, 0.06, 0.04, 0.02),
    "char": (0.05, 0.05, 0.06, 0.08),
    "roofs": (0.24, 0.26, 0.28, 0.30),
}
CHANGES = {
    "burnt": ("forest", "char"),
    "cleared": ("forest", "soil"),
    "flooded": ("grass", "water"),
    "built": ("grass", "roofs"),
}


def patches(rng: np.random.Generator, share: float, size_px: float) -> np.ndarray:
    field = ndimage.gaussian_filter(rng.standard_normal(SIZE), size_px, mode="wrap")
    return field > np.quantile(field, 1 - share)


def shown(ground: np.ndarray, rng: np.random.Generator, noise: float) -> np.ndarray:
    texture = ndimage.gaussian_filter(rng.standard_normal(SIZE), 1)
    values = ground.transpose(2, 0, 1) * (1 + 0.12 * texture)
    return values + noise * rng.standard_normal(values.shape)


def pair(kind: str, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng([seed, len(kind), 7])
    first, second = CHANGES[kind]
    changed = patches(rng, rng.uniform(0.01, 0.15), rng.uniform(5, 20))
    other = patches(rng, 0.4, 15) & ~changed
    ground = np.where(other[..., None], GROUND["soil"], GROUND[first])
    later = np.where(changed[..., None], GROUND[second], ground)
    noise = rng.uniform(0.003, 0.012)
    before, after = shown(ground, rng, noise), shown(later, rng, noise)
    move = rng.uniform(-0.35, 0.35, 2)
    after = np.array([ndimage.shift(band, move, order=1, mode="nearest") for band in after])
    return before, rng.uniform(0.9, 1.1) * after + rng.uniform(0, 0.01), changed


def write(path: Path, values: np.ndarray, day: str) -> Path:
    stored = np.clip(np.rint(values * 1e4), 1, 65_535).astype(np.uint16)
    grid = GeoBox(SIZE, Affine(PIXEL, 0, 600_000, 0, -PIXEL, 4_400_000), "EPSG:32638")
    return write_cog(
        path, [((0, 0), stored)], grid=grid, bands=(BLUE, GREEN, RED, NIR), dtype="uint16",
        nodata=0, scale=1e-4, offset=0.0,
        tags={"QUANTITY": "toa", "ACQUISITION": f"{day}T08:00:00+00:00", "SIMULATED": "YES"},
    )  # fmt: skip


def measured(kind: str, seed: int) -> tuple[float, float, float, float]:
    """Truth, figure, low and high, hectares."""
    before, after, changed = pair(kind, seed)
    with tempfile.TemporaryDirectory() as folder:
        first = write(Path(folder) / "before.tif", before, "2020-07-01")
        second = write(Path(folder) / "after.tif", after, "2020-07-20")
        area = measured_area(first, second, None, AreaWish(kind=kind), reasons={})["area"]
    return changed.sum() * PIXEL**2 / 1e4, area["ha"], area["low_ha"], area["high_ha"]


def row(kind: str, pairs: int) -> str:
    truth, ha, low, high = np.array([measured(kind, seed) for seed in range(pairs)]).T
    off = 100 * (ha - truth) / truth
    held = int(((low <= truth) & (truth <= high)).sum())
    wide = 100 * np.median((high - low) / truth)
    return (
        f"| {kind} | {pairs} | {np.median(off):+.1f} %, {np.abs(off).max():.1f} % | "
        f"{held} of {pairs} | {wide:.0f} % |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--write", type=Path)
    wish = parser.parse_args()
    lines = [
        "| kind | pairs | off: median, worst | truth lies in the range | width of the range |",
        "| --- | --- | --- | --- | --- |",
        *(row(kind, wish.pairs) for kind in CHANGES),
    ]
    table = "\n".join(lines)
    print(table)
    if wish.write is not None:
        text = wish.write.read_text(encoding="utf-8")
        start, end = "<!-- measured: area -->", "<!-- end -->"
        before, rest = text.split(start, 1)
        _, after = rest.split(end, 1)
        wish.write.write_text(f"{before}{start}\n\n{table}\n\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
