"""What of the register the public may see: a pure function of the sites."""

from __future__ import annotations

import math
from dataclasses import replace

from shapely import Point
from shapely.geometry.base import BaseGeometry

from satdesk.core.place import Publication, Site
from satdesk.errors import UsageError

__all__ = ["public_sites"]

_METRES_A_DEGREE = 111_320.0
"""Along a meridian, and along the equator; the cell need not be exact, only large enough."""

_REASONS = {
    Publication.SINGLE_SOURCE: "one source only; two that agree are needed",
    Publication.NOT_IDENTIFIED: "not identified in the source",
}


def public_sites(
    sites: tuple[Site, ...],
) -> tuple[tuple[Site, ...], tuple[tuple[str, str], ...]]:
    """Split `sites` into those to publish, made public, and the rest with reasons.

    A ``coarse`` site becomes the middle of its cell of a fixed grid of `coarse_m` metres, whatever
    its exact position in the cell, and an uncertainty that covers the cell. A ``withheld`` site is
    not published at all: a name on a map without its place would be looked for. Notes stay with the
    register, since they may speak of the place.

    Returns:
        The public sites, and ``(title, reason)`` of each other one, both in the order of `sites`.
    """
    shown = tuple(_made_public(site) for site in sites if _reason(site) is None)
    kept = tuple((site.title, reason) for site in sites if (reason := _reason(site)) is not None)
    return shown, kept


def _reason(site: Site) -> str | None:
    if site.sensitivity == "withheld":
        return "its position is withheld"
    return _REASONS.get(site.publication)


def _made_public(site: Site) -> Site:
    if site.sensitivity != "coarse" or site.geometry is None:
        return replace(site, notes=None)
    if not site.coarse_m > 0 or not math.isfinite(site.coarse_m):
        raise UsageError(
            "a coarse position needs a grid", subject=site.id, found=f"coarse_m = {site.coarse_m:g}"
        )
    return replace(
        site,
        geometry=_coarse(site.geometry, site.coarse_m),
        uncertainty_m=max(site.uncertainty_m or 0.0, site.coarse_m),
        notes=None,
    )


def _coarse(geometry: BaseGeometry, coarse_m: float) -> Point:
    """Middle of the cell that holds the centroid; cells are fixed, so that repeats tell no more."""
    centre = geometry.centroid
    lat_step = coarse_m / _METRES_A_DEGREE
    lat = (math.floor(centre.y / lat_step) + 0.5) * lat_step
    # the cell's own middle latitude sets its width, so every point of a row has the same columns
    lon_step = coarse_m / (_METRES_A_DEGREE * max(math.cos(math.radians(lat)), 0.01))
    lon = (math.floor(centre.x / lon_step) + 0.5) * lon_step
    return Point(round(lon, 6), round(min(lat, 90.0), 6))
