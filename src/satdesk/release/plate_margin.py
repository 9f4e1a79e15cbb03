"""The words around a plate's map: header, facts, legend, notes, footer."""

from __future__ import annotations

from pyproj import CRS

from satdesk.release.captions import (
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
from satdesk.release.content import Content, DatedImage, Status
from satdesk.release.dates import format_acquisition
from satdesk.release.furniture import true_north_deg
from satdesk.release.locator import world
from satdesk.release.plate_blocks import Block, Facts, Legend, Locator, Notes, ScaleAndNorth
from satdesk.release.plate_labels import PlacedLabel
from satdesk.release.plate_map import INK, QUIET, RED, MapFrame
from satdesk.release.plate_sheet import Rect, Sheet
from satdesk.release.typography import Face, fit_line, measure, settable, wrap

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


def role_word(content: Content, image: DatedImage) -> str:
    """``before`` or ``after`` the event; without one, ``earlier`` or ``later`` of the two."""
    same = [i for i in content.dates if i.relation is image.relation]
    if image.relation is not None and len(same) == 1:
        return image.relation.value
    return "earlier" if image.id == content.dates[0].id else "later"


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
    face, lines = _title(content.title, width)
    y = rect.top
    for line in lines:
        y -= face.leading_mm
        sheet.text((rect.x, y + face.descent_mm), line, face, color=INK)
    y -= 0.6
    names, _ = _names(content)
    y -= _NAMES.leading_mm
    sheet.text((rect.x, y + 0.6), fit_line(names, _NAMES, width), _NAMES, color=QUIET)
    for image in images:
        when = format_acquisition(image.acquisition, content.time_zone).line
        role = f"{role_word(content, image).capitalize()}: " if len(images) > 1 else ""
        y -= _DATES.leading_mm
        sheet.text((rect.x, y + 0.2), fit_line(role + when, _DATES, width), _DATES, color=INK)


def draw_footer(sheet: Sheet, rect: Rect, content: Content) -> None:
    """Publisher and contact on the left; the release, its status and version on the right."""
    sheet.line([(rect.x, rect.top), (rect.right, rect.top)], color=QUIET, width_pt=0.4)
    y = rect.top - 1.0 - _FOOT.ascent_mm
    contact = f" · corrections to {content.contact}" if content.contact else ""
    left = fit_line(f"Published by {content.publisher}{contact}", _FOOT, rect.width * 0.6)
    sheet.text((rect.x, y), left, _FOOT, color=QUIET)
    status = "DRAFT, not for publication" if content.status is Status.DRAFT else "issued"
    right = f"{content.id} · {status} · satdesk {content.version}"
    right = fit_line(right, _FOOT, rect.width * 0.38)
    sheet.text((rect.right, y), right, _FOOT, color=QUIET, align="right")


def margin_blocks(
    content: Content, images: tuple[DatedImage, ...], frame: MapFrame, legend: Legend
) -> tuple[Block, ...]:
    """Everything beside (or below) the map, in reading order; the notes last."""
    facts = _facts(content, images)
    place = Locator(district=content.district.geometry, countries=world())
    return (*facts, ScaleAndNorth(frame=frame), legend, place, _notes(content, images, frame))


def legend_of(
    content: Content,
    images: tuple[DatedImage, ...],
    frame: MapFrame,
    placed: tuple[PlacedLabel, ...],
) -> Legend:
    """What was drawn, explained; nothing that was not."""
    titles = {site.id: site.title for site in content.sites}
    radii = [
        max(s.uncertainty_m or 0.0, s.coarse_m if s.sensitivity == "coarse" else 0.0)
        for s in content.sites
    ]
    return Legend(
        contested=content.district.contested,
        sites=bool(placed),
        circles=bool(placed) and any(r * 1000 / frame.scale_denominator >= 1.6 for r in radii),
        hatched=any(image.seen_share < 1 for image in images),
        numbered=tuple((p.number, titles[p.label.site_id]) for p in placed if p.number),
    )


def projection_words(frame: MapFrame) -> str:
    """The map's CRS and how far grid north is from true north."""
    crs = CRS.from_user_input(str(frame.grid.crs))
    turn = true_north_deg(frame.grid)
    side = "east" if turn > 0 else "west"
    north = (
        f"true north lies {abs(turn):.2f}° {side} of the map's upward direction"
        if abs(turn) >= 0.005
        else "true north is straight up"
    )
    return f"Projection: {crs.name} ({frame.grid.crs}); {north} at the centre. Graticule: WGS 84."


def _facts(content: Content, images: tuple[DatedImage, ...]) -> tuple[Facts, ...]:
    """One block for one date; for several, one each and one of what they have in common."""
    tables = [_rows(content, image) for image in images]
    if len(images) == 1:
        relation = relation_words(content, images[0])
        event = (("Event", relation),) if relation else ()
        return (Facts(heading="The picture", rows=(*tables[0][:1], *event, *tables[0][1:])),)
    common = tuple(row for row in tables[0] if all(row in table for table in tables))
    blocks = [
        Facts(
            heading=role_word(content, image).capitalize(),
            rows=tuple(row for row in table if row not in common),
        )
        for image, table in zip(images, tables, strict=True)
    ]
    event = (("Event", event_words(content.event)),) if content.event else ()
    return (*blocks, Facts(heading="Both pictures", rows=(*event, *common)))


def _rows(content: Content, image: DatedImage) -> tuple[tuple[str, str], ...]:
    when = format_acquisition(image.acquisition, content.time_zone)
    return (
        ("Taken", when.line),
        ("Satellite", satellite_words(image)),
        *_angle_rows(image),
        ("Pixel", pixel_words(image)),
        ("Shows", seen_words(image)),
        ("Cloud", cloud_words(image)),
        ("Positions", accuracy_words(image)),
        ("Credit", image.credit),
    )


def _angle_rows(image: DatedImage) -> list[tuple[str, str]]:
    if image.angles is None:
        return []
    view = image.angles.incidence_deg
    sun = image.angles.sun_elevation_deg
    words = [f"incidence {view:.1f}°"] if view is not None else []
    words += [f"sun {sun:.1f}° high"] if sun is not None else []
    return [("Angles", ", ".join(words))] if words else []


def _notes(content: Content, images: tuple[DatedImage, ...], frame: MapFrame) -> Notes:
    """Notices first: what is wrong must not be what is cut off."""
    notices = [n.text for n in content.notices]
    notices += [n.text for image in images for n in image.notices]
    paragraphs = []
    if content.simulated:
        paragraphs.append("SIMULATED: no camera took this picture.")
    if content.status is Status.DRAFT:
        reasons = "; ".join(content.draft_reasons) or "not released"
        paragraphs.append(f"DRAFT, not for publication: {reasons}.")
    paragraphs += dict.fromkeys(notices)
    paragraphs.append(source_line(content))
    if content.district.contested:
        paragraphs.append(
            "Boundaries and names on this map follow the sources named and imply no opinion on "
            "the status of any area."
        )
    paragraphs += dict.fromkeys(f"Processing: {processing_words(i)}." for i in images)
    paragraphs.append(
        f"{projection_words(frame)} Locator: Natural Earth, with the borders of that source."
    )
    names, unset = _names(content)
    further = f" {unset} more, in scripts that this sheet cannot set, stand in release.json."
    paragraphs.append(f"Names used: {names}.{further if unset else ''}")
    return Notes(heading="Notes", paragraphs=tuple(paragraphs))


def _names(content: Content) -> tuple[str, int]:
    """All names of the district that the faces can set, and the number of those they cannot."""
    names = content.district.names
    shown = [name for name in names if settable(name.text)]
    return names_line(shown, first=content.district.title), len(names) - len(shown)


def _title(text: str, width: float) -> tuple[Face, tuple[str, ...]]:
    """The largest face in which the title takes one line, else two; the smallest may cut it."""
    for face in _TITLES:
        if len(wrap(text, face, width)) == 1:
            return face, wrap(text, face, width)
    return _TITLES[-1], wrap(text, _TITLES[-1], width, 2)


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
        room = Rect(
            x=rect.right - width,
            y=rect.top - (i + 1) * height - i * 1.2,
            width=width,
            height=height,
        )
        sheet.box(room, edge=RED, width_pt=1.2)
        low = room.y + (height - _BADGE.cap_mm) / 2
        sheet.text((room.center[0], low), word, _BADGE, color=RED, align="center")
