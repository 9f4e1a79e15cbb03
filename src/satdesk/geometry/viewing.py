"""How a camera looks at a place, as its model says."""

from __future__ import annotations

import numpy as np

from satdesk.core.sensor import FloatArray, SensorModel
from satdesk.geometry.frames import geodesic_m

__all__ = ["view_tangent"]

_STEP_M = 10.0


def view_tangent(
    model: SensorModel, lon: FloatArray, lat: FloatArray, height: FloatArray
) -> FloatArray:
    """Metres by which a place moves in an orthoimage for each metre of error of its height.

    The tangent of the angle between ray and vertical at the place: how far the ray of the place's
    pixel travels over the ground while it rises by 20 m, over 20 m.

    Args:
        model: The camera.
        lon: Degrees.
        lat: Degrees.
        height: Metres above the ellipsoid.

    Returns:
        Of the broadcast shape; NaN outside the model's domain.
    """
    lon, lat, height = np.broadcast_arrays(*(np.asarray(v, float) for v in (lon, lat, height)))
    col, row = model.project(lon, lat, height)
    low = model.locate(col, row, height - _STEP_M)
    high = model.locate(col, row, height + _STEP_M)
    known = np.isfinite(np.add(low, high)).all(axis=0)
    away = np.full(known.shape, np.nan)
    away[known] = geodesic_m(*(v[known] for v in (*low, *high)))
    return away / (2 * _STEP_M)
