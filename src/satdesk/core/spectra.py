"""Where the bands of known instruments lie in the spectrum, for files that do not say.

A delivery with its metadata states the edges of its pass bands (DIMAP, Sentinel-2, Landsat), and
what it states counts. Loose files say a satellite at best. Only satellites whose edges two places
give alike, or their maker, are here: QuickBird, IKONOS and Pléiades Neo are not, because sources
contradict each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from satdesk.core.bands import Band
from satdesk.core.missions import mission_key, plain_letters
from satdesk.errors import UsageError

__all__ = ["SPECTRA", "Spectrum", "spectrum_of"]

Edges = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrum:
    """The pass bands of an instrument.

    Attributes:
        name: Of satellite and instrument.
        edges_nm: ``(our band name, lower and upper edge in nanometres)`` pairs.
        instruments: Beginnings of its name in capitals; a file that names another has other bands.
        source: Where the numbers come from.
    """

    name: str
    edges_nm: tuple[tuple[str, Edges], ...]
    instruments: tuple[str, ...]
    source: str

    def __post_init__(self) -> None:
        for band, (low, high) in self.edges_nm:
            if not 0 < low < high:
                raise UsageError("a band's wavelengths must ascend", subject=band)

    def edges(self, band: Band) -> Edges | None:
        """Of the band with our name; None where it is not known here."""
        return dict(self.edges_nm).get(band.name)


def _bands(pan: Edges, blue: Edges, green: Edges, red: Edges, nir: Edges) -> tuple[
    tuple[str, Edges], ...
]:  # fmt: skip
    return (("PAN", pan), ("B", blue), ("G", green), ("R", red), ("NIR", nir))


_SPOT = Spectrum(
    name="SPOT 6/7 NAOMI",
    edges_nm=_bands((450, 745), (455, 525), (530, 590), (625, 695), (760, 890)),
    instruments=("NAOMI", "SPOT"),
    source=(
        "Airbus (Astrium), SPOT 6 and SPOT 7 product page and SPOT 6 & SPOT 7 Imagery User Guide, "
        "SI/DC/13034-v1.0, July 2013"
    ),
)
_PLEIADES = Spectrum(
    name="Pléiades 1A/1B HiRI",
    edges_nm=_bands((470, 830), (430, 550), (500, 620), (590, 710), (740, 940)),
    instruments=("PHR", "HIRI", "PLEIADES"),
    source=(
        "Airbus's DIMAP metadata of Pléiades 1A (Band_Spectral_Range); the format reference of "
        "CATALYST, after Airbus's documents, has the same"
    ),
)
_WORLDVIEW = _bands((450, 800), (450, 510), (510, 580), (630, 690), (770, 895))
_OLI = Spectrum(
    name="Landsat 8/9 OLI",
    edges_nm=_bands((500, 680), (450, 510), (530, 590), (640, 670), (850, 880)),
    instruments=("OLI",),
    source="USGS, Landsat band designations",
)
_MSI = Spectrum(
    name="Sentinel-2 MSI",
    # no PAN; edges from middle and width
    edges_nm=(("B", (457.5, 522.5)), ("G", (542.5, 577.5)), ("R", (650, 680)),
              ("NIR", (784.5, 899.5))),
    instruments=("MSI", "S2"),
    source="ESA, Sentinel-2 bands 2, 3, 4 and 8, middles and widths as GDAL's SENTINEL2 driver has",
)  # fmt: skip

SPECTRA: Mapping[str, Spectrum] = MappingProxyType(
    {
        "SPOT6": _SPOT,
        "SPOT7": _SPOT,
        "PLEIADES": _PLEIADES,
        "PLEIADES1A": _PLEIADES,
        "PLEIADES1B": _PLEIADES,
        "WORLDVIEW2": Spectrum(
            name="WorldView-2 WV110",
            edges_nm=_WORLDVIEW,
            instruments=("WV", "WORLDVIEW"),
            source=(
                "DigitalGlobe, WorldView-2 band combinations, and the International Charter's "
                "mission page"
            ),
        ),
        "WORLDVIEW3": Spectrum(
            name="WorldView-3 WV110",
            edges_nm=_WORLDVIEW,
            instruments=("WV", "WORLDVIEW"),
            source=(
                "International Charter's mission page of WorldView-3, and the format reference of "
                "CATALYST after DigitalGlobe's documents"
            ),
        ),
        "GEOEYE1": Spectrum(
            name="GeoEye-1 GIS",
            edges_nm=_bands((450, 800), (450, 510), (510, 580), (655, 690), (780, 920)),
            instruments=("GIS", "GE", "GEOEYE"),
            source="International Charter's mission page of GeoEye-1, after Maxar's documents",
        ),
        "GAOFEN2": Spectrum(
            name="GF-2 PMS-2",
            edges_nm=_bands((450, 900), (450, 520), (520, 590), (630, 690), (770, 890)),
            instruments=("PMS",),
            source="WMO OSCAR, instrument PMS-2",
        ),
        "LANDSAT8": _OLI,
        "LANDSAT9": _OLI,
        "SENTINEL2A": _MSI,
        "SENTINEL2B": _MSI,
    }
)
"""By `mission_key`, whole."""


def spectrum_of(mission: str | None, instrument: str | None) -> Spectrum | None:
    """The pass bands of what a file states as its satellite and instrument.

    Args:
        mission: As `core.scene.Scene.mission`; None = not stated.
        instrument: Likewise; None = not stated, and the satellite is enough.

    Returns:
        None where the satellite is not known here, or the instrument is another one.
    """
    found = SPECTRA.get(mission_key(mission))
    stated = plain_letters(instrument)
    if found is None or (stated and not stated.startswith(found.instruments)):
        return None
    return found
