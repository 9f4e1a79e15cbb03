"""What the page says in words: dates and credit, facts, sites, boundary, captions, downloads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from satdesk.core.place import Name, Site, Source
from satdesk.core.scene import Acquisition
from satdesk.release.accuracy_words import part_words
from satdesk.release.content import Artifact, Content, DatedImage
from satdesk.release.dates import format_acquisition, format_day
from satdesk.release.descriptions import (
    accuracy_facts,
    accuracy_words,
    cloud_words,
    pixel_words,
    processing_words,
    relation_words,
    satellite_words,
    seen_words,
    source_line,
)
from satdesk.release.language import language
from satdesk.release.page_captions import captions
from satdesk.release.page_check import check_words
from satdesk.release.page_coverage import coverage_html
from satdesk.release.page_facts import fact_words, sun_words, view_words
from satdesk.release.page_html import Html, el, join
from satdesk.release.page_sharing import EMBED_ID, embed_snippet
from satdesk.release.page_statements import statements_html

__all__ = [
    "LOGO_PATH",
    "Download",
    "banners",
    "date_lines",
    "date_title",
    "heading",
    "names",
    "panel",
    "side_words",
]

_BOUNDARY_DISCLAIMER = (
    "The dashed line shows the boundary as its source draws it. Other sources draw it otherwise. "
    "The line is no statement about who owns or governs the area."
)
_ROLES = {
    "image": "Images for analysis",
    "visual": "Images for display",
    "source": "What gave each pixel",
    "source-map": "What gave each pixel",
    "gaps": "What gave each pixel",
    "plate": "Plates",
    "press": "Press images",
    "sequence": "Press images",
    "video": "Press images",
    "press-kit": "Press kit",
    "globe": "Images for display",
    "stac-catalog": "Catalogue and checks",
    "release": "Catalogue and checks",
    "checksums": "Catalogue and checks",
    "recipe": "Catalogue and checks",
    "sites": "Catalogue and checks",
    "credentials": "Catalogue and checks",
    "signature": "Catalogue and checks",
    "statements": "Catalogue and checks",
}
LOGO_PATH = "page/logo.png"
_PAIR = 2
_OTHER = "Other files"
_UNLISTED = frozenset({"page", "page-asset", "tile", "stac-collection", "stac-item", "schema"})
_ORDER = (*dict.fromkeys(_ROLES.values()), _OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file of the release as the page offers it.

    Attributes:
        artifact: What it is.
        size: Bytes; None where it is written after the page.
    """

    artifact: Artifact
    size: int | None


def side_words(content: Content, image: DatedImage) -> str | None:
    """``Before``, ``After``, ``Same day, order not known``; without an event which day was first.

    None where there is nothing to say but the day: one date alone, or more than two without an
    event, or two of one day.
    """
    if image.relation is not None:
        text = image.relation.value
        return text[:1].upper() + text[1:]
    days = [each.acquisition.day for each in content.dates]
    if len(days) != _PAIR or days[0] == days[1]:
        return None
    return "Earlier" if image.acquisition.day == min(days) else "Later"


def date_title(content: Content, image: DatedImage) -> str:
    """``Before, 14 September 2020``: names a date among all dates."""
    side, day = side_words(content, image), format_day(image.acquisition.day)
    alike = [each for each in content.dates if each.acquisition.day == image.acquisition.day]
    name = f" ({image.id})" if len(alike) > 1 else ""
    return f"{day}{name}" if side is None else f"{side}, {day}{name}"


def heading(content: Content) -> Html:
    """Who issues what."""
    district = content.district.title
    logo = content.style.logo
    shown = None
    if logo is not None:
        shown = el("img", src=LOGO_PATH, alt=logo.alt, class_="logo", height="40")
    return join(
        (
            shown,
            el("p", content.publisher, class_="publisher", dir="auto"),
            el("h1", content.title, dir="auto"),
            None if district in content.title else el("p", district, class_="place", dir="auto"),
        )
    )


def banners(content: Content) -> Html:
    """The two bars that nobody may overlook; empty where neither holds."""
    bars = []
    if content.simulated:
        bars.append(_banner("simulated", "SIMULATED", "No camera took these pictures."))
    if content.status.value == "draft":
        reasons = "; ".join(content.draft_reasons)
        text = f"Not for publication: {reasons}." if reasons else "Not for publication."
        bars.append(_banner("draft", "DRAFT", text))
    if not bars:
        return Html("")
    return el("section", *bars, class_="banners", aria_label="Status of this release")


def _banner(kind: str, word: str, text: str) -> Html:
    return el("p", el("strong", word), " ", el("span", text), class_=f"banner {kind}")


def date_lines(content: Content) -> Html:
    """One line a date, in sight at every size: day, UTC, local time, satellite, credit."""
    return join(_date_line(content, image) for image in content.dates)


def _date_line(content: Content, image: DatedImage) -> Html:
    when = format_acquisition(image.acquisition, content.time_zone)
    mark = el("strong", "SIMULATED", class_="chip") if image.simulated else None
    return el(
        "p",
        el("strong", side_words(content, image), class_="side"),
        mark,
        el("time", when.day, datetime=_machine_time(image)),
        el("span", when.utc, class_="utc"),
        None if when.local is None else el("span", when.local, class_="local"),
        el("span", satellite_words(image), class_="satellite"),
        el("span", image.credit, class_="credit"),
        class_="date",
        data_date=image.id,
        dir="auto",
    )


def _machine_time(image: DatedImage) -> str:
    at = image.acquisition
    return at.day.isoformat() if at.instant is None else f"{at.instant:%Y-%m-%dT%H:%M:%SZ}"


def panel(content: Content, downloads: Sequence[Download]) -> Html:
    """All sections beside the map."""
    return join(
        (
            _notices(content),
            _assertion(content),
            _statements(content),
            *(_date_section(content, image) for image in content.dates),
            _sites(content.sites),
            _boundary(content),
            _section("captions", "Captions to copy", *captions(content, date_title)),
            _downloads(content, downloads),
            _section(
                "check", "Check this release", check_words(content, [d.artifact for d in downloads])
            ),
            _section("embed", "Put this page into an article", *_embed(content)),
            _colophon(content),
        )
    )


def _section(key: str, title: str, *children: str | None) -> Html:
    return el(
        "section", el("h2", title, id=f"{key}-title"), *children, aria_labelledby=f"{key}-title"
    )


def _notices(content: Content) -> Html | None:
    texts = [f"Draft: {reason}." for reason in content.draft_reasons]
    if content.embargo is not None:
        when = format_acquisition(Acquisition.at(content.embargo), content.time_zone)
        texts.append(f"Embargo: not to be published before {when.prose}.")
    texts += [notice.text for notice in content.notices]
    return _section("notices", "Please note", _listed(texts)) if texts else None


def _listed(texts: Iterable[str]) -> Html:
    return el("ul", *(el("li", text) for text in texts), class_="notices")


def _assertion(content: Content) -> Html | None:
    if content.assertion is None:
        return None
    words = content.assertion.strip().strip('“”"')
    return _section(
        "statement",
        "The publisher’s statement",
        el(
            "figure",
            el("blockquote", el("p", f"“{words}”"), dir="auto", lang=content.language),
            el("figcaption", f"{content.publisher}. A statement, not an observation in the image."),
        ),
    )


def _statements(content: Content) -> Html | None:
    said = language(content.language)
    told = statements_html(content, said)
    return None if told is None else _section("statements", said.say("statements_title"), told)


def _date_section(content: Content, image: DatedImage) -> Html:
    rows = (
        ("Taken", format_acquisition(image.acquisition, content.time_zone).line),
        ("Event", relation_words(content, image)),
        ("Satellite", satellite_words(image)),
        ("Credit", image.credit),
        ("Licence", image.licence.name or "not stated"),
        ("Pixel size", pixel_words(image)),
        ("Shown", seen_words(image)),
        ("Cloud", cloud_words(image)),
        ("View", view_words(image.angles)),
        ("Sun", sun_words(image.angles)),
        ("Processing", processing_words(image)),
        ("Positions", accuracy_words(image)),
        ("Scenes", ", ".join(image.scene_ids)),
    )
    hidden = None if image.licence.tiles is not False else el("p", _KEPT_BACK, class_="kept-back")
    notices = _listed(notice.text for notice in image.notices) if image.notices else None
    title = date_title(content, image)
    return _section(
        f"date-{image.id}",
        title,
        hidden,
        _facts(rows),
        _budget(image),
        coverage_html(image),
        _measured(image),
        notices,
    )


def _budget(image: DatedImage) -> Html | None:
    """What the figure of the positions is made of, and what is not known."""
    rows = part_words(accuracy_facts(image).get("parts", []))
    summary = el("summary", "What the positions depend on")
    return el("details", summary, _facts(rows)) if rows else None


def _measured(image: DatedImage) -> Html | None:
    """Terrain, alignment, weights …: there for who asks."""
    rows = fact_words(image)
    return el("details", el("summary", "Measured in processing"), _facts(rows)) if rows else None


_KEPT_BACK = "The licence of this picture does not allow it to be shown here."


def _facts(rows: Iterable[tuple[str, str | None]]) -> Html:
    pairs = (
        el("div", el("dt", name), el("dd", words, dir="auto"))
        for name, words in rows
        if words is not None
    )
    return el("dl", *pairs)


def _sites(sites: Sequence[Site]) -> Html | None:
    if not sites:
        return None
    return _section("sites", "Places", el("ul", *map(_site, sites), class_="sites"))


def _site(site: Site) -> Html:
    text = (
        el("span", site.title, class_="site-name", dir="auto"),
        el("span", site.kind, class_="kind"),
    )
    if site.geometry is None:
        head = el("p", *text, el("span", "not located", class_="kind"))
    else:
        head = el("button", *text, type="button", class_="site-button", data_site=site.id)
    return el("li", head, el("details", el("summary", "Names and sources"), _site_details(site)))


def _site_details(site: Site) -> Html:
    remarks = [
        "Position coarsened on purpose." if site.sensitivity == "coarse" else None,
        None if site.uncertainty_m is None else f"Known to about {site.uncertainty_m:g} m.",
        site.notes,
    ]
    return join(
        (
            names(site.names),
            *(el("p", remark) for remark in remarks if remark),
            el("ul", *(el("li", _source_words(source)) for source in site.sources)),
        )
    )


def names(listed: Iterable[Name]) -> Html:
    """All names, each in its language; none is dropped."""
    items = (
        el(
            "li",
            el("span", name.text, lang=name.language, dir="auto"),
            None if name.language is None else el("small", f" {name.language}"),
            None if name.source is None else el("small", f" ({name.source})"),
        )
        for name in listed
    )
    return el("ul", *items, class_="names")


def _source_words(source: Source) -> str:
    parts = (source.title, source.date or "date unknown", source.licence, source.reference)
    return ", ".join(part for part in parts if part)


def _boundary(content: Content) -> Html:
    disclaimer = el("p", _BOUNDARY_DISCLAIMER) if content.district.contested else None
    codes = ", ".join(f"{scheme} {code}" for scheme, code in content.district.codes)
    return _section(
        "boundary",
        f"District: {content.district.title}",
        names(content.district.names),
        el("p", codes) if codes else None,
        el("p", source_line(content)),
        disclaimer,
    )


def _downloads(content: Content, downloads: Sequence[Download]) -> Html:
    groups: dict[str, list[Download]] = {title: [] for title in _ORDER}
    for download in downloads:
        if download.artifact.role not in _UNLISTED:
            groups[_ROLES.get(download.artifact.role, _OTHER)].append(download)
    listed = [
        join((el("h3", title), el("ul", *(_download(content, d) for d in group))))
        for title, group in groups.items()
        if group
    ]
    return _section("downloads", "Downloads", *listed)


def _embed(content: Content) -> tuple[Html, ...]:
    button = el("button", "Copy", type="button", data_copy=EMBED_ID, aria_label="Copy: frame")
    return (embed_snippet(content, content.title), button)


def _download(content: Content, download: Download) -> Html:
    artifact = download.artifact
    titles = {image.id: date_title(content, image) for image in content.dates}
    date = titles.get(artifact.date_id or "")
    title = _link_words(artifact)
    facts = (date, artifact.path if artifact.title else None, _size_words(download.size))
    return el(
        "li",
        el("a", title, href=f"./{quote(artifact.path)}", type=artifact.media_type),
        el("small", " · ".join(fact for fact in facts if fact)),
    )


def _link_words(artifact: Artifact) -> str:
    """The title, with the kind of file where it does not say it."""
    if artifact.title is None:
        return artifact.path
    kind = PurePosixPath(artifact.path).suffix.removeprefix(".")
    known = not kind or kind.lower() in artifact.title.lower()
    return artifact.title if known else f"{artifact.title} ({kind.upper()})"


def _size_words(size: int | None) -> str | None:
    if size is None:
        return None
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def _colophon(content: Content) -> Html:
    contact = None if content.contact is None else f"Corrections: {content.contact}. "
    leaflet = el("a", "BSD-2-Clause", href="page/leaflet/LICENSE.txt")
    return el(
        "section",
        el("p", contact, f"Made with satdesk {content.version}. "),
        el("p", "Map display: Leaflet (", leaflet, "). Scale and shapes hold at the map’s centre."),
        class_="colophon",
        aria_label="About this page",
    )
