"""Named places: districts with a polygon, sites that people care about, and their names."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from shapely.geometry.base import BaseGeometry

from satdesk.errors import UsageError

__all__ = ["District", "Name", "Publication", "Site", "Source"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """One name of a place. All names are kept; none is dropped.

    Attributes:
        text: The name as written.
        language: BCP 47 tag (``az``, ``hy``, ``ru``, ``en``); None = not stated.
        source: Who uses it.
    """

    text: str
    language: str | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise UsageError("a name must not be empty", found=repr(self.text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a fact comes from.

    Attributes:
        title: What it is.
        licence: Its terms; None = not stated.
        date: Date of the source as it states it (ISO 8601, may be a year); None = unknown.
        viewpoint: Whose view of a boundary it draws; None = unknown.
        valid_from: From when the fact holds (ISO 8601); None = unknown.
        valid_to: Until when; None = unknown.
        reference: Identifier or address under which it can be found.
    """

    title: str
    licence: str | None = None
    date: str | None = None
    viewpoint: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class District:
    """A named area with a polygon.

    Attributes:
        id: Unique within its source.
        names: At least one.
        geometry: Polygon or MultiPolygon, longitude/latitude degrees on WGS 84.
        source: Who drew it, when, from which viewpoint.
        codes: ISO and other codes as ``(scheme, code)``.
        contested: True draws the boundary dashed with a disclaimer; the default.
        country: ISO 3166-1 alpha-2 as the source states it; None = not stated.
        time_zone: IANA name for local time (``Asia/Baku``); None = not stated.
    """

    id: str
    names: tuple[Name, ...]
    geometry: BaseGeometry
    source: Source
    codes: tuple[tuple[str, str], ...] = ()
    contested: bool = True
    country: str | None = None
    time_zone: str | None = None

    def __post_init__(self) -> None:
        if not self.names:
            raise UsageError("a district needs a name", subject=self.id)
        if self.geometry.geom_type not in {"Polygon", "MultiPolygon"} or self.geometry.is_empty:
            raise UsageError(
                "a district needs a polygon", subject=self.id, found=self.geometry.geom_type
            )

    @property
    def title(self) -> str:
        """The first English name, else the first."""
        return _title(self.names)


class Publication(Enum):
    """Whether a site may appear in a release."""

    PUBLISHED = "published"
    """At least two citable sources agree on it."""
    SINGLE_SOURCE = "single-source"
    """One source only: kept, not published."""
    NOT_IDENTIFIED = "not-identified"
    """A source speaks of it without saying where it is: no geometry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A named place that people care about.

    Attributes:
        id: Unique within its register.
        names: All of them, at least one.
        kind: ``monastery``, ``sanatorium``, ``town``, ``museum`` …
        geometry: Longitude/latitude degrees on WGS 84; None where it is not identified.
        uncertainty_m: Radius in metres within which the place lies; None = not stated.
        sources: Who says so.
        publication: See `Publication`.
        sensitivity: ``public``, ``coarse`` (rounded to `coarse_m` in everything public) or
            ``withheld`` (absent from everything public).
        coarse_m: Grid to which public coordinates are rounded, metres.
    """

    id: str
    names: tuple[Name, ...]
    kind: str
    geometry: BaseGeometry | None
    uncertainty_m: float | None = None
    sources: tuple[Source, ...] = ()
    publication: Publication = Publication.SINGLE_SOURCE
    sensitivity: str = "public"
    coarse_m: float = 1000.0
    notes: str | None = None

    def __post_init__(self) -> None:
        if not self.names:
            raise UsageError("a site needs a name", subject=self.id)
        if self.publication is Publication.PUBLISHED and (
            len(self.sources) < 2 or self.geometry is None
        ):
            raise UsageError(
                "a published site needs a geometry and two citable sources",
                subject=self.id,
                found=f"{len(self.sources)} source(s)",
            )
        if self.sensitivity not in {"public", "coarse", "withheld"}:
            raise UsageError("unknown sensitivity", subject=self.id, found=self.sensitivity)

    @property
    def title(self) -> str:
        """The first English name, else the first."""
        return _title(self.names)


def _title(names: tuple[Name, ...]) -> str:
    return next((n.text for n in names if n.language == "en"), names[0].text)
