"""Plates: one sheet for each date, and one that sets two dates side by side; PNG and PDF.

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
from satdesk.release.plate_blocks import flow
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
)
from satdesk.release.plate_margin import (
    draw_footer,
    draw_header,
    header_height,
    legend_of,
    margin_blocks,
    role_word,
)
from satdesk.release.plate_picture import picture_on
from satdesk.release.plate_sheet import Rect, Sheet, drawing_style
from satdesk.release.press_facts import PictureFacts
from satdesk.release.press_metadata import pdf_bytes, pdf_information, png_bytes
from satdesk.release.typography import Face, measure

__all__ = ["compose_plate", "write_plates"]

_TICKS = Face(size_pt=5.4)
_LABELS = Face(size_pt=6.6, bold=True)
_TAG = Face(size_pt=7.4, bold=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plate:
    """What one sheet is to show."""

    stem: str
    images: tuple[DatedImage, ...]
    date_id: str | None

    def path(self, suffix: str) -> str:
        return f"plates/{self.stem}.{suffix}"


def write_plates(content: Content, folder: Path) -> tuple[Artifact, ...]:
    """Write ``plates/`` below `folder`: PNG and PDF for each date, and for two dates together.

    In an issued release a date whose licence does not allow press pictures has no plate. The same
    content gives the same bytes.

    Returns:
        The files, in the order of the dates, the comparison last.
    """
    target = folder / "plates"
    target.mkdir(parents=True, exist_ok=True)
    artifacts: list[Artifact] = []
    for plate in _plates(content):
        with drawing_style():
            sheet = compose_plate(content, plate.images)
            artifacts += _write(content, plate, sheet, folder)
    return tuple(artifacts)


def compose_plate(content: Content, images: tuple[DatedImage, ...]) -> Sheet:
    """Draw the plate of one date, or of two side by side (or one above the other)."""
    said = language(content.language)
    crs = map_crs(content)
    bounds = district_bounds(content.district, crs)
    layout = choose_layout(
        bounds,
        maps=len(images),
        header=lambda width: header_height(content, images, width),
        direction=said.direction,
    )
    sheet = make_sheet(layout, said.direction)
    placed = []
    frames = [fit_frame(sheet, rect, bounds, crs, 0.05) for rect in layout.maps]
    for frame, image in zip(frames, images, strict=True):
        placed.append(_draw_one(sheet, frame, content, image, tagged=len(images) > 1))
    draw_header(sheet, layout.header, content, images)
    draw_footer(sheet, layout.footer, content)
    legend = legend_of(content, images, frames[0], placed[0])
    flow(sheet, margin_blocks(content, images, frames[0], legend), layout.columns)
    return sheet


def _write(content: Content, plate: _Plate, sheet: Sheet, folder: Path) -> list[Artifact]:
    png, pdf = (_facts(content, plate, suffix) for suffix in ("png", "pdf"))
    drawn = sheet.pdf(pdf_information(pdf))
    files = (
        ("png", "image/png", png_bytes(sheet.picture(), png, dpi=sheet.dpi)),
        ("pdf", "application/pdf", pdf_bytes(drawn, pdf)),
    )
    for suffix, _, data in files:
        (folder / plate.path(suffix)).write_bytes(data)
    return [
        Artifact(
            path=plate.path(suffix),
            role="plate",
            media_type=media_type,
            date_id=plate.date_id,
            title=png.title,
        )
        for suffix, media_type, _ in files
    ]


def _draw_one(
    sheet: Sheet, frame: MapFrame, content: Content, image: DatedImage, *, tagged: bool
) -> tuple[PlacedLabel, ...]:
    draw_map(sheet, frame, picture_on(image, frame.grid), content.district)
    draw_graticule(sheet, frame, _TICKS)
    draw_marks(sheet, frame.rect, draft=content.status is Status.DRAFT)
    taken = (_draw_tag(sheet, frame.rect, content, image),) if tagged else ()
    words = language(content.language)
    return draw_sites(sheet, frame, content.sites, _LABELS, taken, words=words)


def _draw_tag(sheet: Sheet, frame: Rect, content: Content, image: DatedImage) -> Rect:
    """Which date this map shows, in its upper left corner."""
    said = language(content.language)
    when = format_acquisition(image.acquisition, content.time_zone, said)
    role = said.upper(role_word(content, image))
    lines = ((role, _TAG), (f"{when.day}, {when.utc}", _TICKS))
    sheet_width = max(measure(text, face) for text, face in lines) + 3
    rect = Rect(x=frame.x, y=frame.top - 7.4, width=min(sheet_width, frame.width), height=7.4)
    sheet.box(rect, fill="#ffffff", edge=INK, width_pt=0.5, order=5.5)
    sheet.text((rect.x + 1.5, rect.top - 3.2), lines[0][0], _TAG, color=INK)
    sheet.text((rect.x + 1.5, rect.top - 6.1), lines[1][0], _TICKS, color=QUIET)
    return rect


def _plates(content: Content) -> tuple[_Plate, ...]:
    shown = tuple(i for i in content.dates if _may_be_shown(content, i))
    plates = [
        _Plate(
            stem=_stem(content, image.id, simulated=image.simulated),
            images=(image,),
            date_id=image.id,
        )
        for image in shown
    ]
    if len(shown) == 2:
        plates.append(
            _Plate(
                stem=_stem(content, "comparison", simulated=content.simulated),
                images=shown,
                date_id=None,
            )
        )
    return tuple(plates)


def _may_be_shown(content: Content, image: DatedImage) -> bool:
    return content.status is Status.DRAFT or image.licence.press is True


def _stem(content: Content, name: str, *, simulated: bool) -> str:
    stem = f"{content.id}-{name}"
    return f"{stem}-simulated" if simulated and "simulated" not in stem.lower() else stem


def _facts(content: Content, plate: _Plate, suffix: str) -> PictureFacts:
    return PictureFacts.of(content, plate.images, path=plate.path(suffix))
