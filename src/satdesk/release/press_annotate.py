"""What stands on an annotated press image: a caption strip, site labels, scale bar, true north."""

from __future__ import annotations

from decimal import Decimal

from satdesk.release.content import Content, DatedImage, Status
from satdesk.release.crops import Crop
from satdesk.release.dates import format_acquisition, format_day
from satdesk.release.descriptions import pixel_words, satellite_words
from satdesk.release.house_style import STRIP_ALARM
from satdesk.release.language import Language, language
from satdesk.release.plate_furniture import draw_furniture
from satdesk.release.plate_map import INK, MapFrame, draw_sites, site_anchors
from satdesk.release.plate_margin import role_word
from satdesk.release.plate_sheet import Rect, Sheet
from satdesk.release.setting import credit_sentence
from satdesk.release.typography import Face, fit_line, measure, wrap
from satdesk.release.wording import Number, Words

__all__ = ["annotate", "strip_height"]

_TITLE = Face(size_pt=11.5, bold=True)
_LINE = Face(size_pt=8.2)
_LABELS = Face(size_pt=8, bold=True)
_SMALL = Face(size_pt=7.2)
_PAD = 3.2


def strip_height(sheet: Sheet, content: Content, images: tuple[DatedImage, ...]) -> float:
    """Height in millimetres of the strip below the picture."""
    lines = _lines(sheet, content, images, None)
    return 2 * _PAD + sum(face.leading_mm for _, face, _ in lines)


def annotate(
    sheet: Sheet,
    content: Content,
    images: tuple[DatedImage, ...],
    maps: tuple[MapFrame, ...],
    crop: Crop,
    strip: float,
) -> None:
    """Draw the strip of height `strip` and everything on the pictures."""
    sheet.box(
        Rect(x=0, y=0, width=sheet.rect.width, height=strip),
        fill=sheet.setting.palette.strip,
        order=5,
    )
    y = strip - _PAD
    for text, face, color in _lines(sheet, content, images, crop):
        y -= face.leading_mm
        sheet.begin(sheet.rect.inset(_PAD), y + face.descent_mm, text, face, color=color)
    for i, (frame, image) in enumerate(zip(maps, images, strict=True)):
        taken = [_draw_furniture(sheet, frame, content)] if i == 0 else []
        if len(images) > 1:
            taken.append(_draw_tag(sheet, frame.rect, content, image))
        words = language(content.language)
        draw_sites(
            sheet, frame, content.sites, sheet.setting.face(_LABELS), tuple(taken), words=words
        )


def _draw_furniture(sheet: Sheet, frame: MapFrame, content: Content) -> Rect:
    face, markers = sheet.setting.face(_SMALL), site_anchors(frame, content.sites)
    return draw_furniture(sheet, frame, face, markers=markers, left=True)


def _lines(
    sheet: Sheet, content: Content, images: tuple[DatedImage, ...], crop: Crop | None
) -> list[tuple[str, Face, str]]:
    """The strip's lines with face and colour; as many with as without a crop."""
    width = sheet.rect.width - 2 * _PAD
    said, setting = language(content.language), sheet.setting
    bold, line, small = (setting.face(face) for face in (_TITLE, _LINE, _SMALL))
    strong, soft = setting.palette.strip_ink, setting.palette.strip_quiet
    title = said.show(Words(said.title_of(content.district.names)))
    lines = [(fit_line(title, bold, width), bold, strong)]
    marks = _marks(content, images, said)
    if marks:
        lines.append((fit_line(marks, _LINE, width), _LINE, STRIP_ALARM))
    for image in images:
        role = f"{said.capitalised(role_word(content, image))}: " if len(images) > 1 else ""
        when = role + format_acquisition(image.acquisition, content.time_zone, said).line
        lines += [(text, line, strong) for text in wrap(when, line, width, 2)]
    makers = " / ".join(
        dict.fromkeys(
            f"{satellite_words(i, said)}{said.say('comma')}{pixel_words(i, said)}" for i in images
        )
    )
    lines += [(text, line, soft) for text in wrap(makers, line, width, 2)]
    credit = "; ".join(dict.fromkeys(image.credit for image in images))
    sentence = credit_sentence(content.style, credit, said)
    lines += [(text, line, soft) for text in wrap(sentence, line, width, 2)]
    last = [f"{said.say('published_by', publisher=Words(content.publisher))}."]
    if crop is not None and crop.enlarged > 1.05:
        factor = Number(Decimal(f"{crop.enlarged:.1f}"))
        last.insert(0, said.say("enlarged", factor=factor))
    lines.append((fit_line(" ".join(last), small, width), small, soft))
    return lines


def _marks(content: Content, images: tuple[DatedImage, ...], said: Language) -> str:
    marks = []
    if content.status is Status.DRAFT:
        marks.append(said.say("strip_draft"))
    if any(image.simulated for image in images):
        marks.append(said.say("strip_simulated"))
    return " · ".join(marks)


def _draw_tag(sheet: Sheet, frame: Rect, content: Content, image: DatedImage) -> Rect:
    """BEFORE, AFTER and the day, in the upper left corner of a picture of two."""
    said = language(content.language)
    day = format_day(image.acquisition.day, said)
    face = sheet.setting.face(_LINE)
    text = fit_line(f"{said.upper(role_word(content, image))} · {day}", face, frame.width - 8)
    width = measure(text, face) + 4
    rect = Rect(x=frame.x + 3, y=frame.top - 3 - 6.4, width=width, height=6.4)
    sheet.box(rect, fill="#ffffff", alpha=0.9, order=5)
    sheet.text((rect.x + 2, rect.y + 2.0), text, face, color=INK)
    return rect
