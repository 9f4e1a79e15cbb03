"""Files of ground control points on the simulated world, with known blunders."""

from __future__ import annotations

import numpy as np

from satdesk.bundles.formats import open_bundle

__all__ = ["points_file"]


def points_file(path, truth, *, count=20, bad=0, noise=0.2, image_id="pan", heights=True, seed=7):
    """Points with true ground positions; returns the ids of the bad ones."""
    chance = np.random.default_rng(seed)
    rows, cols = open_bundle(truth.bundle).image(image_id).grid.shape
    col, row = chance.uniform(5, cols - 5, count), chance.uniform(5, rows - 5, count)
    lon, lat, height = truth.ground(image_id, col, row)
    seen = np.column_stack([col, row]) + chance.normal(0, noise, (count, 2))
    wrong = chance.choice(count, bad, replace=False)
    seen[wrong] += chance.choice([-1, 1], (bad, 2)) * chance.uniform(15, 80, (bad, 2))
    seen = np.clip(seen, 0, [cols, rows])
    lines = ["id,lon,lat," + ("height," if heights else "") + "col,row"]
    for n in range(count):
        ground = [lon[n], lat[n], *([height[n]] if heights else [])]
        lines.append(f"p{n}," + ",".join(repr(float(v)) for v in [*ground, *seen[n]]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {f"p{n}" for n in wrong}
