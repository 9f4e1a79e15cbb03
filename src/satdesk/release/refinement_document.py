"""What a refinement's document says: its model, its points, what they are worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from satdesk.core.scene import Scene, SourceImage
from satdesk.geometry.affine import mapped
from satdesk.geometry.checkpoints import ground_per_pixel, in_metres
from satdesk.geometry.refine import Extent, Refinement, independent_errors, noise_px
from satdesk.release.content import Notice
from satdesk.release.plain_facts import notice_facts
from satdesk.release.refinement_checks import error_facts, known_pair
from satdesk.release.refinement_points import Observed, SetAside, model_of
from satdesk.release.refinement_use import FORMAT

__all__ = ["extent_of", "point_facts", "refinement_document", "rms_of"]

_CE90 = 2.1460
"""√(2 ln 10): standard deviations of one axis that 90 % of circular normal errors stay within."""
_ENDLESS_M = 1e5


def refinement_document(
    scene: Scene,
    image: SourceImage,
    source: Mapping[str, str],
    observed: Observed,
    fitted: Refinement,
    notices: list[Notice],
) -> dict[str, Any]:
    """Model, points and figures of a refinement, as ``refine.schema.json`` says.

    Args:
        scene: Whose image it is.
        image: That was refined.
        source: ``kind``, ``file`` and ``sha256`` of the points.
        observed: The points.
        fitted: The correction.
        notices: What is to be said beside it.
    """
    per_pixel = ground_per_pixel(model_of(image), observed.predicted, observed.height_m)
    used = fitted.used
    left_out = independent_errors(fitted)
    document: dict[str, Any] = {
        "format": FORMAT,
        "scene": scene.id,
        "simulated": scene.simulated,
        "model": {
            "kind": fitted.kind,
            "image": image.id,
            "matrix": [float(number) for number in list(fitted.matrix)[:6]],
        },
        "source": dict(source),
        "points_used": int(used.sum()),
        "sigma_px": round(fitted.sigma_px, 4),
        "noise_ce90_m": _noise_m(fitted, image, per_pixel),
        "rms_px": round(fitted.rms_px, 4) if used.any() else None,
        "before_rms_px": rms_of(observed.residuals[used]),
        "leave_one_out": None if left_out is None else error_facts(left_out, per_pixel),
        "check": None,
        "held_out": None,
        "points": point_facts(
            observed, fitted, in_metres(per_pixel, fitted.residuals_px), left_out
        ),
        "notices": notice_facts(notices),
        "accuracy": None,
    }
    return document


def rms_of(offsets: Any) -> float | None:  # noqa: ANN401 - an array (n, 2)
    """Root mean square length, rounded for a document; None of nothing."""
    return round(float(np.sqrt((offsets**2).sum(axis=1).mean())), 4) if len(offsets) else None


def _noise_m(fitted: Refinement, image: SourceImage, per_pixel: Any) -> float | None:  # noqa: ANN401 - an array (n, 2, 2)
    """CE90 on the ground of what the points' noise does to the correction over the image."""
    if not fitted.used.any():
        return None
    metres = float(np.sqrt((per_pixel[fitted.used] ** 2).sum(axis=(1, 2)).mean() / 2))
    noise = _CE90 * noise_px(fitted, extent_of(image)) * metres
    return round(noise, 4) if np.isfinite(noise) and noise < _ENDLESS_M else None


def point_facts(
    observed: Observed,
    fitted: Refinement,
    metres: Any,  # noqa: ANN401 - an array (n, 2)
    left_out: Any = None,  # noqa: ANN401 - an array (n, 2), or None
) -> list[dict[str, Any]]:
    """What a document says of each point; `metres` are its residuals east and north."""
    listed = []
    for n, name in enumerate(observed.ids):
        dcol, drow = (float(value) for value in fitted.residuals_px[n])
        used = bool(fitted.used[n])
        listed.append(
            {
                "id": name,
                "lon": float(observed.lonlat[n, 0]),
                "lat": float(observed.lonlat[n, 1]),
                "height": float(observed.height_m[n]),
                "col": float(observed.colrow[n, 0]),
                "row": float(observed.colrow[n, 1]),
                "residual_colrow": [round(dcol, 4), round(drow, 4)],
                "residual_px": round(float(np.hypot(dcol, drow)), 4),
                "residual_m": _metres(metres[n]),
                "left_out_colrow": None if left_out is None else known_pair(left_out[n]),
                "used": used,
                "reason": None if used else "it does not agree with the other points",
            }
        )
    return [*listed, *(_aside(point) for point in observed.aside)]


def _metres(east_north: Any) -> float | None:  # noqa: ANN401 - an array (2,)
    length = float(np.hypot(*east_north))
    return round(length, 4) if np.isfinite(length) else None


def _aside(point: SetAside) -> dict[str, Any]:
    return {
        "id": point.id,
        "lon": point.lonlat[0],
        "lat": point.lonlat[1],
        "height": point.height_m,
        "col": point.colrow[0],
        "row": point.colrow[1],
        "residual_colrow": None,
        "residual_px": None,
        "residual_m": None,
        "left_out_colrow": None,
        "used": False,
        "reason": point.reason,
    }


def extent_of(image: SourceImage) -> Extent:
    """First and last column and row of an image in its sensor's plane."""
    rows, cols = image.grid.shape
    x, y = mapped(image.grid.affine, np.array([0.0, cols]), np.array([0.0, rows]))
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())
