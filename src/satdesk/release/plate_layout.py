"""Where things stand on a sheet of A4: the orientation that shows the district largest wins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from satdesk.release.direction import LTR, RTL
from satdesk.release.plate_sheet import MM_PER_INCH, Rect, Sheet

__all__ = ["DPI", "Layout", "choose_layout", "make_sheet"]

DPI = 200
_LONG_MM, _SHORT_MM = 297.0, 210.0
_MARGIN = 11.0
_FOOTER = 6.0
_SIDE, _GUTTER = 68.0, 8.0
_BAND = 74.0
_TICKS = 4.6
"""Room around a map for the labels of its graticule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The parts of a sheet, in millimetres.

    Attributes:
        size: Width and height of the sheet.
        header: Title, names, dates.
        maps: One frame for each picture.
        columns: Where the facts flow.
        footer: One line.
    """

    size: tuple[float, float]
    header: Rect
    maps: tuple[Rect, ...]
    columns: tuple[Rect, ...]
    footer: Rect


def choose_layout(
    bounds: tuple[float, float, float, float],
    *,
    maps: int,
    header: Callable[[float], float],
    direction: str = LTR,
) -> Layout:
    """The layout in which ground of `bounds` (any unit) is drawn largest; landscape at a draw.

    `header` tells the height that the header needs in a given width, in millimetres. Where lines
    run from right to left, so does the sheet: the first map stands on the right.
    """
    width = max(bounds[2] - bounds[0], 1e-12)
    height = max(bounds[3] - bounds[1], 1e-12)
    ways = (True, False) if maps > 1 else (True,)
    candidates = [
        make(maps, header, beside=beside) for beside in ways for make in (_landscape, _portrait)
    ]

    def scale(layout: Layout) -> float:
        frame = layout.maps[0]
        return min(frame.width / width, frame.height / height)

    best = max(candidates, key=scale)
    return _mirrored(best) if direction == RTL else best


def _mirrored(layout: Layout) -> Layout:
    whole = Rect(x=0, y=0, width=layout.size[0], height=layout.size[1])
    return replace(
        layout,
        maps=tuple(rect.mirrored(whole) for rect in layout.maps),
        columns=tuple(rect.mirrored(whole) for rect in layout.columns),
    )


def make_sheet(layout: Layout, direction: str = LTR) -> Sheet:
    """An empty sheet for `layout`, in whole pixels."""
    width, height = (round(side / MM_PER_INCH * DPI) for side in layout.size)
    return Sheet(pixels=(width, height), dpi=DPI, paper="#ffffff", direction=direction)


def _landscape(maps: int, head: Callable[[float], float], *, beside: bool) -> Layout:
    header, body, footer = _bands(_LONG_MM, _SHORT_MM, head)
    side = Rect(x=body.right - _SIDE, y=body.y, width=_SIDE, height=body.height - _TICKS)
    room = Rect(x=body.x, y=body.y, width=body.width - _SIDE - _GUTTER, height=body.height)
    return Layout(
        size=(_LONG_MM, _SHORT_MM),
        header=header,
        maps=_split(room, maps, beside=beside),
        columns=(side,),
        footer=footer,
    )


def _portrait(maps: int, head: Callable[[float], float], *, beside: bool) -> Layout:
    header, body, footer = _bands(_SHORT_MM, _LONG_MM, head)
    room = Rect(x=body.x, y=body.y + _BAND + 3, width=body.width, height=body.height - _BAND - 3)
    width = (body.width - 2 * _GUTTER) / 3
    columns = tuple(
        Rect(x=body.x + i * (width + _GUTTER), y=body.y, width=width, height=_BAND)
        for i in range(3)
    )
    return Layout(
        size=(_SHORT_MM, _LONG_MM),
        header=header,
        maps=_split(room, maps, beside=beside),
        columns=columns,
        footer=footer,
    )


def _bands(width: float, height: float, head: Callable[[float], float]) -> tuple[Rect, Rect, Rect]:
    inner = width - 2 * _MARGIN
    footer = Rect(x=_MARGIN, y=_MARGIN - 3, width=inner, height=_FOOTER)
    need = head(inner)
    header = Rect(x=_MARGIN, y=height - _MARGIN - need, width=inner, height=need)
    low = footer.top + 2
    body = Rect(x=_MARGIN, y=low, width=inner, height=header.y - 1 - low)
    return header, body, footer


def _split(room: Rect, maps: int, *, beside: bool) -> tuple[Rect, ...]:
    """`room` in equal parts, each with room for the labels around its map."""
    if beside:
        gap = 4.6
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
    return tuple(_within_labels(part) for part in parts)


def _within_labels(part: Rect) -> Rect:
    """The map's frame, flush with the text on the left, where its labels hang into the margin."""
    return Rect(
        x=part.x,
        y=part.y + _TICKS,
        width=part.width - _TICKS,
        height=part.height - 2 * _TICKS,
    )
