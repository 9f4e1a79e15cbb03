"""How one sheet is set by a house style: its type, how large, its colours, its credit sentence."""

from __future__ import annotations

from dataclasses import dataclass, replace

from satdesk.release.house_style import Family, HouseStyle, Palette
from satdesk.release.language import Language
from satdesk.release.typography import Face
from satdesk.release.wording import Words

__all__ = ["Setting", "credit_sentence", "setting_of"]

_OURS = Palette()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Type and colours of a sheet; `scale` is the size of its type over that of A4."""

    family: Family | None = None
    scale: float = 1.0
    palette: Palette = _OURS

    def face(self, face: Face) -> Face:
        """`face` in this sheet's type and size."""
        return replace(face, size_pt=face.size_pt * self.scale, family=self.family)


def setting_of(style: HouseStyle, scale: float = 1.0) -> Setting:
    """How `style` sets a sheet whose type is `scale` times as large as that of A4."""
    return Setting(family=style.family, scale=scale, palette=style.palette)


def credit_sentence(style: HouseStyle, credit: str, said: Language) -> str:
    """The credit line as a sentence; the line itself stands in it word for word."""
    if style.credit is None:
        return said.say("credit", credit=Words(credit))
    return style.credit.replace("{credit}", said.show(Words(credit)))
