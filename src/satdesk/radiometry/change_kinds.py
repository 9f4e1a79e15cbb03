"""Kinds of change whose area is measured: what speaks for each, of two dates in four bands.

A kind is one measure that grows where the change happened, and the state of the ground without
which it is not that kind at all. Four bands tell states of the ground, not causes: no kind says
what did it, and the words of each say what looks alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.errors import UnknownNameError

__all__ = ["KINDS", "Kind", "Planes", "kind_called"]

Planes = Mapping[str, NDArray[Any]]
"""Reflectance by our name of the band, each ``(y, x)``."""

_TINY = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of change.

    Attributes:
        name: As it is asked for.
        words: What is seen, in one clause, of ground.
        alike: What else looks so in four bands.
        measure_words: The measure, in words.
        state_words: The state without which a pixel is not of this kind.
        source: Of the measure.
        least: The smallest difference of the measure that is called a change.
        bands: Needed.
        measure: Of ``before, after``: grows with the change.
        state: Of ``before, after``: True where a change can be of this kind.
    """

    name: str
    words: str
    alike: str
    measure_words: str
    state_words: str
    source: str
    least: float
    bands: tuple[str, ...]
    measure: Callable[[Planes, Planes], NDArray[np.float32]]
    state: Callable[[Planes, Planes], NDArray[np.bool_]]


def _ratio(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.float32]:
    """``(a - b) / (a + b)``; 0 where both are dark to nothing."""
    total = first + second
    return np.asarray((first - second) / np.where(np.abs(total) < _TINY, 1, total), np.float32)


def _ndvi(planes: Planes) -> NDArray[np.float32]:
    return _ratio(planes["NIR"], planes["R"])


def _ndwi(planes: Planes) -> NDArray[np.float32]:
    return _ratio(planes["G"], planes["NIR"])


def _bai(planes: Planes) -> NDArray[Any]:
    """The logarithm of the burnt area index: 1 over the squared distance from charcoal."""
    distance = (0.1 - planes["R"]) ** 2 + (0.06 - planes["NIR"]) ** 2
    return np.asarray(-np.log(np.maximum(distance, 1e-4)))


def _bright(planes: Planes) -> NDArray[Any]:
    return np.asarray((planes["B"] + planes["G"] + planes["R"]) / 3)


def _float(values: NDArray[Any]) -> NDArray[np.float32]:
    return values.astype(np.float32)


_FLOODED = Kind(
    name="flooded",
    words="water stands where none stood before",
    alike="shadow and very dark wet soil",
    measure_words="rise of NDWI, (G - NIR) / (G + NIR)",
    state_words="NDWI above 0 after and not above 0 before",
    source="S. K. McFeeters, Int. J. Remote Sens. 17 (1996) 1425-1432",
    least=0.2,
    bands=("G", "NIR"),
    measure=lambda before, after: _ndwi(after) - _ndwi(before),
    state=lambda before, after: (_ndwi(after) > 0) & (_ndwi(before) <= 0),
)
_CLEARED = Kind(
    name="cleared",
    words="green vegetation is gone",
    alike="harvest, drought, autumn, mowing and fire",
    measure_words="fall of NDVI, (NIR - R) / (NIR + R)",
    state_words="NDVI of 0.3 or more before",
    source="J. W. Rouse et al., Third ERTS Symposium, NASA SP-351 I (1974) 309-317",
    least=0.15,
    bands=("R", "NIR"),
    measure=lambda before, after: _ndvi(before) - _ndvi(after),
    state=lambda before, after: _ndvi(before) >= 0.3,  # noqa: ARG005 - one shape for all kinds
)
_BURNT = Kind(
    name="burnt",
    words="vegetation is gone and the ground is as dark as charcoal",
    alike="ploughed dark soil, shadow and water: four bands do not tell fire from them",
    measure_words="rise of ln BAI, BAI = 1 / ((0.1 - R)² + (0.06 - NIR)²)",
    state_words="NDVI of 0.2 or more before; after, NIR lower and the visible not brighter",
    source="E. Chuvieco, M. P. Martín, A. Palacios, Int. J. Remote Sens. 23 (2002) 5103-5110",
    least=0.7,
    bands=("B", "G", "R", "NIR"),
    measure=lambda before, after: _float(_bai(after) - _bai(before)),
    state=lambda before, after: (
        (_ndvi(before) >= 0.2)
        & (after["NIR"] < before["NIR"])
        & (_bright(after) <= _bright(before) + 0.01)
    ),
)
_BUILT = Kind(
    name="built",
    words="the ground is bright and bare where it was not before",
    alike="cloud and snow that no mask took out, bare soil, quarries, roads, dry fields and mud at "
    "low water",
    measure_words="rise of the mean reflectance of B, G and R",
    state_words="NDVI below 0.25 and NDWI below 0 after",
    source="none: a difference of brightness, with the state stated here",
    least=0.04,
    bands=("B", "G", "R", "NIR"),
    measure=lambda before, after: _float(_bright(after) - _bright(before)),
    state=lambda before, after: (_ndvi(after) < 0.25) & (_ndwi(after) < 0),  # noqa: ARG005 - as above
)

KINDS = {kind.name: kind for kind in (_BURNT, _CLEARED, _FLOODED, _BUILT)}
"""The kinds by name."""


def kind_called(name: str) -> Kind:
    """The kind of this name.

    Raises:
        UnknownNameError: There is none.
    """
    if name not in KINDS:
        raise UnknownNameError("no such kind of change", subject=name, nearest=tuple(KINDS))
    return KINDS[name]
