"""How much of a picture is saturated, and what must be said of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from odc.geo.geobox import GeoBox

from satdesk.core.layer import Layer
from satdesk.release.content import Notice
from satdesk.release.samples import sampled

__all__ = ["MOST", "saturated_shares", "saturation_notice"]

MOST = 0.5
"""An image that is saturated beyond this share has too little left to be fitted on."""


def saturated_shares(
    images: Mapping[str, tuple[Layer, float | None]], windows: tuple[GeoBox, ...]
) -> dict[str, float | None]:
    """Share (0–1) of each image's usable pixels of which a band reaches the end of its range.

    Args:
        images: By id: counts, not interpolated, and the count that means "saturated". None of the
            latter = nobody states it, and None is answered.
        windows: Where to look.
    """
    shares: dict[str, float | None] = {}
    for name, (layer, top) in images.items():
        if top is None:
            shares[name] = None
            continue
        values, valid = sampled(layer, windows)
        total = int(np.count_nonzero(valid))
        reached = int(np.count_nonzero((values >= top).any(axis=0) & valid))
        shares[name] = round(reached / total, 6) if total else 0.0
    return shares


def saturation_notice(shares: Mapping[str, float | None]) -> tuple[Notice, ...]:
    """Nothing where nothing is saturated, or nobody states what that would be."""
    most = max((share for share in shares.values() if share is not None), default=0.0)
    if not most:
        return ()
    text = (
        f"About {100 * most:.2g} % of the picture is saturated, where a number means at least "
        "that much: nothing was fitted or scored there, and masks tell where it is."
    )
    return (Notice(code="saturated", text=text),)
