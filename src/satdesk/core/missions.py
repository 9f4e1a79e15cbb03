"""Names of satellites, however they are written."""

from __future__ import annotations

import unicodedata
from types import MappingProxyType

__all__ = ["mission_key", "plain_letters"]

_SHORT = MappingProxyType(
    {
        "GF2": "GAOFEN2", "GE01": "GEOEYE1", "GE1": "GEOEYE1", "IK02": "IKONOS2",
        "PHR": "PLEIADES", "PNEO": "PLEIADESNEO", "QB02": "QUICKBIRD2", "WV02": "WORLDVIEW2",
        "WV03": "WORLDVIEW3", "WV04": "WORLDVIEW4", "AZERSKY": "SPOT7",
    }
)  # fmt: skip
"""Beginnings of names that providers' files use."""


def plain_letters(text: str | None) -> str:
    """`text` in capitals, letters and digits of ASCII alone: ``PLEIADES1B``."""
    plain = unicodedata.normalize("NFKD", text or "").upper()
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum())


def mission_key(mission: str | None) -> str:
    """One spelling of a satellite: ``SPOT7``, ``PLEIADES1B``, ``GAOFEN2``; empty = not stated.

    Args:
        mission: As `core.scene.Scene.mission`: ``SPOT 7``, ``PHR1B``, ``GF-2`` …
    """
    key = plain_letters(mission)
    for short, name in _SHORT.items():
        if key.startswith(short):
            return name + key[len(short) :]
    return key
