"""The fused pass against the composition that defines it, and its kernel alone.

    python benchmarks/fused.py [--runs 5] [--json fused.json]

A made-up camera over hills, PAN and four bands of MS in memory, calibrated, sharpened, stored as
uint16, on grids of 1024² and 4096² pixels; one thread. Prints medians of processor time as
megapixels a second: the composition (small grid only), the pass as layers call it, and the kernel
alone on one tile of 512² with each form of it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "products"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import test_fused as held

from satdesk.geometry import onepass, patches
from satdesk.products import fused as layer_module
from satdesk.products.fused import fused

FORMS = ("c", "avx2", "avx512")


def world(size):
    """The tests' world, so large that `size` pixels of 1.5 m / scale lie inside it."""
    scale = max(1, -(-size // 900))
    model = held.RPC
    held.RPC = replace(
        model, line_off=model.line_off * scale, samp_off=model.samp_off * scale,
        line_scale=model.line_scale * scale, samp_scale=model.samp_scale * scale,
    )  # fmt: skip
    try:
        made = held.World(
            size=(size, size), gsd=1.35 / scale, crop=(0, 0, 1607 * scale, 2005 * scale)
        )
        return made.layer
    finally:
        held.RPC = model


def rate(work, pixels, runs):
    work()
    taken = []
    for _ in range(runs):
        start = time.thread_time()
        work()
        taken.append(time.thread_time() - start)
    return round(pixels / statistics.median(taken) / 1e6, 1)


def by_tiles(layer, tile):
    rows, cols = layer.grid.shape
    for row in range(0, rows, tile):
        for col in range(0, cols, tile):
            layer.stored(layer.grid[row : row + tile, col : col + tile])


def captured(layer):
    """What the kernel's two functions were called with for the first tile."""
    seen = {}
    real = layer_module.render, patches.heights

    def noting(name, call):
        return lambda *given: (seen.__setitem__(name, given), call(*given))[1]

    layer_module.render, patches.heights = noting("render", real[0]), noting("heights", real[1])
    try:
        layer.stored(layer.grid[:512, :512])
    finally:
        layer_module.render, patches.heights = real
    return seen


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    found = {"engine": onepass.engine(), "runs": chosen.runs}
    small, large = (world(size) for size in (1024, 4096))
    quick = fused(small)
    found["usable share"] = round(float(np.mean(quick.read(quick.grid).valid)), 3)
    found["composition, 1024²"] = rate(lambda: small.read(small.grid), 1 << 20, 3)
    found["fused, 1024²"] = rate(lambda: by_tiles(quick, 1024), 1 << 20, chosen.runs)
    found["fused, 4096²"] = rate(lambda: by_tiles(fused(large), 1024), 1 << 24, chosen.runs)
    given = captured(quick)
    found["kernel: heights"] = rate(lambda: onepass.heights(*given["heights"]), 1 << 18, 50)
    for level, name in enumerate(FORMS):
        call = (*given["render"][:-1], level)
        found[f"kernel: {name}"] = rate(lambda call=call: onepass.render(*call), 1 << 18, 50)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    found["commit"] = commit.stdout.strip()
    for name, value in found.items():
        print(f"{name:<22} {value}")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
