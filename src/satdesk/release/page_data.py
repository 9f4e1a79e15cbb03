"""What the page's script needs, as one JSON-ready value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from satdesk.core.place import Site, Source
from satdesk.release.content import Content, DatedImage
from satdesk.release.dates import format_acquisition
from satdesk.release.facts import Phrase
from satdesk.release.language import Language, language
from satdesk.release.page_panel import date_title, known_to, side_words
from satdesk.release.tiles import TILE, Pyramid, TileIndex

__all__ = ["page_data"]

_STANDING = ("embargoed", "corrected", "withdrawn")
"""What the page says on top of itself, by the status in ``status.js``."""
_MAP = (
    "whole", "zoom_in", "zoom_out", "centre", "cursor", "sources", "divider", "fader", "of",
    "ways", "swipe", "fade", "fade_time", "beside",
)  # fmt: skip
_PAGE = ("panel", "back", "copy", "copied", "press_keys", "status", "coarsened")
_DEGREE_M = 111_320.0
_DECIMALS = 6
"""Of a degree: about 0.1 m."""


def page_data(
    content: Content, pyramid: Pyramid, indexes: Mapping[str, TileIndex]
) -> dict[str, Any]:
    """District, sites, dates and which tiles there are.

    Args:
        content: The release.
        pyramid: Zooms that the tiles of every date have.
        indexes: The tiles of each date that may be shown, by its id.
    """
    said = language(content.language)
    west, south, east, north = content.district.geometry.bounds
    return {
        "bounds": [[_round(south), _round(west)], [_round(north), _round(east)]],
        "standing": {name: said.say(f"standing_{name}") for name in _STANDING},
        "words": _words(said),
        "tiles": {"size": TILE, "first": pyramid.first, "last": pyramid.last},
        "district": {
            "title": content.district.title,
            "contested": content.district.contested,
            "geometry": _geojson(content.district.geometry, content),
        },
        "dates": [_date(content, image, indexes.get(image.id)) for image in content.dates],
        "sites": [_site(site, content) for site in content.sites if site.geometry is not None],
    }


def _words(said: Language) -> dict[str, str]:
    """What the script says, in the page's language."""
    return {
        "tag": said.tag,
        **{name: said.say(f"map_{name}") for name in _MAP},
        **{name: said.say(f"page_{name}") for name in _PAGE},
        "replaced": said.say("standing_replaced", number=Phrase("{number}")),
    }


def _date(content: Content, image: DatedImage, index: TileIndex | None) -> dict[str, Any]:
    when = format_acquisition(image.acquisition, content.time_zone, language(content.language))
    return {
        "id": image.id,
        "side": side_words(content, image),
        "title": date_title(content, image),
        "day": when.day,
        "utc": when.utc,
        "path": f"page/tiles/{image.id}",
        "rows": {} if index is None else index.runs(),
    }


def _site(site: Site, content: Content) -> dict[str, Any]:
    geometry: BaseGeometry = site.geometry
    point = geometry.representative_point()
    return {
        "id": site.id,
        "title": site.title,
        "kind": site.kind,
        "point": [_round(point.y), _round(point.x)],
        "shape": None if geometry.geom_type == "Point" else _geojson(geometry, content),
        "names": [{"text": n.text, "lang": n.language, "source": n.source} for n in site.names],
        "known": known_to(site, language(content.language)),
        "coarse": site.sensitivity == "coarse",
        "sources": [_source(source) for source in site.sources],
    }


def _source(source: Source) -> str:
    parts = (source.title, source.date, source.licence)
    return ", ".join(part for part in parts if part)


def _geojson(geometry: BaseGeometry, content: Content) -> dict[str, Any]:
    """Thinned to half a pixel, which nobody can see, so that a coastline stays small."""
    tolerance = min(image.gsd_m for image in content.dates) / 2 / _DEGREE_M
    thinned = geometry.simplify(tolerance, preserve_topology=True)
    return dict(mapping(shapely.transform(thinned, lambda xy: np.round(xy, _DECIMALS))))


def _round(degrees: float) -> float:
    return round(float(degrees), _DECIMALS)
