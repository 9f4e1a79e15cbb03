"""Orthorectification and refinement on cases of known geometry: ours, GDAL, orthority."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from accuracy_cases import Case, errors, seen, write_coordinates, write_dem
from accuracy_programs import Job, gdal, orthority, ours, refine_ours
from accuracy_real import RealCase, prepared_real, real_cases

from satdesk.simulate.rays import ground_of

__all__ = ["CASES", "REFINED", "ortho_rows", "refined_rows"]

CASES = (
    Case(name="flat, nadir", ground="flat"),
    Case(name="flat, 15° off nadir", ground="flat", roll_deg=15),
    Case(name="flat, 30° off nadir", ground="flat", roll_deg=-30),
    Case(name="mountain, nadir"),
    Case(name="mountain, 15°", roll_deg=15),
    Case(name="mountain, 30°", roll_deg=-30),
    Case(name="mountain, 30°, output 6 m", roll_deg=-30, pixel_m=6.0),
    Case(name="mountain, 30°, output 30 m", roll_deg=-30, pixel_m=30.0),
    Case(name="mountain, 15°, DEM 30 m", roll_deg=15, dem="1"),
    Case(name="mountain, 15°, DEM 900 m", roll_deg=15, dem="30"),
    Case(name="mountain, 30°, DEM above EGM96, declared", roll_deg=-30, heights="declared"),
    Case(name="mountain, 30°, DEM above EGM96, taken for ellipsoidal", roll_deg=-30, heights="mistaken"),
    Case(name="mountain, 15°, attitude drift 20 µrad/s, in the RPC", roll_deg=15, drift_urad_s=(20, -20, 20)),
    Case(name="mountain, 15°, jitter 2 µrad, 35 Hz", roll_deg=15, jitter_urad=2.0),
    Case(name="mountain, 15°, RPC biased", roll_deg=15, shift_px=(20.3, -11.7)),
    Case(name="mountain, 15°, RPC biased and drifting", roll_deg=15, shift_px=(20.3, -11.7), drift_px=(3.0, -2.0)),
)  # fmt: skip
QUICK = ("flat, 15° off nadir", "mountain, 30°")
_BIASED = Case(name="", roll_deg=15, shift_px=(20.3, -11.7))
_DRIFTING = Case(name="", roll_deg=15, shift_px=(20.3, -11.7), drift_px=(3.0, -2.0))
_JITTER = Case(name="", roll_deg=15, shift_px=(20.3, -11.7), jitter_urad=2.0)

REFINED = (
    ("biased RPC, 20 points", _BIASED, "shift", 20, 0.0),
    ("biased RPC, 20 points, 30 % of them wrong", _BIASED, "shift", 20, 0.3),
    ("biased and drifting RPC, 20 points", _DRIFTING, "drift", 20, 0.0),
    ("biased and drifting RPC, 20 points, 30 % of them wrong", _DRIFTING, "drift", 20, 0.3),
    ("biased RPC, jitter, 20 points", _JITTER, "shift", 20, 0.0),
)
GCP_SIGMA_PX = 0.3


def known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def prepared(case: Case, folder: Path) -> Job:
    write_coordinates(case, folder / "case.tif")
    write_dem(case, folder / "dem.tif")
    vertical = {"declared": "declared"}.get(case.heights, "ellipsoid")
    return Job(
        image=folder / "case.tif",
        dem=folder / "dem.tif",
        vertical=vertical,
        crs=str(case.grid.crs),
        pixel_m=case.pixel_m,
        bounds=tuple(case.grid.boundingbox.bbox),
    )


def judged(case: Case | RealCase, path: Path, seconds: float, wrong: str | None) -> dict:
    """CE90 and worst over the ground that the camera sees; what is done with the ground it does not."""
    if wrong is not None:
        return {"refused": wrong, "seconds": round(seconds, 2)}
    off = errors(case, path)
    visible = np.isfinite(case.truth.col) & ~case.truth.hidden
    good = np.isfinite(off).all(axis=0)
    px = np.hypot(*off[:, good & visible])
    metres = np.hypot(*(case.truth.metres @ off[:, good & visible]))
    hidden = np.isfinite(case.truth.col) & case.truth.hidden
    return {
        "ce90_px": float(np.quantile(px, 0.9)),
        "ce90_m": float(np.quantile(metres, 0.9)),
        "worst_px": float(px.max()),
        "pixels": int(px.size),
        "visible_lost": float((visible & ~good).sum() / visible.sum()),
        "hidden_shown": float((hidden & good).sum() / hidden.sum()) if hidden.any() else None,
        "seconds": round(seconds, 2),
    }


def ortho_rows(
    folder: Path, oty: str | None, data: Path | None, names: tuple[str, ...] | None
) -> Iterator[dict]:
    """One row a case: the simulated ones, then those of real cameras."""
    for case in CASES:
        if names is not None and case.name not in names:
            continue
        row = {
            "case": case.name,
            "rpc_residual_px": known(case.fitted.worst_px),
            "hidden_share": float(case.truth.hidden.mean()),
        }
        yield row | by_program(case, prepared(case, folder), oty)
    for case in () if names else real_cases(data):
        row = {"case": case.name, "rpc_residual_px": None, "hidden_share": 0.0}
        yield row | by_program(case, prepared_real(case, folder), oty)


def by_program(case: Case | RealCase, job: Job, oty: str | None) -> dict:
    """What each program makes of a case."""
    out = job.image.with_name("out.tif")
    found = {
        "ours": judged(case, out, *ours(job, out)),
        "gdal": judged(case, out, *gdal(job, out)),
        "gdal -et 0.125": judged(case, out, *gdal(job, out, "-et", "0.125")),
    }
    if oty:
        found["orthority"] = judged(case, out, *orthority(job, out, oty))
    return found


def control_points(case: Case, n: int, bad: float, path: Path, seed: int) -> None:
    """Points measured by hand: 0.3 px of noise, and some of them grossly wrong, as both programs read."""
    rng = np.random.default_rng(seed)
    col, row = rng.uniform(20, case.size - 20, (2, n))
    lon, lat, height = ground_of(case.camera, case.relief, col, row)
    col, row = seen(case.camera, lon, lat, height, row)
    shown = np.stack([col, row], axis=1) + rng.normal(0, GCP_SIGMA_PX, (n, 2))
    turn, far = rng.uniform(0, 2 * np.pi, n), rng.uniform(8, 300, n)
    wrong = np.arange(n) < round(bad * n)
    shown += np.where(wrong, far, 0)[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    features = [
        {
            "type": "Feature",
            "properties": {
                "filename": "case.tif",
                "id": f"gcp-{k}",
                "ji": [c - 0.5, r - 0.5],
                "info": "",
            },
            "geometry": {"type": "Point", "coordinates": [lon[k], lat[k], height[k]]},
        }
        for k, (c, r) in enumerate(shown)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def refined_rows(folder: Path, oty: str | None, names: tuple[str, ...] | None) -> Iterator[dict]:
    for number, (name, case, kind, n, bad) in enumerate(REFINED):
        if names is not None and name not in names:
            continue
        job, out = prepared(case, folder), folder / "out.tif"
        gcps, refinement = folder / "gcps.geojson", folder / "refinement.json"
        control_points(case, n, bad, gcps, seed=number)
        seconds, wrong = refine_ours(job.image, gcps, kind, refinement)
        row = {"case": name}
        if wrong is None:
            more, wrong = ours(job, out, refinement)
            found = json.loads(refinement.read_text())
            row["printed"] = found["leave_one_out"]
            row["used"] = found["points_used"]
            seconds += more
        row["ours"] = judged(case, out, seconds, wrong)
        row["gdal"] = judged(case, out, *gdal(job, out))
        if oty:
            method = {"shift": "shift", "drift": "shift-drift"}[kind]
            row["orthority"] = judged(
                case, out, *orthority(job, out, oty, gcps=gcps, method=method)
            )
        yield row
