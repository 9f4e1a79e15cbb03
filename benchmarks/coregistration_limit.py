"""How true is a co-registration that is accepted? What its limit is derived from, and checked by.

    python benchmarks/coregistration_limit.py [PAIRS] [--from NUMBER] [--json FILE]

Each of PAIRS (60) draws a place, two dates from March to November at any hour from 9 to 17 local time,
views up to 20° to each side, seasons, sometimes snow and changed buildings. The later picture is displaced
four times: by a shift, by an affine, and by two bends of 0.1 to 2 px over 100 to 500 px, the
whole field known. Printed is how many are refused, in how many of the accepted ones the field errs by more
than 0.3 px (RMS over stable ground), and what other limits would let pass.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from coregistration import UTM, Case, Held, grid_of, ours, points, rms, usable
from odc.geo.geobox import GeoBox
from scipy import ndimage

from satdesk.geometry.coregister import refusal
from satdesk.products.ortho import Ortho
from satdesk.simulate.camera import Attitude
from satdesk.simulate.scenarios import Scenario
from satdesk.simulate.take import demo_world, take
from satdesk.simulate.world import State

PLACES = ((300.0, 760.0), (600.0, 0.0), (-500.0, 300.0), (900.0, 900.0), (-800.0, -700.0), (200.0, -900.0))  # fmt: skip
SENSOR_PX, SIDE_PX = 560, 440
BAR_PX = 0.3
LEAST_USABLE = 0.1
LIMITS = (0.3, 0.35, 0.4, 0.45, 0.5)

Field = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One pair: which rule refused it, what it was judged by, and how far off it truly is."""

    rule: str | None
    residual_px: float | None
    true_px: float


def scene(place, rng) -> Scenario:
    month = int(rng.integers(3, 12))
    instant = datetime(2018, month, 5, int(rng.integers(5, 13)), int(rng.integers(60)), tzinfo=UTC)
    turn = Attitude(roll_deg=float(rng.uniform(-20, 20)), pitch_deg=float(rng.uniform(-12, 12)))
    snow = float(rng.uniform(1900, 2400)) if rng.random() < 0.2 else 9000.0
    state = State(
        changed=bool(rng.random() < 0.3),
        dryness=float(rng.uniform(0.2, 0.7)),
        autumn=float(rng.uniform(0, 0.8)) if month > 8 else 0.0,
        snow_line_m=snow,
    )
    return Scenario(
        name="s",
        role="s",
        instant=instant,
        attitude=turn,
        state=state,
        pan_shape=(SENSOR_PX, SENSOR_PX),
        middle_m=place,
    )


def picture(scenario, grid, seed):
    taken = take(scenario, demo_world(1), seed, mark=False)
    layer = Ortho(
        source=Held(counts=taken.pan),
        model=taken.pan_rpc.model,
        terrain=demo_world(1).relief,
        grid=grid,
    )
    raster = layer.read(grid)
    return np.where(raster.valid, raster.values[0], 0).astype("float32")


def field(kind: str, rng) -> Field:
    """A shift; with slopes; with waves of any direction."""
    shift = rng.uniform(-3, 3, 2)
    slope = rng.normal(0, 0.0015, (2, 2)) * (kind != "shift")
    size = 10 ** rng.uniform(-1, 0.3) * (kind == "bend")
    half_wave = rng.uniform(100, 500)
    turn, phase = rng.uniform(0, 2 * np.pi, (2, 2))

    def at(col, row):
        parts = []
        for k in (0, 1):
            along = (np.cos(turn[k]) * col + np.sin(turn[k]) * row) * np.pi / half_wave
            plane = slope[k, 0] * (col - SIDE_PX / 2) + slope[k, 1] * (row - SIDE_PX / 2)
            parts.append(shift[k] + plane + size * np.sin(along + phase[k]))
        return parts[0], parts[1]

    return at


def displaced(taken, truth: Field):
    """``moving(p + d(p)) = taken(p)``; 0 where nothing was taken."""
    row, col = np.mgrid[: taken.shape[0], : taken.shape[1]] + 0.5
    d = truth(col, row)
    for _ in range(6):
        d = truth(col - d[0], row - d[1])
    places = [row - d[1] - 0.5, col - d[0] - 0.5]
    moved = ndimage.map_coordinates(taken, places, order=3)
    empty = ndimage.map_coordinates((taken <= 0).astype("float32"), places, order=1, cval=1.0)
    return np.where(empty < 0.01, np.maximum(moved, 1), 0).astype("float32")


def judged(number: int) -> list[Judged]:
    rng = np.random.default_rng([11, number])
    place = PLACES[rng.integers(len(PLACES))]
    first, second = scene(place, rng), scene(place, rng)
    grid = GeoBox((SIDE_PX, SIDE_PX), grid_of(first, SIDE_PX).affine, UTM)
    fixed, later = picture(first, grid, 1), picture(second, grid, 2)
    found = []
    for kind in ("shift", "affine", "bend", "bend"):
        truth = field(kind, rng)
        moving = displaced(later, truth)
        if min(usable(p).mean() for p in (fixed, moving)) < LEAST_USABLE:
            continue  # nothing but snow or shadow
        case = Case(name=kind, limit_px=BAR_PX, fixed=fixed, moving=moving, truth=truth)
        laid, _ = ours(case)
        why = refusal(laid)
        found.append(
            Judged(
                rule=None if why is None else why.rule,
                residual_px=laid.residual_px,
                true_px=rms(case, laid.displacement(*points(case))),
            )
        )
    return found


def summed(found: list[Judged]) -> dict:
    """Counts by rule, and what each limit on the residual would do."""
    open_ = [j for j in found if j.rule in {None, "coregistration-residual"}]
    residual = np.array([j.residual_px for j in open_])
    true = np.array([j.true_px for j in open_])
    rows = []
    for limit in LIMITS:
        let = residual <= limit
        rows.append({
            "limit_px": limit,
            "accepted": int(let.sum()),
            "beyond_bar": int((let & (true > BAR_PX)).sum()),
            "worst_px": float(true[let].max()) if let.any() else None,
            "true_ones_refused": int((~let & (true <= BAR_PX)).sum()),
        })  # fmt: skip
    accepted = np.array([j.true_px for j in found if j.rule is None])
    rules = {j.rule for j in found if j.rule}
    return {
        "pairs": len(found),
        "refused": {rule: sum(j.rule == rule for j in found) for rule in sorted(rules)},
        "accepted": len(accepted),
        "accepted_beyond_bar": int((accepted > BAR_PX).sum()),
        "accepted_median_px": float(np.median(accepted)),
        "accepted_worst_px": float(accepted.max()),
        "limits": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("pairs", type=int, nargs="?", default=60)
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--json", type=Path)
    wishes = parser.parse_args()
    numbers = range(wishes.first, wishes.first + wishes.pairs)
    facts = summed([each for number in numbers for each in judged(number)])
    text = json.dumps(facts, indent=1)
    print(text)
    if wishes.json:
        wishes.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
