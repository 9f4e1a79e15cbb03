"""The blocks of a plate's margin, and how they flow through its columns.

A block knows its height for a width and a factor of size, and draws itself into a rectangle.
`flow` tries the factors from large to small until all blocks fit; if none does, the notes, which
come last, end with a reference to ``release.json``, which holds them in full. What notes must keep
goes before the insets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from shapely.geometry import LineString, Point, Polygon

from satdesk.errors import UsageError
from satdesk.release.language import Language
from satdesk.release.plate_map import INK, draw_boundary, draw_marker
from satdesk.release.plate_sheet import Rect, Sheet
from satdesk.release.setting import Setting
from satdesk.release.typography import Face, fit_line, wrap

__all__ = ["Block", "Facts", "Legend", "Notes", "Row", "flow"]

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

    def least(self, width: float, factor: float) -> float:
        """Height below which it cannot be drawn; less than `height` where it can be cut short."""

    def draw(self, sheet: Sheet, rect: Rect, factor: float) -> None:
        """Draw it, beginning at the top of `rect`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A heading and rows of label and value, values in one aligned column.

    Attributes:
        heading: What they are about.
        words: Language of the sheet.
        setting: Its type.
        rows: Labels and values.
        keep: How many rows must not be cut off as long as anything else can give way.
        most_lines: Of a value; what is longer ends in an ellipsis.
    """

    heading: str
    words: Language
    setting: Setting
    rows: tuple[tuple[str, str], ...]
    keep: int = 0
    most_lines: int = 4

    def height(self, width: float, factor: float) -> float:
        """See `Block`."""
        lines = sum(len(lines) for _, lines in self._set(width, factor))
        return (
            _heading_mm(self.setting, factor)
            + lines * self.setting.face(_BODY).scaled(factor).leading_mm
            + 0.5 * len(self.rows)
        )

    def least(self, width: float, factor: float) -> float:
        """See `Block`."""
        first = replace(self, rows=self.rows[: self.keep], keep=0) if self.keep else None
        kept = 0.0 if first is None else first.height(width, factor) + 1.2 * self._line(factor)
        return min(self.height(width, factor), max(_least(self.setting, factor), kept))

    def draw(self, sheet: Sheet, rect: Rect, factor: float) -> None:
        """See `Block`."""
        y = _draw_heading(sheet, rect, self.heading, factor)
        face = self.setting.face(_BODY).scaled(factor)
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
                sheet.begin(
                    rect, y, self.words.say("continued"), face, color=sheet.setting.palette.quiet
                )
                return
            if label:
                sheet.begin(rect, y, label, face, color=sheet.setting.palette.quiet)
            sheet.begin(rect, y, line, face, color=sheet.setting.palette.ink, indent=indent)

    def _line(self, factor: float) -> float:
        return self.setting.face(_BODY).scaled(factor).leading_mm

    def _indent(self, width: float) -> float:
        return min(19.0 * self.setting.scale, width * 0.32)

    def _set(self, width: float, factor: float) -> list[tuple[str, tuple[str, ...]]]:
        room = width - self._indent(width)
        return [
            (k, wrap(v, self.setting.face(_BODY).scaled(factor), room, self.most_lines))
            for k, v in self.rows
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """A heading and paragraphs in small type; may be cut short, visibly.

    Attributes:
        heading: What they are.
        words: Language of the sheet.
        setting: Its type.
        paragraphs: The most important first.
        keep: How many paragraphs must not be cut off as long as anything else can give way.
    """

    heading: str
    words: Language
    setting: Setting
    paragraphs: tuple[str, ...]
    keep: int = 0

    def height(self, width: float, factor: float) -> float:
        """See `Block`."""
        face = self.setting.face(_SMALL).scaled(factor)
        lines = sum(len(wrap(text, face, width)) for text in self.paragraphs)
        return (
            _heading_mm(self.setting, factor) + lines * face.leading_mm + 0.9 * len(self.paragraphs)
        )

    def least(self, width: float, factor: float) -> float:
        """See `Block`."""
        kept = replace(self, paragraphs=self.paragraphs[: self.keep], keep=0)
        line = self.setting.face(_SMALL).scaled(factor).leading_mm
        need = kept.height(width, factor) + 1.2 * line if self.keep else 0.0
        return min(self.height(width, factor), max(_least(self.setting, factor), need))

    def draw(self, sheet: Sheet, rect: Rect, factor: float) -> None:
        """See `Block`; stops where `rect` ends."""
        y = _draw_heading(sheet, rect, self.heading, factor)
        face = self.setting.face(_SMALL).scaled(factor)
        cut = self.height(rect.width, factor) > rect.height + 0.01
        for text in self.paragraphs:
            for line in wrap(text, face, rect.width):
                y -= face.leading_mm
                if cut and y - face.leading_mm < rect.y:
                    sheet.begin(
                        rect,
                        y,
                        self.words.say("continued"),
                        face,
                        color=sheet.setting.palette.quiet,
                    )
                    return
                sheet.begin(rect, y, line, face, color=sheet.setting.palette.ink)
            y -= 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """What the signs mean, and the names of sites that had no room on the map."""

    contested: bool
    sites: bool
    circles: bool
    hatched: bool
    words: Language
    setting: Setting
    numbered: tuple[tuple[int, str], ...] = ()

    def height(self, width: float, factor: float) -> float:
        """See `Block`."""
        face = self.setting.face(_BODY).scaled(factor)
        return (
            _heading_mm(self.setting, factor)
            + len(self._lines(width, factor)) * face.leading_mm * 1.15
        )

    def least(self, width: float, factor: float) -> float:
        """See `Block`."""
        return min(self.height(width, factor), _least(self.setting, factor))

    def draw(self, sheet: Sheet, rect: Rect, factor: float) -> None:
        """See `Block`."""
        y = _draw_heading(sheet, rect, self.words.say("heading_legend"), factor)
        face = self.setting.face(_BODY).scaled(factor)
        for sign, text in self._lines(rect.width, factor):
            y -= face.leading_mm * 1.15
            swatch = sheet.facing(Rect(x=rect.x, y=y - 0.35, width=8.5, height=2.5), rect)
            _draw_sign(sheet, swatch, sign, contested=self.contested, face=face)
            sheet.begin(rect, y, text, face, color=sheet.setting.palette.ink, indent=11)
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
            for i, line in enumerate(
                wrap(text, self.setting.face(_BODY).scaled(factor), width - 11, 2)
            ):
                lines.append((sign if i == 0 else "", line))
        return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Blocks beside each other, each with its share of the width.

    Attributes:
        blocks: From left to right.
        shares: Of the width.
        gap: Between them, millimetres.
        gives_way: It is left out rather than what `Notes` must keep; of several the last first.
    """

    blocks: tuple[Block, ...]
    shares: tuple[float, ...]
    gap: float = 3.0
    gives_way: bool = False

    def height(self, width: float, factor: float) -> float:
        """See `Block`."""
        widths = self._widths(width)
        return max(b.height(w, factor) for b, w in zip(self.blocks, widths, strict=True))

    def least(self, width: float, factor: float) -> float:
        """See `Block`."""
        widths = self._widths(width)
        return max(b.least(w, factor) for b, w in zip(self.blocks, widths, strict=True))

    @property
    def last(self) -> Block:
        """Its last block; notes stand there."""
        return self.blocks[-1]

    def draw(self, sheet: Sheet, rect: Rect, factor: float) -> None:
        """See `Block`."""
        x = rect.x
        for block, width in zip(self.blocks, self._widths(rect.width), strict=True):
            room = Rect(x=x, y=rect.y, width=width, height=rect.height)
            block.draw(sheet, sheet.facing(room, rect), factor)
            x += width + self.gap

    def _widths(self, width: float) -> list[float]:
        room = width - self.gap * (len(self.blocks) - 1)
        return [room * share / sum(self.shares) for share in self.shares]


def flow(sheet: Sheet, blocks: Sequence[Block], columns: Sequence[Rect]) -> None:
    """Draw `blocks` one below the other through `columns`, in the largest size that fits.

    Where none fits, notes are cut short down to what they must keep; then insets give way; then
    those notes; then facts, down to what they must keep; then that too.
    """
    placed = _placed(blocks, columns)
    if placed is None:
        raise UsageError(
            "the facts do not fit on the sheet", found=f"{len(blocks)} blocks", subject="plate"
        )
    factor, shown = placed
    for block, rect in shown:
        block.draw(sheet, rect, factor)


def _placed(
    blocks: Sequence[Block], columns: Sequence[Rect]
) -> tuple[float, list[tuple[Block, Rect]]] | None:
    """The factor of the type, and what is drawn where; None where nothing fits."""
    for kept, factor, shares in _tries(blocks):
        places = _places(kept, columns, factor, shares=shares)
        if places is not None:
            return factor, list(zip(kept, places, strict=True))
    return None


def _tries(
    blocks: Sequence[Block],
) -> Iterator[tuple[Sequence[Block], float, tuple[float, float]]]:
    """Blocks, factor, and what facts and notes get of their height: from the best to the least."""
    smallest = _FACTORS[-1]
    yield from ((blocks, factor, (1.0, 1.0)) for factor in _FACTORS)
    fewer = list(_fewer(blocks))
    for kept in fewer:
        yield from ((kept, smallest, shares) for shares in _SHARES if shares[0] == 1)
    loose = [replace(b, keep=0) if isinstance(b, Notes) else b for b in fewer[-1]]
    yield from ((loose, smallest, shares) for shares in _SHARES)
    given = [replace(b, keep=0) if isinstance(b, Facts) else b for b in loose]
    yield from ((given, smallest, shares) for shares in _SHARES)


def _fewer(blocks: Sequence[Block]) -> Iterator[Sequence[Block]]:
    """All blocks, then without the last that gives way, and so on."""
    yield blocks
    giving = [b for b in blocks if isinstance(b, Row) and b.gives_way]
    for left in reversed(range(len(giving))):
        gone = giving[left:]
        yield [b for b in blocks if not any(b is each for each in gone)]


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


def _least(setting: Setting, factor: float) -> float:
    """A heading and two lines."""
    return _heading_mm(setting, factor) + 2.5 * setting.face(_BODY).leading_mm


def _granted(block: Block, width: float, factor: float, shares: tuple[float, float]) -> float:
    need, least = block.height(width, factor), block.least(width, factor)
    if least >= need:
        return need
    notes = isinstance(block.last if isinstance(block, Row) else block, Notes)
    return max(need * shares[notes], least)


def _heading_mm(setting: Setting, factor: float) -> float:
    return setting.face(_HEADING).scaled(factor).leading_mm + 1.2


def _draw_heading(sheet: Sheet, rect: Rect, heading: str, factor: float) -> float:
    """Heading with a rule below it; returns where the text below begins."""
    face = sheet.setting.face(_HEADING).scaled(factor)
    accent = sheet.setting.palette.accent
    shown = fit_line(heading, face, rect.width)
    sheet.begin(rect, rect.top - face.ascent_mm, shown, face, color=accent)
    y = rect.top - _heading_mm(sheet.setting, factor) + 0.6
    sheet.line([(rect.x, y), (rect.right, y)], color=accent, width_pt=0.4)
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
