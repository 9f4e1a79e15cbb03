"""What the page says in words: dates and credit, facts, sites, boundary, captions, downloads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from satdesk.core.place import Name, Site, Source
from satdesk.core.scene import Acquisition
from satdesk.release.accuracy_words import part_words
from satdesk.release.content import Artifact, Content, DatedImage, Relation
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
from satdesk.release.facts import Metres, Phrase, Words
from satdesk.release.language import Language, language, significant
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
    "in_english",
    "known_to",
    "names",
    "panel",
    "side_words",
]

_ROLES = {
    "image": "group_analysis",
    "visual": "group_display",
    "source": "group_source",
    "source-map": "group_source",
    "gaps": "group_source",
    "plate": "group_plates",
    "press": "group_press",
    "sequence": "group_press",
    "video": "group_press",
    "press-kit": "kit_title",
    "globe": "group_display",
    "stac-catalog": "group_checks",
    "release": "group_checks",
    "checksums": "group_checks",
    "recipe": "group_checks",
    "sites": "group_checks",
    "credentials": "group_checks",
    "signature": "group_checks",
    "statements": "group_checks",
}
LOGO_PATH = "page/logo.png"
_PAIR = 2
_RELATIONS = {
    Relation.BEFORE: "role_before",
    Relation.AFTER: "role_after",
    Relation.UNKNOWN: "role_unknown",
}
_OTHER = "group_other"
_PLACE = Words("\N{OBJECT REPLACEMENT CHARACTER}")
_SPOKEN = frozenset({"plate", "press", "sequence"})
"""Roles of files whose titles are in the release's language; those of all others are English."""
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
    said = language(content.language)
    if image.relation is not None:
        return said.capitalised(said.say(_RELATIONS[image.relation]))
    days = [each.acquisition.day for each in content.dates]
    if len(days) != _PAIR or days[0] == days[1]:
        return None
    first = image.acquisition.day == min(days)
    return said.capitalised(said.say("role_earlier" if first else "role_later"))


def date_title(content: Content, image: DatedImage) -> str:
    """``Before, 14 September 2020``: names a date among all dates."""
    said = language(content.language)
    side, day = side_words(content, image), format_day(image.acquisition.day, said)
    alike = [each for each in content.dates if each.acquisition.day == image.acquisition.day]
    name = f" ({image.id})" if len(alike) > 1 else ""
    return f"{day}{name}" if side is None else f"{side}{said.say('comma')}{day}{name}"


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
    bars, said = [], language(content.language)
    if content.simulated:
        bars.append(_banner("simulated", "SIMULATED", said.say("page_simulated")))
    if content.status.value == "draft":
        text = said.say("page_draft")
        if content.draft_reasons:
            reasons = in_english("; ".join(content.draft_reasons), said)
            text = _around(said.say("page_draft_because", reasons=_PLACE), reasons)
        bars.append(_banner("draft", "DRAFT", text))
    if not bars:
        return Html("")
    return el("section", *bars, class_="banners", aria_label=said.say("page_status"))


def _banner(kind: str, word: str, text: str) -> Html:
    return el("p", el("strong", word), " ", el("span", text), class_=f"banner {kind}")


def date_lines(content: Content) -> Html:
    """One line a date, in sight at every size: day, UTC, local time, satellite, credit."""
    return join(_date_line(content, image) for image in content.dates)


def _date_line(content: Content, image: DatedImage) -> Html:
    said = language(content.language)
    when = format_acquisition(image.acquisition, content.time_zone, said)
    mark = el("strong", "SIMULATED", class_="chip") if image.simulated else None
    return el(
        "p",
        el("strong", side_words(content, image), class_="side"),
        mark,
        el("time", when.day, datetime=_machine_time(image)),
        el("span", when.utc, class_="utc"),
        None if when.local is None else el("span", when.local, class_="local"),
        el("span", satellite_words(image, said), class_="satellite"),
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
    said = language(content.language)
    return join(
        (
            _notices(content),
            _assertion(content),
            _statements(content),
            *(_date_section(content, image) for image in content.dates),
            _sites(content.sites, said),
            _boundary(content),
            _section("captions", said.say("page_captions"), *captions(content, date_title)),
            _downloads(content, downloads),
            _section(
                "check",
                said.say("page_check"),
                check_words(content, [d.artifact for d in downloads]),
            ),
            _section("embed", said.say("page_embed"), *_embed(content)),
            _colophon(content),
        )
    )


def _section(key: str, title: str, *children: str | None) -> Html:
    return el(
        "section", el("h2", title, id=f"{key}-title"), *children, aria_labelledby=f"{key}-title"
    )


def _notices(content: Content) -> Html | None:
    said = language(content.language)
    texts: list[str] = [
        _around(said.say("page_draft_notice", reason=_PLACE), in_english(reason, said))
        for reason in content.draft_reasons
    ]
    if content.embargo is not None:
        when = format_acquisition(Acquisition.at(content.embargo), content.time_zone, said)
        texts.append(said.say("page_embargo", when=Phrase(when.prose)))
    texts += [in_english(notice.text, said) for notice in content.notices]
    return _section("notices", said.say("page_notices"), _listed(texts)) if texts else None


def _listed(texts: Iterable[str]) -> Html:
    return el("ul", *(el("li", text) for text in texts), class_="notices")


def _around(sentence: str, inner: Html) -> Html:
    """A sentence with markup where `_PLACE` stands in it."""
    before, _, after = sentence.partition(_PLACE.text)
    return join((before, inner, after))


def in_english(text: str, said: Language) -> Html:
    """English words on a page of any language, marked as what they are."""
    if said.tag == "en":
        return join((text,))
    return el("span", text, lang="en", dir="ltr")


def _assertion(content: Content) -> Html | None:
    if content.assertion is None:
        return None
    words, said = content.assertion.strip().strip('“”"'), language(content.language)
    note = said.say("page_statement_note", publisher=Words(content.publisher))
    return _section(
        "statement",
        said.say("page_statement"),
        el(
            "figure",
            el("blockquote", el("p", f"“{words}”"), dir="auto", lang=content.language),
            el("figcaption", note),
        ),
    )


def _statements(content: Content) -> Html | None:
    said = language(content.language)
    told = statements_html(content, said)
    return None if told is None else _section("statements", said.say("statements_title"), told)


def _date_section(content: Content, image: DatedImage) -> Html:
    said = language(content.language)
    rows = tuple((said.say(f"label_{name}"), words) for name, words in _date_rows(content, image))
    text = said.say("page_kept_back")
    hidden = None if image.licence.tiles is not False else el("p", text, class_="kept-back")
    told = [in_english(notice.text, said) for notice in image.notices]
    notices = _listed(told) if told else None
    title = date_title(content, image)
    return _section(
        f"date-{image.id}",
        title,
        hidden,
        _facts(rows),
        _budget(image, said),
        coverage_html(image, said),
        _measured(image, said),
        notices,
    )


def _date_rows(content: Content, image: DatedImage) -> tuple[tuple[str, str | None], ...]:
    """Facts of a date by the last word of their label's key."""
    said = language(content.language)
    licence = image.licence.name or said.say("not_stated")
    return (
        ("taken", format_acquisition(image.acquisition, content.time_zone, said).line),
        ("event", relation_words(content, image, said)),
        ("satellite", satellite_words(image, said)),
        ("credit", image.credit),
        ("licence", licence),
        ("pixel", pixel_words(image, said)),
        ("shows", seen_words(image, said)),
        ("cloud", cloud_words(image, said)),
        ("view", view_words(image.angles, said)),
        ("sun", sun_words(image.angles, said)),
        ("processing", processing_words(image, said)),
        ("positions", accuracy_words(image, said)),
        ("scenes", ", ".join(image.scene_ids)),
    )


def _budget(image: DatedImage, said: Language) -> Html | None:
    """What the figure of the positions is made of, and what is not known."""
    rows = part_words(accuracy_facts(image).get("parts", []))
    summary = el("summary", said.say("page_depends"))
    return _english(said, summary, _facts(rows)) if rows else None


def _english(said: Language, summary: Html, facts: Html) -> Html:
    """Facts to be opened, whose words are English on every page."""
    if said.tag == "en":
        return el("details", summary, facts)
    note = el("p", said.say("page_in_english"), class_="kind")
    return el("details", summary, note, el("div", facts, lang="en", dir="ltr"))


def _measured(image: DatedImage, said: Language) -> Html | None:
    """Terrain, alignment, weights …: there for who asks."""
    rows = fact_words(image)
    return _english(said, el("summary", said.say("page_measured")), _facts(rows)) if rows else None


def _facts(rows: Iterable[tuple[str, str | None]]) -> Html:
    pairs = (
        el("div", el("dt", name), el("dd", words, dir="auto"))
        for name, words in rows
        if words is not None
    )
    return el("dl", *pairs)


def _sites(sites: Sequence[Site], said: Language) -> Html | None:
    if not sites:
        return None
    listed = el("ul", *(_site(site, said) for site in sites), class_="sites")
    return _section("sites", said.say("page_places"), listed)


def _site(site: Site, said: Language) -> Html:
    text = (
        el("span", site.title, class_="site-name", dir="auto"),
        el("span", site.kind, class_="kind"),
    )
    if site.geometry is None:
        head = el("p", *text, el("span", said.say("page_not_located"), class_="kind"))
    else:
        head = el("button", *text, type="button", class_="site-button", data_site=site.id)
    summary = el("summary", said.say("page_names_sources"))
    return el("li", head, el("details", summary, _site_details(site, said)))


def known_to(site: Site, said: Language) -> str | None:
    """How exactly the place is known; None where nobody says."""
    if site.uncertainty_m is None:
        return None
    return said.say("page_known_to", radius=Metres(significant(site.uncertainty_m, 9)))


def _site_details(site: Site, said: Language) -> Html:
    remarks = [
        said.say("page_coarsened") if site.sensitivity == "coarse" else None,
        known_to(site, said),
        site.notes,
    ]
    return join(
        (
            names(site.names),
            *(el("p", remark) for remark in remarks if remark),
            el("ul", *(el("li", _source_words(source, said)) for source in site.sources)),
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


def _source_words(source: Source, said: Language) -> str:
    parts = (
        source.title,
        source.date or said.say("boundary_date_unknown"),
        source.licence,
        source.reference,
    )
    return ", ".join(part for part in parts if part)


def _boundary(content: Content) -> Html:
    said = language(content.language)
    disclaimer = el("p", said.say("page_boundary_note")) if content.district.contested else None
    codes = ", ".join(f"{scheme} {code}" for scheme, code in content.district.codes)
    return _section(
        "boundary",
        said.say("page_district", title=Words(content.district.title)),
        names(content.district.names),
        el("p", codes) if codes else None,
        el("p", source_line(content, said)),
        disclaimer,
    )


def _downloads(content: Content, downloads: Sequence[Download]) -> Html:
    said = language(content.language)
    groups: dict[str, list[Download]] = {key: [] for key in _ORDER}
    for download in downloads:
        if download.artifact.role not in _UNLISTED:
            groups[_ROLES.get(download.artifact.role, _OTHER)].append(download)
    listed = [
        join((el("h3", said.say(key)), el("ul", *(_download(content, d) for d in group))))
        for key, group in groups.items()
        if group
    ]
    return _section("downloads", said.say("page_downloads"), *listed)


def _embed(content: Content) -> tuple[Html, ...]:
    copy = language(content.language).say("page_copy")
    button = el("button", copy, type="button", data_copy=EMBED_ID, aria_label=f"{copy}: iframe")
    return (embed_snippet(content, content.title), button)


def _download(content: Content, download: Download) -> Html:
    artifact = download.artifact
    titles = {image.id: date_title(content, image) for image in content.dates}
    date = titles.get(artifact.date_id or "")
    title = _link_words(artifact)
    if artifact.title is not None and artifact.role not in _SPOKEN:
        title = in_english(title, language(content.language))
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
        return f"{size} B"
    return f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def _colophon(content: Content) -> Html:
    said = language(content.language)
    contact = None
    if content.contact is not None:
        contact = said.say("instruction_corrections", contact=Words(content.contact)) + " "
    leaflet = el("a", "BSD-2-Clause", href="page/leaflet/LICENSE.txt")
    return el(
        "section",
        el("p", contact, said.say("page_made", version=Words(f"satdesk {content.version}"))),
        el(
            "p",
            said.say("page_map_display"),
            "Leaflet (",
            leaflet,
            "). ",
            said.say("page_map_centre"),
        ),
        class_="colophon",
        aria_label=said.say("page_about"),
    )
