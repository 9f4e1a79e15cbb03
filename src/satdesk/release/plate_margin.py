"""The words around a plate's map: header, facts, legend, notes, footer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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
from satdesk.release.page_sharing import page_address
from satdesk.release.plate_blocks import Block, Facts, Legend, Notes, Row
from satdesk.release.plate_code import Code
from satdesk.release.plate_format import PlateFormat
from satdesk.release.plate_furniture import ScaleAndNorth
from satdesk.release.plate_insets import Acquisition, Locator
from satdesk.release.plate_labels import PlacedLabel
from satdesk.release.plate_map import MapFrame
from satdesk.release.setting import Setting, credit_sentence, setting_of
from satdesk.release.typography import settable
from satdesk.release.wording import Angle, Count, Phrase, Words

__all__ = [
    "legend_of",
    "margin_blocks",
    "projection_words",
    "role_word",
    "settable_names",
]

_ROLES = {
    Relation.BEFORE: "role_before",
    Relation.AFTER: "role_after",
    Relation.UNKNOWN: "role_unknown",
}


def role_word(content: Content, image: DatedImage, words: Language | None = None) -> str:
    """``before`` or ``after`` the event; without one, ``earlier`` or ``later`` of the two.

    `words` None = in the release's language.
    """
    said = language(content.language) if words is None else words
    same = [i for i in content.dates if i.relation is image.relation]
    if image.relation is not None and len(same) == 1:
        return said.say(_ROLES[image.relation])
    return said.say("role_earlier" if image.id == content.dates[0].id else "role_later")


def margin_blocks(
    content: Content,
    images: tuple[DatedImage, ...],
    frame: MapFrame,
    legend: Legend,
    form: PlateFormat,
) -> tuple[Block, ...]:
    """Everything beside (or below) the map, in reading order; the notes last."""
    setting = setting_of(content.style, form.scale)
    notes = _notes(content, images, frame, setting)
    code = _code(content, form, setting)
    if form.card:
        return (
            _card_facts(content, images, setting),
            *_card_blocks(content, images, form, code, replace(notes, keep=0)),
        )
    scale = ScaleAndNorth(
        frame=frame,
        words=legend.words,
        scale=form.scale,
        paper=form.title if form.paper else None,
    )
    codes = () if code is None else (code,)
    facts = _facts(content, images, setting)
    return (*facts, scale, legend, *_insets(content, images, setting), *codes, notes)


def _card_blocks(
    content: Content,
    images: tuple[DatedImage, ...],
    form: PlateFormat,
    code: Code | None,
    notes: Notes,
) -> tuple[Block, ...]:
    """Beside the map the code with the notes; below it, where there is room, the insets too."""
    if form.side_columns:
        return (notes,) if code is None else (Row(blocks=(code, notes), shares=(0.3, 0.7)),)
    taken = _card_acquisition(content, images, form)
    codes = () if code is None else (code,)
    wide = 1.9 if taken and not codes else 1.15
    aspect = (1.45 if codes else 2.8) if not taken else (1.25 if codes else 2.2)
    place = Locator(district=content.district.geometry, countries=world(), aspect=aspect)
    shares = (wide, *(0.9 if codes else 1.0 for _ in taken), *(1.15 for _ in codes))
    return Row(blocks=(place, *taken, *codes), shares=shares), notes


def _card_acquisition(
    content: Content, images: tuple[DatedImage, ...], form: PlateFormat
) -> tuple[Block, ...]:
    """How the one date was taken; two of them would be too small to be read."""
    if len(images) > 1:
        return ()
    return (
        Acquisition(
            heading="",
            district=content.district.geometry,
            outlines=images[0].outlines_wkt,
            angles=images[0].angles,
            words=language(content.language),
            setting=setting_of(content.style, form.scale),
            keyed=False,
        ),
    )


def _code(content: Content, form: PlateFormat, setting: Setting) -> Code | None:
    address = page_address(content)
    if address is None:
        return None
    said = language(content.language)
    return Code(address=address, words=said, setting=setting, dpi=form.dpi, lettered=not form.card)


def _insets(
    content: Content, images: tuple[DatedImage, ...], setting: Setting
) -> tuple[Block, ...]:
    """Locator and acquisition side by side; for two dates the locator above both acquisitions."""
    said = language(content.language)
    single = len(images) == 1
    geometry = content.district.geometry
    taken = tuple(
        Acquisition(
            heading="" if single else said.capitalised(role_word(content, image)),
            district=geometry,
            outlines=image.outlines_wkt,
            angles=image.angles,
            words=said,
            setting=setting,
            aspect=1.0 if single else 1.3,
        )
        for image in images
    )
    place = Locator(district=geometry, countries=world(), aspect=1.35 if single else 2.3)
    if single:
        return (Row(blocks=(place, *taken), shares=(1.35, 1.0), gives_way=True),)
    return (
        Row(blocks=(place,), shares=(1.0,), gives_way=True),
        Row(blocks=taken, shares=(1.0,) * len(taken), gives_way=True),
    )


def legend_of(
    content: Content,
    images: tuple[DatedImage, ...],
    frame: MapFrame,
    placed: tuple[PlacedLabel, ...],
    form: PlateFormat,
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
        setting=setting_of(content.style, form.scale),
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


def _facts(content: Content, images: tuple[DatedImage, ...], setting: Setting) -> tuple[Facts, ...]:
    """One block for one date; for several, one each and one of what they have in common."""
    said = language(content.language)
    label = said.say("label_event")
    tables = [_rows(content, image, said) for image in images]
    if len(images) == 1:
        relation = relation_words(content, images[0], said)
        event = ((label, relation),) if relation else ()
        rows = (*tables[0][:1], *event, *tables[0][1:])
        return (Facts(heading=said.say("heading_picture"), words=said, setting=setting, rows=rows),)
    common = tuple(row for row in tables[0] if all(row in table for table in tables))
    blocks = [
        Facts(
            heading=said.capitalised(role_word(content, image)),
            words=said,
            setting=setting,
            rows=tuple(row for row in table if row not in common),
        )
        for image, table in zip(images, tables, strict=True)
    ]
    event = ((label, event_words(content.event, said)),) if content.event else ()
    both = Facts(
        heading=said.say("heading_both"), words=said, setting=setting, rows=(*event, *common)
    )
    return (*blocks, both)


def _card_facts(content: Content, images: tuple[DatedImage, ...], setting: Setting) -> Facts:
    """One block, the most important first: what is cut off stands last."""
    said = language(content.language)
    rows = [
        (said.say(label), _shared([words(content, i, said) for i in images], content, images))
        for label, words in _CARD_ROWS
    ]
    if content.event is not None:
        single = relation_words(content, images[0], said) if len(images) == 1 else None
        rows.append((said.say("label_event"), single or event_words(content.event, said)))
    heading = said.say("heading_picture" if len(images) == 1 else "heading_both")
    return Facts(
        heading=heading, words=said, setting=setting, rows=tuple(rows), keep=_KEPT, most_lines=3
    )


def _shared(texts: list[str], content: Content, images: tuple[DatedImage, ...]) -> str:
    """What is said of all dates, once; else of each, with its role."""
    said = language(content.language)
    if len(set(texts)) == 1:
        return texts[0]
    roles = (said.capitalised(role_word(content, image)) for image in images)
    each = (f"{role}: {text}" for role, text in zip(roles, texts, strict=True))
    return said.say("separator").join(each)


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
        (said.say("label_credit"), _credit(content, image, said)),
    )


def _credit(content: Content, image: DatedImage, said: Language) -> str:
    """The credit line itself; in the sentence of the house style where that has one."""
    if content.style.credit is None:
        return said.show(Words(image.credit))
    return credit_sentence(content.style, image.credit, said)


def _angle_rows(image: DatedImage, said: Language) -> list[tuple[str, str]]:
    if image.angles is None:
        return []
    angles = (
        ("incidence", image.angles.incidence_deg),
        ("sun_height", image.angles.sun_elevation_deg),
    )
    words = [said.say(k, angle=Angle(Decimal(f"{v:.1f}"))) for k, v in angles if v is not None]
    return [(said.say("label_angles"), said.say("separator").join(words))] if words else []


def _notes(
    content: Content, images: tuple[DatedImage, ...], frame: MapFrame, setting: Setting
) -> Notes:
    """Notices first: what is wrong must not be what is cut off, nor whose the boundary is."""
    said = language(content.language)
    notices = [n.text for n in content.notices] + _dated_notices(content, images, said)
    paragraphs = [said.say("mark_simulated")] if content.simulated else []
    if content.status is Status.DRAFT:
        reasons = "; ".join(content.draft_reasons) or "not released"
        paragraphs.append(said.say("note_draft", reasons=Words(reasons)))
    paragraphs += dict.fromkeys(notices)
    paragraphs.append(said.review)
    paragraphs.append(source_line(content, said))
    if content.district.contested:
        paragraphs.append(said.say("disclaimer"))
    keep = len(paragraphs)
    steps = (Phrase(processing_words(image, said)) for image in images)
    paragraphs += dict.fromkeys(said.say("processing", steps=each) for each in steps)
    paragraphs.append(f"{projection_words(frame, said)} {said.say('note_locator')}")
    names, unset = settable_names(content)
    further = [said.say("note_names_more", n=Count(unset))] if unset else []
    paragraphs.append(" ".join([said.say("note_names", names=Phrase(names)), *further]))
    return Notes(
        heading=said.say("heading_notes"),
        words=said,
        setting=setting,
        paragraphs=tuple(paragraphs),
        keep=keep,
    )


def _dated_notices(content: Content, images: tuple[DatedImage, ...], said: Language) -> list[str]:
    """What is said of each date; on a sheet of two, what holds of one of them says of which."""
    told = [[notice.text for notice in image.notices] for image in images]
    texts = []
    for image, own in zip(images, told, strict=True):
        role = said.capitalised(role_word(content, image))
        texts += [
            t if all(t in each for each in told) else f"{role}: {said.show(Words(t))}" for t in own
        ]
    return texts


def settable_names(content: Content) -> tuple[str, int]:
    """All names of the district that the faces can set, and the number of those they cannot."""
    names = content.district.names
    shown = [name for name in names if settable(name.text)]
    said = language(content.language)
    first = said.title_of(names)
    return names_line(shown, first=first, words=said), len(names) - len(shown)


_KEPT = 3
"""Credit, positions and cloud must stand on every card."""
_CARD_ROWS: tuple[tuple[str, Callable[[Content, DatedImage, Language], str]], ...] = (
    ("label_credit", _credit),
    ("label_positions", lambda _, image, said: accuracy_words(image, said)),
    ("label_cloud", lambda _, image, said: cloud_words(image, said)),
    ("label_satellite", lambda _, image, said: satellite_words(image, said)),
    ("label_pixel", lambda _, image, said: pixel_words(image, said)),
)
"""What a card says of each date; the time stands in its header."""
