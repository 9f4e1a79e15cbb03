"""What gross errors among ground control points do to a refinement.

    python benchmarks/refinement_outliers.py [SETS] [--seed NUMBER] [--json FILE]

Points with 0.3 px of noise, three in ten of them wrong by 8 to 300 px: how far, at the worst corner
of the image, is the answer from the plain least-squares fit of the good points alone? SETS (60) for
each of three models and 8, 10, 14, 20 or 40 points.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np

from satdesk.geometry.refine import fit_refinement, matrix_of
from satdesk.geometry.robust import Frame, design, least_squares

SIZE = 10_000
SIGMA_PX, SHARE = 0.3, 0.3
COUNTS = (8, 10, 14, 20, 40)
KINDS = ("shift", "drift", "affine")
BAR_PX = 0.1


def drawn(kind, n, rng):
    """Where the model puts the points, where the image shows them, and which are wrong."""
    predicted = rng.uniform(0, SIZE, (n, 2))
    slope = rng.uniform(-3, 3, (2, 2)) * {"shift": 0, "drift": [[0], [1]], "affine": 1}[kind]
    truth = rng.uniform(-30, 30, 2) + (predicted / SIZE) @ slope
    measured = predicted + truth + rng.normal(0, SIGMA_PX, (n, 2))
    bad = np.arange(n) < round(SHARE * n)
    turn, far = rng.uniform(0, 2 * np.pi, n), rng.uniform(8, 300, n)
    measured[bad] += (far * np.stack([np.cos(turn), np.sin(turn)])).T[bad]
    return predicted, measured, bad


def apart(kind, predicted, measured, bad):
    """Largest distance at a corner between the answer and that of the good points; what was used."""
    found = fit_refinement(predicted, measured, kind)
    frame = Frame.around(predicted[~bad])
    clean = matrix_of(
        least_squares(design(predicted[~bad], kind, frame), (measured - predicted)[~bad]), frame
    )
    corners = [(0, 0), (SIZE, 0), (SIZE, SIZE), (0, SIZE)]
    off = [np.subtract(found.matrix @ c, clean @ c) for c in corners]
    return float(np.hypot(*np.transpose(off)).max()), found.used


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", type=int, nargs="?", default=60)
    parser.add_argument("--seed", type=int, help="draws other sets")
    parser.add_argument("--json", type=Path)
    wishes = parser.parse_args()
    over, bad_used, good_lost, worst = Counter(), Counter(), Counter(), {}
    for n in COUNTS:
        for kind in KINDS:
            key = f"{kind}, {n} points"
            for number in range(wishes.sets):
                drawn_by = [] if wishes.seed is None else [wishes.seed]
                rng = np.random.default_rng([*drawn_by, n, KINDS.index(kind), number])
                predicted, measured, bad = drawn(kind, n, rng)
                far, used = apart(kind, predicted, measured, bad)
                over[key] += far > BAR_PX
                bad_used[key] += int((used & bad).sum())
                good_lost[key] += int((~used & ~bad).sum())
                worst[key] = max(worst.get(key, 0.0), far)
            print(
                f"{key:<20} over {BAR_PX} px: {over[key]:4d} of {wishes.sets}, worst "
                f"{worst[key]:7.3f} px; bad points used {bad_used[key]}, good ones not {good_lost[key]}",
                flush=True,
            )
    total = wishes.sets * len(COUNTS) * len(KINDS)
    print(f"{sum(over.values())} of {total} sets over the bar")
    if wishes.json:
        facts = {"sets": total, "over": sum(over.values()), "by": dict(over), "worst_px": worst}
        wishes.json.write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
