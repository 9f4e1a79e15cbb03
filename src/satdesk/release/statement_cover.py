"""Which statements the pictures of a release cover: answered by the program before anybody reads.

A statement is covered at a site if a picture that shows the site is known to be from before the
period, and another from after it began. Where the order of a picture and a day is not known, it
counts for neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox
from shapely.geometry.base import BaseGeometry

from satdesk.core.place import Site
from satdesk.core.statement import AskedStatement, Gap, Question, Statement
from satdesk.files.pictures import read_picture
from satdesk.release.content import DatedImage, Relation
from satdesk.release.furniture import to_map
from satdesk.release.statements import require_sites
from satdesk.release.times import stands_to

__all__ = ["asked", "site_box"]

_REACH_M = 50.0
"""So much around a site must be imaged, or its uncertainty where that is more."""
_LEAST_SHARE = 0.5
_CELLS = 32


def asked(
    statements: Sequence[Statement],
    sites: Sequence[Site],
    images: Sequence[DatedImage],
    *,
    crs: str,
    time_zone: str | None,
) -> tuple[AskedStatement, ...]:
    """The questions of a release, those that its pictures do not cover answered.

    Args:
        statements: Of its recipe.
        sites: That it shows.
        images: Its dates.
        crs: Of its grid, in metres.
        time_zone: Of the place, by which a day begins; None = UTC.

    Raises:
        UsageError: A statement speaks of a site that the release does not show.
    """
    require_sites(statements, sites)
    wanted = {name for statement in statements for name in statement.sites}
    shown = {
        site.id: tuple(image for image in images if _shows(image, site, crs))
        for site in sites
        if site.id in wanted
    }
    located = {site.id for site in sites if site.geometry is not None}
    zone = time_zone or "UTC"
    return tuple(
        AskedStatement(
            statement=statement,
            questions=tuple(
                _question(statement, name, shown[name], zone, located=name in located)
                for name in statement.sites
            ),
        )
        for statement in statements
    )


def site_box(geometry: BaseGeometry, crs: str, reach_m: float, cells: int) -> GeoBox:
    """A square grid of `cells` a side that reaches `reach_m` metres beyond a site's outline."""
    lon, lat = np.array(geometry.envelope.centroid.coords[0])
    forward = to_map(crs)
    x, y = forward.transform(lon, lat)
    west, south, east, north = geometry.bounds
    corners = np.array([forward.transform(*at) for at in ((west, south), (east, north))])
    half = float(np.abs(corners - (x, y)).max()) + reach_m
    return GeoBox(
        (cells, cells), Affine(2 * half / cells, 0, x - half, 0, -2 * half / cells, y + half), crs
    )


def _shows(image: DatedImage, site: Site, crs: str) -> bool:
    """Whether most of the site's surroundings are imaged."""
    if site.geometry is None:
        return False
    reach_m = max(site.uncertainty_m or 0.0, _REACH_M, 2 * image.gsd_m)
    grid = site_box(site.geometry, crs, reach_m, _CELLS)
    return bool((read_picture(image.visual, grid)[..., 3] == 255).mean() >= _LEAST_SHARE)


def _question(
    statement: Statement,
    site: str,
    shown: Iterable[DatedImage],
    zone: str,
    *,
    located: bool,
) -> Question:
    images = tuple(shown)
    stand = {stands_to(image.acquisition, statement.start, zone) for image in images}
    gap = None
    if not located:
        gap = Gap.NOT_LOCATED
    elif not images:
        gap = Gap.NOT_SEEN
    elif Relation.BEFORE not in stand:
        gap = Gap.BEGINS_BEFORE
    elif Relation.AFTER not in stand:
        gap = Gap.NONE_AFTER
    return Question(site=site, gap=gap, dates=tuple(image.id for image in images))
