"""Press images: JPEG in three shapes, each clean and annotated, for each date and for the pair.

All dates of a release share their crops. Where the imaged area cannot fill a frame at twice its own
pixels, it stands on neutral ground, and the annotated image says by how much it was enlarged.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.files.pictures import read_picture
from satdesk.release.content import Artifact, Content, DatedImage, Status
from satdesk.release.crops import Crop, choose_crop, survey_grid
from satdesk.release.furniture import to_map
from satdesk.release.language import language
from satdesk.release.plate_map import (
    OUTSIDE,
    MapFrame,
    district_bounds,
    draw_marks,
    draw_simulated,
    map_crs,
)
from satdesk.release.plate_picture import picture_on
from satdesk.release.plate_sheet import MM_PER_INCH, Rect, Sheet, drawing_style
from satdesk.release.press_annotate import annotate, strip_height
from satdesk.release.press_facts import PictureFacts
from satdesk.release.press_metadata import jpeg_bytes
from satdesk.release.setting import setting_of

__all__ = [
    "SHAPES",
    "Frame",
    "Survey",
    "compose_press",
    "press_dates",
    "press_path",
    "survey_of",
    "write_press",
]

SHAPES = {"16x9": (1080, 1920), "1x1": (1080, 1080), "9x16": (1920, 1080)}
"""``rows, cols`` by name."""
_DPI = 200
_DIVIDER_PX = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One press image to be drawn.

    Attributes:
        images: One date, or two that share the frame.
        shape: Name in `SHAPES`.
        annotated: With caption, scale bar, north and labels; else the picture alone.
        alongside: Dates whose own frames must show the same ground as this one.
    """

    images: tuple[DatedImage, ...]
    shape: str
    annotated: bool
    alongside: tuple[DatedImage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Survey:
    """Where all dates are imaged, on coarse cells.

    Attributes:
        grid: Of the cells, over the district.
        imaged: ``(y, x)``, True = wholly imaged on every date.
    """

    grid: GeoBox
    imaged: NDArray[np.bool_]


def write_press(content: Content, folder: Path) -> tuple[Artifact, ...]:
    """Write ``press/`` below `folder`: for each date, and for two dates together, six JPEGs.

    In an issued release a date whose licence does not allow press pictures has none. The same
    content gives the same bytes.

    Returns:
        The files, in the order of the dates, the pair last.
    """
    (folder / "press").mkdir(parents=True, exist_ok=True)
    artifacts, groups = [], _groups(content)
    survey = survey_of(content) if groups else None
    for images in groups:
        for shape in SHAPES:
            for annotated in (False, True):
                frame = Frame(images=images, shape=shape, annotated=annotated)
                artifacts.append(_write(content, frame, folder, survey))
    return tuple(artifacts)


def survey_of(content: Content) -> Survey:
    """Where all dates of a release are imaged; every frame asks for it."""
    crs = map_crs(content)
    grid = survey_grid(district_bounds(content.district, crs), crs)
    masks = [read_picture(image.visual, grid)[..., 3] == 255 for image in press_dates(content)]
    return Survey(grid=grid, imaged=np.asarray(np.logical_and.reduce(masks), dtype=np.bool_))


def compose_press(
    content: Content, frame: Frame, survey: Survey | None = None
) -> tuple[Sheet, tuple[Crop, ...]]:
    """Draw one press image; returns it and the crop of each of its pictures.

    `survey` is looked for where it is not given.
    """
    rows, cols = SHAPES[frame.shape]
    direction = language(content.language).direction
    sheet = Sheet(
        pixels=(cols, rows),
        dpi=_DPI,
        paper=OUTSIDE,
        direction=direction,
        setting=setting_of(content.style),
    )
    strip = _strip(sheet, content, frame) if frame.annotated else 0.0
    strip = sheet.pixel_aligned(Rect(x=0, y=0, width=1, height=strip)).height
    room = Rect(x=0, y=strip, width=sheet.rect.width, height=sheet.rect.height - strip)
    crs = map_crs(content)
    bounds = district_bounds(content.district, crs)
    parts = [sheet.facing(p, room) for p in _parts(sheet, room, len(frame.images), bounds)]
    crop = _shared_crop(content, survey or survey_of(content), sheet.pixel_shape(parts[0]))
    maps = []
    for part, image in zip(parts, frame.images, strict=True):
        sheet.image(picture_on(image, crop.grid), part)
        draw_marks(sheet, part, draft=content.status is Status.DRAFT)
        if image.simulated and not crop.filled and not frame.annotated:
            draw_simulated(sheet, part)
        maps.append(MapFrame(rect=part, grid=crop.grid))
    if frame.annotated:
        annotate(sheet, content, frame.images, tuple(maps), crop, strip)
    return sheet, (crop,) * len(parts)


def _strip(sheet: Sheet, content: Content, frame: Frame) -> float:
    """Height of the strip of words: that of the frame with most of them."""
    captioned = (frame.images, *((image,) for image in frame.alongside))
    return max(strip_height(sheet, content, images) for images in captioned)


def _write(content: Content, frame: Frame, folder: Path, survey: Survey | None) -> Artifact:
    single = frame.images[0] if len(frame.images) == 1 else None
    name = press_path(content, frame.images, frame.shape, annotated=frame.annotated)
    with drawing_style():
        sheet, crops = compose_press(content, frame, survey)
        facts = _facts(content, frame, crops[0], name)
        data = jpeg_bytes(sheet.picture(), facts)
    (folder / name).write_bytes(data)
    return Artifact(
        path=name,
        role="press",
        media_type="image/jpeg",
        date_id=None if single is None else single.id,
        title=f"{facts.title} ({frame.shape.replace('x', ':')}, "
        f"{'annotated' if frame.annotated else 'clean'})",
    )


def _facts(content: Content, frame: Frame, crop: Crop, path: str) -> PictureFacts:
    return PictureFacts.of(content, frame.images, path=path, enlarged=crop.enlarged)


def _groups(content: Content) -> tuple[tuple[DatedImage, ...], ...]:
    shown = press_dates(content)
    single = tuple((image,) for image in shown)
    return (*single, shown) if len(shown) == 2 else single


def press_dates(content: Content) -> tuple[DatedImage, ...]:
    """The dates that the press may have; a draft goes to nobody and shows all."""
    draft = content.status is Status.DRAFT
    return tuple(i for i in content.dates if draft or i.licence.press is True)


def press_path(
    content: Content, images: tuple[DatedImage, ...], shape: str, *, annotated: bool
) -> str:
    """Where the press image of `images` lies in the release."""
    name = images[0].id if len(images) == 1 else "comparison"
    stem = f"{content.id}-{name}-{shape}-{'annotated' if annotated else 'clean'}"
    simulated = any(image.simulated for image in images)
    mark = "-simulated" if simulated and "simulated" not in stem.lower() else ""
    return f"press/{stem}{mark}.jpg"


def _parts(
    sheet: Sheet, room: Rect, images: int, bounds: tuple[float, float, float, float]
) -> tuple[Rect, ...]:
    """The whole room, or two equal parts: beside or above each other, whichever shows more."""
    if images == 1:
        return (sheet.pixel_aligned(room),)
    gap = _DIVIDER_PX / _DPI * MM_PER_INCH
    width, height = (room.width - gap) / 2, (room.height - gap) / 2
    beside = (
        Rect(x=room.x, y=room.y, width=width, height=room.height),
        Rect(x=room.right - width, y=room.y, width=width, height=room.height),
    )
    stacked = (
        Rect(x=room.x, y=room.top - height, width=room.width, height=height),
        Rect(x=room.x, y=room.y, width=room.width, height=height),
    )

    def scale(parts: tuple[Rect, ...]) -> float:
        ground = max(bounds[2] - bounds[0], 1e-12), max(bounds[3] - bounds[1], 1e-12)
        return min(parts[0].width / ground[0], parts[0].height / ground[1])

    best = max((beside, stacked), key=scale)
    return tuple(sheet.pixel_aligned(part) for part in best)


def _shared_crop(content: Content, survey: Survey, shape: tuple[int, int]) -> Crop:
    """The crop that all dates share: imaged on every one of them."""
    places = []
    forward = to_map(str(survey.grid.crs))
    for site in content.sites:
        if site.geometry is not None:
            point = site.geometry.representative_point()
            places.append(forward.transform(point.x, point.y))
    pixel = max(image.gsd_m for image in press_dates(content))
    return choose_crop(survey.imaged, survey.grid, shape, pixel=pixel, places=tuple(places))
