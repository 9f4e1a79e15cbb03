"""How well text stands out from its ground, after the Web Content Accessibility Guidelines 2.2."""

from __future__ import annotations

import re

from satdesk.errors import UsageError

__all__ = ["LEAST_FOR_SIGNS", "LEAST_FOR_TEXT", "contrast", "rgb"]

LEAST_FOR_TEXT = 4.5
"""Success criterion 1.4.3, level AA, text below 18 points."""
LEAST_FOR_SIGNS = 3.0
"""Success criterion 1.4.11, level AA: lines and signs that must be seen."""

_HEX = re.compile(r"#[0-9a-fA-F]{6}")


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue, 0–255, of ``#rrggbb``.

    Raises:
        UsageError: It is written otherwise.
    """
    if not _HEX.fullmatch(colour):
        raise UsageError("this is no colour", found=repr(colour), expected="#rrggbb")
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21, in either order."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour (WCAG 2.2, definition)."""
    red, green, blue = (_linear(channel / 255) for channel in rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return float(value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)
