"""How sharp an instrument's multispectral bands are: transfer at the Nyquist frequency.

The modulation transfer function (MTF) of a band at the Nyquist frequency of its own pixel is one
number, from which a Gaussian model of the whole curve follows (B. Aiazzi, L. Alparone,
S. Baronti, A. Garzelli, M. Selva, Photogramm. Eng. Remote Sens. 72 (2006) 591–596). Where nobody
published it, the value of the field's benchmarks for such instruments is taken and called assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from satdesk.core.missions import mission_key
from satdesk.errors import UsageError

__all__ = ["ASSUMED_GAIN", "ASSUMED_PAN_GAIN", "MTFS", "Mtf", "mtf_of"]

ASSUMED_GAIN = 0.30
"""What the benchmarks of pansharpening take for an instrument whose MTF was not published."""
ASSUMED_PAN_GAIN = 0.15
"""The same for PAN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mtf:
    """Transfer at Nyquist of an instrument's bands.

    Attributes:
        name: Of the instrument.
        gains: ``(our band name, transfer)`` pairs, 0–1; a band that is not there has `other`.
        other: For every other multispectral band.
        pan: Of PAN.
        assumed: True where the numbers were not published for this instrument.
        source: Where they come from.
    """

    name: str
    gains: tuple[tuple[str, float], ...] = ()
    other: float = ASSUMED_GAIN
    pan: float = ASSUMED_PAN_GAIN
    assumed: bool = False
    source: str

    def __post_init__(self) -> None:
        for value in (*dict(self.gains).values(), self.other, self.pan):
            if not 0 < value < 1:
                raise UsageError("an MTF at Nyquist lies between 0 and 1", found=repr(value))

    def gain(self, band: str) -> float:
        """Transfer at Nyquist of the band with our name `band`."""
        return dict(self.gains).get(band, self.other)


_VIVONE = (
    "G. Vivone et al., IEEE Trans. Geosci. Remote Sens. 53 (2015) 2565-2586, and the toolbox of "
    "G. Vivone et al., IEEE Geosci. Remote Sens. Mag. 9 (2021) 53-81"
)
_UNPUBLISHED = (
    "no MTF of the delivered multispectral product was published; 0.30 as the benchmarks take it"
)


def _four(blue: float, green: float, red: float, nir: float) -> tuple[tuple[str, float], ...]:
    return (("B", blue), ("G", green), ("R", red), ("NIR", nir))


def _unpublished(name: str) -> Mtf:
    return Mtf(name=name, assumed=True, source=_UNPUBLISHED)


MTFS: Mapping[str, Mtf] = MappingProxyType(
    {
        "QUICKBIRD": Mtf(
            name="QuickBird", gains=_four(0.34, 0.32, 0.30, 0.22), pan=0.15, source=_VIVONE
        ),
        "IKONOS": Mtf(name="IKONOS", gains=_four(0.26, 0.28, 0.29, 0.28), pan=0.17, source=_VIVONE),
        "GEOEYE": Mtf(
            name="GeoEye-1",
            gains=_four(0.23, 0.23, 0.23, 0.23),
            other=0.23,
            pan=0.16,
            source=_VIVONE,
        ),
        "WORLDVIEW2": Mtf(
            name="WorldView-2",
            gains=_four(0.35, 0.35, 0.35, 0.35),
            other=0.35,
            pan=0.11,
            source=_VIVONE,
        ),
        "WORLDVIEW3": Mtf(
            name="WorldView-3",
            gains=_four(0.355, 0.36, 0.365, 0.335),
            other=0.35,
            pan=0.14,
            source=_VIVONE,
        ),
        "WORLDVIEW4": Mtf(
            name="WorldView-4",
            gains=_four(0.23, 0.23, 0.23, 0.23),
            other=0.23,
            pan=0.16,
            source=_VIVONE,
        ),
        "GAOFEN2": _unpublished("GF-2"),
        "PLEIADESNEO": _unpublished("Pléiades Neo"),
        "PLEIADES": _unpublished("Pléiades"),
        "SPOT6": _unpublished("SPOT 6"),
        "SPOT7": _unpublished("SPOT 7"),
        "SIMULATED": Mtf(
            name="SIM-1",
            other=0.10,
            pan=0.10,
            source=(
                "by construction: a square detector of 8 m (variance 1/12) and a Gaussian of "
                "0.42 native pixels, at the Nyquist frequency of the product's 6 m pixel"
            ),
        ),
    }
)
"""By the beginning of a mission's name in capitals without blanks and hyphens."""


def mtf_of(mission: str | None) -> Mtf:
    """The MTF of the instrument of `mission`; an assumed one where it is not known or not stated.

    Args:
        mission: As `core.scene.Scene.mission`: ``SPOT 7``, ``Pléiades 1B``, ``WorldView-2`` …
    """
    key = mission_key(mission)
    for name in sorted(MTFS, key=len, reverse=True):
        if key.startswith(name):
            return MTFS[name]
    return _unpublished(mission or "not stated")
