"""The area of a release: its district and the sites that may be shown."""

from __future__ import annotations

from dataclasses import dataclass, replace

from satdesk.core.place import District, Site
from satdesk.errors import UnknownNameError, UsageError
from satdesk.geometry.antimeridian import joined
from satdesk.places.gazetteer import contains, district, district_from_box, district_from_file
from satdesk.places.public import public_sites
from satdesk.places.register import read_sites
from satdesk.places.sightings import seeds
from satdesk.release.recipe import DistrictChoice, SitesChoice

__all__ = ["Sites", "chosen_district", "chosen_sites"]


def chosen_district(choice: DistrictChoice) -> District:
    """The district that a recipe names.

    Raises:
        UnknownNameError: Nobody bears the name, or several do; the candidates are given.
        InputError: The file cannot be used.
        UsageError: It lies on both sides of the antimeridian.
    """
    if choice.file is not None:
        found = district_from_file(
            choice.file,
            key=choice.feature,
            name=choice.title,
            source=choice.source,
            source_date=choice.source_date,
            viewpoint=choice.viewpoint,
            valid_from=choice.valid_from,
            valid_to=choice.valid_to,
            country=choice.country,
        )
    elif choice.box is not None:
        found = district_from_box(
            choice.box, name=choice.title or "Area of interest", source=choice.source
        )
    else:
        found = district(choice.name or choice.code or "")
    _require_one_side(found)
    return found if choice.contested is None else replace(found, contested=choice.contested)


def _require_one_side(found: District) -> None:
    west, _, east, _ = joined(found.geometry).bounds
    if west < 180 < east:
        raise UsageError(
            "a district across the antimeridian cannot be made in one piece",
            subject=found.title,
            found=f"longitudes from {west:.3f} to {east:.3f}",
            expected="a district on one side of 180 degrees",
            remedy="cut it there and make each part by itself",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """Sites of a release.

    Attributes:
        shown: Those that may be published, coordinates coarsened where they must be.
        kept_back: ``(title, reason)`` of those that may not.
        inside: For each shown site, by id, whether it lies inside this very polygon.
        sensitive: Whether a place that the register coarsens or withholds lies in the polygon.
    """

    shown: tuple[Site, ...]
    kept_back: tuple[tuple[str, str], ...]
    inside: dict[str, bool]
    sensitive: bool


def chosen_sites(choice: SitesChoice, area: District) -> Sites:
    """The sites that a recipe wants, judged by the register's own rules.

    Raises:
        UnknownNameError: The recipe includes an id that the register does not know.
        InputError: The register cannot be read.
    """
    if choice.none:
        return Sites(shown=(), kept_back=(), inside={}, sensitive=False)
    register = seeds() if choice.register is None else read_sites(choice.register)
    wanted = _wanted(register, choice.include, area)
    shown, kept_back = public_sites(wanted)
    # by the public position: the exact one of a coarse site must not show through at the boundary
    inside = {site.id: contains(area, site) for site in shown}
    sensitive = any(site.sensitivity != "public" and contains(area, site) for site in register)
    return Sites(shown=shown, kept_back=kept_back, inside=inside, sensitive=sensitive)


def _wanted(
    register: tuple[Site, ...], include: tuple[str, ...] | None, area: District
) -> tuple[Site, ...]:
    if include is None:
        return tuple(site for site in register if contains(area, site))
    known = {site.id: site for site in register}
    for site_id in include:
        if site_id not in known:
            raise UnknownNameError(
                f"the register has no site {site_id!r}", nearest=tuple(sorted(known))[:10]
            )
    return tuple(known[site_id] for site_id in include)
