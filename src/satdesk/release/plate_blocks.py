"""The blocks of a plate's margin, and how they flow through its columns.

A block knows its height for a width and a factor of size, and draws itself into a rectangle.
`flow` tries the factors from large to small until all blocks fit; if none does, the notes, which
come last, end with a reference to ``release.json``, which holds them in full.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from satdesk.errors import UsageError
from satdesk.release.furniture import length_label, scale_bar, true_north_deg
from satdesk.release.language import Language
from satdesk.release.locator import Country, draw_locator
from satdesk.release.plate_map import INK, QUIET, MapFrame, draw_boundary, draw_marker
from satdesk.release.plate_sheet import Rect, Sheet
from satdesk.release.typography import Face, wrap
from satdesk.release.wording import Phrase, Words

__all__ = ["Block", "Facts", "Legend", "Locator", "Notes", "ScaleAndNorth", "flow"]

_HEADING = Face(size_pt=7.2, bold=True)
_BODY = Face(size_pt=6.8)
_SMALL = Face(size_pt=6.0)
_FACTORS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75)
_SHARES = (
    *((1.0, share / 10) for share in range(9, 0, -1)),
    *((share / 10, 0.1) for share in range(9, -1, -1)),
)
"""What facts and notes get of the height that they need, tried in this order: notes give first."""
_GAP_MM = 3.2


class Block(Protocol):
    """One block of the margin."""

    def height(self, width: float, factor: float) -> float:
        """Height in millimetres in a column of `width` with type scaled by `factor`."""

    def draw(self, sheet: Sheet, rect: Rect, factor: float) -> None:
        """Draw it, beginning at the top of `rect`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A heading and rows of label and value, values in one aligned column."""

    heading: str
    words: Language
    rows: tuple[tuple[str, str], ...]

    def height(self, width: float, factor: float) -> float:
        """See `Block`."""
        lines = sum(len(lines) for _, lines in self._set(width, factor))
        return _heading_mm(factor) + lines * _BODY.scaled(factor).leading_mm + 0.5 * len(self.rows)

    def draw(self, sheet: Sheet, rect: Rect, factor: float) -> None:
        """See `Block`."""
        y = _draw_heading(sheet, rect, self.heading, factor)
        face = _BODY.scaled(factor)
        indent = self._indent(rect.width)
        rows = [
            (label if i == 0 else "", line)
            for label, lines in self._set(rect.width, factor)
            for i, line in enumerate(lines)
        ]
        cut = self.height(rect.width, factor) > rect.height + 0.01
        for i, (label, line) in enumerate(rows):
            y -= face.leading_mm + (0.5 if label and i else 0)
            if cut and y - face.leading_mm - 0.5 < rect.y:
                sheet.begin(rect, y, self.words.say("continued"), face, color=QUIET)
                return
            if label:
                sheet.begin(rect, y, label, face, color=QUIET)
            sheet.begin(rect, y, line, face, color=INK, indent=indent)

    def _indent(self, width: float) -> float:
        return min(19.0, width * 0.32)

    def _set(self, width: float, factor: float) -> list[tuple[str, tuple[str, ...]]]:
        room = width - self._indent(width)
        return [(k, wrap(v, _BODY.scaled(factor), room, 4)) for k, v in self.rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """A heading and paragraphs in small type; may be cut short, visibly."""

    heading: str
    words: Language
    paragraphs: tuple[str, ...]

    def height(self, width: float, factor: float) -> float:
        """See `Block`."""
        face = _SMALL.scaled(factor)
        lines = sum(len(wrap(text, face, width)) for text in self.paragraphs)
        return _heading_mm(factor) + lines * face.leading_mm + 0.9 * len(self.paragraphs)

    def draw(self, sheet: Sheet, rect: Rect, factor: float) -> None:
        """See `Block`; stops where `rect` ends."""
        y = _draw_heading(sheet, rect, self.heading, factor)
        face = _SMALL.scaled(factor)
        cut = self.height(rect.width, factor) > rect.height + 0.01
        for text in self.paragraphs:
            for line in wrap(text, face, rect.width):
                y -= face.leading_mm
                if cut and y - face.leading_mm < rect.y:
                    sheet.begin(rect, y, self.words.say("continued"), face, color=QUIET)
                    return
                sheet.begin(rect, y, line, face, color=INK)
            y -= 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleAndNorth:
    """Scale bar, the scale as a ratio, and an arrow to true north."""

    frame: MapFrame
    words: Language

    def height(self, width: float, factor: float) -> float:  # noqa: ARG002 - the block's contract
        """See `Block`."""
        return 11.5

    def draw(self, sheet: Sheet, rect: Rect, factor: float) -> None:  # noqa: ARG002 - as above
        """See `Block`."""
        face = Face(size_pt=6.4)
        longest = (rect.width - 16) / self.frame.mm_per_unit
        bar_top = rect.top - 5.0
        draw_scale_bar(sheet, self.frame, (rect.x, bar_top), longest, face)
        ratio = f"1 : {_rounded(self.frame.scale_denominator):,}".replace(",", "\u202f")
        shown = Phrase(self.words.show(Words(ratio)))
        scale = self.words.say("scale_on_paper", ratio=shown)
        sheet.text((rect.x, bar_top - 5.6), scale, face, color=QUIET)
        draw_north(sheet, (rect.right - 4.5, rect.top - 6.4), true_north_deg(self.frame.grid), face)


@dataclass(frozen=True, slots=True, kw_only=True)
class Locator:
    """The locator map."""

    district: BaseGeometry
    countries: tuple[Country, ...]
    aspect: float = 1.55

    def height(self, width: float, factor: float) -> float:
        """See `Block`."""
        return width / self.aspect * (1 - 1.8 * (1 - factor))

    def draw(self, sheet: Sheet, rect: Rect, factor: float) -> None:
        """See `Block`."""
        height = self.height(rect.width, factor)
        room = Rect(x=rect.x, y=rect.top - height, width=rect.width, height=height)
        draw_locator(sheet, room, self.district, self.countries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """What the signs mean, and the names of sites that had no room on the map."""

    contested: bool
    sites: bool
    circles: bool
    hatched: bool
    words: Language
    numbered: tuple[tuple[int, str], ...] = ()

    def height(self, width: float, factor: float) -> float:
        """See `Block`."""
        face = _BODY.scaled(factor)
        return _heading_mm(factor) + len(self._lines(width, factor)) * face.leading_mm * 1.15

    def draw(self, sheet: Sheet, rect: Rect, factor: float) -> None:
        """See `Block`."""
        y = _draw_heading(sheet, rect, self.words.say("heading_legend"), factor)
        face = _BODY.scaled(factor)
        for sign, text in self._lines(rect.width, factor):
            y -= face.leading_mm * 1.15
            swatch = sheet.facing(Rect(x=rect.x, y=y - 0.35, width=8.5, height=2.5), rect)
            _draw_sign(sheet, swatch, sign, contested=self.contested, face=face)
            sheet.begin(rect, y, text, face, color=INK, indent=11)
            if y - face.leading_mm * 1.15 < rect.y - 0.01:
                return

    def _lines(self, width: float, factor: float) -> list[tuple[str, str]]:
        """``(sign, one line of text)``; further lines of an entry have no sign."""
        key = "legend_boundary_contested" if self.contested else "legend_boundary"
        entries = [("boundary", self.words.say(key))]
        entries += [("site", self.words.say("legend_site"))] if self.sites else []
        entries += [("circle", self.words.say("legend_circle"))] if self.circles else []
        entries += [("hatch", self.words.say("legend_hatched"))] if self.hatched else []
        entries += [(str(number), name) for number, name in self.numbered]
        lines = []
        for sign, text in entries:
            for i, line in enumerate(wrap(text, _BODY.scaled(factor), width - 11, 2)):
                lines.append((sign if i == 0 else "", line))
        return lines


def flow(sheet: Sheet, blocks: Sequence[Block], columns: Sequence[Rect]) -> None:
    """Draw `blocks` one below the other through `columns`, in the largest size that fits."""
    for factor in _FACTORS:
        places = _places(blocks, columns, factor, shares=(1.0, 1.0))
        if places is not None:
            break
    else:  # too much for the sheet: the texts give up some of their height, and say so
        tries = (_places(blocks, columns, factor, shares=shares) for shares in _SHARES)
        places = next((found for found in tries if found is not None), None)
    if places is None:
        raise UsageError(
            "the facts do not fit on the sheet", found=f"{len(blocks)} blocks", subject="plate"
        )
    for block, rect in zip(blocks, places, strict=True):
        block.draw(sheet, rect, factor)


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
    sheet: Sheet, center: tuple[float, float], direction_deg: float, face: Face, ink: str = INK
) -> None:
    """An arrow to true north, turned by `direction_deg` clockwise, an N at its tip."""
    turn = math.radians(direction_deg)

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            center[0] + x * math.cos(turn) + y * math.sin(turn),
            center[1] - x * math.sin(turn) + y * math.cos(turn),
        )

    tip, tail, left, right = place(0, 4.2), place(0, -2.4), place(-2.1, -4.2), place(2.1, -4.2)
    sheet.shape(Polygon([tip, tail, left]), fill=ink, edge=ink, width_pt=0.5, order=6)
    sheet.shape(Polygon([tip, tail, right]), fill="#ffffff", edge=ink, width_pt=0.5, order=6)
    letter = place(0, 6.0)
    low = letter[1] - face.cap_mm / 2
    sheet.text((letter[0], low), "N", Face(size_pt=face.size_pt, bold=True), color=ink,
               align="center")  # fmt: skip


def _places(
    blocks: Sequence[Block], columns: Sequence[Rect], factor: float, *, shares: tuple[float, float]
) -> list[Rect] | None:
    """A rectangle for each block, first fit; None where they do not fit.

    `shares` is what facts and notes get of the height that they need; the last block gets all that
    is left of its column.
    """
    places: list[Rect] = []
    column, top = 0, columns[0].top
    for block in blocks:
        need = _granted(block, columns[column].width, factor, shares)
        while top - need < columns[column].y - 0.01:
            if column + 1 == len(columns):
                return None
            column, top = column + 1, columns[column + 1].top
        now = columns[column]
        low = now.y if block is blocks[-1] else top - need
        places.append(Rect(x=now.x, y=low, width=now.width, height=top - low))
        top = low - _GAP_MM * factor
    return places


def _granted(block: Block, width: float, factor: float, shares: tuple[float, float]) -> float:
    need = block.height(width, factor)
    if not isinstance(block, Facts | Legend | Notes):
        return need
    share = shares[isinstance(block, Notes)]
    return min(need, max(need * share, _heading_mm(factor) + 2.5 * _BODY.leading_mm))


def _heading_mm(factor: float) -> float:
    return _HEADING.scaled(factor).leading_mm + 1.2


def _draw_heading(sheet: Sheet, rect: Rect, heading: str, factor: float) -> float:
    """Heading with a rule below it; returns where the text below begins."""
    face = _HEADING.scaled(factor)
    sheet.begin(rect, rect.top - face.ascent_mm, heading, face, color=INK)
    y = rect.top - _heading_mm(factor) + 0.6
    sheet.line([(rect.x, y), (rect.right, y)], color=QUIET, width_pt=0.4)
    return y - 0.6


def _draw_sign(sheet: Sheet, rect: Rect, sign: str, *, contested: bool, face: Face) -> None:
    middle = rect.center
    if sign == "boundary":
        sheet.box(rect, fill="#b9b6ab")
        line = LineString([(rect.x, middle[1]), (rect.right, middle[1])])
        draw_boundary(sheet, line, rect, contested=contested)
    elif sign == "site":
        draw_marker(sheet, middle)
    elif sign == "circle":
        sheet.shape(Point(middle).buffer(1.1), edge=INK, width_pt=0.7, dashes=(2, 1.4))
    elif sign == "hatch":
        sheet.shape(
            Polygon([(rect.x, rect.y), (rect.right, rect.y), (rect.right, rect.top),
                     (rect.x, rect.top)]),
            fill="#f7f6f2", edge="#8a8f98", hatch="////", width_pt=0.4,
        )  # fmt: skip
    elif sign:
        strong = Face(size_pt=face.size_pt, bold=True)
        sheet.text((middle[0], rect.y + 0.35), sign, strong, color=INK, align="center")


def _rounded(value: float) -> int:
    """Three significant figures: a ratio on paper is not truer than that."""
    digits = max(len(str(int(value))) - 3, 0)
    return round(int(value), -digits)
