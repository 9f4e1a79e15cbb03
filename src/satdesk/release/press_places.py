"""Places that a picture shows, as the IPTC's LocationShown: the district and its public sites.

What a release keeps back is not in `Content.sites`, and what it coarsens lies there coarsened, so
nothing here can tell more than the plates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shapely.geometry.base import BaseGeometry

from satdesk.core.place import Name, Site
from satdesk.release.content import Content
from satdesk.release.language import language

__all__ = ["ShownPlace", "shown_places"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPlace:
    """One place in a picture.

    Attributes:
        name: As its title.
        longitude, latitude: Degrees on WGS 84 of a point in it; None = no position is published.
        country: ISO 3166-1 alpha-2; None = not stated.
        names: The first name in each language that is stated, by tag.
        codes: Identifiers such as ``ISO 3166-2 AZ-KAL``.
    """

    name: str
    longitude: float | None
    latitude: float | None
    country: str | None
    names: Mapping[str, str]
    codes: tuple[str, ...] = ()


def shown_places(content: Content) -> tuple[ShownPlace, ...]:
    """The district first, then the sites that lie in its polygon, as far as they are public."""
    district, said = content.district, language(content.language)
    middle = district.geometry.representative_point()
    first = ShownPlace(
        name=said.title_of(district.names),
        names=_by_language(district.names),
        longitude=middle.x,
        latitude=middle.y,
        country=district.country,
        codes=tuple(f"{scheme} {code}" for scheme, code in district.codes),
    )
    sites = [site for site in content.sites if _lies_in(site.geometry, district.geometry)]
    return (first, *(_site(site, said.title_of(site.names), district.country) for site in sites))


def _site(site: Site, name: str, country: str | None) -> ShownPlace:
    where = None if site.geometry is None else site.geometry.representative_point()
    return ShownPlace(
        name=name,
        names=_by_language(site.names),
        longitude=None if where is None else where.x,
        latitude=None if where is None else where.y,
        country=country,
    )


def _by_language(names: Sequence[Name]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        if name.language is not None:
            found.setdefault(name.language, name.text)
    return found


def _lies_in(geometry: BaseGeometry | None, district: BaseGeometry) -> bool:
    """A site without a position was chosen for the district; one outside is not in the picture."""
    return geometry is None or district.intersects(geometry.representative_point())
