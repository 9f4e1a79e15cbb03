"""Words as stamp patterns, and stamps on pixels that are not layers (page tiles, press images)."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from satdesk.errors import UsageError
from satdesk.products.stamped import StampPattern, covers, laid_over

__all__ = ["stamp_rgba", "text_pattern"]

_CAP_HEIGHT = 0.729
"""Height of a capital of DejaVu Sans Bold in units of the font size."""
_SLANT_DEG = 30
_HEIGHTS = range(6, 513)
_LONGEST = 60


@lru_cache(maxsize=16)  # every tile of a page asks for the same one
def text_pattern(text: str, height_px: int, opacity: float = 0.6) -> StampPattern:
    """A slanted word, light with a dark edge, that repeats without a seam.

    Set in DejaVu Sans Bold as matplotlib carries it (Latin, Cyrillic, Armenian, Georgian …).

    Args:
        text: One line of at most 60 characters.
        height_px: Height of a capital letter, 6 to 512 pixels.
        opacity: 0–1.

    Raises:
        UsageError: No text, too much of it, or a height out of range.
    """
    if not text.strip() or not text.isprintable() or len(text) > _LONGEST:
        raise UsageError(
            "a stamp needs one line of text", found=repr(text), expected=f"1 to {_LONGEST} letters"
        )
    if height_px not in _HEIGHTS:
        raise UsageError(
            "a stamp's height is out of range",
            found=f"{height_px} px",
            expected=f"{_HEIGHTS.start} to {_HEIGHTS.stop - 1} px",
        )
    letters, edges = _drawn(text, height_px)
    gap = height_px
    light = np.pad(
        np.asarray(letters.rotate(_SLANT_DEG, Image.Resampling.BICUBIC, expand=True)), gap // 2
    )
    dark = np.pad(
        np.asarray(edges.rotate(_SLANT_DEG, Image.Resampling.BICUBIC, expand=True)), gap // 2
    )
    # The edge is dark beside the letters only: under them it would take their light.
    dark = (dark.astype(np.uint16) * (255 - light) // 255).astype(np.uint8)
    return StampPattern.from_arrays(text, light, dark, opacity)


def stamp_rgba(
    pixels: NDArray[np.uint8], pattern: StampPattern, *, origin: tuple[int, int] = (0, 0)
) -> NDArray[np.uint8]:
    """Lay a pattern over a picture in memory.

    Args:
        pixels: ``(y, x, 3)`` or ``(y, x, 4)``, sRGB; a fourth plane is opacity and stays as it is,
            and so does what is wholly transparent.
        pattern: What to lay over it.
        origin: ``row, col`` of the first pixel in the plane that the pattern fills: for the tiles
            of one zoom their place in that zoom, so that there are no seams.

    Returns:
        A new array of the same shape.

    Raises:
        UsageError: Another shape or type.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in {3, 4}:
        raise UsageError(
            "a stamp goes on 8-bit RGB or RGBA",
            found=f"{pixels.shape} {pixels.dtype}",
            expected="(y, x, 3) or (y, x, 4) uint8",
        )
    covered, under, over = covers(pattern, origin, pixels.shape[:2])
    stamped = pixels.copy()
    dots = stamped.reshape(-1, pixels.shape[2])
    if pixels.shape[2] == 4:
        shown = dots[covered, 3] > 0
        covered, under, over = covered[shown], under[shown], over[shown]
    dots[covered, :3] = laid_over(dots[covered, :3], under[:, None], over[:, None])
    return stamped


def _drawn(text: str, height_px: int) -> tuple[Image.Image, Image.Image]:
    """Coverage of the letters, and of the letters with their edges."""
    # The basic layout engine is the same everywhere; the other depends on a system library.
    font = ImageFont.truetype(
        str(_font_file()), round(height_px / _CAP_HEIGHT), layout_engine=ImageFont.Layout.BASIC
    )
    stroke = max(1, round(height_px / 7))
    left, top, right, bottom = font.getbbox(text, stroke_width=stroke)
    size = (int(right - left) + 2, int(bottom - top) + 2)
    at = (1 - left, 1 - top)
    letters, edges = Image.new("L", size), Image.new("L", size)
    ImageDraw.Draw(letters).text(at, text, fill=255, font=font)
    ImageDraw.Draw(edges).text(at, text, fill=255, font=font, stroke_width=stroke)
    return letters, edges


def _font_file() -> Path:
    # Found without importing matplotlib, which takes a third of a second.
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise AssertionError("matplotlib is a dependency of this package")
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans-Bold.ttf"
