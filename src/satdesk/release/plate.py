"""Plates: one sheet for each date, and one that sets two dates side by side; in several sizes.

A plate carries every fact that a reader needs to judge the picture: when (UTC and local), by what,
how fine its pixels really are, where, on which scale, how much of the district it shows, whose
boundary is drawn, what was done to the pixels, and what is wrong with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from satdesk.release.content import Artifact, Content, DatedImage, Status
from satdesk.release.dates import format_acquisition
from satdesk.release.language import language
from satdesk.release.locator import draw_locator, world
from satdesk.release.plate_blocks import flow
from satdesk.release.plate_clean import compose_clean
from satdesk.release.plate_format import A4, PlateFormat
from satdesk.release.plate_furniture import draw_furniture
from satdesk.release.plate_head import draw_footer, draw_header, header_height
from satdesk.release.plate_labels import PlacedLabel
from satdesk.release.plate_layout import choose_layout, make_sheet
from satdesk.release.plate_map import (
    INK,
    QUIET,
    MapFrame,
    district_bounds,
    draw_graticule,
    draw_map,
    draw_marks,
    draw_sites,
    fit_frame,
    map_crs,
    site_anchors,
)
from satdesk.release.plate_margin import legend_of, margin_blocks, role_word
from satdesk.release.plate_picture import picture_on
from satdesk.release.plate_sheet import Rect, Sheet, drawing_style
from satdesk.release.press_facts import PictureFacts
from satdesk.release.press_metadata import jpeg_bytes, pdf_bytes, pdf_information, png_bytes
from satdesk.release.setting import setting_of
from satdesk.release.typography import Face, fit_line, measure

__all__ = ["compose_plate", "write_plates"]

_TICKS = Face(size_pt=5.4)
_LABELS = Face(size_pt=6.6, bold=True)
_TAG = Face(size_pt=7.4, bold=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plate:
    """What one sheet is to show, and in which size."""

    stem: str
    images: tuple[DatedImage, ...]
    date_id: str | None
    form: PlateFormat

    def path(self, suffix: str) -> str:
        size = "" if self.form is A4 else f"-{self.form.name}"
        return f"plates/{self.stem}{size}{suffix}"


def write_plates(
    content: Content, folder: Path, forms: tuple[PlateFormat, ...] = (A4,)
) -> tuple[Artifact, ...]:
    """Write ``plates/`` below `folder`: for each date, and for two dates together, in each size.

    A sheet is PNG, and PDF too where it is paper; beside it lies a clean JPEG of the same size: the
    picture without words. In an issued release a date whose licence does not allow press pictures
    has no plate. The same content gives the same bytes.

    Returns:
        The files, in the order of the dates, the comparison last; for each in the order of `forms`.
    """
    target = folder / "plates"
    target.mkdir(parents=True, exist_ok=True)
    artifacts: list[Artifact] = []
    for plate in _plates(content, forms):
        with drawing_style():
            sheet = compose_plate(content, plate.images, plate.form)
            artifacts += _write(content, plate, sheet, folder)
            artifacts.append(_write_clean(content, plate, folder))
    return tuple(artifacts)


def compose_plate(
    content: Content, images: tuple[DatedImage, ...], form: PlateFormat = A4
) -> Sheet:
    """Draw the plate of one date, or of two side by side (or one above the other)."""
    said = language(content.language)
    crs = map_crs(content)
    bounds = district_bounds(content.district, crs)
    layout = choose_layout(
        bounds,
        maps=len(images),
        header=lambda width: header_height(content, images, width, form),
        direction=said.direction,
        form=form,
        margin_mm=content.style.margin_mm,
    )
    sheet = make_sheet(layout, said.direction, setting_of(content.style, form.scale))
    placed = []
    frames = [fit_frame(sheet, rect, bounds, crs, 0.05) for rect in layout.maps]
    for frame, image in zip(frames, images, strict=True):
        taken = _overlays(sheet, frame, content, image, tagged=len(images) > 1, form=form)
        placed.append(_draw_one(sheet, frame, content, image, taken))
    draw_header(sheet, layout.header, content, images, form)
    draw_footer(sheet, layout.footer, content)
    legend = legend_of(content, images, frames[0], placed[0], form)
    flow(sheet, margin_blocks(content, images, frames[0], legend, form), layout.columns)
    return sheet


def _write(content: Content, plate: _Plate, sheet: Sheet, folder: Path) -> list[Artifact]:
    facts = _facts(content, plate, ".png")
    files = [(".png", "image/png", png_bytes(sheet.picture(), facts, dpi=sheet.dpi))]
    if plate.form.paper:
        facts = _facts(content, plate, ".pdf")
        drawn = pdf_bytes(sheet.pdf(pdf_information(facts)), facts)
        files.append((".pdf", "application/pdf", drawn))
    return [
        _artifact(plate, suffix, media_type, data, folder, f"{facts.title}{_size(plate)}")
        for suffix, media_type, data in files
    ]


def _write_clean(content: Content, plate: _Plate, folder: Path) -> Artifact:
    facts = _facts(content, plate, "-clean.jpg")
    data = jpeg_bytes(compose_clean(content, plate.images, plate.form).picture(), facts)
    title = f"{facts.title} ({plate.form.title}, clean)"
    return _artifact(plate, "-clean.jpg", "image/jpeg", data, folder, title)


def _artifact(
    plate: _Plate, suffix: str, media_type: str, data: bytes, folder: Path, title: str
) -> Artifact:
    path = plate.path(suffix)
    (folder / path).write_bytes(data)
    return Artifact(
        path=path, role="plate", media_type=media_type, date_id=plate.date_id, title=title
    )


def _size(plate: _Plate) -> str:
    return "" if plate.form is A4 else f" ({plate.form.title})"


def _draw_one(
    sheet: Sheet,
    frame: MapFrame,
    content: Content,
    image: DatedImage,
    taken: tuple[Rect, ...],
) -> tuple[PlacedLabel, ...]:
    draw_map(sheet, frame, picture_on(image, frame.grid), content.district)
    draw_graticule(sheet, frame, sheet.setting.face(_TICKS))
    draw_marks(sheet, frame.rect, draft=content.status is Status.DRAFT)
    words = language(content.language)
    return draw_sites(sheet, frame, content.sites, sheet.setting.face(_LABELS), taken, words=words)


def _overlays(
    sheet: Sheet,
    frame: MapFrame,
    content: Content,
    image: DatedImage,
    *,
    tagged: bool,
    form: PlateFormat,
) -> tuple[Rect, ...]:
    """What stands on the map besides sites: the tag of a date; on cards scale bar and north."""
    drawn = [_draw_tag(sheet, frame.rect, content, image, dated=not form.card)] if tagged else []
    if form.card:
        face, markers = sheet.setting.face(_TICKS), site_anchors(frame, content.sites)
        drawn.append(draw_furniture(sheet, frame, face, size=0.58, markers=markers))
    if form.card and form.side_columns and not tagged:
        drawn.append(_draw_locator(sheet, frame.rect, content))
    return tuple(drawn)


def _draw_locator(sheet: Sheet, frame: Rect, content: Content) -> Rect:
    """In the map's lower left corner."""
    width = min(22.0, frame.width * 0.3)
    rect = Rect(x=frame.x, y=frame.y, width=width, height=width / 1.35)
    draw_locator(sheet, rect, content.district.geometry, world(), order=5.2)
    return rect


def _draw_tag(
    sheet: Sheet, frame: Rect, content: Content, image: DatedImage, *, dated: bool
) -> Rect:
    """Which date this map shows, in its upper left corner; the day too where there is room."""
    said = language(content.language)
    when = format_acquisition(image.acquisition, content.time_zone, said)
    strong, fine = sheet.setting.face(_TAG), sheet.setting.face(_TICKS)
    wanted = [(said.upper(role_word(content, image)), strong, INK)]
    if dated:
        wanted.append((f"{when.day}{said.say('comma')}{when.utc}", fine, QUIET))
    room = frame.width * 0.9 - 3
    lines = [(fit_line(text, face, room), face, color) for text, face, color in wanted]
    width = max(measure(text, face) for text, face, _ in lines) + 3
    height = sum(face.leading_mm for _, face, _ in lines) + 1.4
    rect = Rect(x=frame.x, y=frame.top - height, width=width, height=height)
    sheet.box(rect, fill="#ffffff", edge=INK, width_pt=0.5, order=5.5)
    y = rect.top - 0.7
    for text, face, color in lines:
        y -= face.leading_mm
        sheet.text((rect.x + 1.5, y + face.descent_mm), text, face, color=color)
    return rect


def _plates(content: Content, forms: tuple[PlateFormat, ...]) -> tuple[_Plate, ...]:
    shown = tuple(i for i in content.dates if _may_be_shown(content, i))
    groups = [((image,), image.id, image.simulated) for image in shown]
    plates = [
        _Plate(
            stem=_stem(content, name, simulated=simulated), images=images, date_id=name, form=form
        )
        for images, name, simulated in groups
        for form in forms
    ]
    if len(shown) == 2:
        stem = _stem(content, "comparison", simulated=content.simulated)
        plates += [_Plate(stem=stem, images=shown, date_id=None, form=form) for form in forms]
    return tuple(plates)


def _may_be_shown(content: Content, image: DatedImage) -> bool:
    return content.status is Status.DRAFT or image.licence.press is True


def _stem(content: Content, name: str, *, simulated: bool) -> str:
    stem = f"{content.id}-{name}"
    return f"{stem}-simulated" if simulated and "simulated" not in stem.lower() else stem


def _facts(content: Content, plate: _Plate, suffix: str) -> PictureFacts:
    return PictureFacts.of(content, plate.images, path=plate.path(suffix))
