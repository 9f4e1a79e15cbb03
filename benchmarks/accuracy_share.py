"""In what share of simulated cases does the printed CE90 hold?

Each case draws a view, a ground, an error of the RPC that its model can follow and one that it cannot
(a tenth of a pixel a corner), 6 to 40 points of 0.1 to 1 px of noise, up to three in ten of them
wrong. The model is refined as ``satdesk refine`` does it; what would be printed is held against the
true CE90 over a lattice of the whole picture.
"""

from __future__ import annotations

import numpy as np

from satdesk.errors import LimitError
from satdesk.geometry.checkpoints import ce90, check_figures
from satdesk.geometry.refine import fit_refinement, independent_errors, refinement_problems

__all__ = ["share_that_holds"]

SIZE = 10_000.0
KINDS = ("shift", "drift", "affine")


def share_that_holds(cases: int) -> dict:
    """How many of `cases` were refused, printed, and held."""
    refused = held = printed = 0
    ratios = []
    for number in range(cases):
        rng = np.random.default_rng([7, number])
        told, true = one(rng)
        if told is None:
            refused += 1
            continue
        printed += 1
        held += true <= told
        ratios.append(true / told)
    return {
        "cases": cases,
        "refused": refused,
        "printed": printed,
        "held": held,
        "share": held / max(printed, 1),
        "median_true_over_printed": float(np.median(ratios)),
        "worst_true_over_printed": float(np.max(ratios)),
    }


def one(rng):
    """What is printed and what is true, metres; None where the refinement is refused."""
    kind = KINDS[rng.integers(3)]
    n, noise = int(rng.integers(6, 41)), float(rng.uniform(0.1, 1.0))
    metres = ground(rng)
    error = errors_of(kind, rng)
    predicted = rng.uniform(0, SIZE, (n, 2))
    measured = predicted + error(predicted) + rng.normal(0, noise, (n, 2))
    wrong = rng.random(n) < rng.choice([0, 0.1, 0.3])
    turn, far = rng.uniform(0, 2 * np.pi, n), rng.uniform(8, 300, n)
    measured[wrong] += (far * np.stack([np.cos(turn), np.sin(turn)])).T[wrong]
    try:
        fitted = fit_refinement(predicted, measured, kind)
    except LimitError:
        return None, None
    if refinement_problems(fitted, (0, 0, SIZE, SIZE), 2.0):
        return None, None
    errors = independent_errors(fitted)
    if errors is None:
        return None, None
    known = errors[np.isfinite(errors).all(axis=1)]
    if not len(known):
        return None, None
    found = check_figures(np.hypot(*(known @ metres.T).T))
    across = np.stack(np.meshgrid(*[np.linspace(0, SIZE, 60)] * 2), axis=-1).reshape(-1, 2)
    corrected = np.column_stack(fitted.matrix @ tuple(across.T))
    off = (across + error(across) - corrected) @ metres.T
    return found.upper_m, ce90(np.hypot(*off.T))


def ground(rng):
    """Metres east and north for a pixel of col and row: up to 30° off nadir, any heading."""
    turn, longer = rng.uniform(0, 2 * np.pi), 1 / np.cos(np.radians(rng.uniform(0, 33))) ** 2
    c, s = np.cos(turn), np.sin(turn)
    return 1.5 * np.array([[c, s], [-s, c]]) @ np.diag([longer, -np.sqrt(longer)])


def errors_of(kind, rng):
    """The RPC's error in pixels at ``(n, 2)`` positions."""
    shift = rng.uniform(-20, 20, 2)
    slope = rng.uniform(-3, 3, (2, 2)) * {"shift": 0, "drift": [[0], [1]], "affine": 1}[kind]
    bend = rng.uniform(-0.1, 0.1, 2)

    def error(colrow):
        unit = colrow / SIZE
        return shift + unit @ slope + bend * ((2 * unit[:, 1:] - 1) ** 2)

    return error
