"""Spectral bands: what a band is called by us, by its provider and by STAC."""

from __future__ import annotations

from dataclasses import dataclass

from satdesk.errors import UsageError

__all__ = ["BLUE", "GREEN", "NIR", "PAN", "RED", "Band"]

_COMMON_NAMES = {"PAN": "pan", "B": "blue", "G": "green", "R": "red", "NIR": "nir"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One spectral band.

    Attributes:
        name: Ours: ``PAN``, ``B``, ``G``, ``R``, ``NIR``, or the provider's where we have none.
        provider_id: The provider's (``B0``, ``B08``, ``P``); None where the file names none.
        wavelength_nm: Lower and upper edge of the pass band in nanometres; None if not stated.
    """

    name: str
    provider_id: str | None = None
    wavelength_nm: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise UsageError("a band needs a name", found=repr(self.name))
        if self.wavelength_nm is not None and not 0 < self.wavelength_nm[0] < self.wavelength_nm[1]:
            raise UsageError(
                "a band's wavelengths must ascend", subject=self.name, found=str(self.wavelength_nm)
            )

    @property
    def common_name(self) -> str | None:
        """STAC's common name (``red`` …); None where STAC has none."""
        return _COMMON_NAMES.get(self.name)


PAN = Band(name="PAN")
BLUE = Band(name="B")
GREEN = Band(name="G")
RED = Band(name="R")
NIR = Band(name="NIR")
