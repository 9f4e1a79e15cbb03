"""Scale bar and north arrow as they are drawn on plates and press images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from shapely.geometry import Polygon

from satdesk.release.furniture import length_label, scale_bar, true_north_deg
from satdesk.release.language import Language
from satdesk.release.plate_map import INK, MapFrame
from satdesk.release.plate_sheet import Rect, Sheet
from satdesk.release.typography import Face, measure
from satdesk.release.wording import Phrase, Words

__all__ = ["ScaleAndNorth", "draw_furniture", "draw_north", "draw_scale_bar"]

_FACE = Face(size_pt=6.4)
_CLEAR_MM = 2.0
"""Between the plate of the scale bar and the middle of a marker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleAndNorth:
    """A block of the margin: scale bar, the ratio on paper, and an arrow to true north.

    Attributes:
        frame: The map.
        words: Language of the sheet.
        scale: Of its type.
        paper: Name of the paper on which the ratio holds; None for a screen, where none does.
    """

    frame: MapFrame
    words: Language
    scale: float
    paper: str | None

    def height(self, width: float, factor: float) -> float:  # noqa: ARG002 - the block's contract
        """See `Block`."""
        return (10.6 if self.paper is None else 13.2) * self.scale

    def least(self, width: float, factor: float) -> float:
        """See `Block`."""
        return self.height(width, factor)

    def draw(self, sheet: Sheet, rect: Rect, factor: float) -> None:  # noqa: ARG002 - as above
        """See `Block`."""
        face, palette = sheet.setting.face(_FACE), sheet.setting.palette
        longest = (rect.width - 16 * self.scale) / self.frame.mm_per_unit
        bar_top = rect.top - 5.0 * self.scale
        bar = draw_scale_bar(
            sheet, self.frame, (rect.x, bar_top), longest, face, palette.ink, palette.paper
        )
        if self.paper is not None:
            ratio = f"1 : {_rounded(self.frame.scale_denominator):,}".replace(",", "\u202f")
            shown = Phrase(self.words.show(Words(ratio)))
            said = self.words.say("scale_on_paper", ratio=shown, paper=Words(self.paper))
            sheet.text((rect.x, bar.y - 1.1 * face.leading_mm), said, face, color=palette.quiet)
        at = (rect.right - 4.5, rect.top - 6.4 * self.scale)
        turn = true_north_deg(self.frame.grid)
        draw_north(sheet, at, turn, face, palette.ink, palette.paper)


def draw_furniture(
    sheet: Sheet,
    frame: MapFrame,
    face: Face,
    *,
    size: float = 1.0,
    markers: Sequence[tuple[float, float]] = (),
    left: bool = False,
) -> Rect:
    """Scale bar and north arrow on one light plate in a corner of the map.

    It stands in the lower right corner unless that lies on one of `markers` (millimetres) and
    another does not: the upper right and, where `left` allows it, the lower left one. `size` 1 is
    that of press images; cards have less room.
    """
    bar = scale_bar(frame.grid, min(34.0 * size, frame.rect.width * 0.3) / frame.mm_per_unit)
    bar_mm = bar.map_units * frame.mm_per_unit
    gap, high = 3 * size, 14 * size
    width = bar_mm + measure(length_label(bar.metres), face) / 2 + 15 * size
    rect = _corner(frame.rect.inset(gap), (width, high), markers, left=left)
    sheet.box(rect, fill="#ffffff", alpha=0.88, order=5)
    longest = (bar_mm + 1e-6) / frame.mm_per_unit
    low = rect.y + max(5.6 * size, 2.2)
    draw_scale_bar(sheet, frame, (rect.x + 3 * size, low), longest, face)
    at = (rect.right - 5.2 * size, rect.y + 5.6 * size)
    draw_north(sheet, at, true_north_deg(frame.grid), face, size=size)
    return rect


def _corner(
    room: Rect, size: tuple[float, float], markers: Sequence[tuple[float, float]], *, left: bool
) -> Rect:
    """The first corner of `room` that lies on the fewest markers."""
    width, height = size
    low, high = room.y, room.top - height
    ways = [
        (room.right - width, low),
        *([(room.x, low)] if left else []),
        (room.right - width, high),
    ]
    corners = [Rect(x=x, y=y, width=width, height=height) for x, y in ways]

    def hidden(corner: Rect) -> int:
        wide = corner.inset(-_CLEAR_MM)
        return sum(wide.holds(Rect(x=x, y=y, width=0, height=0)) for x, y in markers)

    return min(corners, key=hidden)


def draw_scale_bar(
    sheet: Sheet, frame: MapFrame, at: tuple[float, float], longest_units: float, face: Face,
    ink: str = INK, ground: str = "#ffffff",
) -> Rect:  # fmt: skip
    """The bar with its lower left corner at `at` less its height; returns the bar's rectangle."""
    bar = scale_bar(frame.grid, longest_units)
    width = bar.map_units * frame.mm_per_unit
    part = width / bar.divisions
    thick = 1.3
    rect = Rect(x=at[0], y=at[1] - thick, width=width, height=thick)
    for i in range(bar.divisions):
        cell = Rect(x=at[0] + i * part, y=rect.y, width=part, height=thick)
        sheet.box(cell, fill=ink if i % 2 == 0 else ground, edge=ink, width_pt=0.5, order=6)
    sheet.text((rect.x, rect.top + 1.1), "0", face, color=ink)
    end = length_label(bar.metres)
    sheet.text((rect.right, rect.top + 1.1), end, face, color=ink, align="center")
    return rect


def draw_north(
    sheet: Sheet, center: tuple[float, float], direction_deg: float, face: Face, ink: str = INK,
    ground: str = "#ffffff",
    size: float = 1.0,
) -> None:  # fmt: skip
    """An arrow to true north, turned by `direction_deg` clockwise, an N at its tip."""
    turn = math.radians(direction_deg)

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            center[0] + size * (x * math.cos(turn) + y * math.sin(turn)),
            center[1] + size * (y * math.cos(turn) - x * math.sin(turn)),
        )

    tip, tail, left, right = place(0, 4.2), place(0, -2.4), place(-2.1, -4.2), place(2.1, -4.2)
    sheet.shape(Polygon([tip, tail, left]), fill=ink, edge=ink, width_pt=0.5, order=6)
    sheet.shape(Polygon([tip, tail, right]), fill=ground, edge=ink, width_pt=0.5, order=6)
    letter = place(0, 6.0)
    low = letter[1] - face.cap_mm / 2
    strong = Face(size_pt=face.size_pt, bold=True, family=face.family)
    sheet.text((letter[0], low), "N", strong, color=ink, align="center")


def _rounded(value: float) -> int:
    """Three significant figures: a ratio on paper is not truer than that."""
    digits = max(len(str(int(value))) - 3, 0)
    return round(int(value), -digits)
