"""A camera at many points, by C where it was built: the same numbers to the last bit."""

from __future__ import annotations

import numpy as np

from satdesk.core.sensor import FloatArray, SensorModel
from satdesk.geometry.affine import Adjusted, mapped
from satdesk.geometry.rpc import DOMAIN_MARGIN, HEIGHT_MARGIN_M, RPC

try:
    from satdesk import _kernel as _compiled
except ImportError:  # no compiler when it was installed
    _compiled = None  # type: ignore[assignment]

__all__ = ["project"]

_FIELDS = (
    "line_off", "samp_off", "lat_off", "lon_off", "height_off",
    "line_scale", "samp_scale", "lat_scale", "lon_scale", "height_scale",
)  # fmt: skip


def project(
    model: SensorModel, lon: FloatArray, lat: FloatArray, height: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """``model.project`` of flat float64 arrays of one length; bit for bit what it returns."""
    if isinstance(model, Adjusted):
        return mapped(model.matrix, *project(model.model, lon, lat, height))
    if _compiled is None or not isinstance(model, RPC):
        return model.project(lon, lat, height)
    col, row = np.empty(lon.size), np.empty(lon.size)
    lon, lat, height = (np.ascontiguousarray(v, dtype=np.float64) for v in (lon, lat, height))
    _compiled.project(_numbers(model), lon, lat, height, col, row)
    return col, row


def _numbers(rpc: RPC) -> FloatArray:
    """Offsets, scales, four cubics, and the domain as centre, reach and heights."""
    center = (rpc.lon_off, rpc.lat_off)
    half = (abs(rpc.lon_scale), abs(rpc.lat_scale))
    if rpc.domain is not None:
        center, half = rpc.domain.center, rpc.domain.half_width
    lowest, highest = rpc.height_range
    margin = max((highest - lowest) / 2, HEIGHT_MARGIN_M)
    reach = 1 + DOMAIN_MARGIN
    normal = [getattr(rpc, name) for name in _FIELDS]
    domain = (*center, reach * half[0], reach * half[1], lowest - margin, highest + margin)
    return np.array([*normal, *rpc.line_num, *rpc.line_den, *rpc.samp_num, *rpc.samp_den, *domain])
