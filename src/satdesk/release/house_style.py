"""The house style of a publisher: colours, type, logo, margins. It decides how, never what is said.

No style can take away a mark, a statement on accuracy or cloud, a credit line or a date: there is
nothing here by which it could be asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from satdesk.errors import UsageError
from satdesk.release.contrast import LEAST_FOR_SIGNS, LEAST_FOR_TEXT, contrast, rgb

__all__ = ["ALARM", "STRIP_ALARM", "Family", "HouseStyle", "Logo", "Palette"]

ALARM = "#b3261e"
"""DRAFT and SIMULATED on paper. No style changes it; paper that hides it is refused."""
STRIP_ALARM = "#ffb4a9"
"""The same on the strip of a press image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours as ``#rrggbb``.

    Attributes:
        paper: The ground of a plate.
        ink: Its text.
        quiet: Labels, degrees, what is said in small type.
        accent: Headings and the rules below them.
        strip: The ground of the strip on a press image.
        strip_ink: Its text.
        strip_quiet: Its smaller text.

    Raises:
        UsageError: Something is no colour, or its contrast is below WCAG's level AA.
    """

    paper: str = "#ffffff"
    ink: str = "#1b1d20"
    quiet: str = "#5b6068"
    accent: str = "#1b1d20"
    strip: str = "#15171a"
    strip_ink: str = "#ffffff"
    strip_quiet: str = "#c9ccd1"

    def __post_init__(self) -> None:
        for field in fields(self):
            rgb(getattr(self, field.name))
        for what, colour, ground, least in self._pairs():
            found = contrast(colour, ground)
            if found < least:
                raise UsageError(
                    f"{what} cannot be told from its ground",
                    found=f"contrast {found:.2f} : 1 of {colour} on {ground}",
                    expected=f"at least {least:g} : 1 (WCAG 2.2, level AA)",
                    remedy="choose a darker or a lighter colour",
                )

    def _pairs(self) -> Iterator[tuple[str, str, str, float]]:
        """``what, colour, ground, least contrast`` of everything that must be read."""
        for name in ("ink", "quiet", "accent"):
            yield f"colours.{name}", getattr(self, name), self.paper, LEAST_FOR_TEXT
        for name in ("strip_ink", "strip_quiet"):
            yield f"colours.{name}", getattr(self, name), self.strip, LEAST_FOR_TEXT
        yield "the mark DRAFT or SIMULATED on colours.paper", ALARM, self.paper, LEAST_FOR_TEXT
        yield (
            "the mark DRAFT or SIMULATED on colours.strip",
            STRIP_ALARM,
            self.strip,
            LEAST_FOR_TEXT,
        )
        yield "the boundary's casing in the legend", "#1b1d20", self.paper, LEAST_FOR_SIGNS


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """The publisher's logo, decoded already.

    Attributes:
        png: As PNG, RGBA.
        size_px: Width and height.
        width_mm: On A4; larger sheets scale it with their type.
        clear_mm: What stays free around it.
        place: ``header`` or ``footer``.
        alt: What it shows, for readers who do not see it.
    """

    png: bytes
    size_px: tuple[int, int]
    width_mm: float
    clear_mm: float
    place: str
    alt: str

    @property
    def height_mm(self) -> float:
        """On A4."""
        return self.width_mm * self.size_px[1] / self.size_px[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A typeface of a publisher: its files, and how far its letters reach, in ems.

    A line with a character that either file lacks is set in DejaVu Sans as a whole.
    """

    regular: Path
    bold: Path
    ascent: float
    cap: float
    descent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseStyle:
    """A checked style.

    Attributes:
        palette: Colours.
        family: Typeface; None = DejaVu Sans. What it cannot set is set in DejaVu Sans.
        logo: None = none.
        credit: The sentence around a credit line, ``{credit}`` in it; None = the language's own.
        margin_mm: Of a sheet of A4; None = ours.
        files: What it was read from, sorted.
    """

    palette: Palette = Palette()
    family: Family | None = None
    logo: Logo | None = None
    credit: str | None = None
    margin_mm: float | None = None
    files: tuple[Path, ...] = ()
