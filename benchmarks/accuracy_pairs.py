"""Pairs of dates: simulated ones whose displacement is known, and real ones; ours and AROSICS."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import rasterio
from coregistration import (
    SHIFT,
    Case,
    at,
    displaced_grid,
    grid_of,
    ortho,
    ours,
    points,
    rms,
    scenario,
    simulated,
    stored,
    their_errors,
    warped,
)
from PIL import Image
from rasterio.warp import Resampling, reproject

from satdesk.geometry.coregister import refusal
from satdesk.simulate.sky import Clouds, Sky
from satdesk.simulate.world import State

__all__ = ["pair_rows"]


def clouded(size):
    """A fifth of the later date under cloud, with its shadows."""
    base = scenario("summer", at(7, 7), State(dryness=0.35), size=size)
    grid = grid_of(base, size - 120)
    later = replace(
        scenario("s", at(7, 7), State(dryness=0.35), size=size), sky=Sky(clouds=Clouds(share=0.2))
    )
    yield Case(
        name="simulated: 20 % cloud",
        limit_px=0.1,
        fixed=ortho(base, grid, 1),
        moving=ortho(later, displaced_grid(grid, SHIFT), 2),
        truth=SHIFT.at,
    )


def on_grid_of(first: Path, second: Path, band: int):
    """Two pictures on the grid of the first; the other is resampled once where its own differs."""
    with rasterio.open(first) as one, rasterio.open(second) as other:
        fixed = one.read(band).astype("float32")
        moving = other.read(band).astype("float32")
        if not one.transform.almost_equals(other.transform) or fixed.shape != moving.shape:
            moving = np.zeros_like(fixed)
            reproject(
                rasterio.band(other, band), moving, dst_transform=one.transform, dst_crs=one.crs,
                dst_nodata=0, resampling=Resampling.cubic,
            )  # fmt: skip
    return fixed, np.maximum(moving, 0)


def real(data: Path):
    """Pairs of two dates; nobody knows their displacement."""
    for folder in sorted((data / "change/oscd").iterdir()):
        paths = sorted(folder.glob("imgs_*.tif"))
        if len(paths) == 2:
            yield named(f"Sentinel-2, {folder.name}", *on_grid_of(*paths, 3))
    tornado = [data / "change/joplin" / name for name in ("0_pre.tif", "0_post.tif")]
    if all(path.is_file() for path in tornado):
        yield named("tornado 0.6 m, Joplin", *on_grid_of(*tornado, 1))
    for folder in sorted((data / "change/sztaki_airchange").iterdir()):
        paths = [folder / f"im{k}.png" for k in (1, 2)]
        if all(path.is_file() for path in paths):
            grey = [np.asarray(Image.open(path).convert("L"), dtype="float32") for path in paths]
            yield named(f"aerial 1.5 m, {folder.name}", *grey)


def named(name, fixed, moving):
    return Case(name=name, limit_px=float("nan"), fixed=fixed, moving=moving, truth=None)


def theirs(case, python):
    """AROSICS's answer to one pair."""
    with tempfile.TemporaryDirectory() as name:
        stored([case], Path(name))
        script = Path(__file__).with_name("coregistration_arosics.py")
        done = subprocess.run(
            [python, str(script), name], capture_output=True, text=True, check=False
        )
    lines = [line[7:] for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    return json.loads(lines[0]) if lines else None


def judged(case, python):
    start = time.perf_counter()
    found, _ = ours(case)
    why = refusal(found)
    own = {
        "refused": None if why is None else why.rule,
        "held_out_px": found.held_out_rmse_px,
        "kind": found.kind,
        "shift_px": found.center_px,
        "seconds": round(time.perf_counter() - start, 2),
    }
    peer = theirs(case, python) if python else None
    whole = local = None
    if case.truth is not None:
        own.update(errors(case, found.displacement(*points(case))) if why is None else {})
        whole, local = their_errors(case, peer) if peer else (None, None)
    if peer is None:
        return {
            "case": case.name,
            "target_px": case.limit_px if case.limit_px == case.limit_px else None,
            "ours": own,
        }
    shift = peer["global"]["shift"]
    return {
        "case": case.name,
        "target_px": case.limit_px if case.limit_px == case.limit_px else None,
        "ours": own,
        "arosics": {
            "global_rms_px": whole,
            "local_rms_px": local,
            "shift_px": None if shift is None else [-shift[0], -shift[1]],
            "ties": len(peer["local"]["points"] or []),
            "seconds": [round(peer[k]["seconds"], 2) for k in ("global", "local")],
        },
    }


def errors(case, measured):
    wanted = case.truth(*points(case))
    off = np.hypot(*[np.asarray(m) - w for m, w in zip(measured, wanted, strict=True)])
    return {
        "rms_px": rms(case, measured),
        "ce90_px": float(np.quantile(off, 0.9)),
        "worst_px": float(off.max()),
    }


def pair_rows(data: Path | None, python: str | None, *, quick: bool):
    """One row a pair."""
    size = 560
    if quick:
        yield judged(next(iter(simulated(size))), python)
        return
    for case in (*simulated(size), *clouded(size)):
        yield judged(case, python)
    if data is not None:
        for case in (*warped(data), *real(data)):
            yield judged(case, python)
