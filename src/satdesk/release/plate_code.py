"""The address of a release's page as a QR code (ISO/IEC 18004), where the recipe states one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import segno
from numpy.typing import NDArray

from satdesk.errors import UsageError
from satdesk.release.language import Language
from satdesk.release.plate_sheet import MM_PER_INCH, Rect, Sheet
from satdesk.release.setting import Setting
from satdesk.release.typography import Face, wrap

__all__ = ["MOST_BYTES", "Code", "code_modules"]

MOST_BYTES = 106
"""Of an address: version 6 at level M. A longer one would be too fine to be read from a card."""
_QUIET = 4
"""Modules that must stay light around the code (ISO/IEC 18004, 9.1); any paper that a style may
have is light."""
_MODULE_MM = 0.45
_BODY = Face(size_pt=6.0)
_ADDRESS = Face(size_pt=5.4)
_LEAST_WORDS = 16.0


def code_modules(address: str) -> NDArray[np.bool_]:
    """``(y, x)``, True = dark; without the border of four light modules that the standard wants.

    Raises:
        UsageError: The address is too long.
    """
    if len(address.encode("utf-8")) > MOST_BYTES:
        raise UsageError(
            "the page's address is too long for a code on plates",
            found=f"{len(address.encode())} bytes: {address}",
            expected=f"at most {MOST_BYTES} with index.html",
            remedy="state a shorter release.address",
        )
    code = segno.make_qr(address, error="m", boost_error=False)
    rows = [list(row) for row in code.matrix]
    return np.asarray(np.array(rows, dtype=np.uint8) == 1, dtype=np.bool_)


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A block of the margin: the code, beside it what it leads to and the address in letters.

    Attributes:
        address: Of the page.
        words: Language of the sheet.
        setting: Its type.
        dpi: Of the sheet's picture: a module is a whole number of its pixels.
        lettered: Whether there is room for words at all.
    """

    address: str
    words: Language
    setting: Setting
    dpi: int
    lettered: bool = True

    def height(self, width: float, factor: float) -> float:
        """See `Block`."""
        lines = sum(len(part) * face.leading_mm for part, face in self._lines(width, factor))
        return max(self._side + self._quiet / 2, lines) + 0.3

    def least(self, width: float, factor: float) -> float:
        """See `Block`."""
        return self.height(width, factor)

    def draw(self, sheet: Sheet, rect: Rect, factor: float) -> None:
        """See `Block`."""
        unit, side = MM_PER_INCH / self.dpi, self._side
        indent = side + self._quiet
        low = rect.top - side - 0.3
        at = sheet.facing(Rect(x=rect.x, y=low, width=side, height=side), rect)
        # On whole pixels: a module that is cut between two pixels is grey.
        x, y = round(at.x / unit) * unit, round(at.y / unit) * unit
        modules = code_modules(self.address)
        grey = np.where(np.kron(modules, np.ones((self._pixels, self._pixels), bool)), 0, 255)
        picture = np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
        sheet.image(picture, Rect(x=x, y=y, width=side, height=side), order=6)
        colors = (sheet.setting.palette.ink, sheet.setting.palette.quiet)
        top = rect.top
        for (part, face), color in zip(self._lines(rect.width, factor), colors, strict=True):
            for line in part:
                top -= face.leading_mm
                sheet.begin(rect, top + face.descent_mm, line, face, color=color, indent=indent)

    @property
    def _pixels(self) -> int:
        """Pixels along a module."""
        return max(3, round(_MODULE_MM * self.setting.scale * self.dpi / MM_PER_INCH))

    @property
    def _side(self) -> float:
        return len(code_modules(self.address)) * self._pixels * MM_PER_INCH / self.dpi

    @property
    def _quiet(self) -> float:
        return _QUIET * self._pixels * MM_PER_INCH / self.dpi + 0.2

    def _lines(self, width: float, factor: float) -> tuple[tuple[tuple[str, ...], Face], ...]:
        """What it leads to, and the address, with their faces; nothing where there is no room."""
        body, fine = (self.setting.face(face).scaled(factor) for face in (_BODY, _ADDRESS))
        room = width - self._side - self._quiet
        if not self.lettered or room < _LEAST_WORDS:
            return ((), body), ((), fine)
        said = wrap(self.words.say("code"), body, room, 4)
        return (said, body), (wrap(self.address, fine, room, 4), fine)
