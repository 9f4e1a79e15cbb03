"""The words around a plate's map: header, facts, legend, notes, footer."""

from __future__ import annotations

from decimal import Decimal

from pyproj import CRS

from satdesk.release.content import Content, DatedImage, Relation, Status
from satdesk.release.dates import format_acquisition
from satdesk.release.descriptions import (
    accuracy_words,
    cloud_words,
    event_words,
    names_line,
    pixel_words,
    processing_words,
    relation_words,
    satellite_words,
    seen_words,
    source_line,
)
from satdesk.release.furniture import true_north_deg
from satdesk.release.language import Language, language, spoken
from satdesk.release.locator import world
from satdesk.release.plate_blocks import Block, Facts, Legend, Locator, Notes, ScaleAndNorth
from satdesk.release.plate_labels import PlacedLabel
from satdesk.release.plate_map import INK, QUIET, RED, MapFrame
from satdesk.release.plate_sheet import Rect, Sheet
from satdesk.release.typography import Face, clean, fit_line, measure, settable, wrap
from satdesk.release.wording import Angle, Count, Phrase, Words

__all__ = [
    "draw_footer",
    "draw_header",
    "header_height",
    "legend_of",
    "margin_blocks",
    "projection_words",
    "role_word",
]

_TITLES = tuple(Face(size_pt=size, bold=True) for size in (18, 15.5, 13))
_NAMES = Face(size_pt=8.6)
_DATES = Face(size_pt=8.6, bold=True)
_BADGE = Face(size_pt=11, bold=True)
_FOOT = Face(size_pt=6)
_ROLES = {
    Relation.BEFORE: "role_before",
    Relation.AFTER: "role_after",
    Relation.UNKNOWN: "role_unknown",
}


def role_word(content: Content, image: DatedImage) -> str:
    """``before`` or ``after`` the event; without one, ``earlier`` or ``later`` of the two."""
    said = language(content.language)
    same = [i for i in content.dates if i.relation is image.relation]
    if image.relation is not None and len(same) == 1:
        return said.say(_ROLES[image.relation])
    return said.say("role_earlier" if image.id == content.dates[0].id else "role_later")


def header_height(content: Content, images: tuple[DatedImage, ...], width: float) -> float:
    """Room that `draw_header` needs in a header of `width` millimetres."""
    face, lines = _title(content.title, width - _badges_width(_badges(content, images)))
    dates = len(images) * _DATES.leading_mm
    return len(lines) * face.leading_mm + _NAMES.leading_mm + dates + 1.6


def draw_header(sheet: Sheet, rect: Rect, content: Content, images: tuple[DatedImage, ...]) -> None:
    """Title (wrapped, smaller where it is long), all names, the dates; badges on the right."""
    badges = _badges(content, images)
    _draw_badges(sheet, rect, badges)
    width = rect.width - _badges_width(badges)
    room = sheet.facing(Rect(x=rect.x, y=rect.y, width=width, height=rect.height), rect)
    said = language(content.language)
    face, lines = _title(content.title, width)
    y = rect.top
    for line in lines:
        y -= face.leading_mm
        sheet.begin(room, y + face.descent_mm, line, face, color=INK)
    y -= 0.6
    names, _ = _names(content)
    y -= _NAMES.leading_mm
    sheet.begin(room, y + 0.6, fit_line(names, _NAMES, width), _NAMES, color=QUIET)
    for image in images:
        when = format_acquisition(image.acquisition, content.time_zone, said).line
        role = f"{said.capitalised(role_word(content, image))}: " if len(images) > 1 else ""
        y -= _DATES.leading_mm
        line = role + when
        face = _smaller(line, _DATES, width)
        sheet.begin(room, y + 0.2, fit_line(line, face, width), face, color=INK)


def draw_footer(sheet: Sheet, rect: Rect, content: Content) -> None:
    """Publisher and contact on the left; the release, its status and version on the right."""
    sheet.line([(rect.x, rect.top), (rect.right, rect.top)], color=QUIET, width_pt=0.4)
    y = rect.top - 1.0 - _FOOT.ascent_mm
    said = language(content.language)
    issuer = [said.say("published_by", publisher=Words(content.publisher))]
    if content.contact:
        issuer.append(said.say("corrections_to", contact=Words(content.contact)))
    left, right = rect.width * 0.55, rect.width * 0.43
    face = _smaller(" · ".join(issuer), _FOOT, left)
    sheet.begin(rect, y, fit_line(" · ".join(issuer), face, left), face, color=QUIET)
    status = said.say("strip_draft" if content.status is Status.DRAFT else "status_issued")
    names = (Words(content.id), Phrase(status), Words(f"satdesk {content.version}"))
    release = " · ".join(said.show(each) for each in names)
    face = _smaller(release, _FOOT, right)
    sheet.end(rect, y, fit_line(release, face, right), face, color=QUIET)


def margin_blocks(
    content: Content, images: tuple[DatedImage, ...], frame: MapFrame, legend: Legend
) -> tuple[Block, ...]:
    """Everything beside (or below) the map, in reading order; the notes last."""
    facts = _facts(content, images)
    place = Locator(district=content.district.geometry, countries=world())
    return (
        *facts,
        ScaleAndNorth(frame=frame, words=legend.words),
        legend,
        place,
        _notes(content, images, frame),
    )


def legend_of(
    content: Content,
    images: tuple[DatedImage, ...],
    frame: MapFrame,
    placed: tuple[PlacedLabel, ...],
) -> Legend:
    """What was drawn, explained; nothing that was not."""
    said = language(content.language)
    titles = {site.id: said.title_of(site.names) for site in content.sites}
    radii = [
        max(s.uncertainty_m or 0.0, s.coarse_m if s.sensitivity == "coarse" else 0.0)
        for s in content.sites
    ]
    return Legend(
        words=said,
        contested=content.district.contested,
        sites=bool(placed),
        circles=bool(placed) and any(r * 1000 / frame.scale_denominator >= 1.6 for r in radii),
        hatched=any(image.seen_share < 1 for image in images),
        numbered=tuple((p.number, titles[p.label.site_id]) for p in placed if p.number),
    )


def projection_words(frame: MapFrame, words: Language | None = None) -> str:
    """The map's CRS and how far grid north is from true north."""
    crs = CRS.from_user_input(str(frame.grid.crs))
    turn = true_north_deg(frame.grid)
    said = spoken(words)
    if abs(turn) >= 0.005:
        side = "north_east" if turn > 0 else "north_west"
        north = said.say(side, angle=Angle(Decimal(f"{abs(turn):.2f}")))
    else:
        north = said.say("north_up")
    name = Words(f"{crs.name} ({frame.grid.crs})")
    return said.say("projection", crs=name, north=Phrase(north))


def _facts(content: Content, images: tuple[DatedImage, ...]) -> tuple[Facts, ...]:
    """One block for one date; for several, one each and one of what they have in common."""
    said = language(content.language)
    label = said.say("label_event")
    tables = [_rows(content, image, said) for image in images]
    if len(images) == 1:
        relation = relation_words(content, images[0], said)
        event = ((label, relation),) if relation else ()
        rows = (*tables[0][:1], *event, *tables[0][1:])
        return (Facts(heading=said.say("heading_picture"), words=said, rows=rows),)
    common = tuple(row for row in tables[0] if all(row in table for table in tables))
    blocks = [
        Facts(
            heading=said.capitalised(role_word(content, image)),
            words=said,
            rows=tuple(row for row in table if row not in common),
        )
        for image, table in zip(images, tables, strict=True)
    ]
    event = ((label, event_words(content.event, said)),) if content.event else ()
    both = Facts(heading=said.say("heading_both"), words=said, rows=(*event, *common))
    return (*blocks, both)


def _rows(content: Content, image: DatedImage, said: Language) -> tuple[tuple[str, str], ...]:
    when = format_acquisition(image.acquisition, content.time_zone, said)
    return (
        (said.say("label_taken"), when.line),
        (said.say("label_satellite"), satellite_words(image, said)),
        *_angle_rows(image, said),
        (said.say("label_pixel"), pixel_words(image, said)),
        (said.say("label_shows"), seen_words(image, said)),
        (said.say("label_cloud"), cloud_words(image, said)),
        (said.say("label_positions"), accuracy_words(image, said)),
        (said.say("label_credit"), said.show(Words(image.credit))),
    )


def _angle_rows(image: DatedImage, said: Language) -> list[tuple[str, str]]:
    if image.angles is None:
        return []
    angles = (
        ("incidence", image.angles.incidence_deg),
        ("sun_height", image.angles.sun_elevation_deg),
    )
    words = [said.say(k, angle=Angle(Decimal(f"{v:.1f}"))) for k, v in angles if v is not None]
    return [(said.say("label_angles"), said.say("separator").join(words))] if words else []


def _notes(content: Content, images: tuple[DatedImage, ...], frame: MapFrame) -> Notes:
    """Notices first: what is wrong must not be what is cut off."""
    notices = [n.text for n in content.notices]
    notices += [n.text for image in images for n in image.notices]
    said = language(content.language)
    paragraphs = [said.say("mark_simulated")] if content.simulated else []
    if content.status is Status.DRAFT:
        reasons = "; ".join(content.draft_reasons) or "not released"
        paragraphs.append(said.say("note_draft", reasons=Words(reasons)))
    paragraphs += dict.fromkeys(notices)
    paragraphs.append(said.review)
    paragraphs.append(source_line(content, said))
    if content.district.contested:
        paragraphs.append(said.say("disclaimer"))
    steps = (Phrase(processing_words(image, said)) for image in images)
    paragraphs += dict.fromkeys(said.say("processing", steps=each) for each in steps)
    paragraphs.append(f"{projection_words(frame, said)} {said.say('note_locator')}")
    names, unset = _names(content)
    further = [said.say("note_names_more", n=Count(unset))] if unset else []
    paragraphs.append(" ".join([said.say("note_names", names=Phrase(names)), *further]))
    return Notes(heading=said.say("heading_notes"), words=said, paragraphs=tuple(paragraphs))


def _names(content: Content) -> tuple[str, int]:
    """All names of the district that the faces can set, and the number of those they cannot."""
    names = content.district.names
    shown = [name for name in names if settable(name.text)]
    said = language(content.language)
    first = said.title_of(names)
    return names_line(shown, first=first, words=said), len(names) - len(shown)


def _title(text: str, width: float) -> tuple[Face, tuple[str, ...]]:
    """The largest face in which the title takes one line, else two; the smallest may cut it."""
    for face in _TITLES:
        if len(wrap(text, face, width)) == 1:
            return face, wrap(text, face, width)
    return _TITLES[-1], wrap(text, _TITLES[-1], width, 2)


def _smaller(text: str, face: Face, width: float) -> Face:
    """`face`, or as much smaller as `text` needs; never below three quarters."""
    return face.scaled(min(1.0, max(0.75, width / max(measure(clean(text), face), 1e-9))))


def _badges(content: Content, images: tuple[DatedImage, ...]) -> tuple[str, ...]:
    draft = ("DRAFT",) if content.status is Status.DRAFT else ()
    simulated = ("SIMULATED",) if any(i.simulated for i in images) else ()
    return (*draft, *simulated)


def _badges_width(words: tuple[str, ...]) -> float:
    """Width that the badges take from the title, distance included."""
    return max((measure(word, _BADGE) + 11 for word in words), default=0.0)


def _draw_badges(sheet: Sheet, rect: Rect, words: tuple[str, ...]) -> None:
    """Framed words one below the other in the upper right corner."""
    width = _badges_width(words) - 6
    height = _BADGE.leading_mm + 1.6
    for i, word in enumerate(words):
        low = rect.top - (i + 1) * height - i * 1.2
        corner = Rect(x=rect.right - width, y=low, width=width, height=height)
        room = sheet.facing(corner, rect)
        sheet.box(room, edge=RED, width_pt=1.2)
        low = room.y + (height - _BADGE.cap_mm) / 2
        sheet.text((room.center[0], low), word, _BADGE, color=RED, align="center")
