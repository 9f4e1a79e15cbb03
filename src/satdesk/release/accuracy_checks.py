"""Independent points of a refinement as the picture places them: through the terrain it uses."""

from __future__ import annotations

from typing import Any

import numpy as np

from satdesk.core.scene import Scene
from satdesk.core.sensor import FloatArray, SensorModel, Terrain
from satdesk.geometry.affine import Adjusted
from satdesk.geometry.budget import Checks
from satdesk.geometry.checkpoints import CheckFigures, check_figures
from satdesk.geometry.frames import geodesic_m, on_terrain

__all__ = ["refinement_checks"]


def refinement_checks(
    document: dict[str, Any], scene: Scene, terrain: Terrain | None
) -> tuple[Checks, ...]:
    """The checks of a refinement's document; those given for it first.

    Args:
        document: What ``satdesk refine --out`` wrote.
        scene: With that refinement applied.
        terrain: Of the picture; None = none is used.
    """
    against = str(document["source"]["kind"])
    model = _unrefined(document, scene)
    found = []
    for how, key, error in (
        ("check-points", "check", "error_colrow"),
        ("held-out", "held_out", "error_colrow"),
        ("leave-one-out", "leave_one_out", "left_out_colrow"),
    ):
        facts = document[key]
        if facts is None:
            continue
        points = document["points"] if key == "leave_one_out" else facts["points"]
        counted = [point for point in points if point[error] is not None]
        found.append(
            Checks(
                how=how,
                against="gcps" if how == "check-points" else against,
                camera=_camera(facts),
                on_terrain=_on_terrain(counted, error, model, terrain),
            )
        )
    return tuple(found)


def _camera(facts: dict[str, Any]) -> CheckFigures:
    low, high = facts["interval_95_m"]
    return CheckFigures(
        n=facts["n"],
        rmse_m=facts["rmse_m"],
        ce90_m=facts["ce90_m"],
        interval_95_m=(low, high),
        upper_m=facts["upper_m"],
    )


def _unrefined(document: dict[str, Any], scene: Scene) -> SensorModel | None:
    """The provider's model of the image that was refined; None where it was not applied."""
    model = scene.image(document["model"]["image"]).model
    return model.model if isinstance(model, Adjusted) else None


def _on_terrain(
    points: list[dict[str, Any]], error: str, model: SensorModel | None, terrain: Terrain | None
) -> CheckFigures | None:
    """The points as the picture places them: through the terrain that is used.

    The ray of a point's pixel, corrected by the fit without the point, is followed to the terrain;
    how far that lies from the point is what a reader of the picture would be off.
    """
    if model is None or terrain is None or not points:
        return None
    lon, lat, height = (np.array([p[key] for p in points]) for key in ("lon", "lat", "height"))
    off = np.array([p[error] for p in points], dtype=np.float64)
    col, row = model.project(lon, lat, height)
    there = _met(model, (col + off[:, 0], row + off[:, 1]), terrain, height)
    known = np.isfinite(there).all(axis=0) & np.isfinite(terrain.height(lon, lat))
    if known.sum() < len(points) / 2:
        return None
    return check_figures(geodesic_m(lon[known], lat[known], there[0][known], there[1][known]))


def _met(
    model: SensorModel, pixel: tuple[FloatArray, FloatArray], terrain: Terrain, height: FloatArray
) -> FloatArray:
    """``(2, n)`` lon, lat; each ray starts from its point's own height."""
    places = [
        on_terrain(
            model, pixel[0][n : n + 1], pixel[1][n : n + 1], terrain, start_m=float(height[n])
        )
        for n in range(len(height))
    ]
    return np.array([[place[0][0], place[1][0]] for place in places]).T
