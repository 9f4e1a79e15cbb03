"""One question for districts and sites alike, and its JSON-ready answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from shapely.geometry.base import BaseGeometry

from satdesk.core.place import District, Site
from satdesk.errors import UnknownNameError
from satdesk.places.gazetteer import districts
from satdesk.places.names import folded, matches, nearest
from satdesk.places.sightings import seeds

__all__ = ["place_to_dict", "search"]


def search(query: str, sites: Sequence[Site] | None = None) -> tuple[District | Site, ...]:
    """Districts and sites that bear `query` as a name, code or id; districts first.

    Where none bears it whole, those are taken one of whose names begins a word with it.

    Args:
        query: In any language, without regard to case and diacritics.
        sites: Where to look for sites; default: the seeds that ship.

    Raises:
        UnknownNameError: Nothing bears it; the nearest names are given.
    """
    places: tuple[District | Site, ...] = (*districts(), *(seeds() if sites is None else sites))
    labels = {id(place): _labels(place) for place in places}
    found = tuple(p for p in places if matches(query, labels[id(p)]))
    if not found and folded(query):
        wanted = f" {folded(query)}"
        found = tuple(p for p in places if any(wanted in f" {folded(t)}" for t in labels[id(p)]))
    if not found:
        raise UnknownNameError(
            f"no district and no site is called {query!r}",
            nearest=nearest(query, (text for texts in labels.values() for text in texts)),
            remedy="try a name in another language, or a code such as AZ-KAL",
        )
    return found


def place_to_dict(place: District | Site) -> dict[str, Any]:
    """JSON-ready form with everything that is known; what is not known is null.

    The position of a withheld site is absent (null), that of a coarse one too: this form may end on
    a screen or in a file. `places.public.public_sites` makes the coarse one.
    """
    if isinstance(place, District):
        return _district(place)
    open_position = place.sensitivity == "public"
    return {
        "id": place.id,
        "kind": place.kind,
        "title": place.title,
        "names": [asdict(name) for name in place.names],
        **_extent(place.geometry if open_position else None),
        "uncertainty_m": place.uncertainty_m,
        "publication": place.publication.value,
        "sensitivity": place.sensitivity,
        "sources": [asdict(source) for source in place.sources],
        "notes": place.notes if open_position else None,
    }


def _district(place: District) -> dict[str, Any]:
    return {
        "id": place.id,
        "kind": "district",
        "title": place.title,
        "names": [asdict(name) for name in place.names],
        "codes": [{"scheme": scheme, "code": code} for scheme, code in place.codes],
        **_extent(place.geometry),
        "source": {k: "unknown" if v is None else v for k, v in asdict(place.source).items()},
        "contested": place.contested,
        "country": place.country,
        "time_zone": place.time_zone,
    }


def _extent(geometry: BaseGeometry | None) -> dict[str, Any]:
    """``bbox`` (west, south, east, north) and ``centroid`` (lon, lat), degrees; null without."""
    if geometry is None:
        return {"bbox": None, "centroid": None}
    centre = geometry.centroid
    return {
        "bbox": [round(value, 6) for value in geometry.bounds],
        "centroid": [round(centre.x, 6), round(centre.y, 6)],
    }


def _labels(place: District | Site) -> tuple[str, ...]:
    codes = tuple(code for _, code in place.codes) if isinstance(place, District) else ()
    return (*(name.text for name in place.names), *codes, place.id)
