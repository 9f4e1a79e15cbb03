"""Ground that two dates can be laid on each other by: no snow, cloud, shadow, water."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.core.sensor import FloatArray

__all__ = ["Levels", "brightness", "levels_of", "stable"]

_VISIBLE = ("PAN", "B", "G", "R")
_BRIGHT, _DARK = 2.5, 0.25
"""Times the median brightness: above may be snow or cloud, below may be shadow or water."""
_BRIGHT_GREY = 3.5
"""Likewise where no colour tells bright soil from snow and cloud."""
_WHITE = 0.75
"""Least over largest of the visible bands: what is bright and coloured is neither."""
_WATER = 0.1

Planes = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """What a date's brightness is compared with.

    Attributes:
        median: Median brightness of all its samples.
        top: Their largest value in any band: a plateau there is saturated.
    """

    median: float
    top: float


def brightness(planes: Planes) -> FloatArray:
    """``(y, x)`` mean of the visible bands; of all bands where none is visible."""
    shown = [planes[name] for name in _VISIBLE if name in planes] or list(planes.values())
    return np.asarray(np.mean(np.stack(shown), axis=0, dtype=np.float64))


def levels_of(samples: Sequence[tuple[Planes, NDArray[np.bool_]]]) -> Levels:
    """Levels over all samples ``(planes, valid)`` of one date; 0 where nothing is valid."""
    values = [brightness(planes)[valid] for planes, valid in samples if valid.any()]
    if not values:
        return Levels(median=0.0, top=0.0)
    tops = [
        float(p[valid].max()) for planes, valid in samples if valid.any() for p in planes.values()
    ]
    return Levels(median=float(np.median(np.concatenate(values))), top=max(tops))


def stable(planes: Planes, valid: NDArray[np.bool_], levels: Levels) -> NDArray[np.bool_]:
    """``(y, x)`` True where the ground may be matched.

    Args:
        planes: Bands by our names, each ``(y, x)``.
        valid: ``(y, x)``.
        levels: Of the same date.
    """
    light = brightness(planes)
    saturated = np.logical_or.reduce([p >= levels.top for p in planes.values()])
    usable = valid & ~saturated & (light > _DARK * levels.median)
    bright = _BRIGHT if {"B", "G", "R"} <= planes.keys() else _BRIGHT_GREY
    usable &= ~((light > bright * levels.median) & _white(planes))
    return np.asarray(usable & ~_water(planes))


def _white(planes: Planes) -> NDArray[np.bool_]:
    shown = [np.asarray(planes[name], dtype=np.float64) for name in "BGR" if name in planes]
    if len(shown) < 3:
        return np.ones(next(iter(planes.values())).shape, np.bool_)
    stack = np.stack(shown)
    return np.asarray(stack.min(axis=0) > _WHITE * stack.max(axis=0))


def _water(planes: Planes) -> NDArray[np.bool_]:
    """S. K. McFeeters, Int. J. Remote Sens. 17 (1996) 1425–1432: green above near infrared."""
    if not {"G", "NIR"} <= planes.keys():
        return np.zeros(next(iter(planes.values())).shape, np.bool_)
    green, nir = (np.asarray(planes[name], dtype=np.float64) for name in ("G", "NIR"))
    return np.asarray(green - nir > _WATER * np.abs(green + nir))
