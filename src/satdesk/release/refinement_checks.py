"""Points that check a refinement and were not fitted: given for it, or held out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from satdesk.core.scene import SourceImage
from satdesk.core.sensor import FloatArray
from satdesk.files.digests import sha256
from satdesk.geometry.affine import mapped
from satdesk.geometry.checkpoints import check_figures, ground_per_pixel, in_metres
from satdesk.geometry.refine import Refinement
from satdesk.release.refinement_points import Observed, model_of

__all__ = ["check_facts", "error_facts", "held_out", "known_pair"]


def held_out(observed: Observed, share: float) -> tuple[Observed, Observed | None]:
    """The points to fit, and those kept out of the fit to check it; None where none are.

    They are taken at equal steps of the points' order from west to east, so that they spread over
    the image whatever order the file has.
    """
    n = len(observed.ids)
    count = round(share * n)
    if not count:
        return observed, None
    order = np.lexsort((observed.lonlat[:, 1], observed.lonlat[:, 0]))
    kept = np.zeros(n, dtype=bool)
    kept[order[np.round((np.arange(count) + 0.5) * n / count - 0.5).astype(int)]] = True
    return _part(observed, ~kept), replace(_part(observed, kept), aside=())


def _part(observed: Observed, chosen: Any) -> Observed:  # noqa: ANN401 - an array (n,) of bool
    return Observed(
        ids=tuple(name for name, keep in zip(observed.ids, chosen, strict=True) if keep),
        lonlat=observed.lonlat[chosen],
        height_m=observed.height_m[chosen],
        colrow=observed.colrow[chosen],
        predicted=observed.predicted[chosen],
        measured=observed.measured[chosen],
        aside=observed.aside,
    )


def check_facts(
    image: SourceImage, fitted: Refinement, points: Observed, file: Path | None
) -> dict[str, Any]:
    """What points that were not fitted say; all of them count, however far off they are.

    Args:
        image: The image whose model was refined.
        fitted: The refinement.
        points: As the provider's model sees them.
        file: Where they came from; None = held out of the fitted file.
    """
    corrected = np.column_stack(mapped(fitted.matrix, *points.predicted.T))
    errors = points.measured - corrected
    per_pixel = ground_per_pixel(model_of(image), points.predicted, points.height_m)
    metres = np.hypot(*in_metres(per_pixel, errors).T)
    return {
        "file": None if file is None else file.name,
        "sha256": None if file is None else sha256(file),
        **error_facts(errors, per_pixel),
        "points": [
            {
                "id": name,
                "lon": float(points.lonlat[n, 0]),
                "lat": float(points.lonlat[n, 1]),
                "height": float(points.height_m[n]),
                "col": float(points.colrow[n, 0]),
                "row": float(points.colrow[n, 1]),
                "error_colrow": known_pair(errors[n]),
                "error_m": round(float(metres[n]), 4),
            }
            for n, name in enumerate(points.ids)
        ],
        "not_usable": [{"id": point.id, "reason": point.reason} for point in points.aside],
    }


def error_facts(errors: FloatArray, per_pixel: FloatArray) -> dict[str, Any]:
    """Figures of ``(n, 2)`` errors in pixels, JSON-ready; NaN = not counted."""
    counted = np.isfinite(errors).all(axis=1)
    found = check_figures(np.hypot(*in_metres(per_pixel[counted], errors[counted]).T))
    return {
        "n": found.n,
        "rmse_px": round(float(np.sqrt((errors[counted] ** 2).sum(axis=1).mean())), 4),
        "rmse_m": round(found.rmse_m, 4),
        "ce90_m": round(found.ce90_m, 4),
        "interval_95_m": [round(value, 4) for value in found.interval_95_m],
        "upper_m": round(found.upper_m, 4),
    }


def known_pair(pair: FloatArray) -> list[float] | None:
    """``col, row`` rounded to a ten-thousandth; None where not known."""
    return [round(float(value), 4) for value in pair] if np.isfinite(pair).all() else None
