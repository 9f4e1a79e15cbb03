"""The sizes of plates: paper that turns with the district, a screen, and cards for social networks.

Each has measures of its own; none is another one enlarged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from satdesk.errors import UsageError
from satdesk.release.plate_sheet import MM_PER_INCH

__all__ = ["A4", "FORMATS", "PlateFormat", "plate_formats"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateFormat:
    """One size of a plate. Lengths in millimetres.

    Attributes:
        name: In recipes and in file names.
        title: For people.
        size: The longer and the shorter side of paper, or width and height of a screen.
        dpi: Pixels an inch of its PNG.
        paper: Whether it is printed: then it may stand upright, and there is a PDF.
        card: Whether it is so small that only the most important words stand on it.
        scale: How much larger its type is than that of A4.
        margin: Around everything.
        gutter: Between map and words.
        side: Width of each column beside the map.
        side_columns: How many there are; 0 = words stand below the map only.
        band: Height of the words below the map.
        band_columns: How many columns they have; 0 = words stand beside the map only.
    """

    name: str
    title: str
    size: tuple[float, float]
    dpi: int
    paper: bool
    card: bool = False
    scale: float = 1.0
    margin: float
    gutter: float
    side: float = 0.0
    side_columns: int = 0
    band: float = 0.0
    band_columns: int = 0


def _pixels(width: int, height: int, dpi: int) -> tuple[float, float]:
    return width / dpi * MM_PER_INCH, height / dpi * MM_PER_INCH


A4 = PlateFormat(
    name="a4", title="A4", size=(297.0, 210.0), dpi=200, paper=True, margin=11.0, gutter=8.0,
    side=68.0, side_columns=1, band=82.0, band_columns=3,
)  # fmt: skip
_A3 = PlateFormat(
    name="a3", title="A3", size=(420.0, 297.0), dpi=200, paper=True, scale=1.18, margin=14.0,
    gutter=10.0, side=88.0, side_columns=1, band=96.0, band_columns=4,
)  # fmt: skip
_SCREEN = PlateFormat(
    name="screen", title="1920 × 1080", size=_pixels(1920, 1080, 160), dpi=160, paper=False,
    margin=9.0, gutter=6.0, side=54.0, side_columns=2,
)  # fmt: skip
_WIDE = PlateFormat(
    name="social-wide", title="1200 × 630", size=_pixels(1200, 630, 200), dpi=200, paper=False,
    card=True, margin=5.0, gutter=4.0, side=72.0, side_columns=1,
)  # fmt: skip
_SQUARE = PlateFormat(
    name="social-square", title="1080 × 1080", size=_pixels(1080, 1080, 200), dpi=200, paper=False,
    card=True, margin=6.0, gutter=6.0, band=40.0, band_columns=2,
)  # fmt: skip
_TALL = PlateFormat(
    name="social-tall", title="1080 × 1350", size=_pixels(1080, 1350, 200), dpi=200, paper=False,
    card=True, margin=6.0, gutter=6.0, band=46.0, band_columns=2,
)  # fmt: skip
FORMATS = {each.name: each for each in (A4, _A3, _SCREEN, _WIDE, _SQUARE, _TALL)}
"""Every size, by its name."""


def plate_formats(names: Iterable[str]) -> tuple[PlateFormat, ...]:
    """The sizes called `names`, in their order.

    Raises:
        UsageError: There is no such size.
    """
    wanted = tuple(names)
    unknown = [name for name in wanted if name not in FORMATS]
    if unknown:
        raise UsageError(
            "plates have no such size", found=repr(unknown[0]), expected=", ".join(FORMATS)
        )
    return tuple(FORMATS[name] for name in wanted)
