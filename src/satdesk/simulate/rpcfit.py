"""Fit an RPC to a camera: rational cubics by regularised, reweighted least squares.

The terms and their order are those of RPC00B (see `satdesk.geometry.rpc`). For each of row and
column the model ``q · den(x) = num(x)`` is linear in the coefficients once both sides are divided
by the denominator of the step before (Tao & Hu, *A comprehensive study of the rational function
model*, PE&RS 67(12), 2001); a small ridge keeps coefficients that the points do not determine near
zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satdesk.core.sensor import SensorModel
from satdesk.geometry.rpc import RPC, Domain

__all__ = ["FittedRPC", "fit_rpc"]

Floats = NDArray[np.float64]

_ROWS, _COLS, _LEVELS = 65, 16, 7
"""Points of the fit; many rows, for a camera that shakes does so with the row."""
_CHECKED_ROWS = 151
_GOLDEN = (5**0.5 - 1) / 2
_RIDGES = (1e-9, 1e-7, 1e-5, 1e-3)
"""Tried in turn until the denominator keeps far from zero: one that follows a shaking does not."""
_LEAST_DENOMINATOR = 0.5
_MARGIN_PX = 100.0
_ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedRPC:
    """An RPC and how well it follows its camera.

    Attributes:
        model: Offsets count from the outer corner of the first pixel.
        rms_px: Root mean square distance between model and camera at check points, pixels.
        worst_px: The largest distance there, pixels.
    """

    model: RPC
    rms_px: float
    worst_px: float


def fit_rpc(
    camera: SensorModel, shape: tuple[int, int], heights_m: tuple[float, float]
) -> FittedRPC:
    """Fit an RPC over the image of a camera and a range of heights.

    Args:
        camera: The rigorous model.
        shape: ``rows, cols`` of its image.
        heights_m: Lowest and highest height above the ellipsoid, metres.

    Returns:
        The model and its residual at points between those that it was fitted to.
    """
    col, row, height = _points(shape, heights_m, (_ROWS, _COLS, _LEVELS))
    lon, lat = camera.locate(col, row, height)
    offsets = {name: _middle(v) for name, v in (("lon", lon), ("lat", lat))}
    scales = {name: _reach(v) for name, v in (("lon", lon), ("lat", lat))}
    low, high = heights_m
    middle, reach = (low + high) / 2, (high - low) / 2
    terms = _terms(
        (lon - offsets["lon"]) / scales["lon"],
        (lat - offsets["lat"]) / scales["lat"],
        (height - middle) / reach,
    )
    half = (shape[0] / 2, shape[1] / 2)
    unit = ((shape[0] - 1) / 2, (shape[1] - 1) / 2)
    line_num, line_den = _ratio(terms, (row - half[0]) / unit[0])
    samp_num, samp_den = _ratio(terms, (col - half[1]) / unit[1])
    model = RPC(
        line_off=half[0],
        samp_off=half[1],
        lat_off=offsets["lat"],
        lon_off=offsets["lon"],
        height_off=middle,
        line_scale=unit[0],
        samp_scale=unit[1],
        lat_scale=scales["lat"],
        lon_scale=scales["lon"],
        height_scale=reach,
        line_num=line_num,
        line_den=line_den,
        samp_num=samp_num,
        samp_den=samp_den,
        domain=Domain(
            lon_min=float(lon.min()),
            lon_max=float(lon.max()),
            lat_min=float(lat.min()),
            lat_max=float(lat.max()),
            height_min=low,
            height_max=high,
        ),
    )
    rms, worst = _residual(model, camera, shape, heights_m)
    return FittedRPC(model=model, rms_px=rms, worst_px=worst)


def _points(
    shape: tuple[int, int], heights_m: tuple[float, float], counts: tuple[int, int, int]
) -> tuple[Floats, Floats, Floats]:
    """A block of image points, a little wider than the image: its corners are not extrapolated."""
    (rows, cols), margins = shape, [min(0.02 * size, _MARGIN_PX) for size in shape]
    row = -margins[0] + _uneven(counts[0]) * (rows + 2 * margins[0])
    col = np.linspace(-margins[1], cols + margins[1], counts[1])
    height = np.linspace(*heights_m, counts[2])
    block = np.meshgrid(col, row, height, indexing="ij")
    return block[0].ravel(), block[1].ravel(), block[2].ravel()


def _uneven(count: int) -> Floats:
    """`count` numbers from 0 to 1 at steps that vary: no oscillation looks slow in them.

    One in each of as many equal parts, its place there by the golden ratio; first and last are the
    ends.
    """
    steps = np.arange(count)
    places = (steps + (steps * _GOLDEN) % 1) / count
    places[[0, -1]] = 0.0, 1.0
    return np.asarray(places)


def _residual(
    model: RPC, camera: SensorModel, shape: tuple[int, int], heights_m: tuple[float, float]
) -> tuple[float, float]:
    """Root mean square and largest distance at points between those of the fit."""
    counts = (_CHECKED_ROWS, _COLS - 3, _LEVELS - 1)
    col, row, height = _points(shape, heights_m, counts)
    lon, lat = camera.locate(col, row, height)
    fitted_col, fitted_row = model.project(lon, lat, height)
    distance = np.hypot(fitted_col - col, fitted_row - row)
    return float(np.sqrt(np.mean(distance**2))), float(distance.max())


def _terms(lon: Floats, lat: Floats, height: Floats) -> Floats:
    """The 20 cubic terms, ``(points, 20)``, in the order of RPC00B."""
    l, p, h = lon, lat, height  # noqa: E741 - the standard's own letter
    columns = [
        *(np.ones_like(l), l, p, h, l * p, l * h, p * h, l * l, p * p, h * h),
        *(p * l * h, l**3, l * p * p, l * h * h, l * l * p, p**3, p * h * h),
        *(l * l * h, p * p * h, h**3),
    ]
    return np.stack(columns, axis=-1)


def _ratio(terms: Floats, wanted: Floats) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Numerator and denominator (first term 1) whose ratio follows `wanted`, without a pole."""
    for ridge in _RIDGES:
        numerator, denominator = _fitted(terms, wanted, ridge)
        if float((terms @ denominator).min()) > _LEAST_DENOMINATOR:
            break
    return tuple(map(float, numerator)), tuple(map(float, denominator))


def _fitted(terms: Floats, wanted: Floats, ridge: float) -> tuple[Floats, Floats]:
    weight = np.ones_like(wanted)
    numerator: Floats = np.zeros(terms.shape[1])
    denominator: Floats = np.zeros(terms.shape[1])
    for _ in range(_ROUNDS):
        design = np.concatenate([terms, -wanted[:, None] * terms[:, 1:]], axis=1) * weight[:, None]
        normal = design.T @ design / len(wanted) + ridge * np.eye(2 * terms.shape[1] - 1)
        found = np.linalg.solve(normal, design.T @ (wanted * weight) / len(wanted))
        numerator = np.asarray(found[:20], dtype=np.float64)
        denominator = np.concatenate([np.ones(1), np.asarray(found[20:], dtype=np.float64)])
        weight = 1 / (terms @ denominator)
    return numerator, denominator


def _middle(values: Floats) -> float:
    return float(values.min() + values.max()) / 2


def _reach(values: Floats) -> float:
    return float(values.max() - values.min()) / 2
