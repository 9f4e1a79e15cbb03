"""A picture as a network sees it: a place, what hangs towards the sun, where its shadow falls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from satdesk.radiometry.cloud_rays import Rays
from satdesk.radiometry.cover_features import MOST, Codes
from satdesk.radiometry.surroundings import Surroundings

__all__ = ["AT_CASTER", "AT_SHADOW", "Look", "Said", "asked_of", "said_around"]

Bools = NDArray[np.bool_]

AT_CASTER = (
    "haze_12", "haze_24", "haze_60", "veil_12", "veil_24", "core_60", "visible", "blue_red",
)  # fmt: skip
AT_SHADOW = (
    "dark_B_9", "dark_NIR_9", "dark_B_30", "dark_NIR_30", "shade_9", "shade_30", "haze_24",
    "core_60", "lit",
)  # fmt: skip
_SAID_AT_CASTER = ("said_cloud_9", "said_cloud_30")
_SAID_AT_SHADOW = ("said_shadow_9", "said_shadow_30", "said_cloud_30")
_SAID_M = (9, 30, 90)
_KNOWN = ("caster_known", "shadow_known", "rays")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Said:
    """What a network says of every place.

    Attributes:
        likely: ``(y, x)`` number of the likeliest of `cover_net.CLASSES`.
        cloud: ``(y, x)`` uint8, 255 = surely cloud.
        shadow: ``(y, x)`` uint8, 255 = surely in the shadow of one.
    """

    likely: NDArray[np.uint8]
    cloud: NDArray[np.uint8]
    shadow: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """A picture as a network sees it.

    Attributes:
        codes: ``(y, x)`` by name, of every place.
        light: ``(y, x)`` as of `cover_features.sunlight`.
        height_m: Of the clouds above the mean ground; None = nothing fits.
        score: Of the fit of clouds to shadows; 0 without.
        rays: At that height; None = none.
    """

    codes: Codes
    light: NDArray[np.int16]
    height_m: float | None = None
    score: float = 0.0
    rays: Rays | None = field(default=None)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, cols = next(iter(self.codes.values())).shape
        return rows, cols

    def asked(self, name: str, rows: slice) -> NDArray[np.int8]:
        """Codes of `rows` by the name of what is asked: 0 where it is not known.

        ``caster_…`` is what the picture shows on the way to the sun at the clouds' height,
        ``shadow_…`` where the shadow of what each place shows would fall.
        """
        if name in self.codes:
            return self.codes[name][rows]
        if self.rays is None:
            return np.zeros((len(range(*rows.indices(self.shape[0]))), self.shape[1]), np.int8)
        if name == "rays":
            return np.full(self.rays.casters[1][rows].shape, MOST, np.int8)
        end, of = name.split("_", 1)
        index, known = self.rays.casters if end == "caster" else self.rays.shadows
        if of == "known":
            return known[rows] * np.int8(MOST)
        return np.take(self.codes[of], index[rows]) * known[rows]


def asked_of(codes: Mapping[str, object]) -> tuple[str, ...]:
    """Names of all that a network is asked of a look with `codes`."""
    said = [*codes, *_KNOWN]
    said += [f"caster_{name}" for name in AT_CASTER + _SAID_AT_CASTER if name in codes]
    said += [f"shadow_{name}" for name in AT_SHADOW + _SAID_AT_SHADOW if name in codes]
    return tuple(sorted(said))


def said_around(said: Said, valid: Bools, pixel_m: float) -> Codes:
    """Codes of what a network says around each place.

    Args:
        said: By the network.
        valid: ``(y, x)``, True = imaged.
        pixel_m: Of the grid.
    """
    near = Surroundings(valid, pixel_m)
    found = {}
    for name, plane in (("cloud", said.cloud), ("shadow", said.shadow)):
        for metres in _SAID_M:
            mean = near.mean(plane, metres)
            found[f"said_{name}_{metres}"] = (mean // 2).astype(np.int8)
    return found
