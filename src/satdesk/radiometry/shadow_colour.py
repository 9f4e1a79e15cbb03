"""What shadow looks like in one picture, learned from the shadows whose clouds it shows.

In the shadow of a cloud the sky alone lights the ground: every band is darker, the infrared more
than the blue. By how much depends on ground, air and season. So it is learned anew from each
picture: places that the geometry puts under a cloud that is seen, against places that it puts under
open sky, are told apart by Fisher's linear discriminant (*Ann. Eugenics* 7, 1936) over the
logarithms of the bands. It then speaks where the geometry cannot: along the edge towards the sun,
where the cloud would lie outside of the picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satdesk.radiometry.cloud_shadows import without_path
from satdesk.radiometry.surroundings import mean_around

__all__ = ["ShadowColour", "learned_colour", "shadow_features"]

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

_SIGMA_M = 30.0
_LEAST_PIXELS = 400
_MOST_PIXELS = 200_000
_LEAST_BALANCED = 0.75
_RIDGE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShadowColour:
    """A plane between shadow and lit ground in the space of `shadow_features`.

    Attributes:
        weights: One a band.
        threshold: The sum of weighted features above which a place is in shadow.
        sure: Likewise, above which hardly any lit ground of the picture lies.
        balanced: Balanced accuracy on the places that it was learned from.
    """

    weights: NDArray[np.float64]
    threshold: float
    sure: float
    balanced: float

    def measure(self, features: Floats) -> Floats:
        """``(y, x)`` of ``(band, y, x)``: to be compared with `threshold` and `sure`."""
        return np.asarray(np.tensordot(self.weights, features, axes=1))


def shadow_features(
    planes: Mapping[str, Floats], usable: Bools, pixel_m: float
) -> NDArray[np.float32]:
    """``(band, y, x)`` logarithms of the bands less their path radiance, smoothed over 30 m.

    Args:
        planes: ``(y, x)`` reflectance by band.
        usable: True where ground is seen.
        pixel_m: Of the grid.
    """
    return np.stack(
        [
            mean_around(without_path(plane, usable), usable, _SIGMA_M / pixel_m)
            for plane in planes.values()
        ]
    ).astype(np.float32)


def learned_colour(features: Floats, shaded: Bools, lit: Bools) -> ShadowColour | None:
    """Learn from places that are known; None = too few, or shadow and light look alike.

    Args:
        features: From `shadow_features`.
        shaded: ``(y, x)``, True = known to lie in the shadow of a cloud.
        lit: ``(y, x)``, True = known to lie in the sun.
    """
    dark, bright = _sampled(features, shaded), _sampled(features, lit)
    if min(dark.shape[1], bright.shape[1]) < _LEAST_PIXELS:
        return None
    spread = (np.cov(dark) + np.cov(bright)) / 2 + _RIDGE * np.eye(len(features))
    weights = np.linalg.solve(spread, dark.mean(axis=1) - bright.mean(axis=1))
    inside, outside = weights @ dark, weights @ bright
    limits = np.quantile(np.concatenate([inside, outside]), np.linspace(0.02, 0.98, 97))
    found = [((inside > t).mean() + (outside <= t).mean()) / 2 for t in limits]
    best = int(np.argmax(found))
    if found[best] < _LEAST_BALANCED:
        return None
    return ShadowColour(
        weights=weights,
        threshold=float(limits[best]),
        sure=max(float(limits[best]), float(np.quantile(outside, 0.98))),
        balanced=float(found[best]),
    )


def _sampled(features: Floats, where: Bools) -> NDArray[np.float64]:
    """``(band, n)`` of evenly spaced places."""
    places = np.flatnonzero(where)
    places = places[:: max(-(-places.size // _MOST_PIXELS), 1)]
    flat = features.reshape(len(features), -1)
    return np.asarray(flat[:, places], dtype=np.float64)
