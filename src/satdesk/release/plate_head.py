"""Header and footer of a plate: title, names, dates, marks and the publisher's logo."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from satdesk.release.content import Content, DatedImage, Status
from satdesk.release.dates import format_acquisition
from satdesk.release.house_style import ALARM, Logo
from satdesk.release.language import Language, language
from satdesk.release.plate_format import PlateFormat
from satdesk.release.plate_margin import role_word, settable_names
from satdesk.release.plate_sheet import Rect, Sheet
from satdesk.release.setting import Setting, setting_of
from satdesk.release.typography import Face, clean, fit_line, measure, wrap
from satdesk.release.wording import Phrase, Words

__all__ = ["draw_footer", "draw_header", "header_height"]

_TITLES = tuple(Face(size_pt=size, bold=True) for size in (18, 15.5, 13))
_CARD_TITLES = tuple(Face(size_pt=size, bold=True) for size in (15, 13, 11.5, 10))
_NAMES = Face(size_pt=8.6)
_DATES = Face(size_pt=8.6, bold=True)
_BADGE = Face(size_pt=11, bold=True)
_FOOT = Face(size_pt=6)
_CARD_LOGO_MM = 6.5
_NARROW_MM = 150.0
"""A footer that is narrower has no room for the program's version; the metadata tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """A header that was set in a width, not drawn yet."""

    title: tuple[str, ...]
    title_face: Face
    names: str
    names_face: Face
    dates: tuple[tuple[str, ...], ...]
    dates_face: Face
    marks: tuple[str, ...]
    setting: Setting
    logo: Logo | None
    room: float
    small: float
    above: bool

    @property
    def scale(self) -> float:
        """Of marks and logo: a card has less room for them."""
        return self.setting.scale * self.small

    @property
    def words_height(self) -> float:
        names = self.names_face.leading_mm if self.names else 0.0
        dates = sum(len(lines) for lines in self.dates) * self.dates_face.leading_mm
        return len(self.title) * self.title_face.leading_mm + names + dates + 1.6

    @property
    def height(self) -> float:
        beside = max(_marks_height(self), _logo_height(self))
        return self.words_height + beside if self.above else max(self.words_height, beside)


def header_height(
    content: Content, images: tuple[DatedImage, ...], width: float, form: PlateFormat
) -> float:
    """Room that `draw_header` needs in a header of `width` millimetres."""
    return _head(content, images, width, form).height


def draw_header(
    sheet: Sheet,
    rect: Rect,
    content: Content,
    images: tuple[DatedImage, ...],
    form: PlateFormat,
) -> None:
    """Title (smaller or wrapped where it is long), names, dates; marks and logo at the end."""
    head = _head(content, images, rect.width, form)
    palette = sheet.setting.palette
    end = _draw_logo(sheet, rect, head)
    _draw_marks(sheet, end, head)
    y = rect.top - (head.height - head.words_height if head.above else 0.0)
    room = sheet.facing(Rect(x=rect.x, y=rect.y, width=head.room, height=rect.height), rect)
    for line in head.title:
        y -= head.title_face.leading_mm
        sheet.begin(room, y + head.title_face.descent_mm, line, head.title_face, color=palette.ink)
    y -= 0.6
    if head.names:
        y -= head.names_face.leading_mm
        sheet.begin(room, y + 0.6, head.names, head.names_face, color=palette.quiet)
    for lines in head.dates:
        for line in lines:
            y -= head.dates_face.leading_mm
            sheet.begin(room, y + 0.2, line, head.dates_face, color=palette.ink)


def draw_footer(sheet: Sheet, rect: Rect, content: Content) -> None:
    """Publisher and contact where lines begin; the release, its status and version at their end."""
    palette = sheet.setting.palette
    foot = sheet.setting.face(_FOOT)
    sheet.line([(rect.x, rect.top), (rect.right, rect.top)], color=palette.quiet, width_pt=0.4)
    y = rect.top - 1.0 - foot.ascent_mm
    said = language(content.language)
    issuer = [said.say("published_by", publisher=Words(content.publisher))]
    if content.contact:
        issuer.append(said.say("corrections_to", contact=Words(content.contact)))
    logo = _footer_logo(content, sheet.setting.scale)
    room = rect if logo is None else _draw_footer_logo(sheet, rect, logo)
    left, right = room.width * 0.55, room.width * 0.43
    face = _smaller(" · ".join(issuer), foot, left)
    sheet.begin(room, y, fit_line(" · ".join(issuer), face, left), face, color=palette.quiet)
    status = said.say("strip_draft" if content.status is Status.DRAFT else "status_issued")
    names: list[Words | Phrase] = [
        Words(content.id),
        Phrase(status),
        Words(f"satdesk {content.version}"),
    ]
    if rect.width < _NARROW_MM:
        names.pop()
    release = " · ".join(said.show(each) for each in names)
    face = _smaller(release, foot, right)
    sheet.end(room, y, fit_line(release, face, right), face, color=palette.quiet)


def _head(
    content: Content, images: tuple[DatedImage, ...], width: float, form: PlateFormat
) -> _Head:
    setting = setting_of(content.style, form.scale)
    said = language(content.language)
    marks = _marks(content, images)
    logo = content.style.logo
    shown = logo if logo is not None and logo.place == "header" else None
    small, above = (0.62, form.side_columns > 0) if form.card else (1.0, False)
    scale = setting.scale * small
    taken = _logo_width(shown, scale) + _marks_width(marks, scale)
    room = width if above else max(width - taken, width * 0.35)
    titles = [setting.face(face) for face in (_CARD_TITLES if form.card else _TITLES)]
    title_face, title = _title(content.title, room, titles, 3 if form.card and not above else 2)
    names_face, dates_face = setting.face(_NAMES), setting.face(_DATES)
    if form.card:
        names_face, dates_face = names_face.scaled(0.86), dates_face.scaled(0.86)
    names, _ = settable_names(content)
    lines = [_date_line(content, image, images, said, card=form.card) for image in images]
    return _Head(
        title=title,
        title_face=title_face,
        names=fit_line(names, names_face, room),
        names_face=names_face,
        dates=tuple(wrap(line, dates_face, room, 1 if above else 2) for line in lines),
        dates_face=dates_face,
        marks=marks,
        setting=setting,
        logo=shown,
        room=room,
        small=small,
        above=above,
    )


def _date_line(
    content: Content,
    image: DatedImage,
    images: tuple[DatedImage, ...],
    said: Language,
    *,
    card: bool,
) -> str:
    """The time with its role among several; on a card UTC alone."""
    found = format_acquisition(image.acquisition, content.time_zone, said)
    when = f"{found.day} · {found.utc}" if card else found.line
    role = f"{said.capitalised(role_word(content, image))}: " if len(images) > 1 else ""
    return role + when


def _title(
    text: str, width: float, faces: list[Face], most_lines: int
) -> tuple[Face, tuple[str, ...]]:
    """The largest face in which the title takes one line; the smallest takes more, or cuts it."""
    for face in faces:
        if len(wrap(text, face, width)) == 1:
            return face, wrap(text, face, width)
    return faces[-1], wrap(text, faces[-1], width, most_lines)


def _smaller(text: str, face: Face, width: float) -> Face:
    """`face`, or as much smaller as `text` needs; never below three quarters."""
    return face.scaled(min(1.0, max(0.75, width / max(measure(clean(text), face), 1e-9))))


def _marks(content: Content, images: tuple[DatedImage, ...]) -> tuple[str, ...]:
    draft = ("DRAFT",) if content.status is Status.DRAFT else ()
    simulated = ("SIMULATED",) if any(i.simulated for i in images) else ()
    return (*draft, *simulated)


def _badge(scale: float) -> Face:
    """Not of the house style: whatever that is, the marks look the same."""
    return _BADGE.scaled(scale)


def _marks_width(marks: tuple[str, ...], scale: float) -> float:
    """Width that the marks take from the title, distance included."""
    return max((measure(mark, _badge(scale)) + 11 for mark in marks), default=0.0)


def _marks_height(head: _Head) -> float:
    high = _badge(head.scale).leading_mm + 1.6
    rows = min(len(head.marks), 1) if head.above else len(head.marks)
    return rows * (high + 1.2)


def _draw_marks(sheet: Sheet, rect: Rect, head: _Head) -> None:
    """Framed words one below the other where lines end; above the title beside each other."""
    badge = _badge(head.scale)
    width = _marks_width(head.marks, head.scale) - 6
    height = badge.leading_mm + 1.6
    for i, word in enumerate(head.marks):
        down, along = (0, i) if head.above else (i, 0)
        low = rect.top - (down + 1) * height - down * 1.2
        left = rect.x + along * (width + 2) if head.above else rect.right - width
        corner = Rect(x=left, y=low, width=width, height=height)
        room = sheet.facing(corner, rect)
        sheet.box(room, edge=ALARM, width_pt=1.2)
        base = room.y + (height - badge.cap_mm) / 2
        sheet.text((room.center[0], base), word, badge, color=ALARM, align="center")


def _logo_width(logo: Logo | None, scale: float) -> float:
    """Width that the logo takes from the title, clear space included."""
    return 0.0 if logo is None else (_logo_size(logo, scale)[0] + logo.clear_mm * scale)


def _logo_height(head: _Head) -> float:
    logo = head.logo
    if logo is None:
        return 0.0
    return _logo_size(logo, head.scale)[1] + logo.clear_mm * head.scale


def _logo_size(logo: Logo, scale: float) -> tuple[float, float]:
    """Width and height on a sheet; what is made smaller for a card is made low enough for it."""
    height = logo.height_mm * scale
    if scale < 1:
        height = min(height, _CARD_LOGO_MM)
    return height * logo.size_px[0] / logo.size_px[1], height


def _draw_logo(sheet: Sheet, rect: Rect, head: _Head) -> Rect:
    """Draw the logo at the end of `rect`; returns what is left of it."""
    logo, scale = head.logo, head.scale
    if logo is None:
        return rect
    width, height = _logo_size(logo, scale)
    at = Rect(x=rect.right - width, y=rect.top - height, width=width, height=height)
    sheet.image(_pixels(logo), sheet.facing(at, rect), order=6)
    taken = _logo_width(logo, scale)
    left = Rect(x=rect.x, y=rect.y, width=rect.width - taken, height=rect.height)
    return sheet.facing(left, rect)


def _footer_logo(content: Content, scale: float) -> tuple[Logo, float, float] | None:
    """The logo with its size, at most as high as the footer allows."""
    logo = content.style.logo
    if logo is None or logo.place != "footer":
        return None
    height = min(logo.height_mm, 5.0) * scale
    return logo, height * logo.size_px[0] / logo.size_px[1], height


def _draw_footer_logo(sheet: Sheet, rect: Rect, sized: tuple[Logo, float, float]) -> Rect:
    """Draw it at the footer's end, below the rule; returns what is left for words."""
    logo, width, height = sized
    at = Rect(x=rect.right - width, y=rect.top - 0.7 - height, width=width, height=height)
    sheet.image(_pixels(logo), sheet.facing(at, rect), order=6)
    left = Rect(x=rect.x, y=rect.y, width=rect.width - width - logo.clear_mm, height=rect.height)
    return sheet.facing(left, rect)


def _pixels(logo: Logo) -> np.ndarray:
    with Image.open(io.BytesIO(logo.png)) as picture:
        return np.asarray(picture.convert("RGBA"))
