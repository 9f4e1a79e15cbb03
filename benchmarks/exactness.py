"""A search for pixels where the fast way of finding a pixel's ground misses the definition.

    python benchmarks/exactness.py DATA [ROUNDS]

Every camera of ``DATA/rpc``, moved to other longitudes and latitudes (the polar circle, the
antimeridian, the equator), over grounds that are as bad as can be (cliffs between single cells,
white noise, a plane tilted by 60°), in DEMs of other reference systems, onto grids of 0.5 to 300 m
in UTM, longitude and latitude, and polar stereographic. Both fast ways are held against the definition:
blocks (`geometry.lattice`) and the fused pass (`geometry.patches`, heights in float32). Prints the largest
difference in source pixels of each kind, and pixels that only one of the two ways knows.
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.files.rpcs import read_rpc
from satdesk.geometry.frames import from_lonlat
from satdesk.geometry.grids import utm_crs
from satdesk.geometry.lattice import exact_positions, positions
from satdesk.geometry.occlusion import SeenTerrain, seen_terrain
from satdesk.geometry.onepass import EXACT, PATCH, SMOOTH
from satdesk.geometry.patches import patches_under, relief_under, sight_of
from satdesk.geometry.terrain import GridTerrain

PLACES = (
    (None, None),
    (46.0, 40.0),
    (179.999, 51.0),
    (-179.9995, -16.0),
    (15.0, 78.0),
    (-60.0, 0.0),
    (100.0, -70.0),
)
PIXELS = (0.5, 1.5, 6.0, 30.0, 100.0, 300.0)
BAR_PX = 0.01


def moved(model, lon, lat):
    """The same camera over another place: degrees of longitude stay metres."""
    if lon is None:
        return model
    stretch = np.cos(np.radians(model.lat_off)) / max(np.cos(np.radians(lat)), 0.05)
    return replace(
        model, lon_off=lon, lat_off=lat, lon_scale=model.lon_scale * stretch, domain=None
    )


def ground(kind, model, rng):
    """Heights of 400 × 400 cells within what the camera is declared for."""
    low, high = model.height_range
    low, high = max(low, -400.0), min(high, 8800.0)
    n = 400
    y, x = np.mgrid[:n, :n] / n
    shapes = {
        "noise": lambda: rng.random((n, n)),
        "cliffs": lambda: (
            (rng.random((n // 8, n // 8)) > 0.5).repeat(8, 0).repeat(8, 1).astype(float)
        ),
        "tilted": lambda: (x + 0.6 * y) / 1.6,
        "smooth": lambda: 0.5 + 0.25 * np.sin(9 * x) + 0.25 * np.cos(7 * y),
    }
    return low + (high - low) * (0.1 + 0.8 * shapes[kind]())


def dem(kind, heights, lon, lat, cell_m):
    n = heights.shape[0]
    if kind == "geographic":
        step_y = cell_m / 111_000
        step_x = step_y / max(np.cos(np.radians(lat)), 0.05)
        return GridTerrain(
            heights=heights,
            affine=Affine(step_x, 0, lon - step_x * n / 2, 0, -step_y, lat + step_y * n / 2),
            crs="EPSG:4326",
        )
    crs = {
        "utm": utm_crs(lon, lat),
        "next zone": utm_crs((lon + 6 + 180) % 360 - 180, lat),
        "polar": "EPSG:3413" if lat > 0 else "EPSG:3031",
        "mercator": "EPSG:3857",
    }[kind]
    x, y = (float(v) for v in from_lonlat(crs, lon, lat))
    return GridTerrain(
        heights=heights,
        affine=Affine(cell_m, 0, x - cell_m * n / 2, 0, -cell_m, y + cell_m * n / 2),
        crs=crs,
    )


def in_float32(terrain):
    """The same terrain with the heights that products hold."""
    if isinstance(terrain, SeenTerrain):
        return replace(terrain, terrain=in_float32(terrain.terrain))
    return replace(terrain, heights=terrain.heights.astype(np.float32))


def grid_of(kind, lon, lat, pixel, rng):
    n = (int(rng.integers(1, 150)), int(rng.integers(1, 150)))
    if kind == "geographic":
        dy = pixel / 111_000
        dx = dy / max(np.cos(np.radians(lat)), 0.05)
        return GeoBox(
            n, Affine(dx, 0, lon - dx * n[1] / 2, 0, -dy, lat + dy * n[0] / 2), "EPSG:4326"
        )
    crs = utm_crs(lon, lat) if kind == "utm" else ("EPSG:3413" if lat > 0 else "EPSG:3031")
    x, y = (float(v) for v in from_lonlat(crs, lon, lat))
    return GeoBox(n, Affine(pixel, 0, x - pixel * n[1] / 2, 0, -pixel, y + pixel * n[0] / 2), crs)


def compare(model, terrain, grid, fast):
    """Largest difference, pixels known to one way only, and pixels known."""
    true = np.stack(exact_positions(model, terrain, grid, 0, 0, tuple(grid.shape)))
    # the fused pass leaves out patches that see nothing but places before the image's first pixel
    image = ~(np.nan_to_num(true, nan=0.0) < 0).any(axis=0)
    known = np.isfinite(fast[0]) & image, np.isfinite(true[0]) & image
    both = known[0] & known[1]
    off = np.hypot(*(fast[:, both] - true[:, both]))
    return float(off.max(initial=0.0)), int((known[0] ^ known[1]).sum()), int(both.sum())


def by_blocks(model, terrain, grid):
    return np.stack(positions(model, terrain, grid, 0, 0, tuple(grid.shape)))


def fused(model, terrain, grid):
    """What the fused pass evaluates at every pixel, in float64."""
    shape = tuple(grid.shape)
    patches = patches_under(grid, 0, 0, shape)
    relief = relief_under(terrain, patches)
    sight = sight_of(model, terrain, patches, relief, Affine.identity(), (1 << 20, 1 << 20))
    out = np.full((2, *patches.shape), np.nan)
    t = (2 * np.arange(PATCH) - (PATCH - 1)) / (PATCH - 1)
    for patch, kind in enumerate(sight.kind):
        part, base = patches.part(patch), (sight.base[patch] + 0.5)[:, None, None]
        here = (slice(None), *part)
        if kind == EXACT:
            out[here] = sight.exact[here] + base
        elif kind == SMOOTH:
            level = (relief.heights[part] - sight.middle[patch]) * sight.inverse[patch]
            z, u = (np.stack([v**0, v, v**2]) for v in (level, t))
            out[here] = base + np.einsum("kzvu,zyx,vy,ux->kyx", sight.terms[patch], z, u, u)
    return out[:, : shape[0], : shape[1]]


def main(data, rounds="400"):
    files = sorted(p for p in (Path(data) / "rpc").iterdir() if re.search(r"\.(xml|txt)$", p.name))
    cameras = {p.stem: read_rpc(p).model for p in files}
    worst, odd, known_total = {}, 0, 0
    for number in range(int(rounds)):
        rng = np.random.default_rng(number)
        name = files[number % len(files)].stem
        lon, lat = PLACES[rng.integers(len(PLACES))]
        model = moved(cameras[name], lon, lat)
        lon, lat = (
            float(v) for v in model.locate(model.samp_off, model.line_off, model.height_off)
        )
        relief, pixel = (
            str(rng.choice(["noise", "cliffs", "tilted", "smooth"])),
            float(rng.choice(PIXELS)),
        )
        kinds = [
            "geographic",
            "utm",
            "next zone",
            "mercator",
            *(["polar"] if abs(lat) > 60 else []),
        ]
        heights = str(rng.choice(kinds))
        cell = float(rng.choice([0.5, 2, 10, 30, 90]))
        terrain = dem(heights, ground(relief, model, rng), lon, lat, cell)
        if rng.random() < 0.2 and cell >= 10:
            terrain, _ = seen_terrain(terrain, model)
        grid = grid_of(
            str(rng.choice(["utm", "geographic", *(["polar"] if abs(lat) > 60 else [])])),
            lon,
            lat,
            pixel,
            rng,
        )
        for way, terrain_ in ((by_blocks, terrain), (fused, in_float32(terrain))):
            far, lost, known = compare(model, terrain_, grid, way(model, terrain_, grid))
            known_total += known
            odd += lost
            key = (way.__name__, relief, pixel)
            worst[key] = max(worst.get(key, 0.0), far)
            if far > BAR_PX or lost:
                print(
                    f"{number} {way.__name__}: {name} {lon:.2f} {lat:.2f} {relief} {heights} cell {cell} pixel {pixel} {grid.crs} {tuple(grid.shape)} {type(terrain).__name__}: {far:.4f} px, {lost} of {known}",
                    flush=True,
                )
    for key in sorted(worst):
        print(f"{key[0]:<10} {key[1]:<8} {key[2]:>6} m: {worst[key]:.2e} px")
    print(
        f"worst {max(worst.values()):.4f} px over {known_total} pixels; {odd} known to one way only"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
