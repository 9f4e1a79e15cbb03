"""From what sources say to what may be published: two citable sources that agree.

One public file puts Dadivank 151 km west of where it stands. A second source therefore counts only
if it says the same place, within the uncertainty that the site states.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from shapely import Point

from satdesk.core.place import Name, Publication, Site, Source
from satdesk.errors import UsageError
from satdesk.geometry.frames import geodesic_m

__all__ = ["Sighting", "agreeing", "seeds", "site_from_sightings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One source's own statement of where a site is.

    Attributes:
        source: Who says so. It is citable if it has a reference.
        lonlat: Longitude, latitude in degrees on WGS 84.
    """

    source: Source
    lonlat: tuple[float, float]


def agreeing(sightings: tuple[Sighting, ...], uncertainty_m: float) -> tuple[Sighting, ...]:
    """The citable sightings that agree with the first citable one that any other agrees with.

    Two sightings agree if they come from different sources and lie at most `uncertainty_m` apart.
    Without any such pair the first sighting stands alone; without sightings the result is empty.
    Where two groups agree among themselves but not with each other, the larger one is returned, and
    of equal ones none but the first sighting: nothing then decides between them.
    """
    groups = [_group(first, sightings, uncertainty_m) for first in sightings if _citable(first)]
    if not groups:
        return sightings[:1]
    best = max(groups, key=len)
    rivals = [g for g in groups if len(g) == len(best) and not set(map(id, g)) & set(map(id, best))]
    return best[:1] if rivals else best


def site_from_sightings(
    sightings: tuple[Sighting, ...],
    *,
    id: str,  # noqa: A002 - the field's own name
    names: tuple[Name, ...],
    kind: str,
    uncertainty_m: float,
    notes: str | None = None,
    sensitivity: str = "public",
) -> Site:
    """A site at the first agreeing sighting, published if two citable sources agree.

    Sources that disagree are not among its sources; they are named in its notes.
    """
    if not sightings:
        raise UsageError("a site from sightings needs one", subject=id)
    agreed = agreeing(sightings, uncertainty_m)
    others = tuple(s for s in sightings if s not in agreed)
    enough = len(agreed) >= 2
    return Site(
        id=id,
        names=names,
        kind=kind,
        geometry=Point(agreed[0].lonlat),
        uncertainty_m=uncertainty_m,
        sources=tuple(sighting.source for sighting in agreed),
        publication=Publication.PUBLISHED if enough else Publication.SINGLE_SOURCE,
        sensitivity=sensitivity,
        notes=" ".join(filter(None, (notes, *(_disagreement(agreed[0], s) for s in others))))
        or None,
    )


@cache
def seeds() -> tuple[Site, ...]:
    """The sites that ship, in the order of ``data/sites.toml``; some unpublished."""
    text = files("satdesk").joinpath("data/sites.toml").read_text("utf-8")
    return tuple(_seed(table) for table in tomllib.loads(text)["site"])


def _seed(table: Mapping[str, Any]) -> Site:
    names = tuple(Name(**name) for name in table["names"])
    sightings = tuple(
        Sighting(source=Source(**s["source"]), lonlat=(s["lonlat"][0], s["lonlat"][1]))
        for s in table.get("sighting", ())
    )
    if not sightings:
        return Site(
            id=table["id"],
            names=names,
            kind=table["kind"],
            geometry=None,
            sources=(Source(**table["spoken_of"]),),
            publication=Publication.NOT_IDENTIFIED,
            notes=table["notes"],
        )
    return site_from_sightings(
        sightings,
        id=table["id"],
        names=names,
        kind=table["kind"],
        uncertainty_m=float(table["uncertainty_m"]),
        notes=table.get("notes"),
    )


def _citable(sighting: Sighting) -> bool:
    return bool(sighting.source.reference)


def _group(
    first: Sighting, sightings: tuple[Sighting, ...], uncertainty_m: float
) -> tuple[Sighting, ...]:
    """`first` and those of other sources that agree with it and with one another."""
    group = [first]
    for other in sightings:
        if _citable(other) and all(_agree(other, kept, uncertainty_m) for kept in group):
            group.append(other)
    return tuple(group)


def _agree(one: Sighting, other: Sighting, uncertainty_m: float) -> bool:
    different = one.source.reference != other.source.reference
    return different and _distance_m(one, other) <= uncertainty_m


def _distance_m(one: Sighting, other: Sighting) -> float:
    return float(geodesic_m(*one.lonlat, *other.lonlat))


def _disagreement(stands: Sighting, other: Sighting) -> str:
    return (
        f"{other.source.title} puts it {_distance_m(stands, other) / 1000:.1f} km away "
        "and is not counted."
    )
