"""What is written of an adjusted block: its scenes, its pairs, and how far they lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from affine import Affine

from satdesk.core.scene import SourceImage
from satdesk.core.sensor import FloatArray
from satdesk.geometry.affine import mapped
from satdesk.geometry.checkpoints import ce90, ground_per_pixel, in_metres
from satdesk.release.adjustment_ties import AdjustedScenes, Pair
from satdesk.release.content import Notice
from satdesk.release.plain_facts import notice_facts
from satdesk.release.refinement_document import rms_of
from satdesk.release.refinement_points import model_of

__all__ = ["FORMAT", "adjustment_document"]

FORMAT = "satdesk-adjustment/1"


def adjustment_document(adjusted: AdjustedScenes, notices: Sequence[Notice]) -> dict[str, Any]:
    """``adjust.schema.json``, without names of files."""
    block = adjusted.block
    both = zip(adjusted.scenes, adjusted.images, strict=True)
    return {
        "format": FORMAT,
        "simulated": any(scene.simulated for scene in adjusted.scenes),
        "kind": adjusted.kind,
        "scenes": [
            {
                "scene": scene.id,
                "image": image.id,
                "held": number in adjusted.held,
                "matrix": [float(v) for v in list(block.matrices[number])[:6]],
                "moved_m": _moved(image, block.matrices[number]),
                "refinement": None,
            }
            for number, (scene, image) in enumerate(both)
        ],
        "pairs": [_pair(adjusted, pair, number) for number, pair in enumerate(adjusted.pairs)],
        "rms_m": round(block.rms_m, 4),
        "held_out": _held_out(np.concatenate(block.held_out_m)),
        "notices": notice_facts(notices),
        "accuracy": None,
    }


def _moved(image: SourceImage, matrix: Affine) -> list[float]:
    """Metres east and north by which the ground under the image's middle moves."""
    rows, cols = image.grid.shape
    at = np.column_stack(mapped(image.grid.affine, np.array([cols / 2]), np.array([rows / 2])))
    model = model_of(image)
    height = np.array([float(getattr(model, "height_off", 0.0))])
    there = np.column_stack(mapped(~matrix, at[:, 0], at[:, 1]))
    moved = in_metres(ground_per_pixel(model, at, height), there - at)[0]
    return [round(float(value), 4) + 0.0 for value in moved]


def _pair(adjusted: AdjustedScenes, pair: Pair, number: int) -> dict[str, Any]:
    block, scenes = adjusted.block, adjusted.scenes
    used, left = block.used[number], block.residuals_m[number]
    return {
        "scenes": [scenes[pair.ties.first].id, scenes[pair.ties.second].id],
        "ties": len(used),
        "used": int(used.sum()),
        "before_rms_m": rms_of(pair.ties.apart_m[used]),
        "rms_m": rms_of(left[used]),
        "held_out": _held_out(block.held_out_m[number]),
        "bad": [
            {"id": pair.observed.ids[n], "residual_m": round(float(np.hypot(*left[n])), 4)}
            for n in np.flatnonzero(~used).tolist()
        ],
    }


def _held_out(apart: FloatArray) -> dict[str, Any] | None:
    """Of ties that the block was adjusted without, one at a time; None where none could be."""
    known = apart[np.isfinite(apart).all(axis=1)]
    if not len(known):
        return None
    distance = np.hypot(*known.T)
    return {
        "n": len(known),
        "rmse_m": round(float(np.sqrt((distance**2).mean())), 4),
        "ce90_m": round(ce90(distance), 4),
    }
