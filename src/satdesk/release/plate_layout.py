"""Where things stand on a sheet: of the ways that a size allows, the one with the largest map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from satdesk.release.direction import LTR, RTL
from satdesk.release.plate_format import A4, PlateFormat
from satdesk.release.plate_sheet import MM_PER_INCH, Rect, Sheet
from satdesk.release.setting import Setting

__all__ = ["Layout", "choose_layout", "make_sheet"]

_FOOTER = 6.0
_TICKS = 4.6
"""Room around a map for the labels of its graticule; both in the type size of A4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The parts of a sheet, in millimetres.

    Attributes:
        form: Its size by name and rules.
        size: Width and height of the sheet.
        header: Title, names, dates.
        maps: One frame for each picture.
        columns: Where the facts flow.
        footer: One line.
    """

    form: PlateFormat
    size: tuple[float, float]
    header: Rect
    maps: tuple[Rect, ...]
    columns: tuple[Rect, ...]
    footer: Rect


@dataclass(frozen=True, slots=True)
class _Way:
    """One way of using a sheet: how it stands, and how two maps lie."""

    form: PlateFormat
    width: float
    height: float
    margin: float
    maps: int
    beside: bool

    @property
    def inner(self) -> float:
        return self.width - 2 * self.margin

    @property
    def footer(self) -> Rect:
        high = _FOOTER * self.form.scale
        low = self.margin - high / 2 if self.form.paper else max(self.margin - high, 1.5)
        return Rect(x=self.margin, y=low, width=self.inner, height=high)


def choose_layout(
    bounds: tuple[float, float, float, float],
    *,
    maps: int,
    header: Callable[[float], float],
    direction: str = LTR,
    form: PlateFormat = A4,
    margin_mm: float | None = None,
) -> Layout:
    """The layout in which ground of `bounds` (any unit) is drawn largest; the first one at a draw.

    `header` tells the height that the header needs in a given width, in millimetres. Where lines
    run from right to left, so does the sheet: the first map stands on the right. `margin_mm` is
    what a house style wants on A4; other sizes follow in proportion.
    """
    width = max(bounds[2] - bounds[0], 1e-12)
    height = max(bounds[3] - bounds[1], 1e-12)
    candidates = [_made(way, header) for way in _ways(form, maps, margin_mm)]

    def scale(layout: Layout) -> float:
        frame = layout.maps[0]
        return min(frame.width / width, frame.height / height)

    best = max(candidates, key=scale)
    return _mirrored(best) if direction == RTL else best


def make_sheet(layout: Layout, direction: str = LTR, setting: Setting | None = None) -> Sheet:
    """An empty sheet for `layout`, in whole pixels."""
    dpi = layout.form.dpi
    width, height = (round(side / MM_PER_INCH * dpi) for side in layout.size)
    set_in = Setting(scale=layout.form.scale) if setting is None else setting
    return Sheet(pixels=(width, height), dpi=dpi, direction=direction, setting=set_in)


def _ways(form: PlateFormat, maps: int, margin_mm: float | None) -> list[_Way]:
    margin = form.margin if margin_mm is None else form.margin * margin_mm / A4.margin
    sizes = (form.size, form.size[::-1]) if form.paper else (form.size,)
    lying = (True, False) if maps > 1 else (True,)
    return [_Way(form, *size, margin, maps, beside) for beside in lying for size in sizes]


def _made(way: _Way, head: Callable[[float], float]) -> Layout:
    if way.form.card and way.form.side_columns:
        return _beside_card(way, head)
    upright = way.height > way.width or not way.form.side_columns
    return (_below if upright else _beside)(way, head)


def _mirrored(layout: Layout) -> Layout:
    whole = Rect(x=0, y=0, width=layout.size[0], height=layout.size[1])
    return replace(
        layout,
        header=layout.header.mirrored(whole),
        maps=tuple(rect.mirrored(whole) for rect in layout.maps),
        columns=tuple(rect.mirrored(whole) for rect in layout.columns),
    )


def _beside(way: _Way, head: Callable[[float], float]) -> Layout:
    """Words in columns beside the map, the header above both."""
    form = way.form
    header, body = _bands(way, head)
    words = form.side_columns * form.side + (form.side_columns - 1) * form.gutter
    left = body.right - words
    columns = tuple(
        Rect(
            x=left + i * (form.side + form.gutter),
            y=body.y,
            width=form.side,
            height=body.height - _TICKS * form.scale,
        )
        for i in range(form.side_columns)
    )
    room = Rect(x=body.x, y=body.y, width=left - form.gutter - body.x, height=body.height)
    return _layout(way, header, room, columns)


def _below(way: _Way, head: Callable[[float], float]) -> Layout:
    """Words in columns below the map."""
    form = way.form
    header, body = _bands(way, head)
    gap = 3.0
    room = replace(body, y=body.y + form.band + gap, height=body.height - form.band - gap)
    width = (body.width - (form.band_columns - 1) * form.gutter) / form.band_columns
    columns = tuple(
        Rect(x=body.x + i * (width + form.gutter), y=body.y, width=width, height=form.band)
        for i in range(form.band_columns)
    )
    return _layout(way, header, room, columns)


def _beside_card(way: _Way, head: Callable[[float], float]) -> Layout:
    """On a low card the header stands above the words, and the map takes the whole height."""
    form, low = way.form, way.footer.top + 1
    high = way.height - way.margin - low
    left = way.width - way.margin - form.side
    need = head(form.side)
    header = Rect(x=left, y=low + high - need, width=form.side, height=need)
    column = Rect(x=left, y=low, width=form.side, height=high - need - 2)
    room = Rect(x=way.margin, y=low, width=left - form.gutter - way.margin, height=high)
    return _layout(way, header, room, (column,))


def _layout(way: _Way, header: Rect, room: Rect, columns: tuple[Rect, ...]) -> Layout:
    return Layout(
        form=way.form,
        size=(way.width, way.height),
        header=header,
        maps=_split(room, way.maps, beside=way.beside, ticks=_TICKS * way.form.scale),
        columns=columns,
        footer=way.footer,
    )


def _bands(way: _Way, head: Callable[[float], float]) -> tuple[Rect, Rect]:
    need = head(way.inner)
    high = way.height - way.margin - need
    header = Rect(x=way.margin, y=high, width=way.inner, height=need)
    low = way.footer.top + 2
    body = Rect(x=way.margin, y=low, width=way.inner, height=header.y - 1 - low)
    return header, body


def _split(room: Rect, maps: int, *, beside: bool, ticks: float) -> tuple[Rect, ...]:
    """`room` in equal parts, each with room for the labels around its map."""
    if beside:
        gap = ticks
        width = (room.width - gap * (maps - 1)) / maps
        parts = [
            Rect(x=room.x + i * (width + gap), y=room.y, width=width, height=room.height)
            for i in range(maps)
        ]
    else:
        gap = 1.5
        height = (room.height - gap * (maps - 1)) / maps
        parts = [
            Rect(x=room.x, y=room.top - (i + 1) * height - i * gap, width=room.width, height=height)
            for i in range(maps)
        ]
    return tuple(_within_labels(part, ticks) for part in parts)


def _within_labels(part: Rect, ticks: float) -> Rect:
    """The map's frame, flush with the text on the left, where its labels hang into the margin."""
    return Rect(
        x=part.x, y=part.y + ticks, width=part.width - ticks, height=part.height - 2 * ticks
    )
