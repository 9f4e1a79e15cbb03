"""What a release is about: one value that COG, STAC, plate, press and page all read.

Everything in it is already decided: names chosen, sensitive sites removed, dates ordered, the
status known. The modules that draw it only draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path

from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.lineage import Lineage
from satdesk.core.place import District, Site
from satdesk.core.scene import Acquisition, Angles
from satdesk.core.statement import AskedStatement
from satdesk.core.units import Quantity
from satdesk.release.house_style import HouseStyle

__all__ = [
    "Artifact",
    "Content",
    "DatedImage",
    "Event",
    "Licence",
    "Notice",
    "Relation",
    "Status",
]

_OURS = HouseStyle()


class Status(Enum):
    """Whether the public may have it."""

    DRAFT = "draft"
    ISSUED = "issued"


class Relation(Enum):
    """Where a scene stands to the release's event; computed, never typed."""

    BEFORE = "before"
    AFTER = "after"
    UNKNOWN = "same day, order not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What the release's dates are compared with.

    Attributes:
        name: In the publisher's words.
        at: Instant or day.
        time_zone: IANA name of the place's local time.
        source: Who says when it happened.
    """

    name: str
    at: Acquisition
    time_zone: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """What a scene's licence lets the public have; None = not stated, which means DRAFT.

    Attributes:
        name: As the provider calls it.
        press: Press images and plates may be published.
        tiles: The zoomable page and ``visual.tif`` may be published.
        analysis: ``image.tif`` may be published.
    """

    name: str | None = None
    press: bool | None = None
    tiles: bool | None = None
    analysis: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A sentence that must stand on the product (an accepted rule, a stand-in geoid).

    Attributes:
        code: Stable, hyphenated (``accepted:pan-ms-residual``, ``geoid-stand-in``).
        text: One English sentence.
    """

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedImage:
    """The district on one date.

    Attributes:
        id: ``before``, ``after`` or the recipe's name; also its folder.
        scene_ids: The provider's product names that it was made from.
        acquisition: When the earliest of its scenes was taken.
        relation: To the event; None where the release has no event.
        mission: Satellite as stated; None = not stated.
        instrument: Camera as stated.
        angles: Of the scene's centre; None = not stated.
        credit: The line that must stand beside the picture.
        simulated: True for pictures that no camera took.
        visual: The written ``visual.tif``: 8-bit sRGB plus alpha, already stamped.
        image: The written ``image.tif``; None where the licence keeps it back.
        bands: The bands of ``image.tif``.
        quantity: What its numbers mean.
        product: ``sharpened``, ``ms`` or ``pan``.
        gsd_m: Pixel of the product in metres.
        native_gsd_m: What the sensor really resolved; None = not stated.
        seen_share: Share of the district with usable pixels, 0–1.
        cloud_percent: Of the whole scene as the provider states it; None = not stated.
        licence: What the public may have.
        lineage: How ``image.tif`` came to be.
        facts: Measured facts as JSON-ready ``(name, value)`` pairs (alignment, terrain, weights).
        notices: Sentences that must stand on this date's products.
        footprint_wkt: Where usable pixels lie, longitude/latitude WKT, simplified.
        source: The written ``source.tif`` of a mosaic; None where one scene gave all.
        outlines_wkt: Of each scene as a whole, longitude/latitude WKT, simplified; empty = not
            known.
    """

    id: str
    scene_ids: tuple[str, ...]
    acquisition: Acquisition
    relation: Relation | None
    mission: str | None
    instrument: str | None
    angles: Angles | None
    credit: str
    simulated: bool
    visual: Path
    image: Path | None
    bands: tuple[Band, ...]
    quantity: Quantity
    product: str
    gsd_m: float
    native_gsd_m: float | None
    seen_share: float
    cloud_percent: float | None
    licence: Licence
    lineage: Lineage
    facts: tuple[tuple[str, object], ...] = ()
    notices: tuple[Notice, ...] = ()
    footprint_wkt: str | None = None
    source: Path | None = None
    outlines_wkt: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One release.

    Attributes:
        id: Short name, ``[a-z0-9-]``; also the base of file names.
        title: Headline.
        language: BCP 47 tag of the words on plates, on press images and in their metadata.
        district: The area; its boundary's source is printed.
        sites: Those that may be published, coordinates already coarsened where they must be.
        unpublished_sites: Names of sites that are kept back and why, for the log and ``--json``;
            never drawn.
        grid: The output grid of every date.
        dates: In time order.
        event: None where the recipe names none.
        publisher: Who issues it.
        contact: Where corrections go.
        time_zone: IANA name for local times; None = not known, then UTC alone is printed.
        status: DRAFT is drawn visibly.
        draft_reasons: Why it is a draft; empty where it is issued.
        notices: Sentences that must stand on every product.
        version: satdesk's version.
        assertion: The publisher's own words, quoted and attributed, apart from observation.
        revision: 1, and one more each time that it is issued again.
        copyright: Notice of the pictures; None = the scenes' credit lines.
        usage_terms: What may be done with the pictures; None = the name of the scenes' licence.
        instructions: The publisher's words to editors.
        address: Where the release will stand on the web; None = not told.
        keywords: Beside the names of places and satellites.
        languages: Tags of all languages in which there are captions, `language` first; empty =
            `language` alone.
        embargo: Nobody may publish before; None = no embargo.
        statements: Sentences about the district, and what readers of the pictures answered.
        style: How plates, press images and the head of the page look.
    """

    id: str
    title: str
    language: str
    district: District
    sites: tuple[Site, ...]
    unpublished_sites: tuple[tuple[str, str], ...]
    grid: GeoBox
    dates: tuple[DatedImage, ...]
    event: Event | None
    publisher: str
    contact: str | None
    time_zone: str | None
    status: Status
    draft_reasons: tuple[str, ...]
    notices: tuple[Notice, ...]
    version: str
    assertion: str | None = None
    revision: int = 1
    copyright: str | None = None
    usage_terms: str | None = None
    instructions: str | None = None
    address: str | None = None
    keywords: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    embargo: datetime | None = None
    statements: tuple[AskedStatement, ...] = ()
    style: HouseStyle = _OURS

    @property
    def tags(self) -> tuple[str, ...]:
        """Of all its languages, the first one first."""
        return self.languages or (self.language,)

    @property
    def simulated(self) -> bool:
        """True where any of its pictures was taken by no camera."""
        return any(image.simulated for image in self.dates)


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One file of a release.

    Attributes:
        path: POSIX, relative to the release's folder.
        role: ``image``, ``visual``, ``plate``, ``press``, ``page``, ``page-asset``, ``tile``,
            ``stac-catalog``, ``stac-collection``, ``stac-item``, ``recipe`` …
        media_type: IANA media type.
        date_id: The `DatedImage` it belongs to; None where it belongs to all.
        title: For people.
    """

    path: str
    role: str
    media_type: str
    date_id: str | None = None
    title: str | None = None
