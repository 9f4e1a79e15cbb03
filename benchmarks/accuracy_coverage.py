"""Does the printed CE90 hold in every design, or only on average?

    python benchmarks/accuracy_coverage.py [SETS] [--json FILE]

SETS (60) sets of points for every design: 6 to 40 points (1 px = 1 m), noise of 0.05, 0.3 and 0.8 px, clean or
a quarter of them wrong by 8 to 100 px, on cameras with a bias, a drift that is fitted or not, a wave along
the rows, a twist that no model has. A set that is refused prints nothing. Printed is the share of sets in which
the figure covers the true CE90 of the corrected image, by points, with the worst design.
"""

from __future__ import annotations

import argparse
import json
from itertools import product
from pathlib import Path

import numpy as np

from satdesk.errors import LimitError
from satdesk.geometry.affine import mapped
from satdesk.geometry.checkpoints import check_figures
from satdesk.geometry.refine import fit_refinement, independent_errors, refinement_problems

SIDE = 1000.0
POINTS = (6, 8, 10, 12, 16, 20, 40)
NOISE = (0.05, 0.3, 0.8)
CAMERAS = {
    "bias": ("shift", {}),
    "bias, affine fitted": ("affine", {}),
    "drift not fitted": ("shift", {"drift": 6.0}),
    "drift fitted": ("drift", {"drift": 6.0}),
    "wave": ("shift", {"wave": 1.0}),
    "small wave": ("drift", {"drift": 6.0, "wave": 0.2}),
    "twist": ("affine", {"twist": 0.5}),
}


def camera_error(rng, drift=0.0, wave=0.0, twist=0.0):
    """The error of a camera in pixels at ``(n, 2)`` pixels."""
    bias, slope = rng.normal(0, 15, 2), rng.uniform(-drift, drift, 2)
    phase, waves = rng.uniform(0, 2 * np.pi, 2), rng.uniform(0.5, 3)
    turned = rng.uniform(-twist, twist, 2)

    def error(at):
        col, row = 2 * at[:, :1] / SIDE - 1, 2 * at[:, 1:] / SIDE - 1
        shaken = wave * np.sin(np.pi * waves * row + phase)
        return bias + row / 2 * slope + shaken + col * row * turned

    return error


def one(rng, n, noise, bad, kind, camera):
    """What is printed and what is true; None where nothing is printed."""
    error = camera_error(rng, **camera)
    predicted = rng.uniform(0, SIDE, (n, 2))
    measured = predicted + error(predicted) + rng.normal(0, noise, (n, 2))
    gross = int(bad * n)
    measured[:gross] += rng.choice([-1, 1], (gross, 2)) * rng.uniform(8, 100, (gross, 2))
    try:
        fitted = fit_refinement(predicted, measured, kind)
    except LimitError:
        return None
    if refinement_problems(fitted, (0, 0, SIDE, SIDE), 2.0):
        return None
    errors = independent_errors(fitted)
    if errors is None:
        return None
    known = errors[np.isfinite(errors).all(axis=1)]
    places = np.stack(np.meshgrid(*[np.linspace(0, SIDE, 21)] * 2), -1).reshape(-1, 2)
    off = places + error(places) - np.column_stack(mapped(fitted.matrix, *places.T))
    true = float(np.quantile(np.hypot(*off.T), 0.9))
    return check_figures(np.hypot(*known.T)).upper_m, true


def covered(n: int, sets: int) -> dict:
    """Of one number of points: shares by design, and how wide the figure is."""
    shares, ratios, refused = {}, [], 0
    for (name, (kind, camera)), noise, bad in product(CAMERAS.items(), NOISE, (0, 0.25)):
        rng = np.random.default_rng([n, int(100 * noise), int(4 * bad), len(name)])
        found = [one(rng, n, noise, bad, kind, camera) for _ in range(sets)]
        told = [pair for pair in found if pair is not None]
        refused += len(found) - len(told)
        if len(told) < sets / 3:
            continue  # such sets are mostly refused
        key = f"{name}, noise {noise}, {'a quarter wrong' if bad else 'clean'}"
        shares[key] = float(np.mean([true <= printed for printed, true in told]))
        ratios += [true / printed for printed, true in told]
    worst = min(shares, key=lambda key: shares[key])
    return {
        "points": n,
        "designs": len(shares),
        "refused": refused,
        "held": float(np.mean(list(shares.values()))),
        "worst": shares[worst],
        "worst_design": worst,
        "median_true_over_printed": float(np.median(ratios)),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", type=int, nargs="?", default=60)
    parser.add_argument("--json", type=Path)
    wishes = parser.parse_args()
    rows = []
    for n in POINTS:
        rows.append(covered(n, wishes.sets))
        print(json.dumps(rows[-1]), flush=True)
    if wishes.json:
        wishes.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
