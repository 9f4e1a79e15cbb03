"""The clean picture beside a plate: the same ground in the same size, without words.

What must never be taken off stays in its pixels: SIMULATED and DRAFT. No logo stands on it.
"""

from __future__ import annotations

from satdesk.release.content import Content, DatedImage, Status
from satdesk.release.language import language
from satdesk.release.plate_format import PlateFormat
from satdesk.release.plate_map import (
    OUTSIDE,
    district_bounds,
    draw_marks,
    draw_simulated,
    fit_frame,
    map_crs,
)
from satdesk.release.plate_picture import picture_on
from satdesk.release.plate_sheet import MM_PER_INCH, Rect, Sheet

__all__ = ["compose_clean"]

_GAP_MM = 0.8


def compose_clean(content: Content, images: tuple[DatedImage, ...], form: PlateFormat) -> Sheet:
    """The whole district as large as the size allows; two dates beside or above each other."""
    crs = map_crs(content)
    bounds = district_bounds(content.district, crs)
    size, parts = _best(form, len(images), bounds)
    pixels = (round(size[0] / MM_PER_INCH * form.dpi), round(size[1] / MM_PER_INCH * form.dpi))
    direction = language(content.language).direction
    sheet = Sheet(pixels=pixels, dpi=form.dpi, paper=OUTSIDE, direction=direction)
    whole = Rect(x=0, y=0, width=size[0], height=size[1])
    for part, image in zip(parts, images, strict=True):
        frame = fit_frame(sheet, sheet.facing(part, whole), bounds, crs, 0.03)
        sheet.image(picture_on(image, frame.grid), frame.rect)
        draw_marks(sheet, frame.rect, draft=content.status is Status.DRAFT)
        if image.simulated:
            draw_simulated(sheet, frame.rect)
    return sheet


def _best(
    form: PlateFormat, maps: int, bounds: tuple[float, float, float, float]
) -> tuple[tuple[float, float], tuple[Rect, ...]]:
    """Size and parts of the sheet that show the ground largest."""
    sizes = (form.size, form.size[::-1]) if form.paper else (form.size,)
    ways = [(size, parts) for size in sizes for parts in _parts(size, maps)]
    ground = max(bounds[2] - bounds[0], 1e-12), max(bounds[3] - bounds[1], 1e-12)
    return max(ways, key=lambda w: min(w[1][0].width / ground[0], w[1][0].height / ground[1]))


def _parts(size: tuple[float, float], maps: int) -> list[tuple[Rect, ...]]:
    width = (size[0] - _GAP_MM * (maps - 1)) / maps
    height = (size[1] - _GAP_MM * (maps - 1)) / maps
    beside = tuple(
        Rect(x=i * (width + _GAP_MM), y=0, width=width, height=size[1]) for i in range(maps)
    )
    above = tuple(
        Rect(x=0, y=(maps - 1 - i) * (height + _GAP_MM), width=size[0], height=height)
        for i in range(maps)
    )
    return [beside, above] if maps > 1 else [beside]
