"""Type: which face, how wide a line is, where it breaks. Independent of any drawing surface.

Widths come from the unhinted outlines of DejaVu Sans, which travels inside matplotlib and covers
Latin, Azerbaijani, Armenian, Cyrillic, Georgian and Arabic; no font of the machine is ever used.
A house style may bring a family of its own. Matplotlib shapes and orders what runs from right to
left (libraqm).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

import matplotlib as mpl
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.textpath import text_to_path

from satdesk.release.direction import JOINERS, isolates_kept, reopened
from satdesk.release.house_style import Family

__all__ = [
    "MISSING_GLYPH",
    "MM_PER_PT",
    "Face",
    "clean",
    "covers",
    "fit_line",
    "measure",
    "settable",
    "wrap",
]

MM_PER_PT = 25.4 / 72
MISSING_GLYPH = "▯"
"""Stands for a character that the face lacks: visibly missing instead of silently dropped."""

_FILES = {
    (False, False): "DejaVuSans.ttf",
    (True, False): "DejaVuSans-Bold.ttf",
    (False, True): "DejaVuSans-Oblique.ttf",
    (True, True): "DejaVuSans-BoldOblique.ttf",
}
_UNSEEN = frozenset(JOINERS + "\u2068\u2069")
"""Take no room and need no glyph, but decide how their neighbours are set."""
_ASCENT, _CAP, _DESCENT = 0.93, 0.729, 0.24
"""Of DejaVu Sans in ems: capitals with accents above, tails below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A face and its size in points; `family` None = DejaVu Sans."""

    size_pt: float
    bold: bool = False
    oblique: bool = False
    family: Family | None = None

    @property
    def ascent_mm(self) -> float:
        """From the baseline to the top of an accented capital."""
        reach = _ASCENT if self.family is None else max(_ASCENT, self.family.ascent)
        return reach * self.size_pt * MM_PER_PT

    @property
    def descent_mm(self) -> float:
        """From the baseline down to the lowest tail."""
        reach = _DESCENT if self.family is None else max(_DESCENT, self.family.descent)
        return reach * self.size_pt * MM_PER_PT

    @property
    def cap_mm(self) -> float:
        """Height of a capital."""
        reach = _CAP if self.family is None else self.family.cap
        return reach * self.size_pt * MM_PER_PT

    @property
    def leading_mm(self) -> float:
        """From one baseline to the next."""
        return 1.28 * self.size_pt * MM_PER_PT

    def scaled(self, factor: float) -> Face:
        """The same face in another size."""
        return replace(self, size_pt=self.size_pt * factor)

    def properties(self, text: str) -> FontProperties:
        """Matplotlib's description of what sets `text`; by file, so that nothing else is picked."""
        return FontProperties(fname=self._file(text), size=self.size_pt)

    def _file(self, text: str) -> Path:
        family = self.family
        if family is None or self.oblique:
            return _path(self.bold, self.oblique)
        if not (covers(family.regular, text) and covers(family.bold, text)):
            return _path(self.bold, False)
        return family.bold if self.bold else family.regular


def clean(text: str) -> str:
    """`text` as it can be set: one line, no control characters, missing characters made visible.

    Direction overrides go as well: a name must not be able to turn around what stands beside it.
    Isolates stay where each of them is closed.
    """
    known = _covered()
    spaced = isolates_kept(text)
    kept = (" " if unicodedata.category(c) in {"Cc", "Zl", "Zp", "Zs"} else c for c in spaced)
    visible = [
        c for c in kept if c in _UNSEEN or unicodedata.category(c) not in {"Cf", "Cs", "Co", "Cn"}
    ]
    shown = (c if c in _UNSEEN or ord(c) in known else MISSING_GLYPH for c in visible)
    return " ".join("".join(shown).split())


def settable(text: str) -> bool:
    """Whether the faces have every character of `text`, so that no placeholder would be shown."""
    return MISSING_GLYPH not in clean(text) or MISSING_GLYPH in text


def covers(path: Path, text: str) -> bool:
    """Whether the font file has every character of `text` that is seen."""
    return all(c in _UNSEEN or ord(c) in _characters(path) for c in text)


@lru_cache(maxsize=8192)
def measure(text: str, face: Face) -> float:
    """Width of `text` in millimetres."""
    face_of_text = face.properties(text)
    width, _, _ = text_to_path.get_text_width_height_descent(text, face_of_text, ismath=False)
    return float(width) * MM_PER_PT


def wrap(text: str, face: Face, width_mm: float, max_lines: int | None = None) -> tuple[str, ...]:
    """Break `text` into lines of at most `width_mm`; words that are too long break inside.

    Where `max_lines` does not hold it, the last line ends in an ellipsis.
    """
    lines: list[str] = []
    line = ""
    for word in _pieces(clean(text), face, width_mm):
        longer = f"{line} {word}" if line else word
        if measure(longer, face) <= width_mm:
            line = longer
        else:
            lines.append(line)
            line = word
            if max_lines is not None and len(lines) >= max_lines:
                break
    lines = [entry for entry in (*lines, line) if entry]
    if max_lines is None or len(lines) <= max_lines:
        return reopened(lines)
    last = _shortened(f"{lines[max_lines - 1]} …", face, width_mm)
    return reopened((*lines[: max_lines - 1], last))


def fit_line(text: str, face: Face, width_mm: float) -> str:
    """`text` on one line of `width_mm`, its end replaced by an ellipsis where it is longer."""
    return reopened([_shortened(clean(text), face, width_mm)])[0]


def _shortened(line: str, face: Face, width_mm: float) -> str:
    if measure(line, face) <= width_mm:
        return line
    line = line.removesuffix("…").rstrip()
    short, long = 0, len(line)
    while short < long:
        middle = (short + long + 1) // 2
        if measure(line[:middle].rstrip() + "…", face) <= width_mm:
            short = middle
        else:
            long = middle - 1
    return line[:short].rstrip() + "…"


def _pieces(text: str, face: Face, width_mm: float) -> list[str]:
    """The words of `text`, each cut so that it fits."""
    pieces = []
    for given in text.split(" "):
        word = given
        while len(word) > 1 and measure(word, face) > width_mm:
            cut = len(fit_line(word, face, width_mm)) - 1
            pieces.append(word[: max(cut, 1)])
            word = word[max(cut, 1) :]
        pieces.append(word)
    return pieces


def _path(bold: bool, oblique: bool) -> Path:  # noqa: FBT001 - the two keys of a table
    return Path(mpl.get_data_path()) / "fonts" / "ttf" / _FILES[bold, oblique]


@cache
def _covered() -> frozenset[int]:
    """Code points that the regular and the bold face both have."""
    return _characters(_path(False, False)) & _characters(_path(True, False))


@cache
def _characters(path: Path) -> frozenset[int]:
    return frozenset(FT2Font(str(path)).get_charmap())
