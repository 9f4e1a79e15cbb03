"""The folder of an adjusted block: the adjustment, and of each scene a refinement and a picture."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from satdesk.core.scene import Scene
from satdesk.core.sensor import FloatArray
from satdesk.files.digests import sha256
from satdesk.files.store import new_folder
from satdesk.geometry.refine import Refinement
from satdesk.release.adjustment_ties import AdjustedScenes, Pair
from satdesk.release.refinement_document import point_facts, rms_of
from satdesk.release.refinement_picture import residual_png
from satdesk.release.refinement_points import Observed
from satdesk.release.refinement_use import FORMAT
from satdesk.release.schema import check

__all__ = ["NAME", "write_adjusted"]

NAME = "adjustment.json"
_LONGEST_NAME = 120
Document = dict[str, Any]


def write_adjusted(
    document: Document,
    adjusted: AdjustedScenes,
    out: Path,
    *,
    overwrite: bool,
    inputs: tuple[Path, ...],
) -> Document:
    """Write the folder `out`; the answer is `document` with the names of its files.

    A scene that is held gets no refinement: it keeps the one that it has, if any.

    Raises:
        UsageError: The folder is there without `overwrite`, or overlaps an input.
    """
    moving = [n for n in range(len(adjusted.scenes)) if n not in adjusted.held]
    names = _names(adjusted.scenes)
    named = [
        {**told, "refinement": f"{names[n]}.json" if n in moving else None}
        for n, told in enumerate(document["scenes"])
    ]
    answer = {**document, "scenes": named}
    check(answer, "adjust")
    with new_folder(out, overwrite, inputs=inputs) as folder:
        _write(answer, folder / NAME)
        source = {"kind": "block", "file": NAME, "sha256": sha256(folder / NAME)}
        for number in moving:
            observed, fitted = _seen_by(number, adjusted)
            own = _refinement(number, adjusted, (observed, fitted), source)
            own["notices"] = answer["notices"]
            check(own, "refine")
            _write(own, folder / f"{names[number]}.json")
            picture = residual_png(own, observed, fitted, adjusted.images[number])
            (folder / f"{names[number]}.png").write_bytes(picture)
    return answer


def _names(scenes: Sequence[Scene]) -> list[str]:
    """Names of files after the scenes' ids, which a stranger wrote: unique, of harmless letters."""
    plain = [re.sub(r"[^A-Za-z0-9_-]+", "_", s.id)[:_LONGEST_NAME] or "scene" for s in scenes]
    taken = [name for name in plain if plain.count(name) > 1 or f"{name}.json" == NAME]
    return [f"{name}_{n + 1}" if name in taken else name for n, name in enumerate(plain)]


def _write(document: Document, path: Path) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _refinement(
    number: int,
    adjusted: AdjustedScenes,
    shown: tuple[Observed, Refinement],
    source: dict[str, str],
) -> Document:
    scene, (observed, fitted) = adjusted.scenes[number], shown
    used = fitted.used
    return {
        "format": FORMAT,
        "scene": scene.id,
        "simulated": scene.simulated,
        "model": {
            "kind": fitted.kind,
            "image": adjusted.images[number].id,
            "matrix": [float(number) for number in list(fitted.matrix)[:6]],
        },
        "source": source,
        "points_used": int(used.sum()),
        "sigma_px": round(fitted.sigma_px, 4),
        "noise_ce90_m": None,
        "rms_px": round(fitted.rms_px, 4) if used.any() else None,
        "before_rms_px": rms_of(observed.residuals[used]),
        # ties say how scenes lie on each other, and nothing of where they lie
        "leave_one_out": None,
        "check": None,
        "held_out": None,
        "points": point_facts(observed, fitted, _metres(number, adjusted)),
        "notices": [],
        "accuracy": None,
    }


def _of(number: int, adjusted: AdjustedScenes) -> list[tuple[int, Pair, float]]:
    """Pairs with the scene `number`, and the sign of its own part in ``apart_m``."""
    return [
        (n, pair, 1.0 if pair.ties.second == number else -1.0)
        for n, pair in enumerate(adjusted.pairs)
        if number in (pair.ties.first, pair.ties.second)
    ]


def _metres(number: int, adjusted: AdjustedScenes) -> FloatArray:
    left = adjusted.block.residuals_m
    return np.concatenate([sign * left[n] for n, _, sign in _of(number, adjusted)])


def _seen_by(number: int, adjusted: AdjustedScenes) -> tuple[Observed, Refinement]:
    """The ties of one scene as points: all that its scenes lie apart, in this scene's pixels."""
    block, own = adjusted.block, _of(number, adjusted)
    parts = [_part(pair, number) for _, pair, _ in own]
    observed = Observed(
        ids=tuple(name for part in parts for name in part.ids),
        lonlat=np.concatenate([part.lonlat for part in parts]),
        height_m=np.concatenate([part.height_m for part in parts]),
        colrow=np.concatenate([part.colrow for part in parts]),
        predicted=np.concatenate([part.predicted for part in parts]),
        measured=np.concatenate([part.measured for part in parts]),
    )
    used = np.concatenate([block.used[n] for n, _, _ in own])
    left = np.concatenate(
        [_pixels(pair, number, sign * block.residuals_m[n]) for n, pair, sign in own]
    )
    fitted = Refinement(
        kind=adjusted.kind,
        matrix=block.matrices[number],
        predicted=observed.predicted,
        measured=observed.measured,
        used=used,
        residuals_px=left,
        sigma_px=float(np.sqrt((left[used] ** 2).mean())) if used.any() else 0.0,
    )
    return observed, fitted


def _part(pair: Pair, number: int) -> Observed:
    """The ties of one pair; an id ends with the other scene's number in the block, from 1."""
    ties, second = pair.ties, pair.ties.second == number
    other = (ties.first if second else ties.second) + 1
    predicted = ties.predicted_second if second else ties.predicted_first
    apart = ties.apart_m if second else -ties.apart_m
    return Observed(
        ids=tuple(f"{name} / {other}" for name in pair.observed.ids),
        lonlat=pair.observed.lonlat,
        height_m=pair.observed.height_m,
        colrow=pair.observed.colrow if second else pair.first_colrow,
        predicted=predicted,
        measured=predicted + _pixels(pair, number, apart),
    )


def _pixels(pair: Pair, number: int, metres: FloatArray) -> FloatArray:
    """Metres on the ground in the pixels of the scene `number`."""
    ties = pair.ties
    per_pixel = ties.per_pixel_second if ties.second == number else ties.per_pixel_first
    return np.asarray(np.linalg.solve(per_pixel, metres[:, :, None])[:, :, 0])
